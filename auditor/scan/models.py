"""`named`: which models a text names, as plain names: "LLaMA 2 70B chat", "GPT4" -> "llama-2-70b-chat", "gpt-4".

By families of names, so that a model nobody listed yet is found, too. Common words that are also names of models
(Yi, Falcon, Command) count only with a version or size. Leaves out whether the model wrote anything (`prose.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache

from auditor.scan.names import plain, provider_of
from auditor.scan.terms import load

# Heads that mean a model wherever they stand.
_SURE = (
    r"chat[- ]?gpt|gpt(?=[-_ ]?[\d]|[-_ ]?oss)|instruct[- ]?gpt(?!-?j)|text-(?:davinci|curie|babbage|ada)|code-davinci"
    r"|davinci-\d+|openai codex|claude|gemini(?=[-_ ]?(?:\d|pro|flash|ultra|nano|advanced))|google (?:bard|gemini)"
    r"|palm[- ]?2|text-bison|chat-bison|gemma|code[- ]?llama|llama|alpaca-\d+b|vicuna|wizard(?:lm|coder|math)|koala-\d+b"
    r"|mistral|mixtral|codestral|ministral|magistral|pixtral|mathstral|code[- ]?qwen|qwen|qwq|qvq|tongyi"
    r"|deep-?seek|chatglm|glm-\d|kimi|moonshot-v\d|minimax|abab\d|hunyuan|ernie|doubao|exaone|internlm|baichuan"
    r"|dbrx|jamba|olmo|t[uü]lu|starcoder|starchat|bloomz?(?=[-_ ]\d|\b)|flan[- ]?(?:t5|ul2)|nemotron|zephyr-\d+b"
    r"|nous[- ]hermes|openhermes-\d|sea[- ]?llm|indictrans2|mpt-\d+b|dolly[- ]v\d|stablelm|hyperclova|pangu|step-\d"
    r"|bing chat|github copilot|microsoft copilot|character[. ]ai|perplexity sonar|amazon (?:nova|titan)|nova-(?:pro|lite)"
)
# Heads that are words of their own: they need a number beside them.
_UNSURE = r"yi|phi|falcon|command[- ]?[ra]|command|aya|grok|solar|opt|cerebras-gpt|gpt-?(?:j|neo|neox)|t5|bart|orca|orion"
_O_SERIES = r"openai[ -]o[134]|(?<![\w.-])o[134]-(?:mini|preview|pro)|(?<![\w.-])o[13](?= model\b)"
_WORD = (
    r"(?:turbo|instruct|chat|mini|nano|micro|pro|flash|lite|ultra|opus|sonnet|haiku|fable|large|medium|small|base"
    r"|tiny|preview|thinking|reasoner|coder|code|math|prover|vl|omni|plus|max|next|distill|hf|it|oss|moe|nemo|air|scout"
    r"|maverick|exp|latest|beta|alpha|vision|audio|internal|instant|super|r1|r|zero|llama|qwen|yi|mistral)"
)
_NUMBER = r"(?:v?\d+(?:\.\d+)*(?:x\d+)?(?:\.\d+)?[bmk]?[oe]?(?:-?\d{2,4}(?:-\d{2}){0,2})?|a\d+b|k\d(?:\.\d)?|m\d|[rv]\d(?:\.\d)?)"
_TAIL = rf"(?:(?:[-_ .]?(?:{_NUMBER})|[-_ ](?:{_WORD}))(?![a-z0-9]))*\+?"
_NAME = re.compile(
    rf"(?<![\w.@])(?:(?:{_SURE}){_TAIL}|(?:{_UNSURE})(?:[-_ ]?(?:{_NUMBER})(?![a-z0-9])){_TAIL}|command[- ]?r\+?(?![a-z])"
    rf"|(?:{_O_SERIES}){_TAIL})",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"^(?:openai|google|microsoft|github|amazon)[ -]+(?=o[134]|codex|bard|gemini)", re.IGNORECASE)
_GLUED = re.compile(r"^(gpt|llama|gemma|claude|qwen|yi|phi)(?=\d)")


@dataclass(frozen=True, slots=True)
class Named:
    """One name in a text: `name` plain, at [start, end)."""

    name: str
    start: int
    end: int


def named(text: str) -> tuple[Named, ...]:
    """Return every model that a text names, in order."""
    return tuple(Named(canonical(m[0]), m.start(), m.end()) for m in _NAME.finditer(text))


def canonical(name: str) -> str:
    """Write a name as the knowledge base does: "GPT4" and "OpenAI GPT-4" are "gpt-4"."""
    name = _PREFIX.sub("", name.strip(" .-_"))
    name = plain(name.replace("+", "-plus") if name.endswith("+") else name)
    name = re.sub(r"^chat-gpt", "chatgpt", name)
    name = re.sub(r"^deep-seek", "deepseek", name)
    name = re.sub(r"^instruct-gpt", "instructgpt", name)
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
    head = name.split("-")[0]
    near = {p for known, p in provider_of().items() if fnmatch(known, f"{head}*")}
    return near.pop() if len(near) == 1 else None
