"""`Identified`: which licence a text is, by our fingerprints, a library, or what a short notice says.

A text with words of its own beside a known licence is "like" it where those words restrict something: an MIT
text with a non-commercial clause is not MIT. Leaves out finding the files (`files.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditor.scan.licences import declared, fingerprints, prose
from auditor.scan.licences.expressions import spdx_id

LONGEST = 100_000
"""Characters of a text that are looked at."""
SHORT = 2_000
"""Characters up to which a text may be a notice that only names a licence."""
COVERED = 0.75
"""Share of a text that a known licence has to fill: the library's own threshold."""
_PART = 0.2
_RESTRICTING = (
    *(
        r"non[\s-]?commercial",
        r"\bresearch (?:use |purposes? )?only\b",
        r"\bprohibit(?:ed|ion)",
        r"\brestricti",
    ),
    r"\b(?:may|must|shall|can) ?not (?!apply|be (?:liable|deemed))",
    *(
        r"\badditional (?:terms|conditions)",
        r"\bonly modification",
        r"\bmodification part",
        r"\bcompet(?:e|ing|itor)",
    ),
    *(r"\bimprove any", r"\bcommons clause\b", r"\bonly (?:be used |used )?for\b", r"\bprovided that\b"),
)
_RESTRICTS = re.compile("|".join(_RESTRICTING), re.I)
_PREFACE = re.compile(
    r"creative commons (?:is not|may be contacted|corporation is not|public licenses)", re.I
)


@dataclass(frozen=True, slots=True)
class Identified:
    """What a text, or a part of it, is.

    Attributes
    ----------
    licence : id; "" = a text that nobody knows, like `like`. how : "fingerprint", "text" or "notice".
    confidence : "low", "medium" or "high". start, end : characters. why : what does not fit.
    policy : a use policy that lies beside a licence.
    """

    licence: str
    how: str
    confidence: str
    start: int
    end: int
    like: str = ""
    why: str = ""
    policy: bool = False


def identify(text: str) -> tuple[Identified, ...]:
    """Tell which licences a text is; empty = nobody knows it."""
    text = text[:LONGEST]
    if not text.strip():
        return ()
    ours = fingerprints.find(text)
    if any(not match.lacking for match in ours):
        return tuple(_of_print(match, ours, text) for match in ours)
    known = _by_library(text)
    if known and known[0].licence and not (ours and _named_in(ours[0].start, known)):
        return known
    if ours:
        return tuple(_of_print(match, ours, text) for match in ours)
    return known or _notice(text)


def _of_print(match: fingerprints.Match, all_: tuple[fingerprints.Match, ...], text: str) -> Identified:
    """Make a result of a match of ours."""
    end = next((other.start for other in all_ if other.start > match.start), len(text))
    if match.lacking:
        why = "; ".join(dict.fromkeys(match.lacking))
        return Identified("", "fingerprint", "medium", match.start, end, match.licence, why, match.policy)
    return Identified(match.licence, "fingerprint", match.confidence, match.start, end, policy=match.policy)


def _named_in(start: int, known: tuple[Identified, ...]) -> bool:
    """Tell whether the title of a model licence stands outside what the library knows."""
    return not any(part.start <= start < part.end for part in known)


def _by_library(text: str) -> tuple[Identified, ...]:
    """Ask the library, and look at what it leaves over."""
    from licenseclassifier import identify_license

    found = identify_license(text, coverage_threshold=0)
    if not found:
        return ()
    left, at = [], 0
    for part in found:
        left.append(text[at : part.start])
        at = max(at, part.end)
    rest = "\n".join([*left, text[at:]])
    covered = 1 - len(rest.strip()) / len(text.strip())
    if covered < _PART:
        return ()
    restricts = _RESTRICTS.search(_own(rest))
    if restricts or covered < COVERED:
        why = "words of its own that restrict" if restricts else "most of it is known, the rest is not"
        first = max(found, key=lambda part: part.end - part.start)
        return (Identified("", "text", "low", first.start, first.end, spdx_id(first.id) or first.id, why),)
    return tuple(Identified(spdx_id(p.id) or p.id, "text", "high", p.start, p.end) for p in found)


def _own(rest: str) -> str:
    """Leave out what belongs to no terms: a licence's name, and the preface of Creative Commons."""
    paragraphs = (part for part in re.split(r"\n\s*\n|\n", rest) if not _PREFACE.search(part))
    return "\n".join(part for part in paragraphs if len(part) > SHORT or not declared.names_only(part))


def _notice(text: str) -> tuple[Identified, ...]:
    """Read a short text that names a licence and is none."""
    if len(text.strip()) > SHORT:
        return ()
    return tuple(
        Identified(m.licence, "notice", "medium", m.offset, len(text))
        for m in prose.mentions(text)
        if m.stated and not m.limit
    )
