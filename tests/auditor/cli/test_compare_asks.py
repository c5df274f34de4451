"""`audit compare` on models behind endpoints: what it asks and keeps, and that it then judges the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from auditor import store
from tests.endpoint_server import about_abilities, prompt_of, serving
from tests.panels import generated, lineage_csv, written_panel

N = 24
KEPT = "audit.answers.jsonl"


@pytest.fixture
def answers():
    """Answers of every model of a generated panel, and the prompts."""
    return generated(20, n_decoys=8, n_probes=N, share=0.6)


@pytest.fixture
def server(server, answers):
    """Serves S and T, which answer as they do in the panel."""
    panel, prompts = answers
    places = {prompt: j for j, prompt in enumerate(prompts)}
    made_up = server.text

    def text(body):
        at = places.get(prompt_of(body))
        return made_up(body) if at is None else panel[body["model"]][at]

    server.text, server.models = text, ("S", "T")
    return server


@pytest.fixture
def ask(audit, server, answers, tmp_path):
    """Runs `audit compare` of the served S against T of a panel that lacks S (and T, where T is served)."""

    def run(*arguments, student="S", teacher="panel:T", lacks=("S",), **options):
        panel, prompts = answers
        written_panel(
            tmp_path,
            {name: given for name, given in panel.items() if name not in lacks},
            prompts,
            lineage_csv(list(panel)),
        )
        return audit(
            *("compare", "--student", f"openai:{student}@{server.url}", "--teacher", teacher),
            *("--panel", "panel.parquet", "--lineage", "lineage.csv", "--calibration", "none"),
            *("--detector", "wording", "--detector", "opening", "--bootstrap", "0", "-f", "json"),
            *arguments,
            **options,
        )

    return run


def kept(name=KEPT):
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


def verdicts(result):
    keys = ("teacher", "level", "p_rank", "p_t", "references")
    return [{key: v[key] for key in keys} for v in json.loads(result.stdout)["verdicts"]]


def test_a_served_student_is_asked_and_judged_as_if_its_answers_had_been_recorded(audit, ask, server):
    result = ask("--fail-on", "never")
    assert result.exit_code == 0, result.stderr
    assert f"Asking {N} prompts to S at {server.url} (about " in result.stderr
    assert f"Answers are kept in {KEPT}" in result.stderr
    assert len(kept()) == N
    assert sorted(map(prompt_of, server.asked)) == sorted({r["prompt"] for r in kept()})
    found = verdicts(result)[0]
    assert (found["teacher"], found["references"] >= 20) == ("T", True)
    again = audit(
        *("compare", "--student", f"file:{KEPT}#S", "--teacher", "panel:T", "--panel", "panel.parquet"),
        *("--lineage", "lineage.csv", "--calibration", "none", "--detector", "wording"),
        *("--detector", "opening", "--bootstrap", "0", "-f", "json", "--fail-on", "never"),
    )
    assert verdicts(again) == [found]
    assert found["level"] in ("weak", "moderate")


def test_an_accusation_fails_the_run(ask):
    assert ask("--fail-on", "weak").exit_code == 1


def test_the_report_says_where_the_answers_come_from(ask, server):
    report = json.loads(ask("--fail-on", "never").stdout)
    said = f"S was asked at {server.url}, at temperature 0, at most 1024 tokens an answer."
    assert said in report["caveats"]
    assert KEPT in report["run"]["inputs"]
    assert report["run"]["config"]["student"] == f"openai:S@{server.url}"


@pytest.mark.parametrize("key", [(), ("--key", "key.jsonl")])
def test_the_probes_are_committed_to_before_anything_is_asked(ask, server, key):
    """The commitment is the run's own, and stands in the evidence file when the first request comes."""
    Path("key.jsonl").write_text('{"prompt": "prompt 3", "answer": "B"}\n')
    seen = []

    def look(body):
        if not seen:
            with duckdb.connect("audit.duckdb", read_only=True) as con:
                seen.extend(con.execute("SELECT run_id, probes_hash, n_probes FROM commitments").fetchall())

    server.fault = look
    report = json.loads(ask("--fail-on", "never", *key).stdout)
    assert seen == [(report["run"]["id"], report["run"]["hashes"]["probes"], N)]
    assert not store.check_run(Path("audit.duckdb"))


def test_an_evidence_file_that_cannot_be_used_is_said_before_anything_is_asked(ask, server):
    Path("audit.duckdb").write_text("This is something else.")
    result = ask()
    assert result.exit_code == 2
    assert "is not a DuckDB file" in result.stderr
    assert not server.requests


def test_nothing_is_asked_twice(ask, server, monkeypatch):
    ask()
    asked = len(server.requests)
    monkeypatch.setitem(sys.modules, "openai", None)  # not even the client is needed
    result = ask("--fail-on", "never")
    assert result.exit_code == 0, result.stderr
    assert len(server.requests) == asked
    assert "Asking" not in result.stderr


