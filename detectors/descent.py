"""`descent`: were these weights initialised from those? Exact tests on the hidden units of MLP layers.

Zhu, Ahmed, Kuditipudi & Liang 2025, "Independence Tests for Language Models" (arXiv 2502.12292), sections 2
and 3, for `csu` and `match`; `sign` is ours, because `match` has no exact null. Two independent models number
their hidden units differently (`csu`) and choose the sign of each differently (`sign`). Leaves out who
descends from whom (a common ancestor looks the same), reading files (`auditor/weights.py`), and attention.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats

from detectors.descent_null import bonferroni_log10, plain, runs_log10, signed_rank_log10, spearman_log10
from detectors.descent_units import Indices, Mlp, SharedTokens, assigned, described, drawn
from detectors.types import Access, Channel, ExactTest, Float32, Skipped

RESTS_ON = {
    "csu": "exact: an independent model could have numbered its hidden units in any order",
    "sign": "exact: an independent model could have had any hidden unit with up and down negated",
    "match": "not exact: strangers' gates and ups may agree about at most `margin` of the hidden units",
}
EXACT = ("csu", "sign")
NO_GATE = (
    "match and sign: without a gate there is no second trace of a hidden unit to match by (input and output "
    "weights of strangers agree too often). A copy with permuted hidden units is not seen."
)
NO_INPUT = (
    "The models differ in width and share no known tokens, so their hidden units cannot be described alike. "
    "Give both tokenizer.json."
)


@dataclass(frozen=True)
class Descent:
    """Tests of a pair of models, layer by layer.

    Parameters
    ----------
    units : hidden units drawn from the narrower layer, matched with all of the other.
    units_all_pairs : the same where depths differ and every layer is compared with every other.
    margin : agreement of gates and ups that `match` grants to strangers.
    seed : of the draw of units.
    """

    units: int = 2048
    units_all_pairs: int = 256
    margin: float = 0.25
    seed: int = 0

    name = "descent"
    channel = Channel.WEIGHTS
    needs = Access.WEIGHTS

    def test(
        self,
        student: Sequence[Mlp],
        teacher: Sequence[Mlp],
        tokens: SharedTokens | None = None,
        proposition: str = "H_w",
    ) -> tuple[ExactTest | Skipped, ...]:
        """Every form on every pair of layers and description, the combined test last.

        Equal depths: each layer with its like. Other depths: all pairs, because which layers were dropped
        or repeated is not known. Layers are read one at a time, so sequences may load them on demand.
        Without a single test only the reasons come back, and no combined p.
        """
        views = list(_views(student[0], teacher[0], tokens))
        if not views:
            return (Skipped(self.name, NO_INPUT),)
        results = [
            ExactTest(
                self.name,
                proposition,
                found.form,
                plain(found.log10_p),
                asdict(self) | asdict(found) | place | {"rests_on": RESTS_ON[found.form]},
            )
            for place, found in self._everything(student, teacher, views)
        ]
        gated = any(r.statistic == "sign" for r in results)
        skipped = () if gated else (Skipped(self.name, NO_GATE),)
        return (*skipped, *results, self._combined(results, proposition))

    def _everything(
        self, student: Sequence[Mlp], teacher: Sequence[Mlp], views: list[View]
    ) -> Iterator[tuple[dict[str, Any], Found]]:
        """Where (layers, description) and what was found there."""
        names = ("student_layer", "teacher_layer")
        narrow, wide, side = student, teacher, 0
        if len(student[0].up) > len(teacher[0].up):
            narrow, wide, side, names = teacher, student, 1, names[::-1]
        alike = len(narrow) == len(wide)
        units = self.units if alike else self.units_all_pairs

        def few_of(number: int) -> list[Units]:
            layer = narrow[number]
            chosen = drawn(layer, units, np.random.default_rng([self.seed, 0, number]))
            return [_seen(layer, chosen, view.inputs[side]) for view in views]

        kept = [] if alike else [few_of(number) for number in range(len(narrow))]  # read once
        for other in range(len(wide)):
            layer = wide[other]
            chosen = drawn(layer, len(layer.up), np.random.default_rng([self.seed, 1, other]))
            partners = [(other, few_of(other))] if alike else list(enumerate(kept))
            for place, view in enumerate(views):
                whole = _seen(layer, chosen, view.inputs[1 - side])
                for number, few in partners:
                    where = dict(zip(names, (number, other), strict=True)) | {"inputs": view.name}
                    draw = np.random.default_rng([self.seed, 2, number, other, place])
                    yield from ((where, found) for found in forms(few[place], whole, self.margin, draw))

    def _combined(self, results: list[ExactTest], proposition: str) -> ExactTest:
        """Bonferroni over forms, descriptions and layers; the same for the smallest of an exact form."""
        log10_p = bonferroni_log10([r.params["log10_p"] for r in results])
        exact = [r.params["log10_p"] if r.statistic in EXACT else 0.0 for r in results]
        first = min(results, key=lambda r: float(r.params["log10_p"]))
        smallest = {k: first.params[k] for k in ("form", "student_layer", "teacher_layer", "inputs", "value")}
        params = asdict(self) | {
            "tests": len(results),
            "log10_p": log10_p,
            "log10_p_exact_forms": bonferroni_log10(exact),
            "smallest": smallest,
            "rests_on": first.params["rests_on"],
        }
        return ExactTest(self.name, proposition, "combined", plain(log10_p), params)


@dataclass(frozen=True)
class View:
    """One way to describe hidden units: "rows", or "tokens" with (n_tokens, width) inputs of both models."""

    name: str
    inputs: tuple[Float32 | None, Float32 | None]


def _views(student: Mlp, teacher: Mlp, tokens: SharedTokens | None) -> Iterator[View]:
    """Every description that both models allow; all of them are tested, so none is chosen by its outcome."""
    if student.up.shape[1] == teacher.up.shape[1]:
        yield View("rows", (None, None))
    if tokens is not None:
        yield View("tokens", tokens.inputs())


@dataclass(frozen=True)
class Units:
    """Hidden units of one layer: labels, (n,) int64 places in the layer; up and gate, (n, m) float32."""

    labels: Indices
    up: Float32
    gate: Float32 | None


def _seen(layer: Mlp, chosen: Indices, inputs: Float32 | None) -> Units:
    """Descriptions of the chosen hidden units."""
    gate = None if layer.gate is None else described(layer.gate[chosen], inputs)
    return Units(chosen, described(layer.up[chosen], inputs), gate)


@dataclass(frozen=True)
class Found:
    """One form on one pair of layers: rank correlation or mean sign, n hidden units, log10 p."""

    form: str
    value: float
    n: int
    log10_p: float


def forms(few: Units, whole: Units, margin: float, draw: np.random.Generator) -> tuple[Found, ...]:
    """All forms on one pair of layers; without gates only `csu`.

    `csu` : match by up; do neighbours have partners in the same order? Exact: what exchangeable labels are
        matched with is in random order. Runs of 8 neighbours, not the whole layer as in the paper: an order
        that means something (units sorted by size, or by importance) ties strangers over the whole layer,
        not within a run.
    `sign` : match by gate, then signed ranks of the correlations between matched ups. Negating up and down of
        a hidden unit changes nothing that training sees, so for strangers each sign is a fair coin, whatever
        features the models share. Gates are not negated: their activation is not odd.
    `match` : match by gate, and apart from that by up with signs ignored; correlate the two matchings.

    Parameters
    ----------
    few, whole : hidden units in random order; where `few` has more units than `whole` the rest is left out.
    margin : agreement of the two matchings that `match` grants to strangers; draw : breaks ties.
    """
    few = _first(few, len(whole.labels))
    n = len(few.labels)
    if n < 3:
        return (Found("csu", 0.0, n, 0.0),)
    scores = few.up @ whole.up.T
    partners = whole.labels[assigned(scores, draw)]
    csu = Found("csu", *_reordered(partners[np.argsort(few.labels)], n))
    if few.gate is None or whole.gate is None:
        return (csu,)
    by_gate = assigned(few.gate @ whole.gate.T, draw)
    matched = scores[np.arange(n), by_gate].astype(np.float64)
    agreement = _rank_correlation(by_gate, assigned(np.abs(scores), draw))
    return (
        csu,
        Found("sign", float(np.sign(matched).mean()), n, signed_rank_log10(matched)),
        Found("match", agreement, n, spearman_log10(agreement, n, margin)),
    )


def _reordered(partners: Indices, n: int) -> tuple[float, int, float]:
    """Value, n and log10 p of partners in the order of the units they belong to."""
    mean, log10_p = runs_log10(partners)
    return mean, n, log10_p


def _first(units: Units, n: int) -> Units:
    """The first n units."""
    return Units(units.labels[:n], units.up[:n], None if units.gate is None else units.gate[:n])


def _rank_correlation(first: Indices, second: Indices) -> float:
    """Spearman's rho of two sets of labels, neither with ties."""
    return float(stats.spearmanr(first, second).statistic)
