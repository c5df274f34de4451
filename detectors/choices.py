"""Which option of a closed question an answer chooses, and which one the key says is right.

A letter that the answer states ("the answer is (D)") wins, the last one where there are several; then a
letter in bold, then one that stands alone; anything else is no choice (from strict to lenient, as the
evaluation of MMLU-Pro does: Wang et al. 2024, arXiv 2406.01574). Leaves out answers by the option's text,
numbers, and questions with several right options. All repeats in the patterns are bounded, so
hostile text cannot make them slow.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from detectors.types import PanelView, Probe

Int16 = NDArray[np.int16]
NONE = -1
LETTERS = string.ascii_uppercase

_LETTER = (
    r"[\s*_`\"'“‘$]{0,6}(?:\\(?:boxed|text|textbf|mathrm|mathbf)\{[\s$]{0,2}){0,3}"
    r"(?P<open>[(\[{（]?)\*{0,2}\s?(?P<letter>[A-Za-z])(?![\w'’])(?P<close>\s?\*{0,2}[)\]}）]?)"
)
_IS = (
    r"(?i:\s{0,3}(?:is|was|(?:would|should|must|will|seems to|appears to) be|是|为))?"
    r"(?i:\s(?:therefore|thus|then|indeed|clearly|simply|actually))?[\s:：=>*_,\-–—]{0,8}"
    r"(?i:(?:the\s)?(?:correct\s|right\s)?(?:option|choice|letter|statement|answer)[\s:#]{0,3})?" + _LETTER
)
_CORRECT = (
    r"\s(?:is|must be|seems|appears)\s(?:the\s|therefore\s|to be\s){0,2}(?:most\s)?"
    r"(?:correct|right|best|answer|accurate|closest)"
)
# Every pattern starts with letters that it can be searched by, and without the one that may be a capital:
# alternatives or case folding in front make `re` thirty times slower on a long answer.
_NOUNS = ("ption", "hoice", "tatement", "etter")
_PRAISED = "|".join(rf"(?<={c}{{0}})" for c in ("[Cc]orrect ", "[Rr]ight ", "[Bb]est ", "[Ff]inal "))
_STATED = tuple(
    map(
        re.compile,
        (
            r"nswer(?<!incorrect answer)(?<!wrong answer)(?i:\s(?:to|for)\s[^\n.:]{1,60}?)?" + _IS,
            *(cue + _IS for cue in ("NSWER", "答案", "hoose", "pick", "elect", "go with")),
            *(f"{noun}(?:{_PRAISED.format('[A-Za-z]' + noun)}){_IS}" for noun in _NOUNS),
            *(noun + _LETTER + _CORRECT for noun in (*_NOUNS, "nswer")),
            r"boxed\s?\{" + _LETTER,
            r"####\s" + _LETTER,
            r"(?P<open>[(\[])(?P<letter>[A-Z])(?P<close>[)\]])\*{0,2}" + _CORRECT,
        ),
    )
)
_BOLD = re.compile(r"\*\*\(?(?P<letter>[A-Z])(?:[).:]{0,2}\*\*|[).]\s[^*\n]{1,300}\*\*)")
# Alone: the whole line, the start of a line ("D. Because ..."), or a bracketed letter that ends the text.
_LINE = re.compile(r"[\s*>#]{0,4}\(?(?P<letter>[A-Z])(?:[).:]{1,2}(?=\s|\*|$)|[\s*]{0,4}$)")
_LAST = re.compile(r"(?<![A-Z] or )(?<![A-Z]\) or )(?<![A-Z]\) and )\((?P<letter>[A-Z])\)[.\s*]{0,4}\Z")
_SEVERAL = re.compile(r"\s?(?:or|and|/|,)\s{0,2}\(?[A-Z](?![\w'’])", re.I)
# "The answer is a matter of taste", "Answer: I think so": words, unless they go on like this.
_PROSE = re.compile(r"\s+(?!because|since|as|for|is|which|by|due|with|and|or|but)[a-z]")
# A base model goes on to invent the next question; a reasoner's last word follows its trace.
_NEXT = re.compile(r"\n\s{0,4}(?:\*\*|#{1,4} )?(?:Question|Q)\s?\d{0,4}\s?[:.]")
_TRACE_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.I)


def key_of(probe: Probe) -> tuple[int, int]:
    """(number of the right option, number of options) of a probe's tags; `NONE` = no key, 0 = not said."""
    tags = dict(t.partition(":")[::2] for t in probe.tags if ":" in t)
    right = tags.get("answer", "").strip().upper()
    options = tags.get("options", "").strip()
    number = LETTERS.index(right) if len(right) == 1 and right in LETTERS else NONE
    count = int(options) if options.isascii() and options.isdigit() and len(options) < 3 else 0
    # A key outside of its own options is a mistake in the key, not a question to judge by.
    return (NONE if count and number >= count else number), min(count, len(LETTERS))


