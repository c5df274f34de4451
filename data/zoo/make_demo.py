"""The white-box part of the demo: a corner of a zoo, small enough to ship (data/demo/zoo).

    python data/zoo/make_demo.py ZOO        (no torch; after make_zoo.py, answer_probes.py and as_panel.py)

Keeps answers, lineage, log-probabilities of half of the neutral documents, and five checkpoints in float16.
Leaves out everything else of the zoo.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import load_file, save_file

from auditor import scored
from detectors.scores import NEUTRAL, Scores

PLACE = Path(__file__).parents[1] / "demo" / "zoo"
STUDENT, TUNED, INNOCENT = "student-TA-100-1", "tuned-TA-neutral", "same-corpus-TA-B2"
CONTROLS = ("control-TA", "same-corpus-TA-1")
TEACHERS, BASES = ("TA", "TB", "TC"), ("B", "B2")
DOCUMENTS = 96
# References: those on the first base.


def main() -> None:
    """Write the folder anew."""
    zoo = Path(sys.argv[1])
    with (zoo / "relations.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    null = [r["model"] for r in rows if r["fold"] == "null" and r["start"] == "B"]
    kept = (*BASES, *TEACHERS, *null, *CONTROLS, STUDENT, TUNED, INNOCENT)
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    lines = (zoo / "answers-of-all.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [row for row in map(json.loads, lines) if row["model"] in kept]
    pq.write_table(pa.Table.from_pylist(answers), PLACE / "answers.parquet", compression="zstd")
    table = (zoo / "lineage.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (PLACE / "lineage.csv").write_text(
        "".join([table[0], *(r for r in table if r.split(",")[0] in kept)]), "utf-8"
    )
    for model in kept:
        write_scores(zoo, model)
    for model in ("B", "TA", STUDENT, TUNED):
        write_weights(zoo / "models" / model, PLACE / "weights" / model)


def write_scores(zoo: Path, model: str) -> None:
    """The first neutral documents of one file of scores."""
    whole = scored.read(zoo / "scores" / f"{model}.parquet")
    scores = whole.everything
    chosen = [i for i, t in enumerate(scores.texts) if t.text_of == NEUTRAL][:DOCUMENTS]
    tokens = [np.arange(scores.starts[i], scores.starts[i + 1]) for i in chosen]
    at, starts = np.concatenate(tokens), np.concatenate([[0], np.cumsum([len(t) for t in tokens])])
    cut = Scores(
        *(model, tuple(scores.texts[i] for i in chosen), starts.astype(np.int64)),
        *(scores.ends[at], scores.logprobs[at]),
    )
    fewer = replace(
        whole,
        everything=cut,
        sha256=tuple(whole.sha256[i] for i in chosen),
        n_bytes=whole.n_bytes[chosen],
        skipped=tuple(whole.skipped[i] for i in chosen),
    )
    (PLACE / "scores").mkdir(exist_ok=True)
    scored.write(fewer, PLACE / "scores" / f"{model}.parquet")


def write_weights(found: Path, place: Path) -> None:
    """A checkpoint in float16, with what says how to read it."""
    place.mkdir(parents=True)
    tensors = {
        name: tensor.astype(np.float16) for name, tensor in load_file(found / "model.safetensors").items()
    }
    save_file(tensors, place / "model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        shutil.copy(found / name, place / name)


if __name__ == "__main__":
    main()
