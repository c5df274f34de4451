"""Another project's `detectors` is noticed before it is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from auditor import clash
from auditor.errors import AuditError

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from auditor.cli import main
main(["--version"], prog_name="audit")
"""


def test_ours_passes():
    clash.check()


def test_a_stranger_is_refused_without_running_it(tmp_path):
    (tmp_path / "detectors").mkdir()
    (tmp_path / "detectors" / "__init__.py").write_text("raise SystemExit('imported')")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "uv tool install distill-audit" in result.stderr
    assert str(tmp_path) in result.stderr


def test_absence_is_refused(monkeypatch):
    monkeypatch.setattr(clash, "find_spec", lambda _name: None)
    with pytest.raises(AuditError, match="none was found"):
        clash.check()
