"""What terms of a teacher say, in sentences that hold only if the student was trained on its outputs.

Leaves out how an answer comes about (`teacher_terms.py`) and how it looks (`reports/terms.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

VERDICTS = {
    "allowed": "allowed",
    "allowed_with_conditions": "allowed with conditions",
    "ambiguous": "not settled",
    "unknown": "not all on file",
    "prohibited": "prohibited",
}
# What else has to be so, for a use to be the one in question.
CONDITIONS = {
    "train_competing_llm": "and is a rival of what {teacher}'s provider offers",
    "train_other_model_release_weights": "is no rival of what {teacher}'s provider offers, and was released",
    "train_private_classifier": "and is a classifier, ranker or embedding for own use",
    "commercial_use_of_outputs": "and those outputs were sold, or used in a product",
    "redistribute_outputs_as_dataset": "and those outputs were published as a dataset",
    "internal_research": "and only for experiments in the house",
}
OUTCOMES = {
    "allowed": "the terms on file allow that",
    "allowed_with_conditions": "the terms on file allow that under conditions, which are listed with them",
    "conflict": "that is in conflict with the terms on file, for whoever is bound by them",
}
RELEASE = "When {student} was released is not documented: versions up to the day of this run, {today}, count."
AVAILABLE = (
    "When {teacher} first became available is not documented: versions back to the first on file count, and "
    "older ones may be missing."
)
SIBLING = "The teacher's days begin with {day}, when the first checkpoint of its group {group} was available."


def sentence(
    student: str,
    teacher: str,
    use: str,
    answer: str,
    channel: str | None,
    together: Mapping[str, str],
    doubts: Sequence[str],
    own: str,
) -> str:
    """The answer; `together` : channel -> what the terms of these days say, all versions together."""
    if answer == "own_model":
        return (
            f"{teacher} is a model of {student}'s own provider, {own}: a provider's own model, whose terms "
            "do not bind itself."
        )
    if answer == "teacher_later":
        return (
            f"By the dates on record, {teacher} was first available after {student}'s release: there are no "
            "days whose terms could be in question. If a date is wrong, ask again."
        )
    over = f" over the channel {channel}" if channel else ""
    condition = CONDITIONS[use].replace("{teacher}", teacher)
    joined = f" {condition}" if condition.startswith("and ") else f", {condition}"
    outcome = OUTCOMES.get(answer) or _untold(channel, together, doubts)
    return f"If {student} was trained on {teacher}'s outputs{over}{joined}, then {outcome}."


def _untold(channel: str | None, together: Mapping[str, str], doubts: Sequence[str]) -> str:
    """Why nobody can tell, and what is known."""
    if not together:
        return "nobody can tell from here: no terms are on file for it, and that is no permission"
    if channel is None:
        said = "; ".join(
            f"{VERDICTS[verdict]} over {_listed([c for c, _ in group])}"
            for verdict, group in groupby(
                sorted(together.items(), key=lambda item: list(VERDICTS).index(item[1])), lambda item: item[1]
            )
        )
        told = "nobody can tell from here: it depends on the channel, which is not known. On file for these "
        doubtful = ", if they are its terms at all" if doubts else ""
        return f"{told}days{doubtful}: {said}. Another channel may have terms of its own"
    if doubts:
        return f"nobody can tell from here, because {doubts[0]}"
    if together[channel] == "unknown":
        return "nobody can tell from here: not all terms of these days are on file, and that is no permission"
    return "the terms on file do not settle it"


def doubts(given: Sequence[str]) -> tuple[str, ...]:
    """Doubts as sentences."""
    return tuple(f"In doubt: {doubt}." for doubt in given)


def changes(by_channel: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Channels over which it depends on the day, or on the service; alike ones together."""
    differ: dict[tuple[str, ...], list[str]] = {}
    for channel, said in by_channel.items():
        if len(said) > 1:
            told = tuple({**VERDICTS, "unknown": "not on file"}[verdict] for verdict in said)
            differ.setdefault(told, []).append(channel)
    return tuple(
        f"Over {_listed(channels)} it depends on the day, or the service: {', then '.join(said)}."
        for said, channels in differ.items()
    )


def unsure(entries: Sequence[str]) -> tuple[str, ...]:
    """Readings that settle nothing."""
    if not entries:
        return ()
    return (f"Readings of low confidence settle nothing here, in neither direction: {', '.join(entries)}.",)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
