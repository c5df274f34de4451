"""Two reports of one run, figure by figure: equal to the last bit, within the tolerance, or different.

Words and levels are equal or they differ. Leaves out computing (`recompute.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from auditor.report import Report
from auditor.store import MeasurementRows

# Other machines add up in another order: float64 results agree to RELATIVE, float32 measurements to MEASURED.
RELATIVE, ABSOLUTE, MEASURED = 1e-6, 1e-9, 1e-5
TOLERANCE = f"relative {RELATIVE:g}, of measurements {MEASURED:g}"
# Compared item by item; a key tells which item of one report is which of the other.
KEYS = {
    "verdicts": ("proposition", "evidence", "teacher"),
    "findings": ("teacher", "detector", "statistic"),
    "exhibits": ("teacher", "detector", "probe"),
    "tests": ("detector", "statistic", "subject", "other", "place"),
    "excluded": ("model", "teacher"),
}
PLAIN = ("student", "n_subjects", "n_probes", "n_responses", "lineage_source")
HASHES = ("panel", "probes", "lineage")
Both = tuple[Report, Sequence[MeasurementRows]]


@dataclass(frozen=True)
class Figure:
    """One place where the two are not the same."""

    where: str
    stored: object
    found: object

    def __str__(self) -> str:
        """The difference as one line."""
        return f"{self.where}: stored {_short(self.stored)}, computed {_short(self.found)}"


@dataclass(frozen=True)
class Compared:
    """How many places were compared, are equal, and differ; which differ; what could not be compared.

    `differences` names of each measurement the first value that differs.
    """

    compared: int
    equal: int
    different: int
    differences: tuple[Figure, ...]
    left_out: tuple[str, ...]


def compare(stored: Both, found: Both, lacking: Sequence[str] = ()) -> Compared:
    """Lay what was computed beside what was stored.

    `lacking` : what the run had and could not be had again. Where something is lacking only measurements and
    findings are compared, for verdicts may rest on it.
    """
    then, now = stored[0], found[0]
    absent = {s.detector: s.reason for s in now.skipped} if lacking or _skipped(now) != _skipped(then) else {}
    left_out = [
        f"{name}: not compared ({reason})" for name, reason in absent.items() if name not in _skipped(then)
    ]
    left_out += [f"not compared is what rests on {what}" for what in lacking]
    places = [*_measurements(stored[1], found[1], absent), *_plain(then, now)]
    parts = ("findings",) if lacking else tuple(KEYS)
    for part in parts:
        places += _items(part, getattr(then, part), getattr(now, part), absent)
    if lacking:
        left_out.append("verdicts, exhibits and headline: they may rest on what is lacking")
    elif _skipped(then) == _skipped(now):
        places.append(("headline", then.headline, now.headline))
    else:
        left_out.append("headline: other detectors ran here")
    if not lacking:
        places += [("caveats", True, one in then.caveats or one) for one in now.caveats]
    return _counted(places, left_out)


def _counted(places: Sequence[tuple[str, Any, Any]], left_out: Sequence[str]) -> Compared:
    compared = equal = different = 0
    differences = []
    for where, a, b in places:
        if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.shape == b.shape:
            same, near = _array(a, b)
            compared += a.size
            equal += int(same.sum())
            different += int((~near).sum())
            for at in np.argwhere(~near)[:1]:
                place = ", ".join(map(str, at))
                differences.append(Figure(f"{where} [{place}]", float(a[tuple(at)]), float(b[tuple(at)])))
            continue
        compared += 1
        equal += _same(a, b)
        if not _near(a, b):
            different += 1
            differences.append(Figure(where, a, b))
    return Compared(compared, equal, different, tuple(differences), tuple(left_out))


def _measurements(
    stored: Sequence[MeasurementRows], found: Sequence[MeasurementRows], absent: dict[str, str]
) -> Iterator[tuple[str, Any, Any]]:
    anew = {(m.detector, m.statistic): m for m in found}
    for one in stored:
        where = f"measurements, {one.detector} {one.statistic}"
        other = anew.get((one.detector, one.statistic))
        if other is None:
            if one.detector not in absent:
                yield where, "measured", "nothing"
            continue
        yield f"{where}, params", dict(one.params), dict(other.params)
        yield f"{where}, models", (one.subjects, one.teachers), (other.subjects, other.teachers)
        yield where, one.values, other.values


def _plain(then: Report, now: Report) -> Iterator[tuple[str, Any, Any]]:
    yield from ((f"runs, {name}", getattr(then, name), getattr(now, name)) for name in PLAIN)
    for name in HASHES:
        yield f"runs, hash of {name}", then.run.hashes.get(name), now.run.hashes.get(name)


def _items(
    part: str, stored: Sequence[Any], found: Sequence[Any], absent: dict[str, str]
) -> Iterator[tuple[str, Any, Any]]:
    """Every field of every item of one part; an item that one of the two lacks is a difference."""

    def keyed(items: Sequence[Any]) -> dict[tuple[Any, ...], Any]:
        return {tuple(getattr(one, name) for name in KEYS[part]): one for one in items}

    then, now = keyed(stored), keyed(found)
    for key in dict.fromkeys((*then, *now)):
        where = f"{part}, {' '.join(str(k) for k in key if k)}"
        if key not in now and any(name in key for name in absent):
            continue
        if key not in then or key not in now:
            yield where, "there" if key in then else "not there", "there" if key in now else "not there"
            continue
        for field in fields(then[key]):
            a, b = getattr(then[key], field.name), getattr(now[key], field.name)
            yield f"{where}, {field.name}", _data(a), _data(b)


def _skipped(report: Report) -> set[str]:
    return {s.detector for s in report.skipped}


def _data(value: Any) -> Any:
    """Plain data: dataclasses as dicts, tuples as lists."""
    if isinstance(value, tuple | list):
        return [_data(one) for one in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def _same(a: Any, b: Any) -> bool:
    """Equal to the last bit; NaN equals NaN, and 1 is not 1.0."""
    return repr(a) == repr(b)


def _near(a: Any, b: Any) -> bool:
    """Equal, or numbers within the tolerance, at any depth."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_near, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_near(a[k], b[k]) for k in a)
    if isinstance(a, float) and isinstance(b, float):
        both_nan = math.isnan(a) and math.isnan(b)
        return both_nan or math.isclose(a, b, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return bool(a == b) if not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray) else False


def _array(a: Any, b: Any) -> tuple[Any, Any]:
    """Which float32 values are equal to the last bit, and which are within the tolerance."""
    nan = np.isnan(a) & np.isnan(b)
    same = nan | (a.view(np.uint32) == b.view(np.uint32))
    return same, same | np.isclose(a, b, rtol=MEASURED, atol=MEASURED)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."
