"""`audit compare --terms`, whole: asked beside the evidence, kept in the file, told in every format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from auditor import compare, store
from auditor.case import Silent
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.reports import render, terms
from tests.panels import generated, lineage_csv, written_panel

FORMATS = ("text", "markdown", "html", "json")
# What stands in the panel for a teacher (T) and three decoys; provider and release.
CAST = {
    "T": ("gpt4", "openai", "2023-03-14"),
    "D00": ("deepseek-r1", "deepseek", "2025-01-20"),
    "D01": ("house-1", "someone", "2024-01-01"),
    "D02": ('<b>"T"\u202e', "nobody", "2024-01-01"),
}
TEACHERS = tuple(name for name, _, _ in CAST.values())


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> CompareConfig:
    """A student of gpt4, released when the terms of that time were followed by others."""
    folder = tmp_path_factory.mktemp("terms")
    panel, prompts = generated(24, n_probes=40)
    renamed = {CAST[m][0] if m in CAST else m: texts for m, texts in panel.items()}
    lines = []
    for line in lineage_csv(list(panel)).splitlines():
        model, role, *_ = line.split(",")
        if model in CAST:
            name, provider, released = CAST[model]
            quoted = '"' + name.replace('"', '""') + '"'
            line = f"{quoted},{role},{provider},{quoted},,original,{released},first-party,made here"
        lines.append(line.replace("someone,S,,original,2023-06", "someone,S,,original,2025-06-01"))
    asked = written_panel(folder, renamed, prompts, "\n".join(lines) + "\n")
    teachers = tuple(f"panel:{name}" for name in TEACHERS)
    detectors = ("wording", "opening")
    return replace(asked, teachers=teachers, bootstrap=0, detectors=detectors, calibration="none", terms=True)


@pytest.fixture(scope="module")
def report(config: CompareConfig):
    return compare.run(config, Silent())


def test_terms_change_nothing_of_the_evidence(config, report):
    without = compare.run(replace(config, terms=False), Silent())
    assert (without.verdicts, without.findings, without.headline) == (
        report.verdicts,
        report.findings,
        report.headline,
    )
    assert without.terms == without.terms_versions == () and "terms" not in without.run.hashes
    assert report.run.hashes["terms"] and report.run.config["terms"] is True


def test_every_teacher_has_its_answer(report):
    answers = {(a.teacher, a.use): a.answer for a in report.terms}
    assert {t for t, _ in answers} == set(TEACHERS) and len(answers) == 2 * len(TEACHERS)
    assert answers["house-1", "train_competing_llm"] == "own_model"
    assert set(answers.values()) == {"own_model", "cannot_tell"}
    of = {t: [v.entry for v in report.terms_versions if v.teacher == t] for t in TEACHERS}
    assert "openai-terms-of-use-2023" in of["gpt4"] and "openai-terms-of-use-2024-12" in of["gpt4"]
    assert "openai-terms-of-use-2026" not in of["gpt4"] and "openai-terms-of-use-2022" not in of["gpt4"]
    assert set(of["deepseek-r1"]) == {"deepseek-mit", "deepseek-platform-2025"}
    assert of["house-1"] == of[TEACHERS[3]] == []


def test_it_is_kept_sealed_and_told_again(config, report):
    path = Path(config.evidence)
    assert store.check_run(path, report.run.id) == ()
    again = store.read_report(path, report.run.id)
    assert (again.terms, again.terms_versions) == (report.terms, report.terms_versions)


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_tells_it(report, format_):
    page = render(report, format_)
    told = page.replace("\\", "").replace("&#39;", "'")
    told = " ".join(told.split())
    for said in ("openai-terms-of-use-2023", "2(c)(iii)", "own provider, someone", "no permission"):
        assert said in told, said
    assert "\u202e" not in page and "illegal" not in page.lower()
    if format_ == "html":
        assert '<b>"T"' not in page and page.count("Only matters if") >= 2
        assert page.index('id="answer"') < page.index('id="terms"') < page.index('id="explanations"')
    if format_ == "json":
        by_teacher = {t["teacher"]: t for t in json.loads(page)["terms"]}
        assert by_teacher["house-1"]["only_matters_if"] is True
        assert by_teacher["deepseek-r1"]["versions"][0]["source"].startswith("https://")


def test_what_permits_is_said_first_of_its_teacher(report):
    first = terms.statements(report, "deepseek-r1")[0]
    assert first.startswith("Over ") and "expressly permits training on outputs" in first
    assert terms.statements(report, "house-1")[0].startswith(
        "house-1 is a model of S's own provider, someone"
    )


def test_a_channel_decides(config):
    over = replace(config, teachers=("panel:deepseek-r1",), channel="self_host")
    assert {a.answer for a in compare.run(over, Silent()).terms} == {"allowed"}


def test_a_dry_run_says_what_would_be_looked_up_and_bad_options_stop_it(config):
    assert "Terms: looked up for train_competing_llm, " in str(compare.plan(config))
    for asked in ({"channel": "phone"}, {"uses": ("x",)}, {"terms": False, "host": "openrouter.ai"}):
        for job in (compare.plan, lambda c: compare.run(c, Silent())):
            with pytest.raises(AuditError):
                job(replace(config, **asked))


def test_on_real_answers(test_data, tmp_path):
    """Alpaca was made from text-davinci-003 between November 2022 and March 2023."""
    found = compare.run(
        CompareConfig(
            student="panel:alpaca-7b",
            teachers=("panel:text_davinci_003", "panel:gpt4_1106_preview"),
            panel=str(test_data / "outputs/alpaca_eval.parquet"),
            prompts=str(test_data / "outputs/prompts.parquet"),
            evidence=str(tmp_path / "audit.duckdb"),
            detectors=("opening",),
            bootstrap=0,
            terms=True,
            channel="api",
        ),
        Silent(),
    )
    answers = {(a.teacher, a.use): a for a in found.terms}
    davinci = answers["text_davinci_003", "train_competing_llm"]
    assert (davinci.first, davinci.last, davinci.answer) == ("2022-11-28", "2023-03-13", "conflict")
    assert {v.entry for v in found.terms_versions} == {"openai-terms-of-use-2022"}
    assert answers["gpt4_1106_preview", "train_competing_llm"].answer == "teacher_later"
