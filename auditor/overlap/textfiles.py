"""Plain text: a file is a document. Bytes as they are; what is not UTF-8 is counted later, not refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from auditor.errors import AuditError
from auditor.overlap.memory import check

MOST_FILES = 4096


def text_batches(paths: Sequence[Path], packed: Sequence[str], size: int) -> Iterator[pa.RecordBatch]:
    """The files as rows, `size` bytes at a time; the id of a document is its file's name."""
    texts: list[bytes] = []
    names: list[str] = []
    held = 0
    for path, how in zip(paths, packed, strict=True):
        texts.append(_read(path, how))
        names.append(str(path))
        held += len(texts[-1])
        if held >= size or len(texts) == MOST_FILES:
            yield _batch(texts, names)
            texts, names, held = [], [], 0
    if texts:
        yield _batch(texts, names)


def _read(path: Path, packed: str) -> bytes:
    check(str(path), path.stat().st_size, 1)
    try:
        with pa.input_stream(str(path), compression=packed or None) as file:
            return bytes(file.read())
    except (OSError, pa.ArrowException) as error:
        why = "the packed stream is damaged or cut off" if packed else "the file cannot be read"
        raise AuditError(f"{path}: {why} ({error}). Get the file again.") from None


def _batch(texts: list[bytes], names: list[str]) -> pa.RecordBatch:
    none = pa.nulls(len(texts), pa.large_string())
    folders = pa.array([str(Path(n).parent) for n in names], pa.large_string())
    return pa.record_batch(
        {
            "document_text": pa.array(texts, pa.large_binary()),
            "document_id": pa.array(names, pa.large_string()),
            "document_source": none,
            "document_by": none,
            "document_file": folders,
        }
    )
