"""What a local model costs here: opening it, asking it four prompts, scoring twenty texts.

Usage: python docs/measurements/local_models.py hf:DIR_OR_ID

The texts are twenty paragraphs of this documentation, each after the same question, cut at 600 characters.
Printed are seconds of CPU time, tokens a second of it, the largest memory of the process, and the largest
difference between the scores of one text alone and in its batch. With OMP_NUM_THREADS=1 the seconds are those
of an idle machine, also on a busy one, where several threads would wait for one another. Leaves out other
devices.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

from auditor.sources.local import opened
from detectors.scores import NEUTRAL, TextId

PROMPTS = (
    "What is the capital of France?",
    "Write two sentences about rain.",
    "Why is the sky blue? Answer in one sentence.",
    "List three fruits.",
)
MAX_TOKENS = 64


def paragraphs() -> list[str]:
    """Twenty paragraphs of the documentation."""
    files = sorted(Path(__file__).parents[1].glob("*.md"))
    parts = [part for file in files for part in file.read_text(encoding="utf-8").split("\n\n")]
    return [part[:600] for part in parts if len(part) > 200][:20]


def peak() -> float:
    """Largest memory of this process so far, in MiB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def pace(n: int, seconds: float) -> str:
    """Tokens, time and memory in words."""
    return f"{n} tokens in {seconds:.1f} s of CPU, {n / seconds:.1f} tokens/s, peak {peak():.0f} MiB"


def main() -> None:
    """Print a line for each."""
    started = time.process_time()
    model = opened(sys.argv[1])
    seconds = time.process_time() - started
    stored = model.checkpoint.stored
    print(f"{model.checkpoint.name}: {stored.n_numbers / 1e6:.1f} M weights ({stored.dtype}), {model.dtype}")
    print(f"on {model.device}; opened in {seconds:.1f} s of CPU, peak {peak():.0f} MiB")

    started = time.process_time()
    answers = [answer for (answer,) in model.answers(PROMPTS, MAX_TOKENS, temperature=0.7, seed=1)]
    seconds, n = time.process_time() - started, sum(len(answer.tokens) for answer in answers)
    print(f"{len(answers)} answers: {pace(n, seconds)}")
    for answer in answers:
        print(f"  {answer.finish}: {answer.text[:90]!r}")

    texts = paragraphs()
    ids = [TextId(NEUTRAL, str(i)) for i in range(len(texts))]
    prompts = ["Explain the method."] * len(texts)
    started = time.process_time()
    scores = model.scores(prompts, texts, ids)
    seconds, n = time.process_time() - started, len(scores.ends)
    print(f"{len(texts)} texts: {pace(n, seconds)}; mean {scores.logprobs.mean():.3f} nats a token")
    alone = model.scores(prompts[:1], texts[:1], ids[:1]).logprobs
    print(f"alone and in a batch differ by at most {np.abs(alone - scores.logprobs[: len(alone)]).max():.1e}")


if __name__ == "__main__":
    main()
