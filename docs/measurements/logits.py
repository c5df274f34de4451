"""Time, peak memory and errors of the reductions in `detectors/logits.py` against plain torch.

Usage: python docs/measurements/logits.py [--quick]       (needs the extras `demo` and `logits`; Linux; 3 min)

"Plain torch" is two `log_softmax`, then the divergence, on the whole batch: Jensen-Shannon's alone,
KL(a || b) alone (`kl_div`), or all seven that `reduce_pair` gives; and Jensen-Shannon's again, 4 positions
at a time, so that its temporaries stay in the cache. Half precision is summed in float32 by both sides.

Times are the least of several rounds in one process, the rivals taking turns, same number of threads, after
a round that compiles: of the clock, but with one thread of the processor, which other programs disturb less.
Memory is how far the resident set of a fresh process rises above inputs and libraries during one call:
Linux's high-water mark, reset before it (/proc/self/clear_refs); `tracemalloc` would not see what torch
allocates. Bandwidth is measured in the same process on arrays of 256 MiB: triad a = b + s c with three arrays
counted (STREAM), and a plain sum, which only reads, as the reductions do. Ours counts each logit once, so
what the second walk reads from the caches is no bandwidth.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch
from scipy.special import log_softmax

from detectors.logits import Logits

LN2 = float(np.log(2.0))
LOGITS = 2**24  # a side: 64 MiB of float32
VOCABULARIES = (32, 64, 128, 256)  # Ki
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
MIB = 2**20
Tensor = torch.Tensor
Run = Callable[[slice], Any]
WHOLE = slice(None)


def logs(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both log-softmaxes in float32."""
    return torch.log_softmax(a, -1, torch.float32), torch.log_softmax(b, -1, torch.float32)


def between(a: Tensor, b: Tensor) -> Tensor:
    """Jensen-Shannon's divergence."""
    p, q = logs(a, b)
    m = torch.logaddexp(p, q) - LN2
    return ((p.exp() * (p - m)).sum(-1) + (q.exp() * (q - m)).sum(-1)) / 2


def forward(a: Tensor, b: Tensor) -> Tensor:
    """KL(a || b) as torch has it."""
    p, q = logs(a, b)
    return torch.nn.functional.kl_div(q, p, reduction="none", log_target=True).sum(-1)