def test_teachers_are_asked_likewise(ask, server):
    result = ask("--fail-on", "never", teacher=f"openai:T@{server.url}", lacks=("S", "T"))
    assert result.exit_code == 0, result.stderr
    assert {(r["model"], r["prompt"]) for r in kept()} == {
        (m, f"prompt {j}") for m in ("S", "T") for j in range(N)
    }
    assert verdicts(result) == verdicts(ask("--fail-on", "never"))


def test_more_than_is_allowed_is_not_asked(ask, server):
    result = ask("--most-requests", str(N))
    assert result.exit_code == 2
    assert f"Up to {N + 9} requests would be sent, and --most-requests allows {N}: {N} prompts to S" in (
        result.stderr
    )
    assert f"Give --most-requests {N + 9}, or a smaller panel. Nothing was asked." in result.stderr
    assert not server.requests
    assert ask("--most-requests", str(N + 9), "--fail-on", "never").exit_code == 0
    assert len(server.requests) <= N + 9


def test_the_limit_is_for_all_models_together(ask, server):
    result = ask("--most-requests", str(2 * N), teacher=f"openai:T@{server.url}", lacks=("S", "T"))
    assert result.exit_code == 2
    assert not server.requests


def test_a_dry_run_asks_nobody(ask, server, tmp_path):
    result = ask("--dry-run")
    assert result.exit_code == 0, result.stderr
    assert f"To ask    {N} requests" in result.stdout
    assert "Then the panel would be judged. Nobody was asked" in result.stdout
    assert f"Give --most-requests {N + 9}" in ask("--dry-run", "--most-requests", "5").stdout
    assert not server.requests
    assert not (tmp_path / KEPT).exists()
    assert ask("--fail-on", "never").exit_code == 0
    asked = len(server.requests)
    assert "Student: S." in ask("--dry-run").stdout
    assert len(server.requests) == asked


