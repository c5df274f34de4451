"""Shipped files are found in a checkout and in a wheel (the wheel: tests/test_wheel.py)."""

from __future__ import annotations

import pytest

from auditor import shipped
from auditor.errors import AuditError


def test_the_folder_is_where_the_data_lies():
    assert shipped.folder().name in ("data", "_data")


def test_a_wheel_has_its_own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_PACKAGE", tmp_path / "auditor")
    with pytest.raises(AuditError, match="Install distill-audit again"):
        shipped.folder()
    (tmp_path / "data").mkdir()
    assert shipped.folder() == tmp_path / "data"
    (tmp_path / "auditor" / "_data").mkdir(parents=True)
    assert shipped.folder() == tmp_path / "auditor" / "_data"


def test_a_missing_file_is_named():
    with pytest.raises(AuditError, match=r"no-such\.csv"):
        shipped.path("no-such.csv")