def all_seven(a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    """What `reduce_pair` gives, each temporary used as often as it can be."""
    p, q = logs(a, b)
    m = torch.logaddexp(p, q) - LN2
    x, y, d = p.exp(), q.exp(), p - q
    js = ((x * (p - m)).sum(-1) + (y * (q - m)).sum(-1)) / 2
    normalisers = (a[:, 0].float() - p[:, 0], b[:, 0].float() - q[:, 0])
    return *normalisers, -(x * p).sum(-1), -(y * q).sum(-1), (x * d).sum(-1), -(y * d).sum(-1), js


def in_blocks(a: Tensor, b: Tensor) -> Tensor:
    """Jensen-Shannon's divergence, 4 positions at a time."""
    return torch.cat([between(a[i : i + 4], b[i : i + 4]) for i in range(0, len(a), 4)])


def correlation(a: Tensor, b: Tensor, prior: Tensor, reference: Tensor) -> Tensor:
    """Correlation of centred residuals."""
    x, y = a - prior - reference, b - prior - reference
    x, y = x - x.mean(-1, keepdim=True), y - y.mean(-1, keepdim=True)
    return (x * y).sum(-1) / ((x * x).sum(-1) * (y * y).sum(-1)).sqrt()


def runs(width: int, dtype: str, threads: int) -> dict[str, Run]:
    """Everything that is timed on one pair of batches, by name; torch sees the same memory."""
    torch.set_num_threads(threads)
    generator = torch.Generator().manual_seed(0)
    a = torch.empty(LOGITS // width, width).normal_(std=3, generator=generator)
    b = torch.empty_like(a).normal_(generator=generator).add_(a).to(DTYPES[dtype])
    a = a.to(DTYPES[dtype])
    x, y = (t.view(torch.uint16).numpy() if dtype == "bfloat16" else t.numpy() for t in (a, b))
    ours = Logits(threads=threads)
    found: dict[str, Run] = {
        "ours": lambda s: ours.reduce_pair(x[s], y[s]),
        "js": lambda s: between(a[s], b[s]),
        "kl": lambda s: forward(a[s], b[s]),
        "seven": lambda s: all_seven(a[s], b[s]),
        "blocks": lambda s: in_blocks(a[s], b[s]),
    }
    if dtype == "float32" and width == 128 * 1024:
        prior, reference = a[0].clone(), b.flip(0)
        u, v = prior.numpy(), reference.numpy()
        found |= {
            "ours ranked": lambda s: ours.ranked(x[s]),
            "topk": lambda s: a[s].topk(10),
            "ours correlation": lambda s: ours.residual_correlation(x[s], y[s], u, v[s]),
            "correlation": lambda s: correlation(a[s], b[s], prior, reference[s]),
        }
    return found


@torch.inference_mode()
def times(width: int, dtype: str, threads: int, rounds: int) -> dict[str, float]:
    """Least seconds a position of each run, and GB/s of the machine."""
    todo = runs(width, dtype, threads)
    least = dict.fromkeys(todo, float("inf"))
    clock = time.thread_time if threads == 1 else time.perf_counter
    for number in range(rounds + 1):
        for name, run in todo.items():
            time.sleep(0.02)  # the other library's threads have stopped spinning
            start = clock()
            run(WHOLE)
            if number:
                least[name] = min(least[name], clock() - start)
    return {name: seconds * width / LOGITS for name, seconds in least.items()} | bandwidth(threads, rounds)


@numba.njit(nogil=True, fastmath=True)
def _triad(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    for i in range(len(a)):
        a[i] = b[i] + np.float32(3) * c[i]


@numba.njit(nogil=True, fastmath=True)
def _sum(a: np.ndarray) -> float:
    total = np.float32(0)
    for i in range(len(a)):
        total += a[i]
    return total


def bandwidth(threads: int, rounds: int) -> dict[str, float]:
    """GB/s of triad and of reading, by as many threads as the reductions use."""
    a, b, c = (np.ones(2**26, np.float32) for _ in range(3))
    parts = list(zip(*(np.array_split(x, threads) for x in (a, b, c)), strict=True))
    least = {"triad": float("inf"), "read": float("inf")}
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(rounds + 1):
            for name, work in (("triad", lambda p: _triad(*p)), ("read", lambda p: _sum(p[1]))):
                start = time.perf_counter()
                list(pool.map(work, parts))
                least[name] = min(least[name], time.perf_counter() - start)
    return {"triad": 3 * a.nbytes / least["triad"] / 1e9, "read": a.nbytes / least["read"] / 1e9}


@torch.inference_mode()
def memory(width: int, dtype: str, threads: int, name: str) -> float:
    """MiB by which the resident set rises during one call."""
    run = runs(width, dtype, threads)[name]
    run(slice(4 * threads))  # compiles, starts threads
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    run(WHOLE)
    return (_status("VmHWM") - before) / MIB


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


@torch.inference_mode()
def errors() -> None:
    """Largest errors against float64 at 128 Ki tokens, for models far apart and nearly the same."""
    print("\nlargest error against float64, 8 positions of 128 Ki float32 tokens: ours / torch")
    print("   noise      JS (nats)            JS relative          KL relative            entropy")
    for noise in (1.0, 0.1, 0.01, 0.001):
        rng = np.random.default_rng(0)
        a = (rng.standard_normal((8, 131072)) * 3).astype(np.float32)
        b = (a + noise * rng.standard_normal(a.shape)).astype(np.float32)
        p, q = log_softmax(a.astype(np.float64), axis=1), log_softmax(b.astype(np.float64), axis=1)
        m = np.logaddexp(p, q) - LN2
        js = ((np.exp(p) * (p - m)).sum(1) + (np.exp(q) * (q - m)).sum(1)) / 2
        kl, entropy = (np.exp(p) * (p - q)).sum(1), -(np.exp(p) * p).sum(1)
        got, rival = Logits().reduce_pair(a, b), all_seven(torch.from_numpy(a), torch.from_numpy(b))
        cells = []
        for ours, theirs, want, relative in (
            (got.js, rival[6], js, False),
            (got.js, rival[6], js, True),
            (got.kl_ab, rival[4], kl, True),
            (got.entropy_a, rival[2], entropy, False),
        ):
            scale = want if relative else 1.0
            off = [np.abs((x - want) / scale).max() for x in (ours, theirs.double().numpy())]
            cells.append(f"{off[0]:.1e} / {off[1]:.1e}")
        print(f"{noise:8}  " + "    ".join(cells))


def measured(what: str, *arguments: object) -> Any:
    """The result of one of the functions above in a process of its own."""
    command = [sys.executable, __file__, "--one", what, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer sizes and rounds")
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        what, width, dtype, threads, last = options.one
        if what == "memory":
            print(json.dumps(memory(int(width), dtype, int(threads), last)))
        else:
            print(json.dumps(times(int(width), dtype, int(threads), int(last))))
        return
    report(options.quick)


def report(quick: bool) -> None:
    """Time and memory by size, type and threads, then errors."""
    cpus = len(os.sched_getaffinity(0))
    rounds = 3 if quick else 15
    print(f"{_processor()}, {cpus} of {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the start")
    print(f"Python {platform.python_version()}, torch {torch.__version__}, numba {numba.__version__}")
    others = []
    sizes = [(k, "float32", cpus) for k in ((128,) if quick else VOCABULARIES)]
    if not quick:
        sizes += [(128, "float16", cpus), (128, "bfloat16", cpus), (128, "float32", 1)]
    print(f"{LOGITS // MIB} Mi logits a side; ms a position (times ours) and MiB\n")
    head = "type, vocabulary, threads | ours | torch JS | KL | all 7 | JS by 4 | MiB: ours | JS | KL | all 7"
    print(f"| {head} | by 4 | GB/s | of triad | of reading |\n" + "|---" * 14 + "|")
    for kilo, dtype, threads in sizes:
        width = kilo * 1024
        found = measured("times", width, dtype, threads, rounds)
        names = ("js", "kl", "seven", "blocks")
        peak = [measured("memory", width, dtype, threads, n) for n in ("ours", *names)]
        reached = 2 * width * (4 if dtype == "float32" else 2) / found["ours"] / 1e9
        cells = [f"{dtype}, {kilo} Ki, {threads}", f"{found['ours'] * 1e3:.3f}"]
        cells += [f"{found[n] * 1e3:.2f} ({found[n] / found['ours']:.1f})" for n in names]
        cells += [f"{peak[0]:.1f}", *(f"{m:.0f}" for m in peak[1:]), f"{reached:.1f}"]
        cells += [f"{reached / found[n]:.0%} of {found[n]:.1f}" for n in ("triad", "read")]
        print("| " + " | ".join(cells) + " |", flush=True)
        more = [f"{n} {t * 1e3:.3f}" for n, t in found.items() if n not in ("ours", *names, "triad", "read")]
        others += [f"{dtype}, {kilo} Ki, {threads}, ms a position: {', '.join(more)}"] if more else []
    print("", *others, sep="\n")
    errors()
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")


if __name__ == "__main__":
    main()
