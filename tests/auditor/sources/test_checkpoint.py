"""Which models are opened, and which are refused and why; nothing here needs torch."""

from __future__ import annotations

import hashlib
import json
import struct

import pytest

from auditor.errors import AuditError
from auditor.sources.checkpoint import find
from auditor.sources.weight_files import Stored
from tests.tiny_model import CONFIG, save_shell


@pytest.fixture
def shell(tmp_path):
    return save_shell(tmp_path / "shell")


def refused(text, *words):
    with pytest.raises(AuditError) as caught:
        find(str(text))
    for word in words:
        assert word in str(caught.value)


def config(folder, **more):
    (folder / "config.json").write_text(json.dumps({**CONFIG, **more}))


def test_a_folder_is_found_with_its_hashes(shell):
    found = find(f"hf:{shell}")
    assert (found.name, found.gguf, found.revision) == ("shell", "", "")
    assert found.stored == Stored(400 * 32, "F32")
    weights = (shell / "model.safetensors").read_bytes()
    assert found.hashes()["model.safetensors"] == hashlib.sha256(weights).hexdigest()
    assert set(found.hashes()) == {"model.safetensors", "config.json", "tokenizer.json"}


def test_the_name_of_a_folder_given_as_a_dot(shell, monkeypatch):
    monkeypatch.chdir(shell)
    assert find("hf:.").name == "shell"


def test_shards_are_all_needed(shell):
    (shell / "model.safetensors").rename(shell / "model-00001-of-00002.safetensors")
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (shell / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    refused(shell, "1 of 2", "model-00002-of-00002")
    (shell / names["b"]).write_bytes((shell / names["a"]).read_bytes())
    assert find(str(shell)).stored.n_numbers == 2 * 400 * 32


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "consolidated.00.pth", "weights.pkl"])
def test_pickle_is_refused(shell, name):
    (shell / "model.safetensors").unlink()
    (shell / name).write_bytes(b"\x80\x04.")
    refused(shell, "pickled", name, "any program", "safetensors")
    refused(shell / name, "pickled", "any program")


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "processor_config.json"])
def test_remote_code_is_refused(shell, file):
    old = json.loads((shell / file).read_text()) if (shell / file).exists() else {}
    (shell / file).write_text(json.dumps({**old, "inner": [{"auto_map": {"AutoModel": "modeling.Model"}}]}))
    refused(shell, "auto_map", file, "refused")


def test_kernels_by_name_are_refused(shell):
    config(shell, attn_implementation="somebody/kernel")
    refused(shell, "attn_implementation", "somebody/kernel")
    config(shell, attn_implementation="sdpa")
    assert find(str(shell))


def test_custom_generation_code_is_refused(shell):
    (shell / "custom_generate").mkdir()
    refused(shell, "custom_generate")


def test_adapters_quantised_weights_and_odd_names_are_refused(shell):
    config(shell, quantization_config={"quant_method": "bitsandbytes"})
    refused(shell, "quantization_config", "GGUF")
    config(shell, transformers_weights="adapter_model.bin")
    refused(shell, "adapter_model.bin")
    config(shell)
    (shell / "adapter_config.json").write_text("{}")
    refused(shell, "adapter", "merge_and_unload")


def test_no_tokenizer(shell):
    (shell / "tokenizer.json").unlink()
    refused(shell, "no tokenizer", "tokenizer.json")


def test_no_config(shell):
    (shell / "config.json").unlink()
    refused(shell, "config.json")


def test_config_that_is_no_json(shell):
    (shell / "config.json").write_text("{")
    refused(shell, "not readable as JSON")
    (shell / "config.json").write_text("[]")
    refused(shell, "JSON object", "list")


def test_truncated_weights(shell):
    whole = (shell / "model.safetensors").read_bytes()
    (shell / "model.safetensors").write_bytes(whole[:-1])
    refused(shell, "cut off", "model.embed_tokens.weight")
    (shell / "model.safetensors").write_bytes(whole[:40])
    refused(shell, "cut off or not safetensors")
    (shell / "model.safetensors").write_bytes(b"")
    refused(shell, "cut off or not safetensors")


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{",
        b'{"a": 1}',
        b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}',
    ],
)
def test_headers_of_strangers(shell, header):
    (shell / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    refused(shell, "the header is damaged")


def test_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused("hf:", "names nothing")
    refused("hf:./no/such/folder", "no such file or folder", "hf:FOLDER")
    (tmp_path / "empty").mkdir()
    refused("hf:empty", "config.json")
    (tmp_path / "notes.txt").write_text("x")
    refused("hf:notes.txt", "not a checkpoint")


def test_an_id_that_the_cache_lacks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused("hf:nobody/nothing-of-this-name", "no such folder")


def test_weights_alone(shell):
    refused(shell / "model.safetensors", "Give the folder")


def test_code_beside_gguf_is_refused(tmp_path):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    (tmp_path / "adapter_config.json").write_text("{}")
    refused(tmp_path, "adapter")
    refused(tmp_path / "m.gguf", "adapter")


def test_gguf_must_be_one_whole_file(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"oops")
    refused(tmp_path, "not a GGUF file", "oops")
    (tmp_path / "b.gguf").write_bytes(b"GGUF")
    refused(tmp_path, "2 GGUF files", "a.gguf")
    (tmp_path / "m-00001-of-00002.gguf").write_bytes(b"GGUF")
    refused(tmp_path / "m-00001-of-00002.gguf", "split GGUF")
