"""`IndexCorpus`: an index in the place of a corpus, on the right side of `audit overlap`.

Keys come from its files. For the recount the corpus itself is read, if it is where it was and every file has
the SHA-256 that was noted; of a sketch there is none, and figures are estimates (`estimate.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeGuard

import numpy as np
import pyarrow as pa

from auditor.errors import AuditError
from auditor.overlap.columns import Wanted
from auditor.overlap.config import OverlapConfig
from auditor.overlap.index import manifest, part
from auditor.overlap.index.manifest import Manifest, Part
from auditor.overlap.keyed import Asked, Int64, Keyed, UInt64
from auditor.overlap.keys import Recipe
from auditor.overlap.names import File
from auditor.overlap.read import Read
from auditor.overlap.reading import Corpus, Rows
from detectors.minhash.bands import NO_KEY

INDEX, SKETCH = "index:", "sketch:"
Plain = tuple[Int64, Int64, UInt64]


def is_index(name: str) -> bool:
    """Whether a corpus's name is that of an index."""
    return name.startswith((INDEX, SKETCH))


@dataclass
class IndexCorpus(Corpus):
    """An index with the interface of a corpus.

    Attributes
    ----------
    folder, found : where it is, and its manifest. estimated : whether there are no texts to recount with.
    parts : the recorded corpus of each part, if there are. used : SHA-256 of the files that were read.
    """

    folder: Path = Path()
    found: Manifest | None = None
    estimated: bool = False
    parts: list[Corpus] = field(default_factory=list)
    used: dict[str, str] = field(default_factory=dict)

    @property
    def manifest(self) -> Manifest:
        """Its manifest."""
        assert self.found is not None
        return self.found

    @property
    def size(self) -> int:
        """Bytes of text that were indexed."""
        return sum(p.n_bytes for p in self.manifest.parts)

    def reads(self, asked: Asked) -> Iterator[Read]:
        """All documents with keys, without texts."""
        for one in self.manifest.parts:
            documents = part.groups(self._file(one, part.DOCUMENTS))
            keys = [self._keys(one, recipe) for recipe in asked.recipes]
            told = {"without_text": one.without_text, "not_utf8": one.not_utf8, "n_bytes": one.n_bytes}
            for table, *found in zip(documents, *keys, strict=True):
                yield Read(
                    digests=part.digests(table["digest"]),
                    sources=_dictionary(table["source"]),
                    teachers=_dictionary(table["teacher"]),
                    **told,
                    keyed=Keyed(
                        tuple(rows for rows, _, _ in found),
                        tuple(values for _, _, values in found),
                        tuple(counts for _, counts, _ in found),
                        None,
                    ),
                )
                told = dict.fromkeys(told, 0)

    def batches(self) -> Iterator[Rows]:
        """All documents with texts, from the recorded corpus; of a sketch without."""
        if not self.estimated:
            for corpus in self.parts:
                yield from corpus.batches()
            return
        for one in self.manifest.parts:
            for table in part.groups(self._file(one, part.DOCUMENTS)):
                texts = pa.nulls(len(table), pa.large_string())
                ids = table["id"].combine_chunks()
                ids = pa.concat_arrays(ids.chunks) if isinstance(ids, pa.ChunkedArray) else ids
                yield Rows(texts, ids, _dictionary(table["source"]), _dictionary(table["teacher"]))

    def signatures(self, numbers: Int64) -> tuple[part.UInt32, Int64]:
        """Signatures and numbers of shingles of some documents ((n,) int64, ascending, each with one)."""
        k = self.manifest.settings.k
        signatures, sizes = np.empty((len(numbers), k), np.uint32), np.empty(len(numbers), np.int64)
        start = 0
        for one in self.manifest.parts:
            files = [self._file(one, name) for name in (part.DOCUMENTS, part.SIGNATURES)]
            for documents, table in zip(*map(part.groups, files), strict=True):
                a, b = np.searchsorted(numbers, (start, start + len(table)))
                if b > a:
                    own = numbers[a:b] - start
                    rows, values = part.numbers(table["signature"], np.uint32)
                    signatures[a:b] = values[np.searchsorted(rows, own)]
                    sizes[a:b] = documents["shingles"].to_numpy()[own]
                start += len(table)
        return signatures, sizes

    def tables(self, name: str) -> Iterator[pa.Table]:
        """A file of every part, such as documents.parquet, batch by batch."""
        for one in self.manifest.parts:
            yield from part.groups(self._file(one, name))

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every file that was read, by name: of the index, and of the corpus it was made from."""
        own = dict(self.used)
        if not self.estimated:
            own |= {s.path: s.sha256 for one in self.manifest.parts for s in one.sources}
        return own

    def _file(self, one: Part, name: str) -> Path:
        known = str(self.folder / one.name / name)
        if known not in self.used:
            manifest.checked(self.folder, one, name)
            self.used[known] = one.sha256[name]
        return Path(known)

    def _keys(self, one: Part, recipe: Recipe) -> Iterator[Plain]:
        """By batch: whose key each is, how many each document has, the keys."""
        settings = self.manifest.settings
        if recipe.kind == "sample":
            for table in part.groups(self._file(one, part.SAMPLES)):
                column = table["sample"].combine_chunks()
                column = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
                counts = column.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64)
                yield np.repeat(np.arange(len(counts)), counts), counts, column.flatten().to_numpy()
            return
        stored = not settings.sketch and (recipe.bands, recipe.rows) == (settings.bands, settings.rows)
        for table in part.groups(self._file(one, part.KEYS if stored else part.SIGNATURES)):
            if stored:
                rows, keys = part.numbers(table["keys"], np.uint64)
            else:
                rows, signatures = part.numbers(table["signature"], np.uint32)
                keys = recipe.cut.keys(np.ascontiguousarray(signatures))
                rows, keys = rows[keys[:, 0] != NO_KEY], keys[keys[:, 0] != NO_KEY]
            counts = np.zeros(len(table), np.int64)
            counts[rows] = recipe.bands
            yield np.repeat(rows, recipe.bands), counts, np.ascontiguousarray(keys).reshape(-1)


def is_sketch(corpus: Corpus) -> TypeGuard[IndexCorpus]:
    """Whether there are no texts to recount with."""
    return isinstance(corpus, IndexCorpus) and corpus.estimated


def open_index(config: OverlapConfig, spill: Path) -> IndexCorpus:
    """The index that a run names on its right side; refuses what does not fit, and says why."""
    name = config.right
    kind, folder = (SKETCH if name.startswith(SKETCH) else INDEX), Path(name.partition(":")[2])
    found = manifest.read(folder)
    settings = found.settings
    if not found.parts:
        raise AuditError(f"{folder}: the index has no documents. Add some with 'audit index add'.")
    _refuse(config, settings, folder)
    estimated = settings.sketch or kind == SKETCH
    if estimated and config.containment is not None:
        raise AuditError(
            "--containment needs texts: of a sketch only Jaccard similarity is known, as an estimate. Leave "
            "it out, or have the provider run the command."
        )
    corpus = IndexCorpus(
        *(name, "right", Wanted(), False, spill), folder=folder, found=found, estimated=estimated
    )
    if not estimated:
        corpus.parts = [_recorded(one, folder, spill) for one in found.parts]
        corpus.files = tuple(f for c in corpus.parts for f in c.files)
        corpus.chosen = {f: c for own in corpus.parts for f, c in own.chosen.items()}
    corpus.used[str(folder / manifest.NAME)] = manifest.sha256(folder / manifest.NAME)
    return corpus


def _refuse(config: OverlapConfig, settings: manifest.Settings, folder: Path) -> None:
    """Refuse a run that asks for something else than the index has."""
    for what, own, asked in (
        ("shingles", settings.shingle, config.shingle),
        ("minima a signature", settings.k, config.k),
        ("signatures of scheme", settings.scheme, manifest.SCHEME),
    ):
        if own != asked:
            way = f"Add --shingle {own}" if what == "shingles" else "Use the program that made it"
            raise AuditError(
                f"{folder}: the index has {what} {own}, and this run asks for {asked}. {way}, or build the "
                "index again."
            )
    if config.containment is not None and settings.rate is None and not settings.sketch:
        raise AuditError(
            f"{folder}: the index was built without --containment, so answers inside longer records cannot "
            "be found with it. Build it again with --containment, or leave it out here."
        )
    for option in ("right_text", "right_id", "by"):
        if getattr(config, option) is not None:
            raise AuditError(
                f"--{option.replace('_', '-')} says nothing of an index: its columns were chosen when it was "
                "built. Leave it out."
            )


def _recorded(one: Part, folder: Path, spill: Path) -> Corpus:
    """The corpus of a part where it was, and as it was."""
    files = [File(Path(s.path), s.format, s.packed, s.table) for s in one.sources]
    for file, source in zip(files, one.sources, strict=True):
        why = ""
        if not file.path.is_file():
            why = "is not there"
        elif file.path.stat().st_size != source.n_bytes or manifest.sha256(file.path) != source.sha256:
            why = "is not the file that was indexed (another SHA-256)"
        if why:
            raise AuditError(
                f"{file.path}: {why}; {one.name} of {folder} was made from it, and exact counts need its "
                f"texts. Put it back, or name {SKETCH}{folder} to have estimates from the signatures."
            )
    columns = Wanted(one.columns["text"], one.columns["id"], one.columns["by"])
    return Corpus(one.corpus, "right", columns, one.keep_going, spill).opened(files)


def _dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column of a dictionary in one piece."""
    found = column.combine_chunks()
    return found.unify_dictionaries().chunk(0) if isinstance(found, pa.ChunkedArray) else found
