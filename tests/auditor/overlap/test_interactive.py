"""A `Lookup` finds what our own bands find, counts it exactly, and understands datasketch's signatures."""

from __future__ import annotations

import re
from pathlib import Path

import datasketch
import numpy as np
import pytest

from auditor.errors import AuditError
from auditor.overlap.columns import Wanted
from auditor.overlap.index import build
from auditor.overlap.interactive import Lookup
from auditor.overlap.reading import Corpus
from auditor.progress import Silent
from detectors.minhash.bands import NO_KEY
from tests.auditor.overlap.corpora import documents, edited, jsonl
from tests.auditor.overlap.test_exact import jaccard, shingles
from tests.detectors.minhash import reference

PAGE = Path(__file__).parents[3] / "docs" / "overlap.md"
LOG = [*documents(1, 60), "two words", ""]
ASKED = [edited(LOG[i], changes=i, seed=i) for i in range(30)] + ["", "one", "two words", *documents(2, 5)]


def indexed(folder, name="index", sketch=False):
    corpus = Corpus(jsonl(folder / f"{name}.jsonl", LOG), "right", Wanted(), False, folder)
    settings = build.settings("words:5", 0.5, False, sketch, True)
    build.build(corpus, folder / name, settings, Silent())
    return folder / name


@pytest.fixture(params=["texts", "index", "sketch"])
def log(request, tmp_path):
    match request.param:
        case "texts":
            return Lookup.of_texts(LOG, [f"#{i + 1}" for i in range(len(LOG))])
        case "index":
            return Lookup.of_index(str(indexed(tmp_path)))
        case _:
            return Lookup.of_index(f"sketch:{indexed(tmp_path, sketch=True)}")


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("kind", ["texts", "index"])
def test_candidates_are_those_of_our_bands(tmp_path, kind, threshold):
    if kind == "texts":
        log = Lookup.of_texts(LOG, threshold=threshold)
    else:
        log = Lookup.of_index(str(indexed(tmp_path)), threshold)
    theirs = log.cut.keys(log.family.signatures(LOG))
    found = 0
    for text in ASKED:
        mine = log.cut.keys(log.family.signatures([text]))[0]
        same = np.flatnonzero(((theirs == mine) & (mine != NO_KEY)).any(1)).tolist()
        assert sorted(h.number for h in log.query(text, most=100)) == same
        found += len(same)
    assert found >= (2 if threshold == 1 else 8)


def test_hits_are_counted_where_there_are_texts(log):
    exact = log.texts is not None
    for i in range(10):
        hit = log.query(ASKED[i])[0]
        true = jaccard(ASKED[i], LOG[i])
        held = len(shingles(ASKED[i]) & shingles(LOG[i])) / len(shingles(LOG[i]))
        assert (hit.number, hit.id, hit.exact) == (i, f"#{i + 1}", exact)
        if exact:
            assert (hit.jaccard, hit.contained) == (true, held)
        else:
            assert abs(hit.jaccard - true) < 0.2 and abs(hit.contained - held) < 0.25
    assert [h.number for h in log.query("two words")] == [60]
    assert log.query("") == log.query("never seen before anywhere here") == []


def test_datasketchs_own_queries_are_understood():
    log = Lookup.of_texts(LOG)
    theirs = datasketch.MinHash(num_perm=128, scheme="affine32", hashfunc=int)
    theirs.update_batch(sorted(reference.shingle_hashes(LOG[7].encode(), "words", 5)))
    assert log.lsh.query(theirs) == [7]
    log.lsh.remove(7)
    assert log.query(LOG[7]) == []


def test_signatures_of_another_scheme_are_refused(tmp_path):
    log = Lookup.of_index(str(indexed(tmp_path)))
    with pytest.raises(ValueError, match="scheme"):
        log.lsh.query(datasketch.MinHash(num_perm=128, scheme="affine32"))


def test_what_cannot_be_is_refused(tmp_path):
    with pytest.raises(AuditError, match="no such folder"):
        Lookup.of_index(str(tmp_path / "nothing"))
    folder = indexed(tmp_path)
    (tmp_path / "index.jsonl").unlink()
    with pytest.raises(AuditError, match="is not there"):
        Lookup.of_index(str(folder))
    assert not Lookup.of_index(f"sketch:{folder}").query(LOG[0])[0].exact
    with pytest.raises(ValueError, match="as many as"):
        Lookup.of_texts(["a b c"], ids=["1", "2"])


def test_the_page_shows_what_runs(capsys):
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    exec(compile(code, "overlap.md", "exec"), {})
    assert capsys.readouterr().out.strip() == re.search(r"# (.*)", code)[1]
