"""The SQL of one pass: reads what a plan names, applies every rule, counts rows by what they show.

A row's keys are its generators, sources and licences as far as they are known names, and what its text shows;
rows with the same keys are one group. Leaves out running it (`look.py`), and what a group means (`tally.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.overlap.statements import literal
from auditor.scan.rows.columns import Answer, Plan
from auditor.scan.rows.paths import ITEM, Place, Steps, reach
from auditor.scan.rows.patterns import patterns
from auditor.scan.rows.text import stages

BETWEEN = "\x1f"
"""Between names of one key."""
EXAMPLES = 3
"""Rows of a group that are kept as evidence; a group is of one file."""
LONGEST_KEY = 200
LONGEST_REQUEST = 4000
GROUPS = 20_000
"""Groups of a file set that are counted one by one, those with most rows; only hostile files have more."""
WORD = r"[^\x1f]"
MAKERS = "openai|anthropic|mistral-?ai|xai|cohere|(?:google-)?deepmind"
SEPARATOR = f"chr({ord(BETWEEN)})"


def statement(plan: Plan, source: str, root: str, bad: str, where: str) -> str:
    """One statement over `source`, a relation with the columns file, row, line and what the plan reads.

    Parameters
    ----------
    root : column that holds a record as a struct. bad : SQL of "could not be
        read". where : a condition on rows, or "".
    """
    raw, alike, keys = key_columns(plan, root)
    texts = [f"{_answer(a, root)} AS t{k}" for k, a in enumerate(plan.answers)]
    values = [*raw, f"{_date(plan, root)} AS day", f"{bad} AS bad", *texts]
    names = [k.rsplit(" AS ", 1)[1] for k in keys]
    raws = [r.rsplit(" AS ", 1)[1] for r in raw]
    n = range(len(plan.answers))
    every = [list(stages(k)) for k in n]
    steps = ["".join(f", {step[i]}" for step in every) for i in range(6)]
    asked, played = _request(plan, root), literal(patterns().played)
    carried = ", ".join(["file", "row", "line", *names, *raws, "day", "bad"])
    words = f"coalesce({', '.join(f'w{k}' for k in n)})" if n else "NULL"
    marks = f"coalesce({', '.join(f'e{k}' for k in n)})" if n else "NULL"
    spoke = " OR ".join(f"len(s{k}) > 0" for k in n) or "false"
    kept = ", ".join(f"CASE WHEN played THEN []::VARCHAR[] ELSE s{k} END, m{k}" for k in n)
    example = ", ".join(["row := row", "line := line", "words := words", "mark := mark", *_packed(raws)])
    group = ", ".join(["file", *names, "hits"])
    return f"""
WITH base AS (SELECT file, row, line, {root} FROM {source} {f"WHERE {where}" if where else ""}),
read AS (SELECT *, {", ".join(values)} FROM base),
alike AS (SELECT *{"".join(", " + a for a in alike)} FROM read),
looked AS (SELECT *{"".join(", " + k for k in keys)}{steps[0]} FROM alike),
cued AS (SELECT *{steps[1]} FROM looked),
clear AS (SELECT *{steps[2]} FROM cued),
selves AS (SELECT *{steps[3]} FROM clear),
spoken AS (SELECT *{steps[4]} FROM selves),
told AS (SELECT {carried}{"".join(f", s{k}, m{k}" for k in n)},
    {words} AS words, {marks} AS mark,
    CASE WHEN {spoke} THEN coalesce(regexp_matches({asked}, {played}), false) ELSE false END AS played
    FROM (SELECT *{steps[5]} FROM spoken)),
rows AS (SELECT {carried}, words, mark,
    array_to_string(list_sort(list_distinct(flatten([{kept}]))), {SEPARATOR}) AS hits FROM told)
SELECT {group}, count(*) AS n, count(*) FILTER (WHERE bad) AS n_bad, min(day) AS first, max(day) AS last,
    arg_min(struct_pack({example}), row, {EXAMPLES}) AS examples
