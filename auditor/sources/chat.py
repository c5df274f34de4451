"""How a prompt is put to a local model: through the chat template of its tokenizer, or as it is.

A template is a program of the model's maker (Jinja; transformers runs it in a sandbox). Some write today's
date into every prompt; here it is always the same day, so that what was scored last month can be added to.
Leaves out system messages, tools and earlier turns.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from auditor.errors import AuditError

JOINT = "\n\n"  # between a prompt and its answer, where there is no template
TODAY = datetime(2025, 1, 1, tzinfo=UTC)
_DATES = (
    "d",
    "-d",
    "m",
    "-m",
    "b",
    "B",
    "y",
    "Y",
    "a",
    "A",
    "H",
    "I",
    "M",
    "S",
    "p",
    "j",
    "F",
    "D",
    "x",
    "X",
)


@dataclass(frozen=True)
class Template:
    """How prompts are put.

    Attributes
    ----------
    kind : "chat" = by the tokenizer's template; "plain" = start token (if the tokenizer puts one at the
        front), prompt, an empty line. sha256 : of the template, "" without one.
    """

    kind: Literal["chat", "plain"]
    sha256: str = ""

    def about(self) -> dict[str, str]:
        """Return what is recorded of it; equal records put a prompt in the same way."""
        if self.kind == "chat":
            return {"kind": self.kind, "sha256": self.sha256, "date": f"{TODAY:%Y-%m-%d}"}
        return {"kind": self.kind, "joint": JOINT}

    def ids(self, tokenizer: Any, prompt: str) -> list[int]:
        """Tokens before an answer; an empty prompt (a text that answers nothing) gets no template."""
        if self.kind == "chat" and prompt:
            return _encoded(tokenizer, _rendered(tokenizer, prompt))
        plain = (
            tokenizer(prompt + JOINT, add_special_tokens=False, split_special_tokens=True) if prompt else None
        )
        return _start(tokenizer) + (list(plain["input_ids"]) if plain else [])


def template_of(tokenizer: Any, *, base: bool) -> Template:
    """The tokenizer's own template; without one, or for a base model, none."""
    if base or not tokenizer.chat_template:
        return Template("plain")
    return Template("chat", hashlib.sha256(tokenizer.get_chat_template().encode("utf-8")).hexdigest())


def _same_day(template: str) -> str:
    """The template with its clock stopped: the function that tells the date becomes a macro of its own."""
    if "strftime_now" not in template:
        return template
    told = "".join(f'.replace("%{code}", "{TODAY.strftime("%" + code)}")' for code in _DATES)
    # The empty expression keeps the first line break of the template, which a tag before it would swallow.
    return f'{{% macro strftime_now(format) %}}{{{{ format{told} }}}}{{% endmacro %}}{{{{ "" }}}}{template}'


def _rendered(tokenizer: Any, prompt: str) -> str:
    try:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}],
            add_generation_prompt=True,
            tokenize=False,
            chat_template=_same_day(tokenizer.get_chat_template()),
        )
    except Exception as error:
        raise AuditError(
            f"The model's chat template does not take a plain question ({type(error).__name__}: {error}). Put"
            " prompts without it: 'audit score --base', or chat_template taken out of a copy of the folder."
        ) from error
    return str(text)


def _encoded(tokenizer: Any, text: str) -> list[int]:
    """Tokens of a text that already spells its special tokens out."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _start(tokenizer: Any) -> list[int]:
    """The start token, where the tokenizer puts one before every text by itself."""
    first = list(tokenizer("")["input_ids"])[:1]
    return first if first and first[0] == tokenizer.bos_token_id else []
