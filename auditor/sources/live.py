"""Which models can be asked, and what asks them: the one place to add another kind.

Leaves out recorded answers (`load.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from auditor.errors import AuditError
from auditor.sources import EndpointSpec, parse_endpoint
from auditor.sources.answering import LocalResponder, LocalTarget, local_target
from auditor.sources.pacing import Patience
from auditor.sources.responder import Responder, Target


@dataclass(frozen=True)
class Manners:
    """How much is asked at once, and with how much patience.

    Attributes
    ----------
    concurrency : requests under way at once. rate : requests a minute, or None. timeout : seconds a request.
    """

    concurrency: int = 8
    rate: int | None = None
    timeout: int = 120
    patience: Patience = field(default_factory=Patience)


def target_of(text: str) -> Target:
    """Take the `MODEL` string of a model that can be asked apart."""
    return local_target(text) if text.startswith("hf:") else parse_endpoint(text)


def responder_for(
    target: Target, manners: Manners, warn: Callable[[str], None]
) -> AbstractContextManager[Responder]:
    """What asks this model, to be used in a `with` block; `warn` is told what the user should know."""
    if isinstance(target, EndpointSpec):
        from auditor.sources.crowd import EndpointResponder

        return EndpointResponder(
            target,
            concurrency=manners.concurrency,
            rate=manners.rate,
            timeout=manners.timeout,
            patience=manners.patience,
            warn=warn,
        )
    if isinstance(target, LocalTarget):
        return LocalResponder(target, warn)
    raise AuditError(f"{target.name} cannot be asked: nothing here asks {type(target).__name__}.")
