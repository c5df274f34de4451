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
from tests.tiny_model import CHAT, PROMPTS, TEXTS, save_tokenizer, to_gguf

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
