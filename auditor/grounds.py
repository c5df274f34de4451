"""What one teacher is judged on: a scene, references and a calibration, the panel's own or shipped ones.

Leaves out the judging (`weigh.py`, `decision.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditor import borrowed, ratio, weigh
from auditor.borrowed import ShippedNull
from auditor.calibration import Calibration
from auditor.case import Case, null_for
from auditor.config import CompareConfig
from auditor.references import INNOCENT_STRATUM, References
from auditor.scenes import Scene, scene_of
from auditor.thresholds import MIN_DECOY_PROVIDERS, MIN_DECOYS, MIN_INNOCENTS, MIN_REFERENCES
from detectors.types import Measurement


@dataclass(frozen=True)
class Grounds:
    """`shipped` is the shipped null where it stands in for references of the panel, else None."""

    scene: Scene
    null: References
    calibration: Calibration | None
    shipped: ShippedNull | None = None


def grounds_for(case: Case, measurements: Sequence[Measurement], config: CompareConfig) -> dict[str, Grounds]:
    """Grounds for every teacher; the shipped null only where the panel's own references are too few."""
    scene = scene_of(case, measurements, config)
    own = ratio.calibration_for(case, config)
    found = {t: Grounds(scene, weigh.with_decoys(scene, t, null_for(case, t)), own) for t in case.teachers}
    lacking = [t for t in case.teachers if too_few(found[t].null) and enough_decoys(scene, t)]
    null = borrowed.null_for(case) if lacking else None
    if null is None:
        return found
    wider, references = borrowed.scene_with(scene, null)
    small = ratio.calibration_for(case, config, borrowed.CALIBRATION)
    for teacher in lacking:
        left_out = replace(references, excluded=found[teacher].null.excluded)
        found[teacher] = Grounds(wider, left_out, small, null)
    return found


def too_few(null: References) -> bool:
    """Whether the references cannot carry a verdict."""
    innocents = sum(s == INNOCENT_STRATUM for s in null.strata)
    return len(null.models) < MIN_REFERENCES or innocents < MIN_INNOCENTS


def enough_decoys(scene: Scene, teacher: str) -> bool:
    """Whether the student has as many decoys as the shipped innocents were measured with, about."""
    used = scene.columns.decoys_for(scene.models.index(teacher), scene.student)[scene.student]
    providers = np.unique(scene.columns.provider[used].astype(str))
    return int(used.sum()) >= MIN_DECOYS and len(providers) >= MIN_DECOY_PROVIDERS
