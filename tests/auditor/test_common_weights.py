"""`audit compare` on weights: who is related, what explains it, what answers then say; what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from auditor import case as cases
from auditor import compare, on_weights, reports, shipped, store
from auditor.cli import main
from auditor.common_weights import Evidence
from auditor.config import CompareConfig
from auditor.errors import AuditError
from tests.checkpoints import disguised, model, saved, tuned, write
from tests.panels import generated, written_panel

BASE = model(0)
TEACHER = tuned(BASE, 1)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A base, what was made from it, and strangers."""
    return saved(
        tmp_path_factory.mktemp("weights"),
        base=BASE,
        teacher=TEACHER,
        child=tuned(TEACHER, 2),
        sibling=tuned(BASE, 3),
        stranger=model(50),
        hidden=disguised(TEACHER, negate=True),
        narrow={n: v for n, v in model(60, width=32).items() if "embed" not in n},
        again=TEACHER,
    )


def ask(folders: dict[str, str], tmp_path: Path, student: str, *teachers: str, **more: object) -> object:
    """The report on some of the folders."""
    more["bases"] = tuple(folders[b] for b in more.get("bases", ()))
    config = CompareConfig(
        student=folders[student],
        teachers=tuple(folders[t] for t in teachers),
        evidence=str(tmp_path / "audit.duckdb"),
        **more,
    )
    return compare.run(config, cases.Silent())


def table(tmp_path: Path, *rows: str) -> str:
    path = tmp_path / "lineage.csv"
    path.write_text("\n".join(("model,released,base", *rows)) + "\n")
    return str(path)


# Weights alone


def test_a_fine_tune_is_related_and_a_stranger_is_not(folders, tmp_path):
    report = ask(folders, tmp_path, "child", "stranger", "teacher")
    first, second = report.verdicts
    assert (first.teacher, first.proposition, first.level, first.reason) == (
        "teacher",
        "weight_descent",
        "strong",
        "related",
    )
    assert first.p_adjusted == pytest.approx(2 * first.p_exact) and first.p_adjusted < 1e-6
    assert first.cap is None and first.references == 0 and first.p_t is None
    assert (second.teacher, second.level, second.reason) == ("stranger", "insufficient", "not_related")
    assert second.p_adjusted > 0.05 and "no finding of innocence" in second.words
    assert report.headline.startswith("Strong support for related weights of child and teacher: one was made")
    assert "No sign that the weights of child and stranger are related" in report.headline
    assert {(t.subject, t.other) for t in report.tests} == {("child", "stranger"), ("child", "teacher")}
    combined = [t for t in report.tests if t.statistic == "combined"]
    assert len(report.tests) == 2 * (3 * 3 * 2 + 1) and len(combined) == 2
    assert min(t.p for t in combined) == first.p_exact
    path = tmp_path / "audit.duckdb"
    assert store.read_report(path) == report and store.check_run(path) == ()
    assert sum(name.endswith("model.safetensors") for name in report.run.inputs) == 3


def test_no_direction_is_claimed(folders, tmp_path):
    words = [
        ask(folders, tmp_path, *pair).verdicts[0].words
        for pair in (("child", "teacher"), ("teacher", "child"))
    ]
    for said in words:
        assert "one was made from the other, or both from a third" in said
        assert "do not tell which was made from which" in said


def test_same_seed_same_answer(folders, tmp_path):
    first, again = (
        ask(folders, tmp_path / n, "child", "teacher") for n in "ab" if not (tmp_path / n).mkdir()
    )
    assert first.tests == again.tests and first.verdicts == again.verdicts


def test_a_base_explains_siblings(folders, tmp_path):
    report = ask(folders, tmp_path, "sibling", "teacher", "stranger", bases=("base",))
    verdict = report.verdicts[0]
    assert (verdict.teacher, verdict.proposition, verdict.level) == ("teacher", "common_ancestor", "strong")
    assert verdict.reason == "related_to_base" and "both descend from base" in verdict.words
    assert "Whether teacher itself stands between base and sibling is not told" in verdict.words
    assert report.verdicts[1].reason == "not_related"
    assert len({(t.subject, t.other) for t in report.tests}) == 5
    assert {t.proposition for t in report.tests if t.other == "base"} == {"common_ancestor"}


