"""`audit compare --scores`: a student found by log-probabilities, innocents not, and what is missing said."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from auditor import case as cases
from auditor import compare, likelihood, on_scores, scored
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.lineage import Lineage
from auditor.panel.probes import probe_id
from auditor.report import LineageRow
from auditor.reports import render
from detectors.scores import NEUTRAL, Scores, TextId
from tests.auditor.reports.samples import finding, verdict
from tests.detectors.markov_models import World

N_PROBES, N_REFERENCES, N_NEUTRAL = 30, 24, 60
JUDGED = ("student", "innocent", "same-corpus")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with panel, lineage table and scores of a student of T0 and of two innocents."""
    folder = tmp_path_factory.mktemp("world")
    made = World(3)
    references = made.references(N_REFERENCES)
    made.train("student", "T0")
    made.train("innocent", made.n_teachers + 1)
    made.train("same-corpus", 0)
    controls = [made.train(f"control{n}", 0) for n in range(2)]
    subjects = [*(f"T{k}" for k in range(4)), *references, *JUDGED, *controls]
    texts = made.answers(N_PROBES) | made.neutral(N_NEUTRAL)
    lines = [
        {"model": m, "prompt": f"prompt {j}", "response": " ".join(f"w{s}" for s in row)}
        for m in subjects
        for j, row in enumerate(made.texts_of(m, N_PROBES))
    ]
    (folder / "panel.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    with (folder / "lineage.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("model", "role", "provider", "family", "base", "trained_on", "source"))
        for m in subjects:
            role = "teacher" if m.startswith("T") else "reference" if m in references else "student"
            origin = {"teacher": "first-party", "reference": "human", "student": ""}[role]
            table.writerow((m, role, m, m, made.base_of[m] if role != "teacher" else "", origin, "made here"))
    (folder / "scores").mkdir()
    for scorer in (*subjects, "B0"):
        write(renamed(made.scores(scorer, texts)), folder / "scores")
    return folder


def renamed(scores: Scores) -> Scores:
    """Probes called as the panel calls them."""
    texts = tuple(TextId(t.text_of, probe_id(f"prompt {t.probe[1:]}")) for t in scores.texts)
    return replace(scores, texts=texts)


def write(scores: Scores, folder: Path) -> None:
    n = len(scores.texts)
    n_bytes = scores.ends[scores.starts[1:] - 1]
    about = {"scorer": scores.scorer, "max_chars": None, "model": {}}
    scored.write(
        scored.Scored(about, scores, ("0" * 64,) * n, n_bytes, ("",) * n), folder / f"{scores.scorer}.parquet"
    )


def asked(world: Path, student: str, **changes: object) -> CompareConfig:
    config = CompareConfig(
        student=f"panel:{student}",
        teachers=("panel:T0", "panel:T1"),
        panel=str(world / "panel.jsonl"),
        lineage=str(world / "lineage.csv"),
        calibration="none",
        evidence=str(world / "evidence.duckdb"),
        detectors=("wording", "lift", "contrast"),
        scores=(str(world / "scores"),),
        same_data=("T0=control0", "T0=control1"),
        bootstrap=0,
    )
    return replace(config, **changes)  # type: ignore[arg-type]


def by_scores(report: compare.Report, teacher: str = "T0"):
    return next(v for v in report.verdicts if v.evidence == on_scores.BY and v.teacher == teacher)


def test_a_student_is_found_and_the_report_says_by_what(world: Path) -> None:
    report = compare.run(asked(world, "student"), cases.Silent())
    found = by_scores(report)
    assert found.level == "moderate" and found.cap == "moderate" and found.references == N_REFERENCES
    assert found.words.startswith("By log-probabilities (contrast: whether on neutral text")
    assert report.headline.startswith(
        "By log-probabilities: moderate support for distillation of student from T0"
    )
    assert by_scores(report, "T1").level == "insufficient"
    file = world / "scores" / "B0.parquet"
    assert report.run.inputs[str(file)] == hashlib.sha256(file.read_bytes()).hexdigest()
    answers = [v for v in report.verdicts if v.evidence == "answers"]
    assert {v.reason for v in answers} == {"not_measured"}, "wording alone gives no score"
    lead = next(f for f in report.findings if (f.detector, f.teacher) == ("contrast", "T0"))
    assert lead.n_probes == N_NEUTRAL and lead.channel == "likelihood"
    for format_ in ("text", "markdown", "html", "json"):
        assert "log-probabilities" in render(report, format_)


@pytest.mark.parametrize("model", ["innocent", "same-corpus"])
def test_innocents_are_not_accused(world: Path, model: str) -> None:
    report = compare.run(asked(world, model), cases.Silent())
    assert {v.level for v in report.verdicts} <= {"insufficient", "weak"}
    found = by_scores(report)
    assert found.level == "insufficient"
    assert found.reason == ("public_data" if model == "same-corpus" else "not_unusual")
    seen = next(a for a in found.alternatives if a.name == "public data")
    assert seen.examined and "(there are 2)" in seen.text


