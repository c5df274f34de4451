"""The evidence file: one DuckDB file of runs that are only ever added, and every report is read from it."""

from auditor.store.append import append_run, commit_probes
from auditor.store.check import check_run
from auditor.store.embeddings import keep_embeddings, read_embeddings
from auditor.store.overlaps import append_overlap, is_overlap, read_overlap
from auditor.store.read import read_measurements, read_panel, read_report
from auditor.store.rows import MeasurementRows, PanelRows, RunSummary, hash_probes
from auditor.store.runs import list_runs

__all__ = [
    "MeasurementRows",
    "PanelRows",
    "RunSummary",
    "append_overlap",
    "append_run",
    "check_run",
    "commit_probes",
    "hash_probes",
    "is_overlap",
    "keep_embeddings",
    "list_runs",
    "read_embeddings",
    "read_measurements",
    "read_overlap",
    "read_panel",
    "read_report",
]
