"""Who is a reference and who is not: one row a model; and the rank p that they decide."""

from __future__ import annotations

import pytest

from auditor.report import Exclusion
from auditor.reports import ranks, roster
from tests.auditor.reports.samples import finding, sample_report


def test_a_model_left_out_for_one_reason_has_one_row():
    out = tuple(Exclusion("b", t, "variant") for t in ("aurora-2", "borealis-1"))
    rows = roster.exclusions(sample_report(excluded=(*out, Exclusion("A", "aurora-2", "its student"))))
    assert [(r.model, r.reason, r.towards) for r in rows] == [
        ("A", "its student", "aurora-2"),
        ("b", "variant", "all"),
    ]


def test_a_reference_towards_every_weighed_teacher_serves_towards_all():
    assert {r.towards for r in roster.references(sample_report())} == {"all"}


@pytest.mark.parametrize(
    ("named", "words"),
    [(("a", "b", "c"), "all"), (("",), "all"), (("a", "b"), "all but c"), (("b",), "b"), (("b", "b"), "b")],
)
def test_teachers_in_few_words(named, words):
    assert roster.towards(named, ("a", "b", "c")) == words


@pytest.mark.parametrize(
    ("above", "count", "stratum"), [(3, 30, ""), (3, 22, "innocent"), (0, 8, "decoy-student")]
)
def test_the_rank_names_the_references_that_decided_it(above, count, stratum):
    values = (9.0,) * 3 + (0.0,) * 27
    p_rank, p_floor = (1 + above) / (1 + count), 1 / (1 + count)
    found = finding(reference_values=values, p_rank=p_rank, p_floor=p_floor)
    assert ranks.rank(found) == ranks.Rank(stratum, above, count)
    assert f"(1 + {above}) / (1 + {count})" in ranks.ranked(found)
    assert ranks.deciding_size(p_floor) == count


def test_a_rank_that_no_references_give_claims_nothing():
    assert ranks.rank(finding(p_rank=0.5)) is None and ranks.above(finding(p_rank=0.5)) == ""
    assert "rank p" not in ranks.ranked(finding(p_rank=0.5))
