"""`OverlapConfig`: what `audit overlap` was asked, frozen and stored with the run.

Leaves out where a value comes from: command line, environment and audit.toml are click's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from auditor.config import LEVELS, NEVER
from auditor.errors import AuditError
from auditor.overlap.memory import bytes_of

UNITS = ("words", "characters", "bytes")
DEVICES = ("auto", "cpu", "cuda")
ENGINES = ("local", "ray")
LONGEST_SHINGLE = 64


@dataclass(frozen=True)
class OverlapConfig:
    """What was asked; the same values and files give the same result on every engine and device.

    Attributes
    ----------
    left, right : the student's corpus and the teacher's: a file, a folder, a pattern with * or ?, or
        FILE.duckdb::TABLE. references : independent corpora, in the student's place.
    threshold : Jaccard similarity from which two documents are near copies, above 0 and at most 1.
    containment : share of a right document's shingles that a left one must hold, or None = not asked.
    shingle : "words:5", "characters:8", "bytes:8".
    text, id, by, source : names of columns; None = recognise it, and for `source` the file. right_text,
        right_id : where the right corpus has others. `by` names the teacher in the right corpus.
    device : of the signatures. engine : who reads and hashes. evidence, pairs : files to write.
    spill : folder for what memory cannot hold. memory : what keys may take, as "2GiB"; None = half of what
        the machine has.
    recall : probability with which a pair at the threshold must be found.
    k : minima of a signature.
    keep_going : leave out lines that cannot be read, and count them.
    """

    left: str
    right: str
    references: tuple[str, ...] = ()
    threshold: float = 0.5
    containment: float | None = None
    shingle: str = "words:5"
    text: str | None = None
    right_text: str | None = None
    id: str | None = None
    right_id: str | None = None
    by: str | None = None
    source: str | None = None
    recall: float = 0.95
    k: int = 128
    device: str = "auto"
    engine: str = "local"
    evidence: str = "audit.duckdb"
    pairs: str | None = None
    spill: str | None = None
    memory: str | None = None
    keep_going: bool = False
    fail_on: str = "moderate"
    seed: int = 0

    def __post_init__(self) -> None:
        self.cut()
        for name in ("threshold", "containment"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise AuditError(
                    f"--{name} must be above 0 and at most 1, got {value}. 0.5 is a usual choice; 1 asks for "
                    "documents with the very same shingles."
                )
        if self.memory is not None and bytes_of(self.memory) is None:
            raise AuditError(
                f"--memory {self.memory!r} is no size. Write a number and a unit: 500MB, 4GiB. Keys that do "
                "not fit go to --spill."
            )
        if self.device not in DEVICES:
            raise AuditError(f"--device must be one of {', '.join(DEVICES)}, got {self.device!r}.")
        if self.engine not in ENGINES:
            raise AuditError(f"--engine must be one of {', '.join(ENGINES)}, got {self.engine!r}.")

    def cut(self) -> tuple[str, int]:
        """What a shingle is made of, and of how many of them."""
        unit, _, n = self.shingle.partition(":")
        if unit not in UNITS or not n.isdecimal() or not 1 <= int(n) <= LONGEST_SHINGLE:
            raise AuditError(
                f"--shingle {self.shingle!r} is not of the form UNIT:N, with UNIT one of {', '.join(UNITS)} "
                f"and N from 1 to {LONGEST_SHINGLE}. Try words:5, or characters:8 for text without spaces."
            )
        return unit, int(n)

    def fails_on(self, level: str) -> bool:
        """Whether evidence of this level is to end in exit code 1."""
        if self.fail_on == NEVER or level not in LEVELS:
            return False
        return LEVELS.index(level) >= LEVELS.index(self.fail_on)

    def as_dict(self) -> dict[str, Any]:
        """Plain values in the order of their names, as they are read back from the store."""
        return dict(sorted(asdict(self).items()))
