"""Choose what a report shows: beginnings and passages that student and teacher share and no other model has.

Leaves out any weight in the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.report import Exhibit
from detectors.passages import Passage, shared_passages
from detectors.shared_openings import Opening, shared_openings
from detectors.types import PanelView


def exhibits(
    view: PanelView, student: str, teachers: Sequence[tuple[str, tuple[str, ...]]], most: int
) -> tuple[Exhibit, ...]:
    """Exhibits for each (teacher, its siblings), `most` at most, openings before passages.

    Siblings of the teacher are not held against an exhibit; those of the student are.
    """
    place = {s: i for i, s in enumerate(view.subjects)}
    prompts = [probe.prompt for probe in view.probes]
    mine = view.answers_of(place[student])
    shown: list[Exhibit] = []
    for teacher, group in teachers:
        theirs = view.answers_of(place[teacher])
        apart = {place[m] for m in (student, teacher, *group)}

        def others(probe: int, apart: set[int] = apart) -> list[str | None]:
            return [text for i, text in enumerate(view.answers(probe)) if i not in apart]

        openings, passages = share_out(
            shared_openings(mine, theirs, prompts, others, most=most),
            # Twice as many as fit: some are on probes whose opening is shown.
            shared_passages(mine, theirs, others, most=2 * most),
            most,
        )
        shown += [_exhibit(view, teacher, "opening", o, o.weight, mine, theirs) for o in openings]
        shown += [_exhibit(view, teacher, "wording", p, float(p.words), mine, theirs) for p in passages]
    return tuple(shown)


def share_out(
    openings: Sequence[Opening], passages: Sequence[Passage], most: int
) -> tuple[list[Opening], list[Passage]]:
    """The first of both kinds, half each, more of one where the other is scarce; no probe twice."""
    kept = openings[: max((most + 1) // 2, most - len(passages))]
    seen = {o.probe for o in kept}
    return list(kept), [p for p in passages if p.probe not in seen][: most - len(kept)]


def _exhibit(
    view: PanelView,
    teacher: str,
    detector: str,
    found: Opening | Passage,
    weight: float,
    mine: Sequence[str | None],
    theirs: Sequence[str | None],
) -> Exhibit:
    probe = view.probes[found.probe]
    return Exhibit(
        teacher=teacher,
        detector=detector,
        probe=probe.id,
        prompt=probe.prompt,
        student_text=mine[found.probe] or "",
        teacher_text=theirs[found.probe] or "",
        student_spans=found.student_spans,
        teacher_spans=found.teacher_spans,
        weight=weight,
    )