def test_without_a_model_of_the_same_data_nobody_is_accused(world: Path) -> None:
    found = by_scores(compare.run(asked(world, "student", same_data=()), cases.Silent()))
    assert (found.level, found.reason, found.cap) == ("insufficient", "uncontrolled", "insufficient")
    assert found.p_adjusted is not None and found.p_adjusted <= 0.01 and "public data" in found.cap_reason
    assert any("--same-data" in step for step in found.would_change)


def test_the_teachers_answers_lead_where_there_is_no_neutral_text(world: Path, tmp_path: Path) -> None:
    for file in sorted((world / "scores").glob("*.parquet")):
        scores = scored.read(file).scores
        kept = [i for i, t in enumerate(scores.texts) if t.text_of != NEUTRAL]
        n = int(scores.starts[kept[-1] + 1])
        assert kept == list(range(len(kept)))
        fewer = Scores(
            *(scores.scorer, scores.texts[: len(kept)], scores.starts[: len(kept) + 1]),
            *(scores.ends[:n], scores.logprobs[:n]),
        )
        write(fewer, tmp_path)
    report = compare.run(asked(world, "student", scores=(str(tmp_path),), same_data=()), cases.Silent())
    found = by_scores(report)
    assert "whether on the teacher's answers, the student leaves" in found.words
    asked_for = replace(asked(world, "student"), detectors=("wording", "lift"), same_data=())
    found = by_scores(compare.run(asked_for, cases.Silent()))
    assert "(lift: whether the student finds" in found.words


def test_a_model_without_its_own_base_is_not_measured(world: Path, tmp_path: Path) -> None:
    text = (
        (world / "lineage.csv")
        .read_text("utf-8")
        .replace("student,student,student,student,B0", "student,student,student,student,")
    )
    (tmp_path / "l.csv").write_text(text, "utf-8")
    report = compare.run(asked(world, "student", lineage=str(tmp_path / "l.csv")), cases.Silent())
    assert not [v for v in report.verdicts if v.evidence == on_scores.BY]


def test_siblings_are_accused_together() -> None:
    one, two = (verdict(t, level="moderate", tied_with=()) for t in ("A-0301", "A-1106"))
    other = verdict("B", level="moderate", tied_with=())
    lineage = Lineage(
        {m: LineageRow(m, provider=p) for m, p in (("A-0301", "a"), ("A-1106", "a"), ("B", "b"))}, "here"
    )
    case = SimpleNamespace(lineage=lineage)
    together = on_scores._siblings(one, [one, two, other], case)  # type: ignore[arg-type]
    assert together == ("A-1106",)
    assert on_scores._siblings(replace(one, level="insufficient"), [one, two], case) == ()  # type: ignore[arg-type]
    said = on_scores.headline(
        "S", [replace(one, tied_with=together), replace(two, tied_with=("A-0301",)), other]
    )
    assert said.count("support for distillation") == 2 and "from A-0301 or A-1106 (" in said


def test_a_model_of_the_same_data_has_a_null_of_its_own() -> None:
    lead = finding("T", value=5.0, reference_values=tuple(np.linspace(-1.0, 1.0, 20)))
    values = np.linspace(-1.0, 1.0, 20)
    t = (5.0 - 3.0) / (values.std(ddof=1) * np.sqrt(1.5))
    assert on_scores.p_same(lead, (2.0, 4.0)) == pytest.approx(stats.t.sf(t, 19))
    assert on_scores.p_same(lead, ()) == 1.0 == on_scores.p_same(replace(lead, value=None), (1.0,))


def test_wrong_inputs_are_one_clear_error(world: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    stranger = scored.read(world / "scores" / "B0.parquet").scores
    write(replace(stranger, scorer="stranger"), tmp_path)
    for changes, said in (
        ({"scores": (str(tmp_path / "empty"),)}, "no \\*.parquet"),
        ({"scores": (str(tmp_path / "absent.parquet"),)}, "absent"),
        ({"scores": (str(world / "scores"), str(world / "scores" / "B0.parquet"))}, "second file"),
        ({"scores": (str(tmp_path / "stranger.parquet"),)}, "None of the 1 scorers"),
        ({"same_data": ("T0",)}, "TEACHER=MODEL"),
        ({"same_data": ("nobody=control0",)}, "TEACHER=MODEL"),
        ({"same_data": ("T0=nobody",)}, "nobody"),
    ):
        with pytest.raises(AuditError, match=said):
            compare.run(asked(world, "student", **changes), cases.Silent())


def test_without_scores_the_report_says_so(world: Path) -> None:
    measured, skipped = likelihood.measure(
        cases.prepare(asked(world, "student"), cases.Silent()), asked(world, "student", scores=()), None
    )
    assert not measured and [s.reason for s in skipped] == [likelihood.NO_SCORES] * 2
