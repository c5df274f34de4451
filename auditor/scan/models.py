"""`named`: the models a text names, as plain names: "LLaMA 2 70B", "GPT4" -> "llama-2-70b", "gpt-4".

By families of names (`data/models/families.toml`), so that a model nobody listed yet is found, too. Words
that are names besides (Yi, Falcon) count with a version or size. Leaves out whether the model wrote anything
(`prose.py`).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache

from auditor import shipped
from auditor.scan.names import plain, provider_of
from auditor.scan.terms import load

_PREFIX = re.compile(
    r"^(?:openai|google|microsoft|github|amazon)[ -]+(?=o[134]|codex|bard|gemini)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Named:
    """One name in a text: `name` plain, at [start, end)."""

    name: str
    start: int
    end: int


@cache
def _pattern() -> re.Pattern[str]:
    """Return the expression for a name: a head, then words, versions and sizes."""
    file = shipped.path("models/families.toml")
    either = {k: "|".join(v) for k, v in tomllib.loads(file.read_text(encoding="utf-8")).items()}
    number, word = f"(?:{either['numbers']})", f"(?:{either['words']})"
    tail = rf"(?:(?:[-_ .]?{number}|[-_ ]{word})(?![a-z0-9]))*\+?"
    head = f"(?:{either['sure']})|(?:{either['o_series']})"
    head = rf"{head}|(?:{either['with_number']})[-_ ]?{number}(?![a-z0-9])"
    return re.compile(rf"(?<![\w.@])(?:(?:{head}){tail}|command[- ]?r\+?(?![a-z]))", re.IGNORECASE)


def named(text: str) -> tuple[Named, ...]:
    """Return every model that a text names, in order."""
    return tuple(Named(canonical(m[0]), m.start(), m.end()) for m in _pattern().finditer(text))


def canonical(name: str) -> str:
    """Write a name as the knowledge base does: "GPT4" and "OpenAI GPT-4" are "gpt-4"."""
    name = _PREFIX.sub("", name.strip(" .-_"))
    name = plain(name.replace("+", "-plus") if name.endswith("+") else name)
    name = re.sub(r"^chat-gpt", "chatgpt", name)
    name = re.sub(r"^deep-seek", "deepseek", name)
    name = re.sub(r"^instruct-gpt", "instructgpt", name)
    name = re.sub(r"^gpt-35(?=-|$)", "gpt-3.5", name)  # as Azure writes it
    # "qwen2.5", "llama3" are written so by their makers; "gpt4", "claude3" are not.
    return re.sub(r"^(gpt|claude|gemma|phi|yi)(?=\d)", r"\1-", name)


def as_model(value: str) -> str:
    """Return the plain name of the model that a field's value means; "" where it means none.

    A value is taken whole: "gpt-4-0613", "openai/gpt-4o", "OpenAI ChatGPT"; never a sentence.
    """
    value = value.strip()
    if not value or len(value) > 120 or len(value.split()) > 8:
        return ""
    if plain(value) in provider_of():
        return canonical(value)
    found = named(value.rsplit("/", 1)[-1]) or named(value)
    return found[0].name if found else ""


@cache
def provider(name: str) -> str | None:
    """Return whose a model is: by the list of names, else by the terms that cover it; None = not known."""
    if name in provider_of():
        return provider_of()[name]
    makers = {e.provider for e in load() if not e.hosts and e.covers(name)}
    if len(makers) == 1:
        return makers.pop()
    head = name.split("-", maxsplit=1)[0]
    near = {p for known, p in provider_of().items() if fnmatch(known, f"{head}*")}
    return near.pop() if len(near) == 1 else None
