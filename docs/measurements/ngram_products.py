"""Where the time of `wording` goes, and whether one product for many probes beats one a probe.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/ngram_products.py [DEVICE]

CPU seconds of this process (seconds on the wall for a GPU) for `PROBES` random probes of the real panel: the
steps of the loop over probes; its products as one block-sparse product for `BLOCK` probes, whole and
with the n-grams that two answers share; and `ngram_device.py` on torch's DEVICE (default: cpu). Leaves out
reading the panel.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from auditor import pairs, relations
from auditor.readers import ReadOptions
from detectors.ngram_device import BLOCK, cosine_on
from detectors.ngrams import count_ngrams, tfidf
from detectors.tokens import words
from detectors.wording import Wording

PROBES = 100
SIZES, CHARACTERS = Wording.sizes, Wording.characters
Matrix = sparse.csr_array


def main() -> None:
    """Print one line a step."""
    data, device = Path(os.environ["AUDIT_TEST_DATA"]), (sys.argv[1:] or ["cpu"])[0]
    panel = data / "outputs" / "alpaca_eval.parquet"
    case = pairs.open_case(panel, None, relations.read(data / "relations.csv", panel.stem), ReadOptions())
    view = case.view
    place = {s: i for i, s in enumerate(view.subjects)}
    teachers = np.array([place[m] for m in case.models])
    probes = np.random.default_rng(0).choice(len(view.probes), PROBES, replace=False)
    texts = [view.answers(int(p)) for p in probes]

    documents = timed("tokens", lambda: [[words((t or "")[:CHARACTERS]) for t in texts_] for texts_ in texts])
    counts = timed("counts", lambda: [count_ngrams(d, SIZES) for d in documents])
    weights = timed("TF-IDF", lambda: [tfidf(c) for c in counts])
    by_probe = timed("products, one a probe", lambda: [(w @ w[teachers].T).toarray() for w in weights])
    whole = timed("products, one a block", lambda: in_blocks(weights, teachers))
    print(f"{'':44}largest difference {np.abs(whole - np.concatenate(by_probe)).max():.1e}")
    cut = timed(
        "... n-grams that two answers share", lambda: in_blocks([shared(w) for w in weights], teachers)
    )
    own = np.zeros((len(view.subjects), len(teachers)), dtype=bool)
    own[teachers, np.arange(len(teachers))] = True
    others = ~np.tile(own, (PROBES, 1))
    print(f"{'':44}largest difference {np.abs(cut - whole)[others].max():.1e}, own cells apart")
    cosine_on(device, documents[:1], teachers.tolist(), SIZES)  # loads torch
    found = timed(f"counts, TF-IDF and products on {device}", lambda: on_device(device, documents, teachers))
    print(f"{'':44}largest difference {np.abs(found - np.concatenate(by_probe)).max():.1e}")


def timed(name: str, run: Callable[[], Any]) -> Any:
    """The result; its seconds are printed."""
    clock = time.perf_counter if "cuda" in name else time.process_time
    before = clock()
    found = run()
    print(f"{name:44}{clock() - before:6.2f} s", flush=True)
    return found


def in_blocks(weights: list[Matrix], teachers: np.ndarray) -> np.ndarray:
    """(n_probes * n_subjects, n_teachers) cosines: answers x n-grams of a block times n-grams x teachers."""
    found = []
    for first in range(0, len(weights), BLOCK):
        block = weights[first : first + BLOCK]
        left = sparse.block_diag(block, format="csr")
        right = sparse.vstack([w[teachers].T for w in block], format="csr")
        found.append((left @ right).toarray())
    return np.concatenate(found)


def shared(weights: Matrix) -> Matrix:
    """The columns that two rows have."""
    return weights[:, np.flatnonzero(np.bincount(weights.indices, minlength=weights.shape[1]) > 1)]


def on_device(device: str, documents: list[list[list[str]]], teachers: np.ndarray) -> np.ndarray:
    """(n_probes * n_subjects, n_teachers) cosines by `ngram_device.py`."""
    blocks = [
        cosine_on(device, documents[first : first + BLOCK], teachers.tolist(), SIZES)
        for first in range(0, len(documents), BLOCK)
    ]
    return np.concatenate([b.transpose(2, 0, 1).reshape(-1, len(teachers)) for b in blocks])


if __name__ == "__main__":
    main()
