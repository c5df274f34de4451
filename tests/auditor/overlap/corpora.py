"""Corpora for tests: sentences of random words, edited copies, and files of every format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from auditor.overlap import run
from auditor.overlap.config import OverlapConfig
from auditor.progress import Silent

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdgklmnrst"]


def document(rng: np.random.Generator, words: int = 120) -> str:
    return " ".join(rng.choice(WORDS, words))


def documents(seed: int, n: int, words: int = 120) -> list[str]:
    rng = np.random.default_rng(seed)
    return [document(rng, words) for _ in range(n)]


def edited(text: str, changes: int, seed: int = 0) -> str:
    """The text with so many of its words replaced by new ones."""
    words = text.split(" ")
    for at in np.random.default_rng(seed).choice(len(words), changes, replace=False):
        words[at] = f"changed{seed}x{at}"
    return " ".join(words)


def jsonl(path: Path, texts: Iterable[str | None], **columns: Sequence[object]) -> str:
    column = columns.pop("column", "text")
    rows = [{str(column): text} for text in texts]
    for name, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[name] = value  # type: ignore[assignment]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def compared(folder: Path, left: str, right: str, **settings: object):
    """The result of a run, not stored."""
    spill = folder / "spill"
    spill.mkdir(exist_ok=True)
    config = OverlapConfig(left, right, **settings)  # type: ignore[arg-type]
    return run.compared(config, spill, "2026-01-01T00:00:00+00:00", Silent())
