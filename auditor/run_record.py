"""What a report says of its own run besides the results: command, time, versions, files.

Leaves out the results.
"""

from __future__ import annotations

import hashlib
import platform
import shlex
import sys
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path

from auditor import calibration_file, shipped
from auditor import lineage as lineages
from auditor.config import CompareConfig
from auditor.report import Run
from auditor.score_files import files_of

VERSIONS_OF = ("distill-audit", "duckdb", "numpy", "pyarrow", "scipy", "scikit-learn")


def identity(
    run_id: str, started: str, config: CompareConfig, hashes: dict[str, str], inputs: dict[str, str]
) -> Run:
    """The run as its report shows it, finished now; `inputs` : SHA-256 by name, what is shipped is added."""
    return Run(
        id=run_id,
        command=command_line(),
        started=started,
        finished=now(),
        seed=config.seed,
        config=config.as_dict(),
        versions=versions(),
        hashes=hashes,
        inputs=inputs | shipped_or_own(config),
    )


def command_line() -> str:
    """The command as typed, for the report."""
    return shlex.join(["audit", *sys.argv[1:]])


def now() -> str:
    """Time of day, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def day(when: str) -> date:
    """The day of a time that `now` gave."""
    return datetime.fromisoformat(when).date()


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    found = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def shipped_or_own(config: CompareConfig) -> dict[str, str]:
    """SHA-256 of the lineage table and the calibration, given or shipped, and of every file of scores."""
    asked = {lineages.SHIPPED: config.lineage, calibration_file.SHIPPED: config.calibration}
    paths = {
        given or name: Path(given) if given else shipped.path(name)
        for name, given in asked.items()
        if given != "none"
    }
    paths |= {str(path): path for path in files_of(config.scores)}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}
