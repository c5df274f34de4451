from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import AuditError
from auditor.panel import Panel, assemble, normalised, probe_id
from auditor.panel.panel import RESPONSES
from auditor.readers import ReadOptions, read
from auditor.recorded import COLUMNS, Recorded
from detectors.types import Probe


def recorded(*rows, file="a.jsonl", notes=()):
    """Rows are (model, prompt_id, prompt, sample, output)."""
    arrays = [pa.array(list(c), f.type) for c, f in zip(zip(*rows, strict=True), COLUMNS, strict=True)]
    return Recorded(pa.Table.from_arrays(arrays, schema=COLUMNS), "jsonl", notes, {file: "0" * 64})


def by_text(*triples, file="a.jsonl"):
    return recorded(*((m, None, p, None, o) for m, p, o in triples), file=file)


def answers(panel, **options):
    view = panel.view(**options)
    return {s: view.answers_of(i) for i, s in enumerate(view.subjects)}


def test_prompts_meet_by_normalised_text():
    one = by_text(("a", "Caf\u00e9  open?\n", "x"), ("a", "Second?", "y"))
    two = by_text(("b", "Cafe\u0301 open?", "z"), ("b", "second?", "w"), file="b.jsonl")
    panel = assemble([one, two])
    assert panel.subjects == ("a", "b")
    assert [p.prompt for p in panel.probes] == ["Caf\u00e9  open?\n", "Second?", "second?"]
    assert panel.probes[0].id == probe_id("Caf\u00e9 open?") and len(panel.probes[0].id) == 16
    assert answers(panel) == {"a": ["x", "y", None], "b": ["z", None, "w"]}
    assert "2 of 3 prompts were not answered by every model (2 of 6 answers are missing)." in panel.notes
    assert panel.files == {"a.jsonl": "0" * 64, "b.jsonl": "0" * 64}


def test_ids_are_used_where_the_text_is_missing():
    one = recorded(("a", "p1", "Ask?", None, "x"), ("a", "p2", None, None, "y"))
    two = recorded(("b", "p1", None, None, "z"), ("b", "p2", None, None, "w"), file="b.jsonl")
    panel = assemble([one, two])
    assert [(p.id, p.prompt, p.source) for p in panel.probes] == [
        (probe_id("Ask?"), "Ask?", "a:p1"),
        (probe_id("p2"), "", "a:p2"),
    ]
    assert answers(panel) == {"a": ["x", "y"], "b": ["z", "w"]}
    assert "2 prompts of b.jsonl have no text and were matched by their id." in panel.notes


def test_match_by_id_or_text_only():
    one = recorded(("a", "1", "<user>Ask?", None, "x"))
    two = recorded(("b", "1", "[INST] Ask?", None, "y"), file="b.jsonl")
    assert answers(assemble([one, two], match="id")) == {"a": ["x"], "b": ["y"]}
    with pytest.raises(AuditError, match="no prompt in common"):
        assemble([one, two])
    with pytest.raises(AuditError, match=r"a.jsonl: a response has no prompt text.*--match"):
        assemble([recorded(("a", "1", None, None, "x"))], match="text")
    with pytest.raises(AuditError, match="a response has no prompt id"):
        assemble([by_text(("a", "Ask?", "x"))], match="id")
    with pytest.raises(AuditError, match="no prompt text or id"):
        assemble([by_text(("a", " ", "x"))])
    with pytest.raises(AuditError, match="Allowed are auto, text, id"):
        assemble([one], match="guess")
    with pytest.raises(AuditError, match="at least one file"):
        assemble([])


def test_repeated_prompts_become_samples():
    panel = assemble([by_text(("a", "A?", "x"), ("a", "B?", "y"), ("a", "A? ", "z"), ("b", "A?", "x"))])
    assert panel.n_samples == 2
    assert answers(panel) == {"a": ["x", "y"], "b": ["x", None]}
    assert answers(panel, sample=1) == {"a": ["z", None], "b": [None, None]}
    assert "1 answers repeat a prompt the same model had already answered" in panel.notes[0]


