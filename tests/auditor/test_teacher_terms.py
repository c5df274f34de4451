"""What terms of a teacher say: the days, the name, what excuses, and what nobody can tell."""

from __future__ import annotations

from datetime import date

import pytest

from auditor import teacher_terms
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.lineage import Lineage
from auditor.report import LineageRow
from auditor.scan.terms import USES

TODAY = date(2026, 11, 25)
COMPETE, OTHER = teacher_terms.USUAL


def lineage(*rows):
    """Rows given as model, provider, released[, group]."""
    made = (dict(zip(("model", "provider", "released", "group"), row, strict=False)) for row in rows)
    return Lineage({row["model"]: LineageRow(**row) for row in made}, "made here")


STUDENT = ("S", "someone", "2023-06-30")


def found(teacher, *rows, **asked):
    config = CompareConfig("panel:S", terms=True, **asked)
    return teacher_terms.of(config, lineage(*rows), "S", (teacher,), TODAY)


def entries(seen, use=COMPETE):
    return [v.entry for v in seen.versions if v.use == use]


@pytest.mark.parametrize(
    ("released", "until", "named"),
    [
        ("2023-03-14", "2023-06-30", ["openai-terms-of-use-2023"]),
        ("2023-03-14", "2023-11-13", ["openai-terms-of-use-2023"]),
        ("2023-03-14", "2023-11", ["openai-terms-of-use-2023", "openai-business-terms-2023-11"]),
        ("2023-12", "2024-02", ["openai-business-terms-2023-11"]),
        ("2025-06-01", "2026-02-01", ["openai-business-terms-2023-11", "openai-services-agreement-2026"]),
    ],
)
def test_the_two_releases_choose_the_versions(released, until, named):
    seen = found("gpt4", ("S", "x", until), ("gpt4", "openai", released), channel="api")
    assert entries(seen) == named == entries(seen, OTHER)


def test_a_channel_that_forbids_conflicts_only_if_the_student_is_a_rival():
    compete, other = found("gpt4", STUDENT, ("gpt4", "openai", "2023-03-14"), channel="api").answers
    assert (compete.answer, other.answer) == ("conflict", "cannot_tell")
    assert compete.words == (
        "If S was trained on gpt4's outputs over the channel api and is a rival of what gpt4's provider "
        "offers, then that is in conflict with the terms on file, for whoever is bound by them."
    )
    assert (compete.first, compete.last, compete.channels) == ("2023-03-14", "2023-06-30", ("api",))


def test_without_a_channel_each_is_listed_and_nobody_can_tell():
    compete, _ = found("gpt4", STUDENT, ("gpt4", "openai", "2023-03-14")).answers
    assert (compete.answer, compete.channels) == ("cannot_tell", ("api", "business", "consumer"))
    assert set(compete.verdicts) == {"prohibited"}
    assert "prohibited over api, business and consumer. Another channel" in compete.words


def test_a_model_of_the_students_own_provider_binds_nobody():
    for teacher, row in (("gpt4", ("gpt4", "someone", "2023-03-14")), ("x9", ("x9", "Someone", ""))):
        seen = found(teacher, STUDENT, row)
        assert {a.answer for a in seen.answers} <= {"own_model", "cannot_tell"}
    seen = found("gpt4", ("S", "OpenAI", "2023-06-30"), ("gpt4", "openai", "2023-03-14"), channel="api")
    assert {a.answer for a in seen.answers} == {"own_model"} and seen.versions == ()
    assert "whose terms do not bind itself" in seen.answers[0].words
    by_name = found("deepseek-r1", ("S", "deepseek", "2025-03-01"))
    assert by_name.answers[0].answer == "own_model"


def test_another_providers_licence_binds_even_for_an_own_model():
    """DeepSeek's distillations of Llama are its own, and under Meta's licence all the same."""
    rows = (("S", "deepseek", "2025-06-01"), ("DeepSeek-R1-Distill-Llama-70B", "deepseek", "2025-01-20"))
    seen = found("DeepSeek-R1-Distill-Llama-70B", *rows, channel="self_host")
    assert entries(seen) == ["llama-3.3"] and seen.answers[0].answer == "allowed_with_conditions"


