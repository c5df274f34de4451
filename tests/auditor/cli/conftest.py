"""A runner of `audit` in an empty folder, a main job that answers at once, and a server to be asked."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

import auditor
from auditor.cli import main
from auditor.report import Report, Run, Verdict
from tests.endpoint_server import serving

N_ASKED = 12  # prompts of the fixture `collect`


def verdict(level: str, teacher: str = "t") -> Verdict:
    return Verdict(
        *(teacher, (teacher,), "distillation", level, "", f"{level} support", None, None, None, None),
        *(None, None, None, None, 0, 0, (), (), None, ()),
    )


def report(*levels: str) -> Report:
    run = Run("run-1", "audit compare", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", 0)
    verdicts = tuple(verdict(level) for level in levels)
    return Report("The answer.", "s", run, verdicts, *((),) * 5, 3, 5, 15, ())


class Job(ModuleType):
    """Stands in for `auditor.compare`: keeps what it was asked, gives what it was told to."""

    def __init__(self) -> None:
        super().__init__("auditor.compare")
        self.levels = ("weak",)
        self.error: BaseException | None = None
        self.config = None

    def run(self, config, progress):
        self.config = config
        if self.error is not None:
            raise self.error
        progress.stage("measure", 2)
        progress.advance()
        progress.warn("a model has no answers")
        return report(*self.levels)

    def plan(self, config):
        self.config = config
        return "3 models, 5 probes"


class Formats(ModuleType):
    """Stands in for `auditor.reports`."""

    def __init__(self) -> None:
        super().__init__("auditor.reports")

    def render(self, report, format):
        return f'{{"format": "{format}", "answer": "{report.headline}"}}\n'

    rendered = render


@pytest.fixture
def job(monkeypatch) -> Job:
    job, formats = Job(), Formats()
    for module in (job, formats):
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setattr(auditor, module.__name__.split(".")[1], module, raising=False)
    return job


@pytest.fixture
def audit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(main, arguments, prog_name="audit", env=env)

    return run


@pytest.fixture
def server(monkeypatch):
    for name in list(os.environ):
        if name in ("AUDIT_API_KEY", "OPENAI_API_KEY") or name.lower() in ("http_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    with serving() as state:
        yield state


@pytest.fixture
def collect(audit, server, tmp_path):
    """Runs `audit collect` of model m on N_ASKED prompts into a.jsonl."""
    rows = [{"id": f"q{i}", "prompt": f"Ask {i}?", "tags": ["t"]} for i in range(N_ASKED)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))

    def run(*arguments, name="m", **options):
        return audit(
            *("collect", f"openai:{name}@{server.url}", "--probes", "p.jsonl", "-o", "a.jsonl", *arguments),
            **options,
        )

    return run


def answers(name="a.jsonl"):
    return [json.loads(line) for line in Path(name).read_text().splitlines()]
