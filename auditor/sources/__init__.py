"""The `MODEL` strings of the command line: where a model's responses come from.

Leaves out asking a model anything: this version judges outputs recorded beforehand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auditor.errors import AuditError

Kind = Literal["file", "panel", "hf", "openai"]

_ALLOWED = "Allowed are PATH, file:PATH, file:PATH#MODEL (one model of a file) and panel:MODEL"


@dataclass(frozen=True)
class ModelSpec:
    """One `MODEL` string, taken apart.

    Attributes
    ----------
    kind : where the responses come from.
    value : path of the file, or name of the model in the panel.
    model : which model of the file ("" = the only one); names the model where the file does not.
    text : the string as the user wrote it.
    """

    kind: Kind
    value: str
    model: str
    text: str


def parse_model(text: str) -> ModelSpec:
    """Take a `MODEL` string apart."""
    scheme, separator, rest = text.partition(":")
    if not text.strip() or (separator and scheme in ("file", "panel") and not rest):
        raise AuditError(f"MODEL {text!r} names nothing. {_ALLOWED}.")
    if separator and scheme == "panel":
        return ModelSpec("panel", rest, "", text)
    if separator and scheme in ("hf", "openai"):
        raise AuditError(
            f"MODEL {text!r}: asking a model directly is not in this version. {_ALLOWED}: collect outputs "
            "into a file first."
        )
    if re.match(r"[a-z][a-z0-9+.-]+://", text):
        raise AuditError(f"MODEL {text!r}: {scheme}: is not a source. {_ALLOWED}: download the file first.")
    path = rest if separator and scheme == "file" else text
    value, _, model = (path, "", "") if Path(path).exists() else path.partition("#")
    return ModelSpec("file", value, model, text)
