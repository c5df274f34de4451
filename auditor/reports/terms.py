"""What the teachers' terms say: how every format words and orders it.

What excuses comes first: a teacher of the student's own provider, terms that permit in so many words. Leaves
out how it was looked up (`auditor/teacher_terms.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.report import Report, TermsAnswer, TermsVersion
from auditor.reports.phrases import LEVELS, level_words

TITLE = "Was it allowed? What the terms say"
INTRO = (
    "Learning from another model's outputs is an ordinary and legitimate method. Whether the terms of a "
    "teacher allowed it depends on the channel, on the day, and on who had agreed to them. This is asked "
    "apart from the evidence: neither answer makes the other stronger or weaker. A reading of the terms in "
    "our own words, to find the clause by; not legal advice."
)
LIMITS = (
    "Terms of a service bind whoever agreed to them, a licence whoever uses the weights or passes something "
    "on; whoever only downloaded a published dataset may be bound by neither. Not looked at: contracts of "
    "one's own, the licence of the student's own base, licences of datasets that the outputs came through "
    "('audit scan'), and whether a term can be enforced."
)
BY_CHANNEL = "What the terms of these days say, by channel"
VERDICTS = {
    "allowed": "allowed",
    "allowed_with_conditions": "allowed with conditions",
    "ambiguous": "not settled",
    "unknown": "not all on file",
    "prohibited": "prohibited",
}
KINDS = {
    "service_terms": "terms of a service",
    "aup": "usage policy",
    "model_license": "licence of weights",
    "dataset_license": "licence of a dataset",
}
PARTIES = {
    "account_holder": "whoever agreed to the terms of the service",
    "end_users_via_account_holder": "users of the account holder's product, through it",
    "licensee": "whoever uses the weights or the data under the licence",
    "redistributor": "whoever passes the model, the data or something derived on",
}
EVIDENCE = {
    "primary_text": "the text itself",
    "quoted_by_third_party": "quotations by somebody who read the text",
    "secondary_summary": "a summary only",
    "unverified": "nothing but general knowledge",
}
DATED = {
    "approximate": "known to the month or year",
    "unverified": "day from general knowledge",
    "not_found": "day not found",
}
EXPRESSLY = "expressly_permitted"
ACCUSING = tuple(LEVELS)[tuple(LEVELS).index("weak") :]


@dataclass(frozen=True)
class Version:
    """One version on the page: `title`, `facts` about it, and a sentence for each of `uses`.

    `bound` : who is, and who carries the risk; `read` : when, and how sure; `source` : its address.
    """

    title: str
    facts: str
    uses: tuple[tuple[str, str], ...]
    bound: str
    read: str
    source: str


def teachers(report: Report) -> tuple[str, ...]:
    """Every teacher whose terms were looked up, the verdicts' order."""
    return tuple(dict.fromkeys(a.teacher for a in report.terms))


def heading(report: Report, teacher: str) -> str:
    """Heading of what is said of one teacher."""
    return f"If {report.student} was trained on {teacher}'s outputs"


def below_weak(report: Report, teacher: str) -> bool:
    """Tell whether no evidence of this run supports that the student was trained on its outputs."""
    return _level(report, teacher) not in ACCUSING


def standing(report: Report, teacher: str) -> str:
    """How the evidence stands, which terms do not change."""
    level = _level(report, teacher)
    if level in ACCUSING:
        return (
            f"The evidence above gives {level_words(level)} that it was; what follows makes that neither "
            "stronger nor weaker."
        )
    if_it_was = f"Only matters if {report.student} was trained on {teacher}'s outputs"
    if not level:
        return f"{if_it_was}, which was not weighed in this run."
    return f"{if_it_was}. The evidence above gives no support for that: {level_words(level)}."


def statements(report: Report, teacher: str) -> tuple[str, ...]:
    """What is said in sentences, each once: what excuses, then the answers by use."""
    answers = _answers(report, teacher)
    first = [a.words for a in answers if a.answer in ("own_model", "teacher_later")]
    others = [a.words for a in answers]
    return tuple(dict.fromkeys((*first, *_permits(report, teacher), *others)))


def days(report: Report, teacher: str) -> str:
    """The days that the versions are of; "" = none are in question."""
    answer = _answers(report, teacher)[0]
    if not answer.first or answer.answer == "own_model":
        return ""
    named = f", looked up as {answer.model}" if answer.model != teacher else ""
    host = f" Service: {answer.host}." if answer.host else ""
    return f"Days on which such outputs can have been made: {answer.first} to {answer.last}{named}.{host}"


