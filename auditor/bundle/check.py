"""Checks a case bundle: its files against the manifest, what follows from its evidence, then the evidence.

Leaves out opening it safely (`opened.py`) and the checks of an evidence file (`auditor/verify/run.py`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor import keys
from auditor.bundle.contents import contents
from auditor.bundle.environment import PROGRAM
from auditor.bundle.layout import EVIDENCE, KEY
from auditor.bundle.manifest import Manifest, hashed, read
from auditor.bundle.opened import opened
from auditor.errors import AuditError
from auditor.progress import Progress
from auditor.run_record import versions
from auditor.verify.outcome import DIFFERS, NOT_CHECKED, VERIFIED, Check, Verification
from auditor.verify.run import Asked, guarded, verify
from auditor.verify.signatures import check as check_signature


def verify_bundle(path: Path, asked: Asked, progress: Progress | None = None) -> Verification:
    """Check a bundle and everything in it."""
    with opened(path) as folder:
        manifest = read(folder, path)
        if asked.run and not manifest.run.startswith(asked.run):
            raise AuditError(f"{path} holds run {manifest.run}, not {asked.run!r}. Name that run, or none.")
        evidence = folder / EVIDENCE
        listed = _listed(folder, manifest)
        if not evidence.is_file():
            return Verification(str(path), "bundle", (listed,))
        found = verify(evidence, replace(asked, run=manifest.run), progress)
        follows = guarded("contents", manifest.run, lambda: _follows(folder, manifest))
        own = () if asked.keys else _own_keys(folder, manifest)
    return Verification(str(path), "bundle", (listed, follows, *found.checks, *own))


def _listed(folder: Path, manifest: Manifest) -> Check:
    """Every file is as the manifest says, none is missing and none is there besides."""
    there = hashed(folder)
    wrong = [
        name
        for name in sorted(there.keys() | manifest.files.keys())
        if there.get(name) != manifest.files.get(name)
    ]
    if not wrong:
        return Check("manifest", "", VERIFIED, f"All {len(there)} files are as the manifest lists them.")
    problems = []
    for name in wrong:
        problem = "is not as the manifest lists it" if name in manifest.files else "is not in the manifest"
        problems.append(f"{name}: {problem if name in there else 'is missing'}")
    return Check("manifest", "", DIFFERS, f"{problems[0]}.", tuple(problems))


def _follows(folder: Path, manifest: Manifest) -> Check:
    """The report and the other files that are written from the evidence are what it gives here."""
    here = versions()[PROGRAM]
    if manifest.program != here:
        words = f"Reports are not compared: version {manifest.program} wrote them, this is {here}."
        return Check("contents", manifest.run, NOT_CHECKED, words)
    made = contents(folder / EVIDENCE, manifest.run, redacted=manifest.redacted)
    wrong = [name for name, text in made.items() if _text(folder / name) != text]
    if wrong:
        problems = tuple(f"{name}: is not what the evidence gives" for name in wrong)
        return Check("contents", manifest.run, DIFFERS, f"{problems[0]}.", problems)
    words = f"Report, seals, signatures, schemas and script ({len(made)} files) are what the evidence gives."
    return Check("contents", manifest.run, VERIFIED, words)


def _text(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else None


def _own_keys(folder: Path, manifest: Manifest) -> tuple[Check, ...]:
    """Whether keys that come with the bundle fit its signatures: that says nothing about whose they are."""
    checks = []
    number = 0
    while (folder / KEY.format(number)).is_file():
        key = keys.public(folder / KEY.format(number))
        found = check_signature(folder / EVIDENCE, manifest.run, key)
        fits = "fits a signature" if found.outcome == VERIFIED else "fits none"
        words = (
            f"{KEY.format(number)} {fits} ({keys.fingerprint(key)}). Whose key that is the bundle cannot "
            "say: compare the fingerprint with one that its owner told you, and give --public-key."
        )
        outcome = NOT_CHECKED if found.outcome == VERIFIED else found.outcome
        checks.append(Check("key in the bundle", manifest.run, outcome, words, asked=False))
        number += 1
    return tuple(checks)
