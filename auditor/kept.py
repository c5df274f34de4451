"""Embeddings kept in the evidence file from run to run: only texts that it lacks are embedded.

Leaves out the models (`embed.py`) and the table (`store/embeddings.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import monotonic

import numpy as np

from auditor import store
from auditor.embed import Identified
from auditor.store.embeddings import Float16
from detectors.semantics import BATCH, Semantics, embed_all
from detectors.types import Detector, Float32, PanelView

# New vectors are stored this often, so that a killed run loses little of a slow model's work.
KEEP_EVERY = 60.0  # seconds


def key_of(text: str) -> bytes:
    """SHA-256 (32 bytes) of a text exactly as it is embedded, under which its vector is kept."""
    return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True)
class Kept:
    """Vectors that were made before, in a folder that worker processes can map into memory.

    Parameters
    ----------
    model : the embedding model that made them.
    folder : holds `keys.npy`, (n, 32) uint8, the `key_of` each text, and `vectors.npy`, (n, n_dimensions)
        float16, in the same order.
    """

    model: str
    folder: str

    def __call__(self, texts: Sequence[str]) -> Float32:
        """(n_texts, n_dimensions) float32; only for texts that were kept."""
        found: Float32 = self._vectors[[self._places[key_of(t)] for t in texts]].astype(np.float32)
        return found

    @cached_property
    def _places(self) -> dict[bytes, int]:
        keys = np.load(Path(self.folder) / "keys.npy")
        return {key.tobytes(): place for place, key in enumerate(keys)}

    @cached_property
    def _vectors(self) -> Float16:
        vectors: Float16 = np.load(Path(self.folder) / "vectors.npy", mmap_mode="r")
        return vectors


def can_keep(detector: Detector) -> bool:
    """Whether the detector embeds texts, with a model that says what its vectors depend on."""
    return isinstance(detector, Semantics) and isinstance(detector.embed, Identified)


def with_kept(
    detector: Detector, views: Sequence[PanelView], evidence: Path | None, folder: Path
) -> Detector:
    """`semantics` with the vectors that `evidence` keeps; texts that it lacks are embedded and added first.

    Any detector that is not `can_keep` comes back as it is. Reads and writes the evidence file: only for the
    process that owns it.

    Parameters
    ----------
    views : all that will be measured; evidence : None = nothing is kept; folder : takes the vectors, and
        must outlive the measuring.
    """
    if evidence is None or not isinstance(detector, Semantics) or not isinstance(detector.embed, Identified):
        return detector
    model = detector.embed
    texts = texts_of(views, detector.characters)
    keys, vectors = store.read_embeddings(evidence, model.identity, list(texts))
    known = set(keys)
    new = {key: text for key, text in texts.items() if key not in known}
    blocks = [vectors] if keys else []
    blocks += _embedded(model, new, evidence)
    keys = [*keys, *new]
    np.save(folder / "keys.npy", np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 32))
    np.save(folder / "vectors.npy", np.concatenate(blocks) if blocks else vectors)
    return replace(detector, embed=Kept(model.model, str(folder)))


def _embedded(model: Identified, texts: dict[bytes, str], evidence: Path) -> list[Float16]:
    """(512, n_dimensions) float16 for every 512 texts, after they were stored."""
    keys = list(texts)
    blocks: list[Float16] = []
    stored, since = 0, monotonic()
    for start in range(0, len(keys), BATCH):
        blocks.append(model([texts[key] for key in keys[start : start + BATCH]]).astype(np.float16))
        if monotonic() - since >= KEEP_EVERY or start + BATCH >= len(keys):
            done = keys[stored * BATCH : len(blocks) * BATCH]
            store.keep_embeddings(evidence, model.identity, done, np.concatenate(blocks[stored:]))
            stored, since = len(blocks), monotonic()
    return blocks


class _Listening:
    """An embedding model that only notes the texts it is given."""

    model = "none"

    def __init__(self) -> None:
        self.texts: dict[bytes, str] = {}

    def __call__(self, texts: Sequence[str]) -> Float32:
        """(n_texts, 1) float32 zeros."""
        self.texts.update((key_of(text), text) for text in texts)
        return np.zeros((len(texts), 1), np.float32)


def texts_of(views: Sequence[PanelView], characters: int) -> dict[bytes, str]:
    """`key_of` -> text of everything that `semantics` embeds, exactly as it cuts it; each text once."""
    listening = _Listening()
    for view in views:
        embed_all(view, listening, characters)
    return listening.texts
