"""The HTML report in a real browser: nothing a model said runs, asks the network or widens the page."""

from __future__ import annotations

import os
import shutil

import pytest

from auditor.reports import render
from tests.auditor.reports.cases import REPORTS, hostile
from tests.auditor.reports.samples import sample_report

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LIVE = """[...document.querySelectorAll('*')].filter(e =>
    ['IMG', 'IFRAME', 'OBJECT', 'EMBED', 'FORM'].includes(e.tagName.toUpperCase())
    || (e.tagName === 'SCRIPT' && e.previousElementSibling?.tagName !== 'MAIN')
    || [...e.attributes].some(a => a.name.toLowerCase().startsWith('on'))).map(e => e.outerHTML)"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Contrast of every text with the nearest background behind it, as WCAG 2.2 computes it.
CONTRAST = """() => {
  const rgba = c => c.match(/[\\d.]+/g).map(Number);
  const part = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = c => .2126 * part(c[0]) + .7152 * part(c[1]) + .0722 * part(c[2]);
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || e.closest('title, .skip') || !e.getClientRects().length) continue;
    const style = getComputedStyle(e);
    const ink = rgba(e.closest('svg') ? style.fill : style.color);
    let b = e, back = [0, 0, 0, 0];
    for (; b && !back[3]; b = b.parentElement) {
      const c = rgba(getComputedStyle(b).backgroundColor);
      back = c.length < 4 ? [...c, 1] : c;
    }
    const pair = [light(ink), light(back)].sort((x, y) => y - x);
    const ratio = (pair[0] + .05) / (pair[1] + .05);
    if (ratio < 4.5) found.push([ratio.toFixed(2), e.tagName, walk.currentNode.data.slice(0, 40)]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        missing = "no Chromium on this machine (apt-get install chromium)"
        if os.environ.get("AUDIT_REQUIRE_BROWSER"):
            pytest.fail(f"AUDIT_REQUIRE_BROWSER is set, and there is {missing}")
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open a report at a width and in a colour scheme; what it asked for and said is kept on the page."""
    pages = []

    def opener(report, width=1280, scheme="light", script=True):
        file = tmp_path / "report.html"
        file.write_text(render(report, "html"), encoding="utf-8")
        size = {"width": width, "height": 900}
        page = browser.new_page(viewport=size, color_scheme=scheme, java_script_enabled=script)
        pages.append(page)
        page.noise = []
        page.on("request", lambda r: r.url != file.as_uri() and page.noise.append(r.url))
        page.on("dialog", lambda d: (page.noise.append(d.message), d.dismiss()))
        page.on("popup", lambda p: page.noise.append(p.url))
        page.on("pageerror", lambda e: page.noise.append(str(e)))
        page.on("console", lambda m: page.noise.append(m.text))
        page.goto(file.as_uri())
        page.wait_for_timeout(200)
        return page

    yield opener
    for page in pages:
        page.close()


@pytest.mark.parametrize("width", [1280, 400])
def test_hostile_text_does_nothing(opened, width):
    page = opened(hostile(), width)
    assert page.evaluate(LIVE) == []
    assert page.title().startswith("Distillation audit")
    assert page.noise == []
    assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("width", [1280, 768, 400, 320])
def test_only_boxes_scroll_sideways(opened, width):
    page = opened(sample_report(), width)
    assert page.evaluate(OVERFLOW) <= 0
    assert page.evaluate("[...document.querySelectorAll('.scroll')].every(e => e.tabIndex === 0)")


def test_a_narrow_screen_shows_every_figure(opened):
    page = opened(sample_report(), 400)
    hidden = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth).length"
    assert page.evaluate(hidden) == 0


def test_long_lists_are_folded_on_screen_and_open_in_print(opened):
    page = opened(sample_report())
    height = "document.querySelector('#models details table').getBoundingClientRect().height"
    screen = page.evaluate("document.querySelector('#models details').getBoundingClientRect().height")
    page.emulate_media(media="print")
    assert screen < 60 and page.evaluate(height) > 200


@pytest.mark.parametrize("report", [sample_report, hostile])
def test_prints(opened, report):
    pdf = opened(report()).pdf(format="A4", prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert 1 < pdf.count(b"/Type /Page\n") < 60


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible(opened, scheme):
    page = opened(sample_report(), scheme=scheme)
    assert page.evaluate(CONTRAST) == []
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")


def test_the_keyboard_reaches_the_answer_first(opened):
    page = opened(sample_report())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#answer"


def test_a_list_is_searched_and_sorted_and_printed_in_full(opened):
    page = opened(sample_report())
    page.locator("#models summary").first.click()
    table = page.locator("#models details").first
    table.get_by_role("searchbox").fill("gull")
    rows = table.locator("tbody tr")
    assert rows.locator("visible=true").count() == 1 and "1 of 22 shown" in table.inner_text()
    page.emulate_media(media="print")
    assert rows.locator("visible=true").count() == 22
    page.emulate_media(media="screen")
    table.get_by_role("searchbox").fill("")
    names = "e => [...e.querySelectorAll('tbody th')].map(t => t.textContent)"
    head = table.get_by_role("button", name="Model")
    head.click()
    assert table.evaluate(names) == [f"reference-{i}" for i in range(22)]
    head.press("Enter")
    assert table.evaluate(names)[:2] == ["reference-21", "reference-20"]
    assert table.locator("[aria-sort=descending]").inner_text() == "Model"
    assert page.noise == []


def test_a_mark_says_what_it_is(opened):
    page = opened(sample_report())
    mark = page.locator(".strips circle").first
    mark.scroll_into_view_if_needed()
    mark.hover()
    assert page.locator(".tip").inner_text().startswith("reference-")
    page.keyboard.press("Escape")
    assert page.locator(".tip").is_hidden()


def test_prior_odds_move_and_agree_with_the_table(opened):
    page = opened(REPORTS["tie"])
    first = page.locator(".explorer").first
    slider, told = first.get_by_role("slider"), first.locator("output")
    table = page.locator("table.odds").first.locator("tbody tr")
    for row, prior in enumerate(("-4", "-3", "-2", "-1", "0", "1")):
        slider.evaluate("(e, v) => { e.value = v; e.dispatchEvent(new Event('input')) }", prior)
        before, after, chance, ends = table.nth(row).locator("th, td").all_inner_texts()
        low, high = (e.removesuffix(" in 100") for e in ends.split(" to "))
        over = f"({low} to {high} over the interval of the ratio)"
        assert told.inner_text() == f"Odds before {before}, odds after {after}: {chance} {over}."


def test_nothing_is_missing_without_a_script(opened):
    with_it, without = (opened(sample_report(), script=s) for s in (True, False))
    for selector in ("table tbody tr", "figure svg", "section", "details", "table.odds td"):
        assert with_it.locator(selector).count() == without.locator(selector).count() > 0
    assert without.locator(".explorer").first.is_hidden()
    assert without.locator("input, button").count() == 0
    assert without.locator("svg title").count() > 30


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_are_legible(opened, scheme):
    page = opened(REPORTS["tie"], scheme=scheme)
    page.locator("#models summary").first.click()
    assert page.evaluate(CONTRAST) == []
