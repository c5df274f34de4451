"""The sentences about weights: the verdict on each teacher, the first line, what else could explain it.

Leaves out how a level came about (`common_weights.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.common_weights import (
    CLOSER_THAN_BASE,
    LATER,
    NOT_RELATED,
    RELATED,
    REVERSED,
    TO_A_BASE,
    TO_AN_ANCESTOR,
    UNTESTED,
    Evidence,
    Relation,
)
from auditor.descent import Descent
from auditor.lineage import Lineage, definitely_later
from auditor.report import Alternative, Verdict
from auditor.reports.numerals import exact_p

EITHER_WAY = "one was made from the other, or both from a third"
NO_DIRECTION = "Weights do not tell which was made from which."
HIDDEN = (
    "Fine-tuned, rounded, permuted and rotated copies are found (docs/detectors/descent.md); one that was "
    "permuted and then trained for as long as a model from scratch may not be, and nothing is said of what "
    "was learned from answers."
)
SAME_START = (
    "Two models that one program started from the same random numbers look related, too, though neither was "
    "made from the other. Whether that is so here takes the training records."
)
DISTILLED = (
    "Weights do not tell whether the student also learned from the teacher's answers: where weights descend, "
    "answers resemble each other without that."
)
IN_BETWEEN = (
    "Whether {t} itself stands between {b} and {s} is not told: models made from one base are related to "
    "each other as they are to it."
)
CLOSER = (
    "Both are related to {b}, too, but keep the order of hidden units better with each other than with it: "
    "they share more than that base. Whether through each other or through a third model is not told."
)
NO_SUPPORT = {
    LATER: "by the dates on record it came later",
    REVERSED: "it is documented to come from the student",
}
BASE_STEP = "The weights of the model that both may come from (--base)."
MORE_STEPS = (
    "Training records: which weights training started from, or the checkpoints on the way.",
    "A correction of the dates or bases in the lineage table.",
)


def verdict(relation: Relation, student: str, lineage: Lineage) -> Verdict:
    """The verdict on one teacher whose weights were compared with the student's."""
    counted = relation.to_base if relation.reason == TO_A_BASE else relation.evidence
    capped = counted is not None and counted.on_match_alone
    return Verdict(
        teacher=relation.teacher,
        teacher_group=(relation.teacher,),
        proposition=relation.proposition,
        level=relation.level,
        reason=relation.reason,
        words=" ".join(filter(None, _words(relation, student, lineage))),
        log10_lr=None,
        log10_lr_interval=None,
        cap="moderately_strong" if capped else None,
        cap_reason="only `match` sees the relation, and its null is not exact" if capped else None,
        p_rank=None,
        p_floor=None,
        p_t=None,
        p_adjusted=counted.p_adjusted if counted else None,
        references=0,
        decoys=0,
        tied_with=(),
        alternatives=_alternatives(relation, student, lineage),
        power=None,
        would_change=_steps(relation),
        p_exact=counted.p if counted else None,
        evidence="weights",
    )


def headline(student: str, relations: Mapping[str, Relation]) -> str:
    """One sentence for each answer, teachers with the same one together."""
    said: dict[tuple[str, str, str], list[Relation]] = {}
    for r in relations.values():
        said.setdefault((r.level, r.reason, r.base), []).append(r)
    return " ".join(_line(student, group) for group in said.values())


def _line(student: str, group: list[Relation]) -> str:
    """The answer that a group of teachers shares."""
    first, names = group[0], " and ".join(r.teacher for r in group)
    pair = f"{student} and {names}"
    used = [r.to_base if r.reason == TO_A_BASE else r.evidence for r in group]
    p = f"exact p {exact_p(max((e.p_adjusted for e in used if e), default=None))}"
    if first.reason == UNTESTED:
        return f"The weights of {pair} could not be compared."
    if first.reason == NOT_RELATED:
        return f"No sign that the weights of {pair} are related ({p})."
    if first.reason in NO_SUPPORT:
        return f"The weights of {pair} are related ({p}), but of {names}: {NO_SUPPORT[first.reason]}."
    support = _support(first.level)
    if first.proposition == "common_ancestor":
        how = "by their weights" if first.reason == TO_A_BASE else "as documented, and their weights agree"
        return f"{support} for {first.base} as a common ancestor of {pair}, {how} ({p})."
    return f"{support} for related weights of {pair}: {EITHER_WAY} ({p})."


def explained(relation: Relation, student: str) -> str:
    """What the weights say about a resemblance of answers, for the verdict on distillation."""
    name = relation.teacher
    if relation.reason == NOT_RELATED and relation.evidence:
        p = exact_p(relation.evidence.p_adjusted)
        return f"By their weights {student} and {name} show no relation (exact p {p})."
    if relation.reason == UNTESTED:
        return f"The weights of {student} and {name} could not be compared."
    if relation.proposition == "common_ancestor":
        return (
            f"By their weights {student} and {name} both descend from {relation.base}: that may explain part "
            "of the resemblance: references of the same base count most."
        )
    return f"The weights of {student} and {name} are related: that alone may explain a resemblance."


