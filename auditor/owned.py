"""What a teacher's owner brought to a run, examined: verdicts, tests and their headline, for `compare`.

Leaves out how each kind is tested (`served_log.py`, `keyed.py`) and worded (`owner_evidence.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor import keyed, served_log
from auditor.case import Case
from auditor.config import CompareConfig
from auditor.owner_evidence import by_teacher, headline, judged
from auditor.readers.rows import file_hash
from auditor.report import PairTest, Verdict


@dataclass(frozen=True)
class Owned:
    """Verdicts on a key and on served logs, the strongest of a kind first; empty = nothing was brought.

    `inputs` : files of texts, path -> SHA-256 hex. Files with a key are not among them: a hash of a short
    secret gives it away.
    """

    headline: str
    verdicts: tuple[Verdict, ...]
    tests: tuple[PairTest, ...]
    inputs: dict[str, str]


def examine(case: Case, config: CompareConfig) -> Owned:
    """Examine all of it."""
    found = ((keyed.KIND, keyed.examine(case, config)), (served_log.KIND, served_log.examine(case, config)))
    verdicts = [(kind, judged(case, kind, tested)) for kind, tested in found]
    return Owned(
        " ".join(filter(None, (headline(case.student, kind, some) for kind, some in verdicts))),
        tuple(v for _, some in verdicts for v in some),
        tuple(test for _, tested in found for t in tested for test in t.tests),
        _hashes(case, config),
    )


def plan(case: Case, config: CompareConfig) -> tuple[str, ...]:
    """What would be tested, for `--dry-run`; the files are read and refused as in a run, scores are not."""
    logs = served_log.texts(case, config)
    said = [
        f"Served log of {t}: {len(log)} answers, {len(apart)} held out." for t, (log, apart) in logs.items()
    ]
    return (*said, *(f"Key of {t}: {key.name}." for t, key in keyed.keys(case, config).items()))


def _hashes(case: Case, config: CompareConfig) -> dict[str, str]:
    options = (("--served", config.served), ("--held-out", config.held_out))
    files = [path for option, given in options for path in by_teacher(given, case, option).values()]
    return {str(path): file_hash(path) for path in files}
