"""What a report shows by log-probabilities: passages of a teacher's answers that the student alone expected.

They are for looking at and carry no weight (docs/detectors/surprise.md). Leaves out how passages are chosen
(`detectors/surprise.py`) and how they look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from auditor import scored
from auditor.case import Case, null_for
from auditor.config import CompareConfig
from auditor.likelihood import NO_SCORES
from auditor.references import References
from auditor.report import Exhibit, Finding
from auditor.score_files import files_of
from auditor.score_texts import Text, in_panel
from detectors.registry import SHOWN
from detectors.scored_view import ScoredView
from detectors.scores import TextId
from detectors.surprise import Surprise, SurprisingSpan, Uptake
from detectors.types import Skipped

NO_WEIGHT = (
    "Context, no weight: the mean over the {n} surprising passages of the half of the probes from which "
    "nothing is shown. Models trained on the teacher's own corpus stand out as much."
)


class Shown(NamedTuple):
    """Exhibits of one teacher, the mean that stands beside them, and why there are none."""

    exhibits: tuple[Exhibit, ...] = ()
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def of(case: Case, config: CompareConfig, seen: ScoredView | None, teacher: str) -> Shown:
    """Look at the answers of the teacher that leads; `seen` is None without --scores."""
    detector = SHOWN["surprise"]
    if config.detectors and detector.name not in config.detectors:
        return Shown(skipped=(Skipped(detector.name, "not asked for (--detector)"),))
    if seen is None:
        return Shown(skipped=(Skipped(detector.name, NO_SCORES),))
    null = _null(case, seen, teacher)
    references = null.models
    base = seen.bases.get(case.student)
    try:
        found = detector.exhibits(seen.scores, case.student, teacher, references, base)
    except ValueError as error:
        found = Skipped(detector.name, f"towards {teacher}: {error}")
    if isinstance(found, Skipped):
        return Shown(skipped=(found,))
    texts = _texts(case, config, found.shown)
    return Shown(
        tuple(_exhibits(case, teacher, found.shown, texts)),
        (_finding(detector, teacher, found, null, len(_probes(seen, case.student, teacher)) // 2),),
    )


def _null(case: Case, seen: ScoredView, teacher: str) -> References:
    """Eligible references that scored the teacher's answers."""
    null = null_for(case, teacher)
    able = [i for i, m in enumerate(null.models) if _probes(seen, m, teacher)]
    return replace(
        null, models=tuple(null.models[i] for i in able), strata=tuple(null.strata[i] for i in able)
    )


def _probes(seen: ScoredView, scorer: str, teacher: str) -> set[str]:
    """Probes of which a model scored the teacher's answer."""
    scores = seen.by_scorer.get(scorer)
    return {t.probe for t in scores.texts if t.text_of == teacher} if scores else set()


def _texts(case: Case, config: CompareConfig, spans: Sequence[SurprisingSpan]) -> dict[TextId, Text]:
    """The texts of the spans, where the panel has them word for word as they were scored."""
    wanted = {span.text for span in spans}
    found: dict[TextId, Text] = {}
    for path in files_of(config.scores):
        recorded = scored.read(path)
        hashes = dict(zip(recorded.everything.texts, recorded.sha256, strict=True))
        if missing := wanted & set(hashes) - set(found):
            at_hand = {t.id: t for t in in_panel(case.panel, recorded.about.get("max_chars"))}
            found |= {id: at_hand[id] for id in missing if id in at_hand and at_hand[id].sha256 == hashes[id]}
        if wanted <= set(found):
            break
    return found


def _exhibits(
    case: Case, teacher: str, spans: Sequence[SurprisingSpan], texts: dict[TextId, Text]
) -> list[Exhibit]:
    """One exhibit a text, the student's largest advantage first."""
    place = {s: i for i, s in enumerate(case.view.subjects)}
    answers = dict(
        zip([p.id for p in case.view.probes], case.view.answers_of(place[case.student]), strict=True)
    )
    known = sorted((s for s in spans if s.text in texts), key=lambda s: (s.text, s.start))
    found = []
    for id, group in groupby(known, key=lambda s: s.text):
        mine, text = list(group), texts[id]
        found.append(
            Exhibit(
                teacher=teacher,
                detector=Surprise.name,
                probe=id.probe,
                prompt=text.prompt,
                student_text=answers[id.probe] or "",
                teacher_text=text.text,
                student_spans=(),
                teacher_spans=tuple(_characters(text.text, s) for s in mine),
                weight=max(s.student - s.references for s in mine),
                logprobs=tuple((s.teacher, s.student, s.base, s.references) for s in mine),
            )
        )
    return sorted(found, key=lambda e: -e.weight)


def _characters(text: str, span: SurprisingSpan) -> tuple[int, int]:
    """Characters that hold these bytes: a token may end within a character."""
    raw = text.encode()
    start = len(raw[: span.start].decode(errors="ignore"))
    end = len(raw[: span.end].decode(errors="replace"))
    return start, end


def _finding(detector: Surprise, teacher: str, found: Uptake, null: References, n_probes: int) -> Finding:
    """The mean of the other half, as context: no p-value that a reader could weigh."""
    return Finding(
        teacher=teacher,
        detector=detector.name,
        statistic="uptake",
        channel=str(detector.channel),
        unit="nats above the references' mean",
        value=found.uptake,
        interval=None,
        z=None,
        p_rank=None,
        p_floor=None,
        p_t=None,
        p_t_family_range=None,
        p_t_decoy_range=None,
        n_probes=n_probes,
        in_joint=False,
        reference_models=null.models,
        reference_values=found.of_references,
        reference_strata=null.strata,
        caveats=(NO_WEIGHT.format(n=found.n_spans),),
    )
