"""A student, a teacher and twelve decoys, nothing else: how well that separates, and a null for it.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/small_panels.py [--write]      (25 min)

Every model of the real panel is measured towards every teacher group with twelve random decoys of at
least four other providers, three draws a group; term frequencies come from the student, the teacher and the
decoys alone, as they do in a run on such a panel. Printed are the separation of the pairs of known history
and how often two nulls are wrong, each family held out: one of the teacher's own column, and one of a
teacher drawn at random for every innocent. `--write` stores the latter in data/null/alpaca-eval.json and the
pairs in data/calibration/alpaca-eval-small.json: what `audit compare` takes where a panel has too few
references.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.metrics import roc_auc_score

from auditor import borrowed, calibrate, calibration_file, measure, pairs, relations, shipped, thresholds
from auditor.calibration import Calibration, Known
from auditor.case import Case, mean_length
from auditor.pairs import Pair
from auditor.readers import ReadOptions
from auditor.references import LATER_FIRST_PARTY, STRATA, innocents
from detectors.combine import CHANNELS, Scales, Terms, joint_score, scales
from detectors.hierarchy import Codes, fit
from detectors.log_odds import opening_log_odds
from detectors.ngrams import count_ngrams
from detectors.null import length_matched_contrast, plain_contrast
from detectors.opening import Opening
from detectors.tokens import first_sentence, tokens, words
from detectors.types import Bool, Float64, PanelView
from detectors.wording import Wording

DRAWS, DECOYS, PROVIDERS = 3, 12, 4
OPENING, WORDING = Opening(), Wording()
Tokenise = Callable[[str], list[str]]
# Tokeniser and n-gram lengths of the three channels, in the order of `combine.CHANNELS`.
COUNTED: tuple[tuple[Tokenise, tuple[int, ...]], ...] = (
    (lambda text: tokens(text[: OPENING.sentence_characters])[: OPENING.first], OPENING.sizes),
    (lambda text: tokens(first_sentence(text, OPENING.sentence_characters)), OPENING.sizes),
    (lambda text: words(text[: WORDING.characters]), WORDING.sizes),
)


@dataclass(frozen=True)
class Draw:
    """One teacher and its decoys, as rows of the panel, the teacher first."""

    group: str
    columns: tuple[int, ...]


@dataclass(frozen=True)
class Small:
    """What small panels say.

    Attributes
    ----------
    scores : (DRAWS, n_subjects, n_groups), NaN where a decoy of the draw is of the subject's provider.
    by : standard deviations of the terms; unit : of the score.
    common : (n_subjects, n_draws) mean cosine of wording to the decoys.
    """

    groups: tuple[str, ...]
    scores: Float64
    by: Scales
    unit: float
    common: Float64


def main() -> None:
    """Measure, print, and with --write store."""
    data = Path(os.environ["AUDIT_TEST_DATA"])
    panel = data / "outputs" / "alpaca_eval.parquet"
    known = relations.read(data / "relations.csv", panel.stem)
    case = pairs.open_case(panel, None, known, ReadOptions())
    teachers = {case.lineage.group(t): t for r in reversed(known) for t in r.teachers if t in case.models}
    teachers = {case.lineage.group(m): m for m in reversed(case.models)} | teachers
    drawn = list(draws(case, teachers, np.random.default_rng(0)))
    small = measured(case, drawn)
    wide = measure.measure(case.panel, case.models, measure.choose(calibrate.DETECTORS)[0], lambda _: None)
    clear = [p for p in pairs.measured_pairs(case, wide, known) if p.counted]
    kinds = kinds_of(case, small, teachers)
    null = at_random(case, small, kinds, teachers)
    evaluate(case, small, kinds, null, clear)
    if "--write" in sys.argv:
        borrowed.write(null, shipped.folder() / borrowed.SHIPPED)
        made = calibration_of(case, small, clear, null.made)
        calibration_file.write([made], shipped.folder() / borrowed.CALIBRATION)


def draws(case: Case, teachers: dict[str, str], rng: np.random.Generator) -> Iterator[Draw]:
    """Decoys for every teacher: first-party models of other providers, at random."""
    place = {s: i for i, s in enumerate(case.panel.subjects)}
    for group, teacher in teachers.items():
        mine = case.lineage.provider(teacher)
        others = [d for d in case.models if d in case.decoys and case.lineage.provider(d) != mine]
        for _ in range(DRAWS):
            chosen = rng.choice(others, DECOYS, replace=False)
            while len({case.lineage.provider(d) for d in chosen}) < PROVIDERS:
                chosen = rng.choice(others, DECOYS, replace=False)
            yield Draw(group, (place[teacher], *(place[str(d)] for d in chosen)))


def measured(case: Case, drawn: Sequence[Draw]) -> Small:
    """Contrasts and scores of every subject in every draw."""
    subjects = case.panel.subjects
    provider = np.array([case.lineage.provider(s) for s in subjects], dtype=object)
    length = mean_length(case.view)
    cosine = cosines(case.view, drawn)
    n_draws, n_subjects = len(drawn), len(subjects)
    plain, matched = (np.full((len(CHANNELS), n_subjects, n_draws), np.nan) for _ in range(2))
    odds, common = (np.full((n_subjects, n_draws), np.nan) for _ in range(2))
    for k, draw in enumerate(drawn):
        columns = np.array(draw.columns)
        # A decoy may not be of the student's provider: such a run would have drawn another one.
        able = np.flatnonzero((provider[:, None] != provider[columns[1:]]).all(axis=1))
        mask: Bool = np.ones((len(able), len(columns)), dtype=bool)
        mask[:, 0] = False
        for c in range(len(CHANNELS)):
            plain[c, able, k] = plain_contrast(cosine[k, c][able], mask, 0)
            matched[c, able, k] = length_matched_contrast(cosine[k, c][able], mask, 0, length[columns])
        by_probe = opening_log_odds(case.view, draw.columns, OPENING.log_odds_characters, OPENING.prior)
        odds[able, k] = plain_contrast(np.nanmean(by_probe[able], axis=2, dtype=np.float64), mask, 0)
        common[able, k] = cosine[k, -1, able, 1:].mean(axis=1)
    terms = Terms(plain, matched, odds)
    by = scales(terms, np.arange(n_subjects))
    score = joint_score(terms, by)
    unit = float(np.nanstd(score))
    groups = tuple(dict.fromkeys(d.group for d in drawn))
    by_group = (score / unit).reshape(n_subjects, len(groups), DRAWS).transpose(2, 0, 1)
    return Small(groups, by_group, by, unit, common)


def cosines(view: PanelView, drawn: Sequence[Draw]) -> Float64:
    """(n_draws, 3, n_subjects, 1 + DECOYS) mean TF-IDF cosine, frequencies of each small panel its own."""
    total = np.zeros((len(drawn), len(COUNTED), len(view.subjects), 1 + DECOYS))
    times = np.zeros_like(total)
    for probe in range(len(view.probes)):
        texts = view.answers(probe)
        rows = np.flatnonzero([t is not None for t in texts])
        place = {int(row): i for i, row in enumerate(rows)}
        for c, (tokenise, sizes) in enumerate(COUNTED):
            counts = count_ngrams([tokenise(t) for t in texts if t is not None], sizes).tocsr()
            for k, draw in enumerate(drawn):
                there = np.array([r in place for r in draw.columns])
                columns = np.array([place[r] for r in draw.columns if r in place])
                cells = np.ix_(rows, np.flatnonzero(there))
                total[k, c][cells] += small_cosine(counts, columns)
                times[k, c][cells] += 1
    with np.errstate(invalid="ignore"):
        mean: Float64 = total / times
    return mean


def small_cosine(counts: sparse.csr_array, columns: np.ndarray) -> Float64:
    """(n_documents, n_columns) cosine of each document to the columns', idf from these and itself.

    A document adds itself to the frequencies of its own n-grams, so the columns' norms differ between
    documents on the n-grams that they share. Own cells come out a little low; nobody is judged by them.
    """
    tf = counts.copy()
    tf.data = 1 + np.log(tf.data)
    square, present = tf.power(2), (counts > 0).astype(np.float64)
    df, n = np.asarray(present[columns].sum(axis=0)).ravel(), len(columns) + 1
    apart = (np.log((1 + n) / (1 + df)) + 1) ** 2
    shared = (np.log((1 + n) / (2 + df)) + 1) ** 2
    dot = (tf.multiply(shared[None, :]).tocsr() @ tf[columns].T).toarray()
    own = square @ shared
    theirs = (square[columns] @ apart)[None, :] + (
        present @ square[columns].multiply((shared - apart)[None, :]).tocsr().T
    ).toarray()
    norm = np.sqrt(own[:, None] * theirs)
    cosine: Float64 = np.divide(dot, norm, out=np.zeros_like(dot), where=norm > 0)
    return np.minimum(cosine, 1.0)


def kinds_of(case: Case, small: Small, teachers: dict[str, str]) -> Codes:
    """(n_subjects, n_groups) kind of innocent, as a tuned student's null takes them; -1 = none."""
    coverage = dict(zip(case.panel.subjects, case.answered.mean(axis=1).tolist(), strict=True))
    codes = innocents(case.panel.subjects, case.lineage, [teachers[g] for g in small.groups], coverage)
    return np.where(codes == LATER_FIRST_PARTY, np.int8(-1), codes)


