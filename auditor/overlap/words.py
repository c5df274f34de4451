"""What a report of `audit overlap` says in words: the first line, other explanations, what should be known.

Leaves out figures (`figures.py`, `weigh.py`) and layout (`auditor/reports/overlap.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from auditor.overlap.config import OverlapConfig
from auditor.overlap.index.corpus import IndexCorpus
from auditor.overlap.keys import Recipe, curve
from auditor.overlap.reading import Corpus
from auditor.overlap.recount import LEAST_HELD
from auditor.overlap.result import CorpusFigures, Recall, Weighed
from auditor.report import Alternative

FIRST_SIZES = (10, 20, 50)
STEPS = (0.0, 0.1, 0.2, 0.3, 0.4)


@dataclass(frozen=True)
class Told:
    """Counts that notes are made of: documents crowded, short ones matched, pairs kept and in all.

    sketch : where the right side is one.
    """

    crowded: int
    short: int
    kept: int
    pairs: int
    containment: float | None
    sketch: IndexCorpus | None = None


def percent(part: int, whole: int) -> str:
    """A share as people read it: "2.3 %"; "0 %" of nothing."""
    if not part or not whole:
        return "0 %"
    value = 100 * part / whole
    return f"{value:.1f} %" if value >= 0.95 else f"{value:.2g} %" if value >= 0.001 else "below .001 %"


def similarity(value: float) -> str:
    """A threshold without its leading zero: ".5"."""
    return f"{value:g}".replace("0.", ".", 1)


def headline(
    left: CorpusFigures,
    right: CorpusFigures,
    config: OverlapConfig,
    weighed: Weighed,
    estimated: bool = False,
) -> str:
    """The first line of every report."""
    how = f"{'estimated ' * estimated}Jaccard similarity {similarity(config.threshold)} or more"
    if config.containment is not None:
        how += f", or holding {similarity(config.containment)} of a document there"
    part = percent(left.matched, left.documents)
    first = (
        f"{left.matched:,} of {left.documents:,} documents of {left.name} ({part}) have a near copy in "
        f"{right.name} ({how})"
    )
    if not left.matched:
        return f"{first}. Paraphrase, translation and shorter excerpts would not show."
    if estimated:
        return f"{first}. An estimate from a sketch, nothing counted. {weighed.words}"
    covered = percent(left.explained or 0, left.shingles or 0)
    return f"{first}; {covered} of its shingles are in them. {weighed.words}"


def recalls(config: OverlapConfig, recipes: Sequence[Recipe]) -> tuple[Recall, ...]:
    """How surely pairs at the threshold and above it are looked at; for a sample by the answer's length."""
    found: list[Recall] = []
    for recipe in recipes:
        if recipe.kind == "bands":
            at = [round(config.threshold + s, 4) for s in STEPS if config.threshold + s <= 1]
            found += [Recall("jaccard", j, float(curve(recipe, j))) for j in at]
        else:
            found += [Recall("containment", float(n), recipe.recall(n)) for n in FIRST_SIZES]
    return tuple(found)


def alternatives(references: int, also: int | None, left: CorpusFigures) -> tuple[Alternative, ...]:
    """Explanations other than that the left corpus was taken from the log."""
    seen = ""
    if also is not None:
        seen = (
            f" Of the {left.matched:,} documents matched, {also:,} match only documents that one of the "
            f"{references} reference corpora matches, too."
        )
    return (
        Alternative(
            "a shared public source",
            also is not None,
            "Both sides may hold the same public text: a dataset of questions and answers, a published copy "
            f"of the teacher's outputs, quotations, code, licences.{seen}",
        ),
        Alternative(
            "the other way round",
            False,
            "A teacher that was asked to repeat, or was trained on, text of the left corpus would match, "
            "too. Dates of both files would tell; this command does not see them.",
        ),
        Alternative(
            "where the files come from",
            False,
            "Each file is what its owner says it is; nothing here can check that.",
        ),
    )


def notes(corpora: Sequence[CorpusFigures], opened: Sequence[Corpus], told: Told) -> tuple[str, ...]:
    """What was counted rather than compared, or left out."""
    found: list[str] = []
    for c in corpora:
        if c.without_text:
            found.append(
                f"{c.name}: {c.without_text:,} rows without text were left out (counted as documents)."
            )
        short = (c.without_shingles or 0) - c.without_text
        if short > 0:
            found.append(f"{c.name}: {short:,} documents hold no word and match nothing.")
        if c.not_utf8:
            found.append(f"{c.name}: {c.not_utf8:,} documents are not UTF-8; their bytes were compared.")
        if c.distinct < c.documents:
            found.append(
                f"{c.name}: {c.documents - c.distinct:,} documents repeat an earlier one byte by byte."
            )
    for one in opened:
        if one.empty_files:
            found.append(f"{one.name}: {one.empty_files:,} empty files were passed over.")
        if one.keep_going:
            found.append(
                f"{one.name}: lines that cannot be read count as rows without text, or are left out."
            )
        if any(f.format == "text" for f in one.files):
            found.append(f"{one.name}: of plain text, each file is one document.")
    if told.sketch:
        found.append(_of_sketch(told.sketch))
    if told.short:
        found.append(
            f"{told.short:,} of the documents matched have fewer than {LEAST_HELD} shingles: answers that "
            "short are alike by chance."
        )
    if told.containment is not None:
        found.append(
            f"Documents of the right side with fewer than {LEAST_HELD} shingles are not sought inside others."
        )
    if told.crowded:
        found.append(
            f"{told.crowded:,} documents share a key with more documents of the right side than are looked "
            "at; they may have near copies that were not seen, and of their teachers not all may be named."
        )
    if told.kept < told.pairs:
        found.append(
            f"{told.kept:,} of {told.pairs:,} near copies are in the evidence file; --pairs writes all."
        )
    return tuple(found)


def _of_sketch(sketch: IndexCorpus) -> str:
    k = sketch.manifest.settings.k
    return (
        f"{sketch.name} holds no texts: every similarity is estimated from signatures of {k} minima, with a "
        f"standard error of sqrt(J(1-J)/{k}), {0.5 / math.sqrt(k):.3f} at most. Pairs near the threshold may "
        "be on its other side, counts may be too high or too low, and no passage can be shown. Whoever has "
        "the texts can count exactly with the same command."
    )
