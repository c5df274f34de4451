"""What a schema cannot say of terms: ids that point nowhere, dates out of order, verdicts at odds.

`broken` is cheap and is asked at every load; `doubtful` compares with the known names of models, and is for
`audit terms check` and the tests. Leaves out the schema (`terms_schema.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import combinations

from auditor.scan.names import provider_of
from auditor.scan.terms import USES, VERDICTS, Entry

_ALLOWING = VERDICTS[:2]
_TRAINING = USES[:3]
_RELEASED = USES[:2]
_COMPETING = USES[:1]

# What an entry says about outputs -> the uses for which it then has to be one of these verdicts.
_MUST: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "no_compete_foundation_models": (_COMPETING, ("prohibited",)),
    "distillation_prohibited": (_COMPETING, ("prohibited",)),
    "no_train_any_model": (_TRAINING, ("prohibited",)),
    "no_train_any_model_without_authorisation": (_RELEASED, ("prohibited",)),
    "no_improve_other_llm": (_RELEASED, ("prohibited",)),
    "no_improve_other_model": (_COMPETING, ("prohibited",)),
    "no_improve_foundation_model": (_RELEASED, ("prohibited",)),
    "no_train_foundation_or_llm": (_RELEASED, ("prohibited",)),
    "trained_model_is_derivative": (_RELEASED, ("allowed_with_conditions", "prohibited")),
    "name_prefix_required": (_RELEASED, ("allowed_with_conditions", "prohibited")),
    "noncommercial_outputs": (("commercial_use_of_outputs",), ("prohibited",)),
    "non_production": (("commercial_use_of_outputs",), ("prohibited",)),
    "evaluation_only": (("commercial_use_of_outputs",), ("prohibited",)),
    "redistribution_of_output_prohibited": (("redistribute_outputs_as_dataset",), ("prohibited",)),
    "expressly_permitted": (_RELEASED, _ALLOWING),
    "unknown": (_TRAINING, ("unknown", "ambiguous")),
}


def broken(entries: Iterable[Entry]) -> list[str]:
    """Say what makes the entries unusable; nothing when they are sound."""
    entries = tuple(entries)
    by_id = {entry.id: entry for entry in entries}
    twice = [id for id, n in Counter(entry.id for entry in entries).items() if n > 1]
    problems = [f"the id {id!r} is there more than once" for id in twice]
    for entry in entries:
        problems += (f"{entry.id}: {problem}" for problem in _dates(entry, by_id))
    return problems


def _dates(entry: Entry, by_id: Mapping[str, Entry]) -> Iterator[str]:
    """Dates of an entry, and against the version before."""
    if entry.since and entry.until and entry.since.first >= entry.until.first:
        yield f"it ends ({entry.until}) before it begins ({entry.since})"
    if entry.since and entry.since.first > entry.read:
        yield f"it was read ({entry.read}) before it took effect ({entry.since})"
    if entry.supersedes is None:
        return
    before = by_id.get(entry.supersedes)
    if before is None or before is entry:
        yield f"it supersedes {entry.supersedes!r}, which is no other entry"
    elif not entry.since or not before.until:
        yield f"it supersedes {before.id}, so it needs 'from' and the other one 'until'"
    elif before.until.first > entry.since.first:
        yield f"it begins ({entry.since}) before {before.id} ends ({before.until})"


def doubtful(entries: Iterable[Entry]) -> list[str]:
    """Say what is at odds within the entries, and with the known names of models."""
    entries = tuple(entries)
    names = tuple(provider_of())
    met = {entry.id: {name for name in names if entry.covers(name)} for entry in entries}
    problems: list[str] = []
    for entry in entries:
        problems += (f"{entry.id}: {problem}" for problem in [*_verdicts(entry), *_patterns(entry)])
    for one, other in combinations(entries, 2):
        shared = met[one.id] & met[other.id]
        if shared and _rival_versions(one, other):
            problems.append(
                f"{one.id} and {other.id} hold at the same time for {', '.join(sorted(shared)[:3])}"
            )
    return problems


def _verdicts(entry: Entry) -> Iterator[str]:
    """Verdicts against what the entry says about outputs."""
    for said in entry.outputs:
        uses, allowed = _MUST.get(said, ((), ()))
        for use in uses:
            if entry.on(use).verdict not in allowed:
                yield f"says {said}, but {use} is {entry.on(use).verdict}"
    if "no_compete" in entry.outputs and entry.on(USES[0]).verdict in _ALLOWING:
        yield f"says no_compete, but {USES[0]} is {entry.on(USES[0]).verdict}"
    if entry.kind in ("service_terms", "aup") and "none_stated" in entry.outputs:
        for use in _TRAINING:
            if entry.on(use).verdict in _ALLOWING:
                yield f"the terms of a service are silent, but {use} is {entry.on(use).verdict}"
    if entry.confidence == "low" and not entry.needs_review:
        yield "confidence is low, but it does not say what has to be read again"
    if entry.evidence in ("secondary_summary", "unverified") and entry.confidence == "high":
        yield f"confidence is high on {entry.evidence}"


def _patterns(entry: Entry) -> Iterator[str]:
    """Patterns that meet no known model: a misspelling, or a name missing in data/models/names.toml."""
    for pattern in (*entry.models, *entry.except_models):
        if not any(fnmatchcase(name, pattern) for name in provider_of()):
            yield f"the pattern {pattern!r} meets no name in data/models/names.toml"


def _rival_versions(one: Entry, other: Entry) -> bool:
    """Tell whether two entries answer one question twice: same provider, kind, channel and days."""
    if (one.provider, one.kind) != (other.provider, other.kind) or one.hosts != other.hosts:
        return False
    if not set(one.channels) & set(other.channels):
        return False
    first, second = sorted((one, other), key=lambda e: e.since.first if e.since else e.read)
    if not first.since or not second.since:
        return True
    return first.until is None or first.until.first > second.since.first
