"""Keeps embeddings from run to run: a cache in the evidence file, and no evidence.

A vector depends on its text and its embedder alone and can be made again, so no run refers to these rows,
no seal covers them and reports do not need them. Leaves out making vectors (`auditor/embed.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.errors import AuditError
from auditor.store.connection import reading, writing

Float16 = NDArray[np.float16]
_FIND = """
SELECT text_sha256, vector FROM embeddings SEMI JOIN wanted USING (text_sha256) WHERE embedder = $embedder
"""
_ADD = (
    "INSERT INTO embeddings BY NAME SELECT * FROM incoming ANTI JOIN embeddings USING (embedder, text_sha256)"
)


def read_embeddings(path: Path, embedder: str, keys: Sequence[bytes]) -> tuple[list[bytes], Float16]:
    """Which of these texts the file has a vector of by this embedder, and the vectors.

    Parameters
    ----------
    embedder : all that a vector depends on besides the text; keys : SHA-256 (32 bytes) of each text.

    Returns
    -------
    keys of the n texts that were found, in any order; (n, n_dimensions) float16, (0, 0) where n = 0.
    """
    with reading(path) as con:
        con.register("wanted", pa.table({"text_sha256": pa.array(keys, pa.binary())}))
        found = con.sql(_FIND, params={"embedder": embedder}).to_arrow_table().combine_chunks()
    if found.num_rows == 0:
        return [], np.zeros((0, 0), np.float16)
    vectors = found["vector"].to_pylist()
    sizes = {0 if v is None else len(v) for v in vectors}
    if len(sizes) > 1 or min(sizes) == 0 or min(sizes) % 2:
        raise AuditError(
            f"{path} keeps embeddings by {embedder!r} of unequal length: they were changed after they were "
            "written. They are only a cache: in DuckDB, DELETE FROM embeddings; then run again."
        )
    whole = np.frombuffer(b"".join(vectors), "<f2").reshape(len(vectors), -1)
    return found["text_sha256"].to_pylist(), whole.astype(np.float16, copy=False)


def keep_embeddings(path: Path, embedder: str, keys: Sequence[bytes], vectors: Float16) -> None:
    """Add vectors that the file does not have yet: all of them or, after an error or a kill, none.

    Parameters
    ----------
    embedder, keys : as in `read_embeddings`; vectors : (n_keys, n_dimensions) float16.
    """
    if vectors.shape[0] != len(keys) or vectors.dtype != np.float16:
        raise ValueError(
            f"{len(keys)} texts need as many float16 vectors; got {vectors.dtype} {vectors.shape}."
        )
    rows = pa.table(
        {
            "embedder": pa.repeat(pa.scalar(embedder, pa.string()), len(keys)),
            "text_sha256": pa.array(keys, pa.binary()),
            "vector": pa.array([v.tobytes() for v in vectors.astype("<f2", copy=False)], pa.binary()),
        }
    )
    with writing(path) as con:
        con.register("incoming", rows)
        con.execute(_ADD)
        con.unregister("incoming")
