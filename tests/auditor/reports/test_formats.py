"""Every format: the answer first, nothing hostile alive, JSON to its schema, HTML in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from auditor import shipped
from auditor.errors import AuditError
from auditor.report import Report
from auditor.reports import FORMATS, render
from tests.auditor.reports.samples import HOSTILE, found, unanswered

REPORTS = {"found": found(), "unanswered": unanswered(), "hostile": found(HOSTILE, HOSTILE)}
every = pytest.mark.parametrize("report", REPORTS.values(), ids=list(REPORTS))
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@every
def test_json_follows_its_schema(report: Report) -> None:
    data = json.loads(render(report, "json"), parse_constant=lambda name: pytest.fail(name))
    schema = json.loads(shipped.path("schema/report-1.0.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(data)
    assert data["headline"] == report.headline


@every
@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_no_control_character_survives(report: Report, format_: str) -> None:
    assert not CONTROL.search(render(report, format_))


@pytest.mark.parametrize("format_", ["text", "markdown"])
def test_the_headline_is_the_first_line(format_: str) -> None:
    first = render(found(), format_).splitlines()[0].replace("\\", "")
    assert first == found().headline


def test_markdown_is_inert() -> None:
    page = render(REPORTS["hostile"], "markdown")
    outside = re.sub(r"(`{3,})text\n.*?\n\1", "", page, flags=re.S)
    assert "<script" not in outside and "](javascript" not in outside


def test_html_is_one_offline_file_without_script() -> None:
    page = render(REPORTS["hostile"], "html")
    assert "<script" not in page and "<img" not in page and "{{7*7}}" in page
    assert not re.search(r"(?:src|href)=[\"']?http", page)
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_unknown_format() -> None:
    with pytest.raises(AuditError, match=", ".join(FORMATS)):
        render(found(), "docx")


def test_hostile_text_is_inert_in_a_browser(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if not chromium:
        if os.environ.get("AUDIT_REQUIRE_BROWSER"):
            pytest.fail("AUDIT_REQUIRE_BROWSER is set and there is no chromium")
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    file = tmp_path / "r.html"
    file.write_text(render(REPORTS["hostile"], "html"), encoding="utf-8")
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-sync",
        "--no-first-run",
    ]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page(viewport={"width": 400, "height": 900})
        asked: list[str] = []
        page.on("request", lambda r: asked.append(r.url))
        page.on("dialog", lambda d: pytest.fail(d.message))
        page.goto(file.as_uri())
        assert asked == [file.as_uri()]
        assert page.title().startswith("Distillation audit")
        live = """[...document.querySelectorAll('*')].filter(e =>
            ['SCRIPT', 'IMG', 'IFRAME'].includes(e.tagName)
            || [...e.attributes].some(a => a.name.startsWith('on'))).length"""
        assert page.evaluate(live) == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert page.pdf(format="A4").startswith(b"%PDF")
        browser.close()
