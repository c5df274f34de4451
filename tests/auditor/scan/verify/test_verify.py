"""A scan with a panel: what is said where rows fit their generator, where not, and where it is open."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from auditor.cli import main
from auditor.errors import AuditError
from auditor.scan.run import ScanConfig, run
from tests.auditor.scan import verify_panels

USE = "train_competing_llm"
CLAUDE, GPT = 0, 100
"""Numbers of the generated models that are called claude-2 and gpt-4."""


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    return verify_panels.written(tmp_path_factory.mktemp("panel"))


def scanned(panel, folder):
    return run(ScanConfig(str(folder), (USE,), verify_generator=str(panel[0]), lineage=str(panel[1])))


def doubted(report):
    return [f for f in report.findings if f.rule == "GEN014"]


def test_rows_that_another_model_wrote_do_not_fit(panel, tmp_path):
    folder = verify_panels.dataset(tmp_path / "d", "gpt-4", panel[2], verify_panels.sampled(CLAUDE))
    report = scanned(panel, folder)
    [finding] = doubted(report)
    assert (finding.subject, finding.confidence, finding.count, finding.total) == (
        "gpt-4",
        "medium",
        120,
        170,
    )
    assert finding.message.startswith(
        "The text of the rows that name gpt-4 does not fit it: over 120 prompts"
    )
    assert "claude-2" in finding.message and "may be the reason" in finding.message
    assert finding.evidence[0].file == "a.jsonl" and finding.evidence[0].row == 1
    # Whose terms hold is open: neither the named one's nor another's make a conflict.
    [answer] = report.answers
    [link] = [link for link in answer.links if finding.fingerprint in link.findings]
    assert link.answer == "cannot_tell" and "gpt-4" in link.name
    assert answer.answer == "cannot_tell"


def test_rows_that_fit_are_said_to(panel, tmp_path):
    folder = verify_panels.dataset(tmp_path / "d", "gpt-4", panel[2], verify_panels.sampled(GPT))
    report = scanned(panel, folder)
    assert not doubted(report)
    [finding] = [f for f in report.findings if f.rule == "GEN015"]
    assert finding.severity == "note" and finding.subject == "gpt-4"
    assert finding.message.startswith("The text of the rows that name gpt-4 fits it: over 120 prompts")
    assert report.answers[0].answer == "conflict", "the name is as sure as it was"


def test_rows_of_a_model_that_the_panel_lacks_fit_nobody(panel, tmp_path):
    folder = verify_panels.dataset(tmp_path / "d", "gpt-4", panel[2], verify_panels.sampled(4321))
    report = scanned(panel, folder)
    assert not doubted(report) and any("cannot be told" in n for n in report.notes)


def test_what_is_not_checked_is_said_and_no_finding(panel, tmp_path):
    given = verify_panels.sampled(CLAUDE)
    folder = verify_panels.dataset(tmp_path / "d", "gpt-4", panel[2][:40], given[:40])
    verify_panels.dataset(folder, "gemini-pro", panel[2], given, "b.jsonl")
    report = scanned(panel, folder)
    assert not doubted(report)
    notes = " ".join(report.notes)
    assert "Rows that name gpt-4 were not checked: only 40 prompts are shared with the panel" in notes
    assert "Rows that name gemini-pro were not checked: the panel has no answers" in notes


def test_without_the_option_nothing_is_verified(panel, tmp_path):
    folder = verify_panels.dataset(tmp_path / "d", "gpt-4", panel[2], verify_panels.sampled(CLAUDE))
    report = run(ScanConfig(str(folder), (USE,)))
    assert not doubted(report) and not any("prompts" in n for n in report.notes)


def test_what_cannot_serve_as_a_panel_is_refused(panel, tmp_path):
    one = tmp_path / "one.jsonl"
    one.write_text(json.dumps({"model": "m", "prompt": "p", "output": "o"}) + "\n")
    folder = verify_panels.dataset(tmp_path / "d", "gpt-4", ["p"], ["o"])
    with pytest.raises(AuditError, match=r"holds one model, 'm'"):
        run(ScanConfig(str(folder), (USE,), verify_generator=str(one)))
    with pytest.raises(AuditError, match="--verify-generator"):
        run(ScanConfig(str(folder), (USE,), lineage=str(panel[1])))


def test_the_command_takes_a_panel(panel, tmp_path):
    folder = verify_panels.dataset(tmp_path / "d", "gpt-4", panel[2][:10], ["Nothing."] * 10)
    given = ["--verify-generator", str(panel[0]), "--lineage", str(panel[1]), "--use", USE]
    result = CliRunner().invoke(main, ["scan", str(folder), *given, "--fail-on", "never"])
    assert result.exit_code == 0, result.output
    assert "only 10 prompts are shared" in result.stdout
    gone = str(tmp_path / "no.parquet")
    missing = CliRunner().invoke(main, ["scan", str(folder), "--verify-generator", gone])
    assert missing.exit_code == 2 and "no.parquet" in missing.stderr
