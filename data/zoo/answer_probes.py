"""Every model of a zoo answers the probes, so that `audit compare` can be asked about it.

    python data/zoo/answer_probes.py ZOO [--corpora zoo-books]

Writes ZOO/answers-of-all.jsonl, a line an answer: model, prompt, response. Teachers' answers are those that
`make_zoo.py` recorded. Leaves out scores, which `make_zoo.py` writes, and every judgement.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from pathlib import Path
from zlib import crc32

import torch
from checkpoints import load
from llama import sample
from make_zoo import ANSWER_TOKENS, TEMPERATURE, answers_of
from texts import Document, Library, open_library


def main() -> None:
    """Answer, and write the file at once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zoo", type=Path)
    parser.add_argument("--corpora", type=Path, default=Path("zoo-books"))
    told = parser.parse_args()
    torch.set_num_threads(1)
    library, started = open_library(told.corpora), time.perf_counter()
    with (told.zoo / "relations.csv").open(encoding="utf-8") as file:
        models = [row["model"] for row in csv.DictReader(file)]
    recorded = {who: found for (who, kind), found in answers_of(told.zoo).items() if kind == "probe"}
    lines = []
    for model in models:
        answers = recorded.get(model) or asked(model, library, told.zoo)
        lines += [json.dumps({"model": model, "prompt": p, "response": text}) + "\n" for p, text in answers]
    (told.zoo / "answers-of-all.jsonl").write_text("".join(lines), encoding="utf-8")
    print(f"{len(models)} models, {time.perf_counter() - started:.0f} s", file=sys.stderr)


def asked(model: str, library: Library, zoo: Path) -> list[Document]:
    """(prompt, answer) of one model to every probe, sampled as teachers are."""
    heads = [list(library.tokenizer.encode(prompt).ids) for prompt in library.probes]
    seed = crc32(model.encode())
    written = sample(load(zoo / "models" / model), heads, ANSWER_TOKENS, TEMPERATURE, seed)
    return [(p, library.tokenizer.decode(ids)) for p, ids in zip(library.probes, written, strict=True)]


if __name__ == "__main__":
    main()
