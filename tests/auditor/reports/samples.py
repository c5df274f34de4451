"""Reports to render: a found student, an unanswered question, and everything hostile."""

from __future__ import annotations

from dataclasses import replace

from auditor.report import (
    Alternative,
    Exclusion,
    Exhibit,
    Finding,
    LineageRow,
    Report,
    Run,
    SkippedDetector,
    Verdict,
)

HOSTILE = (
    "<script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\">"
    "\x1b[31mred\x1b[0m \x00 \u202egnp.exe =cmd|'/C calc'!A0 "
    "[x](javascript:alert(1)) ``` </pre></style> {{7*7}} |"
)


def found(teacher: str = "T", text: str = "plain words") -> Report:
    finding = Finding(
        teacher,
        "joint",
        "score",
        "wording",
        "sum",
        7.0,
        (6.0, 8.0),
        4.0,
        0.03,
        0.03,
        0.001,
        (0.001, 0.002),
        (0.001, 0.004),
        200,
        True,
        tuple(f"R{i}" for i in range(30)),
        tuple(i / 10 for i in range(30)),
        ("innocent",) * 25 + ("decoy-student",) * 5,
    )
    verdict = Verdict(
        teacher,
        (teacher,),
        "distillation",
        "moderate",
        "unusual",
        f"Moderate support: {text}",
        None,
        None,
        "moderate",
        "not calibrated",
        0.03,
        0.03,
        0.001,
        0.002,
        30,
        12,
        ("T2",),
        (Alternative("chain", False, text),),
        None,
        (text,),
    )
    style = replace(
        finding,
        detector="stylometry",
        statistic="burrows_delta",
        channel="style",
        in_joint=False,
        interval=None,
    )
    return Report(
        headline=f"Moderate support for distillation of S from {teacher}.",
        student="S",
        run=Run(
            "abc",
            f"audit compare {text}",
            "2024-01-01",
            "2024-01-01",
            0,
            {"a": 1},
            {"python": "3"},
            {"panel": "00"},
            {text: "11"},
        ),
        verdicts=(verdict,),
        findings=(finding, style),
        exhibits=(Exhibit(teacher, "wording", "p1", text, text * 3, text * 2, ((0, 5),), ((2, 7),), 3.0),),
        skipped=(SkippedDetector("semantics", text),),
        lineage=(LineageRow("S", trained_on=text),),
        excluded=(Exclusion("X", teacher, text),),
        n_subjects=32,
        n_probes=200,
        n_responses=6400,
        caveats=(text,),
        lineage_source="table.csv",
    )


def unanswered() -> Report:
    verdict = Verdict(
        "T",
        ("T",),
        "distillation",
        "insufficient",
        "teacher_later",
        "Not enough evidence either way.",
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        0,
        0,
        (),
        (),
        None,
        (),
    )
    return replace(
        found(),
        headline="Not enough evidence either way.",
        verdicts=(verdict,),
        findings=(),
        exhibits=(),
        caveats=(),
    )
