"""Embeddings kept in the evidence file: what is embedded again, what is not, and what a kill leaves."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from auditor import case as cases
from auditor import compare, embed, kept, measure, store
from auditor.config import CompareConfig
from auditor.errors import AuditError, IncompleteError
from detectors.semantics import Semantics
from detectors.types import Float32
from detectors.wording import Wording
from tests.panels import generated, view, written_panel

PANEL, PROMPTS = generated(12, n_decoys=6, n_probes=24)
TEXTS = {answer for answers in PANEL.values() for answer in answers}


@dataclass(frozen=True)
class Letters:
    """How often each letter occurs, `scale` times, and a list of all texts that were embedded."""

    seen: list[str]
    identity: str = "letters 1"
    model: str = "letters"
    scale: float = 1.0
    stop_after: int = 10**9

    def __call__(self, texts: Sequence[str]) -> Float32:
        if len(self.seen) >= self.stop_after:
            raise KeyboardInterrupt
        self.seen.extend(texts)
        counts = [[text.count(c) for c in "abcdefghijklmnopqrstuvwxyz "] for text in texts]
        return embed.rounded(np.array(counts, np.float32) * np.float32(self.scale))


@dataclass(frozen=True)
class Nameless:
    """A model that does not say what its vectors depend on."""

    model: str = "nameless"

    def __call__(self, texts: Sequence[str]) -> Float32:
        return Letters([])(texts)


@pytest.fixture
def config(tmp_path: Path) -> CompareConfig:
    return replace(written_panel(tmp_path, PANEL, PROMPTS), detectors=("semantics",), bootstrap=0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kept.duckdb"
    store.commit_probes(path, "run", "ff", 1, "now")
    return path


def asked(config: CompareConfig, model: object, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The bits of the values of `semantics`, stored by a run that uses `model`."""
    monkeypatch.setattr(embed, "embedding", lambda folder="": model)
    report = compare.run(config, cases.Silent())
    assert store.check_run(Path(config.evidence), report.run.id) == ()
    (found,) = store.read_measurements(Path(config.evidence), report.run.id)
    assert (found.detector, found.params["model"]) == ("semantics", model.model)
    return found.values.tobytes()


def count(path: str | Path, embedder: str = "%") -> int:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute("SELECT count(*) FROM embeddings WHERE embedder LIKE ?", [embedder]).fetchall()[0][
            0
        ]


def prepared(model: object, path: Path | None, folder: Path, panel: object = PANEL) -> Semantics:
    found = kept.with_kept(Semantics(model), [view(panel, PROMPTS)], path, folder)
    assert isinstance(found, Semantics)
    return found


def test_a_second_run_embeds_nothing_and_measures_the_same_bits(config, monkeypatch, tmp_path) -> None:
    model = Letters([])
    first = asked(config, model, monkeypatch)
    assert sorted(model.seen) == sorted(TEXTS)  # each text once, however many models gave it
    assert asked(config, model, monkeypatch) == first
    assert len(model.seen) == len(TEXTS) == count(config.evidence)
    other = replace(config, evidence=str(tmp_path / "other.duckdb"))
    assert asked(other, model, monkeypatch) == first
    assert len(model.seen) == 2 * len(TEXTS)


def test_only_new_texts_are_embedded(file, tmp_path) -> None:
    model = Letters([])
    prepared(model, file, tmp_path)
    model.seen.clear()
    changed = {name: list(answers) for name, answers in PANEL.items()}
    changed["S"][0], changed["S"][1] = "quite another answer", None
    detector = prepared(model, file, tmp_path, changed)
    assert sorted(model.seen) == ["", "quite another answer"]
    plain = Semantics(model).measure(view(changed, PROMPTS), (0, 1))[0].values
    np.testing.assert_array_equal(detector.measure(view(changed, PROMPTS), (0, 1))[0].values, plain)


def test_texts_are_kept_as_they_are_cut(file, tmp_path) -> None:
    model = Letters([])
    long = {name: [answer * 40 for answer in answers] for name, answers in PANEL.items()}
    short, panel = Semantics(model, characters=30), [view(long, PROMPTS)]
    kept.with_kept(short, panel, file, tmp_path)
    assert max(map(len, model.seen)) == 30 and count(file) == len(set(model.seen))
    model.seen.clear()
    kept.with_kept(replace(short, characters=60), panel, file, tmp_path)
    assert {len(text) for text in model.seen} == {60}


def test_another_model_gets_no_vector_of_this_one(config, monkeypatch) -> None:
    first = asked(config, Letters([]), monkeypatch)
    other = Letters([], identity="letters 2", scale=-1)
    other_bits = asked(config, other, monkeypatch)
    assert sorted(other.seen) == sorted(TEXTS)
    assert count(config.evidence, "letters 1") == count(config.evidence, "letters 2") == len(TEXTS)
    again = Letters([])
    assert asked(config, again, monkeypatch) == first and again.seen == []
    again = replace(other, seen=[])
    assert asked(config, again, monkeypatch) == other_bits and again.seen == []


