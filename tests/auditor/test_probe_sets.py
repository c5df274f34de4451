"""The shipped probes, and sets from files: which prompts, which ids, which answers."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.errors import AuditError
from auditor.panel import assemble, normalised, probe_id
from auditor.probe_sets import load_set, load_shipped
from auditor.readers import read

KINDS = ("arithmetic", "choices", "code", "facts", "formats", "languages", "nonsense", "open", "refusals")


def prompts(name):
    return [a.probe.prompt for a in load_set(str(name)).probes]


def test_shipped_probes_are_many_and_different():
    every = load_set("all").probes
    assert len(every) >= 400
    assert len({a.probe.id for a in every}) == len(every)
    assert all(a.probe.id == probe_id(normalised(a.probe.prompt)) for a in every)
    assert len({a.probe.prompt.lower()[:25] for a in every}) > 0.97 * len(every)


def test_every_kind_has_its_share():
    counts = Counter(a.probe.tags[0] for a in load_shipped())
    assert tuple(sorted(counts)) == KINDS
    assert min(counts.values()) >= 40


def test_quick_is_fifty_spread_over_the_kinds():
    quick = load_set("quick").probes
    counts = Counter(a.probe.tags[0] for a in quick)
    assert len(quick) == 50
    assert set(counts) == set(KINDS)
    assert max(counts.values()) - min(counts.values()) <= 2


def test_every_choice_has_a_letter_of_its_own_options():
    for asked in load_set("choices").probes:
        options = re.findall(r"^([A-D])[.)] (.+)$", asked.probe.prompt, re.MULTILINE)
        assert [letter for letter, _ in options] == list("ABCD")
        assert len({text for _, text in options}) == 4
        assert asked.letter in "ABCD"


def right(beginning: str) -> str:
    """Text of the option that the key says is right."""
    (asked,) = [a for a in load_set("choices").probes if a.probe.prompt.startswith(beginning)]
    return re.search(rf"^{asked.letter}[.)] (.+)$", asked.probe.prompt, re.MULTILINE)[1]


@pytest.mark.parametrize(
    ("beginning", "answer"),
    [
        ('How many times does the letter "s"', str("possessiveness".count("s"))),
        ("How many letters has the word", str(len("straightforwardness"))),
        ('What is "lantern" written backwards', "lantern"[::-1]),
        ("Which letter is the eleventh", chr(ord("A") + 10)),
        ('How many times does "e" occur', str("the seventeen elder steeples".count("e"))),
        ("What is the third letter from the end", "encyclopaedia"[-3]),
        ("In the order of a dictionary", min("quiver", "quite", "quiz", "quit")),
        ("If the 1st of March", date(2023, 5, 1).strftime("%A")),
        ("How many days lie between", str((date(2024, 3, 6) - date(2024, 1, 17)).days)),
        ("A clock loses four minutes", "5:36"),
        ("It is a quarter past nine", f"{360 - (9.25 * 30 - 90)}°"),
        ("What is the remainder when 7", str(7**100 % 5)),
        ("What is 17 × 23", str(17 * 23 - 19 * 21).replace("-", "−")),
        ("How many divisors has 360", str(sum(360 % n == 0 for n in range(1, 361)))),
        ("How many whole numbers from 1 to 100", str(sum("7" in str(n) for n in range(1, 101)))),
        ("What is 1011 in binary", f"{0b1011 + 0b110:b}"),
        ("Which is closest to the square root", f"{200**0.5:.1f}"),
        ("What is the last digit of 3", str(3**47 % 10)),
        ("Which of these is 0.15", f"{0.15 * 0.4:.2f}"),
        ("How many zeros stand at the end", str(50 // 5 + 50 // 25)),
    ],
)
def test_keys_that_can_be_computed(beginning, answer):
    assert right(beginning) == answer


def test_kinds_and_finer_tags_are_sets():
    assert len(load_set("lang:fr").probes) >= 5
    assert {a.probe.tags[0] for a in load_set("code").probes} == {"code"}


def test_an_unknown_set_says_what_there_is():
    with pytest.raises(
        AuditError, match=r"neither a file nor a shipped set. Shipped are all, quick, arithmetic"
    ):
        load_set("quik")


def test_files_of_prompts(tmp_path):
    rows = [
        {"id": "q1", "prompt": "One?", "tags": ["a", "b"], "answer": "B"},
        {"id": "q2", "prompt": "  One? "},
        {"id": "q3", "prompt": ""},
        {"id": "q4", "prompt": "Two?"},
    ]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (tmp_path / "p.json").write_text(json.dumps(rows))
    (tmp_path / "p.csv").write_text('id,prompt,tags,answer\nq1,One?,a b,B\nq4,"Two?",,\n')
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "p.parquet")
    for name in ("p.jsonl", "p.json", "p.csv", "p.parquet"):
        found = load_set(str(tmp_path / name))
        first, second = found.probes
        assert (first.probe.prompt, first.own_id, first.letter) == ("One?", "q1", "B")
        assert first.probe.tags == ("a", "b")
        assert (second.probe.prompt, second.own_id, second.letter) == ("Two?", "q4", None)
        assert found.name == "p"
    notes = " ".join(load_set(str(tmp_path / "p.jsonl")).notes)
    assert "1 rows have no prompt" in notes
    assert "1 rows repeat a prompt" in notes


def test_prompts_of_a_panel(tmp_path):
    rows = [
        {"model": m, "prompt": p, "output": f"{m} on {p}", "prompt_id": f"id {p}"}
        for p in ("One?", "Two?")
        for m in "abc"
    ]
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    panel = assemble([read(tmp_path / "answers.jsonl")])
    panel.write(tmp_path / "panel.parquet")
    for name in ("answers.jsonl", "panel.parquet"):
        found = load_set(str(tmp_path / name))
        assert sorted(a.probe.prompt for a in found.probes) == ["One?", "Two?"]
        assert {a.probe.id for a in found.probes} == {p.id for p in panel.probes}
        assert found.content_hash() == panel.probes_hash()
        assert {a.own_id for a in found.probes} == {"id One?", "id Two?"}


def test_prompts_of_the_demo_panel():
    from auditor import shipped

    found = load_set(str(shipped.path("demo/panel.parquet")))
    assert len(found.probes) == 200


def test_a_models_answer_is_no_key(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"model": "m", "prompt": "One?", "answer": "B"}) + "\n")
    assert load_set(str(path)).probes[0].answer is None


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "the file is empty"), ('{"text_of": 1}\n', "no prompts found"), ('{"prompt": ', "not valid JSON")],
)
def test_files_without_prompts(tmp_path, content, message):
    path = tmp_path / "p.jsonl"
    path.write_text(content)
    with pytest.raises(AuditError, match=message):
        load_set(str(path))


def test_a_folder_is_no_set(tmp_path):
    with pytest.raises(AuditError, match="is a folder"):
        load_set(str(tmp_path))
