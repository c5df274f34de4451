"""What is in the wheel, and that it works from its own files. `.ci/run` installs it for real."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_wheel_holds_the_packages_and_nothing_of_the_workshop(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"auditor", "detectors"}
    assert "detectors/__init__.py" in names
    assert not [name for name in names if "tests" in name.split("/") or name.endswith(".pyc")]


def test_wheel_ships_the_data_without_the_programs_that_made_it(names):
    shipped = [name for name in names if name.startswith("auditor/_data/")]
    in_checkout = [p for p in (ROOT / "data").rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")]
    assert len(shipped) == len(in_checkout)
    assert not [name for name in shipped if name.endswith(".py")]


def test_wheel_carries_its_licence_and_the_command(wheel, names):
    (info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
    assert f"{info}/licenses/LICENSE" in names
    with zipfile.ZipFile(wheel) as archive:
        assert b"audit = auditor.cli:main" in archive.read(f"{info}/entry_points.txt")


def test_wheel_works_away_from_the_checkout(wheel, tmp_path):
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    program = "import auditor.cli, auditor.shipped as s; print(s.folder()); auditor.cli.main(['--version'])"
    environment = {**os.environ, "PYTHONPATH": str(site)}
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines()[0] == str(site / "auditor" / "_data")
    assert "0." in run.stdout.splitlines()[1]
