"""Real processes: pipes that close early, interrupts, and progress on a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# A main job that reports a long text; "wait" makes it hang until it is interrupted.
PROGRAM = """
import sys, time
from types import ModuleType
import auditor
from tests.auditor.cli.conftest import report
def run(config, progress):
    progress.stage("measure", 10)
    progress.advance(3)
    if config.student == "wait":
        print("ready", file=sys.stderr, flush=True)
        time.sleep(30)
    time.sleep(.2)
    return report("strong")
for name, function in (("compare", run), ("reports", lambda report, format: "line\\n" * 100_000)):
    module = ModuleType("auditor." + name)
    module.run = module.render = module.rendered = function
    sys.modules[module.__name__] = module
    setattr(auditor, name, module)
from auditor.cli import main
main(prog_name="audit")
"""


def start(folder, *arguments: str, **streams) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "PYTHONUNBUFFERED": ""}
    command = [sys.executable, "-c", PROGRAM, "compare", "-t", "t", "-s", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environment, **streams)


def test_a_closed_pipe_is_quiet_and_keeps_the_exit_code(tmp_path):
    process = start(tmp_path, "s", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline() == b"line\n"
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(10) == 1
    assert b"Traceback" not in errors
    assert b"Broken" not in errors


def test_closed_standard_error_stops_nothing(tmp_path):
    process = start(tmp_path, "s", "-v", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    process.stderr.close()
    assert process.wait(10) == 1


def test_an_interrupt_is_one_line(tmp_path):
    process = start(tmp_path, "wait", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr.readline() == b"ready\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert (out, errors.strip()) == (b"", b"Error: interrupted.")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("arguments", "drawn"), [([], True), (["--quiet"], False)])
def test_bars_only_on_a_terminal(tmp_path, arguments, drawn):
    master, slave = os.openpty()
    process = start(tmp_path, "s", *arguments, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen = b""
    try:
        while chunk := os.read(master, 4096):
            seen += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    process.wait(10)
    os.close(master)
    assert (b"3/10" in seen) is drawn
