"""`cross_probe`: how much of a teacher's favourite phrasing a subject uses when asked something else.

Word 3-4-grams that the teacher repeats more than the other teachers, weighted by log-odds with an
informative Dirichlet prior (Monroe, Colaresi & Quinn 2008, "Fightin' Words", section 3.3.1) and counted
on other probes than the one that is scored, so that no answer is ever compared with another answer to
its own prompt. Leaves out n-grams that hardly recur, exhibits and everything same-probe (`wording.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from detectors.log_odds import class_weights
from detectors.tokens import words
from detectors.types import Access, Channel, Float32, Measurement, PanelView

Int64 = NDArray[np.int64]

# An n-gram is one whole number, its words the digits: that many digits of this base stay below 2**63.
BASE, LONGEST = 50_000, 4
# Probes whose answers are numbered together: bounds the memory, changes no value.
BLOCK = 25


@dataclass(frozen=True)
class CrossProbe:
    """Log-odds-weighted containment across probes.

    Parameters
    ----------
    sizes : n-gram lengths in words, at most 4.
    characters : answers are cut to this many characters first, so that long answers do not dilute phrases.
    repeats : an n-gram counts when the teachers use it in at least this many answers.
    folds : probes are dealt into this many folds; weights come from the other folds.
    prior : pseudo-count of the Dirichlet prior, in n-grams.
    """

    sizes: tuple[int, ...] = (3, 4)
    characters: int = 600
    repeats: int = 5
    folds: int = 5
    prior: float = 20_000.0

    name = "cross_probe"
    channel = Channel.WORDING
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """Nothing: text is enough."""
        return ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistic `containment`, nats per n-gram of the answer; see `Detector.measure`."""
        if not 1 <= min(self.sizes) <= max(self.sizes) <= LONGEST:
            raise ValueError(f"n-grams of 1 to {LONGEST} words can be numbered, got sizes {self.sizes}.")
        values = containment(panel, teachers, recurring_ngrams(panel, teachers, self), self)
        return (Measurement(self.name, "containment", self.channel, "nats per n-gram", values, asdict(self)),)


@dataclass(frozen=True)
class Recurring:
    """Which answer holds which of the n-grams that teachers repeat.

    Attributes
    ----------
    holds : (n_probes * n_subjects, n_grams) float32 binary CSR, probe-major.
    lengths : (n_probes * n_subjects,) int64, n-grams of each answer, recurring or not.
    """

    holds: sparse.csr_array
    lengths: Int64


def recurring_ngrams(panel: PanelView, teachers: Sequence[int], by: CrossProbe) -> Recurring:
    """Find the n-grams that the teachers repeat, and who holds them."""
    number = _common_words(panel, teachers, by)
    known = _repeated(panel, teachers, number, by)
    rows, columns, lengths = [], [], []
    for first, texts in _blocks(panel):
        owner, gram, length = number_ngrams(texts, number, by.sizes, by.characters)
        place = np.searchsorted(known, gram)
        found = place < len(known)
        found[found] = known[place[found]] == gram[found]
        rows.append((owner[found] + first).astype(np.int32))
        columns.append(place[found].astype(np.int32))
        lengths.append(length)
    places = np.concatenate(rows), np.concatenate(columns)
    ones = np.ones(len(places[0]), dtype=np.float32)
    holds = sparse.csr_array((ones, places), shape=(len(panel.texts), len(known)))
    holds.data[:] = 1.0  # making it CSR added repetitions up
    return Recurring(holds, np.concatenate(lengths))


def number_ngrams(
    texts: Sequence[str | None], number: dict[str, int], sizes: Sequence[int], characters: int
) -> tuple[Int64, Int64, Int64]:
    """Number the n-grams of some answers.

    Parameters
    ----------
    number : words by number, from 1; n-grams with another word are left out.

    Returns
    -------
    owner : (n_found,) int64 place of the answer; gram : (n_found,) int64, the words' numbers as digits;
    lengths : (n_texts,) int64, n-grams of each answer, those left out included.
    """
    cut = [words(text[:characters]) if text is not None else [] for text in texts]
    n_words = np.fromiter((len(c) for c in cut), dtype=np.int64, count=len(cut))
    ids = np.fromiter((number.get(w, 0) for w in chain.from_iterable(cut)), np.int64, count=n_words.sum())
    owner = np.repeat(np.arange(len(cut)), n_words)
    owners, grams = [owner[:0]], [ids[:0]]
    for n in sizes:
        starts = max(len(ids) - n + 1, 0)
        code = np.zeros(starts, dtype=np.int64)
        inside = owner[:starts] == owner[n - 1 : n - 1 + starts]
        for k in range(n):
            digit = ids[k : k + starts]
            inside = inside & (digit > 0)
            code = code * BASE + digit
        owners.append(owner[:starts][inside])
        grams.append(code[inside])
    lengths = sum((np.maximum(n_words - n + 1, 0) for n in sizes), np.zeros_like(n_words))
    return np.concatenate(owners), np.concatenate(grams), lengths


