"""The `MODEL` strings of the command line: where a model's responses come from.

Leaves out asking a model (`live.py`) and reading files (`load.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from auditor.errors import AuditError

Kind = Literal["file", "panel", "hf", "openai"]

_ALLOWED = (
    "Allowed are PATH, file:PATH, file:PATH#MODEL (one model of a file), panel:MODEL, openai:NAME@URL and "
    "hf:FOLDER"
)
_ENDPOINT = "An endpoint is openai:NAME@URL, such as openai:llama-3@http://localhost:8000/v1"


@dataclass(frozen=True)
class ModelSpec:
    """One `MODEL` string, taken apart.

    Attributes
    ----------
    kind : where the responses come from.
    value : path of the file, name of the model in the panel, URL of the endpoint, or folder of the weights.
    model : which model of the file ("" = the only one), naming the model where the file does not; what an
        endpoint calls it.
    text : the string as the user wrote it.
    """

    kind: Kind
    value: str
    model: str
    text: str


@dataclass(frozen=True)
class EndpointSpec:
    """`openai:NAME@URL`, taken apart.

    Attributes
    ----------
    name : what the server calls the model, and what the model is called in the file of answers.
    url : address of the interface, up to and including "/v1", without a slash at its end.
    trials : about how many requests it takes to find out what it can do (`abilities.py`).
    """

    name: str
    url: str
    trials: ClassVar[int] = 9

    @property
    def at(self) -> str:
        """Where the model is: the URL."""
        return self.url


def parse_model(text: str) -> ModelSpec:
    """Take a `MODEL` string apart."""
    scheme, separator, rest = text.partition(":")
    if not text.strip() or (separator and scheme in ("file", "panel", "hf") and not rest):
        raise AuditError(f"MODEL {text!r} names nothing. {_ALLOWED}.")
    if separator and scheme == "panel":
        return ModelSpec("panel", rest, "", text)
    if separator and scheme == "openai":
        endpoint = parse_endpoint(text)
        return ModelSpec("openai", endpoint.url, endpoint.name, text)
    if separator and scheme == "hf":
        return ModelSpec("hf", rest, "", text)
    if re.match(r"[a-z][a-z0-9+.-]+://", text):
        raise AuditError(f"MODEL {text!r}: {scheme}: is not a source. {_ALLOWED}: download the file first.")
    path = rest if separator and scheme == "file" else text
    value, _, model = (path, "", "") if Path(path).exists() else path.partition("#")
    return ModelSpec("file", value, model, text)


def parse_endpoint(text: str) -> EndpointSpec:
    """Take the `MODEL` string of an endpoint apart; its URL may hold nothing that should stay secret."""
    found = re.fullmatch(r"openai:(?P<name>.*\S)@(?P<url>https?://\S+)", text.strip())
    if found is None:
        raise AuditError(f"MODEL {_without_secrets(text)!r} is no endpoint. {_ENDPOINT}.")
    url = found["url"].rstrip("/").removesuffix("/chat/completions")
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise AuditError(f"MODEL {_without_secrets(text)!r}: its URL is no web address. {_ENDPOINT}.")
    if parts.username is not None or parts.query or parts.fragment:
        raise AuditError(
            f"MODEL {_without_secrets(text)!r}: the URL goes into the file of answers, so it may hold no "
            f"user, password, '?' or '#'. {_ENDPOINT}; the key is read from OPENAI_API_KEY or AUDIT_API_KEY."
        )
    return EndpointSpec(found["name"].strip(), url)


def _without_secrets(text: str) -> str:
    """The string without what stands where a password or a key may stand."""
    return re.sub(r"(?<=://)[^/@\s]*@|[?#].*", "...", text)
