"""The page about the evidence file says what is there, and its queries run."""

import re
from pathlib import Path

import duckdb
import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "evidence-schema.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"```sql\n(.+?)```", PAGE, re.DOTALL)
SECTION = re.compile(r"^\*\*(\w+)\*\*.*?\n\n(\|.*?)\n\n", re.MULTILINE | re.DOTALL)


def test_there_are_ten_queries():
    assert len(QUERIES) == 10


@pytest.mark.parametrize("query", QUERIES)
def test_queries_find_something(stored, query):
    with duckdb.connect(str(stored), read_only=True) as con:
        assert con.execute(query).fetchall()


def test_every_table_and_column_is_described(stored):
    described = {}
    for table, rows in SECTION.findall(PAGE):
        cells = [line.split("|")[1] for line in rows.splitlines()[2:]]
        described[table] = sorted(name.strip() for cell in cells for name in cell.split(","))
    with duckdb.connect(str(stored), read_only=True) as con:
        columns = con.execute(
            "SELECT table_name, list(column_name ORDER BY column_name) FROM duckdb_columns() "
            "WHERE NOT internal AND column_name <> 'content_hash' GROUP BY table_name"
        ).fetchall()
    assert described == {table: sorted(names) for table, names in columns}
