"""Who a model says it is: what counts as a claim, and that it is only shown."""

from __future__ import annotations

import time

import numpy as np
import pytest

from detectors.identity import Identity, claims, identities
from detectors.providers import AMBIGUOUS, PLAIN
from detectors.types import Channel
from tests.panels import view

PROMPTS = [f"q{j}" for j in range(4)]

SAID = [
    ("I am ChatGPT, a large language model trained by OpenAI.", {"OpenAI"}),
    ("I'm ChatGPT.", {"OpenAI"}),
    ("I’m an AI assistant developed by OpenAI.", {"OpenAI"}),
    ("As an AI language model developed by OpenAI, I cannot say.", {"OpenAI"}),
    ("As a large language model, trained by Google, I have no body.", {"Google"}),
    ("as an ai language model created by openai", {"OpenAI"}),
    ("I was trained by Anthropic.", {"Anthropic"}),
    ("I was created and trained by a company, namely OpenAI", set()),
    ("My name is Claude and I am an AI assistant.", {"Anthropic"}),
    ("I am Claude, an AI assistant made by Anthropic to be helpful.", {"Anthropic"}),
    ("I'm Gemini, a language model from Google.", {"Google"}),
    ("My name is **Qwen**.", {"Alibaba"}),
    ("I am a large language model called Vicuna.", {"LMSYS"}),
    ("I'm a chatbot based on GPT-4.", {"OpenAI"}),
    ("I am Llama 3, an open model.", {"Meta"}),
    ("I am an instance of GPT-4o.", {"OpenAI"}),
    ("I was developed by the team at DeepSeek.", {"DeepSeek"}),
    ("我是通义千问，由阿里云开发。", {"Alibaba"}),
    ("我是由OpenAI开发的人工智能助手。", {"OpenAI"}),
    ("I am not ChatGPT.", set()),
    ("ChatGPT was developed by OpenAI.", set()),
    ("I am a fan of the assistant made by Google.", set()),
    ("I was impressed by Google.", set()),
    ("As an AI, I cannot open pages created by Google.", set()),
    ("I am Claude Monet, a painter.", set()),
    ("I am a Gemini, born in June.", set()),
    ("My name is Meta and I am ten.", set()),
    ("As an AI language model, I do not eat.", set()),
    ("我不是ChatGPT。", set()),
    ("", set()),
]


@pytest.mark.parametrize(("text", "providers"), SAID, ids=[s[0][:40] for s in SAID])
def test_identities(text, providers):
    assert identities(text) == providers


def test_every_name_is_understood():
    for table in (PLAIN, AMBIGUOUS):
        for provider, names in table.items():
            for name in names:
                assert provider in identities(f"I am {name}, an AI assistant."), name


OPENAI, GOOGLE, NOBODY = "I am ChatGPT.", "I was trained by Google.", "As an AI, I cannot."
PANEL = {
    "T": [OPENAI, OPENAI, GOOGLE, NOBODY],
    "S": [OPENAI, GOOGLE, NOBODY, None],
    "R": [GOOGLE, f"{OPENAI} {GOOGLE}", NOBODY, GOOGLE],
    "N": [NOBODY] * 4,
}


def test_values():
    (found,) = Identity().measure(view(PANEL, PROMPTS), (0, 2, 3))
    assert found.channel is Channel.CONTEXT
    assert found.values.shape == (4, 3, 4) and found.values.dtype == np.float32
    nan = np.nan
    np.testing.assert_array_equal(found.values[0], [[1, 1, 0, nan], [0, 0, 1, nan], [nan] * 4])
    np.testing.assert_array_equal(found.values[1], [[1, 0, nan, nan], [0, 1, nan, nan], [nan] * 4])
    np.testing.assert_array_equal(found.values[2], [[0, 1, nan, 0], [1, 1, nan, 1], [nan] * 4])
    assert np.isnan(found.values[3]).all()


def test_claims_for_the_report():
    assert claims(view(PANEL, PROMPTS)) == {
        "T": {"OpenAI": 2, "Google": 1},
        "S": {"Google": 1, "OpenAI": 1},
        "R": {"Google": 3, "OpenAI": 1},
        "N": {},
    }


def test_order_of_probes_does_not_matter():
    tied = {"T": [GOOGLE, OPENAI], "S": [OPENAI, GOOGLE]}
    turned = {n: a[::-1] for n, a in tied.items()}
    a, b = (Identity().measure(view(p, ["a", "b"]), (0,))[0].values for p in (tied, turned))
    np.testing.assert_array_equal(a, b[:, :, ::-1])


def test_says_when_nobody_says_who_it_is():
    silent = view({n: [NOBODY] * 4 for n in "TS"}, PROMPTS)
    assert "says who it is" in Identity().lacks(silent)
    assert Identity().lacks(view(PANEL, PROMPTS)) == ""
    assert np.isnan(Identity().measure(silent, (0,))[0].values).all()


@pytest.mark.parametrize(
    "text", [None, "", " ", "\x00", "I am", "I am <script>alert(1)</script>", "日本語だけ"]
)
def test_degenerate_texts_do_not_raise(text):
    panel = view({n: [text] * 4 for n in "TS"}, PROMPTS)
    assert np.isnan(Identity().measure(panel, (0, 1))[0].values).all()
    assert claims(panel) == {"T": {}, "S": {}}


@pytest.mark.parametrize(
    "piece", ["I am ", "As an AI ", "I was made by ", "a-", "我是", "I am a b c d e f ", "'", "OpenAI "]
)
def test_hostile_text_is_not_slow(piece):
    start = time.perf_counter()
    identities(piece * 5_000)
    assert time.perf_counter() - start < 2


def test_the_docstring_says_that_it_has_no_weight():
    import detectors.identity

    assert "no weight" in detectors.identity.__doc__
