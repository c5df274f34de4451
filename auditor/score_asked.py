"""Models on this machine score, in `audit compare`, the texts that the scorers of --scores scored.

Student, teachers and bases given as "hf:..." and absent from --scores are asked for the log-probabilities of
exactly those texts, kept beside the evidence file as 'audit score' keeps them. Leaves out neutral texts,
which files of scores hold by hash only, and reference models, whose scores have to be given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditor import scored
from auditor.case import Case
from auditor.checkpoints import SCHEME
from auditor.config import CompareConfig
from auditor.errors import AuditError, IncompleteError
from auditor.on_weights import Seen
from auditor.progress import Progress
from auditor.readers.rows import file_hash
from auditor.score import ScoreConfig
from auditor.score import run as score
from auditor.score_files import files_of
from auditor.score_texts import Text, in_panel
from auditor.scored import Scored
from auditor.sources.names import called
from detectors.scores import NEUTRAL, Scores

# log10 p of all tests of weights at which a model counts as made from a base (the top of `LADDER`).
FROM_BASE_AT = -6.0


@dataclass(frozen=True)
class Own:
    """What was scored here.

    Attributes
    ----------
    scores : one a model. bases : model -> its base by its weights, where one alone fits.
    inputs : file of scores -> SHA-256, hex. notes : what the user should know.
    """

    scores: tuple[Scores, ...] = ()
    bases: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


NONE = Own()


def run(case: Case, config: CompareConfig, seen: Seen, progress: Progress) -> Own:
    """Score what is missing; a model that cannot be scored is said and left out.

    Raises `AuditError` where --scores cannot be read, `IncompleteError` where a file cannot be written.
    """
    models = _models(config)
    if not models or not config.scores:
        return NONE
    recorded = [scored.read(path) for path in files_of(config.scores)]
    models = {n: text for n, text in models.items() if n not in {r.everything.scorer for r in recorded}}
    try:
        texts, notes = _texts(case, recorded)
        max_chars = _max_chars(recorded)
    except AuditError as error:
        return Own(notes=(f"{', '.join(models)} scored no texts here: {error}",) if models else ())
    found, inputs = [], {}
    for name, text in models.items():
        output = _file(config.evidence, name)
        progress.warn(f"{name} scores {len(texts):,} texts that the models of --scores scored ({output}).")
        output.parent.mkdir(exist_ok=True)
        asked = ScoreConfig(text, str(output), name=name, max_chars=max_chars, given=tuple(texts))
        try:
            found.append(score(asked, progress).file.scores)
            inputs[str(output)] = file_hash(output)
        except IncompleteError:
            raise
        except AuditError as error:
            notes.append(f"{name} scored no texts here: {error}")
    bases = {n: base for n in (case.student, *case.teachers) if (base := _base_of(n, seen, config))}
    return Own(tuple(found), bases, inputs, tuple(notes))


def plan(config: CompareConfig) -> str:
    """What would be scored, for `--dry-run`; "" = nothing."""
    names = ", ".join(_models(config))
    if not names:
        return ""
    if not config.scores:
        return (
            f"Log-probabilities: none. With those of reference models ('audit score', --scores), {names} "
            "would be scored on the same texts."
        )
    return f"Log-probabilities: {names} would score the texts of --scores, unless they are among its scorers."


def _models(config: CompareConfig) -> dict[str, str]:
    """Name -> "hf:..." of student, teachers and bases on this machine."""
    given = (config.student, *config.teachers, *config.bases) if _asked(config) else ()
    return {called(text): text for text in given if text.startswith(SCHEME)}


def _asked(config: CompareConfig) -> bool:
    """Whether the student or a teacher is asked on this machine; bases alone are weights beside answers."""
    return any(text.startswith(SCHEME) for text in (config.student, *config.teachers))


def _texts(case: Case, recorded: Sequence[Scored]) -> tuple[list[Text], list[str]]:
    """Texts of teachers, decoys and the student that were scored elsewhere, word for word as in the panel."""
    known = {
        text: sha256
        for one in recorded
        for text, sha256 in zip(one.everything.texts, one.sha256, strict=True)
        if text.text_of in (case.student, *case.models)
    }
    at_hand = {text.id: text for text in in_panel(case.panel, _max_chars(recorded))}
    texts = [at_hand[id] for id, sha256 in known.items() if id in at_hand and at_hand[id].sha256 == sha256]
    notes = []
    if other := len(known) - len(texts):
        notes.append(f"{other} of {len(known)} texts of --scores are not in the panel as they were scored.")
    if any(id.text_of == NEUTRAL for one in recorded for id in one.everything.texts):
        notes.append(
            "The neutral texts of --scores were not scored here, for they are not in the files: 'audit score "
            "--texts' does that."
        )
    if not texts:
        raise AuditError(
            f"none of the {len(known)} texts of --scores by a teacher, decoy or the student is in the panel "
            "as it was scored"
        )
    return texts, notes


def _max_chars(recorded: Sequence[Scored]) -> int | None:
    """Where texts were cut; one place for all."""
    found = {one.about.get("max_chars") for one in recorded}
    if len(found) > 1:
        raise AuditError("the files of --scores were made with different --max-chars")
    return next(iter(found), None)


def _base_of(name: str, seen: Seen, config: CompareConfig) -> str:
    """The one base that a model was made from by its weights; "" = none, or several, or not compared."""
    bases = {called(text) for text in config.bases}
    fitting = [
        test.other
        for test in seen.tests
        if test.subject == name
        and test.other in bases
        and test.statistic == "combined"
        and test.log10_p <= FROM_BASE_AT
    ]
    return fitting[0] if len(fitting) == 1 else ""


def _file(evidence: str, name: str) -> Path:
    """File of scores of a model: "audit.duckdb" -> "audit.scores/NAME.parquet"."""
    return Path(evidence).with_suffix(".scores") / f"{name.replace('/', '--')}.parquet"
