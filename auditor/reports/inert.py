"""Model output is hostile input: make what cannot be seen visible before it reaches a terminal or page.

Leaves out HTML and Markdown escaping, which each format does itself.
"""

from __future__ import annotations

import unicodedata

# Line breaks and tabs stay; everything else that is invisible or reorders text is spelled out.
KEPT = "\n\t"
HIDDEN = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def visible(text: str) -> str:
    """Spell out control, format and private-use characters as <U+XXXX>."""
    return "".join(c if c in KEPT or not hidden(c) else f"<U+{ord(c):04X}>" for c in text)


def hidden(character: str) -> bool:
    """Whether a character is invisible, reorders its neighbours, or drives a terminal."""
    return unicodedata.category(character) in HIDDEN


def one_line(text: str) -> str:
    """The same on one line, for names and table cells."""
    return visible(text.replace("\r", " ").replace("\n", " ").replace("\t", " "))


def p_value(value: float | None) -> str:
    """A p-value as readers expect it: ".037", "below .001", "n/a"."""
    if value is None:
        return "n/a"
    return f"{value:.3f}".lstrip("0") if 0.001 <= value < 1 else "1" if value >= 1 else "below .001"


def number(value: float | None, digits: int = 3) -> str:
    """A figure, or "n/a"."""
    return "n/a" if value is None else f"{value:.{digits}f}"


def span(value: tuple[float, float] | None, digits: int = 3) -> str:
    """An interval, or "n/a"."""
    return "n/a" if value is None else f"{value[0]:.{digits}f} to {value[1]:.{digits}f}"