FROM rows GROUP BY ALL ORDER BY n DESC LIMIT {GROUPS}"""


def texts(plan: Plan, source: str, root: str) -> str:
    """One answer a row: file, row, the number of the answer in the plan, and its text."""
    every = ", ".join(f"{{'n': {k}, 't': {_answer(a, root)}}}" for k, a in enumerate(plan.answers))
    return (
        "SELECT file, row, CAST(struct_extract(one, 'n') AS VARCHAR) AS answer, "
        "struct_extract(one, 't') AS text "
        f"FROM (SELECT file, row, unnest([{every}]) AS one FROM {source}) WHERE strlen(text) > 0"
    )


def _packed(raws: Sequence[str]) -> list[str]:
    return [f"{r} := {r}" for r in raws]


def key_columns(plan: Plan, root: str) -> tuple[list[str], list[str], list[str]]:
    """Columns as they stand, names written alike in them, what rows are grouped by; each reads the former."""
    raw, alike, keys = [], [], []
    for kind, places, written, known in (
        ("g", plan.generators, _plain, _model),
        ("d", plan.sources, _slug, _dataset),
    ):
        for i, place in enumerate(places):
            raw.append(f"{_first(place, root)} AS r{kind}{i}")
            alike.append(f"{written(_values(place, root) if place.many else f'r{kind}{i}')} AS p{kind}{i}")
            keys.append(f"{known(f'p{kind}{i}', place.many)} AS {kind}{i}")
    for i, place in enumerate(plan.licences):
        keys.append(f"nullif(trim({_first(place, root)}), '') AS l{i}")
    for i, (place, _) in enumerate(plan.named):
        keys.append(f"coalesce(trim({_first(place, root)}) != '', false) AS n{i}")
    for i, place in enumerate(plan.envelopes):
        keys.append(f"({at_place(place, root)}) IS NOT NULL AS v{i}")
    return raw, alike, keys


def at_place(place: Place, root: str, below: Sequence[Steps] = ()) -> str:
    """SQL of what lies at a place of a record."""
    return reach(root, place.steps, 0, below)


def _first(place: Place, root: str) -> str:
    """The value, of several the first one that is there, as it stands, cut."""
    at = at_place(place, root)
    if place.many:
        at = f"list_filter({at}, lambda v: v IS NOT NULL)[1]"
    return f"left(CAST({at} AS VARCHAR), {LONGEST_KEY})"


def _values(place: Place, root: str) -> str:
    """Different values of a row as one text, with `BETWEEN` before, between and after them."""
    short = f"list_transform({at_place(place, root)}, lambda v: left(CAST(v AS VARCHAR), {LONGEST_KEY}))"
    joined = f"array_to_string(list_distinct({short}), {SEPARATOR} || {SEPARATOR})"
    return f"{SEPARATOR} || {joined} || {SEPARATOR}"


def _plain(value: str) -> str:
    """SQL of a value as `names.plain` writes it, without its maker before it ("OpenAI GPT-4")."""
    plain = (
        f"regexp_replace(replace(replace(regexp_replace(rtrim(lower(trim({value})), '/'), '{WORD}*/', '', "
        "'g'), '_', '-'), ':', '-'), ' +', '-', 'g')"
    )
    return f"regexp_replace({plain}, '(^|{BETWEEN})(?:{MAKERS})-', '\\1', 'g')"


def _model(plain: str, many: bool) -> str:
    """SQL of a plain name, if it is on file; "?" before it if it only looks like one; of many, joined."""
    known, shapes = patterns().known, patterns().shapes
    if many:
        each = [_among(plain, p) for p in (known, shapes)]
        other = f"list_filter({each[1]}, lambda m: NOT list_contains({each[0]}, m))"
        other = f"list_transform({other}, lambda m: '?' || m)"
        return f"nullif(array_to_string(list_sort({each[0]} || {other}), {SEPARATOR}), '')"
    return (
        f"CASE WHEN regexp_full_match({plain}, {literal(known)}) THEN {plain} "
        f"WHEN regexp_full_match({plain}, {literal(shapes)}) THEN '?' || {plain} END"
    )


def _among(joined: str, pattern: str) -> str:
    """The values of a joined text that a pattern meets."""
    own = pattern.replace(".*", f"{WORD}*")
    return f"regexp_extract_all({joined}, {literal(f'{BETWEEN}({own}){BETWEEN}')}, 1)"


def _slug(value: str) -> str:
    """SQL of a value in lower case without spaces around; `_dataset` makes it a slug."""
    return f"lower(trim({value}))"


def _dataset(name: str, many: bool) -> str:
    """SQL of the hub id of a known dataset, "@" before it, or its id or alias; of many, the first."""
    hubs, slugs = literal(patterns().hubs), literal(patterns().slugs)
    if many:
        name = f"trim(regexp_extract({name}, '{WORD}+'))"
    slug = f"trim(regexp_replace(regexp_replace({name}, '^.*/', ''), '[^a-z0-9.]+', '-', 'g'), '-')"
    return (
        f"CASE WHEN regexp_full_match({name}, {hubs}) THEN '@' || {name} "
        f"WHEN regexp_full_match({slug}, {slugs}) THEN {slug} END"
    )


def _date(plan: Plan, root: str) -> str:
    """The day of a row: a date as text, or seconds or milliseconds since 1970."""
    if not plan.dates:
        return "NULL::DATE"
    value = _first(plan.dates[0], root)
    return (
        f"list_transform([{value}], lambda d: CASE "
        r"WHEN regexp_full_match(d, '1[0-9]{9}(\.[0-9]*)?') THEN CAST(make_timestamp(CAST(CAST(d AS DOUBLE) "
        r"* 1000000 AS BIGINT)) AS DATE) "
        r"WHEN regexp_full_match(d, '1[0-9]{12}') "
        r"THEN CAST(make_timestamp(CAST(d AS BIGINT) * 1000) AS DATE) "
        r"WHEN regexp_matches(d, '^20[0-9]{2}-') THEN TRY_CAST(left(d, 10) AS DATE) END)[1]"
    )


def _answer(answer: Answer, root: str) -> str:
    """The text of the answers of a row, several turns one after another; NULL where there is none."""
    at = at_place(answer.place, root, answer.below)
    if answer.role:
        return _lines(turns(at, answer, patterns().columns["assistants"]))
    if answer.alternating:
        return f"array_to_string(list_filter({at}, lambda t, i: i % 2 = 0), chr(10))"
    return f"array_to_string({at}, chr(10))" if answer.place.many else f"CAST({at} AS VARCHAR)"


def turns(at: str, answer: Answer, roles: frozenset[str]) -> str:
    """SQL of a list: the texts of the turns of some roles."""
    at = f"flatten({at})" if answer.place.steps.count(ITEM) else at
    wanted = ", ".join(literal(r) for r in sorted(roles))
    own = f"list_filter({at}, lambda m: lower(struct_extract(m, {literal(answer.role)})) IN ({wanted}))"
    content = f"struct_extract(m, {literal(answer.content)})"
    if answer.parts:
        content = f"array_to_string(list_transform({content}, lambda p: struct_extract(p, 'text')), chr(10))"
    return f"list_transform({own}, lambda m: CAST({content} AS VARCHAR))"


def _lines(texts: str) -> str:
    return f"array_to_string({texts}, chr(10))"


def _request(plan: Plan, root: str) -> str:
    """What users asked."""
    parts = [
        _lines(turns(at_place(a.place, root, a.below), a, patterns().columns["users"]))
        for a in plan.answers
        if a.role
    ]
    parts += [
        f"array_to_string(list_filter({at_place(a.place, root, a.below)}, lambda t, i: i % 2 = 1), chr(10))"
        for a in plan.answers
        if a.alternating
    ]
    parts += [f"left(CAST({at_place(p, root)} AS VARCHAR), {LONGEST_REQUEST})" for p in plan.requests]
    return f"concat_ws(chr(10), {', '.join(parts)})" if parts else "NULL"
