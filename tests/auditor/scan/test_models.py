"""Names of models in a text."""

from __future__ import annotations

import pytest

from auditor.scan.models import as_model, canonical, named, provider

NAMES = [
    ("GPT4", "gpt-4"),
    ("OpenAI GPT-4-Turbo", "gpt-4-turbo"),
    ("gpt-35-turbo", "gpt-3.5-turbo"),
    ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06"),
    ("openai/gpt-4o", "gpt-4o"),
    ("ChatGPT", "chatgpt"),
    ("Chat GPT", "chatgpt"),
    ("meta-llama/Meta-Llama-3-8B-Instruct", "meta-llama-3-8b-instruct"),
    ("LLaMA 2 70B chat", "llama-2-70b-chat"),
    ("deepseek-ai/DeepSeek-R1", "deepseek-r1"),
    ("Qwen/Qwen2.5-72B-Instruct", "qwen2.5-72b-instruct"),
    ("Claude 3.5 Sonnet", "claude-3.5-sonnet"),
    ("claude-3-opus-20240229", "claude-3-opus-20240229"),
    ("o3-mini", "o3-mini"),
    ("Command R+", "command-r-plus"),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral-8x7b-instruct-v0.1"),
    ("gpt-oss-120b", "gpt-oss-120b"),
]


@pytest.mark.parametrize(("value", "name"), NAMES)
def test_a_value_that_names_a_model(value, name):
    assert as_model(value) == name


@pytest.mark.parametrize(
    "value",
    [
        *("", "Golf", "Model T", "XC90", "human", "the yi of the falcon", "templates", "v2", "3.5"),
        *("Toyota Yaris 2", "x" * 500, "A sentence that speaks of GPT-4 and of many other things besides"),
    ],
)
def test_a_value_that_names_none(value):
    assert not as_model(value)


def test_words_of_their_own_need_a_number():
    assert [n.name for n in named("The falcon saw phi and yi, on command.")] == []
    assert [n.name for n in named("Phi-3, Falcon-40B and Yi-34B")] == ["phi-3", "falcon-40b", "yi-34b"]


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("gpt-4o-2024-08-06", "OpenAI"),
        ("claude-opus-4.5", "Anthropic"),
        ("qwen3-8b", "Alibaba Cloud"),
        ("no-such", None),
    ],
)
def test_whose_a_model_is(name, whose):
    assert provider(name) == whose


def test_canonical_is_stable():
    for _, name in NAMES:
        assert canonical(name) == name
