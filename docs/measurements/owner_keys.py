"""How often a key that has nothing to do with a model accuses it, on answers that are real text.

Usage: python docs/measurements/owner_keys.py [PANEL]      (demo panel: 1 min)

Every model of a panel is tested with 100 random keys (`words`, context 1, fraction .25), as `audit compare
--canary-key` tests a student. Printed are the shares of p at or below the levels, models with fewer than 200
distinct k-grams left out, and the same when every occurrence counts. Leaves out power, which is a matter of
how strongly a teacher marks (docs/detectors/canary.md), and the controls, which only take support away.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.stats import binom

from auditor import shipped
from auditor.panel import assemble
from auditor.readers import ReadOptions, read
from detectors.canary import KeyedHash, distinct_grams, word_ids

KEYS, FEWEST, CONTEXT = 100, 200, 1
LEVELS = (0.05, 0.01, 0.001, 1e-6)


def main(path: Path) -> None:
    """Print one row for each way to count."""
    panel = assemble([read(path, ReadOptions())])
    view = panel.view()
    prompts = set(map(tuple, distinct_grams(word_ids(p.prompt for p in panel.probes), CONTEXT + 1).tolist()))
    exact, naive = [], []
    for place in range(len(panel.subjects)):
        ids = word_ids(text for text in view.answers_of(place) if text)
        grams = distinct_grams(ids, CONTEXT + 1)
        grams = grams[[tuple(row) not in prompts for row in grams.tolist()]]
        if len(grams) < FEWEST:
            continue
        every = np.concatenate(
            [np.lib.stride_tricks.sliding_window_view(t, CONTEXT + 1) for t in ids if len(t) > CONTEXT]
        )
        distinct, of = np.unique(every, axis=0, return_inverse=True)
        counts = np.bincount(of.ravel(), minlength=len(distinct))
        for number in range(KEYS):
            scheme = KeyedHash(f"measured with key {number:8d} of model {place:8d}".encode(), CONTEXT)
            exact.append(binom.sf(scheme.green(grams).sum() - 1, len(grams), scheme.fraction))
            naive.append(binom.sf(counts[scheme.green(distinct)].sum() - 1, len(every), scheme.fraction))
    print(f"{len(exact)} tests of {len(exact) // KEYS} models")
    for name, p in (("distinct, without prompts", np.array(exact)), ("every occurrence", np.array(naive))):
        print(name, *(f"p <= {level:g}: {(p <= level).mean():.4f}" for level in LEVELS), sep="; ")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else shipped.path("demo/panel.parquet"))
