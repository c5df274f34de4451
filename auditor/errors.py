"""The one exception a user may see: what is wrong, what is allowed, what came, and the next step."""

from __future__ import annotations


class AuditError(Exception):
    """Bad input or a broken environment; printed as one message, exit code 2."""

    exit_code = 2


class IncompleteError(AuditError):
    """The job could not be finished (locked file, full disk, interrupted), exit code 3."""

    exit_code = 3
