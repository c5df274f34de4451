"""`audit collect` against a real server: what is asked, kept and asked again."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

from tests.auditor.cli.conftest import N_ASKED as N
from tests.auditor.cli.conftest import answers
from tests.endpoint_server import about_abilities, prompt_of


def only(prompt, fault):
    return lambda body: fault if prompt_of(body) == prompt else None


def test_every_answer_with_everything_about_it(collect, server):
    result = collect("--logprobs", "2", "--max-tokens", "5", "--seed", "3", "--system", "Be brief.")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    assert f"{N} answers in a.jsonl ({N} new)" in result.stderr
    rows = answers()
    assert {r["prompt"] for r in rows} == {f"Ask {i}?" for i in range(N)}
    row = rows[0]
    assert row["output"] == server.text(server.asked[0] | {"messages": [{"content": row["prompt"]}]})
    assert row["decoding"] == {
        "temperature": 0.0,
        "max_tokens": 5,
        "logprobs": 2,
        "seed": 3,
        "system": "Be brief.",
    }
    assert row["prompt_id"] == f"q{row['prompt'][4:-1]}"
    known = (row["model"], row["server_model"], row["sample"], row["seed"], row["finish_reason"], row["tags"])
    assert known == ("m", "m-0613", 0, 3, "stop", ["t"])
    assert row["at"] == server.url
    assert row["tokens"] == {"prompt": 7, "completion": 12}
    assert row["time"].endswith("+00:00")
    assert row["seconds"] >= 0
    assert len(row["logprobs"]["tokens"]) == len(row["logprobs"]["values"]) == 12
    assert len(row["logprobs"]["top"][0]) == 2


def test_the_answers_can_be_judged(audit, collect, server):
    """The file is a student for `audit compare`, and a recording for `audit panel import`."""
    assert collect().exit_code == 0
    assert collect("-o", "t.jsonl", "--temperature", "1").exit_code == 0
    text = Path("t.jsonl").read_text().replace('"model": "m"', '"model": "t"')
    Path("t.jsonl").write_text(text)
    judge = ("compare", "--student", "a.jsonl", "--teacher", "t.jsonl", "--lineage", "none")
    result = audit(*judge, "--detector", "wording", "--bootstrap", "0", "-f", "json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["student"] == "m"
    assert audit("panel", "import", "a.jsonl", "t.jsonl", "-o", "panel.parquet").exit_code == 0


def test_a_dry_run_asks_nothing_and_writes_nothing(collect, server, tmp_path):
    result = collect("--dry-run", "--rate", "6", "--samples", "2", "--temperature", "1")
    assert result.exit_code == 0
    for words in (f"To ask    {2 * N} requests", "at most 24,576 in the answers", "5.5 minutes or more"):
        assert words in result.stdout
    assert not server.requests
    assert not (tmp_path / "a.jsonl").exists()


def test_a_dry_run_counts_what_is_held_and_leaves_a_torn_line(collect, server):
    collect()
    whole = Path("a.jsonl").read_bytes().splitlines(keepends=True)
    torn = b"".join(whole[:4]) + whole[4][:50]
    Path("a.jsonl").write_bytes(torn)
    asked = len(server.requests)
    result = collect("--dry-run")
    assert f"Held      4 of {N} answers" in result.stdout
    assert f"{12 * (N - 4)} if they are like those held" in result.stdout
    assert (Path("a.jsonl").read_bytes(), len(server.requests)) == (torn, asked)


def test_what_is_held_is_not_asked_again(collect, server):
    collect()
    asked, before = len(server.requests), Path("a.jsonl").read_bytes()
    result = collect()
    assert (result.exit_code, len(server.requests)) == (0, asked)
    assert "nothing was missing" in result.stderr
    assert Path("a.jsonl").read_bytes() == before


def test_more_samples_ask_only_for_those(collect, server):
    collect("--temperature", "1", "--seed", "7")
    collect("--temperature", "1", "--seed", "7", "--samples", "3")
    assert Counter(body["seed"] for body in server.asked) == {7: N, 8: N, 9: N}
    outputs = {r["output"] for r in answers()}
    assert len(answers()) == len(outputs) == 3 * N


def test_samples_come_in_one_request_where_the_server_does_that(collect, server):
    assert collect("--temperature", "1", "--samples", "3").exit_code == 0
    assert [body["n"] for body in server.asked] == [3] * N
    assert Counter(r["sample"] for r in answers()) == {0: N, 1: N, 2: N}


def test_samples_come_singly_where_it_ignores_that(collect, server):
    server.ignores = {"n"}
    assert collect("--temperature", "1", "--samples", "2").exit_code == 0
    assert len(server.asked) == 2 * N
    assert Counter(r["sample"] for r in answers()) == {0: N, 1: N}
    assert answers()[0]["missing"] == {"n": "ignored: asked for 2 answers at once, got 1"}


def test_samples_that_a_server_leaves_out_are_asked_singly(collect, server):
    several = server.completion

    def fewer(body, fault):
        reply = several(body, fault)
        return reply if about_abilities(body) else reply | {"choices": reply["choices"][:1]}

    server.completion = fewer
    assert collect("--temperature", "1", "--samples", "3").exit_code == 0
    assert Counter(r["sample"] for r in answers()) == {0: N, 1: N, 2: N}


def test_samples_need_a_temperature(collect):
    result = collect("--samples", "2")
    assert result.exit_code == 2
    assert "Add --temperature" in result.stderr


def test_concurrency_is_what_was_asked(collect, server):
    server.slow = 0.05
    collect("--concurrency", "3")
    assert server.most_at_once == 3


def test_cut_off_empty_and_refused_answers_are_kept_and_counted(collect, server):
    server.finish = "length"
    server.fault = only("Ask 3?", "empty")
    server.says["Ask 4?"] = "I cannot help with that."
    result = collect()
    assert result.exit_code == 0
    assert f"{N} cut off by --max-tokens, 1 empty" in result.stderr
    rows = {r["prompt"]: r for r in answers()}
    assert rows["Ask 3?"]["output"] == ""
    assert rows["Ask 4?"]["output"] == "I cannot help with that."
    assert all(r["truncated"] for r in rows.values())
    assert collect().exit_code == 0


def test_another_way_of_asking_wants_another_file(collect, server):
    collect()
    before, asked = Path("a.jsonl").read_bytes(), len(server.requests)
    result = collect("--temperature", "0.5")
    assert result.exit_code == 2
    assert "--temperature 0.0 there, 0.5 now" in result.stderr
    assert (Path("a.jsonl").read_bytes(), len(server.requests)) == (before, asked)


def test_two_models_in_one_file(audit, collect, server):
    server.models = ("m", "n")
    assert collect().exit_code == collect("--temperature", "1", name="n").exit_code == 0
    listed = json.loads(audit("panel", "list", "a.jsonl", "-f", "json").stdout)
    assert [(row["model"], row["answered"]) for row in listed] == [("m", N), ("n", N)]


def test_the_key_is_nowhere(collect, server, monkeypatch):
    server.key = "sk-very-secret"
    monkeypatch.setenv("OPENAI_API_KEY", server.key)
    result = collect("-v")
    assert result.exit_code == 0, result.stderr
    assert server.key not in result.output + result.stderr + Path("a.jsonl").read_text()


def test_a_shipped_set(audit, server):
    ask = ("collect", f"openai:m@{server.url}", "--probes", "quick", "-o", "a.jsonl")
    assert audit(*ask).exit_code == 0
    rows = answers()
    assert len(rows) == 50
    keyed = [r for r in rows if "target" in r]
    assert len(keyed) == sum("choices" in r["tags"] for r in rows) == 6


def test_the_file_beside_an_evidence_file(audit, collect, server):
    ask = ("collect", f"openai:m@{server.url}", "--probes", "p.jsonl")
    assert audit(*ask, "--evidence", "e.duckdb").exit_code == 0
    assert len(answers("e.answers.jsonl")) == N
    for both in ((), ("--evidence", "e.duckdb", "-o", "a.jsonl")):
        result = audit(*ask, *both)
        assert result.exit_code == 2
        assert "Give -o FILE or --evidence FILE, one of them" in result.stderr


def test_settings_from_environment_and_file(collect, server):
    Path("audit.toml").write_text("[collect]\nmax-tokens = 9\n")
    assert collect(env={"AUDIT_COLLECT_TEMPERATURE": "0.5"}).exit_code == 0
    assert answers()[0]["decoding"]["max_tokens"] == 9
    assert answers()[0]["decoding"]["temperature"] == 0.5


def test_without_the_client_it_says_what_to_install(collect, server, monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    result = collect()
    assert result.exit_code == 2
    assert "pip install 'distill-audit[api]'" in result.stderr
    assert collect("--dry-run").exit_code == 0
