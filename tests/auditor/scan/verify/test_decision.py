"""The rules that make rows fit a generator or not, each closed by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.lineage import Lineage
from auditor.report import LineageRow
from auditor.scan.finding import Finding
from auditor.scan.origins import origins
from auditor.scan.verify import decision
from auditor.scan.verify.decision import CANNOT_TELL, FITS, NO_FIT, NOT_CHECKED, Candidate, Weighed, decide
from auditor.scan.verify.doubt import doubtful, named_generators
from auditor.scan.verify.held import held

NAMED = Candidate("n", "acme", -0.2, (-0.4, 0.0), "against", "resembles_less")
KIN = Candidate("k", "acme", 0.0, (-0.2, 0.2), "insufficient", "not_unusual")
RIVAL = Candidate("r", "other", 1.5, (1.2, 1.8), "moderate", "unusual")
CLEAR = Weighed(NAMED, KIN, (RIVAL,), decision.MIN_SHARED, 0.0)


def test_all_signs_together_speak_against_the_name():
    assert decide(CLEAR)[::2] == (NO_FIT, RIVAL)
    assert decide(replace(CLEAR, kin=None))[0] == NO_FIT


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"prompts": decision.MIN_SHARED - 1}, NOT_CHECKED),
        ({"same_answers": 0.6}, FITS),
        ({"named": replace(NAMED, level="insufficient", reason="few_references")}, CANNOT_TELL),
        ({"named": replace(NAMED, level="weak")}, CANNOT_TELL),
        ({"named": replace(NAMED, interval=(-0.4, 1.3))}, CANNOT_TELL),
        ({"named": replace(NAMED, interval=None)}, CANNOT_TELL),
        ({"kin": replace(KIN, level="moderate")}, CANNOT_TELL),
        ({"kin": replace(KIN, interval=(1.0, 1.6))}, CANNOT_TELL),
        ({"rivals": (replace(RIVAL, level="weak"),)}, CANNOT_TELL),
        ({"rivals": (replace(RIVAL, apart=False),)}, CANNOT_TELL),
        ({"rivals": ()}, CANNOT_TELL),
        ({"named": replace(NAMED, score=1.6, level="moderate")}, FITS),
        ({"named": replace(NAMED, score=1.6, level="weak")}, CANNOT_TELL),
    ],
)
def test_one_sign_that_lacks_keeps_it_open(changed, answer):
    assert decide(replace(CLEAR, **changed))[0] == answer


ROWS = [
    LineageRow("gpt4", provider="openai", group="gpt-4", relation="original"),
    LineageRow("gpt4_0613", provider="openai", group="gpt-4", relation="original"),
    LineageRow("gpt4_concise", provider="openai", group="gpt-4", relation="variant"),
    LineageRow("gpt-4o-2024-05-13", provider="openai", group="gpt-4o", relation="original"),
]


@pytest.mark.parametrize(
    ("named", "model"),
    [
        ("gpt-4", "gpt4"),
        ("gpt-4-0613", "gpt4_0613"),
        ("gpt-4-0314", "gpt4"),
        ("gpt-4o", "gpt-4o-2024-05-13"),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-05-13"),
        ("gpt-4-concise", ""),
        ("gpt-4-turbo", ""),
        ("gpt-4o-mini", ""),
    ],
)
def test_a_name_means_a_model_of_the_panel_by_name_or_group_never_by_likeness(named, model):
    lineage = Lineage({r.model: r for r in ROWS}, "here")
    assert held(named, [r.model for r in ROWS], lineage) == model


def test_a_name_is_doubtful_where_another_sign_contradicts_it_or_it_may_be_a_word():
    sure = Finding("GEN001", "m", "high", "claude-2", count=9, total=20)
    vague = Finding("GEN013", "m", "medium", "gpt-9", count=4, total=20)
    told = Finding("GEN008", "m", "medium", "gpt-4", count=2, total=20)
    assert [n.name for n in doubtful(named_generators([sure]))] == ["claude-2"]
    assert [n.name for n in doubtful(named_generators([sure, vague]))] == ["gpt-9"]
    [one] = [n for n in named_generators([sure, told]) if n.why]
    assert one.name == "claude-2" and "OpenAI" in one.why
    agreed = Finding("GEN001", "m", "high", "gpt-4", count=9, total=20)
    assert not any(n.why for n in named_generators([agreed, told]))


def test_a_doubted_name_of_a_field_alone_is_too_little_for_a_conflict():
    field = Finding("GEN001", "m", "high", "gpt-4", count=9, total=20)
    doubt = Finding("GEN014", "m", "medium", "gpt-4", count=9, total=20)
    card = Finding("GEN006", "m", "high", "gpt-4")
    assert [o.confidence for o in origins([field])] == ["high"]
    assert [o.confidence for o in origins([field, doubt])] == ["medium"]
    assert [o.confidence for o in origins([field, doubt, card])] == ["high"]
    other = Finding("GEN001", "m", "high", "claude-2", count=9, total=20)
    assert {o.name: o.confidence for o in origins([other, field, doubt])}["claude-2"] == "high"
