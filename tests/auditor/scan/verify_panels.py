"""A panel of generated models under public names, and datasets whose rows one of them wrote."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests import panels

SEED = 0
NAMES = {"T": "claude-2", "D00": "gpt-4", "D01": "mistral-large", "D04": "gpt-4-turbo", "S": "vicuna-13b"}
"""Of models that `panels.generated` makes; D00 and D04 are of one provider, D01 of another."""


def written(folder: Path, n_probes: int = 120) -> tuple[Path, Path, list[str]]:
    """Write panel and lineage; return both, and the prompts."""
    made, prompts = panels.generated(40, n_probes=n_probes, seed=SEED)
    folder.mkdir(parents=True, exist_ok=True)
    records = [
        (NAMES.get(m, m), prompt, answer)
        for m, answers in made.items()
        for prompt, answer in zip(prompts, answers, strict=True)
    ]
    columns = [pa.array(c) for c in zip(*records, strict=True)]
    pq.write_table(pa.table(columns, ["model", "prompt", "output"]), folder / "panel.parquet")
    lines = panels.lineage_csv(list(made)).splitlines()
    renamed = [",".join(_renamed(line.split(","))) for line in lines]
    (folder / "lineage.csv").write_text("\n".join(renamed) + "\n")
    return folder / "panel.parquet", folder / "lineage.csv", prompts


def _renamed(cells: list[str]) -> list[str]:
    """A line of the table with the names of `NAMES`; S is documented to have learned from D00."""
    if cells[0] == "S":
        cells[8] = "D00"
    return [NAMES.get(c, c) for c in cells]


def sampled(number: int, n_probes: int = 120) -> list[str]:
    """Other answers of one generated model (T is 0, D00 is 100) to the same prompts."""
    common = np.random.default_rng(SEED + 999).integers(400, size=n_probes)
    habits, draw = np.random.default_rng([SEED, number]), np.random.default_rng([SEED, number, 77])
    return panels.answers(n_probes, habits, draw, common)


def dataset(folder: Path, named: str, prompts: list[str], answers: list[str], name: str = "a.jsonl") -> Path:
    """Rows that name a model, among as many others whose prompts the panel does not have."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"instruction": f" {p.replace(' ', '  ')}\n", "output": a, "model": named}
        for p, a in zip(prompts, answers, strict=True)
    ]
    rows += [{"instruction": f"elsewhere {i}", "output": "Nothing.", "model": named} for i in range(50)]
    (folder / name).write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder
