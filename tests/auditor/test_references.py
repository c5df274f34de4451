"""Lineage tables, and who may be a reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import lineage
from auditor.errors import AuditError
from auditor.references import DECOY_STUDENT, INNOCENT_STRATUM, decoys, eligible

TABLE = """\
model,role,provider,family,group,relation,base,released,trained_on,source
S,student,new,s,,original,base,2023-06,,x
T-0301,teacher,acme,t,t-line,original,,2023-03-01,first-party,x
T-1106,teacher,acme,t,t-line,original,,2023-11-06,first-party,x
acme-other,decoy,acme,o,,original,,,first-party,x
rival,decoy,rival,r,,original,,,first-party,x
human,reference,h,h,,original,base,,human,x
pupil,reference,p,p,,original,base,,t_line;human,x
near,reference,n,n,,original,base,,acme-other,x
alias,reference,a,a,,original,base,,outputs of T-0301 (2023),x
rivals-pupil,reference,q,q,,original,base,,rival,x
tuned,reference,u,u,,original,T-0301,,human,x
own-tune,reference,z,z,,original,elsewhere; S,,human,x
secret,reference,v,v,,original,base,,,x
again,reference,w,w,,variant,base,,human,x
"""


def table(tmp_path: Path, text: str = TABLE) -> lineage.Lineage:
    (tmp_path / "l.csv").write_text(text, encoding="utf-8")
    return lineage.read(tmp_path / "l.csv")


def test_every_exclusion_has_its_reason(tmp_path: Path) -> None:
    history = table(tmp_path)
    names = list(history.rows)
    null = eligible(names, history, "S", "T-0301", dict.fromkeys(names, 1.0))
    assert dict(zip(null.models, null.strata, strict=True)) == {
        "rival": INNOCENT_STRATUM,
        "human": INNOCENT_STRATUM,
        "rivals-pupil": DECOY_STUDENT,
    }
    reasons = {e.model: e.reason for e in null.excluded}
    for model, word in {
        "T-1106": "sibling",
        "acme-other": "provider",
        "pupil": "the teacher or its sibling",
        "near": "another model of the teacher's provider",
        "alias": "may mean the teacher",
        "tuned": "teacher's weights",
        "own-tune": "student's weights",
        "secret": "not documented",
        "again": "variant",
    }.items():
        assert word in reasons[model]


def test_a_model_that_answered_little_is_no_reference(tmp_path: Path) -> None:
    history = table(tmp_path)
    null = eligible(["human", "S"], history, "S", "T-0301", {"human": 0.5})
    assert null.models == () and "50%" in null.excluded[0].reason


def test_decoys_by_role_or_by_name(tmp_path: Path) -> None:
    history = table(tmp_path)
    assert decoys(list(history.rows), history, ["human"]) == (
        "T-0301",
        "T-1106",
        "acme-other",
        "rival",
        "human",
    )


def test_later_only_when_certain() -> None:
    assert lineage.definitely_later("2023-11-06", "2023-03")
    assert not lineage.definitely_later("2023-03-14", "2023-03")
    assert not lineage.definitely_later("", "2023-03")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no column 'model'"),
        ("model\n", "no rows"),
        ("model,colour\na,b\n", "unknown column 'colour'"),
        ("model,role\na,boss\n", "role 'boss' is not one of"),
        ("model,released\na,May 2023\n", "not a date"),
        ("model,base\na,x\na,y\n", "second, different row"),
    ],
)
def test_bad_tables_say_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(AuditError, match=says):
        table(tmp_path, text)


def test_toml_and_hash(tmp_path: Path) -> None:
    (tmp_path / "l.toml").write_text('[[model]]\nmodel = "a"\ntrained_on = ["x", "y"]\n')
    read = lineage.read(tmp_path / "l.toml")
    assert read.row("a").trained_on == "x;y"
    as_csv = table(tmp_path, "model,trained_on\na,x;y\n")
    assert lineage.content_hash(read.rows.values()) == lineage.content_hash(as_csv.rows.values())


def test_a_teacher_outside_the_panel_still_has_a_provider(tmp_path: Path) -> None:
    history = table(tmp_path)
    subjects = ["S", "T-0301", "near", "rivals-pupil"]
    null = eligible(subjects, history, "S", "T-0301", dict.fromkeys(subjects, 1.0))
    assert null.models == ("rivals-pupil",)
    assert "another model of the teacher's provider" in {e.model: e.reason for e in null.excluded}["near"]
    rows = [r.model for r in history.behind(subjects)]
    assert rows == [*subjects, "T-1106", "acme-other", "rival"]
