"""Which recorded prompts are the same probe: by normalised text, or by the source's own id.

Leaves out fuzzy matching: two prompts that differ in a letter are two probes.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.errors import AuditError
from auditor.readers.text import stem_of
from auditor.recorded import Recorded
from detectors.types import Probe

_PLAIN_FORMATS = ("panel", "parquet", "jsonl", "json", "csv")


def normalised(prompt: str) -> str:
    """Prompt in Unicode NFC with white space collapsed and stripped; case is kept."""
    return " ".join(unicodedata.normalize("NFC", prompt).split())


def probe_id(key: str) -> str:
    """First 16 hex digits of the SHA-256 of a normalised prompt, or of a source's prompt id."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()[:16]


def label(recording: Recorded) -> str:
    """What to call a recording in messages: the first file it was read from."""
    return next(iter(recording.files), recording.format)


@dataclass(frozen=True)
class Asked:
    """Prompts of one recording: the distinct (id, text) pairs in order, and each row's pair.

    `of_row` : (n_rows,) int64, index into `pairs`.
    """

    recording: Recorded
    pairs: tuple[tuple[str | None, str | None], ...]
    of_row: NDArray[np.int64]

    @property
    def source(self) -> str:
        """Short name of where the prompts come from."""
        named = self.recording.format in _PLAIN_FORMATS and self.recording.files
        return stem_of(Path(next(iter(self.recording.files)))) if named else self.recording.format


@dataclass
class ProbeIndex:
    """Probes in order of first appearance, by the key they are matched on."""

    by_key: dict[tuple[str, str], int] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)

    def place(self, key: tuple[str, str], prompt: str | None, source: str) -> int:
        """Index of a probe, which is added when it is new."""
        if key not in self.by_key:
            self.by_key[key] = len(self.probes)
            self.probes.append(Probe(probe_id(key[1]), prompt or "", source=source))
        elif prompt and not self.probes[self.by_key[key]].prompt:
            old = self.probes[self.by_key[key]]
            self.probes[self.by_key[key]] = Probe(old.id, prompt, old.tags, old.source)
        return self.by_key[key]


def asked_in(recording: Recorded) -> Asked:
    """Distinct prompts of a recording, without looking at its rows one by one."""
    ids, id_values = _codes(recording.table["prompt_id"])
    texts, text_values = _codes(recording.table["prompt"])
    both = ids * (len(text_values) + 1) + texts
    _, first, inverse = np.unique(both, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    pairs = tuple(
        (id_values[ids[row]] if ids[row] >= 0 else None, text_values[texts[row]] if texts[row] >= 0 else None)
        for row in first[order]
    )
    return Asked(recording, pairs, rank[inverse.reshape(-1)])


def match_probes(
    asked: Sequence[Asked], match: str
) -> tuple[tuple[Probe, ...], list[NDArray[np.int32]], list[str]]:
    """Probes of all recordings, the probe of each row of each recording (int32), and notes."""
    index, rows, notes = ProbeIndex(), [], []
    texts = _texts_by_id(asked)
    for one in asked:
        by_id = 0
        places = np.empty(len(one.pairs), np.int32)
        for at, (source_id, prompt) in enumerate(one.pairs):
            key, only_id = _key(source_id, prompt, match, texts, one.recording)
            by_id += only_id
            source = one.source if source_id is None else f"{one.source}:{source_id}"
            places[at] = index.place(key, prompt, source)
        rows.append(places[one.of_row])
        if by_id and match == "auto":
            notes.append(
                f"{by_id} prompts of {label(one.recording)} have no text and were matched by their id."
            )
    return tuple(index.probes), rows, notes


def _key(
    source_id: str | None, prompt: str | None, match: str, texts: dict[str, set[str]], recording: Recorded
) -> tuple[tuple[str, str], bool]:
    """Key to match on, and whether only the id was there to go by."""
    text = normalised(prompt or "")
    if text and match != "id":
        return ("text", text), False
    lacking = "prompt text" if match == "text" else "prompt id" if match == "id" else "prompt text or id"
    if source_id is None or match == "text":
        raise AuditError(
            f"{label(recording)}: a response has no {lacking}, so its probe cannot be told "
            f"(prompt id {source_id!r}). Allowed ways to match are auto, text and id: choose another with "
            "--match, or name a file with the prompts with --prompts."
        )
    known = texts.get(source_id, set())
    if match == "auto" and len(known) == 1:
        return ("text", next(iter(known))), True
    return ("id", source_id), True


def _texts_by_id(asked: Sequence[Asked]) -> dict[str, set[str]]:
    texts: dict[str, set[str]] = defaultdict(set)
    for one in asked:
        for source_id, prompt in one.pairs:
            if source_id is not None and prompt and prompt.strip():
                texts[source_id].add(normalised(prompt))
    return texts


def _codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """Integer code of each row (-1 = null) and the values the codes stand for."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), encoded.dictionary.to_pylist()
