"""Time, processor seconds and peak memory of `audit overlap` against the number of documents.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/overlap_scaling.py [OPTIONS] [SIZES ...]

Each side has as many documents, made from real model outputs (`outputs/alpaca_eval.parquet`): parts of them
one after another, about 1.9 KB, all different. Every 20th document of LEFT is a copy of one of RIGHT with
up to 30 % of its words replaced, seeded. The command runs as a user's would, with a fresh evidence file;
memory is the proportional set size of the process, five times a second, and what of the resident set is
no file (Linux): candidates' texts are mapped files, which the system takes back when memory is short. The
exponent of the processor seconds compares a row with the one above: 1 = linear. Of the planted copies with
an exact Jaccard similarity of .5 or more it is counted how many were found.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq

SIZES = (10_000, 100_000, 1_000_000)
LENGTH = 1700
EVERY = 20
COMMAND = "from auditor.cli import main; main(prog_name='audit')"


def main() -> None:
    """Print one row a size and a way to compare."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--keep", type=Path, help="folder for the corpora, kept")
    parser.add_argument("--containment", type=float)
    parser.add_argument("--memory", help="what keys may take, as of the command; with little they go to disk")
    given = parser.parse_args()
    texts = _texts()
    print("   documents    MB a side  seconds  CPU seconds  exponent    MiB  no file", end="")
    print("   planted >= .5   found   pairs")
    before = (0.0, 0.0)
    for n in given.sizes:
        with tempfile.TemporaryDirectory(dir=given.keep) as name:
            folder = Path(name)
            planted = _write(folder, texts, n)
            size = (folder / "left.jsonl").stat().st_size / 1e6
            seconds, cpu, memory, own = _run(folder, given.containment, given.memory)
            found, pairs = _found(folder, planted)
        slope = math.log(cpu / before[1]) / math.log(n / before[0]) if before[0] else math.nan
        print(
            f"{n:12,}  {size:11,.0f}  {seconds:7.1f}  {cpu:11.1f}  {slope:8.2f}  {memory:5.0f}"
            f"  {own:7.0f}"
            f"  {len(planted):14,}  {found:6,}  {pairs:6,}",
            flush=True,
        )
        before = (float(n), cpu)


def _texts() -> list[str]:
    """Real outputs; short ones add nothing."""
    path = Path(os.environ["AUDIT_TEST_DATA"]) / "outputs" / "alpaca_eval.parquet"
    column = pq.read_table(path, columns=["output"])["output"].to_pylist()
    return [text for text in column if text and len(text) > 200]


def _document(texts: list[str], rng: np.random.Generator) -> str:
    """Parts of outputs one after another, `LENGTH` characters or more."""
    parts: list[str] = []
    size = 0
    while size < LENGTH:
        text = texts[int(rng.integers(len(texts)))]
        start = int(rng.integers(max(1, len(text) - 200)))
        part = text[start : start + LENGTH // 2]
        parts.append(part)
        size += len(part)
    return " ".join(parts)


def _edited(text: str, rng: np.random.Generator) -> str:
    words = text.split(" ")
    for at in rng.choice(len(words), int(len(words) * 0.3 * rng.random()), replace=False):
        words[at] = f"edit{at}"
    return " ".join(words)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def _write(folder: Path, texts: list[str], n: int) -> set[str]:
    """Both corpora as JSON lines; ids of the planted copies whose exact similarity is .5 or more."""
    rng = np.random.default_rng(n)
    planted: set[str] = set()
    with (folder / "left.jsonl").open("w") as left, (folder / "right.jsonl").open("w") as right:
        for i in range(n):
            theirs = _document(texts, rng)
            mine = _edited(theirs, rng) if i % EVERY == 0 else _document(texts, rng)
            if i % EVERY == 0:
                a, b = _shingles(mine), _shingles(theirs)
                if 2 * len(a & b) >= len(a | b):
                    planted.add(f"L{i}")
            left.write(json.dumps({"id": f"L{i}", "output": mine}) + "\n")
            right.write(json.dumps({"id": f"R{i}", "response": theirs, "teacher": f"T{i % 3}"}) + "\n")
    return planted


def _run(folder: Path, containment: float | None, keys: str | None) -> tuple[float, ...]:
    """Seconds, processor seconds, peak MiB and peak MiB without files of one run of the command."""
    command = [
        sys.executable,
        "-c",
        COMMAND,
        "overlap",
        str(folder / "left.jsonl"),
        str(folder / "right.jsonl"),
    ]
    command += ["--evidence", str(folder / "audit.duckdb"), "-o", str(folder / "report.json"), "-q"]
    command += ["--pairs", str(folder / "pairs.parquet"), "--spill", str(folder)]
    command += [] if containment is None else ["--containment", str(containment)]
    command += [] if keys is None else ["--memory", keys]
    before, start, peak, own = os.times(), time.perf_counter(), 0.0, 0.0
    with subprocess.Popen(command) as process:
        top = psutil.Process(process.pid)
        while process.poll() is None:
            peak, own = max(peak, _proportional(top)), max(own, _anonymous(top))
            time.sleep(0.2)
    after = os.times()
    if process.returncode > 1:
        raise SystemExit(f"audit overlap ended with {process.returncode}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, used, peak / 2**20, own / 2**20


def _anonymous(process: psutil.Process) -> float:
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0.0
    kilobytes = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:")]
    return 1024 * float(kilobytes[0]) if kilobytes else 0.0


def _proportional(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return 0.0


def _found(folder: Path, planted: set[str]) -> tuple[int, int]:
    """How many of the planted copies were found, and how many near copies in all."""
    rows: Iterator[str] = iter(pq.read_table(folder / "pairs.parquet")["left_id"].to_pylist())
    ids = list(rows)
    return len(planted & set(ids)), len(ids)


if __name__ == "__main__":
    main()
