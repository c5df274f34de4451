"""Log-probabilities that came with collected answers (`audit collect --logprobs`), as scores of them.

An answer also scores the beginning of another model's answer to the same prompt: as far as the two say the
same, and one token further where the likeliest tokens of that place are known, the context is one and the
same. Leaves out models that were given texts to score (`scored.py`), and answers that were asked for with a
system message, since nobody else's prompt had it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from auditor.answer_lines import MARK, rows_in
from auditor.errors import AuditError
from auditor.panel import Panel
from detectors.scores import Scores, TextId

# Log-probabilities of which so large a share is exactly 0 were given after a temperature of 0 was applied.
ALL_ZERO = 0.99
Token = tuple[str, float | None]


@dataclass(frozen=True)
class Recorded:
    """One answer: its tokens with what its model gave them, and the likeliest ones of each place."""

    id: TextId
    text: str
    tokens: tuple[Token, ...]
    top: tuple[tuple[Token, ...], ...]


def recorded(panel: Panel, whose: Collection[str]) -> tuple[list[Scores], tuple[str, ...]]:
    """Scores by every model of the panel whose answers came with log-probabilities; and what was left out.

    `whose` : models whose answers the others' beginnings are laid beside. Files are those the panel was read
    from; one that 'audit collect' did not write holds no log-probabilities.
    """
    dropped: Counter[str] = Counter()
    known = {probe.id for probe in panel.probes}
    by_model: dict[str, list[Recorded]] = defaultdict(list)
    for path in panel.files:
        for row in _rows(Path(path)):
            ours = row["model"] in panel.subjects and row["probe"] in known
            if ours and (answer := _answer(row, dropped)):
                by_model[answer.id.text_of].append(answer)
    usable = {model: found for model, found in by_model.items() if not _after_temperature(found)}
    notes = [
        f"{model} gave every token of its answers the log-probability 0: its server applies the temperature "
        "before it gives them, so they say nothing of the model and were not used."
        for model in by_model.keys() - usable.keys()
    ]
    notes += [f"{n} answers with log-probabilities were not used: {why}." for why, n in dropped.items()]
    targets = [answer for model in whose for answer in usable.get(model, ())]
    return [_scores(model, found, targets) for model, found in usable.items()], tuple(sorted(notes))


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Answers of a file that 'audit collect' wrote; nothing of any other."""
    try:
        with path.open("rb") as file:
            if not file.read(len(MARK) + 2).startswith(f'{{"{MARK}'.encode()):
                return
            file.seek(0)
            yield from (row for _, row in rows_in(file, path) if row.get("logprobs"))
    except (OSError, AuditError):  # the reader of the panel has said what is wrong with it
        return


def _answer(row: Mapping[str, Any], dropped: Counter[str]) -> Recorded | None:
    """One row; None, and why in `dropped`, where its tokens cannot be laid beside a text."""
    found, text = row["logprobs"], row["output"]
    if row["decoding"].get("system") is not None:
        dropped["a system message stood before their prompts"] += 1
        return None
    kept: list[Token] = []
    said = ""
    for token, value in zip(found["tokens"], found["values"], strict=True):
        if len(said) >= len(text):  # what ends an answer is no part of its text
            break
        said += token
        kept.append((token, value))
    if said != text or not kept:
        dropped["their tokens do not add up to the text (tokens that are no whole characters)"] += 1
        return None
    top = tuple(tuple((t, v) for t, v in place) for place in found["top"][: len(kept)])
    return Recorded(TextId(row["model"], row["probe"], row["sample"]), text, tuple(kept), top)


def _after_temperature(answers: Sequence[Recorded]) -> bool:
    values = [value for answer in answers for _, value in answer.tokens if value is not None]
    return bool(values) and float(np.mean(np.array(values) == 0.0)) >= ALL_ZERO


def _scores(model: str, own: Sequence[Recorded], targets: Iterable[Recorded]) -> Scores:
    """What a model gave to its own answers, and to the beginnings of those of others."""
    found = {answer.id: answer.tokens for answer in own}
    first = {answer.id.probe: answer for answer in reversed(own)}
    for target in targets:
        mine = first.get(target.id.probe)
        if mine and target.id not in found and (tokens := shared_beginning(mine, target)):
            found[target.id] = tokens
    lengths = [len(tokens) for tokens in found.values()]
    flat = [token for tokens in found.values() for token in tokens]
    ends = [np.cumsum([len(t.encode("utf-8", "replace")) for t, _ in tokens]) for tokens in found.values()]
    return Scores(
        model,
        tuple(found),
        np.cumsum([0, *lengths], dtype=np.int64),
        np.concatenate([np.zeros(0, np.int64), *ends]).astype(np.int64),
        np.array([np.nan if v is None else min(v, 0.0) for _, v in flat], np.float32),
    )


def shared_beginning(mine: Recorded, other: Recorded) -> tuple[Token, ...]:
    """Tokens of `mine` as far as they spell the beginning of another's answer, and one more if it is known.

    Where the two part, the other's token is looked up among the likeliest ones that `mine` might have said.
    """
    kept: list[Token] = []
    said = ""
    for place, (token, value) in enumerate(mine.tokens):
        if other.text.startswith(said + token):
            said += token
            kept.append((token, value))
            continue
        theirs = _next(other, said)
        likely = dict(mine.top[place]) if place < len(mine.top) else {}
        if theirs in likely:
            kept.append((theirs, likely[theirs]))
        break
    return tuple(kept)


def _next(answer: Recorded, said: str) -> str:
    """The token of an answer that follows these characters; "" where a token straddles the place."""
    at = 0
    for token, _ in answer.tokens:
        if at == len(said):
            return token
        at += len(token)
    return ""
