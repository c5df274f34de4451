"""Chat messages as text: the prompt of a conversation, and what an assistant's content says.

Leaves out images, tool calls and reasoning parts, which are no part of the answer a user sees.
"""

from __future__ import annotations

from typing import Any


def content_text(content: Any) -> str | None:
    """Text of a message's content: a string, a list of parts, or arena-hard's `{"answer": ...}`."""
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [content_text(part) for part in content]
        found = [text for text in texts if text is not None]
        return "".join(found) if found else None
    if isinstance(content, dict):
        for key in ("text", "content", "answer"):
            if content.get(key) is not None:
                return content_text(content[key])
        return None
    return str(content)


def prompt_of(messages: Any) -> str | None:
    """Prompt of a conversation: the user's words when there is one turn, else all of it with roles.

    The system message is left out of a single turn, so that one prompt asked under different system
    messages stays one probe.
    """
    if isinstance(messages, str):
        return messages
    if not isinstance(messages, list):
        return None
    turns = [m for m in messages if isinstance(m, dict) and m.get("role") != "system"]
    texts = [(str(m.get("role", "")), content_text(m.get("content"))) for m in turns]
    while texts and texts[-1][0] == "assistant":
        texts.pop()
    if len(texts) == 1:
        return texts[0][1]
    said = [f"{role}: {text}" for role, text in texts if text is not None]
    return "\n\n".join(said) if said else None


def first_exchange(messages: list[Any]) -> tuple[str | None, str | None]:
    """Prompt and first answer of a conversation that holds both."""
    for at, message in enumerate(messages):
        if isinstance(message, dict) and message.get("role") == "assistant":
            return prompt_of(messages[:at]), content_text(message.get("content"))
    return prompt_of(messages), None