def test_what_collect_put_there_is_used_and_gone_on_with(audit, ask, server):
    """Half of the prompts were asked before, in another way: the other half is asked like them."""
    half = [{"prompt": f"prompt {j}"} for j in range(N // 2)]
    Path("half.jsonl").write_text("".join(json.dumps(row) + "\n" for row in half))
    model = f"openai:S@{server.url}"
    before = ("--max-tokens", "77", "--evidence", "audit.duckdb")
    assert audit("collect", model, "--probes", "half.jsonl", *before).exit_code == 0
    assert ask("--fail-on", "never").exit_code == 0
    assert len(server.asked) == len(kept()) == N
    assert {r["decoding"]["max_tokens"] for r in kept()} == {77}


def test_answers_to_other_prompts_stay_out(audit, ask, server):
    model = f"openai:S@{server.url}"
    assert audit("collect", model, "--probes", "quick", "--evidence", "audit.duckdb").exit_code == 0
    result = ask("--fail-on", "never", "-v")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["panel"]["probes"] == N
    assert len(kept()) == N + 50


def test_a_server_that_breaks_keeps_what_came_and_judges_nothing(audit, ask, server):
    server.fault = lambda body: "404" if len(server.asked) > 10 else None
    result = ask()
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"answers are kept in {KEPT}; the same command goes on from there. Nothing was judged" in (
        result.stderr
    )
    assert f"--student 'file:{KEPT}#S'" in result.stderr
    assert "none" in audit("list", "audit.duckdb").stdout
    so_far = len(kept())
    server.fault = lambda body: None
    asked = len(server.asked)
    assert ask("--fail-on", "never").exit_code == 0
    assert len(server.asked) - asked == N - so_far


def test_no_server(ask, server, monkeypatch):
    monkeypatch.setattr("auditor.sources.pacing.Patience.wait", lambda patience, tried: 0.01)
    server.url = "http://127.0.0.1:9/v1"
    result = ask()
    assert result.exit_code == 3
    assert "Check that the server runs and that the URL is right. Tried 6 times." in result.stderr


def test_two_models_under_one_name_are_not_mixed(audit, ask, server):
    result = ask(lacks=())
    assert result.exit_code == 2
    assert "are both called 'S'; their answers would be taken for one model's" in result.stderr
    with serving() as other:
        other.models = ("S",)
        result = ask(teacher=f"openai:S@{other.url}")
        assert "are both called 'S'" in result.stderr
        assert not other.requests
    assert not server.requests
    result = ask(teacher=f"openai:S@{server.url}")
    assert "is given more than once. Give each model one role. Nothing was asked." in result.stderr


def test_another_server_of_the_same_name_is_not_mixed_with_what_is_held(ask, server):
    ask()
    old, server.url = server.url, server.url.replace("127.0.0.1", "localhost")
    result = ask()
    assert result.exit_code == 2
    assert f"holds answers of S at {old}, and {server.url} may be another model" in result.stderr


def test_one_key_is_not_sent_to_two_servers(ask, server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with serving() as other:
        other.models = ("T",)
        result = ask(teacher=f"openai:T@{other.url}", lacks=("S", "T"))
        assert result.exit_code == 2
        assert "A key is set (AUDIT_API_KEY or OPENAI_API_KEY), and it would be sent to 127.0.0.1:" in (
            result.stderr
        )
        assert "sk-very-secret" not in result.stderr
        assert not other.requests + server.requests
    assert ask("--fail-on", "never").exit_code == 0
    assert server.headers[0]["authorization"] == "Bearer sk-very-secret"


def test_a_model_that_changes_under_way_is_said_in_the_report(ask, server):
    whole = server.completion
    server.completion = lambda body, fault: whole(body, fault) | {"model": f"m{len(server.asked) % 2}"}
    report = json.loads(ask("--fail-on", "never").stdout)
    assert "S was called m0 and m1 by its server: these may be different models." in report["caveats"]


def test_answers_asked_for_in_a_way_of_another_version(ask, server):
    ask()
    rows = [row | {"decoding": {**row["decoding"], "top_p": 0.9}} for row in kept()]
    Path(KEPT).write_text("".join(json.dumps(row) + "\n" for row in rows[:3]))
    asked = len(server.requests)
    result = ask()
    assert result.exit_code == 2
    assert "answers of S were asked for in a way that this version does not know" in result.stderr
    assert len(server.requests) == asked


def test_a_line_cut_off_by_a_kill_is_asked_again(ask, server):
    ask()
    whole = Path(KEPT).read_bytes()
    Path(KEPT).write_bytes(whole[:-30])
    assert ask("--fail-on", "never").exit_code == 0
    assert len(server.asked) == N + 1
    assert len(kept()) == N


def test_without_prompts_there_is_nothing_to_ask(audit, server):
    url = server.url
    result = audit("compare", "-s", f"openai:S@{url}", "-t", f"openai:T@{url}")
    assert result.exit_code == 2
    assert "There are no prompts to ask" in result.stderr
    Path("t.jsonl").write_text('{"model": "t", "prompt_id": "q1", "output": "Said."}\n')
    result = audit("compare", "-s", f"openai:S@{url}", "-t", "t.jsonl")
    assert result.exit_code == 2
    assert "holds no prompt texts to ask. Name a file with them with --prompts." in result.stderr
    assert not server.requests


def test_without_a_panel_the_teachers_prompts_are_asked(audit, server):
    rows = [{"model": "t", "prompt": f"prompt {j}", "output": f"A longer answer, {j}."} for j in range(5)]
    Path("t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = audit("compare", "-s", f"openai:S@{server.url}", "-t", "t.jsonl", "--detector", "wording")
    assert result.exit_code == 0, result.stderr
    assert len(server.asked) == 5


def test_a_report_is_not_written_over_the_answers(ask):
    result = ask("-o", KEPT)
    assert result.exit_code == 2
    assert "it is the file of collected answers" in result.stderr


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_keeps_what_was_answered(ask, server, tmp_path, end):
    ask("--dry-run")  # writes the panel
    server.slow = 0.1
    program = "from auditor.cli import main; main(prog_name='audit')"
    command = [sys.executable, "-c", program, "compare", "-s", f"openai:S@{server.url}", "-t", "panel:T"]
    command += ["--panel", "panel.parquet", "--lineage", "lineage.csv", "--detector", "wording"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    path, deadline = tmp_path / KEPT, time.monotonic() + 60
    while not path.exists() or path.read_bytes().count(b"\n") < 3:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(end)
    report, said = process.communicate(timeout=30)
    assert (process.returncode, report) == (130 if end == signal.SIGINT else -end, "")
    if end == signal.SIGINT:
        assert f"{len(kept())} answers are kept in {KEPT}; the same command goes on from there" in said
    so_far, asked = len(kept()), len(server.asked)
    assert 3 <= so_far < N
    server.slow = 0
    assert ask("--fail-on", "never").exit_code == 0
    assert len(server.asked) - asked == N - so_far
    assert len(kept()) == N
    assert all(not about_abilities({"messages": [{"content": r["prompt"]}]}) for r in kept())


def skipped(report):
    return {s["detector"]: s["reason"] for s in report["skipped"]}


def test_what_the_endpoint_cannot_do_is_said_of_every_detector_that_needs_it(ask, server):
    """/completions is not there, all answers are the same at any temperature, seeds are ignored."""
    server.ignores, server.greedy = {"echo_logprobs", "seed"}, True
    names = ("lift", "contrast", "surprise", "completion")
    options = [part for name in names for part in ("--detector", name)]
    report = json.loads(ask("--fail-on", "never", *options).stdout)
    missing = kept()[0]["missing"]
    reasons = skipped(report)
    for name in ("lift", "contrast", "surprise"):
        assert reasons[name].startswith(f"needs log-probabilities of given texts, and S at {server.url}")
        assert missing["prompt_logprobs"] in reasons[name] and "audit score" in reasons[name]
    assert not [d for v in report["verdicts"] for d in v["detectors"] if d["name"] in names]
    assert (
        f"S at {server.url} cannot be asked again for the same answers: seeds are {missing['seed']}."
        in report["caveats"]
    )


def test_an_endpoint_that_can_do_it_lacks_nothing_and_neither_does_a_recording(ask, server):
    reasons = skipped(json.loads(ask("--fail-on", "never", "--detector", "lift").stdout))
    assert reasons["lift"] == "needs recorded log-probabilities (--scores, 'audit score')"
