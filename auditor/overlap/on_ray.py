"""The engine beyond one machine: Ray Data reads files and makes keys, this process joins them as always.

Each file of a corpus is a piece of work: a worker reads it, hashes its texts and makes keys with the function
of the local engine (`keyed.py`); texts stay with the workers. The smaller side's keys are broadcast once
(`ray.put`), so of the other side only keys that meet one come back: nothing is shuffled. Blocks come in the
files' order, so documents get the numbers of a local run, and the result is the same to the bit. Work of a
worker that died is done again by Ray. Leaves out clusters: RAY_ADDRESS names one, else Ray starts here.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.errors import AuditError, IncompleteError
from auditor.overlap.index.corpus import IndexCorpus
from auditor.overlap.index.part import digests, fixed
from auditor.overlap.join import Found, join
from auditor.overlap.keyed import Asked, Keyed, keyed
from auditor.overlap.keys import Recipe
from auditor.overlap.read import Read, of_rows
from auditor.overlap.reading import Corpus, Rows
from auditor.overlap.sides import Side
from auditor.progress import Progress

MOST_PIECES = 2000
"""Pieces of work of a corpus; of more files than that several go together."""


def join_on_ray(
    left: Side, right: Side, recipes: Sequence[Recipe], folder: Path, progress: Progress, memory: int
) -> Found:
    """All candidates of two sides, read and keyed by Ray's workers."""
    ray = started()
    for side in (left, right):
        side.reader = _read_by_workers
    # A worker is given a GPU only when one was asked for; signatures are the same on both.
    if recipes[0].device == "auto":
        recipes = [replace(r, device="cpu") for r in recipes]
    try:
        return join(left, right, recipes, folder, progress, memory)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        raise (cause if isinstance(cause, AuditError) else _failed(error)) from error
    except ray.exceptions.RayError as error:
        raise _failed(error) from error


def started() -> Any:
    """Ray, connected to RAY_ADDRESS or started here, with nothing that reports or listens beyond need."""
    # Read when Ray is imported, in this process and in its workers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    try:
        import ray
        import ray.data
    except ImportError:
        raise AuditError(
            "--engine ray needs Ray Data, which is not installed: pip install 'distill-audit[cluster]'. "
            "--engine local gives the same result on this machine."
        ) from None
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if not ray.is_initialized():
        here = "RAY_ADDRESS" not in os.environ
        ray.init(log_to_driver=False, logging_level="error", **({"include_dashboard": False} if here else {}))
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    return ray


def _failed(error: Exception) -> IncompleteError:
    return IncompleteError(
        f"Ray could not finish the work: {str(error).strip().splitlines()[-1]} Run the command again, or "
        "with --engine local."
    )


def _read_by_workers(corpus: Corpus, asked: Asked) -> Iterator[Read]:
    """A `Reader`: all documents in order, with keys, without texts; an index is read here."""
    if isinstance(corpus, IndexCorpus):
        yield from corpus.reads(asked)
        return
    import ray

    held = ray.put([np.unique(keys) for keys in asked.held]) if asked.held is not None else None
    cuts = np.array_split(np.arange(len(corpus.files)), min(len(corpus.files), MOST_PIECES))
    items = [{"first": int(c[0]), "last": int(c[-1]) + 1} for c in cuts]
    pieces = ray.data.from_items(items, override_num_blocks=len(items))
    gpu: dict[str, Any] = {"num_gpus": 1} if asked.recipes[0].device == "cuda" else {}
    blocks = pieces.map_batches(
        _piece,
        batch_size=1,
        batch_format="pyarrow",
        fn_kwargs={"corpus": corpus, "asked": replace(asked, held=None), "held": held},
        num_cpus=1,
        **gpu,
    )
    for table in blocks.iter_batches(batch_size=None, batch_format="pyarrow"):
        for batch in table.combine_chunks().to_batches():
            yield _read(batch)


def _piece(table: pa.Table, corpus: Corpus, asked: Asked, held: Any) -> Iterator[pa.Table]:
    """What a worker does with some files: a table of hashes and keys for every batch of documents."""
    import ray

    if held is not None:
        asked = replace(asked, held=tuple(ray.get(held)))
    corpus = replace(corpus, spill=Path(tempfile.gettempdir()))
    for piece in table.to_pylist():
        for rows in corpus.only(piece["first"], piece["last"]).batches():
            yield pa.Table.from_batches([_batch(rows, asked)])


def _batch(rows: Rows, asked: Asked) -> pa.RecordBatch:
    """Documents without their texts, a row each; counts of the whole batch are in its first row."""
    read = of_rows(rows)
    made = keyed(pa.record_batch({"text": rows.texts}), asked, threads=1)
    first = np.arange(len(read)) == 0
    columns = {
        "digest": fixed(np.ascontiguousarray(read.digests)),
        "source": read.sources,
        "teacher": read.teachers,
        **{k: pa.array(np.where(first, getattr(read, k), 0)) for k in _COUNTS},
    }
    columns |= dict(zip(made.schema.names, made.columns, strict=True))
    return pa.record_batch(columns)


def _read(batch: pa.RecordBatch) -> Read:
    """What `_batch` made."""
    return Read(
        digests=digests(pa.chunked_array([batch.column("digest")])),
        sources=batch.column("source").dictionary_encode(),
        teachers=batch.column("teacher").dictionary_encode(),
        **{k: int(batch.column(k).to_numpy().sum()) for k in _COUNTS},
        keyed=Keyed.of_batch(batch),
    )


_COUNTS = ("without_text", "not_utf8", "n_bytes")
