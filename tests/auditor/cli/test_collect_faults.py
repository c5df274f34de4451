"""`audit collect` when things go wrong: what is tried again, said, kept, and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.auditor.cli.conftest import N_ASKED as N
from tests.auditor.cli.conftest import answers
from tests.endpoint_server import about_abilities, prompt_of


def only(prompt, fault):
    return lambda body: fault if prompt_of(body) == prompt else None


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


def test_prompts_that_are_refused_one_after_the_other_do_not_stop_the_rest(collect, server):
    """As by a content filter: the refused ones stand first, and are asked first again next time."""
    server.fault = lambda body: "400" if prompt_of(body) in {f"Ask {i}?" for i in range(8)} else None
    for due in (N, 8):
        result = collect("--concurrency", "1")
        assert result.exit_code == 3
        assert f"8 of {due} requests were given up" in result.stderr
        assert len(answers()) == N - 8


def test_a_server_that_refuses_every_prompt_is_left_alone(collect, server):
    rows = [json.dumps({"prompt": f"More {i}?"}) + "\n" for i in range(60)]
    Path("p.jsonl").write_text("".join(rows))
    server.fault = lambda body: None if about_abilities(body) else "400"
    result = collect("--concurrency", "1")
    assert result.exit_code == 3
    assert "50 requests in a row were given up. No answer was collected." in result.stderr
    assert len(server.asked) == 50


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


def test_mostly_empty_answers_are_said(collect, server):
    server.fault = lambda body: None if about_abilities(body) else "empty"
    result = collect()
    assert result.exit_code == 0
    assert f"{N} of {N} answers are empty, and count as none. A model that reasons" in result.stderr


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
