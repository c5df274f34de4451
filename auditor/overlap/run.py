"""`audit overlap`, step by step: open, join, recount, count, weigh, store.

Leaves out each step's own work. Everything is exact but which pairs are looked at, and that is stated.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from auditor.errors import AuditError, IncompleteError
from auditor.overlap import figures, listing, passages, words
from auditor.overlap.columns import Wanted
from auditor.overlap.config import OverlapConfig
from auditor.overlap.index.corpus import IndexCorpus, is_index, is_sketch, open_index
from auditor.overlap.index.estimate import estimate
from auditor.overlap.join import Found, join
from auditor.overlap.keys import Recipe, recipes_for
from auditor.overlap.memory import budget
from auditor.overlap.reading import Corpus
from auditor.overlap.recount import Pairs, recount
from auditor.overlap.result import OverlapReport, PassageRow
from auditor.overlap.sides import Side
from auditor.overlap.spill import spill_folder
from auditor.overlap.weigh import weigh
from auditor.progress import Progress
from auditor.report import Run
from auditor.run_record import command_line, now, versions
from detectors.minhash import cuda

Engine = Callable[[Side, Side, Sequence[Recipe], Path, Progress, int], Found]
PAIRS_KEPT = 10_000
"""Near copies in the evidence file, those that share most first."""
HASHED = 1000
"""Files of a corpus that are listed with their hashes one by one; of more, one hash over all."""


def run(config: OverlapConfig, progress: Progress, engine: Engine = join) -> OverlapReport:
    """Compare the corpora, store the result in the evidence file, and return it."""
    from auditor.store.overlaps import append_overlap

    started = now()
    if config.pairs:
        listing.check(Path(config.pairs))
    if config.device == "cuda" and (reason := cuda.missing()):
        raise AuditError(f"--device cuda: {reason}; or take --device cpu, which gives the same result.")
    try:
        with spill_folder(config.spill) as folder:
            report = compared(config, folder, started, progress, engine)
    except MemoryError as error:
        raise IncompleteError(
            "The memory there is does not do. Keys go to disk with a small --memory, such as 1GiB; a single "
            "document must fit ten times. Close other programs, or use a larger machine."
        ) from error
    progress.stage("Storing")
    append_overlap(Path(config.evidence), report)
    return report


def compared(
    config: OverlapConfig, folder: Path, started: str, progress: Progress, engine: Engine = join
) -> OverlapReport:
    """The result, not stored."""
    left, right = sides(config, folder)
    before = _stamps(left, right)
    recipes = recipes_for(config)
    found = engine(left, right, recipes, folder, progress, budget(config.memory))
    sketch = right.corpora[0] if is_sketch(right.corpora[0]) else None
    pairs = (
        estimate(found, sketch, config.threshold, progress)
        if sketch
        else recount(found, config.threshold, config.containment, progress)
    )
    progress.stage("Counting")
    counted = figures.count(left, right, found, pairs, config.containment, exact=sketch is None)
    corpora = figures.corpora(counted)
    weighed = weigh(corpora[0], corpora[2:])
    also = figures.matched_in_references(counted, pairs)
    own = listing.of_left(counted, pairs)
    if config.pairs:
        listing.write(Path(config.pairs), counted, found, own, progress)
    kept = listing.most_shared(own, PAIRS_KEPT)
    hashes = inputs(left, right, progress)
    if _stamps(left, right) != before:
        raise IncompleteError("A file changed while it was read. Run the command again.")
    opened = (*left.corpora, *right.corpora)
    crowded = _crowded(left, found)
    told = words.Told(
        crowded, figures.short_matched(counted), len(kept), len(own), config.containment, sketch
    )
    return OverlapReport(
        run=_identity(config, started, hashes),
        headline=words.headline(corpora[0], corpora[1], config, weighed, sketch is not None),
        weighed=weighed,
        threshold=config.threshold,
        containment=config.containment,
        shingle=config.shingle,
        n_candidates=len(found.left),
        n_pairs=len(own),
        crowded=crowded,
        matched_in_references=also,
        estimated=sketch.manifest.settings.k if sketch else None,
        recalls=words.recalls(config, recipes),
        corpora=corpora,
        groups=(*figures.by_teacher(counted, found, pairs), *figures.by_source(counted)),
        pairs=tuple(listing.rows(counted, found, kept)),
        passages=() if sketch else tuple(_passages(counted, found, pairs, own)),
        alternatives=words.alternatives(len(corpora) - 2, also, corpora[0]),
        notes=words.notes(corpora, opened, told),
    )


def sides(config: OverlapConfig, folder: Path) -> tuple[Side, Side]:
    """Both sides, opened: names, formats and columns are right before any work is done."""

    def corpus(name: str, role: str, wanted: Wanted) -> Corpus:
        return Corpus(name, role, wanted, config.keep_going, folder).open()

    for name in (config.left, *config.references):
        if is_index(name):
            raise AuditError(
                f"{name}: an index stands for the teacher's corpus, RIGHT; LEFT and references are files."
            )
    left = corpus(config.left, "left", Wanted(config.text, config.id, None, config.source))
    right_text, right_id = config.right_text or config.text, config.right_id or config.id
    wanted = Wanted(right_text, right_id, config.by, None)
    right = open_index(config, folder) if is_index(config.right) else corpus(config.right, "right", wanted)
    references = [corpus(n, "reference", Wanted(config.text)) for n in config.references]
    _refuse_twice((left, right, *references))
    return Side((left, *references), "left corpora" if references else left.name), Side((right,), right.name)


def _refuse_twice(corpora: Sequence[Corpus]) -> None:
    """A file on both sides would be found whole in itself; a corpus given twice is no second reference."""
    seen: dict[str, str] = {}
    for corpus in corpora:
        for file in corpus.files:
            name = str(file.path.resolve()) + "::" + file.table
            if name in seen:
                raise AuditError(
                    f"{file.name} is part of {seen[name]} and of {corpus.role} {corpus.name}. Each corpus "
                    "must have files of its own."
                )
            seen[name] = f"{corpus.role} {corpus.name}"


def _passages(counted: figures.Counted, found: Found, pairs: Pairs, own: Pairs) -> list[PassageRow]:
    if not len(own):
        return []
    side = counted.left
    of_reference = np.zeros(len(side), bool)
    of_reference[side.firsts[side.corpus > 0]] = True
    known = np.zeros(len(counted.right), bool)
    known[pairs.right[of_reference[pairs.left]]] = True
    also = known[own.right]
    shown = []
    for at in passages.choose(own, also):
        (row,) = listing.rows(counted, found, own.taken(np.array([at])))
        names = row.left_id, row.right_id
        shown.append(passages.passage(found, own, at, row.teacher, bool(also[at]), names))
    return shown


def _crowded(left: Side, found: Found) -> int:
    """Documents of the left corpus that are crowded, as often as they come."""
    crowded = np.zeros(len(left), bool)
    crowded[found.crowded] = True
    return int(crowded[left.firsts[left.corpus == 0]].sum())


def inputs(left: Side, right: Side, progress: Progress) -> dict[str, str]:
    """SHA-256 of every file that was read, by name."""
    found: dict[str, str] = {}
    for corpus in (*left.corpora, *right.corpora):
        if isinstance(corpus, IndexCorpus):
            found |= corpus.hashes()
            continue
        progress.stage(f"Hashing {corpus.name}", len(corpus.files))
        own: dict[str, str] = {}
        for file in corpus.files:
            with file.path.open("rb") as opened:
                own[str(file.path)] = hashlib.file_digest(opened, "sha256").hexdigest()
            progress.advance()
        if len(own) > HASHED:
            whole = hashlib.sha256("".join(f"{v}  {k}\n" for k, v in own.items()).encode())
            own = {f"{corpus.name} ({len(own)} files, sha256sum list)": whole.hexdigest()}
        found |= own
    return found


def _stamps(left: Side, right: Side) -> list[tuple[int, int]]:
    files = [f.path for c in (*left.corpora, *right.corpora) for f in c.files]
    return [(s.st_mtime_ns, s.st_size) for s in (p.stat() for p in files)]


def _identity(config: OverlapConfig, started: str, hashes: dict[str, str]) -> Run:
    return Run(
        id=uuid.uuid4().hex[:12],
        command=command_line(),
        started=started,
        finished=now(),
        seed=config.seed,
        config=config.as_dict(),
        versions=versions(),
        hashes={},
        inputs=hashes,
    )
