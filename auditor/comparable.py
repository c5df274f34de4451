"""Whether a student's answers can be compared with the panel's at all.

Every statistic is a contrast: how much more a model resembles a teacher than it resembles other teachers.
A student that resembles nobody (another language, another script, a refusal to every question) has a
contrast of about 0 towards everyone, which lies above innocents that resemble others more. Leaves out
what a contrast says.
"""

from __future__ import annotations

import numpy as np

from auditor.references import References
from auditor.weigh import Scene
from detectors.combine import CHANNELS

# Below this share of what the least alike reference has in common with the decoys, in every channel.
LEAST_SHARE = 0.5


def unlike_all(scene: Scene, teacher: str, null: References) -> bool:
    """Whether the student has far less in common with the decoy teachers than any reference has."""
    channels = [c for c in CHANNELS if c in scene.means]
    rows = scene.rows(null.models)
    if not channels or not len(rows):
        return False
    decoys = scene.columns.decoys_for(scene.models.index(teacher), scene.student)[scene.student]
    if not decoys.any():
        return False
    for channel in channels:
        common = np.nanmean(scene.means[channel][:, decoys], axis=1)
        if not common[scene.student] < LEAST_SHARE * np.nanmin(common[rows]):
            return False
    return True
