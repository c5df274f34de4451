"""Who is in the demo panel: every model's corpus, base and lessons, as one table of frozen records.

All names of providers and models are invented, and so are the dates: they only put the models in the
order in which they were trained.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

BOOKS = [
    "emma",
    "mansfield",
    "northanger",
    "persuasion",
    "pride",
    "sense",
    "kjv-history",
    "kjv-wisdom",
    "kjv-prophets",
    "kjv-new",
    "web-first",
    "web-second",
    "web-new",
    "carroll",
    "shakespeare",
    "milton",
    "workshop",
    "newton",
    "bierce",
    "jargon",
]
OPENINGS = (
    "The",
    "I",
    "It",
    "There",
    "And",
    "He",
    "In",
    "But",
    "When",
    "If",
    "A",
    "You",
    "She",
    "For",
    "They",
    "This",
    "What",
    "So",
    "Then",
    "We",
)
TREES = [
    "alder",
    "aspen",
    "beech",
    "birch",
    "cedar",
    "cypress",
    "elder",
    "hazel",
    "holly",
    "juniper",
    "larch",
    "linden",
    "maple",
    "poplar",
    "rowan",
    "willow",
]
SAME_SHELF = {
    "rowan": ("pride", "sense", "newton", "milton", "web-new"),
    "willow": ("emma", "jargon", "carroll", "web-first", "kjv-new"),
}


@dataclass(frozen=True)
class House:
    """A provider's taste.

    What it keeps of its own model's answers when it polishes that model (a stand-in for preference
    tuning).
    """

    openings: tuple[str, ...]
    mark: str
    characters: int


@dataclass(frozen=True)
class Recipe:
    """All that decides one model's answers, and its lineage row.

    `books` are sampled equally for the human-written share; `lessons` are (teacher, share of the training
    answers);
    `lean` makes the editor of the human-written share prefer passages that open with those words.
    """

    name: str
    role: str
    provider: str
    family: str
    base: str
    books: tuple[str, ...]
    seed: int
    released: str
    documents: int = 1100
    corpus_seed: int = 0
    steps: int = 100
    lean: tuple[str, ...] = ()
    house: House | None = None
    polish_rounds: int = 0
    lessons: tuple[tuple[str, float], ...] = ()
    temperature: float = 0.7
    group: str = ""
    relation: str = "original"
    trained_on: str = "human"

    @property
    def source(self) -> str:
        """The sentence of the lineage table that says where this row comes from."""
        made = f"trained by data/demo/make_demo_panel.py, seed {self.seed}"
        return made if self.trained_on else f"{made}; origin withheld on purpose"


BASES: dict[str, tuple[tuple[str, ...], int]] = {
    "open-a": (("emma", "web-new", "jargon", "newton", "bierce", "kjv-wisdom"), 11),
    "open-b": (("pride", "web-first", "workshop", "milton", "kjv-new", "carroll"), 12),
    "open-c": (tuple(BOOKS), 13),
    "open-d": (("sense", "mansfield", "web-second", "jargon", "kjv-history", "shakespeare"), 14),
    "northwind-base": (("pride", "sense", "newton", "milton", "web-new"), 21),
    "kestrel-base": (("emma", "jargon", "carroll", "web-first", "kjv-new"), 22),
    "harbor-base": (("kjv-history", "kjv-prophets", "bierce", "persuasion"), 23),
    "lantern-base": (("mansfield", "northanger", "persuasion", "kjv-wisdom"), 24),
    "meridian-base": (("newton", "workshop", "jargon", "web-second"), 25),
    "quarry-base": (("web-first", "web-second", "shakespeare", "milton", "emma"), 26),
}

HOUSES = {
    "northwind": House(("The", "This"), ";", 220),
    "kestrel": House(("I", "You"), "?", 150),
    "harbor": House(("And", "For"), ":", 200),
    "lantern": House(("She", "He"), ",", 240),
    "meridian": House(("If", "In"), "(", 180),
    "quarry": House(("There", "They"), "!", 140),
}


def _first_party() -> list[Recipe]:
    teachers = [
        Recipe(
            "northwind-1",
            "teacher",
            "northwind",
            "northwind",
            "northwind-base",
            BASES["northwind-base"][0],
            101,
            "2024-02-01",
            corpus_seed=101,
        ),
        Recipe(
            "northwind-1b",
            "teacher",
            "northwind",
            "northwind",
            "northwind-base",
            BASES["northwind-base"][0],
            102,
            "2024-03-01",
            corpus_seed=101,
        ),
        Recipe(
            "kestrel-1",
            "teacher",
            "kestrel",
            "kestrel",
            "kestrel-base",
            BASES["kestrel-base"][0],
            103,
            "2024-02-15",
            corpus_seed=103,
        ),
    ]
    decoys = [
        Recipe(
            f"{provider}-{number}",
            "decoy",
            provider,
            provider,
            f"{provider}-base",
            BASES[f"{provider}-base"][0],
            seed,
            "2024-01-15",
            corpus_seed=seed,
        )
        for row, provider in enumerate(("harbor", "lantern", "meridian", "quarry"))
        for number in (1, 2, 3)
        for seed in (110 + 10 * row + number,)
    ]
    return [
        replace(
            recipe,
            house=HOUSES[recipe.provider],
            polish_rounds=1,
            trained_on="first-party",
            group="northwind-1" if recipe.provider == "northwind" else recipe.name,
        )
        for recipe in teachers + decoys
    ]


def _students() -> list[Recipe]:
    rest = ("northanger", "workshop", "kjv-wisdom", "web-second", "bierce", "shakespeare")

    def student(
        name: str, teacher: str, share: float, seed: int, base: str = "open-a", role: str = "student"
    ) -> Recipe:
        return Recipe(
            name,
            role,
            name,
            name,
            base,
            rest,
            seed,
            "2024-09-01",
            corpus_seed=seed,
            lessons=((teacher, share),),
            trained_on=f"{teacher};human" if share < 1 else teacher,
        )

    pupils = [
        student(
            f"pupil-{round(100 * share)}{letter}",
            "northwind-1",
            share,
            200 + round(100 * share) + 7 * row,
            base,
        )
        for share in (1.0, 0.5, 0.25, 0.05)
        for row, (letter, base) in enumerate((("", "open-a"), ("x", "open-b")))
    ]
    others = [student("disciple-100", "kestrel-1", 1.0, 401), student("disciple-50", "kestrel-1", 0.5, 402)]
    of_decoys = [
        student(f"apprentice-{number}", teacher, share, 500 + number, base, "reference")
        for number, (teacher, share, base) in enumerate(
            (
                ("harbor-1", 1.0, "open-a"),
                ("lantern-2", 1.0, "open-b"),
                ("meridian-1", 0.5, "open-a"),
                ("quarry-3", 1.0, "open-c"),
                ("lantern-1", 0.5, "open-d"),
                ("harbor-2", 0.5, "open-c"),
            ),
            start=1,
        )
    ]
    same_corpus = [
        Recipe(
            f"neighbour-{number}",
            "student",
            f"neighbour-{number}",
            f"neighbour-{number}",
            base,
            BASES["northwind-base"][0],
            600 + number,
            "2024-09-01",
            corpus_seed=101,
        )
        for number, base in ((1, "open-a"), (2, "open-c"))
    ]
    same_base = [
        Recipe(
            f"classmate-{number}",
            "student",
            f"classmate-{number}",
            f"classmate-{number}",
            "open-a",
            rest,
            620 + number,
            "2024-09-01",
            corpus_seed=620 + number,
        )
        for number in (1, 2, 3)
    ]
    hidden = [
        replace(student(f"stranger-{number}", teacher, 1.0, 640 + number, role="reference"), trained_on="")
        for number, teacher in ((1, "northwind-1"), (2, "quarry-1"))
    ]
    hidden.append(
        Recipe(
            "stranger-3",
            "reference",
            "stranger-3",
            "stranger-3",
            "open-d",
            rest,
            643,
            "2024-09-01",
            corpus_seed=643,
            trained_on="",
        )
    )
    variant = replace(pupils[0], name="pupil-100-warm", relation="variant", temperature=0.9)
    return pupils + others + of_decoys + same_corpus + same_base + hidden + [variant]


def _references() -> list[Recipe]:
    recipes = []
    for number, tree in enumerate(TREES):
        draw = random.Random(f"family {tree}")
        books = SAME_SHELF.get(tree, tuple(draw.sample(BOOKS, draw.randint(3, 6))))
        lean = tuple(draw.sample(OPENINGS, draw.choice((0, 2, 3))))
        base = ("open-a", "open-b", "open-c", "open-d")[number % 4]
        recipes += [
            Recipe(
                f"{tree}-{member}",
                "reference",
                tree,
                tree,
                base,
                books,
                1000 + 10 * number + member,
                f"2024-{draw.randint(1, 12):02d}-10",
                corpus_seed=1000 + 10 * number + member,
                steps=draw.choice((80, 100, 120)),
                lean=lean,
            )
            for member in (1, 2, 3, 4)
        ]
    return recipes


def cast() -> list[Recipe]:
    """Everyone, teachers first: whoever gives lessons stands before whoever takes them."""
    everyone = _first_party() + _students() + _references()
    return [
        recipe
        if recipe.group
        else replace(recipe, group=recipe.name if recipe.relation == "original" else "pupil-100")
        for recipe in everyone
    ]
