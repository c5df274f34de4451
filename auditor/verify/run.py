"""`verify`: every check of an evidence file, in the order in which they are said.

Leaves out bundles (`auditor/bundle`), and the words for the terminal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auditor.errors import AuditError, IncompleteError
from auditor.progress import Progress, Silent
from auditor.store.chain import check_commitments, check_runs, check_seals, noted, read_seals, unfinished
from auditor.store.check import NONSENSE, examine_run
from auditor.store.connection import reading
from auditor.store.migrations import Connection, schema_number
from auditor.store.runs import find_run
from auditor.store.structure import check_loose, check_structure
from auditor.store.withheld import withheld_runs
from auditor.verify import completeness, recompute, signatures
from auditor.verify.outcome import DIFFERS, NOT_CHECKED, VERIFIED, Check, Verification


@dataclass(frozen=True)
class Asked:
    """What to check besides integrity, chain and completeness.

    Attributes
    ----------
    run : an id, the beginning of one, "latest"; "" = every run of the file.
    keys : each of them must have signed. seals : each must be in the chain (their first characters serve).
    recompute : the verdict again from the answers. inputs : folder with files that a run read, found by hash.
    """

    run: str = ""
    keys: tuple[Ed25519PublicKey, ...] = ()
    seals: tuple[str, ...] = ()
    recompute: bool = False
    inputs: Path | None = None


def verify(path: Path, asked: Asked, progress: Progress | None = None) -> Verification:
    """Check an evidence file; nothing in it is changed."""
    progress = progress or Silent()
    with reading(path) as con:
        runs = [find_run(con, path, asked.run)] if asked.run else _all(con, path)
        progress.stage("Checking rows", len(runs))
        checks = [guarded("file", "", lambda: _file(con, path))]
        for run in runs:
            checks.append(guarded("integrity", run, partial(_integrity, con, run)))
            progress.advance()
        checks.append(guarded("chain", "", lambda: _chain(con)))
        checks += [guarded("noted seal", "", partial(_noted, con, seal)) for seal in asked.seals]
    checks += [guarded(completeness.NAME, run, partial(completeness.check, path, run)) for run in runs]
    for run, key in product(runs, asked.keys or (None,)):
        checks.append(guarded(signatures.NAME, run, partial(signatures.check, path, run, key)))
    if asked.recompute:
        again = partial(recompute.check, path, inputs=asked.inputs, progress=progress)
        checks += [guarded(recompute.NAME, run, partial(again, run)) for run in runs]
    return Verification(str(path), "evidence", tuple(checks))


def guarded(name: str, run: str, check: Callable[[], Check]) -> Check:
    """A check; where what the file holds makes it impossible, that is what differs."""
    try:
        return check()
    except IncompleteError:
        raise
    except (AuditError, *NONSENSE) as error:
        words = f"Cannot be read as an evidence file is ({' '.join(str(error).split())[:300]})."
        return Check(name, run, DIFFERS, words)


def _all(con: Connection, path: Path) -> list[str]:
    """Every run of the file; a file in which nothing was ever finished is an error."""
    runs = [str(run) for (run,) in con.execute("SELECT run_id FROM runs ORDER BY position").fetchall()]
    if not runs and not con.execute("SELECT 1 FROM seals LIMIT 1").fetchall():
        find_run(con, path, "latest")
    return list(dict.fromkeys(runs))


def _file(con: Connection, path: Path) -> Check:
    """The tables of the file, and rows that no seal covers."""
    found = check_structure(con, schema_number(con, path))
    problems = [str(one) for one in found or check_loose(con)]
    if problems:
        return Check("file", "", DIFFERS, f"{problems[0]}.", tuple(problems))
    return Check("file", "", VERIFIED, "Tables are as this version makes them; no row is without a run.")


def _integrity(con: Connection, run: str) -> Check:
    """The rows of one run."""
    found = examine_run(con, run, read_seals(con))
    if found.differences:
        words = f"What differs first: {found.differences[0]}."
        return Check("integrity", run, DIFFERS, words, tuple(map(str, found.differences)))
    rows = sum(table.rows for table in found.tables)
    hidden = [table for table in found.tables if table.withheld]
    if hidden:
        details = tuple(
            f"{table.table}: texts of {table.withheld} of {table.rows} rows are withheld; their hashes are "
            "the sealed ones, and nothing else about these rows could be checked"
            for table in hidden
        )
        words = f"Texts are withheld; all else of {rows:,} rows is as sealed in {found.seal}."
        return Check("integrity", run, NOT_CHECKED, words, details)
    return Check("integrity", run, VERIFIED, f"All {rows:,} rows are as sealed in {found.seal}.")


def _chain(con: Connection) -> Check:
    """The seals of the file, and the runs that they seal."""
    seals, held_back = read_seals(con), withheld_runs(con)
    details = [
        f"run {run} of the original file is sealed in the chain and not in this copy" for run in held_back
    ]
    details += [f"run {run} committed to its probes and was never stored" for run in unfinished(seals)]
    found = (*check_seals(seals), *check_runs(con, seals), *check_commitments(con, seals))
    problems = [str(one) for one in found]
    if problems:
        return Check("chain", "", DIFFERS, f"{problems[0]}.", (*problems, *details))
    words = f"All {len(seals)} seals follow one another"
    words += (
        f"; {len(held_back)} other runs are not in this copy." if held_back else "; no sealed run is gone."
    )
    return Check("chain", "", VERIFIED, words, tuple(details))


def _noted(con: Connection, seal: str) -> Check:
    """A seal that the reader noted earlier, or was told."""
    seals = read_seals(con)
    place = noted(seals, seal)
    if place is None:
        words = f"The noted seal {seal} is not in the chain: it was cut off or rebuilt since."
        return Check("noted seal", "", DIFFERS, words)
    later = len(seals) - 1 - place
    words = f"The noted seal {seal} is at place {place} of the chain; {later} came later."
    return Check("noted seal", "", VERIFIED, words)
