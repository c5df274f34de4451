"""Rows that are near copies of a known set, by an index of `audit index`: rule GEN011.

The join is that of `audit overlap`; similarity is estimated from signatures, so that an index without its
texts, or a sketch that was handed on, is enough. Leaves out what an index is (`auditor/overlap/index`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.overlap.columns import Wanted
from auditor.overlap.config import OverlapConfig
from auditor.overlap.index import manifest
from auditor.overlap.index.corpus import SKETCH, open_index
from auditor.overlap.index.estimate import estimate
from auditor.overlap.join import Found, join
from auditor.overlap.keys import recipes_for
from auditor.overlap.reading import ROWS, Corpus, Rows
from auditor.overlap.sides import Side
from auditor.progress import Progress
from auditor.scan.finding import EVIDENCE_KEPT, EXCERPT, Evidence, Finding
from auditor.scan.rows.readers import Connection, Opened, source
from auditor.scan.rows.statement import texts
from auditor.scan.synthetic import Dataset, slug
from auditor.scan.synthetic import find as known_set

THRESHOLD = 0.7
"""Jaccard similarity of word 5-grams; an answer that was cleaned, or cut a little, keeps more."""
LEAST_SHINGLES = 10
"""Shorter answers are alike by chance."""
MEMORY = 1 << 29
"""Bytes that keys may take; what is more goes to disk."""
MANY, MOSTLY, SOME = 100, 0.1, 20
"""So many rows, or such a share of at least `SOME`, are no accident: the confidence is "high"."""
Int64 = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Near:
    """What an index showed. known : the set it is of; None = its name says none. finding : None = nothing."""

    known: Dataset | None
    rows: int
    finding: Finding | None


@dataclass
class Answers(Corpus):
    """The answers of files that are read together, each a document, with the interface of a corpus.

    rows : (n,) int64, number of the row of each document, from the first reading; files are `PER_FILE` apart.
    """

    con: Connection | None = None
    read: Sequence[Opened] = ()
    sample: int = 0
    rows: list[Int64] = field(default_factory=list)
    whole: bool = False

    @property
    def size(self) -> int:
        """About how many bytes of text."""
        return sum(o.file.size * (1 if o.way == "lines" and not o.file.packed else 4) for o in self.read)

    def is_empty(self) -> bool:
        """Whether there is no answer at all."""
        assert self.con is not None
        one = source(self.con, self.read, self.sample)
        return not self.con.execute(f"{texts(self.read[0].plan, one.sql, 'j')} LIMIT 1").fetchall()

    def batches(self) -> Iterator[Rows]:
        """Every answer; a row with several is several documents."""
        assert self.con is not None
        one = source(self.con, self.read, self.sample)
        numbers = {name: i for i, name in enumerate(one.names)}
        reader = self.con.sql(texts(self.read[0].plan, one.sql, "j")).to_arrow_reader(ROWS)
        for batch in reader:
            if not self.whole:
                # Names of files are few: a dictionary's values, not a batch's rows.
                files = batch.column("file").dictionary_encode()
                codes = np.array([numbers[v] for v in files.dictionary.to_pylist()], np.int64)
                at = codes[files.indices.to_numpy(zero_copy_only=False)]
                own = batch.column("row").to_numpy(zero_copy_only=False)
                self.rows.append(at * PER_FILE + own)
            none = pa.nulls(len(batch), pa.large_string()).dictionary_encode()
            text = batch.column("text").cast(pa.large_string())
            yield Rows(text, batch.column("answer").cast(pa.large_string()), none, none)
        self.whole = True


PER_FILE = 1 << 40


def near(
    con: Connection,
    groups: Sequence[Sequence[Opened]],
    sample: int,
    index: Path,
    folder: Path,
    progress: Progress,
) -> Near:
    """Look for rows of some files that are near copies of documents of an index."""
    found_in = manifest.read(index)
    config = OverlapConfig("", f"{SKETCH}{index}", threshold=THRESHOLD, shingle=found_in.settings.shingle)
    right = open_index(config, folder)
    known = _known(index, [p.corpus for p in found_in.parts])
    corpora = [
        Answers("rows", "left", Wanted(), False, folder, con=con, read=g, sample=sample)
        for g in groups
        if g[0].plan.answers
    ]
    found, rows = [], 0
    total = 0
    for corpus in corpora:
        if corpus.is_empty():
            continue
        left = Side((corpus,), "rows")
        spilled = folder / f"near-{len(list(folder.iterdir()))}"
        spilled.mkdir()
        joined = join(left, Side((right,), str(index)), recipes_for(config), spilled, progress, MEMORY)
        pairs = estimate(joined, right, THRESHOLD, progress)
        long = pairs.counts.left_size >= LEAST_SHINGLES
        matched = np.zeros(len(left), bool)
        matched[pairs.left[long]] = True
        numbers = np.concatenate(corpus.rows)
        total += len(np.unique(numbers))
        rows += len(np.unique(numbers[matched[left.firsts]]))
        found += _evidence(corpus, joined, np.unique(pairs.left[long])[:EVIDENCE_KEPT], numbers)
    if not rows:
        return Near(known, 0, None)
    name = known.id if known else slug(index.name)
    sure = rows >= MANY or (rows >= SOME and rows >= MOSTLY * total)
    what = (
        "synthetic dataset" if known and known.synthetic else "human dataset" if known else "indexed corpus"
    )
    return Near(
        known,
        rows,
        Finding(
            "GEN011",
            f"{rows:,} of {total:,} rows are near copies of the {what} {name} (estimated Jaccard similarity "
            ".7 or more of word 5-grams).",
            "high" if sure else "medium" if rows >= 5 else "low",
            name,
            tuple(found[:EVIDENCE_KEPT]),
            rows,
            total,
            severity="" if known is None or known.synthetic else "note",
        ),
    )


def _evidence(corpus: Answers, joined: Found, documents: Int64, numbers: Int64) -> list[Evidence]:
    """The first answers that have a near copy."""
    stored = joined.left_documents
    found = []
    for document in documents.tolist():
        at = int(stored.rows(np.array([document]))[0])
        file, row = divmod(int(numbers[document]), PER_FILE)
        place = corpus.read[0].plan.answers[int(stored.label(at))].place
        path = corpus.read[file].file.path
        found.append(Evidence(path, None, row or None, place.label, stored.text(at)[:EXCERPT]))
    return found


def _known(index: Path, corpora: Sequence[str]) -> Dataset | None:
    """The known set that the index's folder, or a corpus in it, is named after."""
    names = [index.name, *(Path(c).name.split(".")[0] for c in corpora)]
    names += [Path(c).parent.name for c in corpora]
    return next((found for found in map(known_set, names) if found), None)
