"""Passages that the student alone expected: from scores to every format, without weight."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor import case as cases
from auditor import compare, likelihood, scored, surprises
from auditor.config import CompareConfig
from auditor.panel.probes import probe_id
from auditor.reports import render
from auditor.score_texts import Text
from detectors.scores import TextId
from tests.auditor.reports.samples import exhibit, sample_report
from tests.detectors.markov_models import World

N_PROBES = 40
FORMATS = ("text", "markdown", "html", "json")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> CompareConfig:
    """A student of T0, twelve references, and what they gave to T0's answers, byte for byte."""
    folder = tmp_path_factory.mktemp("surprises")
    made = World(5)
    references = made.references(12)
    made.train("student", "T0")
    subjects = ["T0", "T1", "T2", *references, "student"]
    answers = made.answers(N_PROBES)
    texts = {
        TextId(f"T{k}", f"p{j}"): spelled(made, row)
        for k in range(3)
        for j, row in enumerate(answers[f"T{k}"])
    }
    lines = [
        {"model": m, "prompt": f"prompt {j}", "response": texts.get(TextId(m, f"p{j}"), f"{m} says {j}")}
        for m in subjects
        for j in range(N_PROBES)
    ]
    (folder / "panel.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    with (folder / "lineage.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("model", "role", "provider", "family", "base", "trained_on", "source"))
        for m in subjects:
            role = "teacher" if m.startswith("T") else "reference" if m in references else "student"
            origin = {"teacher": "first-party", "reference": "human", "student": ""}[role]
            table.writerow((m, role, m, m, "" if role == "teacher" else "B0", origin, "made here"))
    (folder / "scores").mkdir()
    for scorer in (*subjects, "B0"):
        write(made, scorer, {k: answers[k] for k in ("T0", "T1", "T2")}, texts, folder / "scores")
    return CompareConfig(
        student="panel:student",
        teachers=("panel:T0",),
        panel=str(folder / "panel.jsonl"),
        lineage=str(folder / "lineage.csv"),
        calibration="none",
        evidence=str(folder / "evidence.duckdb"),
        detectors=("wording", "lift", "surprise"),
        scores=(str(folder / "scores"),),
        bootstrap=0,
    )


def spelled(made: World, row: np.ndarray) -> str:
    """Every symbol as a word of as many bytes as the scores say."""
    return "".join(chr(97 + symbol % 26) * made.n_bytes[symbol] for symbol in row[1:].tolist())


def write(made: World, scorer: str, answers: dict, texts: dict[TextId, str], folder: Path) -> None:
    scores = made.scores(scorer, answers)
    at_hand = [Text(t, f"prompt {t.probe[1:]}", texts[t]) for t in scores.texts]
    ids = tuple(TextId(t.id.text_of, probe_id(t.prompt)) for t in at_hand)
    scored.write(
        scored.Scored(
            {"scorer": scorer, "max_chars": None, "model": {}},
            replace(scores, texts=ids),
            tuple(t.sha256 for t in at_hand),
            np.array([len(t.text.encode()) for t in at_hand]),
            ("",) * len(ids),
        ),
        folder / f"{scorer}.parquet",
    )


def test_a_run_shows_them_in_every_format(config: CompareConfig) -> None:
    report = compare.run(config, cases.Silent())
    shown = [e for e in report.exhibits if e.detector == "surprise"]
    assert shown and sum(len(e.logprobs) for e in shown) == 10
    for e in shown:
        assert e.teacher == "T0" and e.student_spans == () and len(e.teacher_spans) == len(e.logprobs)
        assert all(e.teacher_text[a:b] for a, b in e.teacher_spans)
        for teacher, student, base, references in e.logprobs:
            assert teacher - references >= 1 and teacher - base >= 1
            assert student >= (teacher + references) / 2
    assert [e.weight for e in shown] == sorted((e.weight for e in shown), reverse=True)
    (found,) = [f for f in report.findings if f.detector == "surprise"]
    assert found.channel == "context" and found.p_t is None and found.p_rank is None and not found.in_joint
    assert len(found.reference_values) == 14, "twelve of corpora, and two other teachers"
    assert found.n_probes == N_PROBES // 2
    assert not [s for s in report.skipped if s.detector == "surprise"]
    for format_ in ("text", "markdown", "html"):
        page = " ".join(render(report, format_).split())
        assert "What student alone expected of T0" in page and "nats" in page
        assert "carry no weight in any verdict" in page
    (first,) = {len(e["logprobs"][0]) for e in json.loads(render(report, "json"))["exhibits"][-1:]}
    assert first == 4


def test_verdicts_do_not_know_of_them(config: CompareConfig) -> None:
    with_them = compare.run(config, cases.Silent())
    without = compare.run(replace(config, detectors=("wording", "lift")), cases.Silent())
    assert with_them.verdicts == without.verdicts
    assert ("surprise", "not asked for (--detector)") in [(s.detector, s.reason) for s in without.skipped]


def test_texts_that_were_scored_otherwise_are_not_shown(config: CompareConfig, tmp_path: Path) -> None:
    """The panel has other words under the same name: nothing is quoted, the mean stays."""
    panel = tmp_path / "panel.jsonl"
    panel.write_text(Path(config.panel or "").read_text("utf-8").replace('"response": "', '"response": "x'))
    changed = replace(config, panel=str(panel), evidence=str(tmp_path / "evidence.duckdb"))
    case = cases.prepare(changed, cases.Silent())
    found = surprises.of(case, changed, likelihood.view(case, changed), "T0")
    assert not found.exhibits and found.findings


def test_without_scores_it_is_skipped(config: CompareConfig) -> None:
    case = cases.prepare(config, cases.Silent())
    found = surprises.of(case, replace(config, scores=()), None, "T0")
    assert found.skipped[0].reason == likelihood.NO_SCORES and not found.findings


@pytest.mark.parametrize("format_", FORMATS)
def test_what_a_model_said_is_escaped(format_: str) -> None:
    text = "before <script>alert(1)</script> | `x` \u202eafter"
    odd = exhibit(
        detector="surprise",
        teacher_text=text,
        student_spans=(),
        teacher_spans=((7, 32),),
        logprobs=((-0.4, -0.9, None, -6.0),),
    )
    page = render(sample_report(exhibits=(odd,)), format_)
    assert "\u202e" not in page
    if format_ == "html":
        assert "<script>alert" not in page and "«&lt;script&gt;" in page
        assert '<td class="n" data-label="its base">n/a</td>' in page
    if format_ == "markdown":
        assert "«&lt;script&gt;alert(1)&lt;/script&gt;» \\| \\`x\\`" in page
    if format_ == "text":
        assert "student -0.9, its base n/a, references (mean) -6.0 nats" in " ".join(page.split())
    if format_ == "json":
        given = json.loads(page)["exhibits"][0]["logprobs"]
        assert given == [{"teacher": -0.4, "student": -0.9, "base": None, "references": -6.0}]
