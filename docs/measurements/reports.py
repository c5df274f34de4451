"""Size and time of every report of a stored run: reading it back, then each format, in seconds of one core.

Usage: python docs/measurements/reports.py EVIDENCE [RUN]

Leaves out starting Python and its libraries; PDF is left out where WeasyPrint or Pango is missing.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from auditor.errors import AuditError
from auditor.reports import BINARY, FORMATS, rendered
from auditor.store import read_report


def main() -> None:
    """Print one row a format."""
    began = time.process_time()
    report = read_report(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "latest")
    panel = f"{report.n_subjects} models, {report.n_probes} probes"
    print(f"read back: {time.process_time() - began:.1f} s; {panel}")
    print("| format | kB | s |\n|---|---|---|")
    for name in (*FORMATS, *BINARY):
        began = time.process_time()
        try:
            made = rendered(report, name)
        except AuditError as error:
            print(f"| {name} | {error} | |")
            continue
        size = len(made.encode() if isinstance(made, str) else made)
        print(f"| {name} | {size / 1000:.0f} | {time.process_time() - began:.1f} |")


if __name__ == "__main__":
    main()
