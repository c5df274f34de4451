"""Countable style features of one answer: what is counted, and per how much of what.

Function words, punctuation, word length, sentence and paragraph length, Markdown structure, layout.
English function words: other languages keep the language-free features. Leaves out parts of speech
and any distance between models (`stylometry.py`).
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from detectors.tokens import WORD
from detectors.types import Float64

# The closed word classes of English (articles, pronouns, prepositions, conjunctions, auxiliaries,
# negation, common adverbs), as in Burrows (2002); topic words are left out on purpose.
FUNCTION_WORDS = tuple(
    """
    a an the this that these those i me my you your he him his she her it its we us our they them their
    who whom whose which what where when why how of in to for on with at by from as into about like
    through over between after before under without within during including against among toward upon
    and or but nor so yet if because while although though unless since than whether until is are was
    were be been being am do does did have has had can could will would shall should may might must not
    no there here very also just only even still more most much many some any all both each every either
    neither other another such own same too then thus therefore however additionally furthermore overall
    first second finally often always never usually sometimes up out down off again
    """.split()  # noqa: SIM905 - a list of 150 quoted words cannot be read
)
MARKS = tuple(".,;:!?'\"()-–—/*#`&%")
MARKDOWN = {
    "heading": re.compile(r"^#{1,6} ", re.M),
    "bullet": re.compile(r"^[ \t]*[-*•] ", re.M),
    "numbered": re.compile(r"^[ \t]*\d{1,3}[.)] ", re.M),
    "bold": re.compile(r"\*\*"),
    "code fence": re.compile(r"^```", re.M),
    "table row": re.compile(r"^\|", re.M),
}
SENTENCE = re.compile(r"[.!?]+(?:\s|$)")

# What a feature is a rate of. Every answer yields one total of each kind.
PER = ("words", "characters", "lines", "sentences", "paragraphs")
FEATURES: tuple[tuple[str, str], ...] = (
    *((f"word: {w}", "words") for w in FUNCTION_WORDS),
    *((f"mark: {m}", "characters") for m in MARKS),
    ("digits", "characters"),
    ("capitals", "characters"),
    ("non-ASCII", "characters"),
    ("letters a word", "words"),
    ("words a sentence", "sentences"),
    ("words a paragraph", "paragraphs"),
    ("paragraph breaks", "lines"),
    *((f"markdown: {name}", "lines") for name in MARKDOWN),
)
DENOMINATOR = np.array([PER.index(per) for _, per in FEATURES])


def count_features(text: str) -> tuple[Float64, Float64]:
    """Count the features of one text.

    Returns
    -------
    counts : (n_features,) float64, in the order of `FEATURES`; totals : (5,) float64, in that of `PER`.
    """
    found = WORD.findall(text.lower())
    words, characters = Counter(found), Counter(text)
    lines = text.count("\n") + 1
    paragraphs = sum(1 for part in text.split("\n\n") if part.strip())
    sentences = max(len(SENTENCE.findall(text)), 1)
    counts = [
        *(words[w] for w in FUNCTION_WORDS),
        *(characters[m] for m in MARKS),
        sum(characters[d] for d in "0123456789"),
        sum(n for c, n in characters.items() if c.isupper()),
        sum(n for c, n in characters.items() if not c.isascii()),
        sum(map(len, found)),
        len(found),
        len(found),
        max(paragraphs - 1, 0),
        *(len(pattern.findall(text)) for pattern in MARKDOWN.values()),
    ]
    totals = [len(found), len(text), lines, sentences, max(paragraphs, 1)]
    return np.array(counts, dtype=np.float64), np.array(totals, dtype=np.float64)