def table(report: Report, teacher: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of the table of channels; no rows where no terms are on file."""
    answers = _answers(report, teacher)
    rows = [
        (channel, *(VERDICTS.get(a.verdicts[at], a.verdicts[at]) for a in answers))
        for at, channel in enumerate(answers[0].channels)
    ]
    return ("channel", *(a.use for a in answers)), rows


def versions(report: Report, teacher: str) -> tuple[Version, ...]:
    """Every version with what it says of each use; those that permit in so many words first."""
    mine: dict[str, list[TermsVersion]] = {}
    for one in report.terms_versions:
        if one.teacher == teacher:
            mine.setdefault(one.entry, []).append(one)
    ordered = sorted(mine.values(), key=lambda uses: EXPRESSLY not in uses[0].outputs)
    return tuple(_version(uses) for uses in ordered)


def notes(report: Report, teacher: str) -> tuple[str, ...]:
    """What could not be told, each once, and readings that are old."""
    stale = dict.fromkeys(v.entry for v in report.terms_versions if v.teacher == teacher and v.stale)
    old = f"Read more than 180 days before this run, so to be read again: {', '.join(stale)}."
    found = [note for a in _answers(report, teacher) for note in a.notes]
    return tuple(dict.fromkeys((*found, *([old] if stale else []))))


def _answers(report: Report, teacher: str) -> list[TermsAnswer]:
    return [a for a in report.terms if a.teacher == teacher]


def _level(report: Report, teacher: str) -> str:
    """The highest level of the verdicts on distillation from a teacher; "" = there is none."""
    levels = [v.level for v in report.verdicts if v.teacher == teacher and v.proposition == "distillation"]
    order = tuple(LEVELS)
    return max((x for x in levels if x in order), key=order.index, default="")


def _permits(report: Report, teacher: str) -> Iterator[str]:
    """Terms that permit training on outputs in so many words."""
    for v in report.terms_versions:
        if v.teacher == teacher and EXPRESSLY in v.outputs and v.verdict == "allowed":
            clause = f" (clause {v.clause})" if v.clause else ""
            over = " and ".join(v.channels)
            yield f"Over {over}, {v.name} expressly permits training on outputs{clause}, {_in_force(v)}."


def _version(uses: list[TermsVersion]) -> Version:
    """One version, from its rows, one a use."""
    v = uses[0]
    services = f", for customers of {', '.join(v.hosts)}" if v.hosts else ""
    conditions = f" Conditions: {'; '.join(v.conditions)}." if v.conditions else ""
    facts = (
        f"{KINDS.get(v.kind, v.kind)} of {v.provider} over {', '.join(v.channels)}{services}, "
        f"{_in_force(v)}.{conditions}"
    )
    again = f" To be read again: {v.review}" if v.review else ""
    stale = " This reading is more than 180 days older than the run." if v.stale else ""
    return Version(
        f"{v.name} ({v.entry})",
        facts[0].upper() + facts[1:],
        tuple((one.use, _says(one)) for one in uses),
        _bound(v),
        f"Read on {v.read}: {EVIDENCE.get(v.evidence, v.evidence)}; confidence {v.confidence}.{stale}{again}",
        v.source,
    )


def _says(v: TermsVersion) -> str:
    doubted = "; to be reviewed" if v.doubted else ""
    verdict = "not read" if v.verdict == "unknown" else VERDICTS.get(v.verdict, v.verdict)
    return f"{verdict} (clause {v.clause or 'not read'}{doubted}). {v.reason}"


def _in_force(v: TermsVersion) -> str:
    """Since when and until when, and how that is known."""
    since = f"in force from {v.since}" if v.since else "in force since a day that is not known"
    if v.dated == "not_applicable":
        since = "in force at all times"
    how = f" ({DATED[v.dated]})" if v.dated in DATED else ""
    return f"{since}{f' until {v.until}' if v.until else ''}{how}"


def _bound(v: TermsVersion) -> str:
    """Who is bound, and against whom a breach would first be asserted."""
    if v.binds == v.risk:
        return f"Bound, and carrying the risk: {_parties(v.binds)}."
    return f"Bound: {_parties(v.binds)}. Carrying the risk: {_parties(v.risk)}."


def _parties(parties: tuple[str, ...]) -> str:
    return "; ".join(PARTIES.get(party, party) for party in parties)
