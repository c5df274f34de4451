"""`identity`: who the model says it is. It has no weight in any verdict: context only.

No weight (METHOD of this project, section 6) because a self-identification need not come from the teacher:
the web since 2022 is full of text in which an assistant says that it is ChatGPT, models name another maker
without any distillation, and one line of a system prompt changes the answer. Contradicting identities are
one of the two signs counted by Lee et al. 2025 ("identity consistency evaluation", arXiv 2501.12619); here
they are shown, never counted. Leaves out identities claimed without a first person, and other languages
than English and (a little) Chinese.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
import pyarrow.compute as pc

from detectors.providers import AMBIGUOUS, PLAIN
from detectors.types import Access, Channel, Measurement, PanelView

# An answer without a first person or a role is not read any further (RE2, over the whole panel at once).
_FIRST_PERSON = r"\b(?:I am|I'm|I’m|I was|I've been|my name is|call me|as an?)\b|我是|我叫"

_I_AM = r"(?i:\b(?:I am|I'm|I’m)(?: (?:actually|just|simply|only|indeed|called|named|known as))?)"
_I_WAS = r"(?i:\b(?:I was|I've been|I have been|I am|I'm|I’m))"
_MARK = r"[\"'“‘*_` ]{1,4}"
_AI = r"(?i:AI|A\.I\.|artificial intelligence|language model|LLM|chat ?bot|assistant|model|program|bot)"
# The words between "I am a" and "assistant" must not lead to another thing ("a fan of the assistant").
_WORD = r"(?:(?!(?i:of|for|about|with|that|who|using|not|like)\b)[\w'-]{1,30}[ ,]{1,2})"
_NOUN = rf"(?i:an? |the |your )?{_WORD}{{0,6}}?{_AI}\b(?:[ -]{_AI}\b){{0,3}}"
_MADE = r"(?i:developed|created|trained|made|built|designed|provided|powered|fine-?tuned|released|maintained)"
_TEAM = r"(?: the)?(?: (?:company|team|researchers|engineers|people|folks)(?: at)?)?"
_BY = rf"(?i:(?: and \w{{1,20}})? (?:by|at){_TEAM})"
_WHICH = r"(?:(?:that|which|who) (?:is|was|has been) |I (?:was|am|have been) |I'm )"
_ASIDE = rf"[, (]{{1,3}}(?i:{_WHICH}?(?:\w{{1,20}}ly )?)"
_NAMED = rf"{_ASIDE}(?:{_MADE}{_BY}|(?i:called|named|known as|based on|from|by))"
_PART = r"(?i:(?:an? )?(?:instance|version|variant|variation|model) of)"
_SENTENCE_END = re.compile(r"[.!?\n]")
_MACHINE = re.compile(rf"\b{_AI}\b")
# How far from an ambiguous name its sentence is searched for a word such as "assistant".
_NEAR = 120


@dataclass(frozen=True)
class Identity:
    """Whether a subject gives itself the identity that the teacher gives itself most often.

    Parameters
    ----------
    characters : how much of an answer is read.
    """

    characters: int = 4000

    name = "identity"
    channel = Channel.CONTEXT
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """An answer in which a model says who it is."""
        if next(_claimed(panel, self.characters), None) is None:
            return "needs answers in which a model says who it is; none does"
        return ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistic `same_identity`: 1 = names the teacher's, 0 = another, NaN = nobody, or teacher none."""
        names = sorted({*PLAIN, *AMBIGUOUS})
        said = np.zeros((len(panel.subjects), len(panel.probes), len(names)), dtype=bool)
        for subject, probe, claimed in _claimed(panel, self.characters):
            said[subject, probe, [names.index(c) for c in claimed]] = True
        # Ties go to the first name of the alphabet, so that the order of probes does not matter.
        often = said[list(teachers)].sum(axis=1)
        own = said[:, :, often.argmax(axis=1)].transpose(0, 2, 1)
        known = (said.sum(axis=2) > 0)[:, None, :] & (often.sum(axis=1) > 0)[None, :, None]
        values = np.where(known, own, np.nan).astype(np.float32)
        return (
            Measurement(self.name, "same_identity", self.channel, "share of claims", values, asdict(self)),
        )


