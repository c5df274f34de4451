"""The ignore list: what it takes out, what it does not, and what is wrong with one."""

from __future__ import annotations

from datetime import date

import pytest

from auditor.errors import AuditError
from auditor.scan import ignore
from auditor.scan.finding import Evidence, Finding

TODAY = date(2026, 11, 25)
REASON = 'reason = "Consent of the provider."\n'


def written(tmp_path, text: str):
    (tmp_path / "ignore.toml").write_text(text, encoding="utf-8")
    return tmp_path / "ignore.toml"


def load(tmp_path, *tables: str):
    text = "".join(f"[[ignore]]\n{table}\n" for table in tables)
    return ignore.load(written(tmp_path, text), TODAY)


def finding(rule="GEN001", subject="gpt-4", *files: str):
    return Finding(rule, "Said.", "high", subject, tuple(Evidence(file, 1) for file in files))


def test_rule_alone_takes_out_every_finding_of_it(tmp_path):
    found = load(tmp_path, f'rule = "GEN001"\nwho = "legal"\nuntil = 2027-01-01\n{REASON}')
    kept, out = ignore.apply(found, [finding(), finding("GEN001", "llama-3"), finding("LIC001", "")])
    assert [f.rule for f in kept] == ["LIC001"]
    assert [f.subject for f, _ in out] == ["gpt-4", "llama-3"]
    assert out[0][1] == "Consent of the provider. (legal, until 2027-01-01)"
    assert not found.warnings


def test_subject_and_path_narrow_it(tmp_path):
    found = load(
        tmp_path, f'rule = "GEN001"\nsubject = "gpt-4"\npath = "data/*.jsonl"\nuntil = 2027-01-01\n{REASON}'
    )
    inside = finding("GEN001", "gpt-4", "data/a.jsonl", "data/deep/b.jsonl")
    others = [
        finding("GEN001", "gpt-4", "data/a.jsonl", "other.jsonl"),  # one place is not meant
        finding("GEN001", "gpt-4"),  # no place at all
        finding("GEN001", "gpt-3.5", "data/a.jsonl"),
        finding("GEN004", "gpt-4", "data/a.jsonl"),
    ]
    kept, out = ignore.apply(found, [inside, *others])
    assert kept == others and [f for f, _ in out] == [inside]


def test_past_its_last_day_it_counts_again_and_is_said(tmp_path):
    for until in ("2026-11-24", '"2026-11-24"'):
        found = load(tmp_path, f'rule = "GEN001"\nuntil = {until}\n{REASON}')
        assert ignore.apply(found, [finding()]) == ([finding()], [])
        [warning] = found.warnings
        assert "GEN001 ended on 2026-11-24" in warning and "counts again" in warning
    held = load(tmp_path, f'rule = "GEN001"\nuntil = 2026-11-25\n{REASON}')
    assert len(ignore.apply(held, [finding()])[1]) == 1 and not held.warnings


def test_without_a_last_day_it_warns(tmp_path):
    found = load(tmp_path, f'rule = "GEN001"\n{REASON}')
    assert len(ignore.apply(found, [finding()])[1]) == 1
    assert "no last day" in found.warnings[0]


def test_none_takes_nothing_out():
    assert ignore.apply(ignore.none(), [finding()]) == ([finding()], [])


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (f'rule = "GEN0001"\n{REASON}', r"'GEN0001' is no rule. Did you mean GEN001 \(generator-field\)"),
        (f'rule = "licence-missing"\n{REASON}', r"Did you mean LIC001 \(licence-missing\)"),
        (f'rule = "zzz"\n{REASON}', "Known are: LIC001, LIC002"),
        (REASON, "'rule' is missing"),
        ('rule = "GEN001"', "'reason' is missing"),
        ('rule = "GEN001"\nreason = "  "', "'reason' is missing"),
        (f'rule = "GEN001"\npaths = "x"\n{REASON}', "'paths' is no key.*Did you mean 'path'"),
        (f'rule = "GEN001"\npath = 3\n{REASON}', "'path' has to be a text, and is 3"),
        (f'rule = ["GEN001"]\n{REASON}', "'rule' has to be a text"),
        (
            f'rule = "GEN001"\nuntil = "soon"\n{REASON}',
            "'until' has to be a day such as 2027-03-01, and is 'soon'",
        ),
        (f'rule = "GEN001"\nuntil = 2027-01-01T00:00:00Z\n{REASON}', "'until' has to be a day"),
    ],
)
def test_what_is_wrong_is_said_with_the_number_of_the_entry(tmp_path, table, says):
    with pytest.raises(AuditError, match=says) as raised:
        load(tmp_path, f'rule = "LIC001"\n{REASON}', table)
    assert "number 2" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[ignore]\n", "is not TOML"),
        ("ignore = 3\n", r"has to consist of \[\[ignore\]\] tables"),
        ("[[ignored]]\nrule = 'GEN001'\n", "'ignored'"),
        ("ignore = [3]\n", "is no table"),
    ],
)
def test_a_file_that_is_no_list_is_refused(tmp_path, text, says):
    with pytest.raises(AuditError, match=says):
        ignore.load(written(tmp_path, text), TODAY)


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(AuditError, match="cannot be read"):
        ignore.load(tmp_path / "none.toml", TODAY)
    (tmp_path / "ignore.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(AuditError, match="is not TOML"):
        ignore.load(tmp_path / "ignore.toml", TODAY)
