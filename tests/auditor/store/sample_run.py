"""A small run to store: every kind of value that a report, a panel and measurements can hold."""

import math
from contextlib import contextmanager
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from auditor.report import (
    Alternative,
    Exclusion,
    Exhibit,
    Finding,
    LineageRow,
    PairTest,
    Report,
    Run,
    SkippedDetector,
    TermsAnswer,
    TermsVersion,
    Verdict,
)
from auditor.store import MeasurementRows, PanelRows, hash_probes, seal
from auditor.store.rows import RESPONSES
from auditor.store.seal import LATER, OVERLAP
from detectors.types import Probe

SUBJECTS = ("student-7b", "teacher-large", "other-13b")
PROBES = (Probe("00aa", "Why?", ("short",), "set"), Probe("00bb", "How?"), Probe("00cc", "When?"))


def responses(rows):
    return pa.Table.from_pylist([dict(zip(RESPONSES.names, row, strict=True)) for row in rows], RESPONSES)


def panel(said="answer"):
    rows = [(s, p, 0, f"{said} {s} {p}") for p in range(len(PROBES)) for s in range(len(SUBJECTS))]
    rows[4] = (1, 1, 0, None)
    return PanelRows(SUBJECTS, PROBES, responses(rows))


def measurements():
    values = np.arange(9, dtype=np.float32).reshape(3, 1, 3) / 10
    values[0, 0, 1] = np.nan
    one = MeasurementRows("wording", "cosine", "wording", "cosine", {"n": 5}, SUBJECTS, SUBJECTS[1:2], values)
    two = replace(one, statistic="jaccard", teachers=SUBJECTS[1:], values=np.ones((3, 2, 3), np.float32))
    return (one, two)


def finding(**changes):
    nan = math.nan
    null = {"reference_models": ("other-13b",), "reference_values": (nan,), "reference_strata": ("innocent",)}
    first = ("teacher-large", "wording", "cosine", "wording", "cosine", 0.1, (0.05, 1e-05))
    return replace(
        Finding(*first, None, 0.01, nan, -0.0, (-math.inf, 0.5), None, 3, True, **null), caveats=(), **changes
    )


def verdict(**changes):
    whys = (Alternative("ancestor", True, "Not excluded."), Alternative("public data", False, ""))
    first = (
        "teacher-large",
        ("teacher-large", "teacher-mini"),
        "distillation",
        "moderate",
        "ok",
        "Some words.",
    )
    figures = (1.4, (0.9, 1.9), None, None, 0.01, 0.005, None, 0.02, 168, 4)
    return replace(Verdict(*first, *figures, (), whys, None, ("more probes",)), **changes)


def pair_test(form, value):
    pair = ("student-7b", "teacher-large")
    figures = (0.0, -400.5, value, None if value is None else 96)
    return PairTest("descent", "weight_descent", form, *pair, *figures, "layer 0", "exact", {"units": 9})


def terms_answer(teacher="teacher-large"):
    first = (teacher, "train_competing_llm", "cannot_tell", "If ...", "", "", teacher, "")
    return TermsAnswer(*first, "2023-01-01", "2023-06-30", ("api",), ("prohibited",), ("A note.",))


def terms_version(teacher="teacher-large"):
    first = (teacher, "train_competing_llm", "acme-2023", "Terms of Acme", "Acme", "service_terms")
    dated = (("api",), (), "2023-01", "stated", "", ("no_compete",), "prohibited", "A reason.", "2(c)", ())
    who = (("account_holder",), ("account_holder",), "https://example.org/terms", "2026-01-02")
    return TermsVersion(*first, *dated, *who, "primary_text", False, "high", False, "")


@contextmanager
def older_seals():
    """Runs stored within are sealed as before there were the tables of `seal.LATER`."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seal, "OWN", tuple(table for table in seal.OWN if table not in seal.LATER))
        yield


def made_before(path, number):
    """Take out of an evidence file what migration `number` and later ones put there.

    Verdicts must have been stored without the fields of these, for their hashes know none of them.
    """
    with duckdb.connect(str(path)) as con:
        if number <= 2:
            con.execute("DROP TABLE embeddings")
        for table in (*OVERLAP[1:], *LATER, "signatures", "withheld"):
            con.execute(f"DROP TABLE {table}")
        con.execute("ALTER TABLE exhibits DROP COLUMN logprobs")
        for column in ("p_exact", "evidence", "controls"):
            con.execute(f"ALTER TABLE verdicts DROP COLUMN {column}")
        for column in ("subject", "other", "log10_p", '"value"', "n", "place", "rests_on"):
            con.execute(f"ALTER TABLE tests DROP COLUMN {column}")
        con.execute(f"DELETE FROM migrations WHERE number >= {number}")


def old_report(run="run-a"):
    """A run as a version before migration 3 stored it."""
    now = report(
        run, tests=(), terms=(), terms_versions=(), verdicts=(verdict(evidence=None, controls=None),)
    )
    return replace(now, exhibits=tuple(replace(e, logprobs=None) for e in now.exhibits))


def report(run="run-a", **changes):
    shown = Exhibit("teacher-large", "wording", "00aa", "Why?", "abc", "xabc", ((0, 3),), ((1, 4),), 2.5)
    config = {"probes": 805, "thresholds": [0.1, None], "nested": {"on": True}}
    hashes = {"probes": hash_probes(PROBES)}
    identity = Run(run, "audit compare", "2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z", 7, config)
    identity = replace(identity, versions={"numpy": "2.0"}, hashes=hashes, inputs={"/data/a.jsonl": "ff"})
    base = Report(
        headline="Moderate support for distillation of student-7b from teacher-large.",
        student="student-7b",
        run=identity,
        verdicts=(verdict(),),
        findings=(finding(), finding(detector="joint", interval=None)),
        exhibits=(shown,),
        skipped=(SkippedDetector("semantics", "needs an extra"),),
        lineage=tuple(LineageRow(name, role="reference") for name in SUBJECTS),
        excluded=(Exclusion("other-13b", "", "degenerate"),),
        n_subjects=3,
        n_probes=3,
        n_responses=9,
        caveats=("One caveat.",),
        lineage_source="lineage.csv",
        tests=(pair_test("csu", 0.25), pair_test("combined", None)),
        terms=(terms_answer(),),
        terms_versions=(terms_version(),),
    )
    return replace(base, **changes)


def same(left, right):
    """Equal down to the last bit: NaN equals NaN, None does not; 0.0 is not -0.0; tuples stay tuples."""
    return repr(left) == repr(right)
