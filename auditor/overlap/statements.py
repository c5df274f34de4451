"""The SQL that reads a group of files: DuckDB parses, unpacks and takes chat messages apart.

Every column comes as text, so that files whose types differ go together. Names of files are escaped, since
DuckDB takes them as patterns. Leaves out running it (`reading.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.overlap.columns import Chosen
from auditor.overlap.names import File

# What the model says in the chat formats in use; NULL where it says nothing.
TURNS = """nullif(array_to_string(list_transform(
    list_filter(from_json({0}, '["JSON"]'), lambda m: lower(coalesce(m->>'role', m->>'from'))
        IN ('assistant', 'gpt', 'model', 'chatgpt', 'bot', 'ai')),
    lambda m: coalesce(CASE json_type(m, '$.content')
        WHEN 'ARRAY' THEN array_to_string(json_extract_string(m, '$.content[*].text'), '')
        ELSE m->>'content' END, m->>'value')), chr(10) || chr(10)), '')"""
PARTS = """array_to_string(from_json({0}, '["VARCHAR"]'), chr(10) || chr(10))"""


def quoted(name: str) -> str:
    """A name of a column or table in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string in SQL."""
    return "'" + text.replace("'", "''") + "'"


def listed(files: Sequence[File]) -> str:
    """Paths as a list in SQL, with what DuckDB would take for a pattern escaped."""
    return "[" + ", ".join(literal(_escaped(str(f.path))) for f in files) + "]"


def _escaped(path: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)


def described(file: File, object_size: int, keep_going: bool) -> str:
    """What says names and types of the columns of one file."""
    return f"DESCRIBE SELECT * FROM {_scan((file,), None, object_size, keep_going)}"


def selected(files: Sequence[File], chosen: Chosen, object_size: int, keep_going: bool) -> str:
    """Columns text, id, source, by of files that have the same columns."""
    columns = [c for c in (chosen.text, chosen.id, chosen.by, chosen.source) if c]
    scan = _scan(files, list(dict.fromkeys(columns)), object_size, keep_going)
    names = {"id": chosen.id, "by": chosen.by, "source": chosen.source}
    parts = [f"{_text(files[0], chosen)} AS document_text"]
    parts += [
        f"{'CAST(' + quoted(n) + ' AS VARCHAR)' if n else 'NULL::VARCHAR'} AS document_{k}"
        for k, n in names.items()
    ]
    where = f"{literal(files[0].name)}" if files[0].table else "filename"
    return f"SELECT {', '.join(parts)}, {where} AS document_file FROM {scan}"


def _text(file: File, chosen: Chosen) -> str:
    column = quoted(chosen.text)
    if chosen.kind == "plain":
        return column if file.format in ("parquet", "duckdb") else f"CAST({column} AS VARCHAR)"
    as_json = f"CAST(to_json({column}) AS VARCHAR)" if file.format in ("parquet", "duckdb") else column
    shape = TURNS if chosen.kind == "chat" else PARTS
    # A row that holds plain text where the others hold messages is that text.
    return (
        f"CASE WHEN json_valid({as_json}) AND json_type({as_json}) = 'ARRAY' THEN {shape.format(as_json)} "
        f"ELSE CAST({column} AS VARCHAR) END"
    )


def _scan(files: Sequence[File], columns: Sequence[str] | None, object_size: int, keep_going: bool) -> str:
    first = files[0]
    if first.table:
        return quoted(first.table)
    paths, packed = listed(files), f"compression = {literal(first.packed or 'none')}"
    if first.format == "parquet":
        return f"read_parquet({paths}, filename = true, hive_partitioning = false)"
    if first.format in ("csv", "tsv"):
        between = ", delim = '\\t'" if first.format == "tsv" else ""
        rest = f", ignore_errors = {str(keep_going).lower()}, max_line_size = {object_size}"
        return (
            f"read_csv({paths}, all_varchar = true, header = true, filename = true, union_by_name = true, "
            f"hive_partitioning = false, strict_mode = false, {packed}{between}{rest})"
        )
    kind = "array" if first.format == "json" else "newline_delimited"
    shape = "sample_size = 2000"
    if columns is not None:
        shape = "columns = {" + ", ".join(f"{literal(c)}: 'VARCHAR'" for c in columns) + "}"
    rest = (
        f"ignore_errors = {str(keep_going and kind != 'array').lower()}, maximum_object_size = {object_size}"
    )
    return (
        f"read_json({paths}, format = '{kind}', {shape}, filename = true, hive_partitioning = false, "
        f"{packed}, {rest})"
    )
