"""`fit`: rows that name one generator, judged by `audit compare` against the panel's models, in memory.

Leaves out which rows those are (`auditor.scan.rows.shared`), and what follows (`decision.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from auditor import case as cases
from auditor import compare, measure
from auditor.case import Case
from auditor.config import CompareConfig
from auditor.lineage import Lineage
from auditor.panel import Panel
from auditor.panel.panel import RESPONSES
from auditor.progress import Progress
from auditor.references import decoys, eligible, innocents
from auditor.report import Finding, Verdict
from auditor.scan.verify.decision import Candidate, Weighed
from auditor.scenes import JOINT, SCORE, scene_of
from auditor.sources.load import Loaded
from detectors.types import Measurement

DETECTORS = ("wording", "opening")
"""Those of the joint score; the others carry no weight in a verdict."""
RIVALS = 3
"""Models of other providers that are judged: those with the highest score."""


def apart(case: Case, named: str, other: str) -> bool:
    """Whether two models are documented not to have learned from one another, or from the provider."""
    full = dict.fromkeys((named, other), 1.0)
    return all(
        one in eligible((one,), case.lineage, "", another, full).models
        for one, another in ((named, other), (other, named))
    )


def assembled(panel: Panel, rows: Mapping[str, Mapping[int, str]]) -> Panel:
    """Return the panel with further subjects: name -> probe (its index) -> answer."""
    subjects = (*panel.subjects, *rows)
    given = [
        (len(panel.subjects) + at, probe, text)
        for at, answers in enumerate(rows.values())
        for probe, text in answers.items()
    ]
    columns: list[list[object]] = [list(c) for c in zip(*given, strict=True)] or [[], [], []]
    kinds = (pa.int32(), pa.int32(), pa.large_string())
    subject, probe, text = (pa.array(c, k) for c, k in zip(columns, kinds, strict=True))
    more = pa.Table.from_arrays(
        [subject, probe, pa.array([0] * len(given), pa.int32()), text], schema=RESPONSES
    )
    table = pa.concat_tables([panel.responses, more]).sort_by(
        [("probe", "ascending"), ("subject", "ascending"), ("sample", "ascending")]
    )
    return Panel(subjects, panel.probes, table.combine_chunks(), panel.notes, panel.files)


class Weigher:
    """Rows under several names, measured together beside the panel's models, and judged one name at a time.

    What the names are has no part in the measurement: rows are a subject of which nothing is documented.
    """

    def __init__(
        self,
        panel: Panel,
        lineage: Lineage,
        rows: Mapping[str, Mapping[int, str]],
        named: Sequence[str],
        progress: Progress,
    ) -> None:
        """Measure; `rows` as for `assembled`, `named` : models of the panel that some rows name."""
        whole = assembled(panel, rows)
        taking_part = decoys(panel.subjects, lineage, ())
        first = next(iter(rows))
        loaded = Loaded(whole, first, (named[0],), ())
        case = cases.cast(loaded, lineage)
        groups = {lineage.group(n) for n in named}
        siblings = [m for m in panel.subjects if lineage.group(m) in groups and _whole(m, lineage)]
        self.models = tuple(dict.fromkeys((*named, *siblings, *taking_part)))
        self.case, self.decoys = case, taking_part
        chosen = measure.able(measure.choose(DETECTORS)[0], whole)[0]
        progress.stage("Comparing rows with the panel", len(chosen))
        self.measured = measure.measure(whole, self.models, chosen, lambda _: progress.advance())

    def weighed(self, rows: str, named: str) -> Weighed:
        """Return what `decide` is given for the subject `rows`; `named` : the panel's model they name."""
        case, measured = self._case(rows, named)
        provider, group = case.lineage.provider(named), case.lineage.group(named)
        scene = scene_of(case, measured, CompareConfig(student=rows, bootstrap=0))
        row = scene.scores[SCORE][scene.student]
        first = {case.lineage.group(m): m for m in reversed(case.models)}
        order = [first[scene.groups[c]] for c in np.argsort(-row, kind="stable") if np.isfinite(row[c])]
        mine = [m for m in order if case.lineage.provider(m) == provider]
        kin = [m for m in mine if case.lineage.group(m) != group][:1]
        rivals = [m for m in order if case.lineage.provider(m) != provider][:RIVALS]
        asked = replace(case, teachers=(named, *kin, *rivals))
        judged = compare.judge(asked, list(measured), CompareConfig(student=rows), cases.Silent())
        verdicts = {v.teacher: v for v in judged.verdicts}
        joint = {f.teacher: f for f in judged.findings if f.detector == JOINT}

        def candidate(model: str, between: bool) -> Candidate:
            return _candidate(case, verdicts[model], joint.get(model), between)

        return Weighed(
            candidate(named, True),
            candidate(kin[0], True) if kin else None,
            tuple(candidate(m, apart(case, named, m)) for m in rivals),
            int(case.answered[case.panel.subjects.index(rows)].sum()),
            cases.same_answers(case, named),
        )

    def _case(self, rows: str, named: str) -> tuple[Case, list[Measurement]]:
        """The case of one name: its models and the decoys are columns, and no model that other rows name."""
        history = self.case.lineage
        group = history.group(named)
        own = tuple(m for m in self.models if m in self.decoys or history.group(m) == group)
        own = tuple(dict.fromkeys((named, *own)))
        groups = tuple(dict.fromkeys(history.group(m) for m in own))
        first = {history.group(m): m for m in reversed(own)}
        subjects = self.case.panel.subjects
        answered = dict(zip(subjects, self.case.answered.mean(axis=1).tolist(), strict=True))
        case = replace(
            self.case,
            student=rows,
            teachers=(named,),
            models=own,
            decoys=self.decoys,
            groups=groups,
            innocents=innocents(subjects, history, tuple(first[g] for g in groups), answered),
        )
        at = [self.models.index(m) for m in own]
        return case, [replace(m, values=np.ascontiguousarray(m.values[:, at])) for m in self.measured]


def _candidate(case: Case, verdict: Verdict, joint: Finding | None, between: bool) -> Candidate:
    value = joint.value if joint and joint.value is not None else float("nan")
    interval = joint.interval if joint else None
    provider = case.lineage.provider(verdict.teacher)
    return Candidate(verdict.teacher, provider, value, interval, verdict.level, verdict.reason, between)


def _whole(model: str, lineage: Lineage) -> bool:
    return lineage.row(model).relation in ("", "original")
