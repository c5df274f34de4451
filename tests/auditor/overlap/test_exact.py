"""What is reported is what a slow count over Python sets gives: pairs, shares, by teacher, by source."""

from __future__ import annotations

import pytest

from auditor.overlap import join as joining
from tests.auditor.overlap.corpora import compared, documents, edited, jsonl


def shingles(text: str, n: int = 5) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def jaccard(a: str, b: str) -> float:
    x, y = shingles(a), shingles(b)
    return len(x & y) / len(x | y)


@pytest.fixture
def case(tmp_path):
    right = documents(1, 60)
    left = documents(2, 40)
    for i in range(20):
        left[i] = edited(right[i], changes=i // 2, seed=i)
    left += [left[0], left[0], right[50]]
    sources = ["web" if i % 2 else "chat" for i in range(len(left))]
    teachers = ["T" if i < 30 else "U" for i in range(60)]
    right += [right[0]]
    teachers += ["U"]
    paths = (
        jsonl(tmp_path / "left.jsonl", left, id=[f"L{i}" for i in range(len(left))], origin=sources),
        jsonl(tmp_path / "right.jsonl", right, column="response", teacher=teachers),
    )
    return left, right, sources, teachers, paths


def expected(left, right, threshold):
    return {
        (i, j): jaccard(a, b)
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if jaccard(a, b) >= threshold
    }


@pytest.mark.parametrize("threshold", [0.5, 0.8, 1.0])
@pytest.mark.parametrize("kept", ["left", "right"])
def test_counts_are_those_of_python_sets(tmp_path, case, threshold, kept, monkeypatch):
    left, right, sources, teachers, paths = case
    monkeypatch.setattr(
        "auditor.overlap.sides.Side.size", property(lambda s: int((s.name == paths[0]) != (kept == "left")))
    )
    found = compared(tmp_path, *paths, threshold=threshold, source="origin")
    every = expected(left, right, threshold)
    matched = {i for i, _ in every}
    own, other = found.corpora
    assert (own.documents, own.distinct, own.matched) == (len(left), len(set(left)), len(matched))
    assert (other.documents, other.distinct) == (len(right), len(set(right)))
    assert other.matched == len({j for _, j in every})
    assert own.shingles == sum(len(shingles(t)) for t in left)
    covered = {
        i: shingles(left[i]) & set().union(*(shingles(right[j]) for k, j in every if k == i)) for i in matched
    }
    assert own.explained == sum(map(len, covered.values()))
    by_teacher = {g.name: g for g in found.groups if g.kind == "teacher"}
    for name in ("T", "U"):
        mine = {(i, j) for i, j in every if teachers[j] == name}
        assert by_teacher[name].matched == len({i for i, _ in mine})
        assert by_teacher[name].documents == teachers.count(name)
        assert by_teacher[name].explained == sum(
            len(shingles(left[i]) & set().union(*(shingles(right[j]) for k, j in mine if k == i)))
            for i in {i for i, _ in mine}
        )
    for group in (g for g in found.groups if g.kind == "source"):
        assert group.documents == sources.count(group.name)
        assert group.matched == len({i for i in matched if sources[i] == group.name})
    assert found.n_pairs == len({(left[i], right[j]) for i, j in every})
    for pair in found.pairs:
        i, j = int(pair.left_id[1:]), int(pair.right_id[1:]) - 1
        assert pair.jaccard == jaccard(left[i], right[j])
        assert pair.left_copies == left.count(left[i]) and pair.right_copies == right.count(right[j])
        assert pair.right_in_left == len(shingles(left[i]) & shingles(right[j])) / len(shingles(right[j]))


def test_of_equal_documents_of_two_teachers_both_are_named(tmp_path, case):
    *_, paths = case
    found = compared(tmp_path, *paths)
    assert {p.teacher for p in found.pairs if p.right_id == "#1"} == {"T; U"}


def test_a_short_answer_inside_a_long_record_is_found_by_containment(tmp_path):
    answers = documents(3, 20, words=60)
    records = documents(4, 20, words=2000)
    records[:10] = [f"{r} {a} {r}"[:-1] for r, a in zip(records[:10], answers[:10], strict=True)]
    paths = jsonl(tmp_path / "l.jsonl", records), jsonl(tmp_path / "r.jsonl", answers)
    assert compared(tmp_path, *paths).corpora[0].matched == 0
    found = compared(tmp_path, *paths, containment=0.8)
    assert found.corpora[0].matched == found.corpora[0].contained == 10
    assert all(p.right_in_left == 1 and p.jaccard < 0.1 for p in found.pairs)
    assert [0.99 < r.probability < 1 for r in found.recalls if r.kind == "containment" and r.at == 50] == [
        True
    ]


def test_a_phrase_is_not_sought_inside_records(tmp_path):
    records = [f"{r} I am sorry but I cannot help" for r in documents(5, 10, 300)]
    paths = (
        jsonl(tmp_path / "l.jsonl", records),
        jsonl(tmp_path / "r.jsonl", ["I am sorry but I cannot help"]),
    )
    assert compared(tmp_path, *paths, containment=0.5).corpora[0].matched == 0


@pytest.mark.parametrize("shingle", ["characters:8", "bytes:8", "words:1"])
def test_other_shingles(tmp_path, shingle):
    right = documents(6, 10)
    paths = (
        jsonl(tmp_path / "l.jsonl", [edited(right[0], 5), *documents(7, 5)]),
        jsonl(tmp_path / "r.jsonl", right),
    )
    found = compared(tmp_path, *paths, shingle=shingle, threshold=0.7)
    assert found.pairs[0].left_id == "#1" and found.pairs[0].right_id == "#1"


def test_identical_documents_stay_linear_and_are_counted(tmp_path):
    text = documents(8, 1)[0]
    paths = jsonl(tmp_path / "l.jsonl", [text] * 30_000), jsonl(tmp_path / "r.jsonl", [text] * 40_000)
    found = compared(tmp_path, *paths)
    assert found.corpora[0].matched == 30_000 and found.corpora[1].matched == 40_000
    assert (found.n_candidates, found.n_pairs, found.crowded) == (1, 1, 0)
    assert (found.pairs[0].left_copies, found.pairs[0].right_copies) == (30_000, 40_000)


@pytest.mark.parametrize("kept", ["left", "right"])
def test_templates_are_capped_and_told(tmp_path, kept, monkeypatch):
    body = documents(9, 1)[0]
    n = 3 * joining.CAP
    paths = (
        jsonl(tmp_path / "l.jsonl", [f"{body} left {i}" for i in range(50)]),
        jsonl(tmp_path / "r.jsonl", [f"{body} right {i}" for i in range(n)]),
    )
    monkeypatch.setattr(
        "auditor.overlap.sides.Side.size", property(lambda s: int((s.name == paths[0]) != (kept == "left")))
    )
    found = compared(tmp_path, *paths)
    assert found.corpora[0].matched == 50 and found.crowded == 50
    assert found.n_pairs < 50 * n
    assert any("share a key with more documents" in note for note in found.notes)
