"""Choose the passages a report shows: shared by student and teacher, used by no other model of the panel.

Leaves out any weight in the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.report import Exhibit
from detectors.passages import Passage, shared_passages
from detectors.types import PanelView


def exhibits(
    view: PanelView, student: str, teachers: Sequence[tuple[str, tuple[str, ...]]], most: int
) -> tuple[Exhibit, ...]:
    """Exhibits for each (teacher, its siblings); siblings of the teacher are not held against it."""
    place = {s: i for i, s in enumerate(view.subjects)}
    mine = view.answers_of(place[student])
    found: list[Exhibit] = []
    for teacher, group in teachers:
        theirs = view.answers_of(place[teacher])
        apart = {place[m] for m in (student, teacher, *group)}

        def others(probe: int, apart: set[int] = apart) -> list[str | None]:
            return [text for i, text in enumerate(view.answers(probe)) if i not in apart]

        for passage in shared_passages(mine, theirs, others, most=most):
            found.append(_exhibit(view, teacher, passage, mine, theirs))
    return tuple(found)


def _exhibit(
    view: PanelView, teacher: str, passage: Passage, mine: list[str | None], theirs: list[str | None]
) -> Exhibit:
    probe = view.probes[passage.probe]
    return Exhibit(
        teacher=teacher,
        detector="wording",
        probe=probe.id,
        prompt=probe.prompt,
        student_text=mine[passage.probe] or "",
        teacher_text=theirs[passage.probe] or "",
        student_spans=passage.student_spans,
        teacher_spans=passage.teacher_spans,
        weight=float(passage.words),
    )
