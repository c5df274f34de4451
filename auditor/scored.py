"""The file that `audit score` writes: what one model gave to texts, a row each (Parquet).

Everything that changes a number is in the file's metadata: hashes of weights and tokenizer, chat template,
kind of number. A file of another version, cut off, or with numbers that are no log-probabilities is refused.
The texts themselves are not in it, only their hashes. Leaves out scoring (`auditor/score.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from auditor.errors import AuditError, IncompleteError
from auditor.whole import whole
from detectors.scores import Scores, TextId

KEY = b"distill-audit-scores"
VERSION = 1
SCHEMA = pa.schema(
    [
        pa.field("text_of", pa.string()),
        pa.field("probe", pa.string()),
        pa.field("sample", pa.int32()),
        pa.field("sha256", pa.string()),
        pa.field("n_bytes", pa.int64()),
        pa.field("skipped", pa.string()),
        pa.field("ends", pa.list_(pa.int64())),
        pa.field("logprobs", pa.list_(pa.float32())),
    ]
)
_ROUNDING = 1e-4  # what a log-probability may exceed 0 by
_AGAIN = "Score again into another file."


@dataclass(frozen=True)
class Scored:
    """Texts that one model scored, or found it could not.

    Attributes
    ----------
    about : {"scorer", "max_chars", "base", "model"}: who scored, at how many characters texts were cut
        (None = not), whether a chat template was left out on purpose, and `LocalModel.about()`.
    everything : its scores; a text that could not be scored has no tokens.
    sha256 : (n_texts,) SHA-256, hex, of the prompt, a zero byte and the text, as they were scored.
    n_bytes : (n_texts,) int64, length of the text. skipped : (n_texts,) why it has no tokens, "" = it was
        scored.
    """

    about: dict[str, Any]
    everything: Scores
    sha256: tuple[str, ...]
    n_bytes: NDArray[np.int64]
    skipped: tuple[str, ...]

    @property
    def scores(self) -> Scores:
        """The texts that were scored."""
        every, lengths = self.everything, np.diff(self.everything.starts)
        texts = tuple(text for text, n in zip(every.texts, lengths, strict=True) if n)
        starts = np.concatenate([[0], np.cumsum(lengths[lengths > 0], dtype=np.int64)])
        return Scores(every.scorer, texts, starts.astype(np.int64), every.ends, every.logprobs)

    @property
    def n_cut(self) -> int:
        """Texts of which the model could see only the beginning."""
        every, lengths = self.everything, np.diff(self.everything.starts)
        last = every.ends[every.starts[1:][lengths > 0] - 1]
        return int((last < self.n_bytes[lengths > 0]).sum())


def joined(parts: Sequence[Scored]) -> Scored:
    """Parts of one file, at least one, put together."""
    first = parts[0]
    tokens = [np.diff(part.everything.starts) for part in parts]
    scores = Scores(
        first.everything.scorer,
        tuple(text for part in parts for text in part.everything.texts),
        np.concatenate([[0], np.cumsum(np.concatenate(tokens))]).astype(np.int64),
        np.concatenate([part.everything.ends for part in parts]),
        np.concatenate([part.everything.logprobs for part in parts]),
    )
    return Scored(
        first.about,
        scores,
        tuple(value for part in parts for value in part.sha256),
        np.concatenate([part.n_bytes for part in parts]),
        tuple(value for part in parts for value in part.skipped),
    )


def write(scored: Scored, path: Path) -> None:
    """Write the file; it appears whole or not at all."""
    every = scored.everything
    starts = pa.array(every.starts, pa.int32())
    columns = [
        pa.array([text.text_of for text in every.texts], pa.string()),
        pa.array([text.probe for text in every.texts], pa.string()),
        pa.array([text.sample for text in every.texts], pa.int32()),
        pa.array(scored.sha256, pa.string()),
        pa.array(scored.n_bytes, pa.int64()),
        pa.array(scored.skipped, pa.string()),
        pa.ListArray.from_arrays(starts, pa.array(every.ends, pa.int64())),
        pa.ListArray.from_arrays(starts, pa.array(every.logprobs, pa.float32(), from_pandas=False)),
    ]
    about = json.dumps({"version": VERSION, **scored.about}).encode()
    table = pa.Table.from_arrays(columns, schema=SCHEMA).replace_schema_metadata({KEY: about})
    try:
        with whole(path) as partial:
            pq.write_table(table, partial, compression="zstd")
    except OSError as error:
        raise IncompleteError(
            f"Could not write {str(path)!r}: {error.strerror or error}. Make room, and run the same command"
            " again."
        ) from error


def read(path: Path) -> Scored:
    """Read the file back.

    Raises
    ------
    AuditError : no such file, not ours, another version, cut off, or its numbers do not make sense.
    """
    if not path.is_file():
        raise AuditError(f"{path}: no such file. Make it with 'audit score'.")
    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise AuditError(
            f"{path}: not readable as Parquet ({str(error).splitlines()[0]}). It may be cut off. {_AGAIN}"
        ) from error
    about = _about(path, table.schema.metadata or {})
    if not table.schema.remove_metadata().equals(SCHEMA):
        wrong = [
            f.name for f in SCHEMA if f.name not in table.schema.names or table.schema.field(f.name) != f
        ]
        raise AuditError(
            f"{path}: not the columns of recorded scores; expected {', '.join(SCHEMA.names)}, got "
            f"{', '.join(table.schema.names)} (wrong: {', '.join(wrong) or 'their number'}). {_AGAIN}"
        )
    table = table.combine_chunks()
    _check_nulls(path, table)
    ends, logprobs = _flat(table["ends"]), _flat(table["logprobs"])
    if not np.array_equal(ends[0], logprobs[0]):
        raise AuditError(f"{path}: a text has not as many byte ends as log-probabilities. {_AGAIN}")
    names = zip(*(table[c].to_pylist() for c in ("text_of", "probe", "sample")), strict=True)
    texts = tuple(TextId(*name) for name in names)
    scores = Scores(about["scorer"], texts, ends[0], ends[1], logprobs[1])
    found = Scored(
        about,
        scores,
        tuple(table["sha256"].to_pylist()),
        table["n_bytes"].to_numpy(),
        tuple(table["skipped"].to_pylist()),
    )
    _check(path, found)
    return found


def check_same_texts(files: Sequence[tuple[Path, Scored]]) -> None:
    """Refuse files in which one name (author, probe, sample) stands for different texts or prompts."""
    known: dict[TextId, tuple[str, Path]] = {}
    for path, scored in files:
        for text, sha256 in zip(scored.everything.texts, scored.sha256, strict=True):
            other, where = known.setdefault(text, (sha256, path))
            if other != sha256:
                raise AuditError(
                    f"{where} and {path} hold scores of different texts under one name (sample {text.sample}"
                    f" of {text.text_of} on probe {text.probe}). Score both models on the same panel, with"
                    " the same --max-chars."
                )


def _about(path: Path, metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """What the metadata says, without the version."""
    if KEY not in metadata:
        raise AuditError(
            f"{path}: not a file of scores that 'audit score' wrote. Make one with 'audit score'."
        )
    try:
        about = json.loads(metadata[KEY])
        version = about.pop("version")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise AuditError(f"{path}: its metadata is damaged. {_AGAIN}") from None
    if version != VERSION:
        raise AuditError(
            f"{path}: scores of version {version!r}; this version of distill-audit reads version {VERSION}."
            " Read it with the version that wrote it, or score again into another file."
        )
    if not isinstance(about.get("scorer"), str) or not isinstance(about.get("model"), dict):
        raise AuditError(f"{path}: its metadata does not say which model scored. {_AGAIN}")
    return about  # type: ignore[no-any-return]


def _check_nulls(path: Path, table: pa.Table) -> None:
    for name in SCHEMA.names:
        values = table[name]
        inner = values.combine_chunks().flatten().null_count if pa.types.is_list(values.type) else 0
        if values.null_count or inner:
            raise AuditError(f"{path}: column {name!r} has gaps (null). {_AGAIN}")


def _flat(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], Any]:
    """Where each row's values start, and all values."""
    lists = column.combine_chunks()
    offsets = lists.offsets.to_numpy().astype(np.int64)
    return offsets - offsets[0], lists.flatten().to_numpy(zero_copy_only=False)


