"""`audit compare` and `audit collect` on a real engine, `transformers serve`, with a tiny model made here.

The model's weights are random, so that its answers say nothing; what is tested is that the two understand
each other, and that what the engine ignores without a word is found out.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.auditor.cli.conftest import answers

for needed in ("torch", "transformers", "fastapi", "uvicorn"):
    pytest.importorskip(needed)

SERVE = "from transformers.cli.transformers import main; main()"
PROMPTS = ["Say something about the moon.", "And the sea?", "Why?"]
TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def tiny_model(folder: Path) -> None:
    """A Llama of 32 dimensions and two layers over single bytes, with a chat template."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    signs = ["<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({sign: i for i, sign in enumerate(signs)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    marks = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks)
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(signs),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """The MODEL string of the tiny model behind `transformers serve`."""
    folder = tmp_path_factory.mktemp("engine")
    tiny_model(folder / "tiny")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "home")}
    command = [sys.executable, "-c", SERVE, "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command, "--device", "cpu"], env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process, folder / "log")
            yield f"openai:{folder / 'tiny'}@http://127.0.0.1:{port}/v1"
        finally:
            process.kill()
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text())


def test_it_answers_and_what_it_ignores_is_found_out(audit, server, engine):
    rows = [json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS]
    Path("p.jsonl").write_text("".join(rows))
    ask = ("collect", engine, "--probes", "p.jsonl", "-o", "a.jsonl", "--max-tokens", "12")
    result = audit(*ask)
    assert result.exit_code == 0, result.stderr
    found = answers()
    assert sorted(row["prompt"] for row in found) == sorted(PROMPTS)
    assert all(row["output"] and row["tokens"]["completion"] > 0 for row in found)
    assert "the server ignores 'logprobs'" in found[0]["missing"]["logprobs"]
    assert audit(*ask).exit_code == 0
    assert len(answers()) == len(PROMPTS)
    result = audit(*ask[:-3], "b.jsonl", "--logprobs", "3")
    assert result.exit_code == 3
    assert "gives no usable log probabilities" in result.stderr


def test_it_is_judged(audit, server, engine):
    rows = [{"model": "t", "prompt": prompt, "output": f"I would say: {prompt}"} for prompt in PROMPTS]
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("p.jsonl").write_text("".join(json.dumps({"prompt": p}) + "\n" for p in PROMPTS[:1]))
    before = ("--max-tokens", "12", "--evidence", "audit.duckdb")
    result = audit("collect", engine, "--probes", "p.jsonl", *before)
    assert result.exit_code == 0, result.stderr
    judge = ("compare", "--student", engine, "--teacher", "t.jsonl", "--detector", "wording")
    result = audit(*judge, "-f", "json")
    assert result.exit_code == 0, result.stderr
    assert [v["level"] for v in json.loads(result.stdout)["verdicts"]] == ["insufficient"]
    assert len(answers("audit.answers.jsonl")) == len(PROMPTS)
