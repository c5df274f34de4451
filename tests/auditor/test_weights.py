"""Reading checkpoints: every layout and kind of number, and a message for whatever is wrong."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from auditor.errors import AuditError
from auditor.tensors import found
from auditor.weights import FEWEST_TOKENS, opened, shared_tokens
from detectors.descent import Descent
from tests.checkpoints import write

WIDTH, UNITS, VOCABULARY = 16, 40, 600


def random(shape, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def llama(layers=2, seed=0, prefix="model."):
    tensors = {f"{prefix}embed_tokens.weight": random((VOCABULARY, WIDTH), seed)}
    for n in range(layers):
        at = f"{prefix}layers.{n}."
        tensors[at + "mlp.up_proj.weight"] = random((UNITS, WIDTH), seed + 10 * n + 1)
        tensors[at + "mlp.gate_proj.weight"] = random((UNITS, WIDTH), seed + 10 * n + 2)
        tensors[at + "mlp.down_proj.weight"] = random((WIDTH, UNITS), seed + 10 * n + 3)
        tensors[at + "post_attention_layernorm.weight"] = 1 + 0.1 * random((WIDTH,), seed + 10 * n + 4)
        tensors[at + "input_layernorm.weight"] = random((WIDTH,), seed + 5)
    return tensors


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "model.safetensors", llama())
    return tmp_path


def message(path):
    with pytest.raises(AuditError) as caught:
        opened(path).layers[0]
    text = str(caught.value)
    assert text.endswith(".") and len(text) < 500
    return text


# What is read


@pytest.mark.parametrize("whole", [True, False])
def test_layers_of_a_folder_and_of_a_file(folder, whole):
    checkpoint = opened(folder if whole else folder / "model.safetensors")
    assert (checkpoint.depth, len(checkpoint.layers), checkpoint.width) == (2, 2, WIDTH)
    wanted, layer = llama(), checkpoint.layers[1]
    gain = wanted["model.layers.1.post_attention_layernorm.weight"]
    np.testing.assert_array_equal(layer.up, wanted["model.layers.1.mlp.up_proj.weight"] * gain)
    np.testing.assert_array_equal(layer.gate, wanted["model.layers.1.mlp.gate_proj.weight"] * gain)
    assert layer.up.dtype == layer.gate.dtype == np.float32
    assert len(checkpoint.layers[:]) == 2 and len(list(checkpoint.layers)) == 2
    np.testing.assert_array_equal(checkpoint.layers[-1].up, layer.up)
    assert not checkpoint.centred


@pytest.mark.parametrize(("dtype", "error"), [("F64", 0), ("F32", 0), ("F16", 1e-3), ("BF16", 1e-2)])
def test_every_kind_of_number(tmp_path, dtype, error):
    write(tmp_path / "model.safetensors", llama(), dtype)
    tensor = found(tmp_path)["model.layers.0.mlp.up_proj.weight"]
    wanted = llama()["model.layers.0.mlp.up_proj.weight"]
    np.testing.assert_allclose(tensor.read(), wanted, rtol=error)
    np.testing.assert_allclose(tensor.read(slice(3, 5)), wanted[3:5], rtol=error)
    np.testing.assert_allclose(tensor.read(np.array([7, 1])), wanted[[7, 1]], rtol=error)


def test_agrees_with_the_safetensors_package(tmp_path):
    from safetensors.numpy import save_file

    save_file(llama(), tmp_path / "model.safetensors")
    for name, tensor in found(tmp_path).items():
        np.testing.assert_array_equal(tensor.read(), llama()[name])


def test_shards(tmp_path):
    tensors, half = llama(), len(llama()) // 2
    names = {name: f"model-{1 + (n >= half)}-of-2.safetensors" for n, name in enumerate(tensors)}
    for file in set(names.values()):
        write(tmp_path / file, {n: v for n, v in tensors.items() if names[n] == file})
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    for path in (tmp_path, tmp_path / "model.safetensors.index.json"):
        assert len(list(opened(path).layers)) == 2


def mlp(up, gate=None, norm=None, at="model.layers.{}.", units=UNITS, turned=False, bias=False):
    """Tensors of two layers under the names of some family."""
    tensors = {}
    for n in range(2):
        stem = at.format(n)
        weights = random((units, WIDTH), n)
        tensors[stem + up + ".weight"] = weights.T if turned else weights
        if gate:
            tensors[stem + gate + ".weight"] = random((units, WIDTH), n + 5)
        if norm:
            tensors[stem + norm + ".weight"] = np.full(WIDTH, 2.0, np.float32)
        if norm and bias:
            tensors[stem + norm + ".bias"] = np.zeros(WIDTH, np.float32)
    return tensors


FAMILIES = {
    "gemma": mlp("mlp.up_proj", "mlp.gate_proj", "pre_feedforward_layernorm"),
    "llama files": mlp("feed_forward.w3", "feed_forward.w1", "ffn_norm", "layers.{}."),
    "qwen 1": mlp("mlp.w1", "mlp.w2", "ln_2", "transformer.h.{}."),
    "t5": mlp(
        "layer.2.DenseReluDense.wi_1",
        "layer.2.DenseReluDense.wi_0",
        "layer.2.layer_norm",
        "decoder.block.{}.",
    ),
    "gpt-2": mlp("mlp.c_fc", None, "ln_2", "h.{}.", turned=True, bias=True),
    "starcoder": mlp("mlp.c_fc", None, "ln_2", "transformer.h.{}.", bias=True),
    "pythia": mlp("mlp.dense_h_to_4h", None, "post_attention_layernorm", "gpt_neox.layers.{}.", bias=True),
    "gpt-j": mlp("mlp.fc_in", None, "ln_1", "transformer.h.{}.", bias=True),
    "phi-2": mlp("mlp.fc1", None, "input_layernorm", bias=True),
    "opt": mlp("fc1", None, "final_layer_norm", "model.decoder.layers.{}.", bias=True),
    "bert": mlp(
        "intermediate.dense", None, "attention.output.LayerNorm", "bert.encoder.layer.{}.", bias=True
    ),
    "distilbert": mlp("ffn.lin1", None, "sa_layer_norm", "transformer.layer.{}.", bias=True),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(tmp_path, family):
    write(tmp_path / "model.safetensors", FAMILIES[family])
    checkpoint = opened(tmp_path)
    for n, layer in enumerate(checkpoint.layers):
        np.testing.assert_array_equal(layer.up, 2 * random((UNITS, WIDTH), n))
        if layer.gate is not None:
            np.testing.assert_array_equal(layer.gate, 2 * random((UNITS, WIDTH), n + 5))
    bias = any(name.endswith("bias") for name in FAMILIES[family])
    assert (checkpoint.depth, checkpoint.centred) == (2, bias)
    assert (layer.gate is None) == bias


def test_gate_and_up_in_one(tmp_path):
    write(tmp_path / "model.safetensors", mlp("mlp.gate_up_proj", norm="post_attention_layernorm"))
    layer, both = opened(tmp_path).layers[0], 2 * random((UNITS, WIDTH), 0)
    np.testing.assert_array_equal(layer.gate, both[: UNITS // 2])
    np.testing.assert_array_equal(layer.up, both[UNITS // 2 :])


@pytest.mark.parametrize("text_config", [True, False])
def test_gemma_stores_its_gains_less_one(tmp_path, text_config):
    write(tmp_path / "model.safetensors", FAMILIES["gemma"])
    kind = {"model_type": "gemma3_text"}
    (tmp_path / "config.json").write_text(json.dumps({"text_config": kind} if text_config else kind))
    np.testing.assert_array_equal(opened(tmp_path).layers[0].up, 3 * random((UNITS, WIDTH), 0))


def test_a_norm_after_the_mlp_is_not_one_before_it(tmp_path):
    tensors = mlp("mlp.up_proj", "mlp.gate_proj", "post_attention_layernorm")
    tensors |= {f"model.layers.{n}.post_feedforward_layernorm.weight": np.ones(WIDTH) for n in range(2)}
    write(tmp_path / "model.safetensors", tensors)
    np.testing.assert_array_equal(opened(tmp_path).layers[0].up, random((UNITS, WIDTH), 0))


@pytest.mark.parametrize(("kind", "turned"), [("gpt2", True), ("gpt_bigcode", False)])
def test_a_square_mlp_is_turned_for_gpt2_alone(tmp_path, kind, turned):
    write(tmp_path / "model.safetensors", mlp("mlp.c_fc", None, "ln_2", "h.{}.", units=WIDTH))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
    stored = 2 * random((WIDTH, WIDTH), 0)
    np.testing.assert_array_equal(opened(tmp_path).layers[0].up, stored.T if turned else stored)


def test_of_two_stacks_the_larger(tmp_path):
    eye = mlp("mlp.fc1", at="vision_tower.encoder.layers.{}.", units=8)
    write(tmp_path / "model.safetensors", eye | llama(prefix="language_model.model."))
    assert opened(tmp_path).stack == "language_model.model.layers."


# Shared tokens


def with_vocabulary(folder, tokens, seed, listed=False):
    folder.mkdir()
    write(folder / "model.safetensors", llama(seed=seed))
    entries = {t: n for n, t in enumerate(tokens)}
    vocabulary = [[t, -1.0] for t in entries] if listed else entries
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}))
    return opened(folder)


def test_tokens_are_the_same_where_they_are_spelt_alike(tmp_path):
    ours = [f"\u0120w{n}" for n in range(VOCABULARY)]
    theirs = [f"\u2581w{n}" for n in reversed(range(300))] + [f"x{n}" for n in range(300)]
    first, second = (
        with_vocabulary(tmp_path / "a", ours, 1),
        with_vocabulary(tmp_path / "b", theirs, 2, listed=True),
    )
    shared = shared_tokens(first, second)
    assert shared.student.shape == shared.teacher.shape == (300, WIDTH)
    tables = [c.embedding.read() for c in (first, second)]
    rows = [
        {tuple(row): n for n, row in enumerate(table.tolist())}[tuple(found)]
        for table, found in ((tables[0], shared.student[0].tolist()), (tables[1], shared.teacher[0].tolist()))
    ]
    assert ours[rows[0]][1:] == theirs[rows[1]][1:]


def test_without_tokenizers_equal_numbers_of_tokens_are_taken_as_the_same(folder):
    checkpoint = opened(folder)
    shared = shared_tokens(checkpoint, checkpoint)
    np.testing.assert_array_equal(shared.student, shared.teacher)
    assert len(shared.student) == VOCABULARY


def test_too_few_shared_tokens_or_no_embedding_are_none(tmp_path, folder):
    few = with_vocabulary(tmp_path / "a", [f"a{n}" for n in range(FEWEST_TOKENS - 1)], 1)
    assert shared_tokens(few, few) is None
    other = with_vocabulary(tmp_path / "b", [f"b{n}" for n in range(VOCABULARY)], 1)
    assert shared_tokens(few, other) is None
    write(tmp_path / "c.safetensors", FAMILIES["pythia"])
    assert shared_tokens(few, opened(tmp_path / "c.safetensors")) is None
    write(tmp_path / "d.safetensors", llama() | {"model.embed_tokens.weight": random((300, WIDTH))})
    assert shared_tokens(opened(tmp_path / "d.safetensors"), opened(folder)) is None


# From files to an answer


def test_a_rotated_and_permuted_copy_on_disk_is_seen(tmp_path, folder):
    turn = np.linalg.qr(random((WIDTH, WIDTH)))[0]
    copy, tensors = {}, llama()
    for name, values in tensors.items():
        copy[name] = values
        if "up_proj" in name or "gate_proj" in name:
            gain = tensors[name[: name.index("mlp")] + "post_attention_layernorm.weight"]
            copy[name] = ((values * gain) @ turn)[np.random.default_rng(0).permutation(UNITS)]
        elif "post_attention_layernorm" in name:
            copy[name] = np.ones_like(values)
        elif "embed" in name:
            copy[name] = values @ turn
    write(tmp_path / "copy.safetensors", copy, "BF16")
    student, teacher = opened(tmp_path / "copy.safetensors"), opened(folder / "model.safetensors")
    last = Descent().test(student.layers, teacher.layers, shared_tokens(student, teacher))[-1]
    assert last.p < 1e-6 and last.params["smallest"]["inputs"] == "tokens"
    write(tmp_path / "other.safetensors", llama(seed=50), "F16")
    other = opened(tmp_path / "other.safetensors")
    assert Descent().test(other.layers, teacher.layers, shared_tokens(other, teacher))[-1].p > 0.01


# What is refused


@pytest.mark.parametrize("ending", ["bin", "pt", "pth"])
@pytest.mark.parametrize("whole", [True, False])
def test_pickle_is_refused(tmp_path, ending, whole):
    (tmp_path / f"pytorch_model.{ending}").write_bytes(b"\x80\x02cos\nsystem\n")
    said = message(tmp_path if whole else tmp_path / f"pytorch_model.{ending}")
    assert "pickle" in said and "runs code" in said and "save_pretrained" in said


def test_nothing_there(tmp_path):
    assert "no .safetensors file" in message(tmp_path)
    assert "no such file" in message(tmp_path / "absent")
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    assert "GGUF" in message(tmp_path / "model.gguf")


def test_shards_without_an_index(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / f"{name}.safetensors", llama())
    assert "index.json" in message(tmp_path)
    write(tmp_path / "model.safetensors", llama())
    assert opened(tmp_path).depth == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"weight_map": {"a": "model-1-of-2.safetensors", "b": "model.safetensors"}}, "1 of 2 files"),
        ({"weight_map": {"a": "../model.safetensors"}}, "beside it"),
        ({"weight_map": {"a": "pytorch_model.bin"}}, "only .safetensors"),
        ({"weight_map": {"a": 3}}, "weight_map"),
        ({}, "weight_map"),
        ([], "JSON object"),
    ],
)
def test_bad_index(folder, content, said):
    (folder / "model.safetensors.index.json").write_text(json.dumps(content))
    assert said in message(folder)


def test_damaged_json(folder):
    (folder / "config.json").write_text("{")
    assert "not readable as JSON" in message(folder)


@pytest.mark.parametrize("kept", [0, 5, 60, -1])
def test_truncated(folder, kept):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    assert "cut off" in message(folder)


ENTRY = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


@pytest.mark.parametrize(
    "header",
    [
        b"nonsense",
        b"[]",
        b"[" * 100_000,
        {"a": None},
        {"a": {"dtype": "F32"}},
        {"a": ENTRY | {"data_offsets": [16, 0]}},
        {"a": ENTRY | {"data_offsets": [-16, 0]}},
        {"a": ENTRY | {"shape": [2, 3]}},
        {"a": ENTRY | {"shape": [-2, -2]}},
        {"a": ENTRY | {"shape": ["x"]}},
        {"a": ENTRY | {"dtype": ["F32"]}},
        {"a": ENTRY | {"data_offsets": [0, float("inf")]}},
    ],
)
def test_damaged_header(tmp_path, header):
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"\0" * 16)
    assert "damaged" in message(path) or "cut off" in message(path)


def test_not_a_number(tmp_path):
    tensors = llama()
    tensors["model.layers.0.mlp.up_proj.weight"][3, 3] = np.nan
    write(tmp_path / "model.safetensors", tensors, "BF16")
    assert "up_proj" in message(tmp_path) and "NaN" in message(tmp_path)


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("model.layers.0.mlp.up_proj.weight", (0, WIDTH), "empty"),
        ("model.layers.0.mlp.up_proj.weight", (UNITS,), "two dimensions"),
        ("model.layers.0.mlp.up_proj.weight", (UNITS, WIDTH + 1), "width"),
        ("model.layers.0.mlp.gate_proj.weight", (UNITS + 1, WIDTH), "gate"),
        ("model.layers.3.mlp.up_proj.weight", (UNITS, WIDTH), "missing"),
        ("model.layers.99999999999.mlp.up_proj.weight", (UNITS, WIDTH), "missing"),
        ("model.layers.0.mlp.experts.0.up_proj.weight", (UNITS, WIDTH), "mixture of experts"),
    ],
)
def test_wrong_shapes_and_missing_layers(tmp_path, name, shape, said):
    write(tmp_path / "model.safetensors", llama() | {name: random(shape)})
    assert said in message(tmp_path)


def test_gate_missing_in_one_layer(tmp_path):
    tensors = llama()
    del tensors["model.layers.0.mlp.gate_proj.weight"]
    write(tmp_path / "model.safetensors", tensors)
    assert "gate_proj.weight is missing" in message(tmp_path)


def test_unknown_layout_and_quantised(tmp_path):
    write(tmp_path / "model.safetensors", {"backbone.layers.0.mixer.in_proj.weight": random((4, 4))})
    assert "mlp.up_proj" in message(tmp_path) and "mixer" in message(tmp_path)
    write(tmp_path / "model.safetensors", llama(), "I8")
    assert "dequantised" in message(tmp_path)
    write(tmp_path / "model.safetensors", {})
    assert "no tensor" in message(tmp_path)
