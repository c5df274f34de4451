"""Numbered migrations of the evidence file, one function each, and which of them a file has had.

Leaves out reading and writing of evidence. A migration only adds tables and columns: rows are never
rewritten, and a NULL column does not enter a content hash, so seals stay valid.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import duckdb

from auditor.errors import AuditError
from auditor.store.canonical import hash_value

Connection = duckdb.DuckDBPyConnection
OURS = {"migrations", "runs", "seals"}


def first_tables(con: Connection) -> None:
    """1: runs, what they asked and measured, what was concluded, and the seals."""
    con.execute(_RUNS)
    con.execute(_PANEL)
    con.execute(_RESULTS)
    con.execute(_REPORT)


def embeddings(con: Connection) -> None:
    """2: vectors kept from run to run; no evidence, so without `content_hash` (`embeddings.py`)."""
    con.execute(_EMBEDDINGS)


def pair_tests(con: Connection) -> None:
    """3: whom an exact test is about, what it found and rests on; and the p of all of them in a verdict."""
    con.execute(_PAIR_TESTS)


def surprises(con: Connection) -> None:
    """4: what models gave to the passages of an exhibit."""
    con.execute(_SURPRISES)


def controls(con: Connection) -> None:
    """5: how many positive controls a run found, by share."""
    con.execute(_CONTROLS)


def overlaps(con: Connection) -> None:
    """6: runs of `audit overlap`: summary, corpora, groups, near copies, and passages to read."""
    con.execute(_OVERLAPS)


def terms(con: Connection) -> None:
    """7: what terms of the teachers say about training on their outputs, and the versions behind it."""
    con.execute(_TERMS)


def signatures(con: Connection) -> None:
    """8: signatures of seals, and what a copy that was made to be handed over leaves out."""
    con.execute(_SIGNATURES)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    first_tables,
    embeddings,
    pair_tests,
    surprises,
    controls,
    overlaps,
    terms,
    signatures,
)


def schema_number(con: Connection, path: Path) -> int:
    """Number of the last migration of the open file (0 = empty); refuses files that are not ours."""
    tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if not tables:
        return 0
    if not tables >= OURS:
        raise AuditError(
            f"{path} is a DuckDB file without evidence: an evidence file has the tables "
            f"{', '.join(sorted(OURS))}, this one has {', '.join(sorted(tables)[:8])}. "
            "It was left as it is; name another file."
        )
    (number,) = con.execute("SELECT max(number) FROM migrations").fetchall()[0]
    if not isinstance(number, int) or number < 1:
        raise AuditError(f"{path} is damaged: its table migrations is empty. Restore it from a copy.")
    if number > len(MIGRATIONS):
        raise AuditError(
            f"{path} was written by a newer distill-audit: its schema is number {number}, this version "
            f"knows 1 to {len(MIGRATIONS)}. Upgrade with: pip install -U distill-audit"
        )
    return number


def migrate(con: Connection, path: Path) -> None:
    """Bring the open file to the newest schema, all missing migrations in one transaction."""
    done = schema_number(con, path)
    if done == len(MIGRATIONS):
        return
    con.begin()
    for number, migration in enumerate(MIGRATIONS[done:], start=done + 1):
        migration(con)
        _record(con, number, migration.__name__)
    con.commit()


def _record(con: Connection, number: int, name: str) -> None:
    row = {
        "number": number,
        "name": name,
        "applied": datetime.now(UTC).isoformat(timespec="seconds"),
        "program": f"distill-audit {_program_version()}",
    }
    con.execute(
        "INSERT INTO migrations (number, name, applied, program, content_hash) VALUES (?, ?, ?, ?, ?)",
        [*row.values(), hash_value(row)],
    )


def _program_version() -> str:
    try:
        return version("distill-audit")
    except PackageNotFoundError:
        return "(not installed)"


_RUNS = """
CREATE TABLE migrations (
    number INTEGER, "name" VARCHAR, applied VARCHAR, program VARCHAR, content_hash VARCHAR);
CREATE TABLE runs (
    run_id VARCHAR, position BIGINT, schema_version VARCHAR, command VARCHAR, started VARCHAR,
    finished VARCHAR, seed BIGINT, config VARCHAR, versions MAP(VARCHAR, VARCHAR),
    hashes MAP(VARCHAR, VARCHAR), inputs MAP(VARCHAR, VARCHAR), headline VARCHAR, student VARCHAR,
    n_subjects BIGINT, n_probes BIGINT, n_responses BIGINT, caveats VARCHAR[], lineage_source VARCHAR,
    content_hash VARCHAR);
CREATE TABLE commitments (
    run_id VARCHAR, position BIGINT, probes_hash VARCHAR, n_probes BIGINT, committed VARCHAR,
    content_hash VARCHAR);
