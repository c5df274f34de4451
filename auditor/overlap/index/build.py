"""Builds an index and adds to it: reads a corpus once, keeps signatures, keys and hashes, and no text.

A part is made beside the index and moved into it when it is whole. Leaves out using it (`corpus.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from auditor.errors import AuditError, IncompleteError
from auditor.overlap.config import OverlapConfig
from auditor.overlap.index import manifest, part
from auditor.overlap.index.manifest import Manifest, Part, Settings, Source
from auditor.overlap.keyed import Int64
from auditor.overlap.keys import RATE, recipes_for
from auditor.overlap.memory import check, to_cut
from auditor.overlap.read import Read, of_rows
from auditor.overlap.reading import Corpus
from auditor.progress import Progress
from auditor.run_record import now
from detectors.minhash.counting import distinct_shingles
from detectors.minhash.distinct import Distinct
from detectors.minhash.exact import shingle_sets
from detectors.minhash.signatures import MinHash

PARTIAL = ".partial"
RECALL = 0.95


def settings(shingle: str, threshold: float, containment: bool, sketch: bool, ids: bool) -> Settings:
    """Settings of a new index; keys are those `audit overlap` makes at this threshold."""
    if sketch and containment:
        raise AuditError(
            "--sketch does not go with --containment: a sketch keeps no shingle of a text, which a guessed "
            "phrase could be tested against. Leave one of them out."
        )
    config = OverlapConfig("", "", threshold=threshold, shingle=shingle, recall=RECALL)
    (recipe,) = recipes_for(config)
    return Settings(
        *(shingle, config.k, manifest.SCHEME, recipe.bands, recipe.rows),
        *(RATE if containment else None, sketch, ids),
    )


def build(corpus: Corpus, folder: Path, settings: Settings, progress: Progress) -> Manifest:
    """Make an index of a corpus in a folder that is not there yet, or is empty."""
    if folder.exists() and not folder.is_dir():
        raise AuditError(f"-o {folder}: is a file. Name a folder that is not there yet.")
    if (folder / manifest.NAME).exists():
        raise AuditError(f"-o {folder}: holds an index. Add to it with 'audit index add {folder} CORPUS'.")
    if folder.is_dir() and any(p for p in folder.iterdir() if not _left_over(p)):
        raise AuditError(f"-o {folder}: is not empty. Name a folder that is not there yet.")
    if not folder.parent.is_dir():
        raise AuditError(f"-o {folder}: there is no folder {folder.parent}. Create it, or name another.")
    corpus.open()
    with _writing(folder):
        return _added(corpus, folder, Manifest(now(), settings), progress)


def add(corpus: Corpus, folder: Path, progress: Progress) -> Manifest:
    """Add a corpus to an index, made like the rest of it."""
    manifest.read(folder)
    corpus.open()
    with _writing(folder):
        return _added(corpus, folder, manifest.read(folder), progress)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Hold the folder, without what killed runs left in it."""
    try:
        folder.mkdir(exist_ok=True)
        with manifest.alone(folder):
            for path in folder.glob(f"*{PARTIAL}"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            yield
    except OSError as error:
        raise IncompleteError(
            f"Could not write the index {str(folder)!r}: {error.strerror or error}. Parts that were there "
            "are whole."
        ) from error


def _left_over(path: Path) -> bool:
    return path.name.endswith(PARTIAL) or path.name == "index.lock"


def _added(corpus: Corpus, folder: Path, found: Manifest, progress: Progress) -> Manifest:
    sources = _sources(corpus, found.settings, progress)
    known = {s.sha256: p.name for p in found.parts for s in p.sources}
    for source in sources:
        if source.sha256 in known and not source.table:
            raise AuditError(
                f"{source.path}: the same file is in {known[source.sha256]} of {folder} already. Its "
                "documents would count twice."
            )
    # The number after the last one, so that a folder a killed run did not get to list is not met again.
    taken = [int(p.name[5:]) for p in folder.glob("part-*") if p.name[5:].isdecimal()]
    name = f"part-{max(taken, default=0) + 1:05d}"
    partial = folder / f"{name}{PARTIAL}"
    partial.mkdir()
    try:
        before = _stamps(corpus)
        counts = _write(corpus, partial, found.settings, progress)
        if _stamps(corpus) != before:
            raise IncompleteError(f"{corpus.name}: a file changed while it was read. Run the command again.")
        made = Part(
            name=name,
            created=now(),
            corpus=Path(corpus.name).name if found.settings.sketch else corpus.name,
            **counts,
            columns={k: getattr(corpus.wanted, k) for k in ("text", "id", "by")},
            keep_going=corpus.keep_going,
            sources=sources,
            sha256={n: manifest.sha256(partial / n) for n in part.names(found.settings)},
        )
        partial.rename(folder / name)
        whole = found.with_part(made)
        whole.write(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return whole


def _write(corpus: Corpus, partial: Path, settings: Settings, progress: Progress) -> dict[str, int]:
    """Write the files of a part; how many documents, bytes of text and so on it has."""
    progress.stage(f"Reading {corpus.name}", None, "documents")
    unit, n = settings.shingle.split(":")
    family = MinHash(settings.k, unit, int(n), settings.scheme)
    distinct, writer = Distinct(), part.Writer(partial, settings)
    total = n_bytes = without = bad = 0
    files = {f.name for f in corpus.files} | {str(f.path.parent) for f in corpus.files}
    for rows in corpus.batches():
        read = of_rows(rows)
        check(corpus.name, read.n_bytes, to_cut(unit))
        numbers = np.arange(total, total + len(read), dtype=np.int64)
        fresh = np.flatnonzero(distinct.firsts(read.digests, numbers) == numbers)
        texts = rows.texts if len(fresh) == len(read) else rows.texts.take(pa.array(fresh))
        sets = None if settings.rate is None else shingle_sets(texts, unit, int(n))
        sizes = np.zeros(len(read), np.int64)
        sizes[fresh] = distinct_shingles(texts, unit, int(n)) if sets is None else sets.sizes
        writer.add(
            _columns(read, settings, sizes, files),
            *(fresh, family.signatures(texts), sets),
        )
        total, n_bytes = total + len(read), n_bytes + read.n_bytes
        without, bad = without + read.without_text, bad + read.not_utf8
        progress.advance(len(read))
    writer.close()
    if not total:
        raise AuditError(f"{corpus.name}: holds no documents. Check the file, and --text.")
    if without == total:
        raise AuditError(
            f"{corpus.name}: none of the {total:,} rows has a text in the column "
            f"{sorted({c.text for c in corpus.chosen.values()})}. Name another with --text."
        )
    return {"documents": total, "n_bytes": n_bytes, "without_text": without, "not_utf8": bad}


def _columns(read: Read, settings: Settings, sizes: Int64, files: set[str]) -> pa.RecordBatch:
    """The columns of documents.parquet; of a sketch without sources, and without folders of `files`."""
    n = len(read)
    assert read.texts is not None and read.ids is not None
    none = pa.nulls(n, pa.large_string())
    sources = none.dictionary_encode() if settings.sketch else read.sources
    columns = [
        part.fixed(np.ascontiguousarray(read.digests)),
        read.ids if settings.ids else none,
        _strings(sources, set()),
        _strings(read.teachers, files if settings.sketch else set()),
        pa.array(sizes),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=part.DOCUMENT_COLUMNS)


def _strings(column: pa.DictionaryArray, files: set[str]) -> pa.DictionaryArray:
    """The same with large strings; of a path among `files` the name alone."""
    values = [Path(v).name if v in files else v for v in column.dictionary.to_pylist()]
    plain = pa.DictionaryArray.from_arrays(column.indices, pa.array(values, pa.large_string()))
    return plain.dictionary_decode().dictionary_encode().cast(part.STRINGS)


def _stamps(corpus: Corpus) -> list[tuple[int, int]]:
    return [(s.st_mtime_ns, s.st_size) for s in (f.path.stat() for f in corpus.files)]


def _sources(corpus: Corpus, settings: Settings, progress: Progress) -> tuple[Source, ...]:
    progress.stage(f"Hashing {corpus.name}", len(corpus.files))
    found = []
    for file in corpus.files:
        path = file.path.name if settings.sketch else str(file.path.resolve())
        found.append(
            Source(
                *(path, file.format, file.packed, file.table, file.path.stat().st_size),
                manifest.sha256(file.path),
            )
        )
        progress.advance()
    return tuple(found)
