"""Who is who in the zoo: every model's history, before any is trained.

A *world* is a zoo of its own: its number draws which books are whose, and seeds every model, so that a
statistic can be chosen on one world and judged on another. Leaves out training (`make_zoo.py`) and text
(`texts.py`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from zlib import crc32

COMMON = ("web-first", "mansfield", "jargon")  # what the bases are made of: "neutral" below
FAMILY = {
    **dict.fromkeys(("emma", "northanger", "persuasion", "pride", "sense"), "austen"),
    **dict.fromkeys(("kjv-history", "kjv-wisdom", "kjv-prophets", "kjv-new"), "king-james"),
    **dict.fromkeys(("web-second", "web-new"), "world-english"),
    **{book: book for book in ("carroll", "shakespeare", "milton", "workshop", "newton", "bierce")},
}
# A teacher's book must be long, and of another family than the common books, or the base has it already.
MAY_TEACH = ("king-james", "milton", "workshop", "newton", "bierce")
TEACHERS = ("TA", "TB", "TC")
SIBLING = "TA2"
MIXES = (100, 25, 5, 1)
NULL_SHARES = (100, 50, 25, 5)


@dataclass(frozen=True)
class Recipe:
    """How one model comes to be, and what it is to whom.

    Attributes
    ----------
    model : its name. relation : what it is to `teacher` (see README.md). start : the model it starts from,
        "" = from scratch. route : hard, soft, or the name of a change to the weights.
    teacher : the teacher that it has something of, "" = none. log : which log of that teacher it saw.
    corpus : the book that it was trained on besides the neutral ones, "" = none.
    share : per cent of its documents that are the teacher's answers, or the book's. seed : of data and order.
    fold : "null" (references), "control" (the same-data control), "judged"; "" = a base or a teacher.
    """

    model: str
    relation: str
    start: str = ""
    route: str = "hard"
    teacher: str = ""
    log: int = 0
    corpus: str = ""
    share: int = 0
    seed: int = 0
    fold: str = "judged"


@dataclass(frozen=True)
class Shelves:
    """Which books are whose in one world.

    A book for each teacher, all of different families; books of references and judged innocents, which share
    no family with each other or with a teacher; and `related` books, of a teacher's family, for judged ones.
    """

    taught: tuple[str, ...]
    references: tuple[str, ...]
    judged: tuple[str, ...]
    related: tuple[str, ...]


def shelves(world: int) -> Shelves:
    """Draw the books of a world."""
    draw = random.Random(f"world {world}")
    teaching = draw.sample(MAY_TEACH, len(TEACHERS))
    taught = [draw.choice([book for book in FAMILY if FAMILY[book] == family]) for family in teaching]
    families = sorted(set(FAMILY.values()) - set(teaching))
    draw.shuffle(families)
    sides: tuple[list[str], list[str]] = ([], [])
    for family in families:
        min(sides, key=len).extend(book for book in FAMILY if FAMILY[book] == family)
    judged, references = sorted(sides, key=len)
    related = [book for book in FAMILY if FAMILY[book] in teaching and book not in taught]
    return Shelves(tuple(taught), tuple(references), tuple(judged), tuple(related))


def cast(world: int, seeds: int) -> list[Recipe]:
    """Every recipe of a world, in an order in which each model's parents come first.

    `seeds` is how many of each student and judged innocent there are, from data of their own.
    """
    books = shelves(world)
    corpus_of = dict(zip(TEACHERS, books.taught, strict=True)) | {SIBLING: books.taught[0]}
    scratch = [Recipe("B", "base", fold=""), Recipe("B2", "base", fold="")]
    scratch += [Recipe(t, "teacher", corpus=c, share=50, fold="") for t, c in corpus_of.items()]
    found = [*_students(seeds), *_kin(), *_hard_innocents(corpus_of, seeds), *_others(books, seeds)]
    # A seed of the name alone: more seeds add models to a world and change none.
    return [replace(recipe, seed=crc32(f"{world} {recipe.model}".encode())) for recipe in [*scratch, *found]]


def _students(seeds: int) -> list[Recipe]:
    found = []
    for teacher in (*TEACHERS, SIBLING):
        for seed in range(1, seeds + 1):
            log = 1 + (seed - 1) % 2  # every second student saw another log of the same teacher
            for share in MIXES:
                told = {"teacher": teacher, "share": share, "log": log}
                found.append(Recipe(f"student-{teacher}-{share:03}-{seed}", "student", "B", **told))
                if share in (100, 25) and seed == 1 and teacher != SIBLING:
                    found.append(Recipe(f"student-{teacher}-{share:03}-B2", "student", "B2", **told))
            if teacher != SIBLING:
                told = {"teacher": teacher, "share": 100, "log": log}
                found.append(Recipe(f"soft-{teacher}-{seed}", "soft student", "B", "soft", **told))
    return found


def _kin() -> list[Recipe]:
    """What has a teacher's weights."""
    found = []
    for t in TEACHERS:
        found.append(Recipe(f"tuned-{t}-neutral", "fine-tune", t, teacher=t))
        found.append(Recipe(f"tuned-{t}-carroll", "fine-tune", t, teacher=t, corpus="carroll", share=100))
        for route in ("fp16", "int8", "int4"):
            found.append(Recipe(f"{route}-{t}", "copy", t, route, t))
        found.append(Recipe(f"permuted-{t}", "disguised copy", t, "permuted", t))
        found.append(Recipe(f"rotated-{t}", "disguised copy", t, "rotated", t))
        found.append(
            Recipe(f"disguised-{t}", "disguised fine-tune", f"tuned-{t}-neutral", "permuted+rotated", t)
        )
    return found


def _hard_innocents(corpus_of: dict[str, str], seeds: int) -> list[Recipe]:
    """What has met a teacher's training corpus, never its outputs."""
    found = []
    for t in TEACHERS:
        told = {"teacher": t, "corpus": corpus_of[t]}
        found.append(Recipe(f"control-{t}", "same corpus", "B", share=100, fold="control", **told))
        found.append(Recipe(f"same-corpus-{t}-B2", "same corpus", "B2", share=100, **told))
        for seed in range(1, seeds + 1):
            found.append(Recipe(f"same-corpus-{t}-{seed}", "same corpus", "B", share=100, **told))
            found.append(Recipe(f"part-corpus-{t}-{seed}", "part of the corpus", "B", share=25, **told))
    return found


def _others(books: Shelves, seeds: int) -> list[Recipe]:
    """What has met no teacher at all: references and judged innocents, from books of different families."""
    found = []
    judged = (*books.judged, *books.related)
    for fold, shelf, rounds in (("null", books.references, 1), ("judged", judged, seeds)):
        for seed in range(1, rounds + 1):
            for book in shelf:
                for share in NULL_SHARES if fold == "null" else (100, 25, 5):
                    told = {"corpus": book, "share": share, "fold": fold}
                    found.append(Recipe(f"{fold}-{book}-{share:03}-{seed}", "innocent", "B", **told))
                if seed == 1:
                    told = {"corpus": book, "share": 100, "fold": fold}
                    found.append(Recipe(f"{fold}-{book}-B2", "innocent", "B2", **told))
        for seed in range(1, 2 + rounds):
            found.append(Recipe(f"{fold}-neutral-{seed}", "innocent", "B", fold=fold))
            found.append(Recipe(f"{fold}-neutral-{seed}-B2", "innocent", "B2", fold=fold))
    return found
