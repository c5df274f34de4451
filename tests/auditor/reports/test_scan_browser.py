"""The page of a scan in a real browser: nothing runs, asks the network or widens it; it prints."""

from __future__ import annotations

import pytest

from auditor.reports.scan import render
from tests.auditor.reports.scan_reports import data
from tests.auditor.reports.test_browser import CONTRAST, LIVE, OVERFLOW, browser

__all__ = ["browser"]  # a fixture


@pytest.fixture
def opened(browser, tmp_path):
    """Open a report at a width and in a colour scheme; what it asked for and said is kept on the page."""
    pages = []

    def opener(name, width=1280, scheme="light"):
        file = tmp_path / "scan.html"
        file.write_text(render(data(name), "html"), encoding="utf-8")
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        pages.append(page)
        page.noise = []
        page.on("request", lambda r: r.url != file.as_uri() and page.noise.append(r.url))
        page.on("dialog", lambda d: (page.noise.append(d.message), d.dismiss()))
        page.on("pageerror", lambda e: page.noise.append(str(e)))
        page.on("console", lambda m: page.noise.append(m.text))
        page.goto(file.as_uri())
        page.wait_for_timeout(100)
        return page

    yield opener
    for page in pages:
        page.close()


@pytest.mark.parametrize("width", [1280, 400, 320])
@pytest.mark.parametrize("name", ["hostile", "mixture"])
def test_nothing_runs_and_only_boxes_scroll_sideways(opened, name, width):
    page = opened(name, width)
    assert page.evaluate(LIVE) == []
    assert page.noise == []
    assert page.evaluate(OVERFLOW) <= 0
    hidden = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert width > 640 or page.evaluate(hidden) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["mixture", "conflict", "allowed"])
def test_text_is_legible(opened, name, scheme):
    assert opened(name, scheme=scheme).evaluate(CONTRAST) == []


def test_chains_that_decide_are_open_and_all_are_in_print(opened):
    page = opened("mixture")
    is_open = "[...document.querySelectorAll('details.chain')].map(e => e.open)"
    assert page.evaluate(is_open) == [True, True, False, False]
    height = "[...document.querySelectorAll('details.chain')].map(e => e.getBoundingClientRect().height)"
    assert page.evaluate(height)[3] < 80
    page.emulate_media(media="print")
    assert min(page.evaluate(height)) > 120


@pytest.mark.parametrize("name", ["hostile", "mixture"])
def test_prints(opened, name):
    pdf = opened(name).pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF") and 1 < pdf.count(b"/Type /Page\n") < 30


def test_a_chain_leads_to_its_findings(opened):
    page = opened("conflict")
    page.locator("details.chain .about a").first.click()
    assert page.evaluate("location.hash") == "#F3"
    assert page.locator("#F3").is_visible()
