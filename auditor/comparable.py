"""Whether a student's answers can be compared with the panel's at all.

Every statistic is a contrast: how much more a model resembles a teacher than it resembles other teachers.
A student that resembles nobody (another language, another script, a refusal to every question) has a
contrast of about 0 towards everyone, which lies above innocents that resemble others more. And an opening
that a harness or a system prompt put there is nobody's habit, yet resembles whoever likes it. Leaves out
what a contrast says.
"""

from __future__ import annotations

import warnings
from collections import Counter

import numpy as np

from auditor.panel import normalised
from auditor.references import References
from auditor.scenes import Scene
from detectors.types import PanelView

# Below this share of what the least alike reference has in common with the decoys, in wording.
LEAST_SHARE = 0.5
WORDING = ("wording", "cosine")
# From this share of the answers on, one beginning (so many words) or the prompt's own (so many characters) is
# a template. On real answers: docs/measurements/false_accusations.py.
TEMPLATE_SHARE, TEMPLATE_WORDS, PROMPT_CHARACTERS = 0.5, 5, 30


def unlike_all(scene: Scene, teacher: str, null: References) -> bool:
    """Whether the student has far less in common with the decoy teachers than any reference has."""
    rows = scene.rows(null.models)
    if WORDING not in scene.means or not len(rows):
        return False
    decoys = scene.columns.decoys_for(scene.models.index(teacher), scene.student)[scene.student]
    if not decoys.any():
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # shipped innocents have no wording here
        common = np.nanmean(scene.means[WORDING][:, decoys], axis=1)
        least = scene.fixed.least_common if scene.fixed else np.nanmin(common[rows])
    return bool(common[scene.student] < LEAST_SHARE * least)


def templated(view: PanelView, student: str) -> bool:
    """Whether most of the student's answers begin with the same words, or with the prompt."""
    answers = view.answers_of(view.subjects.index(student))
    given = [(p.prompt, text) for p, text in zip(view.probes, answers, strict=True) if text is not None]
    if not given:
        return False
    cut = [tuple(text.split(maxsplit=TEMPLATE_WORDS)[:TEMPLATE_WORDS]) for _, text in given]
    beginnings = Counter(words for words in cut if len(words) == TEMPLATE_WORDS)
    same = max(beginnings.values(), default=0)
    echoes = sum(
        normalised(text[: 2 * PROMPT_CHARACTERS]).startswith(normalised(prompt)[:PROMPT_CHARACTERS])
        for prompt, text in given
        if prompt.strip()
    )
    return max(same, echoes) >= TEMPLATE_SHARE * len(given)
