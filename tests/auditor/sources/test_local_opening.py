"""What is recorded of a local model, GGUF against safetensors, and which models cannot be opened."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import AuditError
from auditor.sources import room
from auditor.sources.local import opened
from detectors.scores import TextId
from tests.tiny_model import CHAT, PROMPTS, TEXTS, save_tokenizer

torch = pytest.importorskip("torch", reason="needs: pip install 'distill-audit[models]'")
pytest.importorskip("transformers", reason="needs: pip install 'distill-audit[models]'")

IDS = [TextId("a", str(i)) for i in range(len(TEXTS))]


def test_what_is_recorded(model, folder):
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
