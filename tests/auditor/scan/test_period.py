"""What terms of one channel said over many days: nothing is read out of versions that disagree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from auditor.scan.days import between, span
from auditor.scan.in_force import in_force
from auditor.scan.period import said, settled, together
from auditor.scan.terms import USES, load

COMPETE, OTHER = USES[:2]


def entries(model, channel):
    return in_force(load(), model, channel).entries


def over(model, channel, first, last, use=COMPETE):
    return said(entries(model, channel), between(date.fromisoformat(first), date.fromisoformat(last)), use)


@pytest.mark.parametrize(
    ("model", "channel", "first", "last", "verdicts"),
    [
        ("text_davinci_003", "api", "2022-11-28", "2023-03-13", ("prohibited",)),
        ("text_davinci_003", "api", "2022-11-28", "2023-10-31", ("prohibited",)),
        ("gpt-4", "api", "2023-03-14", "2024-06-01", ("prohibited", "ambiguous")),
        ("gpt-4", "consumer", "2023-03-14", "2024-06-01", ("prohibited",)),
        ("deepseek-r1", "self_host", "2025-01-20", "2025-06-01", ("allowed",)),
        ("deepseek-r1", "api", "2025-01-20", "2025-06-01", ("unknown", "allowed")),
        ("deepseek-r1", "api", "2025-05-01", "2025-06-01", ("allowed",)),
        ("claude-3-opus", "api", "2024-03-04", "2025-12-01", ("unknown", "prohibited")),
        ("claude-3-opus", "api", "2024-03-04", "2024-06-01", ("unknown",)),
        ("gemma-2-9b-it", "self_host", "2024-06-27", "2025-06-01", ("allowed_with_conditions",)),
        ("llama-3.1-8b", "self_host", "2024-01-01", "2025-01-01", ("allowed_with_conditions",)),
        ("llama-3.1-8b", "self_host", "2024-01-01", "2024-02-01", ("unknown",)),
    ],
)
def test_versions_in_the_order_of_the_days(model, channel, first, last, verdicts):
    assert over(model, channel, first, last) == verdicts


def test_where_only_some_forbid_nobody_can_tell():
    assert together(("prohibited", "prohibited")) == "prohibited"
    assert together(("prohibited", "unknown")) == together(("allowed", "prohibited")) == "ambiguous"
    assert together(("allowed", "unknown")) == "unknown"
    assert together(()) == "unknown" and said((), between(date.min, date.max), COMPETE) == ("unknown",)


def test_a_reading_of_low_confidence_settles_nothing_in_either_direction():
    forbids, allows = load().get("llama-3"), load().get("deepseek-mit")
    assert (settled(forbids, COMPETE), settled(allows, COMPETE)) == ("prohibited", "allowed")
    assert {settled(replace(e, confidence="low"), COMPETE) for e in (forbids, allows)} == {"ambiguous"}


def test_what_holds_at_once_is_the_strictest_and_services_are_apart():
    licence, terms = load().get("glm-mit"), replace(load().get("llama-3"), since=None)
    days = between(date(2025, 6, 1), date(2025, 7, 1))
    assert said((replace(licence, since=None), terms), days, COMPETE) == ("prohibited",)
    one, other = (
        replace(terms, hosts=("one.example",)),
        replace(licence, since=None, hosts=("other.example",)),
    )
    assert together(said((one, other), days, COMPETE)) == "ambiguous"


def test_days_between_and_what_is_not_on_file_for_their_end():
    days = between(date(2023, 3, 1), date(2023, 2, 1))
    assert (days.first, days.last, str(days)) == (
        date(2023, 3, 1),
        date(2023, 3, 1),
        "2023-03-01 to 2023-03-01",
    )
    terms = [replace(e, until=span("2023-12-01")) for e in load() if e.id == "openai-terms-of-use-2023"]
    covered = in_force(terms, "gpt-4", "api", between(date(2023, 4, 1), date(2023, 11, 30)))
    beyond = in_force(terms, "gpt-4", "api", between(date(2023, 4, 1), date(2024, 2, 1)))
    assert covered.gaps == () and covered.verdict(COMPETE) == "prohibited"
    assert beyond.gaps == ("api",) and "2023-04-01 to 2024-02-01" in beyond.notes[0]


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("Meta-Llama-3_1-8B-Instruct", "llama-3.1"),
        ("llama3-1-8b-instruct", "llama-3.1"),
        ("Llama-3-2-1B", "llama-3.2"),
        ("meta-llama-3-3-70b-instruct", "llama-3.3"),
        ("Meta-Llama-3-8B-Instruct", "llama-3"),
        ("llama-3-70b", "llama-3"),
    ],
)
def test_a_point_release_without_its_point_is_no_llama_3(name, entry):
    assert [e.id for e in in_force(load(), name).entries] == [entry]
