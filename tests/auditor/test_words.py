"""The sentences of a verdict: whom they accuse, how far they reach, and that they claim no more."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from auditor import case as cases
from auditor import compare, words
from auditor.report import Report, Verdict
from auditor.reports import render
from auditor.verdict import Bar, Basis, Power, Ratio, decide
from tests.auditor.reports.samples import finding, verdict
from tests.auditor.test_likelihood_ratio import basis
from tests.panels import answers, generated, lineage_csv, written_panel

UNFAIR = re.compile(r"prove|guilt|probab|certain|confiden", re.I)
POWER = Power(40, 12, Bar(0.5, "ratio", 0.912), Bar(0.8, "null", 0.604), "here", 300)


def told(given: Verdict, others: tuple[Verdict, ...] = (), provider: str = "acme", kin: str = "") -> str:
    on = Basis(given.teacher, finding(given.teacher), 0.2, 40, 20, 12, 4, False, 0.0, power=POWER)
    said = words.words("S", given, on, (given, *others), provider, kin)
    assert not UNFAIR.search(said)
    return said


def line(*verdicts: Verdict, kin: str = "", **providers: str) -> str:
    said = words.headline("S", verdicts, (), (2, 11), {v.teacher: "acme" for v in verdicts} | providers, kin)
    assert not UNFAIR.search(said)
    return said


def test_a_teacher_alone_and_with_siblings() -> None:
    alone = verdict("A", teacher_group=("A",))
    assert "was distilled from A, against its not having been" in told(alone)
    assert line(alone).startswith(
        "Moderate support for distillation of S from A (predictive p .001, adjusted .002;"
    )
    group = verdict("A", teacher_group=("A", "B", "C", "D", "E"))
    assert "from A or a sibling checkpoint (B, C, D and 1 more), against" in told(group)
    assert "of S from A or a sibling checkpoint (predictive p" in line(group)


def test_teachers_that_tie_are_one_answer_about_their_provider() -> None:
    a, b = verdict("A", tied_with=("B",)), verdict("B", tied_with=("A",))
    assert "from a model of acme (A or B: the answers do not tell which), against" in told(a, (b,))
    found = line(a, b)
    assert "of S from a model of acme (A or B: the answers do not tell which; predictive p" in found
    assert "Also" not in found and found.count("A or B") == 1
    assert "from A or B (the answers do not tell which), against" in told(a, (b,), provider="")


def test_several_accused_of_one_provider_are_one_answer() -> None:
    a, b = verdict("A", teacher_group=("A",)), verdict("B", level="weak", teacher_group=("B",))
    other = verdict("C", level="weak", teacher_group=("C",))
    assert "There is support for B (weak) of the same provider, too" in told(a, (b,))
    assert "There is support" not in told(a)
    found = line(a, b, other, C="zeta")
    assert "from one or more models of acme (moderate for A, weak for B; predictive p" in found
    assert "Also weak for C." in found
    assert "one or more models of acme (A, D;" in line(a, verdict("D", teacher_group=("D",)))
    unknown = line(a, b, A="", B="")
    assert "from A (" in unknown and "Also weak for B." in unknown


def test_others_are_named_once() -> None:
    a = verdict("A", tied_with=("B",))
    b, c = (verdict(t, level="insufficient", reason="not_unusual") for t in "BC")
    found = line(a, b, c, verdict("D", level="against", reason="resembles_less"))
    assert found.endswith("Not enough evidence either way for C. Support against D.")


def test_descent_is_said_where_it_may_explain_an_accusation() -> None:
    kin = "S is documented to descend from A, the teacher or its sibling."
    for said in (told(verdict("A"), kin=kin), line(verdict("A"), kin=kin)):
        assert f"{kin} Descent alone may explain the resemblance" in said
    innocent = verdict("A", level="insufficient", reason="not_unusual")
    assert kin not in told(innocent, kin=kin) + line(innocent, kin=kin)


def test_what_a_negative_answer_is_worth() -> None:
    said = told(verdict("A", level="insufficient", reason="not_unusual"))
    assert "of the 40 documented students (12 families, weighted equally) that the calibration knows" in said
    assert "knows from 300 probes of here, 60 % score high enough" in said
    assert "60 % score high enough (from 0.80 on) to be found here at moderate, 91 % score" in said
    assert "at weak: a negative answer is worth that much, and less at the 200 of this run." in said
    assert "Power: S scores 4.10; of the 40" in said
    assert "students of public models; power on students distilled on purpose was not measured." in said
    assert "a negative answer" not in told(verdict("A"))


@pytest.mark.parametrize(
    ("score", "level", "says"),
    [
        ((-0.2, 0.21), "against", "The upper end of the 95 % interval of S's score, 0.21, lies below 0.30"),
        (
            (-0.2, 0.41),
            "insufficient",
            "but the upper end of the 95 % interval of S's score, 0.41, is not below",
        ),
        (None, "insufficient", "without resampled probes there is no upper bound"),
    ],
)
def test_the_equivalence_test_is_shown(score: tuple[float, float] | None, level: str, says: str) -> None:
    given = basis(-1.1, (-1.2, -1.0), p_t=0.9, score=score)
    found, reason = decide(given)
    assert found == level
    said = words.words("S", verdict("T", level=found, reason=reason), given, (), "")
    assert says in said and ("was not distilled" in said) == (level == "against") and not UNFAIR.search(said)


def test_no_equivalence_is_spoken_of_where_the_ratio_is_not_low() -> None:
    given = Basis("T", finding("T"), 0.2, 40, 20, 12, 4, False, 0.0, Ratio(0.1, (-0.5, 0.6), 1.2, 0.3))
    said = words.words("S", verdict("T", level="insufficient", reason="not_unusual"), given, (), "")
    assert "smallest effect" not in said


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """S learned from T; T2 is another model of T's provider that speaks as T does, T3 one that does not."""
    panel, prompts = generated(40, share=0.7)
    habits, draw = np.random.default_rng([0, 0]), np.random.default_rng([0, 0, 9])
    panel["T2"] = answers(len(prompts), habits, draw, np.random.default_rng(999).integers(400, size=60))
    panel["T3"] = panel.pop("D11")
    text = lineage_csv([n for n in panel if n not in ("T2", "T3")])
    text += "".join(f"{n},decoy,acme,{n},,original,2023-01,first-party,made here\n" for n in ("T2", "T3"))
    config = written_panel(tmp_path_factory.mktemp("two"), panel, prompts, text)
    return compare.run(replace(config, teachers=("panel:T", "panel:T2", "panel:T3")), cases.Silent())


def test_ties_on_answers(two: Report) -> None:
    ties = {v.teacher: v.tied_with for v in two.verdicts}
    assert ties == {"T": ("T2",), "T2": ("T",), "T3": ()}
    assert "of S from a model of acme (T" in two.headline and "the answers do not tell which" in two.headline


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_reports_show_ties_and_power(two: Report, format_: str) -> None:
    page = " ".join(render(two, format_).split())
    assert "Moderate support for distillation from T or T2" in page or "from T2 or T" in page
    assert "documented students" in page and "They are students of public models" in page
