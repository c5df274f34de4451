"""`scan_rows`: data files -> what their rows say; the one entry.

Files with the same columns are read together, each row once. Memory is bounded whatever the size: 1 GiB for
DuckDB, and some batches of 16 MiB besides; what does not fit is spilled to a temporary folder. Leaves out
which files there are (the tree) and what follows (the judge).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from auditor.progress import Progress
from auditor.scan.finding import Evidence, Finding
from auditor.scan.result import FileRead, Generator
from auditor.scan.rows.files import DataFile
from auditor.scan.rows.found import RowsFound
from auditor.scan.rows.lines import LONGEST_LINE, Counts
from auditor.scan.rows.look import Group, connected, look
from auditor.scan.rows.near import Near, near
from auditor.scan.rows.packed import Unreadable
from auditor.scan.rows.readers import Opened, open_file
from auditor.scan.rows.tally import Tally, provider

TOGETHER = 256
"""Files that one statement reads at most: what cannot be read together is read again one by one."""


def scan_rows(
    root: Path, files: Sequence[DataFile], sample: int, index: Sequence[Path], progress: Progress
) -> RowsFound:
    """Apply every rule to the rows of some files.

    Parameters
    ----------
    root : what is scanned. files : as `data_file` made them. sample : rows of each file at most, from all
        over it where its format lets that be cheap; 0 = all. index : folders of `audit index`, of known sets.
    """
    tally, reads, findings = Tally(), [], []
    with tempfile.TemporaryDirectory(prefix="audit-scan-") as folder, connected(Path(folder)) as con:
        progress.stage("Looking at columns", len(files))
        opened: list[Opened] = []
        failed: dict[str, str] = {}
        counts: dict[str, Counts] = {}
        for file in files:
            try:
                opened.append(open_file(con, root, file, sample, Path(folder)))
            except Unreadable as error:
                failed[file.path] = str(error)
            progress.advance()
        progress.stage("Reading rows", len(opened), "files")
        groups: list[Group] = []
        notes: list[str] = []
        ways_together = _together(opened)
        for together in ways_together:
            found = look(con, together, sample)
            groups += found.groups
            counts |= found.counts
            failed |= found.failed
            notes += found.notes
            progress.advance(len(together))
        read_ones = [[o for o in g if o.file.path not in failed] for g in ways_together]
        close = [near(con, [g for g in read_ones if g], sample, one, Path(folder), progress) for one in index]
    for group in groups:
        tally.add(group)
    rows = {f.path: 0 for f in files}
    bad = {f.path: 0 for f in files}
    for group in groups:
        rows[group.file.path] += group.rows - group.bad
        bad[group.file.path] += group.bad
    ways = {o.file.path: o for o in opened}
    for file in files:
        own = counts.get(file.path, Counts())
        read, problems = _read(file, ways.get(file.path), own, failed, rows, bad, sample)
        reads.append(read)
        findings += problems
    met = tally.findings()
    copies = [n.finding for n in close if n.finding]
    sampled = [r for r in reads if r.status == "sampled"]
    if sampled:
        findings.append(
            Finding(
                "FIL004",
                f"Of {len(sampled):,} files, at most {sample:,} rows each were read.",
                "high",
                evidence=tuple(Evidence(r.path) for r in sampled[:20]),
                count=len(sampled),
            )
        )
    return RowsFound(
        findings=(*met.values(), *copies, *findings),
        generators=(*tally.written(met), *_through(close, tally.rows)),
        human=tally.human,
        unknown=tally.unknown,
        licences=tally.licences_of_rows(),
        files=tuple(reads),
        rows=tally.rows,
        days=tally.when(),
        notes=tuple(notes),
    )


def _through(close: Sequence[Near], rows: int) -> list[Generator]:
    """Who wrote the known sets that rows are near copies of; these rows count in `Tally.written`, too."""
    return [
        Generator(
            *(model, provider(model), n.rows, n.rows / max(1, rows), n.known.id),
            *(n.finding.confidence, (n.finding.fingerprint,)),
        )
        for n in close
        if n.finding and n.known and n.known.synthetic
        for model in n.known.generators or ("",)
    ]


def _together(opened: Sequence[Opened]) -> list[list[Opened]]:
    ordered = sorted(opened, key=lambda o: (repr(o.together), o.file.path))
    found = []
    for _, group in groupby(ordered, lambda o: repr(o.together)):
        own = list(group)
        found += [own[i : i + TOGETHER] for i in range(0, len(own), TOGETHER)]
    return found


def _read(
    file: DataFile,
    way: Opened | None,
    counts: Counts,
    failed: dict[str, str],
    rows: dict[str, int],
    bad: dict[str, int],
    sample: int,
) -> tuple[FileRead, list[Finding]]:
    """What became of a file, and findings about what of it could not be read."""
    path = file.path
    why = [failed[path]] if path in failed else [counts.why] if counts.why else []
    if counts.too_long:
        why.append(
            f"{counts.too_long:,} lines, the first of them line {counts.first_too_long:,}, are longer than "
            f"{LONGEST_LINE >> 20} MiB"
        )
    if bad[path]:
        why.append(f"{bad[path]:,} of {rows[path] + bad[path]:,} records are no JSON")
    if not rows[path] and bad[path]:
        failed = {**failed, path: why[-1]}
    sampled = counts.sampled or (way is not None and way.thinned(sample))
    findings = (
        [
            Finding(
                "FIL001",
                f"{path}: {'; '.join(why)}.",
                "high",
                subject=path,
                evidence=(Evidence(path),),
                count=1,
            )
        ]
        if why
        else []
    )
    note = "; ".join(why)
    if counts.replaced:
        note = "; ".join(filter(None, [note, "bytes that are no UTF-8 were read as U+FFFD"]))
    status = "unreadable" if path in failed else "sampled" if sampled else "read"
    read = FileRead(
        *(path, "data", file.format, file.size),
        rows[path] if path not in failed else None,
        status == "read" and not why,
        status,
        note,
    )
    return read, findings
