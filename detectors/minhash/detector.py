"""`minhash`: how many word 3-grams two answers share, read off signatures: probe by probe and across probes.

Jaccard similarity and containment by MinHash (Broder 1997, "On the resemblance and containment of
documents"): the share of equal minima estimates the first without bias, and with both numbers of shingles
gives the second. Leaves out what makes a shingle rare on its prompt (`wording.py`), exact counts (`exact.py`)
and candidates among millions (`join.py`). numba is loaded when the first panel is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from detectors.types import Access, Bool, Channel, Float32, Float64, Measurement, PanelView

Hashes = NDArray[np.uint32]
Int64 = NDArray[np.int64]

# Probes that are signed together: bounds the memory, changes no value.
BLOCK = 25


@dataclass(frozen=True)
class MinHashOverlap:
    """Overlap of answers from signatures.

    Parameters
    ----------
    k, shingle, n, scheme : of the signatures (`signatures.MinHash`).
    across : minima of a signature that are looked up in the teacher's answers to other probes, at most k.
    device : "cpu" or "cuda", where the signatures are made; the same bits.
    """

    k: int = 128
    shingle: str = "words"
    n: int = 3
    scheme: str = "fss"
    across: int = 32
    device: str = "cpu"

    name = "minhash"
    channel = Channel.WORDING
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """Nothing: text is enough."""
        return ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistics `jaccard` and `containment`, in [0, 1], `across`, in nats; see `Detector.measure`."""
        if not 1 <= self.across <= self.k:
            raise ValueError(f"across must be 1 to k = {self.k}, got {self.across}.")
        columns = np.array(teachers, dtype=np.int64)
        n_subjects, n_probes = len(panel.subjects), len(panel.probes)
        answered = np.asarray(panel.texts.is_valid(), dtype=bool).reshape(n_probes, n_subjects)
        jaccard, containment = np.full((2, n_probes, n_subjects, len(columns)), np.nan, dtype=np.float32)
        minima = np.empty((n_probes, n_subjects, self.across), dtype=np.uint32)
        for probe, signed, sizes in self._signed(panel):
            minima[probe] = signed[:, : self.across]
            jaccard[probe], containment[probe] = overlap(signed, sizes, columns)
        both = answered[:, :, None] & answered[:, None, columns]
        for values in (jaccard, containment):
            values[~both] = np.nan
        found = {
            "jaccard": ("Jaccard similarity", jaccard),
            "containment": ("share of the teacher's shingles", containment),
            "across": ("nats", across_probes(minima, answered, columns)),
        }
        return tuple(
            Measurement(
                self.name,
                statistic,
                self.channel,
                unit,
                np.ascontiguousarray(values.transpose(1, 2, 0)),
                asdict(self),
            )
            for statistic, (unit, values) in found.items()
        )

    def _signed(self, panel: PanelView) -> Iterator[tuple[int, Hashes, Int64]]:
        """Yield (probe, (n_subjects, k) signatures, (n_subjects,) different shingles)."""
        from detectors.minhash.exact import shingle_sets
        from detectors.minhash.signatures import MinHash

        n_subjects = len(panel.subjects)
        # One thread: on a large panel the detectors share the cores among themselves.
        family = MinHash(self.k, self.shingle, self.n, self.scheme, threads=1, device=self.device)
        for first in range(0, len(panel.probes), BLOCK):
            texts: pa.LargeStringArray = panel.texts.slice(first * n_subjects, BLOCK * n_subjects)
            signed = family.signatures(texts).reshape(-1, n_subjects, self.k)
            sizes = shingle_sets(texts, self.shingle, self.n, threads=1).sizes.reshape(-1, n_subjects)
            for probe in range(len(signed)):
                yield first + probe, signed[probe], sizes[probe]


def overlap(signed: Hashes, sizes: Int64, teachers: Int64) -> tuple[Float32, Float64]:
    """Jaccard similarity of every answer to each teacher's, and the share of the teacher's shingles it has.

    Parameters
    ----------
    signed : (n_subjects, k) uint32 signatures. sizes : (n_subjects,) int64 different shingles.
    teachers : (n_teachers,) int64 indices among the subjects.

    Returns
    -------
    two (n_subjects, n_teachers) arrays; 0 where an answer is too short to hold a shingle.
    """
    from detectors.minhash.estimates import containment, jaccard

    shape = len(signed), len(teachers)
    subject, teacher = np.repeat(np.arange(shape[0]), shape[1]), np.tile(teachers, shape[0])
    alike = jaccard(signed, signed, (subject, teacher))
    held = containment(alike, sizes[teacher], sizes[subject])
    return np.nan_to_num(alike).reshape(shape), np.nan_to_num(held).reshape(shape)


def across_probes(minima: Hashes, answered: Bool, teachers: Int64) -> Float32:
    """Mean Jaccard similarity to a teacher's answers to *other* probes, each shingle weighted by its rarity.

    A minimum that the teacher has at the same place counts with ln((1 + n) / (1 + held)), `held` of the n
    teachers having it there in any answer: what all assistants say whatever they are asked weighs nothing.

    Parameters
    ----------
    minima : (n_probes, n_subjects, k) uint32. answered : (n_probes, n_subjects).
    teachers : (n_teachers,) int64 indices among the subjects.

    Returns
    -------
    (n_probes, n_subjects, n_teachers) float32; NaN where the subject gave no answer or the teacher none to
    another probe.
    """
    from detectors.minhash.arithmetic import EMPTY

    n_probes, n_subjects, k = minima.shape
    total = np.zeros((n_probes, n_subjects, len(teachers)), dtype=np.float32)
    column = np.tile(np.arange(len(teachers)), n_probes)
    for place in range(k):
        subject, teacher = minima[:, :, place], minima[:, teachers, place]
        values, number = np.unique(teacher, return_inverse=True)
        uses = np.zeros((len(values) + 1, len(teachers)), dtype=np.float32)
        np.add.at(uses, (number.ravel(), column), 1)
        uses[:-1][values == EMPTY] = 0
        weight = np.log((1 + len(teachers)) / (1 + (uses > 0).sum(axis=1))).astype(np.float32)
        at = np.searchsorted(values, subject)
        at[values[np.minimum(at, len(values) - 1)] != subject] = len(values)
        same = (subject[:, :, None] == teacher[:, None, :]) & (subject != EMPTY)[:, :, None]
        total += (uses[at] - same) * weight[at][:, :, None]
    others = answered[:, teachers].sum(axis=0) - answered[:, teachers]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(others > 0, total.swapaxes(0, 1) / (k * others), np.nan).swapaxes(0, 1)
    found[~answered] = np.nan
    return found.astype(np.float32)