def at_random(case: Case, small: Small, kinds: Codes, teachers: dict[str, str]) -> borrowed.ShippedNull:
    """One teacher and one draw for every innocent."""
    rng = np.random.default_rng(0)
    rows = []
    for m, subject in enumerate(case.panel.subjects):
        cells = np.argwhere(np.isfinite(small.scores[:, m]) & (kinds[m] >= 0))
        if len(cells):
            draw, group = rng.choice(cells)
            family = case.lineage.row(subject).family or subject
            score = round(float(small.scores[draw, m, group]), 4)
            teacher = small.groups[group]
            rows.append(borrowed.Innocent(subject, teacher, family, int(kinds[m, group]), score))
    made = (
        f"alpaca_eval: {len(case.panel.subjects)} models x {len(case.panel.probes)} probes, {DECOYS} random "
        f"decoys of at least {PROVIDERS} providers, distill-audit {metadata.version('distill-audit')}"
    )
    innocent = (kinds >= 0).any(axis=1)
    least = float(np.nanmin(np.nanmean(small.common[innocent], axis=1)))
    return borrowed.ShippedNull(
        name="alpaca_eval",
        made=made,
        prompts=borrowed.hash_of(case.panel.probes),
        decoys=DECOYS,
        plain=tuple(small.by.plain.tolist()),
        matched=tuple(small.by.matched.tolist()),
        channel=tuple(small.by.channel.tolist()),
        log_odds=small.by.log_odds,
        unit=small.unit,
        least_common=least,
        innocents=tuple(rows),
    )