def _words(relation: Relation, student: str, lineage: Lineage) -> Iterator[str]:
    """The paragraph of a verdict, sentence by sentence."""
    name, pair, evidence = relation.teacher, relation.pair, relation.evidence
    if relation.reason == UNTESTED:
        yield f"The weights of {student} and {name} could not be compared: not enough evidence either way."
    elif relation.proposition == "common_ancestor":
        yield from _ancestor(relation, student)
    elif evidence:
        yield from _either_way(relation, evidence, student)
    if relation.related:
        if evidence and evidence.related:
            telling, depth = pair.layers
            yield f"It shows by itself in {telling} of {depth} layers."
        if pair.same:
            yield "The files with the weights are the same, byte for byte: this is one model."
        yield NO_DIRECTION
        yield _dates(student, name, lineage)
        yield DISTILLED
    yield from pair.reasons


def _either_way(relation: Relation, evidence: Evidence, student: str) -> Iterator[str]:
    """What is said of the two alone."""
    name = relation.teacher
    claim = f"the weights of {student} and {name} are related, that is {EITHER_WAY}"
    figures = _figures(evidence, len(relation.pair.tests))
    if relation.reason == NOT_RELATED:
        yield f"Not enough evidence either way that {claim}: {figures}."
        yield "Their hidden units agree as those of models that were begun apart may."
        yield f"This is no finding of innocence. {HIDDEN}"
    elif relation.reason in NO_SUPPORT:
        yield f"That {claim}, has support: {figures}."
        yield f"That {student} was made from {name} has none: {NO_SUPPORT[relation.reason]}."
    else:
        yield (
            f"{_support(relation.level)} for the proposition that {claim}, against independent beginnings: "
            f"{figures}."
        )
        if relation.reason == CLOSER_THAN_BASE:
            yield CLOSER.format(b=relation.base)


def _ancestor(relation: Relation, student: str) -> Iterator[str]:
    """What is said of a base that both are related to."""
    name, base, evidence = relation.teacher, relation.base, relation.evidence
    claim = (
        f"{_support(relation.level)} for the proposition that {student} and {name} both descend from {base}, "
        "against independent beginnings"
    )
    if relation.reason == TO_A_BASE and relation.to_base:
        yield f"{claim}: each is related to it, exact p at most {exact_p(relation.to_base.p_adjusted)}."
        if evidence:
            seen = "related" if evidence.related else "not seen to be related"
            yield f"With each other they are {seen} (exact p {exact_p(evidence.p_adjusted)})."
    elif evidence:
        figures = _figures(evidence, len(relation.pair.tests))
        yield f"{claim}: it is documented, and the weights of the two are related ({figures})."
        yield f"The weights of {base} itself were not compared."
    yield IN_BETWEEN.format(t=name, b=base, s=student)


def _figures(evidence: Evidence, tests: int) -> str:
    """The p-values behind a level."""
    said = f"exact p {exact_p(evidence.p)} of {tests} tests together"
    if evidence.p_adjusted > evidence.p:
        said += f", {exact_p(evidence.p_adjusted)} after the number of teachers"
    if evidence.on_match_alone:
        exact = exact_p(evidence.p_exact_forms)
        said += f"; it rests on `match`, whose null is not exact (the exact forms alone: p {exact})"
    return said


def _support(level: str) -> str:
    """A level as the first words of a sentence."""
    if level == "insufficient":
        return "Not enough evidence either way"
    return f"{level.replace('_', ' ').capitalize()} support"


def _dates(student: str, teacher: str, lineage: Lineage) -> str:
    """Which is older, by the dates on record; "" where they are not both known."""
    mine, theirs = lineage.row(student).released, lineage.row(teacher).released
    if not (mine and theirs):
        return ""
    dates = f"By the dates on record {student} was released {mine}, {teacher} {theirs}"
    if definitely_later(theirs, mine):
        return f"{dates}, after it."
    return f"{dates}, before it." if definitely_later(mine, theirs) else f"{dates}."


def _alternatives(relation: Relation, student: str, lineage: Lineage) -> tuple[Alternative, ...]:
    """Other explanations, and what was examined."""
    if not relation.related:
        return ()
    name = relation.teacher
    shared = Descent(student, name, lineage).shared(name)
    documented = f" Documented for both: {', '.join(shared)}." if shared else ""
    dates = _dates(student, name, lineage)
    return (
        Alternative(
            "direction",
            bool(dates),
            f"{name} may have been made from {student}. {dates or 'Dates are not known.'}",
        ),
        Alternative("common ancestor", bool(relation.bases), _bases(relation) + documented),
        Alternative("same random beginning", False, SAME_START),
        Alternative("distillation", False, DISTILLED),
    )


def _bases(relation: Relation) -> str:
    """What the bases that were given say."""
    if not relation.bases:
        return "Both may have been made from a third model; no base was given to compare with."
    named = ", ".join(relation.bases)
    if relation.to_base is None:
        return f"Not both are related to {named}; another common ancestor is not excluded."
    return f"Both are related to {relation.base or named}."


def _steps(relation: Relation) -> tuple[str, ...]:
    """What could change a verdict on weights."""
    if relation.reason == UNTESTED:
        return ("Both tokenizer.json, or checkpoints of the same width.", *MORE_STEPS)
    wants_base = not relation.bases and relation.reason in (RELATED, TO_AN_ANCESTOR)
    return ((BASE_STEP,) if wants_base else ()) + MORE_STEPS
