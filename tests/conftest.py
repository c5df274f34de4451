"""What every test may rely on, and: under CI a skipped test is a failed test.

A skip for want of an extra, a browser or a tool would let CI pass untested. Only the data for development,
which is not part of the project, and a GPU may be absent: such a skip names AUDIT_TEST_DATA or "no CUDA
device" in its reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

DATA_VARIABLE = "AUDIT_TEST_DATA"
MAY_BE_ABSENT = (DATA_VARIABLE, "no CUDA device")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder with the data for development, where this machine has it."""
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        pytest.skip(f"{DATA_VARIABLE} is not set")
    return Path(folder)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the options of whoever runs the tests out of them."""
    for name in os.environ:
        if name.startswith(
            (
                "AUDIT_COMPARE_",
                "AUDIT_COLLECT_",
                "AUDIT_SCAN_",
                "AUDIT_SCORE_",
                "AUDIT_CONTROLS_",
                "AUDIT_PANEL_",
                "AUDIT_REPORT_",
                "AUDIT_LIST_",
                "AUDIT_TERMS_",
                "AUDIT_CONFIG",
            )
        ):
            monkeypatch.delenv(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report = yield
    refuse_skip(report)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure, unless it is allowed."""
    if not os.environ.get("CI") or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(name in reason for name in MAY_BE_ABSENT):
        report.outcome = "failed"
        report.longrepr = (
            f"Under CI no test may be skipped except for want of {DATA_VARIABLE} or a GPU: {reason}"
        )
