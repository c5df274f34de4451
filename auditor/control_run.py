"""Train and ask the students of a plan, and write what `audit bench` reads of them.

Leaves out how a model is trained (`pupils.py`) and what it is trained on (`controls.py`).
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from auditor.case import Progress
from auditor.controls import Control, Plan
from auditor.lineage import COLUMNS
from auditor.panel import Panel
from auditor.panel.panel import RESPONSES
from auditor.relations import NEGATIVES, POSITIVE, SFT
from auditor.whole import whole


class Pupils(Protocol):
    """Trains and asks."""

    def about(self) -> dict[str, Any]:
        """Base, method, versions: what the record says (JSON)."""
        ...

    def train(self, control: Control, folder: Path) -> float:
        """Train from the base, write the checkpoint into `folder`, return the last loss in nats a token."""
        ...

    def ask(self, prompts: Sequence[str], seed: int) -> list[str]:
        """Answers of the model trained last."""
        ...


def run(made: Plan, panel: Panel, pupils: Pupils, out: Path, progress: Progress) -> list[dict[str, Any]]:
    """Train and ask every student; returns a row a student (JSON).

    Into `out` go checkpoints with the documents that each was trained on, answers.jsonl, controls.json, and
    what `audit bench` and `audit compare` take: panel.parquet (everybody's answers to the prompts asked),
    lineage.csv (the table given, and these), and for each share relations-SHARE.csv: its students, and the
    innocents.
    """
    rows, answers = [], []
    progress.stage("Training students", len(made.controls))
    for control in made.controls:
        folder = out / "models" / file_name(control.name)
        folder.mkdir(parents=True)
        _write(folder / "documents.jsonl", _lines({"prompt": p, "output": a} for p, a in control.documents))
        loss = pupils.train(control, folder)
        told = pupils.ask(made.asked, control.seed)
        pairs = zip(made.asked, told, strict=True)
        answers += [{"model": control.name, "prompt": prompt, "output": text} for prompt, text in pairs]
        rows.append(
            {
                "model": control.name,
                "share": control.share,
                "documents": len(control.documents),
                "loss": round(loss, 4),
                "folder": str(folder.relative_to(out)),
            }
        )
        progress.advance()
    _write(out / "answers.jsonl", _lines(answers))
    with_students(panel, made.asked, answers).write(out / "panel.parquet")
    _write_tables(made, out, str(pupils.about()["base"]))
    told_of = {
        "settings": asdict(made.settings),
        "others": made.others,
        "taught": made.taught,
        "asked": made.asked,
    }
    _write(
        out / "controls.json",
        json.dumps(
            told_of | {"panel": panel.content_hash(), "pupils": pupils.about(), "controls": rows}, indent=1
        ),
    )
    return rows


def with_students(panel: Panel, asked: Sequence[str], answers: Sequence[dict[str, str]]) -> Panel:
    """Everybody's answers to the prompts asked; `answers` : rows of model, prompt, output of new models."""
    kept = panel.select(probes=[probe.id for probe in panel.probes if probe.prompt in set(asked)])
    names = (*kept.subjects, *dict.fromkeys(row["model"] for row in answers))
    subject = {name: at for at, name in enumerate(names)}
    place = {probe.prompt: at for at, probe in enumerate(kept.probes)}
    rows = [
        {
            "subject": subject[r["model"]],
            "probe": place[r["prompt"]],
            "sample": 0,
            "text": r["output"] or None,
        }
        for r in answers
    ]
    table = pa.concat_tables([kept.responses, pa.Table.from_pylist(rows, schema=RESPONSES)])
    order = [(column, "ascending") for column in ("probe", "subject", "sample")]
    return replace(kept, subjects=names, responses=table.sort_by(order).combine_chunks())


def file_name(model: str) -> str:
    """A model's name as a folder may be called."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", model)


def _write_tables(made: Plan, out: Path, base: str) -> None:
    teacher = made.settings.teacher
    with (out / "lineage.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval="")
        table.writeheader()
        table.writerows(asdict(row) for row in (made.lineage.rows.values() if made.lineage else ()))
        for control in made.controls:
            row = {"model": control.name, "role": "student", "provider": control.name, "family": control.name}
            row |= {"base": base, "trained_on": ";".join((teacher,) * (control.share > 0) + made.others)}
            row |= {
                "source": f"trained by audit controls, {control.share} % of documents",
                "confidence": "high",
            }
            table.writerow(row)
    for share in sorted({control.share for control in made.controls} - {0}):
        with (out / f"relations-{share:03}.csv").open("w", encoding="utf-8", newline="") as file:
            pairs = csv.writer(file)
            pairs.writerow(("label", "student_model", "teacher_models", "kind"))
            for control in made.controls:
                if control.share in (0, share):
                    label = POSITIVE if control.share else NEGATIVES[0]
                    pairs.writerow((label, control.name, teacher, f"{SFT}, {control.share} % of documents"))


def _lines(rows: Iterable[dict[str, str]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write(path: Path, text: str) -> None:
    with whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