def test_a_base_of_one_of_them_explains_nothing(folders, tmp_path):
    verdict = ask(folders, tmp_path, "child", "teacher", bases=("stranger",)).verdicts[0]
    assert (verdict.proposition, verdict.reason, verdict.level) == ("weight_descent", "related", "strong")
    assert "Not both are related to stranger" in verdict.alternatives[1].text


def test_what_is_much_closer_than_the_base_is_said(tmp_path):
    far = tuned(BASE, 5, size=3.0)
    folders = saved(tmp_path / "m", base=BASE, teacher=far, child=tuned(far, 6, size=0.1))
    verdict = ask(folders, tmp_path, "child", "teacher", bases=("base",)).verdicts[0]
    assert (verdict.proposition, verdict.reason, verdict.level) == (
        "weight_descent",
        "closer_than_base",
        "strong",
    )
    assert "share more than that base" in verdict.words


def test_the_same_files_are_one_model_whatever_the_base(folders, tmp_path):
    verdict = ask(folders, tmp_path, "again", "teacher", bases=("base",)).verdicts[0]
    assert (verdict.proposition, verdict.reason) == ("weight_descent", "same_files")
    assert "byte for byte" in verdict.words


def test_what_only_match_sees_is_no_more_than_moderately_strong(folders, tmp_path):
    verdict = ask(folders, tmp_path, "hidden", "teacher").verdicts[0]
    assert (verdict.level, verdict.cap) == ("moderately_strong", "moderately_strong")
    assert verdict.p_exact < 1e-6 and "`match`, whose null is not exact" in verdict.words


@pytest.mark.parametrize(
    ("p", "exact", "level"),
    [
        (1e-7, 1e-7, "strong"),
        (1e-7, 0.5, "moderately_strong"),
        (1e-7, 1e-5, "moderately_strong"),
        (1e-5, 0.5, "moderately_strong"),
        (5e-4, 5e-4, "moderate"),
        (5e-3, 0.5, "weak"),
        (0.011, 0.011, "insufficient"),
    ],
)
def test_levels(p, exact, level):
    assert Evidence(p, p, exact).level == level


def test_dates_and_documents(folders, tmp_path):
    later = table(tmp_path, "child,2023-01,", "teacher,2024-01,")
    verdict = ask(folders, tmp_path, "child", "teacher", lineage=later).verdicts[0]
    assert (verdict.level, verdict.reason) == ("insufficient", "teacher_later")
    assert verdict.p_exact < 1e-6 and "came later" in verdict.words
    reverse = table(tmp_path, "child,,", "teacher,,child")
    verdict = ask(folders, tmp_path, "child", "teacher", lineage=reverse).verdicts[0]
    assert (verdict.level, verdict.reason) == ("insufficient", "teacher_from_student")
    shared = table(tmp_path, "sibling,,base", "teacher,,base")
    verdict = ask(folders, tmp_path, "sibling", "teacher", lineage=shared).verdicts[0]
    assert (verdict.proposition, verdict.reason) == ("common_ancestor", "documented_ancestor")
    direct = table(tmp_path, "child,2024-01,teacher", "teacher,2023-01,base")
    verdict = ask(folders, tmp_path, "child", "teacher", lineage=direct).verdicts[0]
    assert (verdict.proposition, verdict.reason) == ("weight_descent", "related")
    assert "child was released 2024-01, teacher 2023-01, before it" in verdict.words


def test_what_cannot_be_compared_is_no_evidence(folders, tmp_path):
    report = ask(folders, tmp_path, "narrow", "teacher")
    assert (report.verdicts[0].level, report.verdicts[0].reason) == ("insufficient", "weights_not_comparable")
    assert report.verdicts[0].p_exact is None and "tokenizer.json" in report.verdicts[0].words
    assert report.headline == "The weights of narrow and teacher could not be compared."


