"""The chain of seals: each follows the one before it, every sealed run is there, every run is sealed.

Leaves out the rows of the runs (`check.py`). Cutting off the last runs together with their seals is noticed
only by someone who noted a seal (`noted`).
"""

from __future__ import annotations

from typing import Any

from auditor.store.canonical import canonical_json, hash_value
from auditor.store.difference import Difference
from auditor.store.migrations import Connection
from auditor.store.seal import START, seal_of, table_digest
from auditor.store.withheld import withheld_runs

RUNS = ("run", "overlap")  # kinds of seals that seal a whole run


def read_seals(con: Connection) -> list[dict[str, Any]]:
    """Rows of `seals` in their order."""
    return con.sql("SELECT * FROM seals ORDER BY position").to_arrow_table().to_pylist()  # type: ignore[no-any-return]


def check_seals(seals: list[dict[str, Any]]) -> list[Difference]:
    """The first seal of the file that does not follow the one before it."""
    previous = START
    for number, row in enumerate(seals):
        content = {name: value for name, value in row.items() if name != "content_hash" and value is not None}
        is_whole = row["seal"] == seal_of(row) and row["content_hash"] == hash_value(content)
        if row["position"] != number or row["previous"] != previous or not is_whole:
            about = f"run {row['run_id']}"
            return [Difference("seals", number, about, "does not follow the seal before it")]
        previous = row["seal"]
    return []


def check_runs(con: Connection, seals: list[dict[str, Any]]) -> list[Difference]:
    """Runs that were sealed and are gone, and runs without a seal."""
    stored = [one for (one,) in con.execute("SELECT run_id FROM runs ORDER BY position").fetchall()]
    held_back = withheld_runs(con)
    found = []
    for number, row in enumerate(seals):
        if row["kind"] in RUNS and row["run_id"] not in {*stored, *held_back}:
            problem = "the run was sealed and is not in the file"
            found.append(Difference("runs", None, f"run {row['run_id']}, seal {number}", problem))
    sealed = {row["run_id"] for row in seals if row["kind"] in RUNS}
    unsealed = [run for run in stored if run not in sealed]
    found += [Difference("seals", None, "", f"run {run} has no seal") for run in unsealed]
    return found


def check_commitments(con: Connection, seals: list[dict[str, Any]]) -> list[Difference]:
    """Commitments that are not as they were sealed, those of runs that are not in the file included."""
    found = []
    for number, row in enumerate(seals):
        sealed = f'{{"commitments":{canonical_json(table_digest(con, "commitments", row["run_id"]))}}}'
        if row["kind"] == "commitment" and row["tables"] != sealed:
            about = f"run {row['run_id']}, seal {number}"
            found.append(Difference("commitments", None, about, "is not what was sealed"))
    return found


def unfinished(seals: list[dict[str, Any]]) -> tuple[str, ...]:
    """Runs that committed to their probes and were never stored: stopped, or left out."""
    sealed = {row["run_id"] for row in seals if row["kind"] in RUNS}
    runs = (str(row["run_id"]) for row in seals if row["run_id"] not in sealed)
    return tuple(dict.fromkeys(runs))


def noted(seals: list[dict[str, Any]], seal: str) -> int | None:
    """Place in the chain of a seal that was noted, by its first characters; None = it is not there."""
    places = [n for n, row in enumerate(seals) if str(row["seal"]).startswith(seal.lower())]
    return places[0] if places else None
