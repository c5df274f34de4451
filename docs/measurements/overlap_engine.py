"""What the overlap engine costs a document, and what an index takes: the rates of docs/overlap-at-scale.md.

Usage: AUDIT_TEST_DATA=FOLDER NUMBA_NUM_THREADS=1 python docs/measurements/overlap_engine.py [DOCUMENTS]

Documents are parts of real model outputs (`outputs/alpaca_eval.parquet`) put together to about 1.7 KB,
seeded, held in memory; one thread, CPU seconds, best of three (an index is built once). Reading is of JSON
lines, with the digest of each text.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.overlap.columns import Wanted
from auditor.overlap.config import OverlapConfig
from auditor.overlap.index import build, manifest
from auditor.overlap.index.corpus import IndexCorpus, open_index
from auditor.overlap.keyed import Asked, of_texts
from auditor.overlap.keys import recipes_for
from auditor.overlap.reading import Corpus
from auditor.progress import Silent
from detectors.minhash.distinct import Distinct
from detectors.minhash.join import KeyIndex

LENGTH = 1700
BATCH = 16_384


def main() -> None:
    """Print one row a step."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    texts = _documents(n)
    batches = [pa.array(texts[i : i + BATCH], pa.large_string()) for i in range(0, n, BATCH)]
    size = sum(len(t.encode()) for t in texts)
    near = recipes_for(OverlapConfig("", ""))
    both = recipes_for(OverlapConfig("", "", containment=0.8))
    print(f"{n:,} documents of {size / n:,.0f} bytes")

    def keys(asked: Asked) -> Callable[[], object]:
        return lambda: [of_texts(b, asked, 1) for b in batches]

    _row("keys of the kept side, RIGHT", n, size, keys(Asked(near)))
    _row("keys and shingle counts, LEFT", n, size, keys(Asked(near, True)))
    _row("the same with --containment", n, size, keys(Asked(both, True)))
    made = [of_texts(b, Asked(both), 1)[0] for b in batches]
    for i, recipe in enumerate(both):
        print(f"  {recipe.kind}: {sum(len(m.keys[i]) for m in made) / n:.1f} keys a document")
    all_keys = np.concatenate([m.keys[0] for m in made])
    owners = np.concatenate([m.rows[0] + i * BATCH for i, m in enumerate(made)])
    _row("sorting band keys", n, size, lambda: KeyIndex.of(all_keys, owners, 32))
    index = KeyIndex.of(all_keys, owners, 32)
    _row("looking keys up", n, size, lambda: [index.candidates(m.keys[0], m.rows[0]) for m in made])
    digests = np.random.default_rng(1).integers(0, 2**63, (n, 2), dtype=np.uint64)
    _row("finding equal documents", n, size, lambda: Distinct().firsts(digests, np.arange(n)))
    with tempfile.TemporaryDirectory() as name:
        _indexes(Path(name), texts, size)


def _indexes(folder: Path, texts: list[str], size: int) -> None:
    """Reading, and an index and a sketch of the same documents."""
    n = len(texts)
    path = folder / "right.jsonl"
    path.write_text("".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(texts)))

    def corpus() -> Corpus:
        return Corpus(str(path), "right", Wanted(), False, folder).open()

    asked = Asked(recipes_for(OverlapConfig("", "")))
    _row("reading JSON lines, digests", n, size, lambda: sum(len(r) for r in corpus().reads(asked)))
    for kind, settings in (
        ("index", build.settings("words:5", 0.5, False, False, True)),
        ("index --containment", build.settings("words:5", 0.5, True, False, True)),
        ("index --sketch --no-ids", build.settings("words:5", 0.5, False, True, False)),
    ):
        place = folder / kind.replace(" ", "")
        _row(kind, n, size, lambda p=place, s=settings: build.build(corpus(), p, s, Silent()), times=1)
        held = sum(p.stat().st_size for p in place.rglob("*") if p.is_file())
        print(f"  {held / n:,.0f} bytes a document")

    def used(threshold: float) -> int:
        config = OverlapConfig("", f"index:{folder / 'index'}", threshold=threshold)
        opened: IndexCorpus = open_index(config, folder)
        return sum(len(r) for r in opened.reads(Asked(recipes_for(config))))

    _row("index read, its own keys", n, size, lambda: used(0.5))
    _row("index read, keys from signatures", n, size, lambda: used(0.6))
    _row("SHA-256 of the corpus", n, size, lambda: manifest.sha256(path))


def _documents(n: int) -> list[str]:
    path = Path(os.environ["AUDIT_TEST_DATA"]) / "outputs" / "alpaca_eval.parquet"
    outputs = [t for t in pq.read_table(path, columns=["output"])["output"].to_pylist() if t and len(t) > 200]
    rng = np.random.default_rng(0)
    found = []
    for _ in range(n):
        parts: list[str] = []
        while sum(map(len, parts)) < LENGTH:
            text = outputs[int(rng.integers(len(outputs)))]
            start = int(rng.integers(max(1, len(text) - 200)))
            parts.append(text[start : start + LENGTH // 2])
        found.append(" ".join(parts)[:LENGTH])
    return found


def _row(what: str, n: int, size: int, run: Callable[[], object], times: int = 3) -> None:
    """Best CPU seconds of some runs; the first of several also compiles."""
    best = np.inf
    for _ in range(times):
        before = time.process_time()
        run()
        best = min(best, time.process_time() - before)
    print(f"{what:36}{n / best:12,.0f} documents/CPU-s{size / best / 1e6:8,.0f} MB/CPU-s", flush=True)


if __name__ == "__main__":
    main()
