"""Keys that do not fit in memory are joined on disk, with the very same result."""

from __future__ import annotations

import resource
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from auditor.errors import AuditError, IncompleteError
from auditor.overlap import join as joining
from auditor.overlap import memory, run
from auditor.overlap.beyond import DiskKeys
from auditor.overlap.columns import Wanted
from auditor.overlap.config import OverlapConfig
from auditor.overlap.index import build
from auditor.overlap.memory import budget, bytes_of
from auditor.overlap.reading import Corpus
from auditor.progress import Silent
from tests.auditor.overlap.corpora import compared, documents, edited, jsonl


@pytest.fixture
def case(tmp_path):
    """Near copies, equal and odd documents, long records, and templates beyond the cap."""
    right, left, template = documents(1, 80), documents(2, 60), documents(4, 1)[0]
    left[:30] = [edited(right[i], changes=i // 2, seed=i) for i in range(30)]
    left += [left[0], right[50], *(f"{r} {right[60 + i]} {r}" for i, r in enumerate(documents(3, 6, 1500)))]
    right += [right[0], "", "two words", right[7], "the same few words here"]
    left += [f"{template} left {i}" for i in range(10)] + ["the same few words here", None]
    right += [f"{template} right {i}" for i in range(2 * joining.CAP)]
    teachers = ["T" if i % 3 else "U" for i in range(len(right))]
    reference = jsonl(tmp_path / "reference.jsonl", [*documents(5, 20), right[3], edited(right[9], 2)])
    return (
        jsonl(tmp_path / "left.jsonl", left),
        jsonl(tmp_path / "right.jsonl", right, teacher=teachers),
        reference,
    )


def told(folder, left, right, **asked):
    report = asdict(compared(folder, left, right, **asked))
    del report["run"]
    return report


@pytest.mark.parametrize("asked", [{}, {"containment": 0.8}, {"threshold": 0.9}], ids=str)
@pytest.mark.parametrize("kept", ["left", "right"])
def test_the_result_hangs_on_no_memory(tmp_path, case, kept, asked, monkeypatch):
    left, right, reference = case
    monkeypatch.setattr(
        "auditor.overlap.sides.Side.size", property(lambda s: int((s.name == right) != (kept == "right")))
    )
    added = []
    monkeypatch.setattr(
        DiskKeys, "add", lambda *given, add=DiskKeys.add: (added.append(given[1]), add(*given))[1]
    )
    asked = {"references": (reference,), **asked}
    whole = told(tmp_path, left, right, **asked)
    assert not added and whole["crowded"] and whole["n_pairs"] > 20
    for size in ("1kB", "30kB"):
        added.clear()
        assert told(tmp_path, left, right, memory=size, **asked) == whole
        assert set(added) == {"left", "right"}
        assert not list((tmp_path / "spill").glob("keys*"))


def test_an_index_beyond_memory(tmp_path, case):
    left, right, _ = case
    corpus = Corpus(right, "right", Wanted(), False, tmp_path)
    build.build(corpus, tmp_path / "i", build.settings("words:5", 0.5, True, False, True), Silent())
    whole = told(tmp_path, left, f"index:{tmp_path / 'i'}", containment=0.8)
    assert told(tmp_path, left, f"index:{tmp_path / 'i'}", containment=0.8, memory="1kB") == whole


def test_nothing_in_common(tmp_path):
    paths = jsonl(tmp_path / "l.jsonl", documents(1, 5)), jsonl(tmp_path / "r.jsonl", documents(2, 5))
    assert told(tmp_path, *paths, memory="1B")["n_candidates"] == 0


def test_sizes_of_memory():
    assert [bytes_of(s) for s in ("1B", "2 kB", "1.5MiB", "4GB", "1TiB")] == [
        *(1, 2000, 3 << 19, 4 * 10**9, 1 << 40)
    ]
    assert bytes_of("much") is bytes_of("4") is bytes_of("-1GB") is None
    assert 1 << 28 < budget(None) < 1 << 50 and budget("7MB") == 7_000_000
    with pytest.raises(AuditError, match="500MB, 4GiB"):
        OverlapConfig("l", "r", memory="lots")


@pytest.mark.parametrize("size", ["1kB", "4GiB"], ids=["keys", "texts"])
def test_no_space_for_spill_ends_the_command_with_a_message(tmp_path, size):
    """No file may grow beyond 3 MB, which is what a full disk comes to."""
    texts = documents(1, 15_000, 60)
    jsonl(tmp_path / "left.jsonl", texts)
    jsonl(tmp_path / "right.jsonl", texts)
    (tmp_path / "spill").mkdir()

    def full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))

    command = [sys.executable, "-c", "from auditor.cli import main; main(prog_name='audit')", "overlap"]
    command += ["left.jsonl", "right.jsonl", "--memory", size, "--spill", "spill", "-q"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": ""}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, preexec_fn=full, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "No space for spill" in done.stderr and "--spill" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "spill").iterdir()) and not (tmp_path / "audit.duckdb").exists()


@pytest.mark.parametrize("kind", ["jsonl", "txt"])
def test_a_document_that_does_not_fit_in_memory_is_said(tmp_path, kind, monkeypatch):
    """The same steps as for 1 GB, with a machine that has 40 MB and documents that count as long at 16 MB."""
    monkeypatch.setattr(memory, "LONG", 1 << 24)
    monkeypatch.setattr(memory, "available", lambda: 40_000_000)
    text = " ".join(f"w{i}" for i in range(3_000_000))
    left, right = tmp_path / f"left.{kind}", jsonl(tmp_path / "right.jsonl", documents(1, 3))
    if kind == "txt":
        left.write_text(text, encoding="utf-8")
    else:
        jsonl(left, [text, "short enough to be read"])
    with pytest.raises(IncompleteError, match=r"left.*single document of .* MB.*GB are free. Split"):
        compared(tmp_path, str(left), right)
    monkeypatch.setattr(memory, "available", lambda: None)
    assert compared(tmp_path, str(left), right).corpora[0].matched == 0


def test_free_memory_is_known_and_running_out_of_it_is_said(tmp_path, monkeypatch):
    free = memory.available()
    assert free is None or 0 < free < 1 << 50
    memory.check("x", memory.LONG - 1, 1 << 40)

    def full(*_):
        raise MemoryError

    monkeypatch.setattr(run, "compared", full)
    with pytest.raises(IncompleteError, match="small --memory"):
        run.run(OverlapConfig("l", "r", evidence=str(tmp_path / "e.duckdb")), Silent())
