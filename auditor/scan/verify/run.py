"""`Verifier`: a panel, and what its models' answers say about the generators that rows name.

One for a scan; parts are checked one after another. Leaves out which rows share prompts with the panel
(`auditor.scan.rows.shared`) and the judging (`fit.py`, `decision.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.case import read_lineage
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.lineage import Lineage
from auditor.panel import Panel, assemble
from auditor.progress import Progress
from auditor.readers import read
from auditor.scan.facts import Part
from auditor.scan.finding import EVIDENCE_KEPT, EXCERPT, Finding
from auditor.scan.rows.files import DataFile, data_file
from auditor.scan.rows.packed import Unreadable
from auditor.scan.rows.shared import SharedRow, shared_rows
from auditor.scan.verify import words
from auditor.scan.verify.decision import FITS, MIN_SHARED, NO_FIT, decide
from auditor.scan.verify.doubt import Named, doubtful, named_generators
from auditor.scan.verify.fit import Weigher
from auditor.scan.verify.held import held

MOST_NAMES = 12
"""Generators of one part that are checked: those with most rows."""
ROWS = "rows that name {}"
"""What the rows are called as a subject of the panel."""


@dataclass(frozen=True)
class Verifier:
    """The panel that rows are held against, and what is documented about its models."""

    panel: Panel
    lineage: Lineage

    def check(self, part: Part, root: Path, sample: int, progress: Progress) -> tuple[str, ...]:
        """Add GEN014 and GEN015 to a part where the text fits or does not; return what is left open."""
        every = named_generators(part.findings)
        if not every:
            return (f"No field of the rows{_of(part)} names a generator that could be verified.",)
        asked = doubtful(every)
        notes = [_which(every, asked, part)] if len(asked) < len(every) else []
        notes += [words.not_checked(n.name, TOO_MANY) for n in asked[MOST_NAMES:]]
        models = {n.name: held(n.name, self.panel.subjects, self.lineage) for n in asked[:MOST_NAMES]}
        notes += [words.not_checked(n, NOT_HELD) for n, model in models.items() if not model]
        known = [n for n in asked[:MOST_NAMES] if models[n.name]]
        if not known:
            return tuple(notes)
        progress.stage("Looking for the panel's prompts")
        prompts = [p.prompt for p in self.panel.probes]
        rows = shared_rows(root, _files(part, root), prompts, [n.name for n in known], sample)
        by_name = {n.name: [r for r in rows if r.named == n.name] for n in known}
        enough = [n for n in known if len(by_name[n.name]) >= MIN_SHARED]
        notes += [
            words.not_checked(n.name, words.few(len(by_name[n.name]))) for n in known if n not in enough
        ]
        if enough:
            texts = {ROWS.format(n.name): {r.prompt: r.answer for r in by_name[n.name]} for n in enough}
            held_models = list(dict.fromkeys(models[n.name] for n in enough))
            weigher = Weigher(self.panel, self.lineage, texts, held_models, progress)
            for one in enough:
                notes += self._judged(one, models[one.name], by_name[one.name], weigher, part)
        return tuple(notes)

    def _judged(
        self, one: Named, model: str, rows: Sequence[SharedRow], weigher: Weigher, part: Part
    ) -> list[str]:
        """Judge one name: a finding for the part, or a note."""
        weighed = weigher.weighed(ROWS.format(one.name), model)
        answer, reason, rival = decide(weighed)
        if answer == NO_FIT and rival is not None:
            # Medium at most: the panel's models are not all the models there are.
            said = "GEN014", words.does_not_fit(one.name, weighed, rival), "medium"
        elif answer == FITS:
            said = "GEN015", words.fits(one.name, weighed), "medium"
        else:
            return [words.open_question(one.name, reason, weighed)]
        first = sorted(rows, key=lambda r: (r.at.file, r.at.row or 0))[:EVIDENCE_KEPT]
        part.findings.append(
            Finding(
                *said,
                one.name,
                tuple(replace(r.at, excerpt=r.answer[:EXCERPT]) for r in first),
                len(rows),
                one.finding.total,
                part.path,
            )
        )
        return []


TOO_MANY = f"more than {MOST_NAMES} generators are named, and others have more rows"
NOT_HELD = "the panel has no answers of a model of that name"


def open_panel(panel: str, lineage: str | None) -> Verifier:
    """Read a panel and the table of lineage; raise `AuditError` where nothing can be held against it."""
    found = assemble([read(Path(panel))])
    if not any(p.prompt for p in found.probes):
        raise AuditError(
            f"--verify-generator {panel}: it holds answers, and no text of the prompts, by which rows are "
            "found. Make the panel with 'audit panel import --prompts FILE'."
        )
    if len(found.subjects) < 2:
        raise AuditError(
            f"--verify-generator {panel}: it holds one model, {found.subjects[0]!r}. Rows are compared with "
            "several, of several providers."
        )
    return Verifier(found, read_lineage(CompareConfig(student="", lineage=lineage)))


def _files(part: Part, root: Path) -> list[DataFile]:
    files = []
    for file in part.data:
        try:
            files.append(data_file(root, file.name))
        except Unreadable:
            continue  # `read_rows` has said so.
    return files


def _which(every: Sequence[Named], asked: Sequence[Named], part: Part) -> str:
    """Say which of the generators are verified, and why those."""
    told = "; ".join(f"{n.name} ({n.why})" for n in asked[:MOST_NAMES])
    return f"Of {len(every)} generators that rows{_of(part)} name, the doubtful ones were verified: {told}."


def _of(part: Part) -> str:
    return "" if part.path == "." else f" of {part.path}/"
