"""Other explanations: what lineage table and scores say about descent, chains and public data."""

from __future__ import annotations

import math

import pytest

from auditor.alternatives import Record, alternatives, missing
from auditor.descent import Descent
from auditor.lineage import Lineage
from auditor.report import Alternative, LineageRow


def row(model: str, provider: str = "", base: str = "", trained_on: str = "", **more: str) -> LineageRow:
    return LineageRow(model, provider=provider or f"lab {model}", base=base, trained_on=trained_on, **more)


PUBLIC = (
    row("T", "acme", trained_on="first-party", group="T-line"),
    row("T-2", "acme", trained_on="first-party", group="T-line"),
    row("acme-open", "acme", base="acme-base", trained_on="first-party"),
    row("R1", base="llama", trained_on="human"),
    row("R2", base="R1", trained_on="human"),
    row("R3", base="falcon", trained_on="other:U"),
    row("P1", base="llama", trained_on="T-line"),
    row("P2", base="falcon", trained_on="t_2;human"),
    row("P3", base="llama", trained_on="T", relation="variant"),
)
SCORES = {"S": 0.83, "R1": 0.2, "R2": 0.41, "R3": 0.1, "P1": 0.7, "P2": 0.9, "P3": 1.0, "T": 9.0}


def record(student: LineageRow, scores: dict[str, float] = SCORES, teacher: str = "T") -> Record:
    rows = {r.model: r for r in (student, *PUBLIC)}
    return Record(Descent("S", teacher, Lineage(rows, "here")), ("R1", "R2", "R3"), scores, 0.0)


def named(name: str, of: Record) -> Alternative:
    return next(a for a in alternatives(of) if a.name == name)


def test_references_of_the_same_base_are_set_beside_the_student() -> None:
    found = named("common ancestor", record(row("S", base="llama")))
    assert found.examined and "nothing on record ties T to it" in found.text
    assert (
        "2 references have the same base (R2, R1); the highest scores 0.41, the student 0.83." in found.text
    )
    assert "No weights were examined." in found.text


def test_without_such_references_the_alternative_is_open() -> None:
    of = record(row("S", base="mamba"))
    found = named("common ancestor", of)
    assert not found.examined and "No reference has the same base (mamba)." in found.text
    assert missing(of) == ("References of the same base as S (mamba).",)
    assert missing(record(row("S", base="llama"))) == ()
    unknown = record(row("S"))
    assert not named("common ancestor", unknown).examined
    assert "not on record" in named("common ancestor", unknown).text
    assert missing(unknown) == ("The base model of S, on record in the lineage table.",)


def test_references_without_scores_were_compared_with_nothing() -> None:
    found = named("common ancestor", record(row("S", base="llama"), dict.fromkeys(SCORES, math.nan)))
    assert not found.examined and "2 references have the same base (R1, R2)." in found.text


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("T", "descend from T, the teacher or its sibling"),
        ("T_2", "descend from T_2, the teacher or its sibling"),
        ("T-line", "descend from T-line, the teacher or its sibling"),
        ("acme-open", "descend from acme-open, of T's own provider"),
        ("acme-base", "descend from acme-base, and so is acme-open of T's provider"),
        ("middle", "descend from T-2, the teacher or its sibling"),
    ],
)
def test_descent_from_the_teachers_side_needs_weights(base: str, says: str) -> None:
    rows = {r.model: r for r in (row("S", base=base), row("middle", base="T-2"), *PUBLIC)}
    of = Record(Descent("S", "T", Lineage(rows, "here")), ("R1",), SCORES, 0.0)
    found = named("common ancestor", of)
    assert found.examined and says in found.text
    assert "Text does not tell descent from distillation here; weights are needed" in found.text
    assert "Weights of S and of T, to tell descent from distillation." in missing(of)


def test_a_base_that_both_share() -> None:
    rows = {r.model: r for r in (row("S", base="seed"), row("V", base="seed"))}
    assert Descent("S", "V", Lineage(rows, "here")).kin == "S and V are both documented to descend from seed."
    assert not Descent("S", "V", Lineage({"S": rows["S"]}, "here")).kin


def test_descent_in_a_circle_ends() -> None:
    rows = {m: row(m, base=b) for m, b in (("S", "A; B"), ("A", "B"), ("B", "A"))}
    assert list(Descent("S", "T", Lineage(rows, "here")).origin.values()) == ["A", "B"]


def test_which_students_of_this_teacher_the_panel_has() -> None:
    found = named("public data", record(row("S", base="llama")))
    assert "2 other models of the panel (P2, P1); the highest scores 0.90, the student 0.83" in found.text
    assert not found.examined and "No overlap with a dataset was measured." in found.text
    none = named("public data", record(row("S"), {"S": 0.8, "R1": 0.2}))
    assert "no other model that is documented to have learned from T" in none.text


def test_references_that_learned_from_what_the_student_learned_from() -> None:
    found = named("public data", record(row("S", trained_on="other:U;human")))
    assert found.examined and "1 reference (R3), which scores 0.10, the student 0.83" in found.text
    assert not named("public data", record(row("S", trained_on="human"))).examined


def test_what_else_taught_the_student_is_set_beside_it() -> None:
    rows = {r.model: r for r in (row("S", trained_on="zeta:U-1;human"), row("U-1", "zeta"), *PUBLIC)}
    of = Record(Descent("S", "T", Lineage(rows, "here")), ("R1",), SCORES | {"U-1": 0.79}, 0.0)
    found = named("common source", of)
    assert found.examined and "learned from U-1; that T taught it is not on record." in found.text
    assert "The panel has 1 of these models (U-1), which scores 0.79, the student 0.83." in found.text
    both = named("common source", record(row("S", trained_on="T-2;other:U")))
    assert not both.examined and "documented to have learned from U, too." in both.text
    alone = named("common source", record(row("S", trained_on="human")))
    assert "learned from no other model's answers" in alone.text
    assert "documented" not in named("common source", record(row("S", trained_on="first-party"))).text


def test_a_teacher_on_record_is_said() -> None:
    assert (
        "It is documented to have learned from T or a sibling"
        in named("public data", record(row("S", trained_on="T-2"))).text
    )
    assert "It is documented" not in named("public data", record(row("S", trained_on="human"))).text


def test_references_that_come_from_the_student_are_not_of_its_base() -> None:
    rows = {r.model: r for r in (row("S", base="llama"), *PUBLIC, row("R4", base="S", trained_on="human"))}
    of = Record(Descent("S", "T", Lineage(rows, "here")), ("R1", "R4"), SCORES, 0.0)
    assert "1 reference has the same base (R1)" in named("common ancestor", of).text


def test_a_chain_on_record() -> None:
    for student in (row("S", base="P1"), row("S", trained_on="P1")):
        found = named("chain", record(student))
        assert found.examined and "come from P1, itself documented to have learned from T" in found.text
    assert not named("chain", record(row("S", base="R1"))).examined
    assert not named("chain", record(row("S", trained_on="T-2"))).examined