def claims(panel: PanelView, characters: int = 4000) -> dict[str, dict[str, int]]:
    """In how many answers each subject claims to be of each provider.

    Returns
    -------
    Subject to {provider: answers}, most frequent first; every subject is there, silent ones empty.
    """
    counts: dict[str, Counter[str]] = {subject: Counter() for subject in panel.subjects}
    for subject, _, claimed in _claimed(panel, characters):
        counts[panel.subjects[subject]].update(claimed)
    return {s: dict(sorted(c.items(), key=lambda n: (-n[1], n[0]))) for s, c in counts.items()}


def identities(text: str) -> frozenset[str]:
    """Providers that a text claims as its own, e.g. {"OpenAI"}; empty where it claims none."""
    return frozenset(
        _provider_of()[_plain(match["sure"] or match["perhaps"])]
        for pattern in _statements()
        for match in pattern.finditer(text)
        if match["sure"] or _about_a_machine(text, match)
    )


def _claimed(panel: PanelView, characters: int) -> Iterator[tuple[int, int, frozenset[str]]]:
    """(subject, probe, providers) of every answer that claims an identity."""
    texts = pc.utf8_slice_codeunits(panel.texts, 0, characters)
    speaks = pc.match_substring_regex(texts, _FIRST_PERSON, ignore_case=True)
    names = rf"{_any_of(PLAIN)}|{_any_of(AMBIGUOUS)}"
    candidates = pc.and_(speaks, pc.match_substring_regex(texts, names, ignore_case=True))
    for row in np.flatnonzero(pc.fill_null(candidates, False).to_numpy(zero_copy_only=False)):
        found = identities(texts[int(row)].as_py())
        if found:
            yield int(row) % len(panel.subjects), int(row) // len(panel.subjects), found


@cache
def _statements() -> tuple[re.Pattern[str], ...]:
    """Patterns whose group `sure` or `perhaps` is a name; `perhaps` needs an AI word in its sentence."""
    # Other names may be lower-cased; "pi" and "solar" may not.
    name = rf"(?:(?P<sure>(?i:{_any_of(PLAIN)}))|(?P<perhaps>{_any_of(AMBIGUOUS)}))(?![A-Za-z0-9_])"
    return (
        re.compile(rf"(?:{_I_AM}|(?i:\bmy name is|\bcall me))(?: {_PART})?{_MARK}{name}"),
        re.compile(rf"(?:{_I_AM}|{_I_WAS}|(?i:\bas)) {_NOUN}{_NAMED}{_MARK}{name}"),
        re.compile(rf"{_I_WAS}(?: \w{{1,20}}ly)? {_MADE}{_BY}{_MARK}{name}"),
        re.compile(rf"我[是叫][^。！？\n不]{{0,12}}?{name}"),
    )


def _any_of(table: dict[str, tuple[str, ...]]) -> str:
    """Alternatives for all names of a table, longest first so that "GPT-4o" is not read as "GPT-4"."""
    names = sorted((n for names in table.values() for n in names), key=lambda n: (-len(n), n))
    return "|".join("[- ]?".join(map(re.escape, re.split("[- ]", n))) for n in names)


@cache
def _provider_of() -> dict[str, str]:
    tables = (PLAIN, AMBIGUOUS)
    return {_plain(name): provider for t in tables for provider, names in t.items() for name in names}


def _plain(name: str) -> str:
    return name.replace("-", "").replace(" ", "").casefold()


def _about_a_machine(text: str, match: re.Match[str]) -> bool:
    """Whether the sentence around an ambiguous name holds a word such as "assistant"."""
    before = _SENTENCE_END.split(text[max(0, match.start() - _NEAR) : match.start("perhaps")])[-1]
    after = _SENTENCE_END.split(text[match.end("perhaps") : match.end("perhaps") + _NEAR])[0]
    return bool(_MACHINE.search(before) or _MACHINE.search(after) or "模型" in after or "助手" in after)