def test_a_model_without_identity_is_not_kept(config, monkeypatch) -> None:
    assert asked(config, Nameless(), monkeypatch) == asked(config, Letters([]), monkeypatch)
    assert count(config.evidence) == count(config.evidence, "letters 1")


def test_without_an_evidence_file_nothing_is_kept(tmp_path) -> None:
    detector = Semantics(Letters([]))
    assert kept.with_kept(detector, [view(PANEL, PROMPTS)], None, tmp_path) is detector
    assert list(tmp_path.iterdir()) == []


def test_other_detectors_are_left_alone(file, tmp_path) -> None:
    assert kept.with_kept(Wording(), [view(PANEL, PROMPTS)], file, tmp_path) == Wording()


def test_workers_get_vectors_and_no_model(config, monkeypatch) -> None:
    """With several processes the fake model is called here: a call in a worker would not be seen."""
    alone = asked(config, Letters([]), monkeypatch)
    case = cases.prepare(config, cases.Silent())
    monkeypatch.setattr(measure, "PARALLEL_FROM", 0)
    model = Letters([])
    path = Path(config.evidence).with_name("workers.duckdb")
    store.commit_probes(path, "run", "ff", 1, "now")
    done: list[str] = []
    found = measure.measure(case.panel, case.models, [Semantics(model), Wording()], done.append, path)
    assert sorted(model.seen) == sorted(TEXTS) and done == ["semantics", "wording"]
    assert found[0].values.tobytes() == alone


def test_an_error_while_others_are_measured(config, monkeypatch, capfd) -> None:
    case = cases.prepare(config, cases.Silent())
    monkeypatch.setattr(measure, "PARALLEL_FROM", 0)
    stopped = [Semantics(Letters([], stop_after=0)), Wording()]
    path = Path(config.evidence)
    store.commit_probes(path, "run", "ff", 1, "now")
    with pytest.raises(KeyboardInterrupt):
        measure.measure(case.panel, case.models, stopped, lambda _: None, path)
    with duckdb.connect(str(path)), pytest.raises(IncompleteError, match="is in use by"):
        measure.measure(case.panel, case.models, stopped, lambda _: None, path)
    assert capfd.readouterr() == ("", "")


def test_what_a_worker_gets_is_small(file, tmp_path) -> None:
    assert len(pickle.dumps(prepared(Letters([]), file, tmp_path))) < 1000


def test_an_interrupted_run_keeps_what_it_stored(file, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(kept, "BATCH", 50)
    monkeypatch.setattr(kept, "KEEP_EVERY", 0.0)
    stopped = Letters([], stop_after=150)
    with pytest.raises(KeyboardInterrupt):
        prepared(stopped, file, tmp_path)
    assert count(file) == 150
    rest = Letters([])
    detector = prepared(rest, file, tmp_path)
    assert sorted([*stopped.seen, *rest.seen]) == sorted(TEXTS)
    plain = Semantics(rest).measure(view(PANEL, PROMPTS), (0, 1))[0].values
    np.testing.assert_array_equal(detector.measure(view(PANEL, PROMPTS), (0, 1))[0].values, plain)


def test_vectors_are_stored_in_few_transactions(file, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(kept, "BATCH", 50)
    sizes: list[int] = []
    keep = store.keep_embeddings
    monkeypatch.setattr(store, "keep_embeddings", lambda *a: (sizes.append(len(a[2])), keep(*a)))
    prepared(Letters([]), file, tmp_path)
    assert sizes == [len(TEXTS)]


def test_a_file_that_cannot_be_used_says_so_before_anything_is_embedded(file, tmp_path) -> None:
    model = Letters([])
    with duckdb.connect(str(file)), pytest.raises(IncompleteError, match="is in use by"):
        prepared(model, file, tmp_path)
    content = bytearray(file.read_bytes())
    for place in range(12288, len(content), 4096):
        content[place] ^= 255
    file.write_bytes(content)
    with pytest.raises(AuditError, match="is damaged"):
        prepared(model, file, tmp_path)
    assert model.seen == [] and file.read_bytes() == content


def test_the_packaged_model_measures_the_same_with_a_file_and_without(file, tmp_path) -> None:
    model = embed.embedding()
    if model is None:
        pytest.skip("the extra is not installed")
    panel = view(PANEL, PROMPTS)
    plain = Semantics(model).measure(panel, (0, 1))[0]
    found = prepared(model, file, tmp_path).measure(panel, (0, 1))[0]
    assert found.values.tobytes() == plain.values.tobytes() and found.params == plain.params
    assert count(file, f"{model.model} sha256:%") == len(TEXTS)
