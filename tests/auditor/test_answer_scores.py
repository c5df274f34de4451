"""Log-probabilities that came with answers, as scores of those answers and of others' beginnings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.answer_scores import recorded
from auditor.panel import assemble
from auditor.readers import ReadOptions, read
from detectors.scores import TextId

PROMPT = "why?"


def line(model: str, tokens: list[str], values: list[float], top=(), **more) -> dict:
    text = "".join(tokens)
    logprobs = {"tokens": tokens, "values": values, "top": top or [[] for _ in tokens]}
    return {
        **{"collected": 1, "model": model, "prompt_id": "p", "prompt": PROMPT, "sample": 0, "output": text},
        **{"probe": "", "at": "http://x", "decoding": {"system": None}, "logprobs": logprobs},
        **more,
    }


@pytest.fixture
def scored(tmp_path):
    """Scores by model of a file with these lines, and what was left out."""

    def run(*lines: dict, whose=("S", "T")):
        from auditor.panel import normalised, probe_id

        path = Path(tmp_path / "a.jsonl")
        probe = {"probe": probe_id(normalised(PROMPT))}
        path.write_text("".join(json.dumps(one | probe) + "\n" for one in lines), "utf-8")
        found, notes = recorded(assemble([read(path, ReadOptions())]), whose)
        return {s.scorer: s for s in found}, notes

    return run


def of(scores, model: str) -> dict[str, tuple[list[int], list[float]]]:
    return {
        t.text_of: (scores.ends[a:b].tolist(), [round(v, 3) for v in scores.logprobs[a:b].tolist()])
        for t, a, b in zip(scores.texts, scores.starts, scores.starts[1:], strict=False)
    }


def test_an_answer_is_scored_by_its_own_model_and_its_end_token_left_out(scored):
    found, notes = scored(line("S", ["an", " oak", "</s>"], [-1, -2, -3], output="an oak"))
    assert found["S"].texts[0] == TextId("S", found["S"].texts[0].probe, 0) and not notes
    assert of(found["S"], "S") == {"S": ([2, 6], [-1, -2])}


def test_others_beginnings_as_far_as_they_agree_and_one_likely_token_further(scored):
    top = [[["an", -1.5]], [[" ash", -0.5], [" oak", -1.25]]]
    found, _ = scored(
        line("S", ["an", " oak", " tree"], [-1, -2, -3]), line("T", ["an", " ash"], [-1.5, -0.5], top)
    )
    assert of(found["T"], "T") == {"T": ([2, 6], [-1.5, -0.5]), "S": ([2, 6], [-1.5, -1.25])}
    assert of(found["S"], "S")["T"] == ([2], [-1.0]), "S tells nothing of other tokens"


def test_references_answers_are_nobodys_texts(scored):
    found, _ = scored(line("S", ["an"], [-1]), line("R", ["an"], [-2]), whose=("S",))
    assert set(of(found["S"], "S")) == {"S"} and set(of(found["R"], "R")) == {"R", "S"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decoding": {"system": "be brief"}}, "a system message"),
        ({"output": "another text"}, "do not add up"),
    ],
)
def test_what_cannot_be_laid_beside_a_text_is_said(scored, changes, said):
    found, notes = scored(line("S", ["an"], [-1]), line("T", ["an"], [-1]) | changes)
    assert set(found) == {"S"} and said in notes[0] and "1 answers" in notes[0]


def test_log_probabilities_after_a_temperature_of_0_are_not_used(scored):
    found, notes = scored(line("S", ["an", " oak"], [0.0, 0.0]), line("T", ["an", " oak"], [0.0, -0.5]))
    assert set(found) == {"T"} and "S gave every token" in notes[0]