def evaluate(
    case: Case, small: Small, kinds: Codes, null: borrowed.ShippedNull, clear: Sequence[Pair]
) -> None:
    """Print separation by draw, and how often either null is wrong."""
    place = {s: i for i, s in enumerate(case.panel.subjects)}
    cells = [(place[p.student], small.groups.index(p.group)) for p in clear]
    score = np.array([[draw[cell] for cell in cells] for draw in small.scores])  # (DRAWS, n_pairs)
    label = np.array([p.label for p in clear])
    print(f"{'draw':>6}{'pairs':>7}{'AUC':>8}{'human':>8}{'TPR 1 %':>9}{'TPR 5 %':>9}")
    for number, values in enumerate(score):
        known = np.isfinite(values)
        mine = [p for p, k in zip(clear, known, strict=True) if k]
        auc, tpr01, tpr05 = separation(values[known], np.array([p.positive for p in mine]))
        human = known & np.isin(label, ("positive", "negative"))
        auc_human = separation(values[human], label[human] == "positive")[0]
        print(f"{number:6}{known.sum():7}{auc:8.3f}{auc_human:8.3f}{tpr01:9.3f}{tpr05:9.3f}")
    for name, p in (
        ("null of the teacher's own column", own_column_p(case, small, kinds, clear, score)),
        ("null of a random teacher", random_teacher_p(null, clear, score)),
    ):
        print(f"{name}, predictive p at most .05, by label:")
        for kind in dict.fromkeys(label):
            found = p[:, label == kind]
            found = found[np.isfinite(found)]
            print(f"  {kind:24}{int((found <= thresholds.UNUSUAL_AT).sum()):4} of {len(found)}")


