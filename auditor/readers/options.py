"""`ReadOptions`: what a user may say about a file of recorded outputs that the file does not say itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ReadOptions:
    """How to read recorded outputs; every field has a default that suits a well-formed file.

    Attributes
    ----------
    format : name of a reader, or None to look at the content.
    columns : our name -> theirs, for the plain formats, e.g. `{"output": "my_column"}`; our names are
        model, prompt_id, prompt, sample, output.
    model : name of the model where the file does not name one (None: the file's own name).
    encoding : of text files without a byte order mark (None: UTF-8).
    keep_going : leave out rows that cannot be read, and count them in the notes.
    prompts : file with the prompt texts by prompt id, for formats that carry only ids.
    """

    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    encoding: str | None = None
    keep_going: bool = False
    prompts: Path | None = None
