"""A tiny model on the disk and in memory, for tests that have torch."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.tiny_model import save


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def model(folder):
    from auditor.sources.local import opened

    return opened(f"hf:{folder}")


@pytest.fixture
def copy(folder, tmp_path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))
