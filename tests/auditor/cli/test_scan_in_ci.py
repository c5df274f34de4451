"""What docs/scan-in-ci.md and the pre-commit hook say works: YAML, options, ignore list."""

from __future__ import annotations

import re
import shlex
from datetime import date
from pathlib import Path

import click
import pytest
import yaml

from auditor.cli import main
from auditor.scan import ignore
from auditor.scan.terms import USES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "scan-in-ci.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def commands() -> list[list[str]]:
    """Every call of `audit scan`, as its arguments."""
    local, by_address, workflow = (yaml.safe_load(block) for block in blocks("yaml"))
    steps = workflow["jobs"]["scan"]["steps"]
    lines = [local["repos"][0]["hooks"][0]["entry"]]
    lines += [step["run"] for step in steps if step.get("run", "").startswith("audit scan")]
    found = [shlex.split(line) for line in lines]
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for args in (hook["args"], by_address["repos"][0]["hooks"][0]["args"]):
        found.append([*hook["entry"].split(), *args])
    assert len(found) == 4 and all(command[:2] == ["audit", "scan"] for command in found)
    return [command[2:] for command in found]


@pytest.fixture
def scan():
    return main.commands["scan"]


def test_every_command_is_one(scan):
    # With its parent: click keeps a command's help option as the first context had it.
    parent = click.Context(main, info_name="audit", **main.context_settings)
    for arguments in commands():
        context = scan.make_context("scan", list(arguments), parent=parent)
        assert context.params["target"] in (".", "data/my-dataset")
        assert set(context.params["uses"]) <= set(USES)


def test_the_hook_runs_for_what_a_dataset_consists_of():
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["id"] == "audit-scan" and hook["language"] == "python" and not hook["pass_filenames"]
    meets = re.compile(hook["files"]).search
    for path in (
        "README.md",
        "data/LICENSE",
        "a/COPYING.txt",
        "x.jsonl.gz",
        "x.parquet",
        "dataset_infos.json",
    ):
        assert meets(path), path
    for path in ("auditor/cli/scan.py", "docs/notes.md", "x.png"):
        assert not meets(path), path


def test_the_workflow_uploads_what_the_scan_writes():
    workflow = yaml.safe_load(blocks("yaml")[2])
    assert workflow["permissions"]["security-events"] == "write"
    steps = workflow["jobs"]["scan"]["steps"]
    run = next(step["run"] for step in steps if step.get("run", "").startswith("audit scan"))
    written = re.findall(r"-o (\S+)", run)
    uploaded = next(step["with"]["sarif_file"] for step in steps if "upload-sarif" in step.get("uses", ""))
    kept = next(step["with"]["path"] for step in steps if "upload-artifact" in step.get("uses", ""))
    assert uploaded in written
    assert set(kept.split()) < set(written)


def test_the_ignore_list_is_one(tmp_path):
    [block] = blocks("toml")
    (tmp_path / "ignore.toml").write_text(block, encoding="utf-8")
    found = ignore.load(tmp_path / "ignore.toml", date(2026, 11, 25))
    assert len(found.entries) == 1 and not found.warnings
    assert found.entries[0].until == date(2027, 3, 1)