CREATE TABLE seals (
    run_id VARCHAR, position BIGINT, kind VARCHAR, previous VARCHAR, tables VARCHAR, seal VARCHAR,
    content_hash VARCHAR);
"""

_PANEL = """
CREATE TABLE models (run_id VARCHAR, position BIGINT, model VARCHAR, content_hash VARCHAR);
CREATE TABLE lineage (
    run_id VARCHAR, position BIGINT, model VARCHAR, role VARCHAR, provider VARCHAR, family VARCHAR,
    "group" VARCHAR, relation VARCHAR, base VARCHAR, released VARCHAR, trained_on VARCHAR, access VARCHAR,
    source VARCHAR, confidence VARCHAR, content_hash VARCHAR);
CREATE TABLE excluded (
    run_id VARCHAR, position BIGINT, model VARCHAR, teacher VARCHAR, reason VARCHAR, content_hash VARCHAR);
CREATE TABLE probes (
    id VARCHAR, prompt VARCHAR, tags VARCHAR[], source VARCHAR, content_hash VARCHAR);
CREATE TABLE responses (
    number BIGINT, model VARCHAR, probe VARCHAR, sample INTEGER, text VARCHAR USING COMPRESSION zstd,
    content_hash VARCHAR);
CREATE TABLE run_probes (run_id VARCHAR, position BIGINT, probe_hash VARCHAR, content_hash VARCHAR);
CREATE TABLE run_responses (
    run_id VARCHAR, position BIGINT, probes INTEGER[], samples INTEGER[], responses BIGINT[],
    content_hash VARCHAR);
"""

_RESULTS = """
CREATE TABLE measurements (
    run_id VARCHAR, position BIGINT, measurement INTEGER, detector VARCHAR, statistic VARCHAR,
    channel VARCHAR, unit VARCHAR, params VARCHAR, subject VARCHAR, teacher VARCHAR, probe_values FLOAT[],
    content_hash VARCHAR);
CREATE TABLE tests (
    run_id VARCHAR, position BIGINT, detector VARCHAR, proposition VARCHAR, statistic VARCHAR, p DOUBLE,
    params VARCHAR, content_hash VARCHAR);
CREATE TABLE issues (
    run_id VARCHAR, position BIGINT, rule VARCHAR, path VARCHAR, message VARCHAR, content_hash VARCHAR);
CREATE TABLE skipped (
    run_id VARCHAR, position BIGINT, detector VARCHAR, reason VARCHAR, content_hash VARCHAR);
"""

_REPORT = """
CREATE TABLE findings (
    run_id VARCHAR, position BIGINT, teacher VARCHAR, detector VARCHAR, statistic VARCHAR, channel VARCHAR,
    unit VARCHAR, "value" DOUBLE, "interval" DOUBLE[], z DOUBLE, p_rank DOUBLE, p_floor DOUBLE, p_t DOUBLE,
    p_t_family_range DOUBLE[], p_t_decoy_range DOUBLE[], n_probes BIGINT, in_joint BOOLEAN,
    reference_models VARCHAR[], reference_values DOUBLE[], reference_strata VARCHAR[], caveats VARCHAR[],
    content_hash VARCHAR);
CREATE TABLE verdicts (
    run_id VARCHAR, position BIGINT, teacher VARCHAR, teacher_group VARCHAR[], proposition VARCHAR,
    level VARCHAR, reason VARCHAR, words VARCHAR, log10_lr DOUBLE, log10_lr_interval DOUBLE[], cap VARCHAR,
    cap_reason VARCHAR, p_rank DOUBLE, p_floor DOUBLE, p_t DOUBLE, p_adjusted DOUBLE, "references" BIGINT,
    decoys BIGINT, tied_with VARCHAR[],
    alternatives STRUCT("name" VARCHAR, examined BOOLEAN, "text" VARCHAR)[], power DOUBLE,
    would_change VARCHAR[], content_hash VARCHAR);
CREATE TABLE exhibits (
    run_id VARCHAR, position BIGINT, teacher VARCHAR, detector VARCHAR, probe VARCHAR, prompt VARCHAR,
    student_text VARCHAR, teacher_text VARCHAR, student_spans BIGINT[][], teacher_spans BIGINT[][],
    weight DOUBLE, content_hash VARCHAR);
