"""Generated panels: models with habits, and students that mix a teacher's habits into their own."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from detectors.types import PanelView, Probe

VOCABULARY = [f"w{i:03d}" for i in range(400)]


def probe(name: str) -> Probe:
    return Probe(hashlib.sha256(name.encode()).hexdigest()[:16], name)


def answers(
    n_probes: int, habits: np.random.Generator, draw: np.random.Generator, common: np.ndarray
) -> list[str]:
    """Answers of one model: its habits are openings and phrases of its own; the topic is everyone's."""
    openings = [" ".join(habits.choice(VOCABULARY, 4)).capitalize() for _ in range(4)]
    phrases = [" ".join(habits.choice(VOCABULARY, 5)) for _ in range(12)]
    taste = habits.dirichlet(np.full(8, 0.4))
    joints = ["and", "but", "which", "however,", "so", "the", "of a", "with that;"]
    texts = []
    for topic in common[:n_probes]:
        middle = [phrases[i] for i in draw.integers(len(phrases), size=3)]
        shared = [" ".join(VOCABULARY[(topic + k) % 400] for k in range(6))]
        tail = " ".join(f"{joints[draw.choice(8, p=taste)]} {w}" for w in draw.choice(VOCABULARY, 12))
        texts.append(
            f"{openings[draw.integers(4)]} {VOCABULARY[topic]}. {', '.join(middle + shared)}. {tail}."
        )
    return texts


def mixed(own: list[str], teacher: list[str], share: float, draw: np.random.Generator) -> list[str]:
    """A student: `share` of its answers are (other samples of) the teacher's."""
    return [t if draw.random() < share else o for o, t in zip(own, teacher, strict=True)]


def generated(
    n_references: int, n_decoys: int = 12, n_probes: int = 60, share: float = 0.5, seed: int = 0
) -> tuple[dict[str, list[str]], list[str]]:
    """Answers by model ("S" student, "T" teacher, "D.." decoys, "R.." references) and the prompts."""
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
    panel |= {f"R{i:03d}": model(1000 + i) for i in range(n_references)}
    return panel, [f"prompt {i}" for i in range(n_probes)]


def view(panel: dict[str, list[str | None]] | dict[str, list[str]], prompts: list[str]) -> PanelView:
    names = tuple(panel)
    texts = [panel[name][j] for j in range(len(prompts)) for name in names]
    return PanelView(names, names, tuple(map(probe, prompts)), pa.array(texts, pa.large_string()))


def lineage_csv(names: list[str], n_providers: int = 4) -> str:
    """Teacher and decoys of different providers, references of innocent origin, each its own family."""
    lines = ["model,role,provider,family,group,relation,released,trained_on,source"]
    for i, name in enumerate(names):
        if name.startswith("R"):
            lines.append(f"{name},reference,lab{i},{name},,original,,human,made here")
        elif name.startswith("D"):
            lines.append(f"{name},decoy,p{i % n_providers},{name},,original,2023-01,first-party,made here")
        elif name == "T":
            lines.append("T,teacher,acme,T,,original,2023-01,first-party,made here")
        else:
            lines.append(f"{name},student,someone,{name},,original,2023-06,,made here")
    return "\n".join(lines) + "\n"
