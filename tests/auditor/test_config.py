"""audit.toml: what is wrong with it is said in one sentence."""

from __future__ import annotations

import pytest

from auditor.config import CompareConfig, find, read
from auditor.errors import AuditError

SCHEMA = {
    "compare": {"seed": int, "keep-going": bool, "teacher": list, "panel": str},
    "panel": {"import": {"output": str}},
}


@pytest.fixture
def parse(tmp_path):
    def parse(text: str):
        path = tmp_path / "audit.toml"
        path.write_bytes(text.encode("latin-1"))
        return read(path, SCHEMA)

    return parse


def test_values_come_back_by_parameter_name(parse):
    text = '[compare]\nseed = 7\nkeep-going = true\nteacher = "t"\n[panel.import]\noutput = "p.parquet"\n'
    assert parse(text) == {
        "compare": {"seed": 7, "keep_going": True, "teacher": ["t"]},
        "panel": {"import": {"output": "p.parquet"}},
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[compare]\nsead = 7", "unknown key 'compare.sead'; did you mean compare.seed? Allowed: "),
        ("[compere]\n", "unknown key 'compere'; did you mean compare?"),
        ("zzz = 1", "unknown key 'zzz'. Allowed: compare, panel."),
        ("compare = 1", "'compare' must be a table, [compare], got a whole number (1)"),
        ('[compare]\nseed = "7"', "'compare.seed'|must be a whole number, got a string ('7')"),
        ("[compare]\nseed = true", "must be a whole number, got true or false (True)"),
        ("[compare]\nseed = 1.5", "got a decimal number (1.5)"),
        ("[compare]\nkeep-going = 1", "must be true or false, got a whole number"),
        ("[compare]\nteacher = [1]", "must be a string or a list of strings, got a list"),
        ("[compare]\npanel = 2026-01-01", "must be a string, got a date or time"),
        ("[compare", "is not valid TOML"),
        ('[compare]\npanel = "\xff"', "is not valid TOML"),
    ],
)
def test_errors_say_what_is_allowed_and_what_came(parse, text, words):
    with pytest.raises(AuditError) as caught:
        parse(text)
    for part in words.split("|"):
        assert part in str(caught.value)


def test_find_looks_in_one_folder(tmp_path):
    assert find(tmp_path) is None
    (tmp_path / "audit.toml").touch()
    assert find(tmp_path) == tmp_path / "audit.toml"


def test_an_unreadable_file_is_an_error(tmp_path):
    with pytest.raises(AuditError, match="Cannot read"):
        read(tmp_path / "none.toml", SCHEMA)


@pytest.mark.parametrize(
    ("fail_on", "level", "fails"), [("weak", "moderately_strong", True), ("strong", "nonsense", False)]
)
def test_levels_are_ordered(fail_on, level, fails):
    assert CompareConfig("s", fail_on=fail_on).fails_on(level) is fails
