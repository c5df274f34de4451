"""How fast `audit scan` looks at rows: every rule, beside DuckDB's own reader of the same file.

Usage: python docs/measurements/scan_rows.py [MB] [MILLION_ROWS]

Files are generated, seeded: answers of about 1.7 KB out of 20,000 made-up words, as chat messages, as plain
columns, as Parquet; `heavy`: every answer holds a trace in <think> and every tenth refuses, so that no row is
passed over early. Wall time depends on who else uses the machine, so CPU seconds stand beside it: on an idle
machine of two cores MB/s is about twice MB per CPU second. Memory is the most the process had so far.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np

from auditor.progress import Silent
from auditor.scan.rows.files import data_file
from auditor.scan.rows.scan import scan_rows

THREADS = 2
REFUSAL = "I'm sorry, but as an AI language model, I cannot do that."


def main() -> None:
    """Print one row a file."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    millions = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    print(f"{'file':24}{'MB':>7}{'reader':>9}{'rules':>9}{'ratio':>7}{'wall':>9}{'rows':>12}{'memory':>9}")
    print(f"{'':31}{'MB/CPU-s':>9}{'MB/CPU-s':>9}{'':>7}{'MB/s':>9}{'':>12}{'MiB':>9}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, make in (("chat.jsonl", _chat), ("plain.jsonl", _plain), ("heavy.jsonl", _heavy)):
            _write(folder / kind, size, make)
            _measure(folder, kind)
        _parquet(folder / "rows.parquet", int(millions * 1e6))
        _measure(folder, "rows.parquet")


def _measure(folder: Path, name: str) -> None:
    path = folder / name
    size = path.stat().st_size / 1e6
    reader = "read_parquet" if name.endswith("parquet") else "read_json"
    con = duckdb.connect(config={"threads": THREADS})
    con.execute("SET enable_progress_bar = false")
    columns = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {reader}('{path}')").fetchall()]
    every = ", ".join(f"count({c})" for c in columns)
    if name.endswith("parquet"):
        # Counting alone would read no text.
        size = float(con.execute(f"SELECT sum(strlen(output)) / 1e6 FROM '{path}'").fetchall()[0][0])
        every = "sum(strlen(output)), count(DISTINCT model)"
    plain, _ = _timed(lambda: con.execute(f"SELECT {every} FROM {reader}('{path}')").fetchall())
    found: list[int] = []
    rules, wall = _timed(
        lambda: found.append(scan_rows(folder, [data_file(folder, name)], 0, (), Silent()).rows)
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(
        f"{name:24}{size:7,.0f}{size / plain:9,.0f}{size / rules:9,.0f}{rules / plain:7.1f}"
        f"{size / wall:9,.0f}{found[0]:12,}{memory:9,}",
        flush=True,
    )
    path.unlink()


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - cpu, time.perf_counter() - wall


def _words(rng: np.random.Generator) -> list[str]:
    letters = np.array(list("etaoinshrdlucmfwypvbgk"))
    lengths = rng.integers(2, 10, 20_000)
    return ["".join(letters[np.minimum(rng.geometric(0.12, n) - 1, 21)]) for n in lengths]


def _answers(n: int) -> list[str]:
    """Answers, words by Zipf's law, sentences of twelve words."""
    rng = np.random.default_rng(0)
    words = _words(rng)
    found = []
    for _ in range(n):
        drawn = np.minimum(rng.zipf(1.3, 320) - 1, len(words) - 1)
        parts = [words[i] for i in drawn]
        found.append(". ".join(" ".join(parts[i : i + 12]).capitalize() for i in range(0, 320, 12)) + ".")
    return found


def _chat(i: int, text: str) -> dict[str, object]:
    turns = [{"role": "user", "content": f"Question {i}?"}, {"role": "assistant", "content": text}]
    return {
        "id": i,
        "messages": turns,
        "model": ("gpt-4", "claude-2", "none")[i % 3],
        "source": f"part {i % 7}",
    }


def _plain(i: int, text: str) -> dict[str, object]:
    said = f"{text} {REFUSAL}" if i % 100 == 0 else text
    return {"instruction": f"Question {i}?", "input": "", "output": said, "license": "cc-by-4.0"}


def _heavy(i: int, text: str) -> dict[str, object]:
    said = f"<think>{text[:600]}</think>{REFUSAL if i % 10 == 0 else ''}{text[600:]}"
    return {"instruction": f"Question {i}?", "output": said}


def _write(path: Path, size: int, make: Callable[[int, str], dict[str, object]]) -> None:
    answers = _answers(4000)
    written, i = 0, 0
    with path.open("w") as file:
        while written < size * 1e6:
            text = answers[i % len(answers)]
            line = json.dumps(make(i, text[i // 4000 % 50 :])) + "\n"
            file.write(line)
            written += len(line)
            i += 1


def _parquet(path: Path, rows: int) -> None:
    """Rows with a model, a source and an answer of about 120 characters, no two alike."""
    con = duckdb.connect(config={"threads": THREADS})
    con.execute("SET enable_progress_bar = false")
    con.execute(f"SET memory_limit = '1GiB'; SET temp_directory = '{path.parent}'")
    con.execute("CREATE TABLE words (w VARCHAR[])")
    con.execute("INSERT INTO words VALUES (?)", [_words(np.random.default_rng(0))])
    drawn = ", ".join(f"w[1 + CAST(hash(i * 20 + {k}) % 20000 AS BIGINT)]" for k in range(18))
    con.execute(
        "COPY (SELECT i AS id, ['gpt-4', 'claude-2', NULL][1 + i % 3] AS model, "
        "'part ' || (i % 7) AS source, "
        f"concat_ws(' ', {drawn}) AS output FROM range({rows}) t(i), words) TO '{path}' (FORMAT parquet)"
    )
    con.close()


if __name__ == "__main__":
    main()
