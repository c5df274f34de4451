"""`Lookup`: a corpus in memory as datasketch's `MinHashLSH`, to ask about one text after another from Python.

Of texts, signatures are those of datasketch's scheme affine32 (`kperm`), so `Lookup.lsh` takes datasketch's
own queries; of an index they are the ones it holds (`fss`), and datasketch refuses to mix the two. Bands are
those of `audit overlap`. Leaves out corpora larger than memory: a document takes about 13 KB here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from auditor.overlap.config import OverlapConfig
from auditor.overlap.index import manifest, part
from auditor.overlap.index.corpus import INDEX, is_index, is_sketch, open_index
from auditor.overlap.keyed import Int64
from detectors.minhash import estimates
from detectors.minhash.bands import Bands, bands_for
from detectors.minhash.counting import distinct_shingles
from detectors.minhash.exact import overlaps, shingle_sets
from detectors.minhash.signatures import MinHash
from detectors.minhash.texts import Hashes

if TYPE_CHECKING:
    from datasketch import MinHashLSH

SCHEMES = {"kperm": "affine32"}
"""Our names of schemes that datasketch has, too."""


@dataclass(frozen=True)
class Hit:
    """A document that is like the text that was asked about.

    Attributes
    ----------
    number, id : of the document; without ids its place, such as #1. jaccard : similarity. exact : counted;
        else an estimate with a standard error of at most .5 / sqrt(k). contained : the share of
        the document's shingles that the text has.
    """

    number: int
    id: str
    jaccard: float
    contained: float
    exact: bool


@dataclass(frozen=True)
class Signature:
    """A row of minima as datasketch's index takes it; `scheme` keeps different ones apart."""

    hashvalues: Hashes
    scheme: str
    seed: int = 1

    def __len__(self) -> int:
        return len(self.hashvalues)


@dataclass
class Lookup:
    """Documents whose near copies can be asked for. Make one with `of_texts` or `of_index`.

    Attributes
    ----------
    family, cut : how signatures are made, and cut into bands. lsh : datasketch's index; its keys are document
        numbers. ids : (n,) strings, "" = none. texts : (n,) strings or bytes; None = of a sketch, estimates.
    signatures : (n, k) uint32. sizes : (n,) int64, different shingles.
    """

    family: MinHash
    cut: Bands
    lsh: MinHashLSH
    ids: list[str] = field(default_factory=list)
    texts: pa.ChunkedArray | None = None
    signatures: Hashes = field(default_factory=lambda: np.empty((0, 0), np.uint32))
    sizes: Int64 = field(default_factory=lambda: np.empty(0, np.int64))

    @staticmethod
    def of_texts(
        texts: Iterable[str],
        ids: Sequence[str] | None = None,
        threshold: float = 0.5,
        shingle: str = "words:5",
        recall: float = 0.95,
        k: int = 128,
    ) -> Lookup:
        """Of texts that are in memory; a pair at the `threshold` is found with probability `recall`."""
        config = OverlapConfig("", "", threshold=threshold, shingle=shingle)
        found = _empty(MinHash(k, *config.cut(), "kperm"), threshold, recall)
        column = pa.array(texts, pa.large_string())
        sizes = distinct_shingles(column, *config.cut())
        found._take(found.family.signatures(column), sizes, ["" if i is None else i for i in ids or ()])
        found.texts = pa.chunked_array([column])
        return found

    @staticmethod
    def of_index(name: str, threshold: float = 0.5, recall: float = 0.95) -> Lookup:
        """Of an index or a sketch: "index:FOLDER", "sketch:FOLDER", or the folder alone.

        Exact figures need the corpus where it was when the index was made, as for `audit overlap`.
        """
        name = name if is_index(name) else f"{INDEX}{name}"
        settings = manifest.read(Path(name.partition(":")[2])).settings
        config = OverlapConfig("", name, threshold=threshold, shingle=settings.shingle)
        corpus = open_index(config, Path(gettempdir()))
        found = _empty(MinHash(settings.k, *config.cut(), settings.scheme), threshold, recall)
        rows = list(corpus.batches())
        sizes = np.concatenate([t["shingles"].to_numpy() for t in corpus.tables(part.DOCUMENTS)])
        signatures = np.full((len(sizes), settings.k), np.uint32(0xFFFFFFFF))
        some = np.flatnonzero(sizes)
        signatures[some] = corpus.signatures(some)[0]
        found._take(signatures, sizes, ["" if i is None else i for r in rows for i in r.ids.to_pylist()])
        if not is_sketch(corpus):
            found.texts = pa.chunked_array([r.texts for r in rows])
        return found

    def query(self, text: str, most: int = 10) -> list[Hit]:
        """Documents like the text, the most similar first, those below the threshold of the bands, too."""
        own = self.family.signatures([text])
        at = np.array(sorted(self.lsh.query(self._signature(own[0]))), np.int64)
        if not len(at):
            return []
        sets = shingle_sets([text], self.family.shingle, self.family.n)
        if self.texts is None:
            pairs = np.zeros(len(at), np.int64), at
            jaccard = estimates.jaccard(own, self.signatures, pairs).astype(np.float64)
            held = estimates.containment(jaccard, self.sizes[at], sets.sizes)
        else:
            others = shingle_sets(self.texts.take(pa.array(at)), self.family.shingle, self.family.n)
            counts = overlaps(sets, others, (np.zeros(len(at), np.int64), np.arange(len(at))))
            jaccard, held = counts.jaccard, counts.right_in_left
        hits = [
            Hit(int(n), self._name(n), float(j), float(h), self.texts is not None)
            for n, j, h in zip(at, jaccard, held, strict=True)
        ]
        return sorted(hits, key=lambda h: (-h.jaccard, h.number))[:most]

    def _take(self, signatures: Hashes, sizes: Int64, ids: list[str]) -> None:
        """Put documents in; those without a shingle are nobody's near copy."""
        if ids and len(ids) != len(sizes):
            raise ValueError(f"ids must be as many as texts, got {len(ids)} and {len(sizes)}.")
        self.signatures, self.sizes, self.ids = signatures, sizes, ids
        for i in np.flatnonzero(sizes).tolist():
            self.lsh.insert(i, self._signature(signatures[i]), check_duplication=False)

    def _name(self, number: int) -> str:
        """Id of a document; of one without its place, as in reports."""
        return (self.ids[number] if self.ids else "") or f"#{number + 1}"

    def _signature(self, row: Hashes) -> Signature:
        return Signature(row, SCHEMES.get(self.family.scheme, self.family.scheme), self.family.seed)


def _empty(family: MinHash, threshold: float, recall: float) -> Lookup:
    from datasketch import MinHashLSH

    cut = bands_for(threshold, recall, family.k)
    if cut.bands == 1:  # datasketch wants two; a pair that agrees on all minima agrees on either half.
        cut = Bands(2, family.k // 2)
    return Lookup(family, cut, MinHashLSH(num_perm=family.k, params=(cut.bands, cut.rows)))
