"""`Span`: a date of which only the year, or the month, may be known."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from auditor.errors import AuditError

_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class Span:
    """The days that "2023", "2023-03" or "2023-03-14" may mean; `first` and `last` included."""

    text: str
    first: date
    last: date

    def __str__(self) -> str:
        return self.text


def span(text: str) -> Span:
    """Read an ISO date, a year and month, or a year."""
    found = _ISO.fullmatch(text.strip())
    try:
        if not found:
            raise ValueError
        year, month, day = (int(part) if part else None for part in found.groups())
        first = date(year or 0, month or 1, day or 1)
        last = date(first.year, month or 12, day or monthrange(first.year, month or 12)[1])
    except ValueError:
        raise AuditError(
            f"{text!r} is no date. Give a day as 2024-07-23, a month as 2024-07, or a year as 2024."
        ) from None
    return Span(text.strip(), first, last)


def between(first: date, last: date) -> Span:
    """Return the days from one to another; a last day before the first is the first."""
    return Span(f"{first} to {max(first, last)}", first, max(first, last))
