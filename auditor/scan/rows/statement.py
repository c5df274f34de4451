"""The SQL of one pass: reads what a plan names, applies every rule, counts rows by what they show.

A row's keys are its generators, sources and licences as far as they are known names, and what its text shows;
rows with the same keys are one group. Leaves out running it (`look.py`), and what a group means (`tally.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.overlap.statements import literal
from auditor.scan.rows.columns import Answer, Plan
from auditor.scan.rows.paths import ITEM, Place, reach
from auditor.scan.rows.patterns import patterns

BETWEEN = "\x1f"
"""Between names of one key."""
EXAMPLES = 3
"""Rows of a group that are kept as evidence; a group is of one file."""
LONGEST_KEY = 200
LONGEST_SENTENCE = 1000
LONGEST_REQUEST = 4000
GROUPS = 20_000
"""Groups of a file set that are counted one by one, those with most rows; only hostile files have more."""
ENDS = r"[.!?](?:\s|$)|[\n\r。！？]"
SEPARATOR = f"chr({ord(BETWEEN)})"


def statement(plan: Plan, source: str, root: str, bad: str, where: str) -> str:
    """One statement over `source`, a relation with the columns file, row, line and what the plan reads.

    Parameters
    ----------
    root : column that holds a record as a struct, or "" = records are columns. bad : SQL of "could not be
        read". where : a condition on rows, or "".
    """
    keys, raw = _keys(plan, root)
    texts = [f"{_answer(a, root)} AS t{k}" for k, a in enumerate(plan.answers)]
    known = [*keys, *raw, f"{_date(plan, root)} AS day", f"{bad} AS bad", *texts]
    names = [k.rsplit(" AS ", 1)[1] for k in keys]
    raws = [r.rsplit(" AS ", 1)[1] for r in raw]
    n = range(len(plan.answers))
    cues = literal(patterns().cues)
    asked = _request(plan, root)
    carried = ", ".join(["file", "row", "line", *names, *raws, "day", "bad"])
    columns = "*" if not root else f"file, row, line, {root}"
    found = "".join(f", CASE WHEN regexp_matches(t{k}, {cues}) THEN t{k} END AS c{k}" for k in n)
    split = "".join(f", {_sentences(f'c{k}')} AS q{k}" for k in n)
    unguarded = "".join(f", {_unguarded(f'q{k}')} AS a{k}" for k in n)
    hits = ", ".join(_hits(k) for k in n)
    flat = f"flatten([{hits}])" if hits else "[]::VARCHAR[]"
    words = f"coalesce({', '.join(f'w{k}' for k in n)})" if plan.answers else "NULL"
    marks = f"coalesce({', '.join(_mark(k) for k in n)})" if plan.answers else "NULL"
    any_candidate = " OR ".join(f"c{k} IS NOT NULL" for k in n) or "false"
    said = ", ".join(f"{_said(k)} AS w{k}" for k in n)
    example = ", ".join(["row := row", "line := line", "words := words", "mark := mark", *_packed(raws)])
    group = ", ".join(["file", *names, "hits"])
    return f"""
WITH base AS (SELECT {columns} FROM {source} {f"WHERE {where}" if where else ""}),
read AS (SELECT *, {", ".join(known)} FROM base),
looked AS (SELECT *{found} FROM read),
split AS (SELECT *{split} FROM looked),
clear AS (SELECT *{unguarded} FROM split),
told AS (SELECT {carried}{"".join(f", c{k}, a{k}" for k in n)},
    CASE WHEN {any_candidate} THEN {flat} ELSE [] END AS found,
    CASE WHEN {" OR ".join(f"len(a{k}) > 0" for k in n) or "false"}
        THEN coalesce(regexp_matches({asked}, {literal(patterns().played)}), false) ELSE false END AS played
    FROM clear),
kept AS (SELECT {carried}{"".join(f", c{k}, a{k}" for k in n)},
    CASE WHEN played THEN list_filter(found, lambda h: h[3] = 'm') ELSE found END AS found FROM told),
shown AS (SELECT {carried}, found{"".join(f", c{k}" for k in n)}{", " + said if said else ""} FROM kept),
rows AS (SELECT {carried},
    array_to_string(list_sort(list_distinct(found)), {SEPARATOR}) AS hits,
    CASE WHEN len(found) > 0 THEN left({words}, {LONGEST_SENTENCE}) END AS words,
    CASE WHEN len(found) > 0 THEN left({marks}, {LONGEST_SENTENCE}) END AS mark FROM shown)
