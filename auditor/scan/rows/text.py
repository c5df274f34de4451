"""The SQL that looks at one text: cues, sentences, guards, names, refusals, marks of templates.

Leaves out which texts (`statement.py`), and what a name means (`signs.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.overlap.statements import literal
from auditor.scan.rows.patterns import patterns

LONGEST_SENTENCE = 1000
AROUND = 90
"""Characters before a mark that are kept as evidence; as many come after it."""
LINE = r"[^\n]*"
ENDS = r"[.!?]\s|[\r。！？]"
"""What ends a sentence: a full stop does only before a space, so that "GPT-3.5" is no end."""
NONE = "[]::VARCHAR[]"


def stages(k: int) -> Iterator[str]:
    """The k-th text, step by step, each step on what the one before left, so that most rows cost one pattern.

    No pattern stands inside a lambda: DuckDB would compile it again for every 2,048 rows. So sentences are
    lines of one text: c the text if it meets a cue, q its sentences that do, f its first mark; a sentences
    that are not guarded, m the code of the mark, e what is around it; b sentences in which it says who it is,
    r one that refuses; i those of b that speak of an AI; s codes of names and refusals, w a sentence to show.
    """
    own = patterns()
    yield f"CASE WHEN regexp_matches(t{k}, {literal(own.cues)}) THEN t{k} END AS c{k}"
    cued = f"{LINE}{own.sentence_cues.removeprefix('(?i)')}{LINE}"
    sentences = f"regexp_replace(c{k}, {literal(ENDS)}, chr(10), 'g')"
    yield (
        f"CASE WHEN regexp_matches(c{k}, {literal(own.sentence_cues)}) "
        f"THEN {_joined(sentences, cued)} END AS q{k}, "
        f"nullif(regexp_extract(c{k}, {literal(own.marks)}), '') AS f{k}"
    )
    guarded = literal(f"(?im)^{LINE}{own.guards.removeprefix('(?im)')}{LINE}$")
    yield (
        f"CASE WHEN regexp_matches(q{k}, {literal(own.guards)}) "
        f"THEN regexp_replace(q{k}, {guarded}, '', 'g') ELSE q{k} END AS a{k}, "
        f"CASE WHEN f{k} IS NOT NULL THEN ['{k:x}:m' || left(f{k}, 40)] ELSE {NONE} END AS m{k}, "
        f"CASE WHEN f{k} IS NOT NULL "
        f"THEN substr(c{k}, greatest(1, instr(c{k}, f{k}) - {AROUND}), {2 * AROUND + 40}) END AS e{k}"
    )
    selves = "|".join(f.removeprefix("(?i)") for f in own.selves)
    refusals = own.refusals.removeprefix("(?i)")
    yield (
        f"CASE WHEN regexp_matches(a{k}, {literal(own.named)}) "
        f"AND regexp_matches(a{k}, {literal(f'(?i){selves}')}) "
        f"THEN {_joined(f'a{k}', f'{LINE}(?:{selves}){LINE}')} END AS b{k}, "
        f"CASE WHEN regexp_matches(a{k}, {literal(own.refusals)}) "
        f"THEN regexp_extract(a{k}, {literal(f'(?i){LINE}{refusals}{LINE}')}) END AS r{k}"
    )
    of_ai = f"{LINE}{own.ai.removeprefix('(?i)')}{LINE}"
    yield f"CASE WHEN b{k} != '' THEN {_joined(f'b{k}', of_ai)} END AS i{k}"
    yield (
        f"list_concat(CASE WHEN b{k} != '' THEN flatten([{_names(k, 'b', '-')}, {_names(k, 'i', '+')}]) "
        f"ELSE {NONE} END, CASE WHEN r{k} != '' THEN ['{k:x}:r'] ELSE {NONE} END) AS s{k}, "
        f"left(coalesce(split_part(nullif(b{k}, ''), chr(10), 1), r{k}), {LONGEST_SENTENCE}) AS w{k}"
    )


def _joined(text: str, pattern: str) -> str:
    """All that meets a pattern, regardless of case, one a line."""
    return f"array_to_string(regexp_extract_all({text}, {literal(f'(?i){pattern}')}), chr(10))"


def _names(k: int, text: str, sign: str) -> str:
    """Codes of what the sentences call themselves."""
    each = ", ".join(f"regexp_extract_all({text}{k}, {literal(f)}, 1)" for f in patterns().selves)
    return f"list_transform(flatten([{each}]), lambda h: '{k:x}:s{sign}' || lower(h))"
