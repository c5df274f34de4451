"""The zoo's Llama is that of transformers, and its disguises change nothing that it says. Needs torch."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

ZOO = Path(__file__).parents[1] / "data" / "zoo"


@pytest.fixture(scope="module")
def zoo():
    """Modules of the zoo, which are a program's and not a package's."""
    sys.path.insert(0, str(ZOO))
    before = {name: sys.modules.pop(name, None) for name in ("llama", "checkpoints", "disguises")}
    yield {name: importlib.import_module(name) for name in before}
    sys.path.remove(str(ZOO))
    for name, module in before.items():
        sys.modules.pop(name)
        if module:
            sys.modules[name] = module


@pytest.fixture(scope="module")
def model(zoo):
    """A model whose norms are not all one, or folding them would go unnoticed."""
    made = zoo["llama"].Llama(zoo["llama"].Size(), seed=3)
    for name, parameter in made.named_parameters():
        if "norm" in name:
            parameter.data = 0.5 + torch.rand(parameter.shape, generator=torch.Generator().manual_seed(1))
        else:
            parameter.data *= 4
    return made


TOKENS = torch.arange(60).reshape(2, 30) * 7 % 512


@pytest.mark.parametrize("route", ["permuted", "rotated", "permuted+rotated"])
def test_a_disguise_says_the_same_with_other_weights(zoo, model, route):
    disguised = zoo["disguises"].changed(model, route, seed=5)
    with torch.no_grad():
        assert torch.allclose(model(TOKENS), disguised(TOKENS), atol=1e-3)
    own, other = (m.model.layers[0].mlp.up_proj.weight for m in (model, disguised))
    assert (own - other).abs().max() > 0.1


@pytest.mark.parametrize(("route", "steps"), [("int8", 127), ("int4", 7)])
def test_a_rounded_row_has_so_many_steps_and_is_off_by_half_a_step_at_most(zoo, model, route, steps):
    rounded = dict(zoo["disguises"].changed(model, route, seed=5).named_parameters())
    for name, weight in model.named_parameters():
        if weight.dim() > 1:
            step = weight.abs().amax(dim=1, keepdim=True) / steps
            assert ((weight - rounded[name]).abs() <= step * 0.501).all()
            assert all(len(row.unique()) <= 2 * steps + 1 for row in rounded[name])
        else:
            assert torch.equal(weight, rounded[name])


@pytest.mark.parametrize("route", ["fp16", "int4", "rotated"])
def test_a_copy_leaves_the_original_as_it_was(zoo, model, route):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    zoo["disguises"].changed(model, route, seed=5)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.lm_head is None


def test_transformers_reads_a_checkpoint_and_says_the_same(zoo, model, tmp_path):
    transformers = pytest.importorskip("transformers")
    for route in ("", "rotated"):
        own = zoo["disguises"].changed(model, route, 5) if route else model
        zoo["checkpoints"].save(own, tmp_path / f"m{route}", "{}", {"loss": "1.0"})
        theirs, about = transformers.LlamaForCausalLM.from_pretrained(
            tmp_path / f"m{route}", output_loading_info=True
        )
        assert not about["missing_keys"] and not about["unexpected_keys"]
        with torch.no_grad():
            assert torch.allclose(own(TOKENS), theirs(TOKENS).logits, atol=1e-3)
            assert torch.equal(own(TOKENS), zoo["checkpoints"].load(tmp_path / f"m{route}")(TOKENS))
        assert zoo["checkpoints"].notes(tmp_path / f"m{route}") == {"loss": "1.0"}


def test_sampling_with_a_cache_draws_from_the_model_and_never_an_end(zoo, model):
    llama = zoo["llama"]
    written = llama.sample(model, [[0, 5, 9], [0, 5, 9, 11], [0, 7, 8]], 40, temperature=1e-3, seed=1)
    assert [len(line) for line in written] == [40, 40, 40]
    assert min(min(line) for line in written) > llama.EOS
    for head, line in zip(([0, 5, 9], [0, 5, 9, 11], [0, 7, 8]), written, strict=True):
        with torch.no_grad():
            logits = model(torch.tensor([head + line]))[0, len(head) - 1 : -1]
        logits[:, : llama.EOS + 1] = -torch.inf
        chosen = logits.gather(1, torch.tensor(line)[:, None])[:, 0]
        assert (logits.max(dim=1).values - chosen).max() < 0.05


def test_training_lowers_the_loss_with_hard_and_soft_labels_and_is_repeatable(zoo, model):
    llama = zoo["llama"]
    tokens = torch.randint(2, 512, (32, 20), generator=torch.Generator().manual_seed(0))
    wanted = torch.ones_like(tokens, dtype=torch.bool)
    wanted[:, :5] = False
    lessons = llama.Lessons(tokens, wanted)
    for teacher in (None, model):
        losses = {
            steps: llama.train(llama.Llama(llama.Size(), 1), lessons, steps, 16, 5e-3, 7, teacher)
            for steps in (1, 60)
        }
        assert losses[60] < 0.8 * losses[1]
    pupils = [llama.Llama(llama.Size(), 1) for _ in range(2)]
    for pupil in pupils:
        llama.train(pupil, lessons, 5, 16, 5e-3, 7)
    assert all(torch.equal(a, b) for a, b in zip(pupils[0].parameters(), pupils[1].parameters(), strict=True))


def test_log_probabilities_are_of_the_wanted_tokens_alone(zoo, model):
    llama = zoo["llama"]
    tokens = TOKENS.clone()
    wanted = torch.zeros_like(tokens, dtype=torch.bool)
    wanted[0, 10:12], wanted[1, 29] = True, True
    found = llama.logprobs(model, llama.Lessons(tokens, wanted))
    with torch.no_grad():
        whole = torch.log_softmax(model(tokens), dim=-1)
    expected = [whole[0, 9, tokens[0, 10]], whole[0, 10, tokens[0, 11]], whole[1, 28, tokens[1, 29]]]
    assert torch.allclose(found, torch.stack(expected), atol=1e-4)