def test_every_format_shows_the_tests(folders, tmp_path):
    report = ask(folders, tmp_path, "hidden", "teacher", "narrow", bases=("base",))
    shown = {name: reports.render(report, name) for name in reports.FORMATS}
    schema = json.loads(shipped.path("schema/report-1.0.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(shown["json"]))
    for name in ("text", "markdown", "html"):
        for said in ("csu", "sign", "match", "combined", "not exact", "hidden with teacher"):
            assert said in shown[name], (name, said)
        assert "None" not in shown[name].replace("None was examined", "")


# Weights beside answers


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> CompareConfig:
    """A student that is found by its answers."""
    return written_panel(tmp_path_factory.mktemp("panel"), *generated(40, share=0.7))


def beside(
    panel: CompareConfig, folders: dict[str, str], student: str, bases: tuple[str, ...] = ()
) -> object:
    weights = (f"S={folders[student].removeprefix('hf:')}", f"T={folders['teacher']}")
    config = replace(panel, weights=weights, bases=tuple(folders[b] for b in bases))
    return compare.run(config, cases.Silent())


def test_related_weights_explain_a_resemblance_of_answers(panel, folders):
    report = beside(panel, folders, "child")
    first, second = report.verdicts
    assert (first.proposition, first.level) == ("weight_descent", "strong")
    assert (second.proposition, second.level, second.reason) == (
        "distillation",
        "insufficient",
        "related_weights",
    )
    assert second.p_adjusted <= 0.01 and "related by exact tests" in second.words
    assert "The weights of the model that both may come from (--base)." in second.would_change
    assert "Log-probabilities of the student" in second.would_change[-1]
    assert report.headline.startswith("Strong support for related weights of S and T")
    assert "not enough evidence" in report.headline.lower()
    assert report.tests and report.findings
    assert store.list_runs(Path(panel.evidence))[-1].teachers == ("T (weight descent)", "T")
    for name in reports.FORMATS:
        assert reports.render(report, name)


def test_weights_that_are_not_related_leave_the_verdict_and_say_so(panel, folders):
    report = beside(panel, folders, "stranger")
    first, second = report.verdicts
    assert (first.reason, second.level) == ("not_related", "moderate")
    ancestor = next(a for a in second.alternatives if a.name == "common ancestor")
    assert ancestor.examined and "show no relation" in ancestor.text
    assert "weights would" not in second.words


def test_documents_that_the_weights_contradict_are_named(panel, folders, tmp_path):
    rows = Path(panel.lineage).read_text().replace("released,", "released,base,").splitlines()
    rows = [r.replace(",2023-06,", ",2023-06,T,").replace(",2023-01,", ",2023-01,,") for r in rows]
    rows = [r.replace(",original,,", ",original,,,") for r in rows]
    (tmp_path / "lineage.csv").write_text("\n".join(rows) + "\n")
    config = replace(panel, lineage=str(tmp_path / "lineage.csv"), evidence=str(tmp_path / "e.duckdb"))
    verdict = beside(config, folders, "stranger").verdicts[1]
    assert (verdict.level, verdict.reason) == ("insufficient", "descends")
    assert any("show no relation" in step for step in verdict.would_change)


def test_a_common_base_is_said_and_does_not_acquit(panel, folders):
    report = beside(panel, folders, "sibling", ("base",))
    first, second = report.verdicts
    assert (first.proposition, second.level) == ("common_ancestor", "moderate")
    assert "both descend from base: that may explain part" in second.words


def test_documented_descent_without_weights_asks_for_them(panel, tmp_path):
    rows = Path(panel.lineage).read_text().replace("released,", "released,base,").splitlines()
    rows = [r.replace(",2023-01,", ",2023-01,seed,").replace(",2023-06,", ",2023-06,seed,") for r in rows]
    rows = [r.replace(",original,,", ",original,,,") for r in rows]
    path = tmp_path / "lineage.csv"
    path.write_text("\n".join(rows) + "\n")
    report = compare.run(
        replace(panel, lineage=str(path), evidence=str(tmp_path / "e.duckdb")), cases.Silent()
    )
    assert "both documented to descend from seed. Descent alone may explain" in report.headline
    assert "weights would" in report.verdicts[0].words


# The command line


def called(*arguments: str) -> object:
    return CliRunner().invoke(main, ["compare", *arguments])


def test_exit_codes(folders, tmp_path):
    evidence = ("--evidence", str(tmp_path / "e.duckdb"))
    found = called("-s", folders["child"], "-t", folders["teacher"], *evidence)
    assert found.exit_code == 1 and found.stdout.startswith("Strong support for related weights")
    base = called("-s", folders["sibling"], "-t", folders["teacher"], "--base", folders["base"], *evidence)
    assert base.exit_code == 0 and base.stdout.startswith("Strong support for base as a common ancestor")
    assert called("-s", folders["stranger"], "-t", folders["teacher"], *evidence).exit_code == 0
    dry = called("-s", folders["child"], "-t", folders["teacher"], "--dry-run")
    assert "3 layers of 96 hidden units, width 48" in dry.stdout and "Nothing was measured" in dry.stdout
    named = called("-s", f"{folders['child']}#mine", "-t", folders["teacher"], *evidence)
    assert "related weights of mine and teacher" in named.stdout


def refused(*arguments: str) -> str:
    result = called(*arguments)
    assert result.exit_code == 2 and "Traceback" not in result.stderr
    return result.stderr


def test_what_is_refused(folders, panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    child, teacher = folders["child"], folders["teacher"]
    # With a panel they would have to be asked, and these are weights alone.
    assert "no config.json" in refused("-s", child, "-t", teacher, "--panel", panel.panel)
    assert "given twice" in refused("-s", child, "-t", child)
    assert "both called child" in refused("-s", child, "-t", f"{teacher}#child")
    assert "no such file or folder" in refused("-s", "hf:someone/model", "-t", teacher)
    assert "weights already" in refused("-s", child, "-t", teacher, "--weights", "x=y")
    assert "names no folder" in refused("-s", "hf:", "-t", teacher)
    answers = ("-s", "panel:S", "-t", "panel:T", "--panel", panel.panel, "--lineage", panel.lineage)
    folder = child.removeprefix("hf:")
    assert "must be NAME=FOLDER" in refused(*answers, "--weights", folder)
    assert "neither student nor teacher" in refused(*answers, "--weights", f"R001={folder}")
    assert "given twice" in refused(*answers, "--weights", f"S={folder}", "--weights", f"S={teacher}")
    assert "of a teacher are missing" in refused(*answers, "--weights", f"S={folder}")
    assert "of the student (S) are missing" in refused(*answers, "--base", child)
    assert not list(tmp_path.iterdir())


def test_bad_checkpoints_are_refused_with_one_message(folders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nan = model(1)
    nan["model.layers.2.mlp.up_proj.weight"][0, 0] = np.nan
    short = {n: v for n, v in model(2).items() if ".1." not in n}
    experts = model(3) | {"model.layers.0.mlp.experts.0.up_proj.weight": np.ones((4, 4), np.float32)}
    saved(tmp_path, nan=nan, short=short, experts=experts)
    for name in ("pickle", "own_code", "int8"):
        (tmp_path / name).mkdir()
    (tmp_path / "pickle" / "pytorch_model.bin").write_bytes(b"\x80\x02")
    write(tmp_path / "own_code" / "model.safetensors", {"blocks.0.mixer.weight": np.ones((4, 4), np.float32)})
    (tmp_path / "own_code" / "config.json").write_text('{"auto_map": {"AutoModel": "modeling.Mine"}}')
    write(tmp_path / "int8" / "model.safetensors", model(4), "I8")
    for name, says in {
        "nan": "NaN",
        "short": "layers are missing",
        "experts": "mixture of experts",
        "pickle": "pickle checkpoint",
        "own_code": "never run",
        "int8": "dequantised",
    }.items():
        assert says in refused("-s", f"hf:{name}", "-t", folders["teacher"]), name
    assert not (tmp_path / "audit.duckdb").exists()


def test_hub_caches_give_the_name_of_the_model(tmp_path):
    cache = tmp_path / "models--lab--tiny" / "snapshots" / "0123abcd"
    names = on_weights.of_folders(
        CompareConfig(
            student=saved(cache.parent, **{cache.name: model(1)})[cache.name],
            teachers=(saved(tmp_path, other=model(2))["other"] + "/model.safetensors",),
        )
    )
    assert (names.student, names.teachers) == ("lab/tiny", ("other",))


def test_names_that_are_missing_are_an_error():
    with pytest.raises(AuditError, match="hf:FOLDER"):
        on_weights.of_folders(CompareConfig(student="hf:#x", teachers=("hf:y",)))
