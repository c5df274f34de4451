"""What a second thread gives: wall clock of signatures by one and by two threads, in turn, best of nine.

python docs/measurements/minhash/threads.py     # AUDIT_TEST_DATA names the data
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[3]))

from detectors.minhash.signatures import MinHash
from detectors.minhash.texts import texts_of

ROUNDS = 9


def main() -> None:
    """Print MB a second and the ratio, for words and bytes."""
    path = Path(os.environ["AUDIT_TEST_DATA"], "outputs", "alpaca_eval.parquet")
    texts = texts_of(pq.read_table(path, columns=["output"])["output"].combine_chunks())
    for shingle, n in (("words", 5), ("bytes", 8)):
        families = {threads: MinHash(128, shingle, n, threads=threads) for threads in (1, 2)}
        out = families[1].signatures(texts)
        best = {1: float("inf"), 2: float("inf")}
        for _ in range(ROUNDS):
            for threads, family in families.items():
                start = time.perf_counter()
                family.signatures(texts, out)
                best[threads] = min(best[threads], time.perf_counter() - start)
        rates = ", ".join(f"{t} threads {texts.n_bytes / 1e6 / s:.0f} MB/s" for t, s in best.items())
        print(f"{shingle} {n}: {rates}, ratio {best[1] / best[2]:.2f}")


if __name__ == "__main__":
    main()