def separation(value: Float64, positive: Bool) -> tuple[float, float, float]:
    """AUC, and the share of students above 99 % and 95 % of the innocents."""
    cut = [np.quantile(value[~positive], 1 - fpr) for fpr in (0.01, 0.05)]
    found = (value[positive] > cut[0]).mean(), (value[positive] > cut[1]).mean()
    return roc_auc_score(positive, value), float(found[0]), float(found[1])


def own_column_p(case: Case, small: Small, kinds: Codes, clear: Sequence[Pair], score: Float64) -> Float64:
    """(DRAWS, n_pairs) predictive p by the innocents of the same teacher, other decoys; family left out."""
    names = [case.lineage.row(s).family or s for s in case.panel.subjects]
    families = np.unique(names, return_inverse=True)[1].astype(np.int64)
    rng = np.random.default_rng(0)
    drawn = np.take_along_axis(small.scores, rng.integers(DRAWS, size=(1, *kinds.shape)), axis=0)[0]
    p = np.full_like(score, np.nan)
    for i, pair in enumerate(clear):
        others = np.array([name != pair.family for name in names])
        null = fit(drawn, np.where(others[:, None], kinds, np.int8(-1)), families, len(STRATA))
        group = small.groups.index(pair.group)
        for d in np.flatnonzero(np.isfinite(score[:, i])):
            p[d, i] = null.p_value(np.full(len(small.groups), score[d, i]))[group]
    return p


def random_teacher_p(null: borrowed.ShippedNull, clear: Sequence[Pair], score: Float64) -> Float64:
    """(DRAWS, n_pairs) predictive p by innocents of teachers drawn at random; family left out."""
    value = np.array([[i.score] for i in null.innocents])
    names = np.array([i.family for i in null.innocents])
    families = np.unique(names, return_inverse=True)[1].astype(np.int64)
    kind = np.array([[i.kind] for i in null.innocents], dtype=np.int8)
    p = np.full_like(score, np.nan)
    for i, pair in enumerate(clear):
        fitted = fit(
            value, np.where((names != pair.family)[:, None], kind, np.int8(-1)), families, len(STRATA)
        )
        known = np.isfinite(score[:, i])
        p[known, i] = fitted.p_value(score[known, i][:, None])[:, 0]
    return p


def calibration_of(case: Case, small: Small, clear: Sequence[Pair], made: str) -> Calibration:
    """The pairs of known history with their first score."""
    place = {s: i for i, s in enumerate(case.panel.subjects)}
    known: dict[Known, None] = {}
    for p in clear:
        values = small.scores[:, place[p.student], small.groups.index(p.group)]
        if np.isfinite(values).any():
            score = round(float(values[np.isfinite(values)][0]), 6)
            known[Known(p.student, p.group, p.family, p.positive, score)] = None
    return Calibration("alpaca_eval, small panels", made, len(case.panel.probes), tuple(known))


if __name__ == "__main__":
    main()
