"""`exchanges`: which place of a record holds the prompt of which answer, and which field says who wrote it.

A row counts where that is told without a doubt: one model named, one answer of its own, its prompt beside it
(or the first exchange of a conversation). Leaves out reading (`shared.py`), and rows that hold two answers of
which nothing says whose they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.overlap.statements import literal
from auditor.scan.rows.columns import Answer, Plan
from auditor.scan.rows.paths import ITEM, Place
from auditor.scan.rows.patterns import patterns
from auditor.scan.rows.statement import BETWEEN, at_place, key_columns, turns

FIRST = ("instruction", "prompt", "question", "query", "problem", "user", "inputs", "input", "context")
"""Names of prompts, the likeliest first."""
FURTHER = ("input", "context")
"""What Alpaca-like sets give beside an instruction; a prompt is both together."""
NO_ANSWER = frozenset(
    ("rejected", "reasoning", "reasoning_content", "thinking", "raw_output", "target", "targets")
)
"""Texts that are not what the named model answered, or not all of it."""
NEITHER = frozenset(("response_a", "response_b", "response_j", "response_k", "answer_a", "answer_b"))
"""One of two answers, and a field "model" does not say whose."""


@dataclass(frozen=True)
class Exchange:
    """SQL of one prompt with its answer. named : place and model whose field it is; None = a field says."""

    prompt: str
    answer: str
    field: str
    model: str | None = None


def narrowed(plan: Plan) -> Plan:
    """Return what of a plan is needed to tell who answered what."""
    return replace(plan, envelopes=(), sources=(), weak=frozenset(), licences=(), dates=())


def exchanges(plan: Plan, root: str) -> Iterator[Exchange]:
    """Return every prompt with its answer that rows of this plan hold."""
    named = dict(plan.named)
    for answer in plan.answers:
        name = answer.place.name
        if answer.place in named or name in {p.name for p in named}:
            model = next((m for p, m in plan.named if p.name == name), None)
            if model and (prompt := _request(plan, root)):
                yield Exchange(prompt, _text(answer.place, root), answer.place.label, model)
    if not plan.generators:
        return
    own = [a for a in plan.answers if a.place.name not in {p.name for p in named} | NO_ANSWER]
    if not own or any(a.place.name in NEITHER for a in own):
        return
    first = own[0]
    prompt = _asked(first, root) or _request(plan, root)
    if prompt:
        yield Exchange(prompt, _answered(first, root), first.place.label)


def who(plan: Plan, root: str) -> tuple[str, ...]:
    """Return SQL steps after which the column `plain` is the one model that fields name, or NULL.

    Each step reads the columns of the one before.
    """
    if not plan.generators:
        return ()
    raw, alike, found = key_columns(replace(plan, named=(), licences=(), envelopes=(), sources=()), root)
    names = ", ".join(f"g{i}" for i in range(len(plan.generators)))
    between = literal(BETWEEN)
    several = f"list_distinct(list_filter([{names}], lambda g: g IS NOT NULL))"
    alone = f"len(gs) = 1 AND NOT contains(gs[1], {between})"
    one = f"CASE WHEN {alone} THEN ltrim(gs[1], '?') END AS plain"
    return ", ".join(raw), ", ".join(alike), ", ".join(found), f"{several} AS gs", one


def _text(place: Place, root: str) -> str:
    """A text, of several the first."""
    at = at_place(place, root)
    return f"CAST({at}[1] AS VARCHAR)" if place.many else f"CAST({at} AS VARCHAR)"


def _answered(answer: Answer, root: str) -> str:
    """The answer to the first request."""
    at = at_place(answer.place, root, answer.below)
    if answer.role:
        return f"{turns(at, answer, patterns().columns['assistants'])}[1]"
    if answer.alternating:
        return f"CAST({at}[2] AS VARCHAR)"
    return _text(answer.place, root)


def _asked(answer: Answer, root: str) -> str:
    """The first request of a conversation; "" = the answer is in none."""
    at = at_place(answer.place, root, answer.below)
    if answer.role:
        return f"{turns(at, answer, patterns().columns['users'])}[1]"
    return f"CAST({at}[1] AS VARCHAR)" if answer.alternating else ""


def _request(plan: Plan, root: str) -> str:
    """The prompt in a field of its own, with what an Alpaca-like set gives beside it; "" = none."""
    by_name = {p.name: p for p in reversed(plan.requests) if ITEM not in p.steps}
    first = next((n for n in FIRST if n in by_name), None)
    if first is None:
        return ""
    parts = [by_name[first], *(by_name[n] for n in FURTHER if n in by_name and n != first)]
    return f"concat_ws(' ', {', '.join(f'CAST({at_place(p, root)} AS VARCHAR)' for p in parts)})"
