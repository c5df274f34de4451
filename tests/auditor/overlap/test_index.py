"""An index gives what its corpus gives; a sketch gives estimates and says so; what misfits is refused."""

from __future__ import annotations

import json
import math
import re
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from auditor.errors import AuditError, IncompleteError
from auditor.overlap.columns import Wanted
from auditor.overlap.index import build, manifest
from auditor.overlap.reading import Corpus
from auditor.progress import Silent
from auditor.reports.overlap import render
from tests.auditor.overlap.corpora import compared, documents, edited, jsonl


def corpus(folder: Path, name: str, **columns: str) -> Corpus:
    return Corpus(name, "right", Wanted(**columns), False, folder)


def built(
    tmp_path,
    name,
    folder="index",
    shingle="words:5",
    threshold=0.5,
    containment=False,
    sketch=False,
    ids=True,
):
    settings = build.settings(shingle, threshold, containment, sketch, ids)
    build.build(corpus(tmp_path, name), tmp_path / folder, settings, Silent())
    return f"index:{tmp_path / folder}"


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Left and right corpora: edited copies, equal documents on both sides and over files, odd documents."""
    folder = tmp_path_factory.mktemp("case")
    right, left = documents(1, 60), documents(2, 40)
    for i in range(20):
        left[i] = edited(right[i], changes=i // 2, seed=i)
    records = [f"{r} {right[30 + i]} {r}" for i, r in enumerate(documents(3, 5, 1500))]
    left += [left[0], right[50], *records]
    right += [right[0], "", "two words"]
    teachers = ["T" if i % 3 else "U" for i in range(len(right))]
    ids = [f"R{i}" for i in range(len(right))]
    halves = [
        jsonl(
            folder / f"right-{h}.jsonl",
            [*right[h::2], None],
            teacher=[*teachers[h::2], "T"],
            id=[*ids[h::2], "none"],
        )
        for h in (0, 1)
    ]
    return jsonl(folder / "left.jsonl", left), halves, str(folder / "right-*.jsonl")


def result(report):
    """All but what names the run and the corpus."""
    found = asdict(report)
    for name in ("run", "headline", "notes"):
        del found[name]
    right = found["corpora"][1]
    del right["name"], right["files"]
    return found


@pytest.mark.parametrize(
    "asked", [{}, {"threshold": 0.8}, {"containment": 0.8}, {"threshold": 0.3, "containment": 0.5}], ids=str
)
def test_an_index_gives_what_its_corpus_gives(tmp_path, case, asked):
    left, halves, both = case
    name = built(tmp_path, halves[0], containment="containment" in asked)
    build.add(corpus(tmp_path, halves[1]), tmp_path / "index", Silent())
    whole, found = compared(tmp_path, left, both, **asked), compared(tmp_path, left, name, **asked)
    assert result(found) == result(whole)
    assert whole.n_pairs >= 5 and whole.estimated is None and found.passages
    assert "containment" not in asked or any(p.jaccard < 0.1 for p in found.pairs)


def test_which_side_is_kept_changes_nothing(tmp_path, case, monkeypatch):
    left, halves, _ = case
    name = built(tmp_path, halves[0], containment=True)
    found = []
    for left_is_larger in (False, True):
        monkeypatch.setattr(
            "auditor.overlap.reading.Corpus.size", property(lambda s, w=left_is_larger: 10**9 * w)
        )
        found.append(result(compared(tmp_path, left, name, containment=0.8)))
    assert found[0] == found[1]


def test_texts_are_in_no_file_and_paths_in_no_file_of_a_sketch(tmp_path, case):
    built(tmp_path, case[1][0])
    built(tmp_path, case[1][0], "sketch", sketch=True, ids=False)
    word = documents(1, 1)[0].split()[0].encode()
    for folder in ("index", "sketch"):
        held = b"".join(p.read_bytes() for p in (tmp_path / folder).rglob("*") if p.is_file())
        assert word not in held and (b"right-0.jsonl" in held)
    assert str(Path(case[1][0]).parent).encode() not in held and b"R10" not in held


def test_a_sketch_gives_estimates_and_says_so(tmp_path, case):
    left, halves, _ = case
    exact = compared(tmp_path, left, halves[0], threshold=0.4)
    name = built(tmp_path, halves[0], "sketch", sketch=True)
    Path(halves[0]).rename(tmp_path / "away")
    try:
        found = compared(tmp_path, left, name, threshold=0.4)
        assert result(compared(tmp_path, left, name.replace("index:", "sketch:"), threshold=0.4)) == result(
            found
        )
    finally:
        (tmp_path / "away").rename(halves[0])
    assert found.estimated == 128 and not found.passages
    true = {(p.left_id, p.right_id): p.jaccard for p in exact.pairs}
    errors = [
        (p.jaccard, true[p.left_id, p.right_id]) for p in found.pairs if (p.left_id, p.right_id) in true
    ]
    assert len(errors) >= 10 and all(abs(e - j) <= 4 * math.sqrt(j * (1 - j) / 128) for e, j in errors)
    assert any(e != j for e, j in errors)
    assert found.corpora[0].explained is None and {g.explained for g in found.groups} == {None}
    assert found.corpora[1].documents == exact.corpora[1].documents
    assert found.corpora[1].distinct == exact.corpora[1].distinct
    assert "estimate" in found.headline and any("sqrt(J(1-J)/128)" in n for n in found.notes)
    found = replace(found, run=replace(found.run, command="audit overlap"))
    for format in ("text", "markdown", "html", "json"):
        shown = " ".join(
            re.sub("<style>.*</style>", "", render(asdict(found), format), flags=re.DOTALL).split()
        )
        shown = shown.replace("nothing matched was counted exactly", "").replace("can count exactly", "")
        assert "exact" not in shown.lower()
        assert format == "json" or "standard error" in shown
    assert "--containment needs texts" in refused(tmp_path, left, name, containment=0.5)


def refused(tmp_path, left, right, **settings):
    with pytest.raises(AuditError) as caught:
        compared(tmp_path, str(left), str(right), **settings)
    return str(caught.value)


def test_another_setting_or_version_is_refused_with_both_named(tmp_path, case):
    left, halves, _ = case
    name = built(tmp_path, halves[0], shingle="characters:8")
    said = refused(tmp_path, left, name)
    assert "characters:8" in said and "words:5" in said and "--shingle characters:8" in said
    assert "without --containment" in refused(tmp_path, left, name, shingle="characters:8", containment=0.5)
    assert "--by" in refused(tmp_path, left, name, shingle="characters:8", by="teacher")
    path = tmp_path / "index" / manifest.NAME
    whole = path.read_text()
    path.write_text(whole.replace('"version": 1', '"version": 7'))
    said = refused(tmp_path, left, name)
    assert "version 7" in said and "version 1" in said
    path.write_text(whole[:-20])
    assert "damaged" in refused(tmp_path, left, name)
    path.write_text(json.dumps({"format": "other"}))
    assert "not of an index" in refused(tmp_path, left, name)


def test_a_damaged_part_is_named(tmp_path, case):
    left, halves, _ = case
    name = built(tmp_path, halves[0])
    build.add(corpus(tmp_path, halves[1]), tmp_path / "index", Silent())
    path = tmp_path / "index" / "part-00002" / "keys.parquet"
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    said = refused(tmp_path, left, name)
    assert str(path) in said and "SHA-256" in said
    path.unlink()
    assert "missing" in refused(tmp_path, left, name)


def test_a_corpus_that_changed_is_not_recounted(tmp_path, case):
    left, halves, _ = case
    copy = shutil.copy(halves[0], tmp_path / "copy.jsonl")
    name = built(tmp_path, str(copy))
    with Path(copy).open("a") as file:
        file.write("\n")
    said = refused(tmp_path, left, name)
    assert str(copy) in said and "sketch:" in said
    Path(copy).unlink()
    assert "is not there" in refused(tmp_path, left, name)
    assert compared(tmp_path, left, name.replace("index:", "sketch:")).estimated == 128


def test_a_killed_run_loses_its_part_alone(tmp_path, case, monkeypatch):
    left, halves, _ = case
    name = built(tmp_path, halves[0])
    before = result(compared(tmp_path, left, name))

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        # As after a kill: nothing is tidied up.
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        patch.setattr("auditor.overlap.index.part.Writer.close", die)
        with pytest.raises(Killed):
            build.add(corpus(tmp_path, halves[1]), tmp_path / "index", Silent())
    assert (tmp_path / "index" / "part-00002.partial").is_dir()
    assert result(compared(tmp_path, left, name)) == before
    with monkeypatch.context() as patch:
        patch.setattr(manifest.Manifest, "write", die)
        with pytest.raises(Killed):
            build.add(corpus(tmp_path, halves[1]), tmp_path / "index", Silent())
    assert result(compared(tmp_path, left, name)) == before
    found = build.add(corpus(tmp_path, halves[1]), tmp_path / "index", Silent())
    assert len(found.parts) == 2 and not list((tmp_path / "index").glob("*.partial"))


def test_what_cannot_be_an_index(tmp_path, case):
    left, halves, _ = case
    assert "no such folder" in refused(tmp_path, left, f"index:{tmp_path / 'nothing'}")
    (tmp_path / "empty").mkdir()
    assert "holds no index.json" in refused(tmp_path, left, f"index:{tmp_path / 'empty'}")
    name = built(tmp_path, halves[0])
    assert "RIGHT" in refused(tmp_path, name, halves[1])
    assert "part of" in refused(tmp_path, halves[0], name)
    with pytest.raises(AuditError, match="holds an index"):
        built(tmp_path, halves[0])
    with pytest.raises(AuditError, match="already"):
        build.add(corpus(tmp_path, halves[0]), tmp_path / "index", Silent())
    with pytest.raises(AuditError, match="no such folder"):
        build.add(corpus(tmp_path, halves[0]), tmp_path / "nothing", Silent())
    with pytest.raises(AuditError, match="--sketch does not go with"):
        build.settings("words:5", 0.5, True, True, True)
    nothing = jsonl(tmp_path / "blank.jsonl", [None, None])
    with pytest.raises(AuditError, match="none of the 2 rows"):
        build.build(
            corpus(tmp_path, nothing, text="text"),
            tmp_path / "new",
            build.settings("words:5", 0.5, False, False, True),
            Silent(),
        )
    assert not (tmp_path / "new" / manifest.NAME).exists() and not list((tmp_path / "new").glob("part-*"))


def test_two_runs_do_not_write_at_once(tmp_path, case):
    built(tmp_path, case[1][0])
    with manifest.alone(tmp_path / "index"), pytest.raises(IncompleteError, match="another run"):
        build.add(corpus(tmp_path, case[1][1]), tmp_path / "index", Silent())


def test_a_first_run_that_was_killed_can_be_repeated(tmp_path, case):
    (tmp_path / "index" / "part-00001.partial").mkdir(parents=True)
    (tmp_path / "index" / "index.lock").touch()
    name = built(tmp_path, case[1][0])
    assert not list((tmp_path / "index").glob("*.partial"))
    assert compared(tmp_path, case[0], name).n_pairs
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").touch()
    with pytest.raises(AuditError, match="not empty"):
        built(tmp_path, case[1][0], "other")