SELECT {group}, count(*) AS n, count(*) FILTER (WHERE bad) AS n_bad, min(day) AS first, max(day) AS last,
    arg_min(struct_pack({example}), row, {EXAMPLES}) AS examples
FROM rows GROUP BY ALL ORDER BY n DESC LIMIT {GROUPS}"""


def _packed(raws: Sequence[str]) -> list[str]:
    return [f"{r} := {r}" for r in raws]


def _keys(plan: Plan, root: str) -> tuple[list[str], list[str]]:
    """Columns rows are grouped by, and those kept as they stand."""
    keys, raw = [], []
    for i, place in enumerate(plan.generators):
        keys.append(f"{_each(place, root, model)} AS g{i}")
        raw.append(f"{_first(place, root)} AS rg{i}")
    for i, place in enumerate(plan.sources):
        keys.append(f"{_each(place, root, dataset)} AS s{i}")
        raw.append(f"{_first(place, root)} AS rs{i}")
    for i, place in enumerate(plan.licences):
        keys.append(f"nullif(trim({_first(place, root)}), '') AS l{i}")
    for i, (place, _) in enumerate(plan.named):
        keys.append(f"coalesce(trim({_first(place, root)}) != '', false) AS n{i}")
    for i, place in enumerate(plan.envelopes):
        keys.append(f"({_at(place, root)}) IS NOT NULL AS e{i}")
    return keys, raw


def _at(place: Place, root: str) -> str:
    if root:
        return reach(root, place.steps)
    column = '"' + place.steps[0].replace('"', '""') + '"'
    return reach(column, place.steps[1:])


def _first(place: Place, root: str) -> str:
    """The value, of several the first one that is there, as it stands, cut."""
    at = _at(place, root)
    if place.many:
        at = f"list_filter({at}, lambda v: v IS NOT NULL)[1]"
    return f"left(CAST({at} AS VARCHAR), {LONGEST_KEY})"


def _each(place: Place, root: str, of: object) -> str:
    """The known names among the values, joined; NULL where there is none."""
    assert callable(of)
    at = _at(place, root)
    if not place.many:
        return str(of(f"CAST({at} AS VARCHAR)"))
    each = f"list_transform(list_distinct({at}), lambda v: {of('CAST(v AS VARCHAR)')})"
    return (
        f"nullif(array_to_string(list_sort(list_filter({each}, lambda v: v IS NOT NULL)), {SEPARATOR}), '')"
    )


def model(value: str) -> str:
    """SQL of a value as `names.plain` writes it, if it is a name on file; "?" before it if it looks like one."""
    short = f"CASE WHEN strlen({value}) <= {LONGEST_KEY} THEN {value} END"
    plain = (
        "regexp_replace(replace(replace(regexp_replace(rtrim(lower(trim("
        f"{short})), '/'), '^.*/', ''), '_', '-'), ':', '-'), '\\s+', '-', 'g')"
    )
    known, shapes = literal(patterns().known), literal(patterns().shapes)
    return (
        f"list_transform([{plain}], lambda m: CASE WHEN regexp_full_match(m, {known}) THEN m "
        f"WHEN regexp_full_match(m, {shapes}) THEN '?' || m END)[1]"
    )


def dataset(value: str) -> str:
    """SQL of the hub id or alias of a known dataset that a value is; "@" before a hub id."""
    short = f"lower(trim(CASE WHEN strlen({value}) <= {LONGEST_KEY} THEN {value} END))"
    slug = f"trim(regexp_replace(regexp_replace({short}, '^.*/', ''), '[^a-z0-9.]+', '-', 'g'), '-')"
    hubs, slugs = literal(patterns().hubs), literal(patterns().slugs)
    return (
        f"CASE WHEN regexp_full_match({short}, {hubs}) THEN '@' || {short} "
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
        r"WHEN regexp_full_match(d, '1[0-9]{12}') THEN CAST(make_timestamp(CAST(d AS BIGINT) * 1000) AS DATE) "
        r"WHEN regexp_matches(d, '^20[0-9]{2}-') THEN TRY_CAST(left(d, 10) AS DATE) END)[1]"
    )


def _answer(answer: Answer, root: str) -> str:
    """The text of the answers of a row, those of several turns one after another; NULL where there is none."""
    at = _at(answer.place, root)
    if answer.role:
        return _turns(at, answer, patterns().columns["assistants"])
    if answer.alternating:
        return f"array_to_string(list_filter({at}, lambda t, i: i % 2 = 0), chr(10))"
    return f"array_to_string({at}, chr(10))" if answer.place.many else f"CAST({at} AS VARCHAR)"


def _turns(at: str, answer: Answer, roles: frozenset[str]) -> str:
    """The turns of some roles."""
    at = f"flatten({at})" if answer.place.steps.count(ITEM) else at
    wanted = ", ".join(literal(r) for r in sorted(roles))
    own = f"list_filter({at}, lambda m: lower(struct_extract(m, {literal(answer.role)})) IN ({wanted}))"
    content = f"struct_extract(m, {literal(answer.content)})"
    if answer.parts:
        content = f"array_to_string(list_transform({content}, lambda p: struct_extract(p, 'text')), chr(10))"
    return f"array_to_string(list_transform({own}, lambda m: CAST({content} AS VARCHAR)), chr(10))"


def _request(plan: Plan, root: str) -> str:
    """What users asked."""
    parts = [_turns(_at(a.place, root), a, patterns().columns["users"]) for a in plan.answers if a.role]
    parts += [
        f"array_to_string(list_filter({_at(a.place, root)}, lambda t, i: i % 2 = 1), chr(10))"
        for a in plan.answers
        if a.alternating
    ]
    parts += [f"left(CAST({_at(p, root)} AS VARCHAR), {LONGEST_REQUEST})" for p in plan.requests]
    return f"concat_ws(chr(10), {', '.join(parts)})" if parts else "NULL"


def _sentences(candidate: str) -> str:
    cue = literal(patterns().sentence_cues)
    return (
        f"CASE WHEN regexp_matches({candidate}, {cue}) THEN list_transform(list_filter("
        f"string_split_regex({candidate}, {literal(ENDS)}), lambda s: regexp_matches(s, {cue})), "
        f"lambda s: left(s, {LONGEST_SENTENCE})) END"
    )


def _unguarded(sentences: str) -> str:
    guards = literal(patterns().guards)
    return (
        f"CASE WHEN len({sentences}) > 0 "
        f"THEN list_filter({sentences}, lambda s: NOT regexp_matches(s, {guards})) END"
    )


def _hits(k: int) -> str:
    """What the k-th text shows: its number, a colon, then s+ or s- and a name, "r", or "m" and a mark."""
    own = patterns()
    ai = literal(own.ai)
    selves = [
        f"list_filter(list_transform(a{k}, lambda s: CASE WHEN regexp_extract(s, {literal(f)}, 1) != '' THEN "
        f"'{k:x}:s' || CASE WHEN regexp_matches(s, {ai}) THEN '+' ELSE '-' END "
        f"|| lower(regexp_extract(s, {literal(f)}, 1)) END), lambda h: h IS NOT NULL)"
        for f in own.selves
    ]
    refusals = (
        f"CASE WHEN len(list_filter(a{k}, lambda s: regexp_matches(s, {literal(own.refusals)}))) > 0 "
        f"THEN ['{k:x}:r'] ELSE [] END"
    )
    marks = (
        f"list_transform(list_distinct(regexp_extract_all(c{k}, {literal(own.marks)})), "
        f"lambda m: '{k:x}:m' || left(m, 40))"
    )
    words = f"CASE WHEN len(a{k}) > 0 THEN flatten([{', '.join(selves)}, {refusals}]) ELSE [] END"
    return f"{words}, CASE WHEN c{k} IS NOT NULL THEN {marks} ELSE [] END"


def _said(k: int) -> str:
    """The first sentence of the k-th text that shows something."""
    own = patterns()
    every = literal("(?i)" + "|".join(f.removeprefix("(?i)") for f in (*own.selves, own.refusals)))
    return (
        f"CASE WHEN len(found) > 0 AND len(a{k}) > 0 "
        f"THEN list_filter(a{k}, lambda s: regexp_matches(s, {every}))[1] END"
    )


def _mark(k: int) -> str:
    """The surroundings of the first mark of the k-th text."""
    around = literal(f"(?s).{{0,80}}{patterns().marks}.{{0,80}}")
    return f"CASE WHEN len(found) > 0 THEN nullif(regexp_extract(c{k}, {around}), '') END"
