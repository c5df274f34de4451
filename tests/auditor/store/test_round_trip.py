import dataclasses
import types
import typing

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor import store
from auditor.errors import AuditError
from auditor.report import Alternative, Interval, Report, Run
from auditor.store.connection import reading
from auditor.store.rows import PARTS, RESPONSES, PanelRows
from detectors.types import Probe
from tests.auditor.store import sample_run

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
INTEGER = st.integers(-(2**63), 2**63 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
NO_PANEL = PanelRows((), (), sample_run.responses([]))
SPANS = st.lists(st.tuples(INTEGER, INTEGER), max_size=3).map(tuple)
FIXED = {str: TEXT, int: INTEGER, float: st.floats(), bool: st.booleans(), type(None): st.none()}


def values_of(kind):
    """Strategy for a type of `auditor.report`; every possible value, not only plausible ones."""
    if kind in FIXED:
        return FIXED[kind]
    if kind == Interval:
        return st.tuples(st.floats(), st.floats())
    if dataclasses.is_dataclass(kind):
        return instances(kind)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([values_of(one) for one in args])
    if origin is tuple:
        return st.lists(values_of(args[0]), max_size=3).map(tuple)
    assert origin is dict, kind
    return st.dictionaries(TEXT, JSON if args[1] is typing.Any else values_of(args[1]), max_size=3)


def instances(kind):
    hints = typing.get_type_hints(kind)
    spans = {name: SPANS for name in hints if name.endswith("_spans")}
    return st.builds(kind, **{name: values_of(hint) for name, hint in hints.items()} | spans)


def sort_dicts(report):
    """Maps come back in any order; everything else in the order given."""
    tests = [dataclasses.replace(one, params=by_key(one.params)) for one in report.tests]
    run = dataclasses.replace(report.run, **{n: by_key(getattr(report.run, n)) for n in MAPPINGS})
    return dataclasses.replace(report, run=run, tests=tuple(tests))


MAPPINGS = ("config", "versions", "hashes", "inputs")


def by_key(value):
    if isinstance(value, dict):
        return {key: by_key(value[key]) for key in sorted(value)}
    return [by_key(one) for one in value] if isinstance(value, list) else value


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.lists(instances(Report), min_size=3, max_size=3))
def test_any_report_comes_back_exactly(tmp_path, reports):
    """The examples go into one file, under ids that are not there yet."""
    path = tmp_path / "any.duckdb"
    before = len(store.list_runs(path)) if path.exists() else 0
    for number, report in enumerate(reports, start=before):
        identity = dataclasses.replace(report.run, id=f"{number}{report.run.id}")
        report = dataclasses.replace(report, run=identity)
        store.append_run(path, report, NO_PANEL, ())
        assert sample_run.same(sort_dicts(store.read_report(path)), sort_dicts(report))
    assert store.check_run(path) == ()