def test_a_model_in_two_files():
    one = by_text(("a", "A?", "x"), ("a", "B?", "y"))
    same = by_text(("a", "A?", "x"), ("a", "C?", "z"), file="b.jsonl")
    panel = assemble([one, same])
    assert answers(panel) == {"a": ["x", "y", "z"]}
    assert "1 answers were given twice" in " ".join(panel.notes)
    other = by_text(("a", "A?", "different"), file="c.jsonl")
    with pytest.raises(
        AuditError, match=r"model 'a', prompt 'A\?', sample 0.*a\.jsonl has 'x'.*c\.jsonl has 'diff"
    ):
        assemble([one, other])


def test_an_answer_wins_over_an_empty_one():
    panel = assemble([by_text(("a", "A?", " ")), by_text(("a", "A?", "x"), file="b.jsonl")])
    assert answers(panel) == {"a": ["x"]}


def test_numbered_samples_that_contradict():
    with pytest.raises(AuditError, match="sample 1"):
        assemble([recorded(("a", None, "A?", 1, "x"), ("a", None, "A?", 1, "y"))])


def test_empty_answers_are_null_and_counted_by_model():
    rows = [("a", "A?", ""), ("a", "B?", " \n\u3000"), ("b", "A?", None), ("b", "B?", "x\0")]
    panel = assemble([by_text(*rows)])
    assert answers(panel) == {"a": [None, None], "b": [None, "x\0"]}
    assert "3 empty answers count as not given: a 2, b 1." in panel.notes
    assert panel.coverage() == {"a": 0.0, "b": 0.5}


def test_a_stranger_is_named_with_an_example():
    one, two = by_text(("a", "A?", "x"), ("a", "B?", "y")), by_text(("b", "Other?", "z"), file="b.jsonl")
    with pytest.raises(
        AuditError,
        match=r"a\.jsonl has no prompt in common with b\.jsonl: it has 2 prompts.*'A\?'.*1, e\.g\. 'Other\?'",
    ):
        assemble([one, two])


def small():
    rows = [("a", "A?", "x"), ("b", "A?", "y"), ("c", "A?", "z"), ("a", "B?", "x2"), ("c", "B?", "z2")]
    return assemble([by_text(*rows)])


def test_view_of_some_subjects_in_another_order():
    view = small().view(subjects=["c", "a"], groups={"c": "family"})
    assert view.subjects == ("c", "a") and view.groups == ("family", "a")
    assert [view.answers(i) for i in range(2)] == [["z", "x"], ["z2", "x2"]]
    assert view.texts.type == pa.large_string()
    with pytest.raises(AuditError, match=r"No model 'd' in the panel, which has 3 models"):
        small().view(subjects=["d"])


def test_responses_are_sorted_and_in_one_chunk():
    table = small().responses
    assert table.schema == RESPONSES and table["text"].num_chunks == 1
    keys = list(zip(*(table[c].to_pylist() for c in ("probe", "subject", "sample")), strict=True))
    assert keys == sorted(keys)


def test_a_full_panel_is_viewed_without_a_copy():
    panel = assemble([by_text(("a", "A?", "x"), ("b", "A?", "y"))])
    assert panel.view().texts.buffers()[2].address == panel.responses["text"].chunk(0).buffers()[2].address


def test_select():
    panel = small()
    second = panel.probes[1].id
    chosen = panel.select(subjects=["c", "b"], probes=[second])
    assert chosen.subjects == ("c", "b") and [p.id for p in chosen.probes] == [second]
    assert answers(chosen) == {"c": ["z2"], "b": [None]}
    assert answers(panel.select(probes=[second, panel.probes[0].id]))["a"] == ["x2", "x"]
    with pytest.raises(AuditError, match="No probe 'nope' in the panel, which has 2"):
        panel.select(probes=["nope"])


