"""A zoo as `audit compare` reads it: lineage.csv and scores/*.parquet beside its answers-of-all.jsonl.

    python data/zoo/as_panel.py ZOO        (no torch; after make_zoo.py and answer_probes.py)

The lineage table says what an outsider would know: where references come from and which base a model says
it was tuned from; not what the judged models learned from. Leaves out judging them.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
from cast import FAMILY, SIBLING, TEACHERS

from auditor import scored
from auditor.report import LineageRow
from detectors.scores import Scores, TextId

LABS = dict(zip((*TEACHERS, SIBLING), ("lab-a", "lab-b", "lab-c", "lab-a"), strict=True))
COLUMNS = tuple(f.name for f in fields(LineageRow))
Row = dict[str, str]


def main() -> None:
    """Write both."""
    zoo = Path(sys.argv[1])
    with (zoo / "relations.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (zoo / "lineage.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(documented(row) for row in rows)
    write_scores(zoo)


def documented(row: Row) -> Row:
    """What is documented about one model."""
    model, start, role, trained_on = row["model"], row["start"], "student", ""
    provider = family = model
    if row["relation"] in ("teacher", "base"):
        role, trained_on = (
            ("teacher", "first-party") if row["relation"] == "teacher" else ("reference", "human")
        )
        provider = LABS.get(model, "base-lab")
    elif row["fold"] == "null":
        role, trained_on = "reference", "human"
        family = FAMILY.get(row["corpus"], "neutral")
    base = "" if not start else start if start in ("B", "B2") else "B"
    known = LineageRow(
        *(model, role, provider, family, "", "original"),
        base=base,
        trained_on=trained_on,
        source="the zoo's recipe",
    )
    return asdict(known)


def write_scores(zoo: Path) -> None:
    """One file a scorer."""
    found = np.load(zoo / "answers.npz")
    texts = tuple(
        TextId(str(who), str(probe)) for who, probe in zip(found["text_of"], found["probe"], strict=True)
    )
    lines = [json.loads(line) for line in (zoo / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    written = [(line["prompt"], line["answer"]) for line in lines]
    hashes = tuple(hashlib.sha256(f"{p}\0{text}".encode()).hexdigest() for p, text in written)
    n_bytes = np.array([len(text.encode()) for _, text in written], dtype=np.int64)
    starts, ends = found["starts"].astype(np.int64), found["ends"].astype(np.int64)
    folder = zoo / "scores"
    folder.mkdir(exist_ok=True)
    for scorer, logprobs in zip(found["scorer"].tolist(), found["logprobs"], strict=True):
        scores = Scores(scorer, texts, starts, ends, logprobs.astype(np.float32))
        about = {"scorer": scorer, "max_chars": None, "model": {"zoo": zoo.name}}
        one = scored.Scored(about, scores, hashes, n_bytes, ("",) * len(texts))
        scored.write(one, folder / f"{scorer}.parquet")


if __name__ == "__main__":
    main()
