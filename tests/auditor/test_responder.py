"""`audit collect` with a responder that is no endpoint: one that answers in batches, as local weights do."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from auditor import collect
from auditor.collect import CollectConfig
from auditor.errors import IncompleteError
from auditor.progress import Silent
from auditor.sources.replies import Choice
from auditor.sources.responder import Abilities, Answer, Decoding
from auditor.sources.unanswered import UnansweredError

BATCH = 4


@dataclass(frozen=True)
class Folder:
    """A target in which nothing has to be tried out."""

    name: str = "tiny"
    at: str = "hf:0123abcd"
    trials: int = 0


@dataclass
class InBatches:
    """Answers four at a time; `fails` : batches after which it breaks."""

    fails: int = 99
    asked: list[list[str]] = field(default_factory=list)
    seeds: list[int | None] = field(default_factory=list)

    def abilities(self, decoding):
        return Abilities(None, True, False, {"logprobs": "not made here"}, True)

    def answer(self, questions, decoding, keep):
        longest_first = sorted(questions, key=lambda q: -len(q.prompt))
        for start in range(0, len(questions), BATCH):
            if len(self.asked) == self.fails:
                raise UnansweredError("The memory is full.", stops=True)
            batch = longest_first[start : start + BATCH]
            self.asked.append([q.prompt for q in batch])
            self.seeds += [q.seed for q in batch]
            keep([(q, Answer(Choice(q.prompt.upper(), "stop"), tokens={"completion": 3})) for q in batch])
        return Counter()

    def about(self):
        return {"revision": "0123abcd", "dtype": "float32", "model": "may not stand in for the name"}


@pytest.fixture
def asking(tmp_path, monkeypatch):
    """Collects with a responder; gives the answers that the file then holds."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.jsonl").write_text("".join(json.dumps({"prompt": "x" * n}) + "\n" for n in range(1, 11)))

    def run(responder, **options):
        @contextmanager
        def opened(target, manners, warn):
            yield responder

        monkeypatch.setattr(collect, "target_of", lambda text: Folder())
        monkeypatch.setattr("auditor.due.target_of", lambda text: Folder())
        monkeypatch.setattr(collect, "responder_for", opened)
        config = CollectConfig("hf:tiny", "p.jsonl", "a.jsonl", **options)
        said = str(collect.plan(config))
        collect.run(config, Silent())
        return said, [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]

    return run


def test_answers_in_batches(asking):
    responder = InBatches()
    said, rows = asking(responder)
    assert [len(batch) for batch in responder.asked] == [4, 4, 2]
    assert "To ask    10 requests\n" in said
    assert {(r["model"], r["at"], r["revision"], r["dtype"]) for r in rows} == {
        ("tiny", "hf:0123abcd", "0123abcd", "float32")
    }
    assert all(r["output"] == r["prompt"].upper() for r in rows)
    assert next(iter(rows[0])) == "collected"


def test_seeds_follow_the_samples(asking):
    responder = InBatches()
    asking(responder, samples=2, decoding=Decoding(temperature=1.0, seed=7))
    assert Counter(responder.seeds) == {7: 10, 8: 10}


def test_a_batch_is_kept_before_the_next_one_fails(asking, tmp_path):
    with pytest.raises(IncompleteError, match=r"The memory is full\. 8 answers are kept in a\.jsonl"):
        asking(InBatches(fails=2))
    again = InBatches()
    _, rows = asking(again)
    assert [len(batch) for batch in again.asked] == [2]
    assert len(rows) == 10


def test_what_it_cannot_do_is_not_asked_for(asking):
    responder = InBatches()
    with pytest.raises(IncompleteError, match="no usable log probabilities: not made here"):
        asking(responder, decoding=Decoding(logprobs=3))
    assert not responder.asked