def test_a_student_without_a_documented_provider_is_nobodys_own():
    assert (
        found("gpt4", ("S", "", "2023-06-30"), ("gpt4", "", "2023-03-14")).answers[0].answer == "cannot_tell"
    )


def test_weights_that_permit_are_allowed_over_self_host_alone():
    rows = (("S", "x", "2025-03-01"), ("deepseek-r1", "deepseek", "2025-01-20"))
    seen = found("deepseek-r1", *rows, channel="self_host")
    assert {a.answer for a in seen.answers} == {"allowed"} and entries(seen) == ["deepseek-mit"]
    assert "expressly_permitted" in seen.versions[0].outputs
    over = found("deepseek-r1", *rows, channel="api")
    assert over.answers[0].answer == "cannot_tell" and over.versions == ()
    assert "not all terms of these days are on file, and that is no permission" in over.answers[0].words
    assert any("Not all on file of DeepSeek (service_terms, api)" in note for note in over.answers[0].notes)
    either = found("deepseek-r1", *rows).answers[0]
    assert dict(zip(either.channels, either.verdicts, strict=True))["self_host"] == "allowed"
    assert either.answer == "cannot_tell"


@pytest.mark.parametrize(
    "teacher", ["T", "///", "  ", "<script>alert(1)</script>", "a" * 500, "\u202e", "gptt-4x"]
)
def test_a_teacher_nobody_knows_is_no_permission(teacher):
    seen = found(teacher, STUDENT)
    assert {a.answer for a in seen.answers} == {"cannot_tell"} and seen.versions == ()
    assert "no terms are on file for it, and that is no permission" in seen.answers[0].words
    assert any("that is no permission" in note for note in seen.answers[0].notes)


def test_a_teacher_that_came_later_has_no_days():
    seen = found("gpt4", ("S", "x", "2023-03-13"), ("gpt4", "openai", "2023-03-14"), channel="api")
    assert {a.answer for a in seen.answers} == {"teacher_later"} and seen.versions == ()
    assert seen.answers[0].first == "" and "no days whose terms" in seen.answers[0].words


def test_a_sibling_checkpoint_that_came_before_counts():
    rows = (
        STUDENT,
        ("gpt4_1106", "openai", "2023-11-06", "gpt-4"),
        ("gpt4_0314", "openai", "2023-03-14", "gpt-4"),
    )
    seen = found("gpt4_1106", *rows, channel="api")
    assert seen.answers[0].first == "2023-03-14"
    assert any(
        "begin with 2023-03-14, when the first checkpoint of its group" in n for n in seen.answers[0].notes
    )


def test_days_that_are_not_documented_are_said():
    student = found("gpt4", ("S", "x", ""), ("gpt4", "openai", "2023-03-14"), channel="consumer").answers[0]
    assert student.last == "2026-11-25" and any(
        "up to the day of this run, 2026-11-25" in n for n in student.notes
    )
    teacher = found("gpt4", STUDENT, ("gpt4", "openai", ""), channel="api").answers[0]
    assert teacher.first == "2023-03-14" and any("first became available is not" in n for n in teacher.notes)


def test_versions_that_disagree_and_readings_that_are_weak_settle_nothing():
    seen = found("gpt4", ("S", "x", "2024-06-01"), ("gpt4", "openai", "2023-03-14"), channel="api").answers[0]
    assert (seen.answer, seen.verdicts) == ("cannot_tell", ("ambiguous",))
    assert "Over api it depends on the day, or the service: prohibited, then not settled." in seen.notes
    assert any(
        "low confidence settle nothing" in n and "openai-business-terms-2023-11" in n for n in seen.notes
    )


