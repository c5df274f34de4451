"""Power on positive controls in words: what share of a teacher's answers this run would have found.

Leaves out how controls are judged (`auditor/found_controls.py`) and power on documented students, which
stands in the words of a verdict.
"""

from __future__ import annotations

from auditor.report import ControlPower, Verdict

TITLE = "Positive controls:"


def lines(verdict: Verdict) -> list[str]:
    """A sentence a share, and what they hold for; empty = no controls were given."""
    found = [_sentence(verdict.teacher, row) for row in verdict.controls]
    return [*found, *(_holds_for(verdict, base) for base in _bases(verdict))]


def _sentence(teacher: str, row: ControlPower) -> str:
    weak = (
        f"at weak or above {_rate(row.weak / row.n)} ({_counted(row.weak, row, row.weak_low, row.weak_high)})"
    )
    moderate = _counted(row.moderate, row, row.moderate_low, row.moderate_high)
    if not row.share:
        return (
            f"An innocent made alike, with none of {teacher}'s data, would have been accused with "
            f"probability {_rate(row.moderate / row.n)} ({moderate}); {weak}."
        )
    return (
        f"A student with {row.share} % of {teacher}'s data would have been found with probability "
        f"{_rate(row.moderate / row.n)} ({moderate}); {weak}."
    )


def _counted(k: int, row: ControlPower, low: float, high: float) -> str:
    return f"{k} of {row.n} control{'' if row.n == 1 else 's'}, 95 % {_rate(low)} to {_rate(high)}"


def _rate(value: float) -> str:
    """A share as reports write it: ".80", "1", "0"."""
    return f"{value:.0f}" if value in (0.0, 1.0) else f"{value:.2f}".removeprefix("0")


def _bases(verdict: Verdict) -> list[ControlPower]:
    """One row of every making, in order."""
    return list({(r.base, r.method, r.documents): r for r in reversed(verdict.controls)}.values())[::-1]


def _holds_for(verdict: Verdict, row: ControlPower) -> str:
    """What the figures are about, and nothing else."""
    how = f", {row.method}" if row.method else ""
    return (
        f"Found means at moderate or above, on answers, as the student was judged. It holds for this base "
        f"and this route: students made from {row.base} ({row.documents} documents each{how}), of "
        f"whose answers {row.n_probes} were judged. Another base, more documents, rewritten answers or "
        f"another way of learning from {verdict.teacher} may leave more of a trace, or less."
    )
