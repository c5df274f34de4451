"""Which terms held: the channel decides, then the day; nothing is permitted by ignorance."""

from __future__ import annotations

import pytest

from auditor.errors import AuditError
from auditor.scan.days import span
from auditor.scan.in_force import in_force, strictest
from auditor.scan.names import plain
from auditor.scan.terms import USES, load

COMPETE = USES[0]


def held(model, *arguments, **options):
    found = in_force(load(), model, *arguments, **options)
    return [entry.id for entry in found.entries], found.verdict(COMPETE), found.notes


@pytest.mark.parametrize(
    ("model", "channel", "when", "ids", "verdict"),
    [
        ("meta-llama/Meta-Llama-3-70B-Instruct", "self_host", None, ["llama-3"], "prohibited"),
        ("llama3:70b", "self_host", "2024-12", ["llama-3"], "prohibited"),
        ("Llama-3.1-70B-Instruct", "self_host", None, ["llama-3.1"], "allowed_with_conditions"),
        ("deepseek-ai/DeepSeek-R1", "self_host", "2025-02", ["deepseek-mit"], "allowed"),
        ("DeepSeek-R1-Distill-Llama-8B", "self_host", None, ["llama-3.1"], "allowed_with_conditions"),
        ("DeepSeek-V3", "self_host", "2025-01", ["deepseek-la-1.0"], "allowed_with_conditions"),
        ("DeepSeek-V3-0324", "self_host", None, ["deepseek-mit"], "allowed"),
        ("Qwen2-72B-Instruct", "self_host", None, ["tongyi-qianwen-2023"], "prohibited"),
        ("Qwen2.5-72B-Instruct", "self_host", None, ["qwen-2024"], "allowed_with_conditions"),
        ("Qwen2.5-7B-Instruct", "self_host", None, ["qwen-apache"], "allowed"),
        ("Qwen2.5-3B-Instruct", "self_host", None, ["qwen-research-2024"], "ambiguous"),
        ("gemma-3-27b-it", "self_host", "2025-03-20", ["gemma-tou-2024-04-01"], "allowed_with_conditions"),
        ("gemma-3-27b-it", "self_host", "2025-03-24", ["gemma-tou-2025-03-24"], "allowed_with_conditions"),
        ("gemma-3-27b-it", "api", "2026-06", ["google-gemini-api-2026"], "prohibited"),
        ("gpt-4", "api", "2023-06", ["openai-terms-of-use-2023"], "prohibited"),
        ("gpt-oss-120b", "self_host", None, ["gpt-oss"], "allowed"),
        ("glm-4.5", "self_host", None, ["glm-mit"], "allowed"),
        ("glm-4.5", "api", "2026-06", ["zai-terms-2026"], "prohibited"),
        ("deepseek-r1", "api_trial", "2025-10", ["nvidia-api-trial-2025"], "prohibited"),
    ],
)
def test_by_model_channel_and_day(model, channel, when, ids, verdict):
    assert held(model, channel, when)[:2] == (ids, verdict)


def test_unknown_channel_lists_each_and_nobody_can_tell():
    ids, verdict, notes = held("glm-4.5")
    assert ids == ["zai-terms-2026", "glm-mit"] or ids == ["glm-mit", "zai-terms-2026"]
    assert verdict == "ambiguous"
    assert any("channel is not known" in note for note in notes)
    found = in_force(load(), "glm-4.5")
    assert {c: [e.id for e in es] for c, es in found.by_channel().items()} == {
        "api": ["zai-terms-2026"],
        "self_host": ["glm-mit"],
    }


def test_channels_that_differ_only_in_conditions_give_the_stricter():
    assert held("deepseek-v3")[1] == "allowed_with_conditions"


