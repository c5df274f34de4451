"""Reports to render: a found student, unanswered questions, a tie, nothing at all."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

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


def finding(teacher: str = "aurora-2", seed: int = 0, **fields: Any) -> Finding:
    """A joint score over 30 references."""
    spread = [math.sin(12.9898 * (i + seed)) * 1.5 for i in range(30)]
    shown: dict[str, Any] = {
        "teacher": teacher,
        "detector": "joint",
        "statistic": "score",
        "channel": "wording",
        "unit": "sum of four scaled contrasts",
        "value": 4.1,
        "interval": (3.2, 5.0),
        "z": 3.8,
        "p_rank": 0.032,
        "p_floor": 0.032,
        "p_t": 0.001,
        "p_t_family_range": (0.001, 0.003),
        "p_t_decoy_range": (0.001, 0.006),
        "n_probes": 200,
        "in_joint": True,
        "reference_models": tuple(f"reference-{i}" for i in range(30)),
        "reference_values": tuple(spread),
        "reference_strata": ("innocent",) * 22 + ("decoy-student",) * 8,
    }
    return Finding(**(shown | fields))


def findings(teacher: str = "aurora-2") -> tuple[Finding, ...]:
    """The joint score and statistics of two channels, one of them without a null."""
    return (
        finding(teacher, 1, detector="opening", statistic="first_tokens", unit="cosine", value=3.0, z=2.9),
        finding(teacher),
        finding(
            teacher, 2, detector="stylometry", statistic="burrows_delta", channel="style", in_joint=False
        ),
        finding(
            teacher,
            detector="semantics",
            statistic="residual_cosine",
            channel="meaning",
            value=None,
            interval=None,
            z=None,
            p_rank=None,
            p_floor=None,
            p_t=None,
            p_t_family_range=None,
            p_t_decoy_range=None,
            in_joint=False,
            reference_models=(),
            reference_values=(),
            reference_strata=(),
            caveats=("Too few answers to measure.",),
        ),
    )


def verdict(teacher: str = "aurora-2", **fields: Any) -> Verdict:
    """Moderate support for distillation."""
    shown: dict[str, Any] = {
        "teacher": teacher,
        "teacher_group": (teacher, f"{teacher}-mini"),
        "proposition": "distillation",
        "level": "moderate",
        "reason": "unusual",
        "words": f"Moderate support for the proposition that corvid-7b was distilled from {teacher}.",
        "log10_lr": None,
        "log10_lr_interval": None,
        "cap": "moderate",
        "cap_reason": "power not measured",
        "p_rank": 0.032,
        "p_floor": 0.032,
        "p_t": 0.001,
        "p_adjusted": 0.002,
        "references": 30,
        "decoys": 12,
        "tied_with": (),
        "alternatives": (
            Alternative(
                "direction", True, "Release dates on record: student 2024-05-01, teacher 2023-11-01."
            ),
            Alternative("public data", False, "No overlap with a public dataset was measured."),
        ),
        "power": None,
        "would_change": ("A reference trained on the same public data that scores as high.",),
    }
    return Verdict(**(shown | fields))


def exhibit(teacher: str = "aurora-2", **fields: Any) -> Exhibit:
    student = "Certainly! Let us take this one step at a time, shall we? First, the tide turns twice a day."
    teachers = "Of course. Let us take this one step at a time, shall we? The moon pulls at the sea."
    shared = "Let us take this one step at a time, shall we?"
    spans = [((t.index(shared), t.index(shared) + len(shared)),) for t in (student, teachers)]
    shown: dict[str, Any] = {
        "teacher": teacher,
        "detector": "wording",
        "probe": "3fa9c04d11aa",
        "prompt": "Why does the sea rise and fall?",
        "student_text": student,
        "teacher_text": teachers,
        "student_spans": spans[0],
        "teacher_spans": spans[1],
        "weight": 10.0,
    }
    return Exhibit(**(shown | fields))


def sample_report(**fields: Any) -> Report:
    """Moderate support for one teacher, not enough evidence for another, two exhibits."""
    others = {"words": "Not enough evidence either way. This is no finding of innocence.", "p_adjusted": 0.4}
    shown: dict[str, Any] = {
        "headline": "Moderate support for distillation of corvid-7b from aurora-2 "
        "(adjusted p .002; 200 probes; 30 references; 3 of 4 detectors ran).",
        "student": "corvid-7b",
        "run": Run(
            "b1946ac92492",
            "audit compare --student panel:corvid-7b --teacher panel:aurora-2 --teacher panel:borealis-1",
            "2024-06-01T10:00:00+00:00",
            "2024-06-01T10:02:00+00:00",
            7,
            {"bootstrap": 1000, "detectors": []},
            {"python": "3.11.7", "distill-audit": "0.1.0"},
            {"panel": "ab" * 32, "probes": "cd" * 32, "lineage": "ef" * 32},
            {"panel.parquet": "01" * 32},
        ),
        "verdicts": (verdict(), verdict("borealis-1", level="insufficient", reason="not_unusual", **others)),
        "findings": (
            *findings(),
            *(replace(f, value=0.2, interval=(-0.4, 0.8)) for f in findings("borealis-1")),
        ),
        "exhibits": (exhibit(), exhibit(probe="77aa", weight=6.0)),
        "skipped": (SkippedDetector("semantics", "needs: pip install 'distill-audit[semantics]'"),),
        "lineage": (
            LineageRow("corvid-7b", "student", released="2024-05-01"),
            LineageRow("aurora-2", "teacher", "Aurora", source="https://example.org/aurora-2"),
            LineageRow("reference-3", "reference", "Gull", trained_on="human", source="model card"),
        ),
        "excluded": (Exclusion("stranger-1", "", "origin not documented"),),
        "n_subjects": 44,
        "n_probes": 200,
        "n_responses": 8800,
        "caveats": ("Probes were not committed before the student was asked.",),
        "lineage_source": "lineage.csv",
    }
    return Report(**(shown | fields))


def teacher_later() -> Report:
    """The teacher came after the student: no findings, no exhibits."""
    late = verdict(
        level="insufficient",
        reason="teacher_later",
        words="Not enough evidence either way: aurora-2 was first available after the student's release.",
        **dict.fromkeys(("cap", "cap_reason", "p_rank", "p_floor", "p_t", "p_adjusted")),
        references=0,
        decoys=0,
    )
    return sample_report(
        headline="Not enough evidence either way for distillation of corvid-7b from aurora-2.",
        verdicts=(late,),
        findings=(),
        exhibits=(),
    )


def tie() -> Report:
    """Two teachers that the evidence does not tell apart, calibrated."""
    ratio = {"log10_lr": 1.4, "log10_lr_interval": (0.9, 1.9), "power": 0.82, "cap": None, "cap_reason": None}
    return sample_report(
        verdicts=(
            verdict(tied_with=("borealis-1",), **ratio),
            verdict("borealis-1", tied_with=("aurora-2",), **ratio),
        )
    )


def bare() -> Report:
    """Nothing wherever nothing is possible; one figure is no figure."""
    nothing = dict.fromkeys(("value", "interval", "z", "p_rank", "p_floor", "p_t"))
    empty = finding(
        **nothing,
        p_t_family_range=None,
        p_t_decoy_range=None,
        reference_models=(),
        reference_values=(),
        reference_strata=(),
    )
    odd = replace(
        empty,
        detector="opening",
        value=math.nan,
        z=math.inf,
        interval=(math.nan, 1.0),
        reference_models=("reference-1",),
        reference_values=(math.nan,),
        reference_strata=("innocent",),
    )
    unsaid = verdict(
        teacher_group=(),
        level="against",
        reason="",
        words="",
        **dict.fromkeys(("cap", "cap_reason", "p_rank", "p_floor", "p_t", "p_adjusted")),
        references=0,
        decoys=0,
        alternatives=(),
        would_change=(),
    )
    return Report("", "", Run("", "", "", "", 0), (unsaid,), (empty, odd), (), (), (), (), 0, 0, 0, ())


def empty() -> Report:
    """No verdict and no findings."""
    return replace(bare(), verdicts=(), findings=())
