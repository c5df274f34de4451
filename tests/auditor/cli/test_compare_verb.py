"""`audit compare`: exit codes, streams, formats, and where each value comes from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor import reports
from auditor.cli import options
from auditor.errors import AuditError, IncompleteError

ASK = ("compare", "-s", "s", "-t", "t")


@pytest.mark.parametrize(
    ("levels", "fail_on", "code"),
    [
        (["insufficient"], "weak", 0),
        (["against"], "weak", 0),
        (["weak"], "moderate", 0),
        (["weak"], "weak", 1),
        (["moderate"], "moderate", 1),
        (["insufficient", "strong"], "moderately_strong", 1),
        (["moderately_strong"], "strong", 0),
        (["strong"], "never", 0),
    ],
)
@pytest.mark.parametrize("format", ["text", "json", "html"])
def test_exit_code_follows_the_verdict_whatever_the_format(audit, job, levels, fail_on, code, format):
    job.levels = levels
    assert audit(*ASK, "--fail-on", fail_on, "-f", format).exit_code == code


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (AuditError("No such model. Known: a, b."), 2, "No such model. Known: a, b."),
        (IncompleteError("The file is locked."), 3, "The file is locked."),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ValueError("shape\nmismatch"), 3, "ValueError: shape mismatch"),
        (PermissionError(13, "Permission denied", "x.parquet"), 3, "Permission denied: x.parquet"),
    ],
)
def test_every_error_is_one_message_and_an_exit_code(audit, job, error, code, words):
    job.error = error
    result = audit(*ASK)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert ("defect" in result.stderr) == isinstance(error, ValueError)


def test_vv_shows_the_traceback(audit, job):
    job.error = ValueError("x")
    assert "Traceback" in audit(*ASK, "-vv").stderr


def test_only_the_report_is_on_stdout(audit, job):
    result = audit(*ASK, "-f", "json")
    assert json.loads(result.stdout) == {"format": "json", "answer": "The answer."}
    for words in ("The answer.", "Warning: a model has no answers", "run-1 in audit.duckdb"):
        assert words in result.stderr


def test_the_answer_is_not_said_twice(audit, job):
    assert "The answer." not in audit(*ASK).stderr


def test_quiet_and_verbose(audit, job):
    assert audit(*ASK, "-q").stderr == ""
    assert "measure" not in audit(*ASK).stderr
    assert "measure" in audit(*ASK, "-v").stderr


def test_formats_and_files_pair_up(audit, job):
    result = audit(*ASK, "-f", "html", "-o", "a.html", "-f", "json", "-o", "-")
    assert '"json"' in result.stdout
    assert '"html"' in Path("a.html").read_text()


def test_a_lone_file_tells_its_format(audit, job):
    assert audit(*ASK, "-o", "a.md", "-o", "b.HTM").exit_code == 0
    assert '"markdown"' in Path("a.md").read_text()
    assert '"html"' in Path("b.HTM").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "report.docx"], "known are .txt"),
        (["-f", "html", "-f", "json", "-o", "a.html"], "2 of -f and 1 of -o"),
        (["-f", "html", "-f", "json"], "2 of -f and 0 of -o"),
        (["-o", "nowhere/a.html"], "no folder 'nowhere'"),
        (["-f", "html", "-o", "."], "it is a folder"),
        (["-f", "docx"], "'docx' is not one of"),
        (["--column", "answer"], "field=column"),
        (["--fail-on", "certain"], "'certain' is not one of"),
        (["--seed", "x"], "not a valid integer"),
    ],
)
def test_wrong_usage_is_refused_before_the_work(audit, job, arguments, words):
    result = audit(*ASK, *arguments)
    assert (result.exit_code, result.stdout, job.config) == (2, "", None)
    assert words in " ".join(result.stderr.split())


def test_a_report_that_cannot_be_written_is_incomplete(audit, job, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    result = audit(*ASK, "-o", "a.html")
    assert result.exit_code == 3
    assert "No space left on device" in result.stderr


def test_dry_run_prints_the_plan_and_stops(audit, job):
    job.error = AssertionError("must not run")
    result = audit(*ASK, "--dry-run")
    assert (result.exit_code, result.stdout) == (0, "3 models, 5 probes\n")


def test_all_options_reach_the_job(audit, job):
    audit(
        *(*ASK, "-t", "u", "--decoy", "d", "--panel", "p", "--lineage", "l", "--prompts", "q"),
        *("--calibration", "c", "--key", "k", "--embedding", "m", "--weights", "s=w", "--base", "hf:b"),
        *("--evidence", "e", "--detector", "opening", "--seed", "7", "--bootstrap", "9", "--keep-going"),
        *("--input-format", "jsonl", "--encoding", "latin-1", "--column", "output=a=b", "--match", "id"),
        *("--most-requests", "50", "--served", "t=v", "--held-out", "t=h", "--canary-key", "t=x"),
        *("--scores", "x", "--same-data", "t=o", "--controls", "y", "--device", "cuda"),
        *("--terms", "--channel", "api", "--host", "h", "--use", "internal_research"),
    )
    assert json.loads(json.dumps(job.config.as_dict())) == {
        "student": "s",
        "teachers": ["t", "u"],
        "decoys": ["d"],
        "panel": "p",
        "lineage": "l",
        "calibration": "c",
        "prompts": "q",
        "key": "k",
        "weights": ["s=w"],
        "bases": ["hf:b"],
        "embedding": "m",
        "served": ["t=v"],
        "held_out": ["t=h"],
        "canary_keys": ["t=x"],
        "evidence": "e",
        "detectors": ["opening"],
        "seed": 7,
        "bootstrap": 9,
        "fail_on": "moderate",
        "input_format": "jsonl",
        "encoding": "latin-1",
        "columns": {"output": "a=b"},
        "keep_going": True,
        "match": "id",
        "most_requests": 50,
        "scores": ["x"],
        "same_data": ["t=o"],
        "controls": ["y"],
        "device": "cuda",
        "terms": True,
        "channel": "api",
        "host": "h",
        "uses": ["internal_research"],
    }


def test_option_beats_environment_beats_file_beats_default(audit, job):
    Path("audit.toml").write_text('[compare]\nseed = 1\nteacher = "x"\nfail-on = "never"\n')
    audit("compare", "-s", "s")
    assert (job.config.seed, job.config.teachers, job.config.fail_on) == (1, ("x",), "never")
    env = {"AUDIT_COMPARE_SEED": "2", "AUDIT_COMPARE_TEACHER": "a 'b c'"}
    audit("compare", "-s", "s", env=env)
    assert (job.config.seed, job.config.teachers) == (2, ("a", "b c"))
    audit("compare", "-s", "s", "--seed", "3", "-t", "y", env=env)
    assert (job.config.seed, job.config.teachers, job.config.bootstrap) == (3, ("y",), 1000)


def test_config_names_another_file(audit, job):
    Path("other.toml").write_text("[compare]\nkeep_going = true\n")
    audit(*ASK, "--config", "other.toml")
    assert job.config.keep_going
    audit(*ASK, env={"AUDIT_CONFIG": "other.toml"})
    assert job.config.keep_going
    assert audit(*ASK, "--config", "none.toml").exit_code == 2


def test_a_bad_value_names_its_origin(audit, job):
    assert "from the environment" in audit(*ASK, env={"AUDIT_COMPARE_SEED": "x"}).stderr
    Path("audit.toml").write_text('[compare]\nfail-on = "certain"\n')
    assert "from the settings file" in audit(*ASK).stderr


def test_every_format_of_a_report_can_be_asked_for():
    assert set(options.COMPARE_FORMATS) == {*reports.FORMATS, *reports.BINARY}