def test_a_run_comes_back_exactly(stored):
    report = store.read_report(stored, "run-a")
    assert sample_run.same(sort_dicts(report), sort_dicts(sample_run.report("run-a")))
    panel = store.read_panel(stored)
    given = sample_run.panel()
    assert (panel.subjects, panel.probes) == (given.subjects, given.probes)
    order = pa.array(given.order())
    assert panel.responses.equals(given.responses.take(order))
    assert panel.responses.schema == RESPONSES
    back = store.read_measurements(stored)
    assert len(back) == 2
    for one, other in zip(back, sample_run.measurements(), strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        assert dataclasses.replace(one, values=other.values) == other
        assert one.values.dtype == np.float32


def test_every_field_has_a_column(stored):
    with reading(stored) as con:
        for table, kind in {**PARTS, "runs": Run}.items():
            columns = {row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()}
            missing = {f.name for f in dataclasses.fields(kind)} - columns - {"id"}
            assert not missing, f"{table} needs a migration for {missing}"
        names = {f.name for f in dataclasses.fields(Report)} - set(PARTS) - {"run"}
        assert names <= {row[0] for row in con.execute("DESCRIBE runs").fetchall()}
    assert Alternative.__dataclass_fields__.keys() == {"name", "examined", "text"}


def test_hostile_text_comes_back(tmp_path):
    path = tmp_path / "a.duckdb"
    hostile = ["\0", "a\0b\0", "", "\x01\x02\x7f\x85\u2028", "\ufffd\ufeff", "🜁" * 3]
    hostile += ["'; DROP TABLE runs; --", '"\\']
    probes = tuple(Probe(f"{n:04x}", text, (text,), text) for n, text in enumerate(hostile))
    names = tuple(f"m{text}" for text in hostile)
    rows = [(n, n, 0, text) for n, text in enumerate(hostile)]
    panel = PanelRows(names, probes, sample_run.responses(rows))
    report = sample_run.report(headline="\0x", caveats=tuple(hostile))
    store.append_run(path, report, panel, ())
    back = store.read_panel(path)
    assert (back.subjects, back.probes) == (panel.subjects, panel.probes)
    assert back.responses.equals(panel.responses)
    assert store.read_report(path).caveats == report.caveats
    assert store.check_run(path) == ()


def test_a_text_of_100_megabytes_comes_back(tmp_path):
    path = tmp_path / "a.duckdb"
    text = "very long " * 10_000_000 + "\0"
    panel = PanelRows(("m",), (Probe("p", "Why?"),), sample_run.responses([(0, 0, 0, text)]))
    store.append_run(path, sample_run.report(), panel, ())
    assert store.read_panel(path).responses["text"][0].as_py() == text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"headline": "\ud800"}, "surrogates not allowed"),
        ({"n_probes": 2**64}, "too large"),
        ({"run": Run("", "", "", "", 0)}, "needs an id"),
        ({"run": Run("x", "", "", "", 0, {"path": object()})}, "config must hold"),
    ],
)
def test_what_cannot_be_stored_is_refused_whole(path, change, said):
    report = dataclasses.replace(sample_run.report("run-c"), **change)
    with pytest.raises(AuditError, match=said):
        store.append_run(path, report, sample_run.panel(), ())
    assert [run.id for run in store.list_runs(path)] == ["run-a", "run-b"]


def test_bad_panels_and_measurements_are_refused():
    probe = (Probe("p", "Why?"),)
    with pytest.raises(AuditError, match="different names"):
        PanelRows(("a", "a"), probe, sample_run.responses([]))
    with pytest.raises(AuditError, match="subject from 0 to 0"):
        PanelRows(("a",), probe, sample_run.responses([(1, 0, 0, "x")]))
    with pytest.raises(AuditError, match=r"more than one for \(a, p, 0\)"):
        PanelRows(("a",), probe, sample_run.responses([(0, 0, 0, "x"), (0, 0, 1, "x"), (0, 0, 0, "y")]))
    with pytest.raises(AuditError, match="large_string"):
        PanelRows(("a",), probe, pa.table({"subject": [0]}))
    one = sample_run.measurements()[0]
    with pytest.raises(AuditError, match="float32"):
        dataclasses.replace(one, values=one.values.astype(np.float64))


def test_a_file_from_before_the_exact_tests_is_read(tmp_path):
    path = tmp_path / "old.duckdb"
    before = sample_run.report(tests=(), terms=(), terms_versions=())
    with sample_run.older_seals():
        store.append_run(path, sample_run.old_report(), NO_PANEL, ())
    sample_run.made_before(path, 3)
    assert sample_run.same(sort_dicts(store.read_report(path)), sort_dicts(before))
    assert store.check_run(path) == ()
    store.append_run(path, sample_run.report("run-b"), NO_PANEL, ())
    assert store.read_report(path).tests == sample_run.report().tests and store.check_run(path) == ()


def test_a_run_older_than_a_table_has_nothing_in_it(tmp_path):
    """A seal that names no terms holds for an older run, and is broken by terms that somebody adds to it."""
    path = tmp_path / "old.duckdb"
    with sample_run.older_seals():
        store.append_run(path, sample_run.report(terms=(), terms_versions=()), NO_PANEL, ())
    assert store.check_run(path) == ()
    with duckdb.connect(str(path)) as con:
        con.execute("INSERT INTO terms (run_id, position, content_hash) VALUES ('run-a', 0, 'x')")
    assert any(problem.startswith("terms row 0") for problem in store.check_run(path))


def test_a_table_that_a_seal_names_has_to_be_there(tmp_path):
    path = tmp_path / "cut.duckdb"
    store.append_run(path, sample_run.report(), NO_PANEL, ())
    with duckdb.connect(str(path)) as con:
        con.execute("DROP TABLE terms_versions")
    assert "terms_versions: the table is missing" in store.check_run(path)
