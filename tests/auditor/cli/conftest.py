"""A runner of `audit` in an empty folder, and a main job that answers at once."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

import auditor
from auditor.cli import main
from auditor.report import Report, Run, Verdict


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
