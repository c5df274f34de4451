"""`Panel`: subjects by probes, and their responses in Arrow.

Leaves out roles and lineage, and how recordings become a panel (`assembly`).
"""

from __future__ import annotations

import difflib
import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from auditor.errors import AuditError
from auditor.panel.probes import normalised
from auditor.panel.texts import gather
from detectors.types import PanelView, Probe

RESPONSES = pa.schema(
    [
        pa.field("subject", pa.int32()),
        pa.field("probe", pa.int32()),
        pa.field("sample", pa.int32()),
        pa.field("text", pa.large_string()),
    ]
)
_NOTHING = [pa.array([], pa.large_string())]


@dataclass(frozen=True)
class Panel:
    """What every model answered.

    Attributes
    ----------
    subjects : names of the models.
    probes : the prompts.
    responses : `RESPONSES`, sorted by probe, subject, sample, one chunk; subject and probe are indices; text
        is null where a model was asked and gave nothing. What was never asked has no row.
    notes : what was left out, repaired or merged, as sentences for the user.
    files : path -> SHA-256 hex of the files it comes from.
    """

    subjects: tuple[str, ...]
    probes: tuple[Probe, ...]
    responses: pa.Table
    notes: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)

    @property
    def n_samples(self) -> int:
        """Largest number of samples of any model on any probe."""
        return int(self._column("sample").max(initial=-1)) + 1

    def view(
        self,
        sample: int = 0,
        subjects: Sequence[str] | None = None,
        groups: Mapping[str, str] | None = None,
    ) -> PanelView:
        """One response per subject and probe, as detectors want it.

        `groups` : subject -> group of sibling checkpoints; a subject that is not in it is its own group.
        """
        names = self.subjects if subjects is None else tuple(subjects)
        slots = self._slots(names)
        slot = slots[self._column("subject")]
        rows = np.flatnonzero((self._column("sample") == sample) & (slot >= 0))
        source = np.full(len(names) * len(self.probes), -1, np.int64)
        source[self._column("probe")[rows].astype(np.int64) * len(names) + slot[rows]] = rows
        groups = groups or {}
        return PanelView(names, tuple(groups.get(n, n) for n in names), self.probes, self._texts_at(source))

    def coverage(self) -> dict[str, float]:
        """Share of the probes that each subject answered, with any sample."""
        answered = self.responses["text"].is_valid().to_numpy()
        subject, probe = self._column("subject")[answered], self._column("probe")[answered]
        pairs = np.unique(subject.astype(np.int64) * max(len(self.probes), 1) + probe)
        counts = np.bincount(pairs // max(len(self.probes), 1), minlength=len(self.subjects))
        return {n: float(c) / max(len(self.probes), 1) for n, c in zip(self.subjects, counts, strict=True)}

    def select(self, subjects: Sequence[str] | None = None, probes: Sequence[str] | None = None) -> Panel:
        """Panel with only these subjects and probes (by id), in the order given."""
        names = self.subjects if subjects is None else tuple(subjects)
        by_id = {probe.id: at for at, probe in enumerate(self.probes)}
        chosen = list(by_id) if probes is None else list(dict.fromkeys(probes))
        unknown = [p for p in chosen if p not in by_id]
        if unknown:
            raise AuditError(
                f"No probe {unknown[0]!r} in the panel, which has {len(by_id)}. Allowed are the ids of its "
                f"probes (16 hexadecimal digits), e.g. {next(iter(by_id), '(none)')}."
            )
        places = np.full(len(self.probes), -1, np.int32)
        places[[by_id[p] for p in chosen]] = np.arange(len(chosen))
        subject, probe = self._slots(names)[self._column("subject")], places[self._column("probe")]
        kept = np.flatnonzero((subject >= 0) & (probe >= 0))
        order = kept[np.lexsort((self._column("sample")[kept], subject[kept], probe[kept]))]
        rows = self.responses.take(pa.array(order))
        columns = [pa.array(subject[order]), pa.array(probe[order]), rows["sample"], rows["text"]]
        table = pa.Table.from_arrays(columns, schema=RESPONSES).combine_chunks()
        return Panel(names, tuple(self.probes[by_id[p]] for p in chosen), table, self.notes, self.files)

    def content_hash(self) -> str:
        """SHA-256 over subjects, probes and every answer; order and empty answers do not matter.

        Hashed are the JSON list [sorted subjects, `probes_hash`], then for each answer, sorted by subject
        name, probe id and sample: ranks of subject and probe, sample and byte length (four little-endian
        int64), and the UTF-8 text.
        """
        names, name_rank = _ranks(self.subjects)
        _, probe_rank = _ranks([probe.id for probe in self.probes])
        rows = np.flatnonzero(self.responses["text"].is_valid().to_numpy())
        subject, probe = name_rank[self._column("subject")[rows]], probe_rank[self._column("probe")[rows]]
        sample = self._column("sample")[rows]
        order = np.lexsort((sample, probe, subject))
        digest = hashlib.sha256(json.dumps([names, self.probes_hash()]).encode())
        data, offsets = self._buffers()
        keys = zip(subject[order], probe[order], sample[order], rows[order], strict=True)
        for s, p, number, row in keys:
            start, end = int(offsets[row]), int(offsets[row + 1])
            digest.update(struct.pack("<qqqq", s, p, number, end - start))
            digest.update(data[start:end])
        return digest.hexdigest()

    def probes_hash(self) -> str:
        """SHA-256 over the JSON list of [id, normalised prompt], sorted by id; order does not matter."""
        listed = sorted([probe.id, normalised(probe.prompt)] for probe in self.probes)
        return hashlib.sha256(json.dumps(listed).encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Write a panel Parquet that `Panel.read` and `auditor.readers` both read."""
        from auditor.panel.stored import write

        write(self, path)

    @staticmethod
    def read(path: Path) -> Panel:
        """Read a panel that `write` wrote."""
        from auditor.panel.stored import read

        return read(path)

    def _column(self, name: str) -> NDArray[np.int32]:
        column: NDArray[np.int32] = self.responses[name].to_numpy()
        return column

    def _slots(self, names: Sequence[str]) -> NDArray[np.int32]:
        """New index of each subject, -1 where it is left out."""
        place = {name: at for at, name in enumerate(self.subjects)}
        slots = np.full(len(self.subjects), -1, np.int32)
        for at, name in enumerate(names):
            if name not in place:
                raise unknown_subject(name, self.subjects)
            slots[place[name]] = at
        return slots

    def _texts_at(self, rows: NDArray[np.int64]) -> pa.LargeStringArray:
        """Texts of these rows (-1 = null); no copy when they are all rows in order."""
        texts = _one_chunk(self.responses["text"])
        if not len(texts):
            return pa.nulls(len(rows), pa.large_string())
        valid = texts.is_valid().to_numpy(zero_copy_only=False)
        if len(rows) == len(texts) and bool((rows == np.arange(len(rows))).all()):
            return texts
        return gather(self.responses["text"], np.maximum(rows, 0), (rows < 0) | ~valid[rows])

    def _buffers(self) -> tuple[memoryview, NDArray[np.int64]]:
        """UTF-8 bytes of all texts, and where each starts."""
        texts = _one_chunk(self.responses["text"])
        _, offsets, data = texts.buffers()
        starts = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        return memoryview(data or b""), starts


def unknown_subject(name: str, subjects: Sequence[str]) -> AuditError:
    """Error for a model that is not in the panel, with the names it may have meant."""
    near = difflib.get_close_matches(name, subjects, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"It has e.g. {', '.join(subjects[:3])}."
    return AuditError(f"No model {name!r} in the panel, which has {len(subjects)} models. {hint}")


def _one_chunk(column: pa.ChunkedArray) -> pa.LargeStringArray:
    """The texts as one array; `combine_chunks` would copy even a single chunk."""
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or _NOTHING)


def _ranks(names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Names sorted, and the rank of each."""
    ordered = sorted(names)
    place = {name: at for at, name in enumerate(ordered)}
    return ordered, np.array([place[name] for name in names], np.int64)
