"""Positive controls, planned: students of a known share of a teacher's answers, and innocents made alike.

Judged like anybody else, they tell what share would have been found. The share is of *documents*. Leaves out
training (`pupils.py`), files (`control_run.py`) and every judgement.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.errors import AuditError
from auditor.lineage import Lineage, plain_name, tokens_of
from auditor.panel import Panel, unknown_subject

Documents = list[tuple[str, str]]
SHARES = (0, 1, 5, 25, 100)
FEWEST = 20  # prompts to be taught, and prompts to be asked


@dataclass(frozen=True)
class Settings:
    """What is trained.

    Attributes
    ----------
    teacher : whose answers. shares : per cent of the documents that are the teacher's; 0 = an innocent of the
        same making. students : how many of each. asked : share of the prompts kept for asking, never taught.
    seed : of every draw.
    """

    teacher: str
    shares: tuple[int, ...] = SHARES
    students: int = 2
    asked: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class Control:
    """One student to be trained: its name, the teacher's share in per cent, its seed, and its documents."""

    name: str
    share: int
    seed: int
    documents: Documents


@dataclass(frozen=True)
class Plan:
    """What will be trained on what.

    Attributes
    ----------
    others : models whose answers fill up the documents. taught, asked : prompts; they do not overlap.
    common : answers of the others to the taught prompts, for a base made from scratch. lineage : as given.
    """

    settings: Settings
    others: tuple[str, ...]
    taught: tuple[str, ...]
    asked: tuple[str, ...]
    common: Documents
    controls: tuple[Control, ...]
    lineage: Lineage | None = None


def plan(
    panel: Panel, settings: Settings, others: Sequence[str] = (), lineage: Lineage | None = None
) -> Plan:
    """Divide the prompts, and draw every student's documents.

    Parameters
    ----------
    others : models whose answers fill up; () = all of the panel but the teacher, its provider's, and those
        that the lineage table connects with it.

    Raises
    ------
    AuditError : an unknown model, a wrong share, nobody to fill up with, too few prompts for the least share.
    """
    _check(settings)
    for name in (settings.teacher, *others):
        if name not in panel.subjects:
            raise unknown_subject(name, panel.subjects)
    others = tuple(others) or unconnected(panel.subjects, settings.teacher, lineage)
    if settings.teacher in others or not others:
        raise AuditError(
            f"Documents that are not {settings.teacher}'s need answers of other models, and "
            f"{'it was named itself' if others else 'the panel has nobody else'}: name some with --other."
        )
    answers = _answers(panel, (settings.teacher, *others))
    prompts = sorted(
        prompt for prompt in answers if settings.teacher in answers[prompt] and len(answers[prompt]) > 1
    )
    random.Random(f"split {settings.seed}").shuffle(prompts)
    n_asked = round(len(prompts) * settings.asked)
    asked, taught = tuple(prompts[:n_asked]), tuple(prompts[n_asked:])
    _enough(taught, asked, settings)
    pools = {prompt: [answers[prompt][m] for m in others if m in answers[prompt]] for prompt in taught}
    common = [(prompt, text) for prompt in taught for text in pools[prompt]]
    told = {prompt: answers[prompt][settings.teacher] for prompt in taught}
    controls = tuple(
        _control(settings, share, number, told, pools)
        for share in settings.shares
        for number in range(1, settings.students + 1)
    )
    return Plan(settings, others, taught, asked, common, controls, lineage)


def unconnected(subjects: Sequence[str], teacher: str, lineage: Lineage | None) -> tuple[str, ...]:
    """Models that have nothing of the teacher, as far as the lineage table knows."""
    if lineage is None:
        return tuple(name for name in subjects if name != teacher)
    provider, group = lineage.provider(teacher), lineage.group(teacher)
    names = {plain_name(n) for n in (teacher, group, provider)}

    def innocent(name: str) -> bool:
        row = lineage.row(name)
        sources = {plain_name(t.partition(":")[2] or t) for t in (*tokens_of(row), row.base)}
        return lineage.group(name) != group and lineage.provider(name) != provider and not sources & names

    return tuple(name for name in subjects if name != teacher and innocent(name))


def _control(
    settings: Settings, share: int, number: int, told: dict[str, str], pools: dict[str, list[str]]
) -> Control:
    """Draw which prompts the teacher answers, and who answers the others."""
    # Text seeds do not depend on the hash of the process.
    draw = random.Random(f"control {settings.seed} {share} {number}")
    prompts = list(told)
    draw.shuffle(prompts)
    n = round(len(prompts) * share / 100)
    documents = [(p, told[p]) for p in prompts[:n]] + [(p, draw.choice(pools[p])) for p in prompts[n:]]
    draw.shuffle(documents)
    name = f"control-{settings.teacher}-{share:03}-{number}"
    return Control(name, share, draw.randrange(2**31), documents)


def _answers(panel: Panel, models: Sequence[str]) -> dict[str, dict[str, str]]:
    """First answers by prompt text and model; a probe whose text is not known cannot be taught."""
    view = panel.view(subjects=models)
    found: dict[str, dict[str, str]] = {}
    for number, probe in enumerate(view.probes):
        if probe.prompt:
            pairs = zip(models, view.answers(number), strict=True)
            found[probe.prompt] = {model: text for model, text in pairs if text}
    return found


def _check(settings: Settings) -> None:
    shares = settings.shares
    if not shares or len(set(shares)) != len(shares) or not all(0 <= share <= 100 for share in shares):
        raise AuditError(f"Shares must be different whole per cents from 0 to 100, got {list(shares)}.")
    if settings.students < 1 or not 0 < settings.asked < 1:
        raise AuditError(
            f"There must be at least 1 student a share and asked within (0, 1), got {settings.students} and "
            f"{settings.asked}."
        )


def _enough(taught: Sequence[str], asked: Sequence[str], settings: Settings) -> None:
    if min(len(taught), len(asked)) < FEWEST:
        raise AuditError(
            f"Controls need {FEWEST} prompts to teach and {FEWEST} to ask, with their text, answered by "
            f"{settings.teacher} and another model; the panel has {len(taught)} and {len(asked)}: give a "
            "larger one."
        )
    none = [share for share in settings.shares if share and not round(len(taught) * share / 100)]
    if none:
        raise AuditError(
            f"{none[0]} % of {len(taught)} documents is not one: leave that share out (--mix), or give a "
            f"panel with at least {-(-100 // none[0])} prompts to teach."
        )
