"""Parts of a forensic report: materials, methods, odds, error rates; each of this run and no more."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.reports import error_rates, glossary, materials, odds, render
from tests.auditor.reports.cases import REPORTS
from tests.auditor.reports.samples import sample_report, verdict

ROOT = Path(__file__).parents[3]


def on_weights():
    row = verdict(proposition="weight_descent", evidence="weights", level="strong", p_exact=1e-9)
    return sample_report(verdicts=(row,), findings=())


def test_the_shipped_error_rates_are_those_of_the_documents():
    program = runpy.run_path(str(ROOT / "docs/measurements/write_tables.py"))
    shipped = (ROOT / "auditor/reports/error_rates.json").read_text(encoding="utf-8")
    assert shipped == program["shipped"]()
    rows = {r[0]: r[1] for r in json.loads(shipped)["tables"]["overall"]["rows"]}
    assert rows["innocent pairs at moderate or above"].startswith("1 of 402")


def test_error_rates_stand_where_the_score_decides_and_nowhere_else():
    page = render(sample_report(), "html")
    for table in error_rates.tables():
        assert all(len(row) == len(table.head) for row in table.rows)
        assert all(cell in page for row in table.rows for cell in row)
    assert "1 of 402 = .002 [.000, .014]" in page
    other = render(on_weights(), "html")
    assert "1 of 402" not in other and "docs/detectors/descent.md" in other
    assert "do not apply" in other


def test_the_power_of_this_run_stands_beside_the_rates():
    assert "aurora-2 82 % at moderate" in render(REPORTS["tie"], "html")


def test_methods_are_those_of_the_run():
    answers, weights = materials.steps(REPORTS["tie"]), materials.steps(on_weights())
    assert any("likelihood ratio" in s for s in answers) and not any("likelihood ratio" in s for s in weights)
    assert any("decoys" in s for s in answers) and not any("decoys" in s for s in weights)
    assert not any("likelihood ratio" in s for s in materials.steps(sample_report()))
    assert any("2 teachers" in s for s in answers) and not any("(Holm)" in s for s in weights)


def test_materials_count_what_there_was():
    told = dict(materials.rows(sample_report()))
    assert told["Answers"] == "8,800 answers of 44 models to 200 probes"
    assert told["References, by teacher"] == "aurora-2: 30; borealis-1: 30"
    assert told["Measured by"] == "opening, stylometry, semantics"
    assert told["Not measured"] == "semantics"
    assert "Answers" not in dict(materials.rows(REPORTS["empty"]))


def test_odds_after_are_odds_before_times_the_ratio():
    rows = {row[0]: row[1:] for row in odds.rows(odds.Ratio("t", 2.0, 1.0, 3.0))}
    assert rows["1 to 100"] == ("1 to 1", "50.0 in 100", "9.1 in 100 to 90.9 in 100")
    assert rows["1 to 1"] == ("100 to 1", "99.0 in 100", "90.9 in 100 to above 99.9 in 100")
    assert rows["1 to 10,000"][:2] == ("1 to 100", ".99 in 100")
    against = {row[0]: row[1] for row in odds.rows(odds.Ratio("t", -1.0, -1.0, -1.0))}
    assert against["10 to 1"] == "1 to 1" and against["1 to 1"] == "1 to 10"


@pytest.mark.parametrize(("log10", "said"), [(-9.0, "below .01"), (9.0, "above 99.9"), (0.0, "50.0")])
def test_a_chance_is_never_nothing_or_all(log10, said):
    assert odds.chance(log10) == f"{said} in 100"


def test_a_run_without_a_ratio_shows_an_example_and_says_so():
    [example] = odds.ratios(sample_report())
    assert (example.title, example.log10) == ("", 1.0)
    assert "An example, as this run has no calibrated ratio" in render(sample_report(), "html")
    broken = replace(REPORTS["tie"].verdicts[0], log10_lr=float("nan"))
    assert odds.ratios(sample_report(verdicts=(broken,))) == (example,)


def test_a_ratio_at_its_limit_has_no_interval_and_the_page_says_so():
    capped = verdict(log10_lr=1.2, log10_lr_interval=(1.2, 1.2))
    page = render(sample_report(verdicts=(capped,)), "html")
    assert "it could lie further from 1" in page and "At the ends of" not in page


def test_the_glossary_is_in_order_and_knows_the_words_of_the_page():
    words = [term for term, _ in glossary.TERMS]
    assert words == sorted(words, key=str.casefold)
    for word in ("likelihood ratio", "predictive p", "rank p", "reference", "decoy", "prior odds", "power"):
        assert word in words
