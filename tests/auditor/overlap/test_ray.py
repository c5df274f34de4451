"""A real local Ray cluster of two workers gives what one process gives, also when one of them is killed."""

from __future__ import annotations

import os
import signal
from dataclasses import asdict
from pathlib import Path

import pytest

from auditor.errors import AuditError
from auditor.overlap import run
from auditor.overlap.columns import Wanted
from auditor.overlap.config import OverlapConfig
from auditor.overlap.index import build
from auditor.overlap.reading import Corpus
from auditor.progress import Silent
from tests.auditor.overlap.corpora import documents, edited, jsonl

pytest.importorskip("ray", reason="Ray is not installed: pip install 'distill-audit[cluster]'")
on_ray = pytest.importorskip("auditor.overlap.on_ray")


@pytest.fixture(scope="module")
def ray():
    """Two workers, in one place: a cluster has them in several, with the same calls."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=200_000_000,
        runtime_env={"env_vars": {"PYTHONPATH": str(Path(__file__).parents[3]), "OMP_NUM_THREADS": "1"}},
    )
    yield ray
    ray.shutdown()


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Corpora of several files, with equal documents in different ones, odd ones, and long records."""
    folder = tmp_path_factory.mktemp("case")
    right, left = documents(1, 80), documents(2, 60)
    left[:30] = [edited(right[i], changes=i // 2, seed=i) for i in range(30)]
    left += [left[0], right[50], *(f"{r} {right[60 + i]} {r}" for i, r in enumerate(documents(3, 6, 1500)))]
    right += [right[0], "", "two words", right[7]]
    for i in range(4):
        jsonl(folder / f"left-{i}.jsonl", [*left[i::4], None])
        jsonl(
            folder / f"right-{i}.jsonl",
            right[i::4],
            teacher=["T" if j % 3 else "U" for j in range(len(right[i::4]))],
        )
    return str(folder / "left-*.jsonl"), str(folder / "right-*.jsonl")


def found(folder, case, engine, **asked):
    spill = folder / "spill"
    spill.mkdir(exist_ok=True)
    config = OverlapConfig(*case, **asked)
    report = asdict(run.compared(config, spill, "2026-01-01T00:00:00+00:00", Silent(), engine))
    del report["run"]
    return report


@pytest.mark.parametrize("asked", [{}, {"containment": 0.8}, {"memory": "1kB"}], ids=str)
@pytest.mark.parametrize("kept", ["left", "right"])
def test_ray_gives_what_one_process_gives(tmp_path, ray, case, kept, asked, monkeypatch):
    monkeypatch.setattr(
        "auditor.overlap.sides.Side.size", property(lambda s: int((s.name == case[0]) != (kept == "left")))
    )
    whole = found(tmp_path, case, run.join, **asked)
    assert found(tmp_path, case, on_ray.join_on_ray, **asked) == whole
    assert whole["n_pairs"] >= 20


def test_a_worker_that_is_killed_half_way_loses_nothing(tmp_path, ray, case, monkeypatch):
    here = tmp_path / "killed"
    piece = on_ray._piece

    def dying(table, corpus, asked, held):
        """The second file of a corpus kills its worker, once, after its first batch was handed on."""
        for made in piece(table, corpus, asked, held):
            yield made
            if table["first"].to_pylist() == [1] and not here.exists():
                here.write_text(str(os.getpid()))
                os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr(on_ray, "_piece", dying)
    whole = found(tmp_path, case, run.join)
    assert found(tmp_path, case, on_ray.join_on_ray) == whole
    assert int(here.read_text()) != os.getpid()


def test_what_a_worker_finds_wrong_is_said_as_always(tmp_path, ray, case):
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(b'{"text": "fine"}\n' * 5000 + b'{"text": "not \xff fine"}\n')
    with pytest.raises(AuditError, match="not UTF-8"):
        found(tmp_path, (str(bad), case[1]), on_ray.join_on_ray)


def test_an_index_on_the_right_is_read_here(tmp_path, ray, case):
    settings = build.settings("words:5", 0.5, False, False, True)
    build.build(Corpus(case[1], "right", Wanted(), False, tmp_path), tmp_path / "index", settings, Silent())
    names = case[0], f"index:{tmp_path / 'index'}"
    assert found(tmp_path, names, on_ray.join_on_ray) == found(tmp_path, names, run.join)
