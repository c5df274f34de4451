"""`UnansweredError`: why a request was not answered, whether to try it again, and what the user can do.

Leaves out the trying (`endpoint.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_SHOWN = 300


class UnansweredError(Exception):
    """A request without a usable answer.

    Attributes
    ----------
    what : what happened, and what to do about it, as sentences.
    status : of the HTTP answer; 0 = there was none, or it was damaged.
    again : another try may help.
    stops : no other request will fare better, so that asking on is of no use.
    wait : seconds the server asked to wait; None = it did not say.
    """

    def __init__(
        self,
        what: str,
        *,
        status: int = 0,
        again: bool = False,
        stops: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.status = status
        self.again = again
        self.stops = stops
        self.wait = wait

    @property
    def refused(self) -> bool:
        """Whether the server understood the request and would not do it as it was put."""
        return self.status in (400, 413, 422)


def of_status(
    status: int, said: str, headers: Mapping[str, str], url: str, *, has_key: bool
) -> UnansweredError:
    """What an HTTP status other than success means; `said` is the server's own message, cleaned."""
    answer = f"{url} answered {status}" + (f" ({said})" if said else "")
    if status in (401, 403):
        key = "the key it got is not good for this" if has_key else "it wants a key, and none is set"
        return UnansweredError(
            f"{answer}: {key}. Set OPENAI_API_KEY or AUDIT_API_KEY to a key of this server.",
            status=status,
            stops=True,
        )
    if status in (404, 405):
        return UnansweredError(f"{answer}.", status=status, stops=True)
    if status == 402 or (status == 429 and "insufficient_quota" in said):
        return UnansweredError(
            f"{answer}: the account has nothing left to spend. Top it up, or use another key.",
            status=status,
            stops=True,
        )
    again = status in (408, 409, 425, 429) or status >= 500
    return UnansweredError(f"{answer}.", status=status, again=again, wait=told_to_wait(headers))


def told_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds in `Retry-After` (a number or a date) or `retry-after-ms`; None = neither says."""
    try:
        if "retry-after-ms" in headers:
            return max(float(headers["retry-after-ms"]) / 1000, 0.0)
        said = headers["retry-after"]
    except (KeyError, ValueError):
        return None
    try:
        seconds = float(said)
    except ValueError:
        try:
            when = parsedate_to_datetime(said)
        except ValueError:
            return None
        seconds = ((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if seconds == seconds else None


def message_in(body: Any) -> str:
    """The server's own words in the body of an error, whatever its form."""
    if isinstance(body, dict):
        inner = body.get("error", body.get("detail", body.get("message")))
        if isinstance(inner, dict):
            code = inner.get("code") if isinstance(inner.get("code"), str) else ""
            return " ".join(filter(None, [message_in(inner), f"[{code}]" if code else ""]))
        return message_in(inner) if inner is not None else ""
    return body if isinstance(body, str) else "" if body is None else str(body)


def cleaned(text: str, secret: str) -> str:
    """A server's words for a message: on one line, not too long, and without the key."""
    text = " ".join((text.replace(secret, "(the key)") if secret else text).split())
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