"""

_PAIR_TESTS = """
ALTER TABLE tests ADD COLUMN subject VARCHAR;
ALTER TABLE tests ADD COLUMN other VARCHAR;
ALTER TABLE tests ADD COLUMN log10_p DOUBLE;
ALTER TABLE tests ADD COLUMN "value" DOUBLE;
ALTER TABLE tests ADD COLUMN n BIGINT;
ALTER TABLE tests ADD COLUMN place VARCHAR;
ALTER TABLE tests ADD COLUMN rests_on VARCHAR;
ALTER TABLE verdicts ADD COLUMN p_exact DOUBLE;
ALTER TABLE verdicts ADD COLUMN evidence VARCHAR;
"""

_SURPRISES = """
ALTER TABLE exhibits ADD COLUMN logprobs DOUBLE[][];
"""

_CONTROLS = """
ALTER TABLE verdicts ADD COLUMN controls STRUCT(
    share BIGINT, n BIGINT, moderate BIGINT, moderate_low DOUBLE, moderate_high DOUBLE, weak BIGINT,
    weak_low DOUBLE, weak_high DOUBLE, base VARCHAR, "method" VARCHAR, documents BIGINT, n_probes BIGINT)[];
"""

_OVERLAPS = """
CREATE TABLE overlap_results (
    run_id VARCHAR, position BIGINT, level VARCHAR, reason VARCHAR, words VARCHAR, p_rank DOUBLE,
    p_floor DOUBLE, "references" BIGINT, threshold DOUBLE, containment DOUBLE, shingle VARCHAR,
    n_candidates BIGINT, n_pairs BIGINT, crowded BIGINT, matched_in_references BIGINT,
    estimated BIGINT,
    recalls STRUCT(kind VARCHAR, "at" DOUBLE, probability DOUBLE)[],
    alternatives STRUCT("name" VARCHAR, examined BOOLEAN, "text" VARCHAR)[], notes VARCHAR[],
    content_hash VARCHAR);
CREATE TABLE overlap_corpora (
    run_id VARCHAR, position BIGINT, role VARCHAR, "name" VARCHAR, files BIGINT, documents BIGINT,
    "distinct" BIGINT, without_text BIGINT, without_shingles BIGINT, not_utf8 BIGINT, n_bytes BIGINT,
    matched BIGINT, contained BIGINT, shingles BIGINT, explained BIGINT, content_hash VARCHAR);
CREATE TABLE overlap_groups (
    run_id VARCHAR, position BIGINT, kind VARCHAR, "name" VARCHAR, documents BIGINT, matched BIGINT,
    shingles BIGINT, explained BIGINT, content_hash VARCHAR);
CREATE TABLE overlap_pairs (
    run_id VARCHAR, position BIGINT, left_id VARCHAR, left_source VARCHAR, left_copies BIGINT,
    right_id VARCHAR, right_source VARCHAR, teacher VARCHAR, right_copies BIGINT, shared BIGINT,
    left_size BIGINT, right_size BIGINT, jaccard DOUBLE, left_in_right DOUBLE, right_in_left DOUBLE,
    content_hash VARCHAR);
CREATE TABLE overlap_passages (
    run_id VARCHAR, position BIGINT, left_id VARCHAR, right_id VARCHAR, teacher VARCHAR, jaccard DOUBLE,
    right_in_left DOUBLE, in_references BOOLEAN, left_text VARCHAR, right_text VARCHAR, left_cut BIGINT,
    right_cut BIGINT, left_spans BIGINT[][], right_spans BIGINT[][], content_hash VARCHAR);
"""

_TERMS = """
CREATE TABLE terms (
    run_id VARCHAR, position BIGINT, teacher VARCHAR, "use" VARCHAR, answer VARCHAR, words VARCHAR,
    channel VARCHAR, host VARCHAR, model VARCHAR, provider VARCHAR, "first" VARCHAR, "last" VARCHAR,
    channels VARCHAR[], verdicts VARCHAR[], notes VARCHAR[], content_hash VARCHAR);
CREATE TABLE terms_versions (
    run_id VARCHAR, position BIGINT, teacher VARCHAR, "use" VARCHAR, entry VARCHAR, "name" VARCHAR,
    provider VARCHAR, kind VARCHAR, channels VARCHAR[], hosts VARCHAR[], since VARCHAR, dated VARCHAR,
    "until" VARCHAR, outputs VARCHAR[], verdict VARCHAR, reason VARCHAR, clause VARCHAR,
    conditions VARCHAR[], binds VARCHAR[], risk VARCHAR[], source VARCHAR, "read" VARCHAR,
    evidence VARCHAR, stale BOOLEAN, confidence VARCHAR, doubted BOOLEAN, review VARCHAR,
    content_hash VARCHAR);
"""

_SIGNATURES = """
CREATE TABLE signatures (
    run_id VARCHAR, position BIGINT, signed VARCHAR, keyid VARCHAR, envelope VARCHAR, content_hash VARCHAR);
CREATE TABLE withheld (
    run_id VARCHAR, position BIGINT, table_name VARCHAR, column_name VARCHAR, content_hash VARCHAR);
"""

# A BLOB of float16, since DuckDB has no such number, and gives a FLOAT[] of noise more room than its bytes.
_EMBEDDINGS = """
CREATE TABLE embeddings (embedder VARCHAR, text_sha256 BLOB, vector BLOB USING COMPRESSION zstd);
"""
