"""`audit score` with a real model, killed for real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from auditor import scored
from tests.tiny_model import save

pytest.importorskip("torch", reason="needs: pip install 'distill-audit[models]'")
pytest.importorskip("transformers", reason="needs: pip install 'distill-audit[models]'")

RUN = """
import sys
from auditor.sources import batches
batches.TOKENS["cpu"] = 1
from auditor.cli import main
main(sys.argv[1:], prog_name="audit")
"""


def test_killed_for_real_it_goes_on(tmp_path):
    """`audit score` from the command line: kill -9 in the middle, run again, and all is there once."""
    folder = save(tmp_path / "model")
    rows = [{"model": "a", "prompt": f"why {i}?", "output": f"the cat sat {i} times"} for i in range(300)]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-c", RUN, "score", f"hf:{folder}", "--panel", "p.jsonl", "--texts-of", "a"]
    command += ["-o", "s.parquet", "--name", "tiny"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE)
    parts = tmp_path / "s.parquet.parts"
    deadline = time.monotonic() + 120
    while not list(parts.glob("*3.parquet")) and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL, first.stderr.read()
    assert not (tmp_path / "s.parquet").exists()
    n = len(list(parts.glob("[0-9]*.parquet")))
    assert 3 <= n < 300
    again = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert f"300 texts scored by tiny: s.parquet ({300 - n} new)" in again.stderr
    file = scored.read(tmp_path / "s.parquet")
    assert len(file.scores.texts) == 300
    assert not parts.exists()
    assert file.about["model"]["template"]["kind"] == "chat"
