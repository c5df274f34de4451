"""Panels with a lineage table and, for a served log, scores: who learned from whom is known."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from auditor import scored
from auditor.config import CompareConfig
from auditor.panel.probes import probe_id
from detectors.canary import KeyedHash, word_ids
from detectors.scores import Scores, TextId
from tests.detectors.markov_models import World

KEY = "a secret of the teacher's owner"
WORDS = tuple(f"w{i}" for i in range(200))
N_DOCUMENTS = 96


def write_panel(folder: Path, answers: Mapping[str, Sequence[str]], students: Sequence[str]) -> CompareConfig:
    """Panel, lineage table and configuration; models called T... are teachers, the rest references."""
    lines = [
        {"model": m, "prompt": f"prompt {j}", "response": text}
        for m, texts in answers.items()
        for j, text in enumerate(texts)
    ]
    (folder / "panel.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    with (folder / "lineage.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("model", "role", "provider", "family", "trained_on", "source"))
        for m in answers:
            role = "student" if m in students else "teacher" if m.startswith("T") else "reference"
            origin = {"teacher": "first-party", "reference": "human", "student": ""}[role]
            table.writerow((m, role, m, m, origin, "made here"))
    return CompareConfig(
        student=f"panel:{students[0]}",
        teachers=("panel:T0",),
        panel=str(folder / "panel.jsonl"),
        lineage=str(folder / "lineage.csv"),
        calibration="none",
        evidence=str(folder / "evidence.duckdb"),
        detectors=("wording",),
        bootstrap=0,
    )


def spelled(rows: np.ndarray) -> list[str]:
    return [" ".join(f"w{s}" for s in row) for row in rows]


def write_table(path: Path, texts: Sequence[str]) -> None:
    rows = ({"prompt": f"asked {i}", "response": text} for i, text in enumerate(texts))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def served_world(folder: Path, n_references: int = 24) -> CompareConfig:
    """T0's log went to `student`; `other-log` learned from another log of T0, `innocent` from nobody."""
    made = World(5)
    references = made.references(n_references)
    made.train("student", "T0")
    made.train("other-log", "T0")
    made.train("innocent", made.n_teachers + 1)
    students = ("student", "other-log", "innocent")
    subjects = ("T0", "T1", *references, *students)
    config = write_panel(folder, {m: spelled(made.texts_of(m, 25)) for m in subjects}, students)
    texts = {"served": made.logs["student"][:N_DOCUMENTS], "held-out": made.texts_of("T0", N_DOCUMENTS)}
    for name, rows in texts.items():
        write_table(folder / f"{name}.jsonl", spelled(rows))
    (folder / "scores").mkdir()
    for scorer in subjects:
        write_scores(renamed(made.scores(scorer, texts), texts), folder / "scores")
    return replace(
        config,
        scores=(str(folder / "scores"),),
        served=(str(folder / "served.jsonl"),),
        held_out=(str(folder / "held-out.jsonl"),),
    )


def renamed(scores: Scores, texts: Mapping[str, np.ndarray]) -> Scores:
    """Texts named as `audit score --text-of` names them: by prompt and text."""
    ids = [
        TextId(name, probe_id(f"asked {i}\0{text}"))
        for name, rows in texts.items()
        for i, text in enumerate(spelled(rows))
    ]
    return replace(scores, texts=tuple(ids))


def write_scores(scores: Scores, folder: Path) -> None:
    n = len(scores.texts)
    about = {"scorer": scores.scorer, "max_chars": None, "model": {}}
    found = scored.Scored(about, scores, ("0" * 64,) * n, scores.ends[scores.starts[1:] - 1], ("",) * n)
    scored.write(found, folder / f"{scores.scorer}.parquet")


def marked_world(folder: Path, n_references: int = 8, marked_references: int = 0) -> CompareConfig:
    """T0 writes with a green list of words; `student` learned from its texts, `innocent` did not."""
    rng = np.random.default_rng(7)
    clean = np.log(rng.dirichlet(np.full(len(WORDS), 0.1), size=len(WORDS)) + 1e-5)
    ids = word_ids([" ".join(WORDS)])[0]
    pairs = np.stack([np.repeat(ids, len(ids)), np.tile(ids, len(ids))], axis=1)
    green = KeyedHash(KEY.encode()).green(pairs).reshape(clean.shape)
    marked = clean + 2.0 * green
    lessons = sampled(marked, 300, 60, rng)
    counts = np.full(clean.shape, 1e-3)
    np.add.at(counts, (lessons[:, :-1].ravel(), lessons[:, 1:].ravel()), 1.0)
    of = {"T0": marked, "T1": clean, "student": np.log(counts), "innocent": clean}
    for i in range(n_references):
        of[f"R{i}"] = marked if i < marked_references else clean
    answers = {m: spelled(sampled(logits, 40, 60, rng)) for m, logits in of.items()}
    config = write_panel(folder, answers, ("student", "innocent"))
    (folder / "key.json").write_text(json.dumps({"scheme": "words", "key": KEY}), "utf-8")
    return replace(config, canary_keys=(str(folder / "key.json"),))


def sampled(logits: np.ndarray, n: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """(n, length) words from next-word logits (Gumbel's trick)."""
    texts = np.zeros((n, length), dtype=np.int64)
    texts[:, 0] = rng.integers(len(logits), size=n)
    for at in range(1, length):
        texts[:, at] = (logits[texts[:, at - 1]] + rng.gumbel(size=(n, len(logits)))).argmax(axis=1)
    return texts
