"""Speed of MinHash signatures, ours beside peers' and a floor in C: Markdown tables for README.md.

    python docs/measurements/minhash/peers.py [--rounds 3] [--texts FILE.parquet --column NAME]

Each engine runs in a process of its own with one thread, in turn, round after round, so that a busy machine
is unkind to all alike; the best round counts. The unit is CPU seconds (user and system). `make minhash-peers`
makes an environment with all peers first. Leaves out accuracy (`accuracy.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[3]))
sys.path.insert(0, str(Path(__file__).parent))

from engines import DOCUMENTS, engine_of

ONE_THREAD = dict.fromkeys(
    ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS", "ARROW_NUM_THREADS"),
    "1",
)


def texts(path: str, column: str, n: int) -> pa.Array:
    """The first n documents as one column in memory."""
    chunks = pq.read_table(path, columns=[column])[column].slice(0, n)
    return pa.concat_arrays(chunk.cast(pa.large_string()) for chunk in chunks.chunks)


def cpu_seconds() -> float:
    """User and system time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Most memory this process has held since `forget_peak`, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def forget_peak() -> None:
    """Let the peak begin at what is held now."""
    Path("/proc/self/clear_refs").write_text("5")


def measure(name: str, shingle: str, k: int, path: str, column: str) -> dict[str, float]:
    """CPU seconds and memory of one engine, in this process; the engine is warmed on 50 documents."""
    documents = texts(path, column, DOCUMENTS[name])
    engine = engine_of(name, shingle, k)
    engine(documents.slice(0, 50))
    forget_peak()
    start, held = cpu_seconds(), peak_mb()
    kept = engine(documents)
    took = cpu_seconds() - start
    del kept
    size = pa.compute.sum(pa.compute.binary_length(documents)).as_py()
    return {"documents": len(documents), "mb": size / 1e6, "seconds": took, "peak": peak_mb() - held}


def table(shingle: str, k: int, rounds: int, path: str, column: str) -> str:
    """All engines on one kind of shingle, in Markdown."""
    best: dict[str, dict[str, float]] = {}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        for name in [n for n in DOCUMENTS if n not in missing]:
            command = [
                sys.executable,
                __file__,
                "--texts",
                path,
                "--column",
                column,
                "--one",
                name,
                shingle,
                str(k),
            ]
            done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **ONE_THREAD})
            if done.returncode:
                missing[name] = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            best[name] = min(found, best.get(name, found), key=lambda f: f["seconds"])
    rates = {name: f["mb"] / f["seconds"] for name, f in best.items()}
    lines = [
        "| engine | documents | documents/CPU-s | MB/CPU-s | fss is faster by | peak memory over input, MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name in sorted(rates, key=rates.__getitem__, reverse=True):
        f = best[name]
        lines.append(
            f"| {name} | {f['documents']:,} | {f['documents'] / f['seconds']:,.0f} | {rates[name]:,.1f} "
            f"| {rates['fss'] / rates[name]:,.2f} | {f['peak']:,.0f} |"
        )
    lines += [
        f"\n{name}: {'not measured in every round' if name in best else 'not measured'} ({why})"
        for name, why in missing.items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = os.environ.get("AUDIT_TEST_DATA", "")
    parser.add_argument("--texts", default=f"{here}/outputs/alpaca_eval.parquet")
    parser.add_argument("--column", default="output")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("-k", type=int, default=128)
    parser.add_argument("--one", nargs=3, metavar=("ENGINE", "SHINGLE", "K"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not Path(arguments.texts).is_file():
        parser.error(f"no such file: {arguments.texts}; give --texts FILE.parquet or set AUDIT_TEST_DATA.")
    if arguments.one:
        name, shingle, k = arguments.one
        print(json.dumps(measure(name, shingle, int(k), arguments.texts, arguments.column)))
        return
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, one thread\n")
    for shingle in ("words", "bytes"):
        print(f"{shingle}, k = {arguments.k}\n")
        print(
            table(shingle, arguments.k, arguments.rounds, arguments.texts, arguments.column), "\n", flush=True
        )


if __name__ == "__main__":
    main()
