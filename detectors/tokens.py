"""How text is cut into tokens, once for every text detector.

Leaves out stemming and stop words: how something is said is the evidence. Patterns are linear in the
length of the text, so hostile input cannot make them slow.
"""

from __future__ import annotations

import re

WORD = re.compile(r"\w+")
WORD_OR_MARK = re.compile(r"\w+|[^\w\s]")
SENTENCE_END = re.compile(r"(?<=[.!?])\s|\n")


def words(text: str) -> list[str]:
    """Lower-cased runs of letters, digits and underscores."""
    return WORD.findall(text.lower())


def tokens(text: str) -> list[str]:
    """Words and single punctuation marks, case kept."""
    return WORD_OR_MARK.findall(text)


def first_sentence(text: str, characters: int) -> str:
    """The first sentence or line of the first `characters` characters, whichever ends sooner."""
    return SENTENCE_END.split(text.lstrip()[:characters], maxsplit=1)[0]