def chosen_option(text: str, options: int = 26, characters: int = 4000) -> int | None:
    """Number of the option that an answer chooses (0 = A), or None.

    Parameters
    ----------
    options : letters beyond this many are not options.
    characters : looks at the last so many characters, then, finding nothing, at the first so many.
    """
    after = _TRACE_END.split(text)[-1]
    text = after if after.strip() else text
    following = _NEXT.search(text, len(text) - len(text.lstrip()) + 1)
    text = text[: following.start()] if following else text
    for part in (text[-characters:], text[:characters]) if len(text) > characters else (text,):
        letters = [n for _, n in sorted(_stated(part)) if n < options]
        if letters:
            return letters[-1]
        for weaker in (_BOLD.finditer(part), _alone(part)):
            found = {LETTERS.index(m["letter"]) for m in weaker}
            if len(found) == 1 and min(found) < options:  # several = a list of the options, not a choice
                return found.pop()
    return None


def _stated(text: str) -> Iterator[tuple[int, int]]:
    """(position, option) of every stated letter."""
    for pattern in _STATED:
        for match in pattern.finditer(text):
            if not _SEVERAL.match(text, match.end("close")) and _is_option(text, match):
                yield match.start("letter"), LETTERS.index(match["letter"].upper())


def _alone(text: str) -> Iterator[re.Match[str]]:
    """Letters that stand alone; line by line, which is faster than a multi-line search."""
    yield from filter(None, map(_LINE.match, text.split("\n")))
    yield from _LAST.finditer(text, max(0, len(text) - 20))


def _is_option(text: str, match: re.Match[str]) -> bool:
    """Whether a matched letter is an option rather than a word ("a", "I") or a variable ("answer: x + 1")."""
    if match["open"] and match["close"].strip(" *"):
        return True
    end = match.end("letter")
    if match["letter"].islower():
        return not text[end:].split("\n", 1)[0].strip(" .*)")
    return match["letter"] not in "AI" or not _PROSE.match(text, end)


def keys_of(panel: PanelView) -> tuple[Int16, Int16]:
    """Right option (`NONE` = no key) and number of options (0 = not said): two (n_probes,) int16."""
    pairs = np.array([key_of(p) for p in panel.probes], dtype=np.int16).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def choices(panel: PanelView, characters: int) -> Int16:
    """Chosen option of every subject on every keyed probe.

    Returns
    -------
    (n_subjects, n_probes) int16, 0 = A; `NONE` where there is no key, no answer or no choice.
    """
    keys, options = keys_of(panel)
    chosen = np.full((len(panel.subjects), len(panel.probes)), NONE, dtype=np.int16)
    for probe in np.flatnonzero(keys != NONE):
        limit = int(options[probe]) or len(LETTERS)
        for subject, text in enumerate(panel.answers(int(probe))):
            option = None if text is None else chosen_option(text, limit, characters)
            chosen[subject, probe] = NONE if option is None else option
    return chosen
