"""`audit collect` against a real server: what is asked, kept, resumed, and said when things go wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.endpoint_server import about_abilities, prompt_of, serving

N = 12


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    for name in list(os.environ):
        if name.startswith("AUDIT_COLLECT_") or name.lower() in ("http_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    for name in ("AUDIT_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server():
    with serving() as state:
        yield state


@pytest.fixture
def collect(audit, server, tmp_path):
    """Runs `audit collect` of model m on N prompts into a.jsonl."""
    rows = [{"id": f"q{i}", "prompt": f"Ask {i}?", "tags": ["t"]} for i in range(N)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))

    def run(*arguments, name="m", **options):
        return audit(
            *("collect", f"openai:{name}@{server.url}", "--probes", "p.jsonl", "-o", "a.jsonl", *arguments),
            **options,
        )

    return run


def answers(name="a.jsonl"):
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


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
    for words in (f"To ask    {2 * N} requests", "at most 24,576 in the answers", "5.3 minutes or more"):
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


@pytest.mark.parametrize("fault", ["500", "malformed", "cut", "no_choices", "400"])
def test_one_bad_prompt_does_not_stop_the_rest(collect, server, fault):
    server.fault = only("Ask 5?", fault)
    result = collect("--tries", "1")
    assert result.exit_code == 3
    assert f"1 of {N} requests were given up; 1 times: " in result.stderr
    assert f"{N - 1} answers are kept in a.jsonl; the same command goes on from there" in result.stderr
    server.fault = lambda body: None
    assert collect().exit_code == 0
    assert server.times_of("Ask 5?") == 2
    assert server.times_of("Ask 6?") == 1


@pytest.mark.parametrize("fault", ["500", "malformed", "cut"])
def test_a_broken_server_is_left_alone(collect, server, fault):
    server.fault = lambda body: fault if not about_abilities(body) else None
    result = collect("--tries", "1", "--concurrency", "1")
    assert result.exit_code == 3
    assert "5 requests in a row were given up. No answer was collected." in result.stderr
    assert len(server.asked) == 5
    assert not Path("a.jsonl").exists()


def test_a_storm_that_does_not_end_keeps_what_came(collect, server):
    server.fault = lambda body: "429" if len(server.asked) > 6 else None
    result = collect("--concurrency", "1", "--tries", "3")
    assert result.exit_code == 3
    assert "Ask less: --rate" in result.stderr
    assert "6 answers are kept in a.jsonl" in result.stderr
    server.fault = lambda body: None
    assert collect().exit_code == 0
    assert len(answers()) == len({r["prompt"] for r in answers()}) == N


def test_a_storm_that_passes_is_sat_out(collect, server):
    turns = iter(range(10_000))
    server.fault = lambda body: "429" if not about_abilities(body) and next(turns) % 3 else None
    assert collect().exit_code == 0
    assert len(answers()) == N
    assert len(server.asked) > 2 * N


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"key": "k"}, "401 (Incorrect key: None): it wants a key, and none is set. Set OPENAI_API_KEY"),
        ({"models": ("x", "y")}, "404 (no model m here). The server has no model 'm'; it has x, y."),
        ({"refuses": {"temperature"}}, "400 (unsupported: temperature)"),
    ],
)
def test_a_server_that_refuses_everything(collect, server, setting, words):
    for name, value in setting.items():
        setattr(server, name, value)
    result = collect()
    assert result.exit_code == 3
    assert words in result.stderr
    assert "No answer was collected" in result.stderr
    assert not server.asked


def test_a_server_that_is_not_there(audit, collect):
    result = audit(
        "collect", "openai:m@http://127.0.0.1:9/v1", "--probes", "p.jsonl", "-o", "a.jsonl", "--tries", "1"
    )
    assert result.exit_code == 3
    assert "Check that the server runs" in result.stderr


def test_a_server_that_goes_away(audit, collect, server):
    """Half of the answers, then nobody there: exit code 3, and they are kept."""
    server.fault = lambda body: "cut" if len(server.asked) > 6 else None
    result = collect("--concurrency", "1", "--tries", "1")
    assert result.exit_code == 3
    assert len(answers()) == 6


def test_a_wrong_url_says_so(audit, collect, server):
    server.url = server.url.removesuffix("/v1") + "/v2"
    result = collect()
    assert result.exit_code == 3
    assert "mostly ends in /v1" in result.stderr


def test_no_log_probabilities_where_they_are_asked_for(collect, server):
    server.ignores = {"logprobs"}
    result = collect("--logprobs", "3")
    assert result.exit_code == 3
    assert "the server ignores 'logprobs'. Ask without --logprobs" in result.stderr
    assert not server.asked


def test_fewer_log_probabilities_than_are_asked_for(collect, server):
    server.most_top = 5
    result = collect("--logprobs", "10")
    assert result.exit_code == 3
    assert "Ask with --logprobs 5" in result.stderr
    assert collect("--logprobs", "5").exit_code == 0


@pytest.mark.parametrize(
    ("fault", "mark"), [("no_logprobs", "no logprobs"), ("nan", "logprobs that are no numbers")]
)
def test_answers_that_lack_them_now_and_then_are_kept_and_marked(collect, server, fault, mark):
    server.fault = only("Ask 2?", fault)
    for _ in range(2):
        result = collect("--logprobs", "3")
        assert result.exit_code == 3
        assert "1 answers came without usable log probabilities" in result.stderr
        assert "NaN" not in Path("a.jsonl").read_text()
    (row,) = [r for r in answers() if r.get("faults")]
    assert row["prompt"] == "Ask 2?"
    assert row["faults"][0].startswith(mark)
    assert row["output"]
    assert server.times_of("Ask 2?") == 1


def test_a_seed_that_is_ignored_is_said(collect, server):
    server.ignores = {"seed"}
    result = collect("--seed", "1", "--temperature", "1")
    assert result.exit_code == 0
    assert "--seed will not repeat the answers: ignored" in result.stderr
    assert answers()[0]["missing"]["seed"].startswith("ignored")


def test_samples_that_will_be_the_same_are_said(collect, server):
    server.greedy = True
    assert "All samples may be the same" in collect("--samples", "2", "--temperature", "1").stderr


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


def test_mostly_empty_answers_are_said(collect, server):
    server.fault = lambda body: None if about_abilities(body) else "empty"
    result = collect()
    assert result.exit_code == 0
    assert f"{N} of {N} answers are empty, and count as none. A model that reasons" in result.stderr


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


def started(server, tmp_path):
    """`audit collect` in a process of its own, when it has kept three answers."""
    program = "from auditor.cli import main; main(prog_name='audit')"
    command = [sys.executable, "-c", program, "collect", f"openai:m@{server.url}"]
    command += ["--probes", "p.jsonl", "-o", "a.jsonl", "--concurrency", "2"]
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    path, deadline = tmp_path / "a.jsonl", time.monotonic() + 30
    while not path.exists() or path.read_bytes().count(b"\n") < 3:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_killed_process_loses_nothing_that_came(collect, server, tmp_path, end):
    server.slow = 0.1
    process = started(server, tmp_path)
    process.send_signal(end)
    _, said = process.communicate(timeout=20)
    assert process.returncode == (130 if end == signal.SIGINT else -end)
    kept = len(answers())
    assert 3 <= kept < N
    if end == signal.SIGINT:
        assert f"{kept} answers are kept in a.jsonl; the same command goes on from there" in said
        assert "Error: interrupted." in said
    server.slow = 0
    once = len(server.asked)
    assert once - kept <= 2  # those under way
    assert collect().exit_code == 0
    assert len(server.asked) - once == N - kept
    assert len(answers()) == len({r["prompt"] for r in answers()}) == N