def test_unknown_day_lists_every_version_and_a_year_those_it_may_mean():
    ids, verdict, notes = held("gpt-4", "api")
    assert ids == [
        "openai-terms-of-use-2023",
        "openai-business-terms-2023-11",
        "openai-services-agreement-2026",
    ]
    assert verdict == "prohibited"
    assert any("every version" in note for note in notes)
    assert held("gpt-4", "api", "2023")[0] == ["openai-terms-of-use-2023", "openai-business-terms-2023-11"]


def test_a_version_ends_the_day_the_next_begins():
    assert held("gpt-4", "consumer", "2024-12-10")[0] == ["openai-terms-of-use-2023-11"]
    assert held("gpt-4", "consumer", "2024-12-11")[0] == ["openai-terms-of-use-2024-12"]


def test_nothing_on_file_is_no_permission():
    ids, verdict, notes = held("gptt-4o")
    assert (ids, verdict) == ([], "unknown")
    assert "no permission" in notes[0]
    assert "gpt-4o" in notes[0]
    ids, verdict, notes = held("claude-3-opus", "api", "2024-03")
    assert (ids, verdict) == ([], "unknown")
    assert all("Not all on file of Anthropic" in note for note in notes)
    assert len(notes) == 2
    assert held("phi-4", "aggregator", host="elsewhere.example")[:2] == ([], "unknown")


def test_terms_that_are_missing_for_a_channel_are_no_permission_by_another():
    """GLM's weights were under MIT before the API's terms on file; what the API said then nobody knows."""
    ids, verdict, notes = held("glm-4.5", when="2025-10")
    assert (ids, verdict) == (["glm-mit"], "unknown")
    assert any("Not all on file of Z.ai" in note for note in notes)
    assert held("glm-4.5", "self_host", "2025-10")[1] == "allowed"
    assert held("gpt-4", when="2023-06")[:2] == (["openai-terms-of-use-2023"], "prohibited")
    assert held("deepseek-r1", "api", "2025")[:2] == (["deepseek-platform-2025"], "unknown")
    assert held("deepseek-r1", "api", "2025-05")[:2] == (["deepseek-platform-2025"], "allowed")


def test_a_licence_that_any_model_may_take_is_not_every_models():
    assert held("some-model-of-mine", "self_host")[:2] == ([], "unknown")


def test_hosts_come_in_by_channel_or_name_and_never_by_the_model_alone():
    assert "openrouter-terms-2026" not in held("glm-4.5")[0]
    assert "openrouter-terms-2026" in held("glm-4.5", "aggregator")[0]
    assert held("glm-4.5", "aggregator")[1] == "ambiguous"
    ids, _, notes = held("glm-4.5", "aggregator", host="openrouter.ai")
    assert ids == ["openrouter-terms-2026"]
    assert any("apply besides" in note for note in notes)


def test_strictest_of_several():
    terms = load()
    entries = [terms.get("glm-mit"), terms.get("llama-3.1"), terms.get("llama-3")]
    assert strictest(entries, COMPETE) == ("prohibited", (entries[2],))
    assert strictest(entries[:2], COMPETE) == ("allowed_with_conditions", (entries[1],))
    unread = [terms.get("minimax-platform-2026"), terms.get("qwen3.8-max")]
    assert strictest(unread, COMPETE)[0] == "unknown"
    assert strictest([], COMPETE) == ("unknown", ())


def test_a_wrong_channel_or_date_says_what_is_allowed():
    with pytest.raises(AuditError, match=r"'phone' is no channel. Known are: api, "):
        in_force(load(), "gpt-4", "phone")
    with pytest.raises(AuditError, match="no date"):
        in_force(load(), "gpt-4", "api", "2023-02-30")


def test_names_and_days_are_read_as_people_write_them():
    assert plain("meta-llama/Meta-Llama-3-8B:free") == "meta-llama-3-8b-free"
    assert plain(" GPT 4_turbo ") == "gpt-4-turbo"
    assert (span("2024-02").first.day, span("2024-02").last.day) == (1, 29)
    assert (span("2023").first.month, span("2023").last.month) == (1, 12)
