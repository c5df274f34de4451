"""Wrong entries are found: by the schema, at loading, and against the names of models."""

from __future__ import annotations

import pytest

from auditor.errors import AuditError
from auditor.scan.terms import load
from auditor.scan.terms_audit import problems

ENTRY = """
[[entry]]
id = '{id}'
name = 'Terms'
provider = 'Meta'
kind = 'model_license'
spdx = 'LicenseRef-x'
channels = ['self_host']
models = ['{models}']
from = '{begin}'
date_kind = 'stated'
binds = ['licensee']
risk = ['licensee']
outputs = ['{outputs}']
source = 'https://example.org'
read = '2026-11-24'
evidence = 'primary_text'
confidence = 'high'
{more}

[[entry.says]]
uses = ['train_competing_llm', 'train_other_model_release_weights', 'train_private_classifier']
verdict = '{verdict}'
reason = 'Because.'

[[entry.says]]
uses = ['commercial_use_of_outputs', 'redistribute_outputs_as_dataset', 'internal_research']
verdict = 'allowed'
reason = 'Because.'
"""
SOUND = {
    "id": "one",
    "models": "llama-3-*",
    "begin": "2024-01-01",
    "outputs": "none_stated",
    "verdict": "allowed",
    "more": "",
}


@pytest.fixture
def folder(tmp_path):
    def write(*entries: dict[str, str]):
        text = "\n".join(ENTRY.format(**{**SOUND, **entry}) for entry in entries)
        (tmp_path / "meta.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_sound_entry_has_no_problem(folder):
    assert problems(folder({})) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"verdict": "forbidden"}, "'forbidden'"),
        ({"outputs": "no_fun"}, "'no_fun'"),
        ({"begin": "spring 2024"}, "'spring 2024'"),
        ({"more": "colour = 'red'"}, "colour"),
        ({"models": "lama-3-*"}, "meets no name"),
        ({"outputs": "no_compete"}, "says no_compete, but train_competing_llm is allowed"),
        ({"outputs": "no_train_any_model"}, "train_private_classifier is allowed"),
        ({"outputs": "unknown"}, "says unknown, but"),
        ({"more": "until = '2023-01-01'"}, "ends (2023-01-01) before it begins (2024-01-01)"),
        ({"begin": "2027-01-01"}, "read (2026-11-24) before it took effect"),
        ({"more": "supersedes = 'none-such'"}, "supersedes 'none-such', which is no other entry"),
    ],
    ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else "",
)
def test_a_wrong_entry_is_named(folder, entry, said):
    found = problems(folder(entry))
    assert any("one" in problem and said in problem for problem in found), found


def test_silent_terms_of_a_service_permit_nothing(folder):
    place = folder({})
    file = place / "meta.toml"
    file.write_text(file.read_text().replace("model_license", "service_terms"))
    assert any("silent" in problem for problem in problems(place))


def test_rival_versions_are_found_where_a_pattern_takes_in_a_twin(folder):
    found = problems(folder({"models": "llama-3*"}, {"id": "two", "models": "llama-3.1*"}))
    assert any("one and two hold at the same time for llama-3.1" in problem for problem in found), found
    apart = problems(folder({"models": "llama-3-*"}, {"id": "two", "models": "llama-3.1*"}))
    assert apart == []


def test_versions_follow_each_other(folder):
    later = {"id": "two", "begin": "2025-01-01", "more": "supersedes = 'one'"}
    assert problems(folder({"more": "until = '2025-01-01'"}, later)) == []
    overlap = problems(folder({"more": "until = '2025-06-01'"}, later))
    assert any("begins (2025-01-01) before one ends (2025-06-01)" in problem for problem in overlap)


def test_an_id_is_there_once(folder):
    with pytest.raises(AuditError, match="'one' is there more than once"):
        load(folder({}, {}))


@pytest.mark.parametrize("now", ["", ", 'internal_research', 'train_competing_llm'"])
def test_a_use_without_an_answer_or_with_two_cannot_be_loaded(folder, now):
    place = folder({})
    file = place / "meta.toml"
    file.write_text(file.read_text().replace(", 'internal_research'", now))
    with pytest.raises(AuditError, match=r"entry 'one' in .*meta\.toml.* each use once"):
        load(place)


def test_no_terms_and_no_toml_are_said(tmp_path):
    with pytest.raises(AuditError, match="no terms in"):
        load(tmp_path / "nowhere")
    (tmp_path / "bad.toml").write_text("entry = [")
    with pytest.raises(AuditError, match=r"bad\.toml.* is not TOML"):
        problems(tmp_path)