def _check(path: Path, scored: Scored) -> None:
    """Refuse numbers that cannot be what they are said to be."""
    every = scored.everything
    if len(set(every.texts)) < len(every.texts):
        raise AuditError(f"{path}: a text is in it twice. {_AGAIN}")
    lengths = np.diff(every.starts)
    skipped = np.array([bool(why) for why in scored.skipped], bool)
    if ((lengths == 0) != skipped).any():
        raise AuditError(f"{path}: a text has neither scores nor a reason why not, or both. {_AGAIN}")
    firsts = np.zeros(len(every.ends), bool)
    firsts[every.starts[:-1][lengths > 0]] = True
    falls = np.diff(every.ends, prepend=0) < 0
    beyond = every.ends > np.repeat(scored.n_bytes, lengths)
    if (falls & ~firsts).any() or beyond.any() or (every.ends < 0).any():
        raise AuditError(
            f"{path}: byte ends of tokens must rise within a text, from 0 to its length. {_AGAIN}"
        )
    unknown = np.isnan(every.logprobs)
    if (
        (unknown & ~firsts).any()
        or (every.logprobs[~unknown] > _ROUNDING).any()
        or np.isinf(every.logprobs).any()
    ):
        raise AuditError(
            f"{path}: log-probabilities must be finite and at most 0; NaN (unknown) may stand only for a"
            f" text's first token. {_AGAIN}"
        )
