"""How often the method errs, as counted by `audit bench`: the tables that ship beside this file.

`error_rates.json` is written by docs/measurements/write_tables.py from the tables of the documentation.
Leaves out counting.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from auditor.report import Report
from auditor.reports import phrases

# Table of the documentation -> its title here, and which of its columns are shown.
SHOWN = {
    "overall": ("Errors of the whole method", (0, 1)),
    "misleading": ("Likelihood ratios that mislead", (0, 1, 2)),
    "probes": ("By how many probes the student answered", (0, 1, 4, 5, 6)),
}
NOT_COUNTED = {
    "log-probabilities": (
        "On log-probabilities the method was tried on tiny models of known history alone; no error rate on "
        "models in use is known (docs/limits.md)."
    ),
    "served-log": (
        "For a served log no error rate on models in use is known; its null is that of the references."
    ),
    "keyed": (
        "By a key, the chance of a false alarm is the p itself, if the key was drawn at random and kept "
        "secret (docs/detectors/canary.md)."
    ),
    "equality": "For the question of the same model, what can be mistaken for it stands in docs/limits.md.",
    "weights": (
        "On weights, the chance of a false alarm is the p itself where the null is exact; what was counted "
        "on strangers stands in docs/detectors/descent.md."
    ),
}


@dataclass(frozen=True)
class Rates:
    """One table: title, column heads, rows of the same length."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def applies(report: Report) -> bool:
    """Whether a verdict rests on the score that was benched."""
    return any(v.evidence == "answers" and not phrases.on_tests(v) for v in report.verdicts)


def panel() -> str:
    """What the rates were counted on."""
    said: str = _shipped()["panel"]
    return said


def tables() -> tuple[Rates, ...]:
    """The tables that are shown."""
    return tuple(
        Rates(
            title,
            tuple(found["head"][c] for c in columns),
            tuple(tuple(r[c] for c in columns) for r in found["rows"]),
        )
        for name, (title, columns) in SHOWN.items()
        for found in (_shipped()["tables"][name],)
    )


def here(report: Report) -> str:
    """What this run has of it: how many of the documented students it could have found."""
    told = [
        f"{v.teacher} {phrases.power(v)}"
        for v in report.verdicts
        if v.power is not None and v.evidence == "answers"
    ]
    return (
        f"Of documented students so many score high enough for this run: {'; '.join(told)}." if told else ""
    )


def others(report: Report) -> list[str]:
    """What is known for verdicts on anything else."""
    kinds = ("weights" if phrases.on_weights(v) else v.evidence for v in report.verdicts)
    return [NOT_COUNTED[kind] for kind in dict.fromkeys(kinds) if kind in NOT_COUNTED]


@cache
def _shipped() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (files("auditor.reports") / "error_rates.json").read_text(encoding="utf-8")
    )
    return found
