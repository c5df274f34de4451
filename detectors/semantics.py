"""`semantics`: whether a subject says what the teacher says, beyond what everyone says to that probe.

Cosine of sentence-embedding residuals: less the panel's mean answer to the probe, less the top principal
components ("All-but-the-Top": Mu & Viswanath 2018, section 2) and the direction in which answers move as
they grow longer. Leaves out loading a model (`auditor/embed.py`: anything that maps texts to vectors will
do) and exhibits: an embedding points at no passage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from detectors.types import Access, Bool, Channel, Float32, Float64, Measurement, PanelView

NEEDS = "needs: pip install 'distill-audit[semantics]'"
# Rows per call of the embedding model: bounds its memory, and it sees no more than this at once.
BATCH = 512
# A residual shorter than this (unit embeddings) is rounding error: the answer says nothing of its own.
SILENT = 1e-4


class Embedding(Protocol):
    """What turns texts into vectors. It must be picklable: panels are measured in worker processes."""

    @property
    def model(self) -> str:
        """Name and version or hash of the model, stored with every measurement."""
        ...

    def __call__(self, texts: Sequence[str]) -> Float32:
        """(n_texts, n_dimensions) float32; a text that holds nothing may be a zero vector."""
        ...


@dataclass(frozen=True)
class Semantics:
    """Cosine of sentence-embedding residuals.

    Parameters
    ----------
    embed : the embedding model; None = there is none, and `lacks` says what to install.
    components : how many principal components of the residuals are projected out.
    characters : answers are cut to this many characters first.
    """

    embed: Embedding | None = None
    components: int = 3
    characters: int = 1000

    name = "semantics"
    channel = Channel.MEANING
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """An embedding model, without the extra."""
        return "" if self.embed else NEEDS

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistic `residual_cosine`, in [-1, 1]; see `Detector.measure`."""
        if self.embed is None:
            raise ValueError(NEEDS)
        answered = panel.texts.is_valid().to_numpy(zero_copy_only=False)
        shape = (len(panel.probes), len(panel.subjects))
        vectors, length = embed_all(panel, self.embed, self.characters)
        residual = residuals(
            vectors.reshape(*shape, -1), length.reshape(shape), answered.reshape(shape), self.components
        )
        values = cosines(residual, answered.reshape(shape), teachers)
        params = {"model": self.embed.model, "components": self.components, "characters": self.characters}
        return (Measurement(self.name, "residual_cosine", self.channel, "cosine", values, params),)


def embed_all(panel: PanelView, embed: Embedding, characters: int) -> tuple[Float32, Float32]:
    """Unit embeddings of all answers, and their lengths.

    Returns
    -------
    vectors : (n_answers, n_dimensions) float32, L2 norm 1, or 0 where there is no answer or no meaning;
    length : (n_answers,) float32, ln(1 + characters), at most `characters`.
    """
    blocks, lengths = [], []
    for start in range(0, len(panel.texts), BATCH):
        texts = [(text or "")[:characters] for text in panel.texts.slice(start, BATCH).to_pylist()]
        vectors = np.nan_to_num(np.asarray(embed(texts), dtype=np.float32), posinf=0.0, neginf=0.0)
        blocks.append(unit(vectors))
        lengths.append(np.log1p(np.fromiter(map(len, texts), np.float32, len(texts))))
    if not blocks:
        return np.zeros((0, 1), np.float32), np.zeros(0, np.float32)
    return np.concatenate(blocks), np.concatenate(lengths)


def unit(vectors: Float32, silent: float = 0.0) -> Float32:
    """The same directions with L2 norm 1; a vector no longer than `silent` becomes 0."""
    norm = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Float32 = np.where(norm > silent, vectors / np.where(norm > silent, norm, 1), np.float32(0))
    return scaled


def residuals(vectors: Float32, length: Float32, answered: Bool, components: int) -> Float32:
    """What of each answer is its own.

    Every probe's mean over the subjects that answered is subtracted; then the span of the length direction
    and of the `components` top principal components of all residuals is projected out.

    Parameters
    ----------
    vectors : (n_probes, n_subjects, n_dimensions) float32, changed in place; length : (n_probes,
        n_subjects) float32; answered : (n_probes, n_subjects) bool.

    Returns
    -------
    (n_probes, n_subjects, n_dimensions) float32; 0 where there is no answer.
    """
    present = answered.astype(np.float32)[:, :, None]
    n = np.maximum(present.sum(axis=1, keepdims=True), 1)
    vectors -= (vectors * present).sum(axis=1, keepdims=True) / n
    vectors *= present
    longer = np.where(answered, length - (length * answered).sum(axis=1, keepdims=True) / n[:, :, 0], 0)
    flat = vectors.reshape(-1, vectors.shape[-1])
    common = shared_directions(flat, longer.ravel().astype(np.float32), components)
    flat -= (flat @ common) @ common.T
    return vectors


def shared_directions(flat: Float32, longer: Float32, components: int) -> Float32:
    """Orthonormal basis of the length direction and the top principal components.

    Parameters
    ----------
    flat : (n_answers, n_dimensions) float32 residuals; longer : (n_answers,) float32, ln(1 + characters)
        less the probe's mean.

    Returns
    -------
    (n_dimensions, k) float32, k <= components + 1; fewer where the residuals have no such direction.
    """
    enough = 1e-6 * max(len(flat), 1)
    strength, directions = np.linalg.eigh((flat.T @ flat).astype(np.float64))
    top = np.argsort(strength)[::-1][:components]
    along = (longer @ flat).astype(np.float64)
    reach = float(np.linalg.norm(along))
    spanning: list[Float64] = [directions[:, i] for i in top if strength[i] > SILENT * enough]
    spanning += [along / reach] if reach > enough else []
    if not spanning:
        return np.zeros((flat.shape[1], 0), np.float32)
    left, singular, _ = np.linalg.svd(np.stack(spanning, axis=1), full_matrices=False)
    return left[:, singular > 1e-6].astype(np.float32)


def cosines(residual: Float32, answered: Bool, teachers: tuple[int, ...]) -> Float32:
    """Cosine of every residual to each teacher's, probe by probe.

    Returns
    -------
    (n_subjects, n_teachers, n_probes) float32; NaN where either side gave no answer, 0 where an answer has
    nothing of its own.
    """
    columns = list(teachers)
    direction = unit(residual, SILENT)
    values: Float32 = np.einsum("jsd,jtd->stj", direction, direction[:, columns], optimize=True)
    both = answered[:, :, None] & answered[:, None, columns]
    return np.where(both.transpose(1, 2, 0), np.clip(values, -1, 1), np.float32(np.nan))
