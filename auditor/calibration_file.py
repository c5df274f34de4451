"""Calibrations as files: pairs of known history with their scores, at one or more numbers of probes.

A score on few probes is noisier, so each number of probes has scores, and a line, of its own. Leaves out
measuring the pairs (`calibrate.py`) and the fit (`calibration.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from auditor import shipped
from auditor.calibration import Calibration, Known
from auditor.errors import AuditError

SHIPPED = "calibration/alpaca-eval.json"
SCHEMA = 2
# How much larger than the number of probes answered the calibration's may be.
LENIENT = 1.1


def read(path: Path | None = None, n_probes: int | None = None) -> Calibration:
    """Read a calibration; the shipped one without a path.

    `n_probes` : how many probes the student answered; the scores are those on the largest number that the
    file has and that is at most a tenth larger (a student that left one probe of 805 open is judged by the
    line at 805), or on its smallest. Without it, on its largest.
    """
    path = path or shipped.path(SHIPPED)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["schema"] != SCHEMA:
            raise AuditError(
                f"{path}: calibration schema {found['schema']}, this version knows {SCHEMA}. "
                "'audit calibrate' writes one from the same pairs."
            )
        counts = [int(n) for n in found["n_probes"]]
        chosen = max((n for n in counts if n_probes is None or n <= LENIENT * n_probes), default=min(counts))
        pairs = tuple(
            Known(p["student"], p["teacher"], p["family"], bool(p["positive"]), float(score))
            for p in found["pairs"]
            for score in p["scores"][counts.index(chosen)]
        )
        return Calibration(found["name"], found["made"], chosen, pairs)
    except OSError as error:
        raise AuditError(f"Cannot read the calibration {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise AuditError(
            f"{path} is not a calibration ({type(error).__name__}: {error}). 'audit calibrate' writes one."
        ) from error


def write(calibrations: Sequence[Calibration], path: Path) -> None:
    """Write the same pairs at one or more numbers of probes, one pair a line.

    A pair may stand in a calibration several times, with the scores of several draws of probes.
    """
    first = calibrations[0]
    scores: dict[tuple[str, str, str, bool], list[list[float]]] = {}
    for position, calibration in enumerate(calibrations):
        for p in calibration.pairs:
            key = (p.student, p.teacher, p.family, p.positive)
            scores.setdefault(key, [[] for _ in calibrations])[position].append(round(p.score, 4))
    lines = [
        json.dumps(
            {"student": s, "teacher": t, "family": f, "positive": positive, "scores": found},
            ensure_ascii=False,
        )
        for (s, t, f, positive), found in scores.items()
    ]
    counts = [c.n_probes for c in calibrations]
    head = {"schema": SCHEMA, "name": first.name, "made": first.made, "n_probes": counts}
    start = json.dumps(head, ensure_ascii=False)[:-1]
    path.write_text(f'{start}, "pairs": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
