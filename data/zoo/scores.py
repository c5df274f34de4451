"""Log-probabilities that every model of a zoo gives to the same texts, in one file a set of texts.

`answers.npz`: the teachers' answers to the probes, and held-out neutral text. `logs.npz`: the first answers
of both logs of every teacher, for membership. Fields are those of `detectors.scores.Scores`: `text_of, probe,
sample` (n_texts,), `starts` (n_texts + 1,) and `ends` (n_tokens,) int64, shared by all `scorer` (n_models,),
and `logprobs` (n_models, n_tokens) float32, natural log. Leaves out top-k and full distributions: the
checkpoints are there.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

import numpy as np
from checkpoints import load
from llama import logprobs
from texts import LONGEST, Document, Library, encoded

NEUTRAL = "neutral"
OF_EACH_LOG = 48  # what a student of 5 % of 960 documents has seen


def write_scores(
    out: Path, models: list[str], library: Library, answers: dict[tuple[str, str], list[Document]]
) -> None:
    """Score both sets of texts by all models."""
    probes = [
        (teacher, document)
        for (teacher, kind), found in answers.items()
        if kind == "probe"
        for document in found
    ]
    probes += [(NEUTRAL, document) for document in library.neutral]
    logs = [
        (t, document)
        for (t, kind), found in answers.items()
        if kind != "probe"
        for document in found[:OF_EACH_LOG]
    ]
    for name, texts in (("answers", probes), ("logs", logs)):
        _write(out / f"{name}.npz", out / "models", models, library, texts)
        lines = (
            json.dumps({"text_of": t, "probe": probe_id(p), "prompt": p, "answer": a}) for t, (p, a) in texts
        )
        (out / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write(
    path: Path, folder: Path, models: list[str], library: Library, texts: list[tuple[str, Document]]
) -> None:
    started = time.perf_counter()
    lessons = encoded(library, [document for _, document in texts])
    starts, ends = spans(library, [document for _, document in texts])
    scored = [logprobs(load(folder / model), lessons).numpy().astype(np.float32) for model in models]
    np.savez(
        path,
        scorer=np.array(models),
        text_of=np.array([who for who, _ in texts]),
        probe=np.array([probe_id(prompt) for _, (prompt, _) in texts]),
        sample=np.zeros(len(texts), dtype=np.int64),
        starts=starts,
        ends=ends,
        logprobs=np.stack(scored),
    )
    print(
        f"{path.name}: {len(texts)} texts, {len(ends)} tokens, {time.perf_counter() - started:.0f} s",
        file=sys.stderr,
    )


def spans(library: Library, found: list[Document]) -> tuple[np.ndarray, np.ndarray]:
    """Where each text's tokens start, (n + 1,) int64, and the byte at which each ends, (n_tokens,) int64."""
    starts, ends = [0], []
    for prompt, answer in found:
        encoding = library.tokenizer.encode(answer, add_special_tokens=False)
        room = LONGEST - len(library.tokenizer.encode(prompt).ids)
        ends += [stop for _, stop in encoding.offsets[:room]]
        starts.append(len(ends))
    return np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)


def probe_id(prompt: str) -> str:
    """As `auditor.panel.probes.probe_id` of a normalised prompt (white space is single here)."""
    return hashlib.sha256(prompt.encode("utf-8")).hexdigest()[:16]
