"""Model output is hostile input: make what cannot be seen visible before it reaches a terminal or page.

Leaves out HTML and Markdown escaping, which each format does itself.
"""

from __future__ import annotations

import re
import unicodedata

# Line breaks and tabs stay; everything else that is invisible or reorders text is spelled out.
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
# Invisible although their category is a letter's, a mark's or none: fillers, joiners, selectors of glyph
# variants (all but the two that choose between text and emoji), blank Braille, code points no character has.
BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\uffa0\ufe00-\ufe0d"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff]"
)
SUSPECT = re.compile(r"[^ -~\n\t]")


def visible(text: str) -> str:
    """Spell out control, format, private-use and blank characters as <U+XXXX>."""
    return SUSPECT.sub(_spelled, text)


def hidden(character: str) -> bool:
    """Whether a character is invisible, reorders its neighbours, or drives a terminal."""
    return unicodedata.category(character) in HIDDEN or BLANK.match(character) is not None


def one_line(text: str) -> str:
    """The same on one line, for names and table cells; line breaks become blanks."""
    return visible(re.sub(r"[\r\n\t]+", " ", text))


def _spelled(match: re.Match[str]) -> str:
    character = match.group()
    return f"<U+{ord(character):04X}>" if hidden(character) else character
