"""Generated panels: models with habits, and students that mix a teacher's habits into their own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.config import CompareConfig
from detectors.types import Detector, PanelView, Probe

VOCABULARY = [f"w{i:03d}" for i in range(400)]


def probe(name: str) -> Probe:
    return Probe(hashlib.sha256(name.encode()).hexdigest()[:16], name)


def answers(
    n_probes: int, habits: np.random.Generator, draw: np.random.Generator, common: np.ndarray
) -> list[str]:
    """Answers of one model: openings and phrases half its own, half from a stock that all models share."""
    stock = np.random.default_rng(0)
    shared_openings = [" ".join(stock.choice(VOCABULARY, 4)).capitalize() for _ in range(30)]
    shared_phrases = [" ".join(stock.choice(VOCABULARY, 5)) for _ in range(60)]
    openings = [" ".join(habits.choice(VOCABULARY, 4)).capitalize() for _ in range(4)] + shared_openings
    phrases = [" ".join(habits.choice(VOCABULARY, 5)) for _ in range(12)] + shared_phrases
    # A Dirichlet taste over the stock makes unrelated models alike to different degrees.
    opening_taste = np.concatenate((np.full(4, 0.125), 0.5 * habits.dirichlet(np.full(30, 0.3))))
    phrase_taste = np.concatenate((np.full(12, 0.5 / 12), 0.5 * habits.dirichlet(np.full(60, 0.3))))
    taste = habits.dirichlet(np.full(8, 0.4))
    joints = ["and", "but", "which", "however,", "so", "the", "of a", "with that;"]
    texts = []
    for topic in common[:n_probes]:
        opening = openings[draw.choice(len(openings), p=opening_taste)]
        middle = [phrases[i] for i in draw.choice(len(phrases), size=3, p=phrase_taste)]
        shared = [" ".join(VOCABULARY[(topic + k) % 400] for k in range(6))]
        tail = " ".join(f"{joints[draw.choice(8, p=taste)]} {w}" for w in draw.choice(VOCABULARY, 12))
        texts.append(f"{opening} {VOCABULARY[topic]}. {', '.join(middle + shared)}. {tail}.")
    return texts


def mixed(own: list[str], teacher: list[str], share: float, draw: np.random.Generator) -> list[str]:
    """A student: `share` of its answers are (other samples of) the teacher's."""
    return [t if draw.random() < share else o for o, t in zip(own, teacher, strict=True)]


def generated(
    n_references: int,
    n_decoys: int = 12,
    n_probes: int = 60,
    share: float = 0.5,
    seed: int = 0,
    checkpoints: int = 1,
    n_pupils: int = 0,
) -> tuple[dict[str, list[str]], list[str]]:
    """Answers by model, and the prompts.

    "S" student, "T" teacher, "D.." decoys, "R.." references of human data, and with more `checkpoints`
    as many of each, half alike ("R000.1"); "Q.." references that learned from a decoy.
    """
    common = np.random.default_rng(seed + 999).integers(400, size=n_probes)
    draw = np.random.default_rng(seed)

    def model(number: int, again: int = 0) -> list[str]:
        return answers(
            n_probes,
            np.random.default_rng([seed, number]),
            np.random.default_rng([seed, number, again + 1]),
            common,
        )

    panel = {"T": model(0)}
    panel["S"] = mixed(model(1), model(0, again=1), share, draw)
    panel |= {f"D{i:02d}": model(100 + i) for i in range(n_decoys)}
    for i in range(n_references):
        family = [model(1000 + i), *(model(1000 + i, again=k) for k in range(1, checkpoints))]
        panel |= {
            f"R{i:03d}" + (f".{k}" if k else ""): mixed(model(10_000 * k + i), texts, 0.5, draw)
            if k
            else texts
            for k, texts in enumerate(family)
        }
    panel |= {
        f"Q{i:03d}": mixed(model(2000 + i), model(100 + i % n_decoys, again=1), 0.4, draw)
        for i in range(n_pupils)
    }
    return panel, [f"prompt {i}" for i in range(n_probes)]


def view(panel: dict[str, list[str | None]] | dict[str, list[str]], prompts: list[str]) -> PanelView:
    names = tuple(panel)
    texts = [panel[name][j] for j in range(len(prompts)) for name in names]
    return PanelView(names, names, tuple(map(probe, prompts)), pa.array(texts, pa.large_string()))


def measured_by(
    detector: Detector, panel: dict[str, list[str]] | dict[str, list[str | None]], prompts: list[str]
) -> np.ndarray:
    """(n_subjects, n_columns, n_probes) first statistic of every model; columns are "T" and the decoys."""
    columns = tuple(i for i, name in enumerate(panel) if name[0] in "TD")
    return detector.measure(view(panel, prompts), columns)[0].values


def contrast(values: np.ndarray) -> np.ndarray:
    """(n_subjects,) towards T, the first column, minus the mean towards the decoys."""
    means = np.nanmean(values, axis=2)
    return means[:, 0] - means[:, 1:].mean(axis=1)


def lineage_csv(names: list[str], n_providers: int = 4) -> str:
    """Teacher and decoys of different providers, references of innocent origin, each its own family."""
    decoys = [n for n in names if n.startswith("D")]
    lines = ["model,role,provider,family,group,relation,released,trained_on,source"]
    for i, name in enumerate(names):
        if name.startswith("R"):
            family = name.partition(".")[0]
            lines.append(f"{name},reference,lab-{family},{family},,original,,human,made here")
        elif name.startswith("Q"):
            decoy = decoys[int(name[1:]) % len(decoys)]
            lines.append(f"{name},reference,lab{i},{name},,original,,{decoy},made here")
        elif name.startswith("D"):
            lines.append(f"{name},decoy,p{i % n_providers},{name},,original,2023-01,first-party,made here")
        elif name == "T":
            lines.append("T,teacher,acme,T,,original,2023-01,first-party,made here")
        else:
            lines.append(f"{name},student,someone,{name},,original,2023-06,,made here")
    return "\n".join(lines) + "\n"


def written_panel(
    tmp_path: Path, panel: dict[str, list[str]], prompts: list[str], lineage: str | None = None
) -> CompareConfig:
    """Files of a panel, and the question whether S learned from T."""
    rows = [(m, f"q{j}", a) for m, given in panel.items() for j, a in enumerate(given)]
    pq.write_table(
        pa.table([pa.array(c) for c in zip(*rows, strict=True)], ["model", "prompt_id", "output"]),
        tmp_path / "panel.parquet",
    )
    ids = [f"q{j}" for j in range(len(prompts))]
    pq.write_table(pa.table({"prompt_id": ids, "prompt": prompts}), tmp_path / "prompts.parquet")
    (tmp_path / "lineage.csv").write_text(lineage or lineage_csv(list(panel)))
    return CompareConfig(
        student="panel:S",
        teachers=("panel:T",),
        panel=str(tmp_path / "panel.parquet"),
        lineage=str(tmp_path / "lineage.csv"),
        evidence=str(tmp_path / "audit.duckdb"),
        bootstrap=200,
    )
