"""`audit panel`: files in, one panel out, and what is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def answers(tmp_path) -> list[str]:
    for model, said in (("a", "yes"), ("b", "no")):
        lines = [
            {"prompt": f"Question {i}?", "output": f"{said} {i}"} for i in range(3) if (model, i) != ("b", 2)
        ]
        Path(tmp_path / f"{model}.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]


@pytest.fixture
def panel(audit, answers) -> str:
    result = audit("panel", "import", *answers, "-o", "panel.parquet")
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    assert "2 models, 3 probes, 5 answers: panel.parquet" in result.stderr
    assert "Warning: 1 of 3 prompts were not answered by every model" in result.stderr
    return "panel.parquet"


def test_list(audit, panel):
    lines = audit("panel", "list", panel).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["MODEL", "ROLE", "ANSWERED", "PROBES", "COVERAGE"],
        ["a", "-", "3", "3", "100.0%"],
        ["b", "-", "2", "3", "66.7%"],
    ]


def test_list_names_the_documented_role(audit, panel):
    Path("lineage.csv").write_text("model,role\na,teacher\n")
    lines = audit("panel", "list", panel, "--lineage", "lineage.csv").stdout.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["a", "teacher"], ["b", "-"]]


def test_list_as_json(audit, panel):
    rows = json.loads(audit("panel", "list", panel, "-f", "json").stdout)
    assert rows[1] == {"model": "b", "role": "", "answered": 2, "probes": 3, "coverage": pytest.approx(2 / 3)}


def test_show(audit, panel):
    everything = audit("panel", "show", panel, "b").stdout
    assert everything.count("\n--\n") == 3
    assert "Question 1?\n--\nno 1" in everything
    assert "Question 2?\n--\n(no answer)" in everything
    probe = everything.split()[1]
    assert audit("panel", "show", panel, "b", "--probe", probe).stdout.count("\n--\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "panel.parquet", "c"], "No model 'c'"),
        (["show", "panel.parquet", "a", "--probe", "zz"], "No probe 'zz'"),
        (["list", "none.parquet"], "no such file"),
        (["import", "none.jsonl", "-o", "x.parquet"], "no such file"),
        (["import", "panel.parquet"], "Missing option"),
    ],
)
def test_errors(audit, panel, arguments, words):
    result = audit("panel", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
