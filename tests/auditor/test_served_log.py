"""`audit compare --served --held-out`: the log that a student saw is found, another one is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from auditor import case as cases
from auditor import compare, scored, served_log, shipped, store
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.owner_evidence import level_of
from auditor.report import Report, Verdict
from auditor.reports import render
from tests.auditor.owner_panels import N_DOCUMENTS, served_world, write_scores, write_table


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> CompareConfig:
    return served_world(tmp_path_factory.mktemp("served"))


def judged(config: CompareConfig, **changes: object) -> Report:
    return compare.run(replace(config, **changes), cases.Silent())  # type: ignore[arg-type]


def of(report: Report, teacher: str = "T0") -> Verdict:
    return next(v for v in report.verdicts if v.evidence == "served-log" and v.teacher == teacher)


def test_the_student_of_the_log_is_found_and_every_report_says_so(config: CompareConfig) -> None:
    report = judged(config)
    found = of(report)
    assert (found.proposition, found.level, found.reason) == ("distillation", "moderate", "unusual")
    assert found.cap == "moderate" and found.references == 25 and found.p_exact <= 0.01
    assert report.headline.startswith(
        "By the served log: moderate support for distillation of student from T0"
    )
    (test,) = report.tests
    assert (test.detector, test.subject, test.other) == ("membership", "student", "T0")
    assert test.p == found.p_exact and test.n == 2 * N_DOCUMENTS and len(test.params["references"]) == 25
    assert report.behind(found) == ()
    assert store.read_report(Path(config.evidence), report.run.id) == report
    assert store.check_run(Path(config.evidence)) == ()
    assert {Path(p).name for p in report.run.inputs} >= {"served.jsonl", "held-out.jsonl"}
    for format_ in ("text", "markdown", "html"):
        text = " ".join(render(report, format_).split())
        assert "Served log and key: tests of their own" in text and "adjusted" in text
        assert "Weights: tests with a null" not in text and "exact p" not in text.lower()
    table = json.loads(render(report, "json"))
    schema = json.loads(shipped.path("schema/report-1.0.schema.json").read_text("utf-8"))
    jsonschema.validate(table, schema)
    assert "served-log" in {v["evidence"] for v in table["verdicts"]}


@pytest.mark.parametrize("student", ["other-log", "innocent"])
def test_who_did_not_see_this_log_is_not_accused_by_it(config: CompareConfig, student: str) -> None:
    found = of(judged(config, student=f"panel:{student}"))
    assert (found.level, found.reason) == ("insufficient", "not_unusual") and found.p_exact > 0.05


def test_mixed_up_files_accuse_nobody_and_are_named(config: CompareConfig, tmp_path: Path) -> None:
    """Text names hold what they were scored as, so the scores are renamed with the files."""
    other = {"served": "held-out", "held-out": "served"}
    for file in sorted(Path(config.scores[0]).glob("*.parquet")):
        scores = scored.read(file).scores
        swapped = tuple(replace(t, text_of=other[t.text_of]) for t in scores.texts)
        write_scores(replace(scores, texts=swapped), tmp_path)
    found = of(judged(config, scores=(str(tmp_path),), served=config.held_out, held_out=config.served))
    assert (found.level, found.reason) == ("insufficient", "reversed") and "mixed up" in found.words


def test_a_later_teacher_is_not_accused(config: CompareConfig, tmp_path: Path) -> None:
    lines = Path(config.lineage or "").read_text("utf-8").splitlines()
    dates = {"T0": "2024-06", "student": "2023-01"}
    dated = [f"{line},{dates.get(line.split(',')[0], '')}" for line in lines[1:]]
    (tmp_path / "l.csv").write_text("\n".join([f"{lines[0]},released", *dated]), "utf-8")
    found = of(judged(config, lineage=str(tmp_path / "l.csv")))
    assert (found.level, found.reason) == ("insufficient", "teacher_later")


def test_few_references_cap_the_level_and_fewer_end_the_test(tmp_path: Path) -> None:
    config = served_world(tmp_path, n_references=8)
    found = of(judged(config))
    assert found.level == found.cap == "weak" and "fewer than 20" in (found.cap_reason or "")
    for i in range(3, 8):
        (tmp_path / "scores" / f"R{i}.parquet").unlink()
    none = of(judged(config))
    assert (none.level, none.reason, none.p_exact) == ("insufficient", "not_measured", None)
    assert "at least 5 reference models, got 4" in none.words


def test_single_examples_are_never_judged(config: CompareConfig, tmp_path: Path) -> None:
    first = Path(config.served[0]).read_text("utf-8").splitlines()[:1]
    (tmp_path / "one.jsonl").write_text("\n".join(first), "utf-8")
    found = of(judged(config, served=(str(tmp_path / "one.jsonl"),)))
    assert found.reason == "not_measured" and "single documents cannot be judged" in found.words


def test_whose_log_it_is_must_be_said_among_several_teachers(config: CompareConfig) -> None:
    several = {"teachers": ("panel:T0", "panel:T1")}
    with pytest.raises(AuditError, match=r"--served .*TEACHER=FILE.*T0, T1"):
        judged(config, **several)
    served, held_out = f"T0={config.served[0]}", f"T0={config.held_out[0]}"
    report = judged(config, served=(served,), held_out=(held_out,), **several)
    assert [v.teacher for v in report.verdicts if v.evidence == "served-log"] == ["T0"]


def test_wrong_inputs_are_one_clear_error(config: CompareConfig, tmp_path: Path) -> None:
    log = Path(config.served[0]).read_text("utf-8").splitlines()
    apart = Path(config.held_out[0]).read_text("utf-8").splitlines()
    both, unscored, empty = (tmp_path / f"{name}.jsonl" for name in ("both", "unscored", "empty"))
    shouted = json.loads(log[0])
    both.write_text(
        "\n".join([*apart, json.dumps({**shouted, "response": shouted["response"].upper()})]), "utf-8"
    )
    write_table(unscored, ["a text nobody scored", "another"])
    empty.write_text(json.dumps({"prompt": "p", "response": " "}) + "\n", "utf-8")
    for changes, said in (
        ({"held_out": ()}, "go together"),
        ({"served": ()}, "go together"),
        ({"served": (str(tmp_path / "absent.jsonl"),)}, "absent.jsonl: no such file"),
        ({"served": (str(tmp_path),)}, "no such file"),
        ({"served": (*config.served, *config.served)}, "given twice"),
        ({"held_out": (str(both),)}, "1 answers are both"),
        ({"served": (str(unscored),)}, "nothing that student gave to the 2 texts of --served"),
        ({"held_out": (str(unscored),)}, "nothing that student gave to the 2 texts of --held-out"),
        ({"served": (str(empty),)}, "no texts in it"),
        ({"scores": ()}, "needs --scores"),
        (
            {"student": "hf:x", "teachers": ("hf:y",), "panel": None},
            "need answers; here student and teachers are weights",
        ),
    ):
        with pytest.raises(AuditError, match=said):
            judged(config, **changes)


@pytest.mark.parametrize(
    ("p", "cap", "level"),
    [(0.01, "moderate", "moderate"), (0.01, "weak", "weak"), (0.0101, "moderate", "weak")],
)
def test_levels(p: float, cap: str, level: str) -> None:
    assert level_of(served_log.KIND.ladder, p, cap) == level
    assert level_of(served_log.KIND.ladder, 0.051, cap) == "insufficient"


def test_a_dry_run_says_what_would_be_tested_and_refuses_the_same_files(config: CompareConfig) -> None:
    assert "Served log of T0: 96 answers, 96 held out." in str(compare.plan(config))
    with pytest.raises(AuditError, match="96 answers are both"):
        compare.plan(replace(config, held_out=config.served))
