"""What chance predicts: the rank among reference corpora, its floor, and what is not weighed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.overlap.result import CorpusFigures
from auditor.overlap.weigh import weigh
from auditor.thresholds import MIN_REFERENCES
from tests.auditor.overlap.corpora import compared, documents, jsonl


def corpus(role: str, matched: int, documents: int = 1000) -> CorpusFigures:
    return CorpusFigures(role, role, 1, documents, documents, 0, 0, 0, 0, matched, None, documents, matched)


def references(*matched: int) -> list[CorpusFigures]:
    return [corpus("reference", m) for m in matched]


@pytest.mark.parametrize(
    ("mine", "theirs", "level", "reason", "p"),
    [
        (40, [0] * 19, "insufficient", "few_references", 1 / 20),
        (40, [0] * 20, "weak", "", 1 / 21),
        (40, [0] * 19 + [40], "insufficient", "not_unusual", 2 / 21),
        (40, [3] * 99, "moderate", "", 1 / 100),
        (40, [3] * 98, "weak", "", 1 / 99),
        (1, [1] * 50, "insufficient", "not_unusual", 1.0),
        (0, [0] * 50, "insufficient", "nothing_found", 1.0),
        (40, [], "insufficient", "few_references", None),
    ],
)
def test_levels(mine, theirs, level, reason, p):
    found = weigh(corpus("left", mine), references(*theirs))
    assert (found.level, found.reason, found.references) == (level, reason, len(theirs))
    assert found.p_rank == (None if p is None else pytest.approx(p))
    if theirs:
        assert found.p_floor == pytest.approx(1 / (len(theirs) + 1))
    if reason == "few_references":
        assert "not weighed" in found.words and str(MIN_REFERENCES) in found.words


def test_shares_are_ranked_not_counts():
    large = replace(corpus("reference", 60), documents=100_000)
    assert weigh(corpus("left", 40), [large] * 20).level == "weak"


def test_nothing_goes_beyond_moderate():
    assert weigh(corpus("left", 1000), references(*[0] * 5000)).level == "moderate"


def test_references_are_counted_like_the_left_corpus(tmp_path):
    log = documents(1, 40)
    public = log[:4]
    left = jsonl(tmp_path / "left.jsonl", [*log[:10], *documents(2, 10)])
    others = tmp_path / "others"
    others.mkdir()
    names = [
        jsonl(others / f"{i}.jsonl", [*(public if i == 0 else []), *documents(100 + i, 12)])
        for i in range(20)
    ]
    found = compared(tmp_path, left, jsonl(tmp_path / "right.jsonl", log), references=tuple(names))
    mine, right, *rest = found.corpora
    assert (mine.matched, right.matched) == (10, 10)
    assert [c.matched for c in rest] == [4] + [0] * 19
    assert [c.documents for c in rest] == [16] + [12] * 19
    assert found.weighed.level == "weak" and found.weighed.p_rank == pytest.approx(1 / 21)
    assert found.matched_in_references == 4
    assert {p.left_id for p in found.pairs} == {f"#{i + 1}" for i in range(10)}
    assert found.n_pairs == 10
    assert any(a.examined and "4 match only" in a.text for a in found.alternatives)
    assert not found.passages[0].in_references
    alone = compared(tmp_path, left, str(tmp_path / "right.jsonl"))
    assert replace(alone.corpora[0], name="") == replace(mine, name="")


def test_copies_of_a_document_in_a_reference_do_not_count_for_the_left_corpus(tmp_path):
    log = documents(1, 6)
    left = jsonl(tmp_path / "left.jsonl", documents(2, 5))
    other = jsonl(tmp_path / "other.jsonl", log)
    found = compared(tmp_path, left, jsonl(tmp_path / "r.jsonl", log), references=(other,))
    assert [c.matched for c in found.corpora] == [0, 0, 6]
    assert found.n_pairs == 0 and found.passages == () and found.weighed.reason == "nothing_found"
    assert all(g.matched == 0 for g in found.groups)
