"""Tiny language models whose history is known: Markov chains counted from texts, all in NumPy.

A base is counted from neutral text, a teacher from its own corpus; it has a register that all teachers
share, quirks that its corpus does not explain, and samples sharply. A student is counted from a mix of a
teacher's texts and neutral text on top of its base. The innocents: references counted from other corpora,
students of other teachers, models counted from the teacher's own corpus but never from its texts, models on
another base.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy import stats

from detectors.scored_view import ScoredView
from detectors.scores import NEUTRAL, Scores, TextId

SYMBOLS = 24
LENGTH = 40
BUDGET = 300
"""Documents that a fine-tuned model is counted from."""


def sharpened(chain, temperature):
    powered = chain ** (1 / temperature)
    return powered / powered.sum(axis=1, keepdims=True)


def sampled(chain, n, rng, length=LENGTH):
    """(n, length + 1) symbols; the first stands for the prompt."""
    cumulative = chain.cumsum(axis=1)
    texts = np.empty((n, length + 1), np.int64)
    texts[:, 0] = rng.integers(len(chain), size=n)
    for i in range(length):
        draws = rng.random(n)
        texts[:, i + 1] = np.minimum((cumulative[texts[:, i]] < draws[:, None]).sum(axis=1), len(chain) - 1)
    return texts


def counted(prior, texts, weight):
    """A chain from counts on top of a prior chain that weighs as much as `weight` sightings a symbol."""
    counts = np.zeros_like(prior)
    np.add.at(counts, (texts[:, :-1].ravel(), texts[:, 1:].ravel()), 1.0)
    total = weight * prior + counts
    return total / total.sum(axis=1, keepdims=True)


@dataclass
class World:
    """Corpora, teachers T0, T1, ... and their logs; T0 is the teacher that the tests ask about."""

    seed: int
    n_teachers: int = 4
    n_corpora: int = 8
    quirk: float = 0.5
    register: float = 0.4
    rng: np.random.Generator = field(init=False)
    logs: dict = field(default_factory=dict)

    def __post_init__(self):
        self.rng = np.random.default_rng(self.seed)
        self.language = self.perturbed(np.full((SYMBOLS, SYMBOLS), 1 / SYMBOLS), 1.0)
        self.corpora = [self.perturbed(self.language, 0.6) for _ in range(self.n_corpora + self.n_teachers)]
        flat = np.full((SYMBOLS, SYMBOLS), 1 / SYMBOLS)
        self.bases = {f"B{i}": counted(flat, sampled(self.language, 250, self.rng), 20) for i in range(2)}
        self.chains = dict(self.bases)
        assistant = np.exp(self.register * self.rng.standard_normal(flat.shape))
        for k in range(self.n_teachers):
            own = counted(flat, sampled(self.corpora[k], 400, self.rng), 20)
            self.chains[f"T{k}"] = sharpened(self.perturbed(own * assistant, self.quirk), 0.8)
        self.base_of = {f"T{k}": "B0" for k in range(self.n_teachers)}

    def perturbed(self, chain, strength):
        other = chain * np.exp(strength * self.rng.standard_normal(chain.shape))
        return other / other.sum(axis=1, keepdims=True)

    def texts_of(self, source, n):
        """Texts of a teacher ("T0"), of a corpus (its number) or neutral ones (None)."""
        if source is None:
            return sampled(self.language, n, self.rng)
        return sampled(self.chains[source] if isinstance(source, str) else self.corpora[source], n, self.rng)

    def train(self, name, source, share=1.0, base="B0"):
        """Fine-tune a base on a mix; the rest of the budget is neutral text."""
        n = round(share * BUDGET)
        self.logs[name] = self.texts_of(source, n)
        texts = np.concatenate([self.logs[name], self.texts_of(None, BUDGET - n)])
        self.chains[name] = counted(self.chains[base], texts, 40)
        self.base_of[name] = base
        return name

    def references(self, n, prefix="R", base="B0"):
        """Models of corpora that no teacher saw, half of them mixed with neutral text."""
        k = self.n_teachers
        return [
            self.train(f"{prefix}{i}", k + i % self.n_corpora, (1.0, 0.5)[i // self.n_corpora % 2], base)
            for i in range(n)
        ]

    @cached_property
    def n_bytes(self):
        return self.rng.integers(1, 5, size=SYMBOLS)

    def view(self, subjects, texts, coarse=()):
        """A panel; `texts` by author, (n, length + 1); tokens of `coarse` scorers are two symbols long."""
        n_probes = max(map(len, texts.values()))
        names = dict.fromkeys([*subjects, *(self.base_of[s] for s in subjects)])
        scores = tuple(self.scores(n, texts, merge=2 if n in coarse else 1) for n in names)
        ids = tuple(f"p{j}" for j in range(n_probes))
        return ScoredView(tuple(subjects), ids, scores, {s: self.base_of[s] for s in subjects})

    def scores(self, scorer, texts, merge=1):
        chain = np.log(self.chains[scorer])
        ids, ends, logprobs = [], [], []
        for author, rows in texts.items():
            for j, row in enumerate(rows):
                ids.append(TextId(author, f"p{j}"))
                edges = np.arange(0, len(row) - 1, merge)
                logprobs.append(np.add.reduceat(chain[row[:-1], row[1:]], edges))
                ends.append(np.cumsum(np.add.reduceat(self.n_bytes[row[1:]], edges)))
        starts = np.concatenate([[0], np.cumsum([len(e) for e in ends])]).astype(np.int64)
        flat = np.concatenate(logprobs).astype(np.float32)
        return Scores(scorer, tuple(ids), starts, np.concatenate(ends).astype(np.int64), flat)

    def answers(self, n_probes):
        """Every teacher's answers to the same probes."""
        return {f"T{k}": self.texts_of(f"T{k}", n_probes) for k in range(self.n_teachers)}

    def neutral(self, n):
        return {NEUTRAL: self.texts_of(None, n)}


def predictive_z(value, references):
    """How far a value lies from the references, in units of one more reference's spread."""
    sd = references.std(ddof=1) * np.sqrt(1 + 1 / len(references))
    return (value - references.mean()) / sd


def left_out_p(references):
    """One-sided predictive-t p of each reference among the others."""
    others = [np.delete(references, i) for i in range(len(references))]
    z = [predictive_z(v, o) for v, o in zip(references, others, strict=True)]
    return stats.t.sf(z, len(references) - 2)
