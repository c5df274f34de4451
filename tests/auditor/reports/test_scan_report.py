"""Reports of a scan: every format says the same, nothing hostile gets through, a chain can be followed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise

import jsonschema
import pytest

from auditor import shipped
from auditor.errors import AuditError
from auditor.reports import scan_chains
from auditor.reports.scan import FORMATS, render
from auditor.reports.scan_words import ANSWERS, LIMITS, OF_VERDICT, USES, VERDICTS, count, percent, size
from auditor.scan.answer import ANSWERS as STRICTNESS
from auditor.scan.answer import FROM_VERDICT
from auditor.scan.report_data import as_data
from auditor.scan.terms import USES as ASKED
from auditor.scan.terms import VERDICTS as KNOWN
from tests.auditor.reports.scan_reports import (
    FORMULA,
    REPORTS,
    conflict,
    data,
    hostile,
    human,
    mixture,
    nothing,
)
from tests.auditor.reports.test_html import outline

WORDS = ("text", "markdown", "html")
EACH = pytest.mark.parametrize("name", REPORTS)


def plain(format: str, found) -> str:
    """A report without markup, entities and line breaks, so that its words can be looked for."""
    text = render(found, format)
    if format == "html":
        text = re.sub(r"<(?!U\+)[^>]*>", "", re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL))
    for entity, character in (("&#39;", "'"), ("&#34;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, character)
    return " ".join(re.sub(r"\\(?=[^\w\s])", "", text).split())


def test_every_code_has_a_word():
    assert set(ANSWERS) == set(STRICTNESS) and set(USES) == set(ASKED)
    assert set(VERDICTS) == set(OF_VERDICT) == set(KNOWN) and OF_VERDICT == FROM_VERDICT


def test_an_unknown_format_is_refused():
    with pytest.raises(AuditError, match=r"no report format 'pdf'\. Allowed are text, json"):
        render(data("conflict"), "pdf")


@EACH
@pytest.mark.parametrize("format", FORMATS)
def test_is_the_same_again_and_nothing_drives_a_terminal(name, format):
    text = render(data(name), format)
    assert text == render(data(name), format)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert text.isascii() or format in (*WORDS, "training-summary")


@EACH
def test_nothing_is_illegal(name):
    for format in FORMATS:
        assert "illegal" not in render(data(name), format).lower()


@EACH
def test_json_follows_its_schema(name):
    schema = json.loads(shipped.path("schema/scan-1.0.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    text = render(data(name), "json")
    assert text.isascii()
    document = json.loads(text)
    validator.validate(document)
    for place in (
        document,
        document["findings"][0],
        document["answers"][0]["links"][0],
        document["meanings"],
    ):
        place["guilty"] = True
        assert not validator.is_valid(document)
        del place["guilty"]
    assert validator.is_valid(document)


def test_the_first_lines_are_the_answers():
    lines = render(data("conflict"), "text").splitlines()
    assert lines[0].startswith("Conflict (train_competing_llm): gpt-4 wrote rows, and OpenAI Terms of Use")
    assert lines[1].startswith("Cannot tell (internal_research): The terms of OpenAI's API")
    assert "not legal advice" in lines[3]


@pytest.mark.parametrize("format", WORDS)
def test_a_chain_leads_from_the_row_to_the_clause(format):
    text = plain(format, data("conflict"))
    steps = (
        "52,002 of 52,002 rows name gpt-4 in the field 'model'.",
        "gpt-4 of OpenAI; 52,002 rows. Asked over the channel api (The provider’s own API), in 2023-04.",
        "OpenAI Terms of Use (14 March 2023) [openai-terms-of-use-2023], in force from 2023-03-14.",
        "Clause 2(c)(iii): Output may not go into models that compete",
        "By these terms this use is forbidden. Answer: conflict.",
        "the account holder at the provider",
    )
    places = [text.index(step) for step in steps]
    assert places == sorted(places)
    assert "https://openai.com/policies/terms-of-use" in text and "read on 2026-11-24" in text
    assert "to be read again before anybody relies on it" in text
    assert "Ask OpenAI for leave in writing" in text


@pytest.mark.parametrize("format", WORDS)
@EACH
def test_all_is_said_and_what_it_does_not_say(format, name):
    found = data(name)
    text = plain(format, found)
    assert all(limit in text for limit in LIMITS)
    for title in ("Licences as declared", "Who wrote the rows", "What this report does not say"):
        assert title in text
    if name == "hostile":
        return
    for answer in found["answers"]:
        assert all(part in text for part in (*answer["conditions"], *answer["settle"]))
    assert all(finding["message"] in text for finding in found["findings"])
    assert all(note in text for note in found["notes"])
    assert found["knowledge"] in text


@pytest.mark.parametrize("format", WORDS)
def test_what_is_ignored_is_said_at_the_top_and_listed_with_its_reason(format):
    text = plain(format, data("mixture"))
    top = text.index("An ignore list takes out 1 finding")
    assert top < text.index("What would settle it")
    assert "Read again on 2026-11-20, unchanged (legal@acme.example, until 2027-02-01)" in text.replace(
        "&#64;", "@"
    )


@pytest.mark.parametrize("format", WORDS)
def test_licences_that_do_not_agree_and_files_that_were_not_read(format):
    text = plain(format, data("human"))
    assert "F2: The card declares CC-BY-SA-4.0, the licence file CC-BY-NC-4.0." in text
    text = plain(format, data("mixture"))
    assert "train-00004.parquet" in text and "It is cut off: no footer." in text
    assert "no licence is declared" in plain(format, data("nothing"))
    assert "that is no proof that people wrote them" in plain(format, data("nothing"))


def test_chains_that_begin_alike_are_told_together():
    [first, _] = conflict().answers[0].links
    later = replace(first, entry="openai-terms-of-use-2023-11", name="OpenAI Terms of Use (November 2023)")
    answer = replace(conflict().answers[0], links=(first, later))
    found = as_data(replace(conflict(), answers=(answer,)))
    [group] = scan_chains.groups(found["answers"][0]["links"])
    assert scan_chains.title(group) == "gpt-4 → OpenAI Terms of Use (14 March 2023) and 1 more → conflict"
    for format in WORDS:
        text = plain(format, found)
        assert text.count("52,002 of 52,002 rows name gpt-4 in the field 'model'.") == 2  # chain, finding
        assert "OpenAI Terms of Use (November 2023) [openai-terms-of-use-2023-11]" in text


def test_a_milder_answer_than_the_verdict_says_why():
    [first, *rest] = conflict().answers[0].links
    answer = replace(
        conflict().answers[0], answer="cannot_tell", links=(replace(first, answer="cannot_tell"), *rest)
    )
    text = plain("text", as_data(replace(conflict(), answers=(answer,))))
    assert (
        "By these terms this use is forbidden. Answer: cannot tell. The answer is not that of the terms"
        in text
    )


def test_long_lists_are_cut_and_say_so():
    [finding] = hostile().findings
    many = tuple(replace(finding, message=f"Number {i}.", subject=f"m{i}") for i in range(300))
    link = conflict().answers[0].links[0]
    links = tuple(replace(link, seen=f"Seen {i}.", generator=f"m{i}") for i in range(300))
    answer = replace(conflict().answers[0], links=links)
    big = as_data(replace(conflict(), findings=many, answers=(answer,), files=conflict().files * 200))
    for format in WORDS:
        text = render(big, format)
        assert len(text) < 400_000
        assert re.search(r"\d+ further findings are in the JSON report", text)
        assert "none stricter" in text
    assert len(json.loads(render(big, "json"))["findings"]) == 300


@EACH
def test_html_is_well_formed_offline_and_dead(name):
    page = render(data(name), "html")
    tags = outline(page).tags
    assert not {t for t, _ in tags} & {"script", "img", "iframe", "object", "embed", "form", "link", "base"}
    for _, attributes in tags:
        assert not [a for a in attributes if a.startswith("on") or a in ("style", "src", "srcset")]
        if "href" in attributes:
            assert re.match(
                r"#|https://(openai\.com|spdx\.org|github\.com|creativecommons\.org)/", attributes["href"]
            )
    levels = [int(t[1]) for t, _ in tags if re.fullmatch("h[1-6]", t)]
    assert levels.count(1) == 1 and all(b - a <= 1 for a, b in pairwise(levels))
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for _, a in tags if (a.get("href") or "").startswith("#")} <= set(ids)
    [policy] = [a["content"] for t, a in tags if t == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none'")


def test_markdown_holds_no_markup_of_a_dataset():
    text = render(data("hostile"), "markdown")
    assert "<script" not in text and not re.search(r"(?<!\\)\]\(", text) and "@team" not in text
    assert not re.search(r"^=cmd|^# heading", text, re.MULTILINE)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows and all(re.fullmatch(r"\|( (\\.|[^|\\])* \|)+", row) for row in rows)


@pytest.mark.parametrize("format", ["markdown", "html", "training-summary"])
def test_no_cell_is_a_formula(format):
    text = render(data("hostile"), format)
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", text) or re.findall(r"(?<=\| )(.*?)(?= \|)", text)
    assert any(FORMULA[:11] in cell for cell in cells)
    assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-(?!--$)", cell)]


def test_the_bars_are_the_shares():
    page = render(data("mixture"), "html")
    widths = [
        float(w) for w in re.findall(r'<rect class="(?:sure|open|untold)" x="1" y="1" width="([\d.]+)"', page)
    ]
    assert widths == pytest.approx([398 * s for s in (0.612, 0.204, 0.09, 0.031, 0.063)], abs=0.06)
    assert page.count('class="sure"') == 2 and page.count('class="untold"') == 1
    assert "<rect" not in render(data("nothing"), "html")


@pytest.mark.parametrize(
    ("report", "says"),
    [
        (conflict, "Yes: 1 model wrote rows, by a sure sign, up to 100 % of the rows."),
        (human, "No sign was found, and the card or a list of known datasets says that people wrote it."),
        (nothing, "Not known: no sign was found, and nothing says who wrote the rows."),
        (lambda: replace(mixture(), generators=mixture().generators[2:]), "Perhaps: there are signs"),
    ],
)
def test_the_training_summary_never_says_no(report, says):
    text = plain("training-summary", as_data(report()))
    assert says in text and "section 2.5" in text and text.count("TO COMPLETE") >= 6
    assert "Answer: no" not in text


def test_the_training_summary_lists_models_by_what_is_known_of_them():
    text = render(data("mixture"), "training-summary")
    named, others = text.split("## Other models")
    assert "| gpt-3.5-turbo | OpenAI | 61,200 rows | 61.2 % |" in named
    assert "| zephyr-home-brew | not known | 3,100 rows |" in others
    assert "bespoke-stratos" in named and "Of 6.3 % of the rows nothing says who wrote them." in others


def test_figures_are_written_as_people_read_them():
    assert [percent(x) for x in (0, 1, 0.99999, 0.0001, 0.5, None)] == [
        *("0 %", "100 %", "99.9 %", "below .1 %", "50.0 %", ""),
    ]
    assert [size(x) for x in (0, 999, 1_000, 123_456, 5_000_000_000_000)] == [
        *("0 B", "999 B", "1.0 kB", "123 kB", "5.0 TB"),
    ]
    assert [count(x) for x in (None, 0, 1, 2_000)] == ["not counted", "0 rows", "1 row", "2,000 rows"]
