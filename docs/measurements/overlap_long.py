"""Time and memory of `audit overlap` where LEFT has a single huge document.

Usage: python docs/measurements/overlap_long.py [MEGABYTES] [jsonl | txt] [OPTIONS OF THE COMMAND ...]

The document is the same words in another order again and again, so nearly all of its shingles differ; RIGHT
has two short ones. JSON lines have a short record behind the long one. Memory is the resident set.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

COMMAND = "from auditor.cli import main; main(prog_name='audit')"


def main() -> None:
    """Print one row and what the command said first."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    kind = sys.argv[2] if len(sys.argv) > 2 else "jsonl"
    with tempfile.TemporaryDirectory() as name:
        left, right = Path(name) / f"left.{kind}", Path(name) / "right.jsonl"
        words = _write(left, megabytes * 10**6)
        texts = [" ".join(words[:100]), " ".join(words[100:300])]
        right.write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
        command = [sys.executable, "-c", COMMAND, "overlap", str(left), str(right), "-q", *sys.argv[3:]]
        command += ["--evidence", f"{name}/audit.duckdb", "--spill", name, "-o", f"{name}/report.txt"]
        start, peak = time.perf_counter(), 0
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            top = psutil.Process(process.pid)
            while process.poll() is None:
                try:
                    peak = max(peak, top.memory_info().rss)
                except psutil.Error:
                    break
                time.sleep(0.1)
            said = process.communicate()[1]
        seconds = time.perf_counter() - start
        report = Path(name) / "report.txt"
        first = report.read_text().splitlines()[0] if report.exists() else said.strip()
    print(
        f"{megabytes:,} MB of {kind}: {seconds:.0f} s, {peak / 1e6:,.0f} MB, exit code {process.returncode}"
    )
    print(first)


def _write(path: Path, size: int) -> list[str]:
    """The document, `size` bytes or somewhat more; the words it is made of, in the order of its beginning."""
    rng = random.Random(0)
    words = [f"w{rng.randrange(10**6)}" for _ in range(200_000)]
    first = list(words)
    done = 0
    with path.open("w") as file:
        if path.suffix == ".jsonl":
            file.write('{"text": "')
        while done < size:
            done += file.write(" ".join(words) + " ")
            rng.shuffle(words)
        if path.suffix == ".jsonl":
            file.write('"}\n' + json.dumps({"text": " ".join(first[:100])}) + "\n")
    return first


if __name__ == "__main__":
    main()
