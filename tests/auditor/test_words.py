"""The sentences of a verdict: whom they accuse, how far they reach, and that they claim no more."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from auditor import case as cases
from auditor import compare, words
from auditor.reasons import REASONS, SHORTLY
from auditor.report import Report, Verdict
from auditor.reports import render
from auditor.verdict import Bar, Basis, Power, Ratio, decide
from tests.auditor.reports.samples import finding, verdict
from tests.auditor.test_likelihood_ratio import basis, unlike
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
    kin = "S is documented to descend from A. Descent alone may explain the resemblance."
    for said in (told(verdict("A"), kin=kin), line(verdict("A"), kin=kin)):
        assert kin in said
    innocent = verdict("A", level="insufficient", reason="not_unusual")
    assert kin not in told(innocent, kin=kin) + line(innocent, kin=kin)


def measured(log10_lr: float, bounds: tuple[float, float], value: float = 4.1, cap: float = 1.2) -> Basis:
    joint = replace(finding("T"), value=value, reference_values=(5.0, 1.0, 2.0))
    return Basis("T", joint, 0.2, 40, 20, 12, 4, False, 0.0, Ratio(log10_lr, bounds, cap, 0.3), POWER)


@pytest.mark.parametrize(
    ("log10_lr", "says"),
    [
        (
            0.8,
            "about 6.3 times as common among documented students of a teacher as among models that did not",
        ),
        (1.2, "as among models that did not learn from it (no more can be said with this calibration)."),
        (
            -1.0,
            "about 10 times as common among models that did not learn from a teacher as among its documented",
        ),
        (0.01, "A score like this is about as common among documented students of a teacher as among"),
    ],
)
def test_the_ratio_is_said_in_words(log10_lr: float, says: str) -> None:
    given = measured(log10_lr, (log10_lr - 0.1, log10_lr))
    said = words.words("S", verdict("T", level="weak"), given, (), "")
    assert says in said and "(as much or more: 1 of 3 references)" in said
    assert words.PUBLIC in said and not UNFAIR.search(said)


def test_an_accusation_names_what_was_not_examined() -> None:
    said = told(verdict("A"))
    assert "Text does not tell asking a teacher from training on public data" in said
    assert "Not examined, so not excluded: public data." in said
    assert "Not examined" not in told(verdict("A", level="insufficient", reason="not_unusual"))


def test_why_a_large_ratio_gives_no_support() -> None:
    open_ = verdict("T", level="insufficient", reason="not_unusual", p_t=0.2, p_rank=0.074)
    said = words.words("S", open_, measured(1.1, (0.8, 1.2)), (), "")
    assert "By itself that would be moderate support, but none stands unless the references agree" in said
    assert "predictive p at most .05, here .200; rank p at most .10, here .074." in said
    assert "By itself" not in words.words("S", open_, measured(0.2, (0.1, 0.4)), (), "")
    assert "A score like this" not in words.words(
        "S", replace(open_, reason="few_probes"), measured(1, (1, 1)), (), ""
    )


def test_many_teachers_tried_are_said_where_the_level_does_not_count_them() -> None:
    given = measured(1.1, (0.8, 1.2))
    said = words.words("S", verdict("T", p_t=0.037, p_adjusted=0.112), given, (), "")
    assert "its predictive p of .037 becomes .112: whoever tests many finds one." in said
    assert "Adjusted for" not in words.words("S", verdict("T", p_adjusted=0.04), given, (), "")
    assert "predictive p .037, adjusted .112;" in line(verdict("T", p_t=0.037, p_adjusted=0.112))
    assert "(predictive p .012;" in line(verdict("T", p_t=0.012, p_adjusted=0.012, teacher_group=("T",)))


def test_a_sibling_provider_model_that_is_as_likely_is_named() -> None:
    a = verdict("A", level="weak", log10_lr=0.6, log10_lr_interval=(0.2, 1.0), teacher_group=("A",))
    b = verdict("B", level="insufficient", reason="not_unusual", log10_lr=1.1, log10_lr_interval=(0.8, 1.2))
    assert "The likelihood ratio of B, of the same provider, is no smaller" in told(a, (b,))
    found = line(a, b)
    assert "(likelihood ratio 4, 95 % 1.6 to 10; predictive" in found
    assert "either way for B (of the same provider; its likelihood ratio is no smaller)." in found
    assert "no smaller" not in line(a, b, B="zeta") + told(a, (replace(b, log10_lr=0.1),))


def test_a_teacher_that_came_later_was_not_weighed() -> None:
    late = verdict("L", level="insufficient", reason="teacher_later", p_adjusted=None)
    said = told(late)
    assert "so it cannot have taught it. If a date is wrong, ask again." in said and "innocence" not in said
    assert line(verdict("A"), late).endswith("L came after S, by the dates on record.")
    assert line(late).endswith("detectors ran; came after the student).")
    open_ = verdict("B", level="insufficient", reason="not_unusual")
    found = line(open_, late)
    assert "of S from B (smallest adjusted p .002" in found and found.endswith(
        "L came after S, by the dates on record."
    )


def test_every_reason_has_words_for_the_first_line() -> None:
    assert {*SHORTLY, "unusual", "resembles_less"} == set(REASONS)


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
    given = unlike((-1.2, -1.0), score)
    found, reason = decide(given)
    assert found == level
    said = words.words("S", verdict("T", level=found, reason=reason), given, (), "")
    assert says in said and ("was not distilled" in said) == (level == "against") and not UNFAIR.search(said)


def test_weak_for_want_of_a_second_part_says_so() -> None:
    given = replace(basis(1.2, (0.9, 1.25)), second_part=0.3)
    level, reason = decide(given)
    told = words.words("S", verdict("T", level=level, reason=reason), given, (), "")
    assert level == "weak" and "a single part of the score makes it unusual" in told
    assert "a single part" not in words.words(
        "S", verdict("T", level=level, reason=reason), replace(given, second_part=0.05), (), ""
    )


def test_a_low_score_above_most_references_supports_nothing() -> None:
    given = unlike((-1.2, -1.0), (-0.2, 0.21), rank=0.3)
    level, reason = decide(given)
    said = words.words("S", verdict("T", level=level, reason=reason), given, (), "")
    assert level == "insufficient" and "But most references resemble T less, so nothing supports" in said


def test_a_low_score_that_is_high_among_references_is_said() -> None:
    against = verdict("T", level="against", reason="resembles_less")
    given = measured(-1.2, (-1.2, -1.1), value=6.0)
    assert "not beside the references: most of them score lower still." in words.words(
        "S", against, given, (), ""
    )
    low = measured(-1.2, (-1.2, -1.1), value=0.5)
    assert "score lower still" not in words.words("S", against, low, (), "")


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