def _blocks(panel: PanelView) -> Iterator[tuple[int, list[str | None]]]:
    """Yield (number of the first answer, answers) of some probes at a time."""
    size = BLOCK * len(panel.subjects)
    for first in range(0, len(panel.texts), size):
        yield first, panel.texts.slice(first, size).to_pylist()


def _common_words(panel: PanelView, teachers: Sequence[int], by: CrossProbe) -> dict[str, int]:
    """Words in at least `repeats` of the teachers' answers, numbered from 1 in alphabetical order."""
    uses: Counter[str] = Counter()
    for teacher in dict.fromkeys(teachers):
        for text in panel.answers_of(teacher):
            uses.update(set(words((text or "")[: by.characters])))
    common = sorted((w for w in uses if uses[w] >= by.repeats), key=lambda w: (-uses[w], w))
    return {w: i for i, w in enumerate(sorted(common[: BASE - 1]), start=1)}


def _repeated(panel: PanelView, teachers: Sequence[int], number: dict[str, int], by: CrossProbe) -> Int64:
    """(n_grams,) int64, ascending: n-grams in at least `repeats` of the teachers' answers."""
    held = []
    for teacher in dict.fromkeys(teachers):
        owner, gram, _ = number_ngrams(panel.answers_of(teacher), number, by.sizes, by.characters)
        owner, gram = (a[np.lexsort((owner, gram))] for a in (owner, gram))
        again = (np.diff(gram, prepend=-1) == 0) & (np.diff(owner, prepend=-1) == 0)
        held.append(gram[~again])
    grams, uses = np.unique(np.concatenate(held), return_counts=True)
    return np.asarray(grams[uses >= by.repeats])


def containment(panel: PanelView, teachers: tuple[int, ...], found: Recurring, by: CrossProbe) -> Float32:
    """Weight of a teacher's favourite n-grams in every answer, per n-gram of the answer.

    Returns
    -------
    (n_subjects, n_teachers, n_probes) float32; NaN where the subject gave no answer or there is no other
    fold to count on, 0 where an answer is too short to hold an n-gram.
    """
    n_subjects, n_probes = len(panel.subjects), len(panel.probes)
    values = np.full((n_subjects, len(teachers), n_probes), np.nan, dtype=np.float32)
    # Dealt out in the order of probe ids, so that the order of the panel does not matter.
    fold = np.argsort(np.argsort([p.id for p in panel.probes])) % by.folds
    answered = np.asarray(panel.texts.is_valid())
    counts = _counts(found, fold, teachers, n_subjects, by.folds)
    for scored in range(by.folds):
        probes = np.flatnonzero(fold == scored)
        if not len(probes) or len(probes) == n_probes:
            continue
        counted = (counts.sum(axis=0) - counts[scored]).astype(np.float64)
        known = np.flatnonzero(counted.sum(axis=0) >= by.repeats)
        weights = np.maximum(class_weights(counted[:, known], by.prior), 0.0).astype(np.float32)
        rows = (probes[:, None] * n_subjects + np.arange(n_subjects)).ravel()
        length = np.where(answered[rows], np.maximum(found.lengths[rows], 1), np.nan).astype(np.float32)
        share = (found.holds[rows][:, known] @ weights.T) / length[:, None]
        values[:, :, probes] = share.reshape(len(probes), n_subjects, -1).transpose(1, 2, 0)
    return values


def _counts(found: Recurring, fold: Int64, teachers: tuple[int, ...], n_subjects: int, folds: int) -> Float32:
    """(folds, n_teachers, n_grams) float32: answers of each teacher in each fold that hold each n-gram."""
    counts = np.zeros((folds, len(teachers), found.holds.shape[1]), dtype=np.float32)
    for f in range(folds):
        for t, teacher in enumerate(teachers):
            rows = np.flatnonzero(fold == f) * n_subjects + teacher
            counts[f, t] = np.asarray(found.holds[rows].sum(axis=0)).ravel()
    return counts
