"""`membership` on a teacher's served log: whether the student was trained on this set of its answers.

The owner brings the log and answers of the same kind that were held out; `audit score` records what student,
teacher and references give to both. Leaves out the test itself (`detectors/membership.py`), single examples,
and whether a file is what its owner says it is, beyond what the test refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor import likelihood
from auditor.case import Case, null_for
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.owner_evidence import Kind, Tested, by_teacher
from auditor.readers import ReadOptions
from auditor.report import Alternative, PairTest
from auditor.reports.numerals import number, p_value
from auditor.score_texts import HELD_OUT, SERVED, Text, of_file
from auditor.thresholds import MIN_REFERENCES, MODERATE_AT, UNUSUAL_AT
from detectors.membership import Membership
from detectors.scores import Scores, TextId, check
from detectors.types import ExactTest, Skipped

KIND = Kind("served-log", "By the served log", (("moderate", MODERATE_AT), ("weak", UNUSUAL_AT)))
RESTS_ON = (
    "held-out answers drawn from the same source as the log; references that cannot have seen the log; a t "
    "for how models differ"
)
FEW = "fewer than {n} references say how much models differ"
TOP = (
    "one kind of evidence whose power is not known, and the files are the owner's: nobody here can check "
    "where they come from"
)


Texts = tuple[tuple[TextId, ...], tuple[TextId, ...]]


def examine(case: Case, config: CompareConfig) -> list[Tested]:
    """Test every teacher whose log was given; refuses files that cannot be compared."""
    given = texts(case, config)
    if not given:
        return []
    if not config.scores:
        raise AuditError(
            "--served needs --scores: what student, teacher and references give to both files. Record them "
            f"with 'audit score MODEL --texts FILE --text-of {SERVED}' and '--text-of {HELD_OUT}'."
        )
    scores = likelihood.read(config.scores)
    for s in scores:
        try:
            check(s)
        except ValueError as error:
            raise AuditError(str(error)) from error
    return [_tested(case, teacher, pair, scores) for teacher, pair in given.items()]


def texts(case: Case, config: CompareConfig) -> dict[str, Texts]:
    """The log and the held-out answers, by teacher."""
    served = by_teacher(config.served, case, "--served")
    held_out = by_teacher(config.held_out, case, "--held-out")
    if lone := sorted(served.keys() ^ held_out.keys()):
        raise AuditError(
            f"--served and --held-out go together: {lone[0]} has one and not the other. Give answers that "
            "the student may have seen, and answers of the same kind that it cannot have seen."
        )
    return {teacher: _pair(served[teacher], held_out[teacher]) for teacher in served}


def _pair(served: Path, held_out: Path) -> Texts:
    """The texts of both files by name; what is in a file twice counts once."""
    options = ReadOptions()
    log, apart = (
        _distinct(of_file(p, options, None, n)) for p, n in ((served, SERVED), (held_out, HELD_OUT))
    )
    if both := log.keys() & apart.keys():
        raise AuditError(
            f"{len(both)} answers are both in {served} and in {held_out}. Nobody can have seen and not "
            "seen a text: take them out of one."
        )
    return tuple(t.id for t in log.values()), tuple(t.id for t in apart.values())


def _distinct(texts: Sequence[Text]) -> dict[str, Text]:
    """By their words; upper case and white space do not count."""
    found: dict[str, Text] = {}
    for text in texts:
        found.setdefault(" ".join(text.text.casefold().split()), text)
    return found


def _tested(case: Case, teacher: str, pair: Texts, scores: Sequence[Scores]) -> Tested:
    have = {s.scorer: set(s.texts) for s in scores}
    for ids, name in zip(pair, (SERVED, HELD_OUT), strict=True):
        for model in (case.student, teacher):
            if not have.get(model, set()) & set(ids):
                raise AuditError(
                    f"--scores hold nothing that {model} gave to the {len(ids)} texts of --{name}. Record it "
                    f"with 'audit score ... --texts FILE --text-of {name} --name {model}', the same FILE."
                )
    wanted = set(pair[0]), set(pair[1])
    references = [
        m for m in null_for(case, teacher).models if m in have and all(have[m] & ids for ids in wanted)
    ]
    needed = [s for s in scores if s.scorer in {case.student, teacher, *references}]
    result = Membership().test(needed, case.student, teacher, references, *pair)
    few = len(references) < MIN_REFERENCES
    cap, cap_reason = ("weak", FEW.format(n=MIN_REFERENCES)) if few else ("moderate", TOP)
    if isinstance(result, Skipped):
        why = ("not_measured", f"the log could not be compared: `membership` {result.reason}")
        return Tested(
            *(teacher, None, why, "", "insufficient", result.reason, len(references)),
            *(_alternatives(teacher), _steps(teacher, few)),
        )
    why = ("", "")
    if result.params["reversed"]:
        why = (
            "reversed",
            "the student favours the held-out answers far more than chance allows, so the two files may have "
            "been mixed up, or are not of one source",
        )
    return Tested(
        teacher,
        result.p,
        why,
        _said(case.student, teacher, result),
        cap,
        cap_reason,
        len(references),
        _alternatives(teacher),
        _steps(teacher, few),
        (_row(case.student, teacher, result, references),),
    )


def _said(student: str, teacher: str, result: ExactTest) -> str:
    """What was measured, in a sentence."""
    of = result.params
    others = of["z_of_references"]
    return (
        f"{student} finds the {of['suspect']} answers of the log likelier than the {of['held_out']} held-out "
        f"ones by {number(of['nats_per_token'], 3)} nats a span, beyond what {teacher} and {len(others)} "
        f"references give them: z {number(of['z'], 1)}, of the references {number(min(others), 1)} to "
        f"{number(max(others), 1)}; p over answers {p_value(of['p_documents'])}, over models "
        f"{p_value(of['p_models'])}, and the larger counts. It is about the set; nothing here says whether "
        "any one answer was seen. A small p does not say who handed the log over."
    )


def _row(student: str, teacher: str, result: ExactTest, references: Sequence[str]) -> PairTest:
    of = result.params
    return PairTest(
        detector=result.detector,
        proposition="distillation",
        statistic=result.statistic,
        subject=student,
        other=teacher,
        p=result.p,
        log10_p=float(of["log10_p"]),
        value=float(of["z"]),
        n=int(of["suspect"] + of["held_out"]),
        place=f"{of['suspect']} answers of the log with {of['held_out']} held out",
        rests_on=RESTS_ON,
        params={**of, "references": list(references)},
    )


def _alternatives(teacher: str) -> tuple[Alternative, ...]:
    return (
        Alternative(
            "a public copy of the log",
            False,
            f"Whoever publishes {teacher}'s answers, or a dataset that holds them, hands on the set; the "
            "student then saw it and never asked the teacher.",
        ),
        Alternative(
            "held-out answers of another kind",
            True,
            "The test refuses sets that the teacher or the references score unlike; it cannot see a "
            "difference that moves the student's scores alone.",
        ),
    )


def _steps(teacher: str, few: bool) -> tuple[str, ...]:
    more = f"At least {MIN_REFERENCES} references that cannot have seen the log, scored on both files."
    return (
        *((more,) if few else ()),
        "A held-out set that both sides saw being drawn at random from the same log.",
        f"A search for public copies of {teacher}'s answers.",
    )
