"""A local model against a loop in float64, one text at a time: scores, answers, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import AuditError
from tests.tiny_model import CHAT, PROMPTS, TEXTS, save, save_tokenizer

torch = pytest.importorskip("torch", reason="needs: pip install 'distill-audit[models]'")
pytest.importorskip("transformers", reason="needs: pip install 'distill-audit[models]'")

from auditor.sources import batches, room  # noqa: E402
from auditor.sources.local import LocalModel, opened  # noqa: E402
from detectors.scores import TextId  # noqa: E402

IDS = [TextId("a", str(i)) for i in range(len(TEXTS))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def model(folder) -> LocalModel:
    return opened(f"hf:{folder}")


@pytest.fixture(scope="module")
def exact(folder):
    """The same weights in float64."""
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()


@pytest.fixture
def copy(folder, tmp_path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def naive(exact, prompt: list[int], text: list[int]) -> list[float]:
    """Log-probability of each token of a text, from one pass for each; NaN for one that nothing precedes."""
    found = []
    for i, token in enumerate(text):
        before = prompt + text[:i]
        if not before:
            found.append(float("nan"))
            continue
        with torch.no_grad():
            logits = exact(torch.tensor([before])).logits[0, -1]
        found.append(float(logits.log_softmax(-1)[token]))
    return found


def prompt_by_hand(model, prompt):
    """The chat template of the test, spelled out."""
    text = f"<s>user: {prompt}</s>\n<s>assistant 01 Jan 2025:\n" if prompt else ""
    return model.tokenizer(text, add_special_tokens=False)["input_ids"]


def test_scores_are_those_of_the_loop(model, exact):
    scores = model.scores(PROMPTS, TEXTS, IDS)
    assert scores.scorer == "tiny"
    assert scores.texts == tuple(IDS)
    wanted = [
        naive(exact, prompt_by_hand(model, p), model.ids(t)) for p, t in zip(PROMPTS, TEXTS, strict=True)
    ]
    assert [len(w) for w in wanted] == np.diff(scores.starts).tolist()
    np.testing.assert_allclose(scores.logprobs, np.concatenate(wanted), atol=2e-5)
    assert np.isnan(scores.logprobs).sum() == 1  # the first token of the text without a prompt
    assert scores.logprobs.dtype == np.float32
    # The model is no uniform one: tokens differ by nats.
    assert np.nanstd(scores.logprobs) > 0.5


def test_ends_are_bytes_and_special_tokens_in_a_text_are_text(model):
    scores = model.scores(PROMPTS, TEXTS, IDS)
    for i, text in enumerate(TEXTS):
        ends = scores.ends[scores.starts[i] : scores.starts[i + 1]]
        assert ends[-1] == len(text.encode())
        assert (np.diff(ends) > 0).all()  # a byte-level token is never empty
    assert not {0, 1} & set(model.ids("</s> and <s>"))


def test_batches_change_nothing(model, monkeypatch):
    together = model.scores(PROMPTS, TEXTS, IDS)
    monkeypatch.setitem(batches.TOKENS, "cpu", 1)
    alone = model.scores(PROMPTS, TEXTS, IDS)
    np.testing.assert_array_equal(together.ends, alone.ends)
    np.testing.assert_allclose(together.logprobs, alone.logprobs, atol=1e-5)
    monkeypatch.setitem(batches.TOKENS, "cpu", 60)
    order = [3, 1, 5, 0, 4, 2]
    shuffled = model.scores([PROMPTS[i] for i in order], [TEXTS[i] for i in order], [IDS[i] for i in order])
    for place, i in enumerate(order):
        mine = shuffled.logprobs[shuffled.starts[place] : shuffled.starts[place + 1]]
        theirs = together.logprobs[together.starts[i] : together.starts[i + 1]]
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_running_out_of_memory_splits_the_batch(model, monkeypatch):
    wanted = model.scores(PROMPTS, TEXTS, IDS).logprobs
    forward, sizes = type(model.model).forward, []

    def limited(self, input_ids, **rest):
        sizes.append(len(input_ids))
        if len(input_ids) > 2:
            raise torch.OutOfMemoryError("no room")
        return forward(self, input_ids, **rest)

    monkeypatch.setattr(type(model.model), "forward", limited)
    np.testing.assert_allclose(model.scores(PROMPTS, TEXTS, IDS).logprobs, wanted, atol=1e-5)
    assert max(sizes) > 2


def test_texts_too_long_for_the_context(tmp_path):
    small = opened(str(save(tmp_path / "small", context=64)))
    long = "the cat sat on the mat " * 20
    scores = small.scores(["why?", long, "why?", "why?"], [long, "x", "x", ""], IDS[:4])
    assert scores.texts == (IDS[0], IDS[2])
    before = len(small.prompt_ids("why?"))
    assert scores.starts.tolist() == [0, 64 - before, 64 - before + 1]
    assert 0 < scores.ends[64 - before - 1] < len(long)


def test_greedy_answers_are_those_of_the_loop_whatever_the_padding(model, exact):
    asked = [p for p in PROMPTS if p]
    found = model.answers(asked, max_tokens=12, logprobs=True)
    for prompt, (answer,) in zip(asked, found, strict=True):
        tokens, wanted = prompt_by_hand(model, prompt), []
        for _ in range(12):
            with torch.no_grad():
                wanted.append(int(exact(torch.tensor([tokens + wanted])).logits[0, -1].argmax()))
            if wanted[-1] == 1:
                break
        assert list(answer.tokens) == wanted
        assert answer.finish == ("stop" if wanted[-1] == 1 else "length")
        assert answer.text == model.tokenizer.decode(wanted, skip_special_tokens=True)
        np.testing.assert_allclose(answer.logprobs, naive(exact, tokens, wanted), atol=2e-5)


def test_sampled_answers_depend_on_the_seed_and_not_on_the_batch(model, monkeypatch):
    asked = [p for p in PROMPTS if p]
    found = model.answers(asked, max_tokens=10, temperature=1.0, seed=3, samples=2)
    assert all(len(of_prompt) == 2 for of_prompt in found)
    assert found[0][0].tokens != found[0][1].tokens
    assert model.answers(asked, max_tokens=10, temperature=1.0, seed=4, samples=2) != found
    assert model.answers(asked[2:3], max_tokens=10, temperature=1.0, seed=3)[0][0] == found[2][0]
    monkeypatch.setitem(batches.TOKENS, "cpu", 1)
    assert model.answers(asked, max_tokens=10, temperature=1.0, seed=3, samples=2) == found


def test_samples_follow_the_distribution(model, exact):
    n, temperature = 2000, 0.7
    (found,) = model.answers(["why?"], max_tokens=1, temperature=temperature, samples=n)
    counts = np.bincount([answer.tokens[0] for answer in found], minlength=330)
    with torch.no_grad():
        logits = exact(torch.tensor([prompt_by_hand(model, "why?")])).logits[0, -1]
    expected = n * (logits / temperature).softmax(-1).numpy()
    error = (counts - expected) / np.sqrt(expected * (1 - expected / n))
    assert np.abs(error[expected > 5]).max() < 4.5
    assert abs(counts[expected <= 5].sum() - expected[expected <= 5].sum()) < 4.5 * np.sqrt(
        expected[expected <= 5].sum()
    )
    assert (expected > 5).sum() > 20


def test_the_model_s_own_penalties_are_not_applied(model, copy):
    settings = copy / "generation_config.json"
    own = json.loads(settings.read_text())
    settings.write_text(json.dumps({**own, "repetition_penalty": 9.0, "top_k": 1, "do_sample": True}))
    other = opened(str(copy))
    ask = {"max_tokens": 12, "temperature": 1.5, "seed": 5}
    assert other.answers(["why?"], **ask) == model.answers(["why?"], **ask)


def test_what_is_recorded(model, folder):
    import hashlib

    about = model.about()
    assert about["template"] == {
        "kind": "chat",
        "sha256": hashlib.sha256(CHAT.encode()).hexdigest(),
        "date": "2025-01-01",
    }
    assert (about["device"], about["dtype"], about["revision"]) == (model.device, "float32", "")
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    assert about["files"]["model.safetensors"] == weights
    assert json.loads(json.dumps(about)) == about


def test_without_a_template(folder, model, exact, tmp_path):
    base = opened(str(folder), base=True)
    assert base.about()["template"] == {"kind": "plain", "joint": "\n\n"}
    assert base.prompt_ids("why?") == base.ids("why?\n\n")
    scores = base.scores(["why?"], TEXTS[:1], IDS[:1])
    np.testing.assert_allclose(
        scores.logprobs, naive(exact, base.ids("why?\n\n"), base.ids(TEXTS[0])), atol=2e-5
    )
    none = opened(str(save(tmp_path / "none", chat=False)))
    assert none.template.kind == "plain"


def test_a_template_that_wants_something_else(copy):
    (copy / "chat_template.jinja").write_text("{{ raise_exception('a system message, please') }}")
    with pytest.raises(AuditError, match=r"a system message, please.*--base"):
        opened(str(copy)).prompt_ids("why?")


def test_a_cached_id_with_its_commit(folder, tmp_path, monkeypatch):
    import huggingface_hub

    commit = "c" * 40
    snapshot = Path(shutil.copytree(folder, tmp_path / "snapshots" / commit))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(snapshot))
    monkeypatch.chdir(tmp_path)
    found = opened("hf:org/name")
    assert (found.checkpoint.name, found.about()["revision"]) == ("org/name", commit)


def test_nothing_is_fetched(folder, tmp_path, monkeypatch):
    import socket

    asked = []

    def connect(self, address):
        asked.append(address)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: connect(None, where))
    monkeypatch.chdir(tmp_path)
    opened(f"hf:{folder}").answers(["why?"], max_tokens=1)
    with pytest.raises(
        AuditError, match=r"Nothing is downloaded here.*hf download org/nothing --revision v1"
    ):
        opened("hf:org/nothing@v1")
    assert asked == []


def test_another_model_s_tokenizer(copy):
    save_tokenizer(copy, vocabulary=340)
    with pytest.raises(
        AuditError,
        match=r"tokenizer does not belong to the model.*up to number 339, the model embeds only 330",
    ):
        opened(str(copy))


def test_a_tokenizer_of_far_fewer_tokens(copy):
    save_tokenizer(copy, vocabulary=270)
    assert "knows 270 tokens, the model 330" in opened(str(copy)).notes[0]


def test_weights_that_are_not_there(copy):
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(
        AuditError, match=r"1 weights of the model are not in its files.*layers\.1\.mlp\.up_proj"
    ):
        opened(str(copy))


def test_weights_of_another_shape(copy):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "intermediate_size": 32}))
    with pytest.raises(AuditError, match="cannot load the model"):
        opened(str(copy))


def test_an_unknown_architecture(copy):
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "model_type": "never-heard-of"}))
    with pytest.raises(AuditError, match="cannot load"):
        opened(str(copy))


def test_a_damaged_tokenizer(copy):
    (copy / "tokenizer.json").write_text("{}")
    with pytest.raises(AuditError, match="cannot load the tokenizer"):
        opened(str(copy))


def test_weights_that_are_no_numbers(copy):
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    weights["model.norm.weight"][3] = torch.nan
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    broken = opened(str(copy))
    with pytest.raises(AuditError, match=r"logits that are no numbers.*float32"):
        broken.scores(PROMPTS, TEXTS, IDS)
    with pytest.raises(AuditError, match="logits that are no numbers"):
        broken.answers(["why?"], max_tokens=2)


def to_gguf(folder: Path, file: Path) -> None:
    """The same model as llama.cpp keeps it: other names, rotary rows in another order, tokenizer inside."""
    import gguf
    from safetensors.numpy import load_file

    names = {
        "model.embed_tokens": "token_embd",
        "model.norm": "output_norm",
        "lm_head": "output",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        **{f"self_attn.{x}_proj": f"attn_{y}" for x, y in (*zip("qkv", "qkv", strict=True), ("o", "output"))},
        **{f"mlp.{x}_proj": f"ffn_{x}" for x in ("up", "gate", "down")},
    }
    spelled = json.loads((folder / "tokenizer.json").read_text())["model"]
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_block_count(2)
    writer.add_context_length(256)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(8)
    writer.add_vocab_size(330)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(sorted(spelled["vocab"], key=spelled["vocab"].__getitem__))
    writer.add_token_types([3, 3] + [1] * 328)  # the first two steer
    writer.add_token_merges([" ".join(pair) for pair in spelled["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template(CHAT)
    for name, values in load_file(folder / "model.safetensors").items():
        stem = name.removesuffix(".weight")
        if stem.startswith("model.layers."):
            _, _, layer, part = stem.split(".", 3)
            stem = f"blk.{layer}.{names[part]}"
            heads = {"self_attn.q_proj": 4, "self_attn.k_proj": 2}.get(part)
            if heads:
                values = values.reshape(heads, 2, 4, 32).swapaxes(1, 2).reshape(-1, 32)
        else:
            stem = names[stem]
        writer.add_tensor(f"{stem}.weight", np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_gguf_gives_what_safetensors_give(model, folder, tmp_path):
    to_gguf(folder, tmp_path / "tiny.gguf")
    packed = opened(f"hf:{tmp_path / 'tiny.gguf'}")
    assert packed.checkpoint.stored == model.checkpoint.stored
    assert packed.about()["template"] == model.about()["template"]
    assert set(packed.hashes) == {"tiny.gguf"}
    ours, theirs = packed.scores(PROMPTS, TEXTS, IDS), model.scores(PROMPTS, TEXTS, IDS)
    np.testing.assert_array_equal(ours.ends, theirs.ends)
    np.testing.assert_allclose(ours.logprobs, theirs.logprobs, atol=2e-5)
    assert packed.answers(["why?"], max_tokens=8) == model.answers(["why?"], max_tokens=8)


def test_a_gguf_that_was_cut_off(folder, tmp_path):
    to_gguf(folder, tmp_path / "tiny.gguf")
    whole = (tmp_path / "tiny.gguf").read_bytes()
    for n in (len(whole) // 8, len(whole) // 2, len(whole) - 400):
        (tmp_path / "tiny.gguf").write_bytes(whole[:n])
        with pytest.raises(AuditError, match="GGUF"):
            opened(str(tmp_path / "tiny.gguf"))


def test_too_large_for_memory(folder, monkeypatch):
    monkeypatch.setattr(room, "free", lambda device, torch: 1 << 20)
    with pytest.raises(AuditError, match=r"need about 0\.5 GiB.*0\.0 GiB are free"):
        opened(str(folder))


def test_questions_that_cannot_be_asked(model):
    with pytest.raises(AuditError, match="empty prompt"):
        model.answers([""])
    with pytest.raises(AuditError, match="more than the 256 tokens"):
        model.answers(["why?"], max_tokens=400)


RUN = """
import sys
from auditor.sources import batches
batches.TOKENS["cpu"] = 1
from auditor.cli import main
main(sys.argv[1:], prog_name="audit")
"""


def test_killed_for_real_it_goes_on(folder, tmp_path):
    """`audit score` from the command line: kill -9 in the middle, run again, and all is there once."""
    from auditor import scored

    rows = [{"model": "a", "prompt": f"why {i}?", "output": f"the cat sat {i} times"} for i in range(300)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-c", RUN, "score", f"hf:{folder}", "--panel", "p.jsonl", "--texts-of", "a"]
    command += ["-o", "s.parquet", "--name", "tiny"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE)
    parts = tmp_path / "s.parquet.parts"
    deadline = time.monotonic() + 120
    while not list(parts.glob("*3.parquet")) and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL, first.stderr.read()
    assert not (tmp_path / "s.parquet").exists()
    n = len(list(parts.glob("[0-9]*.parquet")))
    assert 3 <= n < 300
    again = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert f"300 texts scored by tiny: s.parquet ({300 - n} new)" in again.stderr
    file = scored.read(tmp_path / "s.parquet")
    assert len(file.scores.texts) == 300
    assert not parts.exists()
    assert file.about["model"]["template"]["kind"] == "chat"
