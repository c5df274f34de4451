"""Which teachers of one provider the answers cannot tell apart.

Leaves out teachers of different providers: between them the verdicts speak for themselves.
"""

from __future__ import annotations

import numpy as np

from auditor import weigh
from auditor.case import Case, later
from auditor.scenes import Scene


def tied(case: Case, scene: Scene, teacher: str) -> tuple[str, ...]:
    """Other teachers of the same provider that the data cannot tell from this one.

    A tie: same group, or the 95 % bootstrap interval of the difference between the two scores holds 0. A
    teacher that came after the student is tied with nobody.
    """
    if later(case, teacher):
        return ()
    others = [t for t in case.teachers if t != teacher and not later(case, t)]
    return tuple(other for other in others if _alike(case, scene, teacher, other))


def _alike(case: Case, scene: Scene, one: str, other: str) -> bool:
    if case.lineage.group(one) == case.lineage.group(other):
        return True
    if case.lineage.provider(one) != case.lineage.provider(other):
        return False
    difference = weigh.resampled_score(scene, one) - weigh.resampled_score(scene, other)
    if not len(difference):
        return False
    low, high = np.quantile(difference, (0.025, 0.975))
    return bool(low <= 0 <= high)
