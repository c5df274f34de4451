"""Positive controls in the student's place: judged as it is, counted by share, said in every report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from auditor import case as cases
from auditor import compare, found_controls, store
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.report import ControlPower
from auditor.reports import controls, render
from tests.auditor.reports.samples import sample_report, verdict
from tests.panels import generated, lineage_csv, mixed, written_panel

SHARES = {"control-T-000-1": 0, "control-T-000-2": 0, "control-T-050-1": 50, "control-T-050-2": 50}
FORMATS = ("text", "markdown", "html", "json")
N_PROBES, ASKED = 60, 30


@pytest.fixture(scope="module")
def panel() -> tuple[dict[str, list[str]], list[str]]:
    return generated(26, n_probes=N_PROBES, share=0.9, n_pupils=4)


@pytest.fixture
def config(panel: tuple[dict[str, list[str]], list[str]], tmp_path: Path) -> CompareConfig:
    answers, prompts = panel
    made = written_panel(tmp_path, answers, prompts, lineage_csv(list(answers)))
    return replace(made, controls=(str(folder(tmp_path, answers, prompts)),), bootstrap=0)


def folder(at: Path, answers: dict[str, list[str]], prompts: list[str], teacher: str = "T") -> Path:
    """Controls that answer like S, T's student, or like a reference; they were asked half of the prompts."""
    out = at / "controls"
    out.mkdir()
    draw = np.random.default_rng(3)
    told = {
        name: mixed(answers[f"R00{n}"], answers["S"], 1.0 if share else 0.0, draw)
        for n, (name, share) in enumerate(SHARES.items())
    }
    rows = [
        {"model": name, "prompt": prompt, "output": text + " And so on."}
        for name, texts in told.items()
        for prompt, text in list(zip(prompts, texts, strict=True))[:ASKED]
    ]
    (out / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    record = {
        "settings": {"teacher": teacher},
        "pupils": {"base": "small", "method": "LoRA, rank 16"},
        "controls": [{"model": n, "share": s, "documents": 402} for n, s in SHARES.items()],
    }
    (out / "controls.json").write_text(json.dumps(record), encoding="utf-8")
    return out


def test_a_run_counts_them_and_every_format_says_it(config: CompareConfig) -> None:
    report = compare.run(config, cases.Silent())
    (found,) = report.verdicts
    innocent, student = found.controls
    assert (innocent.share, innocent.n, student.share, student.n) == (0, 2, 50, 2)
    assert innocent.moderate == innocent.weak == 0 and student.weak == 2
    assert innocent.moderate_high == pytest.approx(1 - 0.025 ** (1 / 2))
    assert (student.base, student.n_probes, student.documents) == ("small", ASKED, 402)
    assert str(Path(config.controls[0]) / "answers.jsonl") in report.run.inputs
    assert store.check_run(Path(config.evidence)) == ()
    for format_ in ("text", "markdown", "html"):
        page = " ".join(unescape(render(report, format_)).split())
        assert "A student with 50 % of T's data would have been found with probability" in page
        assert "at weak or above 1 (2 of 2 controls, 95 % .16 to 1)" in page
        assert "It holds for this base and this route" in page
    data = json.loads(render(report, "json"))["verdicts"][0]["controls"]
    assert [row["share"] for row in data] == [0, 50]


def test_a_control_is_judged_as_if_it_were_named_as_the_student(
    config: CompareConfig, panel: tuple[dict[str, list[str]], list[str]], tmp_path: Path
) -> None:
    """The same level by `audit compare` on a panel with the control instead of S."""
    answers, prompts = panel
    given = found_controls.read(config.controls[0])
    case = cases.prepare(config, cases.Silent())
    levels: dict[str, str] = {}

    def judge(seated: cases.Case, measured: list) -> list:
        verdicts = compare.judge(seated, measured, config, cases.Silent()).verdicts
        levels[seated.student] = verdicts[0].level
        assert case.student not in seated.panel.subjects and seated.models == case.models
        return list(verdicts)

    chosen, _ = compare.measure.choose(("wording", "opening"))
    found_controls.powers(case, [given], chosen, judge, cases.Silent())
    for number, name in enumerate(SHARES):
        alone = tmp_path / f"alone{number}"
        alone.mkdir()
        others = {m: texts for m, texts in answers.items() if m != "S"}
        others[name] = [given.answers[name].get(p, "") for p in prompts]
        table = lineage_csv(list(answers)).replace("\nS,", f"\n{name},").replace(",S,", f",{name},")
        single = written_panel(alone, others, prompts, table)
        report = compare.run(
            replace(single, student=f"panel:{name}", detectors=config.detectors, bootstrap=0), cases.Silent()
        )
        assert report.verdicts[0].level == levels[name]


def test_what_is_no_folder_of_controls_is_refused(config: CompareConfig, tmp_path: Path) -> None:
    def refused(what: str, change: Callable[[Path], object]) -> None:
        at = Path(config.controls[0])
        before = {p: p.read_bytes() for p in at.iterdir()}
        change(at)
        with pytest.raises(AuditError, match=what):
            compare.run(config, cases.Silent())
        for path, content in before.items():
            path.write_bytes(content)

    refused("there is no controls.json in it", lambda at: (at / "controls.json").unlink())
    refused("not a record of 'audit controls'", lambda at: (at / "controls.json").write_text("{}"))
    refused(
        "1 of 5 controls .* have no answers",
        lambda at: edit(
            at, lambda r: r["controls"].append({"model": "absent", "share": 5, "documents": 402})
        ),
    )
    refused("taught by D00", lambda at: edit(at, lambda r: r["settings"].update(teacher="D00")))
    refused(
        "answered 0 of this panel's 60",
        lambda at: (at / "answers.jsonl").write_text(
            "".join(json.dumps({"model": n, "prompt": "another", "output": "x"}) + "\n" for n in SHARES)
        ),
    )


def edit(at: Path, change: Callable[[dict], object]) -> None:
    path = at / "controls.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def row(**fields: object) -> ControlPower:
    shown = {"share": 5, "n": 10, "moderate": 8, "moderate_low": 0.444, "moderate_high": 0.975, "weak": 10}
    shown |= {"weak_low": 0.692, "weak_high": 1.0, "base": "small", "method": "LoRA", "documents": 402}
    return ControlPower(**(shown | {"n_probes": 402} | fields))  # type: ignore[arg-type]


def test_the_sentence() -> None:
    said = controls.lines(verdict("aurora-2", controls=(row(share=0, moderate=0), row())))
    assert said[1] == (
        "A student with 5 % of aurora-2's data would have been found with probability .80 (8 of 10 controls, "
        "95 % .44 to .97); at weak or above 1 (10 of 10 controls, 95 % .69 to 1)."
    )
    assert said[0].startswith("An innocent made alike, with none of aurora-2's data, would have been accused")
    assert "students made from small (402 documents each, LoRA)" in said[2] and len(said) == 3
    assert controls.lines(verdict()) == []


@pytest.mark.parametrize("format_", FORMATS)
def test_what_a_record_says_is_escaped(format_: str) -> None:
    page = render(sample_report(verdicts=(verdict(controls=(row(base="<b>x\u202e"),)),)), format_)
    assert "\u202e" not in page and (format_ != "html" or "<b>x" not in page)
