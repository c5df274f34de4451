"""`audit terms`: list, show and check."""

from __future__ import annotations

import json

from auditor.scan.terms import USES


def test_list_filters(audit):
    rows = json.loads(audit("terms", "list", "--provider", "meta", "-f", "json").stdout)
    assert {row["provider"] for row in rows} == {"Meta"}
    rows = json.loads(audit("terms", "list", "--kind", "aup", "-f", "json").stdout)
    assert {row["kind"] for row in rows} == {"aup"}
    table = audit("terms", "list", "--model", "llama-3-70b", "--use", "train_competing_llm").stdout
    assert len(table.splitlines()) == 2
    assert "prohibited" in table


def test_list_says_what_depends_on_the_channel(audit):
    ask = ("terms", "list", "--model", "glm-4.5", "--use", "train_competing_llm")
    done = audit(*ask)
    assert "channel is not known" in done.stderr
    assert "Together: ambiguous." in done.stderr
    assert "Together: allowed." in audit(*ask, "--channel", "self_host").stderr
    assert "Together" not in audit(*ask, "--kind", "model_license").stderr  # only a part of what held


def test_list_refuses_what_does_not_exist(audit):
    for arguments, said in (
        (["--use", "train"], "Known are: train_competing_llm"),
        (["--kind", "licence"], "Known are: service_terms"),
        (["--provider", "nobody"], "There are some of: 01.AI, AI21"),
        (["--channel", "api"], "add --model"),
        (["--model", "gpt-4", "--channel", "phone"], "Known are: api"),
        (["--model", " "], "names no model"),
        (["--model", "gpt-4", "--date", "yesterday"], "'yesterday' is no date"),
    ):
        done = audit("terms", "list", *arguments)
        assert done.exit_code == 2
        assert said in done.stderr


def test_show_has_all_that_a_lawyer_asks_for(audit):
    text = audit("terms", "show", "openai-terms-of-use-2023").stdout
    for said in (
        "2(c)(iii)",
        "from 2023-03-14 until 2023-11-14",
        "before it openai-terms-of-use-2022",
        "account_holder",
        "https://openai.com/policies/terms-of-use",
        "2026-11-24",
        "Because: ",
        "confidence: high",
        *USES,
    ):
        assert said in text
    assert text.count("Not legal advice") == 1
    assert "illegal" not in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_show_as_json_and_by_the_name_on_a_card(audit):
    entry = json.loads(audit("terms", "show", "llama3.1", "-f", "json").stdout)
    assert entry["id"] == "llama-3.1"
    assert set(entry["says"]) == set(USES)
    assert entry["says"]["train_competing_llm"]["verdict"] == "allowed_with_conditions"
    assert (entry["since"], entry["read"], entry["not_legal_advice"]) == ("2024-07-23", "2026-11-24", True)


def test_show_suggests_near_ids(audit):
    done = audit("terms", "show", "lama-3.1")
    assert done.exit_code == 2
    assert "Did you mean llama-3.1" in done.stderr


def test_check_is_content_with_what_ships_and_warns_of_old_readings(audit):
    done = audit("terms", "check", "--on", "2026-12-01")
    assert (done.exit_code, done.stdout.strip(), done.stderr) == (0, "none", "")
    done = audit("terms", "check", "--on", "2027-12-01")
    assert done.exit_code == 0
    assert "read more than 180 days before 2027-12-01" in done.stderr


def test_check_fails_for_terms_of_ones_own_that_break_the_schema(audit, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.toml").write_text("[[entry]]\nid = 'mine'\n", encoding="utf-8")
    done = audit("terms", "check", "own")
    assert done.exit_code == 1
    assert "mine.toml: mine: 'name' is a required property" in done.stdout
    (tmp_path / "own" / "mine.toml").write_text("entry = [1]\n[[entries]]\n", encoding="utf-8")
    done = audit("terms", "check", "own")
    assert (done.exit_code, "mine.toml: entry 0: 1 is not of type 'object'" in done.stdout) == (1, True)
    assert audit("terms", "check", "nowhere").exit_code == 2
