"""`Recorded`: what a reader found in a file, before it becomes part of a panel."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

COLUMNS = pa.schema(
    [
        pa.field("model", pa.large_string()),
        pa.field("prompt_id", pa.large_string()),  # the source's own id; null where it has none
        pa.field("prompt", pa.large_string()),  # null where the source does not carry the prompt text
        pa.field("sample", pa.int32()),  # 0, 1, ... for repeated answers to one prompt
        pa.field("output", pa.large_string()),  # null where the model gave none
    ]
)


@dataclass(frozen=True)
class Recorded:
    """Responses as a file holds them.

    Attributes
    ----------
    table : `COLUMNS`, one row per response, in file order.
    format : name of the reader that read it.
    notes : what was left out or repaired, as sentences for the user ("3 of 805 lines ...").
    files : path -> SHA-256 hex of each file read.
    """

    table: pa.Table
    format: str
    notes: tuple[str, ...]
    files: dict[str, str]
