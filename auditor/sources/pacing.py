"""When a request may go out, and how long to wait after one that failed.

Leaves out why it failed (`unanswered.py`).
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from time import monotonic


class Pacer:
    """Lets requests of all workers go out one after the other, at most `rate` a minute (None = no limit)."""

    def __init__(self, rate: float | None) -> None:
        self._gap = 60 / rate if rate else 0.0
        self._next = 0.0
        self._held = 0.0
        self._turns = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until the next request may go out."""
        async with self._turns:
            while (wait := max(self._next, self._held) - monotonic()) > 0:
                await asyncio.sleep(wait)
            self._next = monotonic() + self._gap

    def hold(self, seconds: float) -> None:
        """Let nothing out for so long: the server asked for it."""
        self._held = max(self._held, monotonic() + seconds)


@dataclass(frozen=True)
class Patience:
    """How often a request is tried, and how long is waited in between.

    Attributes
    ----------
    tries : times a request goes out before it is given up.
    first, longest : seconds before the second try, and the most before any; doubled from try to try.
    told : seconds a server may ask us to wait ("Retry-After") before it is taken as a refusal.
    """

    tries: int = 6
    first: float = 0.5
    longest: float = 30.0
    told: float = 300.0

    def wait(self, tried: int) -> float:
        """Seconds to wait after `tried` tries; up to a quarter less, so that workers spread out."""
        return float(min(self.first * 2 ** min(tried - 1, 20), self.longest) * random.uniform(0.75, 1))
