"""Accuracy of the signatures' estimates and of the bands' recall, on pairs of known Jaccard similarity.

    python docs/measurements/minhash/accuracy.py [--texts FILE.parquet --column NAME] [--pairs 2000]

Pairs are a document and itself with one run of bytes (cut at words) replaced by a run of another document, so
that exact similarities spread over 0 to 1. An error is given as its ratio to sqrt(J (1 - J) / k), that of k
independent permutations. Recall: pairs of Jaccard similarity in a narrow range that share a band, beside what
the S-curve promises.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[3]))

from detectors.minhash import estimates
from detectors.minhash.bands import bands_for
from detectors.minhash.exact import overlaps, shingle_sets
from detectors.minhash.signatures import MinHash

SHINGLES = (("words", 5), ("bytes", 8), ("characters", 5))


def near_duplicates(documents: list[str], n: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """N documents and their altered copies."""
    left, right = [], []
    long = [d.split(" ") for d in documents if len(d.split(" ")) >= 40]
    while len(left) < n:
        words, other = (long[i] for i in rng.integers(0, len(long), 2))
        size = int(rng.uniform(0, 1) * len(words))
        at = int(rng.integers(0, len(words) - size + 1))
        start = int(rng.integers(0, max(1, len(other) - size)))
        left.append(" ".join(words))
        right.append(" ".join(words[:at] + other[start : start + size] + words[at + size :]))
    return left, right


def accuracy(left: list[str], right: list[str]) -> list[str]:
    """Markdown rows: shingle, scheme, k, ratio to theory, bias."""
    rows = []
    pairs = np.arange(len(left)), np.arange(len(left))
    for kind, n in SHINGLES:
        exact = overlaps(shingle_sets(left, kind, n), shingle_sets(right, kind, n), pairs).jaccard
        for scheme in ("fss", "oph", "kperm"):
            for k in (64, 128, 256):
                family = MinHash(k, kind, n, scheme)
                error = estimates.jaccard(family.signatures(left), family.signatures(right)) - exact
                theory = np.sqrt(np.mean(exact * (1 - exact)) / k)
                rms = np.sqrt(np.mean(error**2))
                rows.append(
                    f"| {kind} {n} | {scheme} | {k} | {rms:.4f} | {rms / theory:.2f} | {error.mean():+.4f} |"
                )
    return rows


def recall(left: list[str], right: list[str]) -> list[str]:
    """Markdown rows: threshold, bands, range of Jaccard, pairs, found, promised."""
    rows = []
    family = MinHash()
    a, b = family.signatures(left), family.signatures(right)
    pairs = np.arange(len(left)), np.arange(len(left))
    exact = overlaps(shingle_sets(left), shingle_sets(right), pairs).jaccard
    for threshold in (0.3, 0.5, 0.8):
        cut = bands_for(threshold)
        found = (cut.keys(a) == cut.keys(b)).any(axis=1)
        for low in np.arange(0, 1, 0.1):
            there = (exact >= low) & (exact < low + 0.1 + 1e-9 * (low > 0.85))
            promised = cut.recall(exact[there])
            error = np.sqrt(np.sum(promised * (1 - promised))) / max(1, there.sum())
            rows.append(
                f"| {threshold} | {cut.bands} x {cut.rows} | {low:.1f}-{low + 0.1:.1f} | {there.sum()} "
                f"| {found[there].mean():.3f} | {promised.mean():.3f} ± {2 * error:.3f} |"
            )
    return rows


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = os.environ.get("AUDIT_TEST_DATA", "")
    parser.add_argument("--texts", default=f"{here}/outputs/alpaca_eval.parquet")
    parser.add_argument("--column", default="output")
    parser.add_argument("--pairs", type=int, default=2000)
    arguments = parser.parse_args()
    documents = pq.read_table(arguments.texts, columns=[arguments.column])[arguments.column].to_pylist()
    left, right = near_duplicates(documents, arguments.pairs, np.random.default_rng(1))
    print("| shingle | scheme | k | RMS | ratio to theory | bias |\n|---|---|---:|---:|---:|---:|")
    print("\n".join(accuracy(left, right)))
    left, right = near_duplicates(documents, 10 * arguments.pairs, np.random.default_rng(2))
    print("\n| threshold | bands x rows | Jaccard | pairs | found | promised |\n|---|---|---|---:|---:|---:|")
    print("\n".join(recall(left, right)))


if __name__ == "__main__":
    main()
