"""A local model against a loop in float64, one text at a time: scores and answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from auditor.errors import AuditError
from auditor.sources import batches
from auditor.sources.local import opened
from detectors.scores import TextId
from tests.tiny_model import PROMPTS, TEXTS, save

torch = pytest.importorskip("torch", reason="needs: pip install 'distill-audit[models]'")
pytest.importorskip("transformers", reason="needs: pip install 'distill-audit[models]'")

IDS = [TextId("a", str(i)) for i in range(len(TEXTS))]


@pytest.fixture(scope="module")
def exact(folder):
    """The same weights in float64."""
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()


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


def test_questions_that_cannot_be_asked(model):
    with pytest.raises(AuditError, match="empty prompt"):
        model.answers([""])
    with pytest.raises(AuditError, match="more than the 256 tokens"):
        model.answers(["why?"], max_tokens=400)
