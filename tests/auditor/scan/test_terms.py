"""The shipped terms: sound by schema and by reason, and near-twins are told apart."""

from __future__ import annotations

import json
import re
import time
from datetime import date
from pathlib import Path

import jsonschema
import pytest

from auditor import shipped
from auditor.errors import AuditError
from auditor.scan import terms, terms_schema
from auditor.scan.terms import USES, load
from auditor.scan.terms_audit import problems, stale

COMPETE, RELEASE, CLASSIFY, SELL, PUBLISH, RESEARCH = USES


@pytest.fixture(scope="module")
def all_terms():
    return load()


def test_schemas_are_schemas_and_the_files_keep_to_them():
    for name in ("terms", "synthetic"):
        jsonschema.Draft202012Validator.check_schema(terms_schema.schema(name))
    assert problems() == []


def test_the_program_and_the_schema_have_the_same_words():
    defs = terms_schema.schema("terms")["$defs"]
    assert set(terms_schema.meaning("uses")) == set(USES)
    assert set(terms_schema.meaning("verdict")) == set(terms.VERDICTS)
    assert set(terms_schema.meaning("kind")) == set(terms.KINDS)
    assert set(terms_schema.meaning("channels")) == set(terms.CHANNELS)
    assert set(defs["entry"]["properties"]) - {"from"} <= set(terms.Entry.__dataclass_fields__)


def test_ninety_entries_of_every_kind(all_terms):
    kinds = [entry.kind for entry in all_terms]
    assert len(kinds) >= 90
    assert (
        min(kinds.count("service_terms"), kinds.count("model_license"), kinds.count("dataset_license")) >= 20
    )
    assert kinds.count("aup") >= 2


@pytest.mark.parametrize(
    ("id", "verdicts"),
    [
        ("llama-2", "prohibited prohibited ambiguous"),
        ("llama-3", "prohibited prohibited ambiguous"),
        ("llama-3.1", "allowed_with_conditions allowed_with_conditions allowed_with_conditions"),
        ("llama-4", "allowed_with_conditions allowed_with_conditions allowed_with_conditions"),
        ("tongyi-qianwen-2023", "prohibited prohibited ambiguous"),
        ("qwen-2024", "allowed_with_conditions allowed_with_conditions allowed_with_conditions"),
        ("qwen-apache", "allowed allowed allowed"),
        ("deepseek-la-1.0", "allowed_with_conditions allowed_with_conditions allowed_with_conditions"),
        ("deepseek-mit", "allowed allowed allowed"),
        ("gemma-tou-2025-03-24", "allowed_with_conditions allowed_with_conditions allowed_with_conditions"),
        ("gemma-4-license", "allowed allowed allowed"),
        ("google-gemini-api-2026", "prohibited ambiguous ambiguous"),
        ("openai-services-agreement-2026", "prohibited ambiguous allowed_with_conditions"),
        ("zai-terms-2026", "prohibited prohibited prohibited"),
        ("glm-mit", "allowed allowed allowed"),
        ("minimax-platform-2026", "unknown unknown unknown"),
    ],
)
def test_verdicts_on_training(all_terms, id, verdicts):
    entry = all_terms.get(id)
    assert [entry.on(use).verdict for use in USES[:3]] == verdicts.split()


def test_every_verdict_has_a_reason_and_doubts_say_what_to_read(all_terms):
    for entry in all_terms:
        assert [said.use for said in entry.says] == list(USES)
        assert all(len(said.reason) > 10 for said in entry.says)
        if entry.evidence in ("secondary_summary", "unverified") or entry.confidence == "low":
            assert entry.needs_review


def test_nobody_calls_anything_illegal_and_no_clause_is_quoted():
    for file in shipped.path("terms").glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        assert "illegal" not in text.lower()
        assert not re.search(r"[“\"][^”\"]{60,}[”\"]", text)


def test_versions_point_at_each_other(all_terms):
    assert all_terms.get("gemma-tou-2025-03-24").superseded_by == ("gemma-tou-2026-04-01",)
    assert set(all_terms.get("openai-terms-of-use-2023").superseded_by) == {
        "openai-terms-of-use-2023-11",
        "openai-business-terms-2023-11",
    }


def test_licences_are_found_by_what_a_card_calls_them(all_terms):
    assert [e.id for e in all_terms.by_licence("LLAMA3.1")] == ["llama-3.1"]
    assert [e.id for e in all_terms.by_licence("LicenseRef-scancode-qwen-2024")] == ["qwen-2024"]
    assert [e.id for e in all_terms.by_licence("apache-2.0", "dataset_license")] == ["data-apache-2.0"]
    assert len(all_terms.by_licence("gemma")) == 3
    assert all_terms.by_licence("unheard-of") == ()


def test_wrong_ids_get_near_ones(all_terms):
    with pytest.raises(AuditError, match=r"Did you mean llama-3, .*audit terms list"):
        all_terms.get("lama-3")
    with pytest.raises(AuditError, match="gemma-tou-2024-04-01"):
        all_terms.get("gemma")


def test_readings_grow_stale_after_180_days(all_terms):
    entry = all_terms.get("llama-3")
    assert entry.read == date(2026, 11, 24)
    assert not entry.stale(date(2027, 5, 23))
    assert entry.stale(date(2027, 5, 24))
    assert stale(None, "2026-12") == []
    assert len(stale(None, "2028")) == len(all_terms)


def test_loading_is_quick():
    """50 ms of processor time on an idle machine (docs/decisions/0010); twice that where others work, too."""
    seconds = []
    for _ in range(7):
        terms._shipped.cache_clear()
        before = time.process_time()
        load()
        seconds.append(time.process_time() - before)
    assert min(seconds) < 0.1


def test_schema_is_json_that_a_lawyer_can_open():
    for path in Path(shipped.path("schema")).glob("*-1.0.schema.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["description"]
