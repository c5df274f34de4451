"""Runs `descent` on every pair of checkpoints of a run, and says what came out in plain rows.

The student is compared with every teacher; with bases given, both are compared with every base, too. Leaves
out what follows from it (`common_weights.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import overload

import numpy as np

from auditor.checkpoints import Weights, digests, same_weights
from auditor.report import PairTest
from auditor.weights import shared_tokens
from detectors.descent import Descent
from detectors.descent_units import Mlp
from detectors.types import ExactTest, Skipped

PROPOSITIONS = {"H_w": "weight_descent", "H_a": "common_ancestor"}
SEEN_IN = {"rows": "weight rows", "tokens": "activations on shared tokens"}
# A layer shows a relation by itself when its smallest p, times the number of all tests, is at most this.
TELLING_AT = -2.0


@dataclass(frozen=True)
class Pair:
    """Two checkpoints and what `descent` found, the combined test last; `same` = the same files."""

    subject: str
    other: str
    results: tuple[ExactTest | Skipped, ...]
    same: bool

    @property
    def reasons(self) -> tuple[str, ...]:
        """What could not be tested, and why."""
        return tuple(r.reason for r in self.results if isinstance(r, Skipped))

    @cached_property
    def tests(self) -> tuple[ExactTest, ...]:
        """Single tests, without the combined one."""
        return tuple(r for r in self.results if isinstance(r, ExactTest) and r.statistic != "combined")

    @property
    def log10_p(self) -> float | None:
        """log10 p of all tests together; None where there are none."""
        last = self.results[-1]
        return float(last.params["log10_p"]) if isinstance(last, ExactTest) else None

    @property
    def log10_p_exact_forms(self) -> float | None:
        """The same where only the forms with an exact null may decide."""
        last = self.results[-1]
        return float(last.params["log10_p_exact_forms"]) if isinstance(last, ExactTest) else None

    @cached_property
    def layers(self) -> tuple[int, int]:
        """In how many layers, of the model with fewer, the relation shows by itself; and how many it has."""
        best = self._best(lambda r: -float(r.params["log10_p"]))
        enough = np.log10(max(len(self.tests), 1)) - TELLING_AT
        return sum(b >= enough for b in best.values()), len(best)

    @cached_property
    def order_kept(self) -> float:
        """How well the order of hidden units was kept (`csu`), the median over layers; 0 = by chance."""
        best = self._best(lambda r: float(r.params["value"]) if r.statistic == "csu" else -1.0)
        return float(np.median(list(best.values()))) if best else 0.0

    def _best(self, key: Callable[[ExactTest], float]) -> dict[int, float]:
        """Largest value for each layer of the model that has fewer."""
        sides = ("student_layer", "teacher_layer")
        side = min(sides, key=lambda s: len({r.params[s] for r in self.tests}))
        best: dict[int, float] = {}
        for r in self.tests:
            layer = int(r.params[side])
            best[layer] = max(best.get(layer, -np.inf), key(r))
        return best


@dataclass(frozen=True)
class Compared:
    """All pairs of a run; `inputs` are the files that were read, path -> SHA-256 hex."""

    weights: Weights
    pairs: tuple[Pair, ...]
    inputs: dict[str, str]

    def pair(self, subject: str, other: str) -> Pair:
        """The pair of these two."""
        return next(p for p in self.pairs if (p.subject, p.other) == (subject, other))

    @property
    def rows(self) -> tuple[PairTest, ...]:
        """Every test of every pair, as the report has them."""
        return tuple(_row(pair, r) for pair in self.pairs for r in pair.results if isinstance(r, ExactTest))


def pairs_of(weights: Weights) -> tuple[tuple[str, str, str], ...]:
    """(one, other, proposition) of everything that will be compared."""
    above = [(weights.student, t, "H_w") for t in weights.teachers]
    for base in weights.bases:
        above += [(model, base, "H_a") for model in (weights.student, *weights.teachers)]
    return tuple(above)


def readings(weights: Weights) -> int:
    """How many layers will be read, one after the other, for all pairs."""
    depths = {name: checkpoint.depth + 1 for name, checkpoint in weights.opened.items()}
    return sum(depths[one] + depths[other] for one, other, _ in pairs_of(weights))


def compare(weights: Weights, seed: int, advance: Callable[[], None]) -> Compared:
    """Compare all pairs, a layer at a time; `advance` is called for each layer that is read."""
    read = {name: digests(checkpoint) for name, checkpoint in weights.opened.items()}
    pairs = []
    for subject, other, proposition in pairs_of(weights):
        one, two = weights.opened[subject], weights.opened[other]
        tokens = shared_tokens(one, two, seed)
        layers = (Counted(one.layers, advance), Counted(two.layers, advance))
        results = Descent(seed=seed).test(*layers, tokens, proposition)
        pairs.append(Pair(subject, other, results, same_weights(read[subject], read[other])))
    return Compared(weights, tuple(pairs), {p: d for each in read.values() for p, d in each.items()})


class Counted(Sequence[Mlp]):
    """Layers read on demand; every reading is a step of the progress."""

    def __init__(self, layers: Sequence[Mlp], advance: Callable[[], None]) -> None:
        self._layers, self._advance = layers, advance

    def __len__(self) -> int:
        return len(self._layers)

    @overload
    def __getitem__(self, number: int) -> Mlp: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Mlp]: ...
    def __getitem__(self, number: int | slice) -> Mlp | Sequence[Mlp]:
        self._advance()
        return self._layers[number]


def _row(pair: Pair, test: ExactTest) -> PairTest:
    """One test as the report has it."""
    single = test.statistic != "combined"
    params = test.params
    where = params if single else params["smallest"]
    place = (
        f"layer {where['student_layer']} with layer {where['teacher_layer']}, {SEEN_IN[where['inputs']]}"
        if single
        else f"{params['tests']} tests of all layers"
    )
    return PairTest(
        detector=test.detector,
        proposition=PROPOSITIONS[test.proposition],
        statistic=test.statistic,
        subject=pair.subject,
        other=pair.other,
        p=test.p,
        log10_p=float(params["log10_p"]),
        value=float(params["value"]) if single else None,
        n=int(params["n"]) if single else None,
        place=place,
        rests_on=params["rests_on"],
        params={k: params[k] for k in asdict(Descent())},
    )
