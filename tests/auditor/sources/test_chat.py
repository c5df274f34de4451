"""Prompts are put the same way today and next month, and the rest of a template is left alone."""

from __future__ import annotations

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from auditor.sources.chat import Template, _same_day, template_of


def rendered(template: str) -> str:
    """As transformers does it."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["strftime_now"] = lambda format: "today"
    return environment.from_string(_same_day(template)).render(messages=[{"content": "hi"}])


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("\nIt is {{ strftime_now('%d %b %Y') }}.", "\nIt is 01 Jan 2025."),
        ("{% if strftime_now is defined %}{{ strftime_now('%Y-%m-%d') }}{% endif %}", "2025-01-01"),
        (
            "{% set d = strftime_now('%A, %-d %B') %}{% for m in messages %}{{ d }}{% endfor %}",
            "Wednesday, 1 January",
        ),
        ("  no date {{ messages[0].content }}", "  no date hi"),
    ],
)
def test_the_clock_stands_still(template, wanted):
    assert rendered(template) == wanted


class Tokenizer:
    """One token a character; 0 starts a text where `start` says so."""

    bos_token_id = 0

    def __init__(self, start: bool, template: str | None = None) -> None:
        self.start, self.chat_template = start, template

    def __call__(self, text, add_special_tokens=True, split_special_tokens=False):
        return {"input_ids": [0] * (self.start and add_special_tokens) + [ord(c) for c in text]}

    def get_chat_template(self):
        return self.chat_template


def test_without_a_template_a_prompt_ends_in_an_empty_line():
    plain = Template("plain")
    assert plain.ids(Tokenizer(False), "ab") == [97, 98, 10, 10]
    assert plain.ids(Tokenizer(True), "ab") == [0, 97, 98, 10, 10]


def test_a_text_that_answers_nothing_has_at_most_a_start_token():
    assert Template("plain").ids(Tokenizer(True), "") == [0]
    assert Template("chat").ids(Tokenizer(False), "") == []


def test_which_template_is_used():
    assert template_of(Tokenizer(True), base=False) == Template("plain")
    assert template_of(Tokenizer(True, "x"), base=True) == Template("plain")
    chat = template_of(Tokenizer(True, "x"), base=False)
    assert (chat.kind, len(chat.sha256)) == ("chat", 64)
    assert chat != template_of(Tokenizer(True, "y"), base=False)
