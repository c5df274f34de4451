"""Time and peak memory of `audit compare` against panel size: models, probes, teacher columns.

Usage: [AUDIT_TEST_DATA=FOLDER] python docs/measurements/scaling.py

Cuts down the real panel (without AUDIT_TEST_DATA the demo panel) along one axis at a time, and runs the
command as a user would, all detectors, fresh evidence file. Memory is the proportional set size of the
process and its workers, summed, sampled five times a second. The exponent compares a row with the one
above: 1 = linear in that axis, below 1 = less than linear.
"""

from __future__ import annotations

import csv
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor import case as cases
from auditor.config import CompareConfig
from auditor.lineage import COLUMNS

AXES = ("models", "probes", "teachers")
SHARES = (0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Source:
    """A panel with its prompts, and the question asked of it."""

    panel: Path
    lineage: str | None
    student: str
    teachers: tuple[str, ...]


@dataclass(frozen=True)
class Cut:
    """A smaller panel: which models, probes and decoy teachers stay, and how many teacher columns that is."""

    models: list[str]
    probes: list[str]
    decoys: list[str]
    columns: int


def main() -> None:
    """Print one table an axis."""
    source = _source()
    case = cases.prepare(_config(source), cases.Silent())
    table = pq.read_table(source.panel)
    print(f"{source.panel.name}, student {source.student}, teachers {', '.join(source.teachers)}")
    for axis in AXES:
        print(f"\n{axis}\n models  probes  columns  seconds  exponent    MiB")
        before = (0.0, 0.0)
        for share in SHARES:
            cut = _cut(source, case, table, {axis: share})
            seconds, memory = _run(source, case, table, cut)
            sizes = dict(zip(AXES, (len(cut.models), len(cut.probes), cut.columns), strict=True))
            size = sizes[axis]
            slope = math.log(seconds / before[1]) / math.log(size / before[0]) if before[0] else math.nan
            numbers = "  ".join(f"{n:7}" for n in sizes.values())
            print(f"{numbers}  {seconds:7.1f}  {slope:8.2f}  {memory:5.0f}", flush=True)
            before = (float(size), seconds)


def _cut(source: Source, case: cases.Case, table: pa.Table, shares: dict[str, float]) -> Cut:
    """Keep a share of the models that are no columns, of the probes, or of the decoy teachers."""
    rng = np.random.default_rng(0)

    def part(items: list[str], axis: str) -> list[str]:
        return rng.permutation(items).tolist()[: round(shares.get(axis, 1.0) * len(items))]

    kept = list(dict.fromkeys((source.student, *case.models)))
    models = kept + part([s for s in case.panel.subjects if s not in kept], "models")
    probes = part(table["prompt_id"].unique().to_pylist(), "probes")
    bystanders = [d for d in case.decoys if d not in source.teachers]
    decoys = part(bystanders, "teachers")
    return Cut(models, probes, decoys, len(case.models) - len(bystanders) + len(decoys))


def _source() -> Source:
    data = os.environ.get("AUDIT_TEST_DATA")
    if data:
        panel = Path(data) / "outputs" / "alpaca_eval.parquet"
        return Source(panel, None, "alpaca-7b", ("text_davinci_003", "claude-2", "gpt4"))
    demo = Path(__file__).parents[2] / "data" / "demo"
    return Source(
        demo / "panel.parquet", str(demo / "lineage.csv"), "pupil-100", ("northwind-1", "kestrel-1")
    )


def _config(source: Source) -> CompareConfig:
    return CompareConfig(
        student=f"panel:{source.student}",
        teachers=tuple(f"panel:{t}" for t in source.teachers),
        panel=str(source.panel),
        lineage=source.lineage,
    )


def _part(items: list[str], share: float) -> list[str]:
    return items[: round(share * len(items))]


def _run(source: Source, case: cases.Case, table: pa.Table, cut: Cut) -> tuple[float, float]:
    """Seconds and peak MiB of one run; a decoy that does not stay becomes a mere reference."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        some = pc.is_in(table["model"], pa.array(cut.models))
        some = pc.and_(some, pc.is_in(table["prompt_id"], pa.array(cut.probes)))
        pq.write_table(table.filter(some), folder / "panel.parquet")
        shutil.copy(source.panel.with_name("prompts.parquet"), folder)
        with (folder / "lineage.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for model in case.panel.subjects:
                row = vars(case.lineage.row(model))
                demoted = row["role"] == "decoy" and model not in cut.decoys
                writer.writerow(row | ({"role": "reference"} if demoted else {}))
        command = [str(Path(sys.executable).with_name("audit")), "compare", "--lineage"]
        command += [str(folder / "lineage.csv"), "--panel", str(folder / "panel.parquet")]
        command += ["--student", f"panel:{source.student}"]
        command += [part for t in source.teachers for part in ("--teacher", f"panel:{t}")]
        command += ["--evidence", str(folder / "audit.duckdb"), "-o", str(folder / "report.html")]
        start, peak = time.perf_counter(), 0.0
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            top = psutil.Process(process.pid)
            while process.poll() is None:
                peak = max(peak, _proportional(top))
                time.sleep(0.2)
            seconds = time.perf_counter() - start
            if process.returncode > 1:
                raise SystemExit(process.stderr.read().decode() if process.stderr else "failed")
    return seconds, peak / 2**20


def _proportional(top: psutil.Process) -> float:
    """Proportional set size of a process and its children, in bytes; one that just ended counts 0."""
    total = 0.0
    try:
        family = [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return total
    for process in family:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return total


if __name__ == "__main__":
    main()
