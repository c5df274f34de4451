"""A shipped null: what innocents score on a known probe set, for a panel that has no references of its own.

Public models on the same prompts, each measured towards one teacher drawn at random among those it did not
learn from, with a dozen random decoys (docs/measurements/small_panels.py). So the null is that of a teacher
about which nothing is known: the null of one teacher's own column is not valid with other decoys
(docs/decisions/0004-shipped-null.md). Leaves out making the file, and the level that follows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from auditor import shipped
from auditor.case import Case
from auditor.errors import AuditError
from auditor.panel import normalised
from auditor.references import DECOY_STUDENT, INNOCENT_STRATUM, STRATA, References
from auditor.scenes import SCORE, Scene, Units
from detectors.combine import Scales
from detectors.types import Probe

SHIPPED = "null/alpaca-eval.json"
CALIBRATION = "calibration/alpaca-eval-small.json"
SCHEMA = 1
# A student that answered less of the shipped prompts is not measured as the shipped innocents were.
LEAST_ANSWERED = 0.95
# docs/measurements/small_panels.py
CAVEAT = (
    "{t}: this panel has too few references, so {n} public models on the same prompts stand in (the shipped "
    "null), each towards a teacher drawn at random and with {d} random decoys. How much every assistant "
    "resembles {t} is then unknown, and fewer students are found than with references."
)


@dataclass(frozen=True)
class Innocent:
    """One public model towards one teacher; `kind` is a code of `references.STRATA`."""

    model: str
    teacher: str
    family: str
    kind: int
    score: float


@dataclass(frozen=True)
class ShippedNull:
    """Scores of innocents, and the units they are in.

    Attributes
    ----------
    made : where they come from. prompts : `hash_of` their prompts. decoys : how many each was measured with.
    plain, matched, channel, log_odds : standard deviations of the terms (`combine.Scales`).
    unit : standard deviation of the score.
    least_common : the smallest mean cosine of wording to its decoys that any of them has.
    """

    name: str
    made: str
    prompts: str
    decoys: int
    plain: tuple[float, ...]
    matched: tuple[float, ...]
    channel: tuple[float, ...]
    log_odds: float
    unit: float
    least_common: float
    innocents: tuple[Innocent, ...]

    @property
    def units(self) -> Units:
        """Units of the score."""
        plain, matched, channel = (np.array(part) for part in (self.plain, self.matched, self.channel))
        return Units(Scales(plain, matched, channel, self.log_odds), self.unit, self.least_common)


def read(path: Path | None = None) -> ShippedNull:
    """Read the shipped null."""
    path = path or shipped.path(SHIPPED)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("schema") != SCHEMA:
            raise AuditError(f"{path} has another schema than this version knows ({SCHEMA}).")
        innocents = tuple(Innocent(**row) for row in found.pop("innocents"))
        parts = {name: tuple(found[name]) for name in ("plain", "matched", "channel")}
        return ShippedNull(**found | parts | {"innocents": innocents})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AuditError(
            f"Cannot read the shipped null {path}: {error}. Install distill-audit again."
        ) from error


def write(null: ShippedNull, path: Path) -> None:
    """Write a shipped null, one innocent a line."""
    head = {k: v for k, v in asdict(null).items() if k != "innocents"}
    lines = ",\n".join(json.dumps(asdict(i), ensure_ascii=False) for i in null.innocents)
    start = json.dumps({"schema": SCHEMA, **head}, ensure_ascii=False)[:-1]
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'{start}, "innocents": [\n{lines}\n]}}\n', encoding="utf-8")


def hash_of(probes: Sequence[Probe]) -> str:
    """SHA-256 (hex) of the prompts, in any order and whatever their ids."""
    prompts = sorted(normalised(p.prompt) for p in probes)
    return hashlib.sha256("\n\0".join(prompts).encode()).hexdigest()


def null_for(case: Case) -> ShippedNull | None:
    """The shipped null, where the panel has its prompts and the student answered them; else None."""
    answered = case.answered[case.panel.subjects.index(case.student)]
    if answered.mean() < LEAST_ANSWERED:
        return None
    null = read()
    return null if hash_of(case.panel.probes) == null.prompts else None


def caveat(teacher: str, null: ShippedNull) -> str:
    """What a reader must know about a verdict on this null."""
    return CAVEAT.format(t=teacher, n=len(null.innocents), d=null.decoys)


def scene_with(scene: Scene, null: ShippedNull) -> tuple[Scene, References]:
    """The scene with the shipped innocents as further rows and the only references, in the shipped units.

    The student's family and group are left out. The innocents have the joint score alone, the same towards
    every teacher: they stand for a teacher drawn at random.
    """
    lineage, student = scene.lineage, scene.subjects[scene.student]
    mine = {lineage.row(student).family or student}
    group = lineage.group(student)
    kept = [i for i in null.innocents if i.family not in mine and lineage.group(i.model) != group]
    names = tuple(f"{i.model} (shipped, towards {i.teacher})" for i in kept)
    own, more = len(scene.subjects), len(kept)
    families = [lineage.row(s).family or s for s in scene.subjects] + [i.family for i in kept]
    strata = np.full((own + more, len(scene.groups)), -1, dtype=np.int8)
    strata[own:] = np.array([i.kind for i in kept], dtype=np.int8)[:, None]
    none = np.full(more, "", dtype=object)
    wider = replace(
        scene,
        subjects=(*scene.subjects, *names),
        columns=replace(scene.columns, row_provider=np.concatenate((scene.columns.row_provider, none))),
        strata=strata,
        families=np.unique(families, return_inverse=True)[1].astype(np.int64),
        fixed=null.units,
    )
    empty = np.full((more, len(scene.models)), np.nan)
    wider.__dict__["means"] = {key: np.concatenate((means, empty)) for key, means in scene.means.items()}
    if wider.has_joint:
        wider.scores[SCORE][own:] = np.array([i.score for i in kept])[:, None]
    other = STRATA.index("other teacher")
    kinds = tuple(DECOY_STUDENT if i.kind == other else INNOCENT_STRATUM for i in kept)
    return wider, References(names, kinds, ())
