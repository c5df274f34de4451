"""Markers of reasoning text: the phrases and tags that `traces` counts.

Markers of long reasoning traces as named by Guo et al. 2025 (DeepSeek-R1, arXiv 2501.12948, section 2.2.4)
and Gandhi et al. 2025 (arXiv 2503.01307: verification, backtracking). English phrases only. Patterns are
for RE2 (`pyarrow.compute.count_substring_regex`), which is linear in the text whatever it holds; case is
ignored.
"""

from __future__ import annotations

import re

# Tags that models or their hosts put around a trace; an open one may be part of the prompt and missing.
_TAG = r"(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis)"
THINK_TAG = rf"</?{_TAG}>|<\|(?:begin|end)_of_thought\|>"
OPEN_TAG = re.compile(rf"<{_TAG}>|<\|begin_of_thought\|>", re.I)
CLOSE_TAG = re.compile(rf"</{_TAG}>|<\|end_of_thought\|>", re.I)

_LINE = r"(?:^|\n|>)[#*_\s]{0,6}"
MARKERS: dict[str, str] = {
    "think tag": THINK_TAG,
    "wait": r"\bwait\s?(?:[,.!?…—-]|\b(?:no|but|a (?:moment|minute|second)|maybe|actually|if|so)\b)",
    "hmm": r"\bh+m{2,}\b",
    "actually": r"\bactually,",
    "alternatively": r"\balternatively\b",
    "mistake": (
        r"\b(?:i (?:made|must have made) (?:a|an) (?:mistake|error)|my mistake|scratch that|on second thought"
        r"|i was wrong|oops|that (?:can't|cannot|can’t|doesn't|doesn’t) (?:be right|seem right|make sense)"
        r"|that's not right|that’s not right)\b"
    ),
    "let me": r"\blet me\b",
    "verify": (
        r"\b(?:double[- ]?check|re-?check|re-?examine|re-?read|(?:to|let me|let's|let’s|i'll|i’ll|i should)"
        r" (?:just )?(?:verify|check|confirm|make sure))"
    ),
    "question": r"\b(?:right|is that (?:right|correct)|does that make sense|what if [^.?!\n]{1,80})\?",
    "I need": r"\bi (?:need|have|should|can|will|must|want) to\b|\bi'll\b|\bi’ll\b",
    "let us": r"\b(?:let's|let’s|let us)\b",
    "okay": _LINE + r"(?:okay|ok|alright|all right)\b",
    "numbered step": _LINE + r"step\s\d",
    "sequence": r"\b(?:first|next|then|finally|now),",
    "conclusion": r"\b(?:therefore|thus|hence|so),",
    "final answer": r"\bfinal answer\b|\\boxed",
}
