"""The Markdown report: whatever a model said is shown as it stands."""

from __future__ import annotations

import re

import pytest

from auditor.reports import render
from auditor.reports.markdown import inline
from tests.auditor.reports.cases import hostile
from tests.auditor.reports.samples import exhibit, sample_report


def outside_fences(page: str) -> str:
    return re.sub(r"^(`{3,})text\n.*?\n\1$", "", page, flags=re.S | re.M)


def test_hostile_text_is_inert_outside_of_fences():
    page = outside_fences(render(hostile(), "markdown"))
    assert "<script" not in page and "<img" not in page and "<iframe" not in page and "<!--" not in page
    assert (
        not re.search(r"(?<!\\)\[", page) and not re.search(r"(?<!\\)://", page) and "@everyone" not in page
    )
    assert not re.search(r"(?<!\\)`", page) and not re.search(r"\bwww\.", page)


def test_no_line_of_a_model_becomes_a_block():
    page = outside_fences(render(hostile(), "markdown"))
    lines = [line for line in page.splitlines() if line]
    headings = [line for line in lines if line.startswith("#")]
    assert not [h for h in headings if re.match(r"#+ heading", h)]
    assert not [line for line in lines if line.startswith("- item") or line.startswith("~~~")]


def test_every_row_of_a_table_has_its_cells():
    page = outside_fences(render(hostile(), "markdown"))
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for block in re.findall(r"(?:^\| .*\n)+", page, flags=re.M):
        counts = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in block.splitlines()}
        assert len(counts) == 1
    assert rows


@pytest.mark.parametrize("text", ["```\n# out\n```", "`" * 9 + "\nout", "~~~\nout", "    indented"])
def test_a_fence_is_longer_than_any_inside(text):
    page = render(sample_report(exhibits=(exhibit(student_text=text, student_spans=()),)), "markdown")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    block = page.partition("Student:\n\n")[2].splitlines()[0]
    assert len(block.removesuffix("text")) > longest
    assert text in page


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("gpt-4_0613 (v1.2)", "gpt-4_0613 (v1.2)"),
        ("_emphasis_", "\\_emphasis\\_"),
        ("a|b\\|c", "a\\|b\\\\\\|c"),
        ("1. item", "1\\. item"),
        ("- item", "\\- item"),
        ("---", "\\---"),
        ("0.5 and -0.5", "0.5 and -0.5"),
        ("-0.5", "-0.5"),
        ("https://x.y", "https\\://x.y"),
        ("AT&T <b>", "AT&amp;T &lt;b&gt;"),
        ("a@b.c", "a&#64;b.c"),
    ],
)
def test_only_what_matters_is_escaped(text, escaped):
    assert inline(text) == escaped


def test_shared_passages_are_set_off():
    assert "«Let us take this one step at a time, shall we?»" in render(sample_report(), "markdown")
