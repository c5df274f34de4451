"""A local model that is asked: batches, seeds, what does not fit, what is refused, and what it is called."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import AuditError
from auditor.sources.live import Manners, responder_for, target_of
from auditor.sources.names import called
from auditor.sources.responder import Decoding, Question
from auditor.sources.unanswered import UnansweredError
from tests.tiny_model import save_shell

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "OMP_NUM_THREADS": "1"}
PROMPTS = ["why?", "the dog", "tell me about rain in a good many words, please", "the sky"]


@pytest.fixture
def responder(folder):
    pytest.importorskip("torch")
    with responder_for(target_of(f"hf:{folder}"), Manners(), pytest.fail) as opened:
        yield opened


def answered(responder, decoding, questions):
    kept = []
    failures = responder.answer(questions, decoding, kept.append)
    assert all(kept), "a batch holds something"
    return {(q.probe, q.sample): a for batch in kept for q, a in batch}, failures


def asked(samples=1, seed=None):
    return [
        Question(str(i), p, k, None if seed is None else seed + k)
        for k in range(samples)
        for i, p in enumerate(PROMPTS)
    ]


def texts(found):
    return {key: answer.choice.text for key, answer in found.items()}


def test_answers_are_those_of_the_model_whatever_they_are_asked_with(responder, model):
    found, failures = answered(responder, Decoding(max_tokens=12), asked())
    alone = [model.answers([p], max_tokens=12)[0][0].text for p in PROMPTS]
    assert [found[str(i), 0].choice.text for i in range(len(PROMPTS))] == alone and not failures
    assert found["0", 0].choice.finish in ("stop", "length") and found["0", 0].choice.logprobs is None
    assert all(0 < a.tokens["completion"] <= 12 for a in found.values())


def test_samples_differ_and_seeds_repeat_them(responder):
    warm = Decoding(temperature=1.0, max_tokens=12)
    first, _ = answered(responder, warm, asked(samples=2))
    assert texts(first) == texts(answered(responder, warm, asked(samples=2))[0])
    assert first["0", 0].choice.text != first["0", 1].choice.text
    seeded, _ = answered(responder, warm, asked(samples=2, seed=5))
    assert texts(seeded) != texts(first)
    # Sample 1 of seed 5 is sample 0 of seed 6, as an endpoint that heeds seeds has it.
    later, _ = answered(responder, warm, asked(seed=6))
    assert {p: t for (p, k), t in texts(seeded).items() if k == 1} == {
        p: t for (p, _), t in texts(later).items()
    }


def test_log_probabilities_of_the_tokens_that_came(responder, model):
    found, _ = answered(responder, Decoding(max_tokens=8, logprobs=0), asked()[:1])
    choice = found["0", 0].choice
    assert choice.faults(True) == [] and len(choice.logprobs.values) == found["0", 0].tokens["completion"]
    expected = model.answers(PROMPTS[:1], max_tokens=8, logprobs=True)[0][0].logprobs
    assert choice.logprobs.values == pytest.approx(expected, abs=1e-5)
    assert responder.abilities(Decoding(logprobs=0)).top_logprobs == 0


def test_what_does_not_fit_is_given_up_and_the_rest_answered(responder):
    long = Question("long", "the cat " * 200, 0, None)
    found, failures = answered(responder, Decoding(max_tokens=12), [long, *asked()])
    assert len(found) == len(PROMPTS) and ("long", 0) not in found
    assert failures.total() == 1 and "tokens that tiny can see" in next(iter(failures))


def test_system_messages_are_refused(responder):
    with pytest.raises(UnansweredError, match="--system"):
        responder.abilities(Decoding(system="be brief"))


def test_every_answer_carries_what_made_it(responder):
    about = responder.about()["local"]
    assert len(about["files"]["model.safetensors"]) == 64 and about["template"]["kind"] == "chat"


def test_a_model_is_what_its_files_are(tmp_path):
    shell = save_shell(tmp_path / "shell")
    one = target_of(f"hf:{shell}")
    moved = target_of(f"hf:{shutil.copytree(shell, tmp_path / 'moved')}#shell")
    assert (one.name, one.trials) == ("shell", 0) and one.at.startswith("hf:sha256:")
    assert (moved.name, moved.at) == (one.name, one.at), "the same files elsewhere are the same model"
    config = shell / "config.json"
    config.write_text(config.read_text().replace("330", "331"))
    assert target_of(f"hf:{shell}").at != one.at
    assert replace(one, text="x").at != one.at, "hashed when it is asked for"


def test_what_models_on_this_disk_are_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a#b").mkdir()
    snapshot = tmp_path / "models--org--name" / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    names = {"hf:a#b": "a#b", "hf:a#b#c": "c", f"hf:{snapshot}": "org/name", "hf:org/name@main": "org/name"}
    assert {text: called(text) for text in names} == names
    with pytest.raises(AuditError, match="names nothing"):
        target_of("hf:")


def test_a_killed_run_goes_on_from_what_it_kept(folder, tmp_path):
    pytest.importorskip("torch")
    many = [{"prompt": f"{PROMPTS[i % 4]} {i}"} for i in range(60)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(p) + "\n" for p in many), "utf-8")
    # Small batches, so that it is killed between two of them.
    code = (
        "from auditor.sources import generating; generating.TOKENS = {'cpu': 30}; "
        "from auditor.cli import main; main()"
    )
    command = ["collect", f"hf:{folder}", "--probes", "p.jsonl", "-o", "a.jsonl", "--max-tokens", "16"]
    kept = tmp_path / "a.jsonl"
    with subprocess.Popen([sys.executable, "-c", code, *command], cwd=tmp_path, env=ENVIRONMENT) as process:
        while process.poll() is None and not (kept.exists() and kept.read_bytes().count(b"\n") > 4):
            time.sleep(0.02)
        process.kill()
    before = [line for line in kept.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    assert 4 < len(before) < len(many), "killed in the middle"
    subprocess.run([sys.executable, "-c", code, *command], cwd=tmp_path, env=ENVIRONMENT, check=True)
    after = kept.read_bytes().splitlines(keepends=True)
    assert after[: len(before)] == before and len(after) == len(many)
    assert len({json.loads(line)["prompt"] for line in after}) == len(many)
