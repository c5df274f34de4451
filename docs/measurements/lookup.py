"""What a `Lookup` takes: memory and time to put documents into datasketch's index, and to ask.

Usage: python docs/measurements/lookup.py [DOCUMENTS]

Documents of 250 random words (about 1.7 KB), seeded; one thread of numba; memory is resident, before and
after, texts included.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import psutil

from auditor.overlap.interactive import Lookup


def main() -> None:
    """Print one row."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    rng = np.random.default_rng(0)
    words = np.array([f"{a}{b}{c}" for a in range(10, 30) for b in "aeiou" for c in range(100, 300)])
    texts = [" ".join(rng.choice(words, 250)) for _ in range(n)]
    Lookup.of_texts(texts[:10]).query(texts[0])  # compiles
    process = psutil.Process()
    before, start = process.memory_info().rss, time.process_time()
    log = Lookup.of_texts(texts)
    made, after = time.process_time() - start, process.memory_info().rss
    start = time.process_time()
    found = sum(log.query(text)[0].exact for text in texts[:1000])
    asked = time.process_time() - start
    size = sum(map(len, texts)) / n
    print(f"{n:,} documents of {size:,.0f} bytes: {1e6 * made / n:.0f} CPU microseconds and", end=" ")
    print(f"{(after - before) / n / 1e3:.1f} KB each; a question {asked:.2f} CPU ms ({found} found)")


if __name__ == "__main__":
    main()