def test_hashes_do_not_depend_on_order_but_on_every_answer():
    rows = [("a", "A?", "x"), ("b", "A?", "y"), ("b", "B?", "z")]
    panel, turned = assemble([by_text(*rows)]), assemble([by_text(*rows[::-1])])
    assert panel.probes != turned.probes
    assert panel.content_hash() == turned.content_hash()
    assert panel.probes_hash() == turned.probes_hash()
    changed = assemble([by_text(*rows[:2], ("b", "B?", "Z"))])
    assert panel.content_hash() != changed.content_hash()
    assert (
        panel.probes_hash()
        == changed.probes_hash()
        != small().select(subjects=["a"], probes=[]).probes_hash()
    )
    swapped = assemble([by_text(("b", "A?", "x"), ("a", "A?", "y"), ("a", "B?", "z"))])
    assert panel.content_hash() != swapped.content_hash()


def test_shuffled_files_give_the_same_hash():
    rng = np.random.default_rng(7)
    rows = [
        (f"m{m}", None, f"Ask {p}?", s, f"{m} {p} {s}") for m in range(5) for p in range(7) for s in range(2)
    ]
    hashes = {
        assemble([recorded(*(rows[i] for i in rng.permutation(len(rows))))]).content_hash() for _ in range(3)
    }
    assert len(hashes) == 1


def test_a_written_panel_is_read_as_recorded_outputs_too(tmp_path):
    panel = small()
    panel.write(tmp_path / "p.parquet")
    again = assemble([read(tmp_path / "p.parquet")])
    assert again.content_hash() == panel.content_hash()
    assert [p.id for p in again.probes] == [p.id for p in panel.probes]
    assert not list(tmp_path.glob("*.partial"))


def test_not_a_panel(tmp_path):
    pa.parquet.write_table(pa.table({"a": [1]}), tmp_path / "x.parquet")
    with pytest.raises(AuditError, match="not a panel that this version wrote"):
        Panel.read(tmp_path / "x.parquet")
    with pytest.raises(AuditError, match="not readable as Parquet"):
        Panel.read(tmp_path / "nowhere.parquet")
    with pytest.raises(AuditError, match="cannot be written"):
        small().write(tmp_path / "nowhere" / "x.parquet")


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def panels(draw):
    subjects = tuple(draw(st.lists(text, max_size=4, unique=True)))
    prompts = draw(st.lists(text, max_size=4, unique_by=normalised))
    probes = tuple(
        Probe(probe_id(normalised(p)), p, tuple(draw(st.lists(text, max_size=2))), draw(text))
        for p in prompts
    )
    keys = [(p, s, n) for p in range(len(probes)) for s in range(len(subjects)) for n in range(2)]
    kept = [(s, p, n, draw(st.none() | text)) for p, s, n in keys if draw(st.booleans())]
    columns = [pa.array([row[i] for row in kept], f.type) for i, f in enumerate(RESPONSES)]
    table = pa.Table.from_arrays(columns, schema=RESPONSES)
    return Panel(subjects, probes, table, tuple(draw(st.lists(text, max_size=2))), {draw(text): draw(text)})


@settings(max_examples=60, deadline=None)
@given(panel=panels())
def test_write_and_read_give_the_same_panel(tmp_path_factory, panel):
    path = tmp_path_factory.mktemp("panel") / "p.parquet"
    panel.write(path)
    again = Panel.read(path)
    assert again == panel
    assert again.content_hash() == panel.content_hash()
    assert len(again.view().texts) == len(panel.subjects) * len(panel.probes)


def test_the_real_panel(test_data):
    path = test_data / "outputs/alpaca_eval.parquet"
    if not path.is_file():
        pytest.skip(f"AUDIT_TEST_DATA has no {path.name}")
    start = time.perf_counter()
    panel = assemble([read(path, ReadOptions())])
    taken = time.perf_counter() - start
    assert len(panel.subjects) == 174 and len(panel.probes) == 805
    assert panel.probes[0].source.startswith("alpaca_eval:") and panel.probes[0].prompt
    assert min(panel.coverage().values()) > 0.9
    assert taken < 30  # seconds; about 3 on two cores