def test_a_name_is_looked_up_by_its_group_where_it_says_nothing():
    seen = found("gpt35", STUDENT, ("gpt35", "openai", "2023-03-01", "gpt-3.5-turbo"), channel="consumer")
    assert seen.answers[0].model == "gpt-3.5-turbo" and entries(seen) == ["openai-terms-of-use-2023"]
    rows = (("S", "x", "2025-12-01"), ("run-7_v3-0324", "deepseek", "2025-03-24", "deepseek-v3"))
    weights = found("run-7_v3-0324", *rows, channel="self_host").answers[0]
    assert weights.answer == "cannot_tell" and "may not be this checkpoint's" in weights.words


def test_a_name_that_may_be_a_chance_accuses_nobody():
    other = found("gpt4-alike", STUDENT, ("gpt4-alike", "acme", "2023-03-14"), channel="api").answers[0]
    assert other.answer == "cannot_tell" and "its name may only look like one of theirs" in other.words
    row = ("llama-3-8b-x", "meta", "2024-07-23", "llama-3.1-8b")
    two = found("llama-3-8b-x", ("S", "x", "2025-01-01"), row, channel="self_host").answers[0]
    assert two.answer == "cannot_tell" and "find out which model it is" in two.words
    zhipu = found(
        "glm-4.5", ("S", "x", "2026-06-01"), ("glm-4.5", "zhipu", "2026-05-01"), channel="api"
    ).answers[0]
    assert zhipu.answer == "conflict"


def test_a_service_brings_its_channel_and_one_that_is_not_on_file_its_doubt():
    rows = (("S", "x", "2026-10-01"), ("gpt4", "openai", "2026-09-01"))
    known = found("gpt4", *rows, host="openrouter.ai").answers[0]
    assert known.channels == ("aggregator",) and known.answer == "cannot_tell"
    assert any("apply besides" in note for note in known.notes)
    unknown = found(
        "gpt4", STUDENT, ("gpt4", "openai", "2023-03-14"), host="x.example", channel="api"
    ).answers[0]
    assert (
        unknown.answer == "cannot_tell" and "no terms of the service 'x.example' are on file" in unknown.words
    )


def test_uses_that_were_named_and_no_others():
    rows = (STUDENT, ("gpt4", "openai", "2023-03-14"))
    seen = found("gpt4", *rows, channel="api", uses=("internal_research", "commercial_use_of_outputs"))
    assert [(a.use, a.answer) for a in seen.answers] == [
        ("commercial_use_of_outputs", "allowed"),
        ("internal_research", "cannot_tell"),
    ]
    for use in USES:
        words = found("gpt4", *rows, channel="api", uses=(use,)).answers[0].words
        assert (
            words.startswith("If S was trained on gpt4's outputs over the channel api") and "{" not in words
        )


def test_a_reading_is_stale_after_180_days():
    config = CompareConfig("panel:S", terms=True, channel="api")
    table = lineage(STUDENT, ("gpt4", "openai", "2023-03-14"))
    for day, stale in ((date(2026, 12, 1), False), (date(2027, 12, 1), True)):
        seen = teacher_terms.of(config, table, "S", ("gpt4",), day)
        assert {v.stale for v in seen.versions} == {stale}


def test_nothing_is_looked_up_unasked():
    config = CompareConfig("panel:S")
    assert teacher_terms.of(config, lineage(STUDENT), "S", ("gpt4",), TODAY) == ((), ())
    assert teacher_terms.hashes(config) == {} and teacher_terms.plan(config) == ()
    asked = CompareConfig("panel:S", terms=True, channel="api")
    assert len(teacher_terms.hashes(asked)["terms"]) == 64
    assert teacher_terms.plan(asked) == (f"Terms: looked up for {COMPETE}, {OTHER}, over the channel api.",)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"channel": "api"}, "add --terms"),
        ({"uses": ("internal_research",)}, "add --terms"),
        ({"terms": True, "channel": "phone"}, "--channel 'phone': allowed are api, business"),
        ({"terms": True, "uses": ("sell",)}, "--use 'sell': allowed are train_competing_llm"),
    ],
)
def test_what_names_nothing_is_refused(asked, said):
    with pytest.raises(AuditError, match=said):
        teacher_terms.check(CompareConfig("panel:S", **asked))
