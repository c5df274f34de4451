"""How often `audit scan --verify-generator` says, rightly or not, that rows do not fit who they name.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/verify_generator.py [FEWER ...]

The answers of one model of the real panel play the rows of a dataset; the model itself, its lineage row and
its family's calibration are taken out of what they are judged by. The rows name
  own    : the model's group, of which the panel still holds another checkpoint, sampling or prompt (true);
  kin    : another model of the same provider (wrong, but not by provider: nothing may be said);
  taught : a teacher that the model is documented to have learned from (wrong, and near);
  other  : a model of another provider, unrelated on record (false).
To save time: models with something of their own, one of every other family; one label of kin, one teacher
and three others each, drawn at random; 200 resamples. Families are shown in two halves: rules and numbers
were set before either was looked at, and not changed after. FEWER : prompts that are shared, drawn at random
(default 20 50 100 200, and all). Leaves out the reading of rows, and the answer "not checked" (fewer than
`MIN_SHARED` prompts).
"""

from __future__ import annotations

import os
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from auditor import calibration as calibrations
from auditor import calibration_file, comparable, measure, verdict, weigh
from auditor import case as cases
from auditor.case import Case
from auditor.config import CompareConfig
from auditor.decision import second_smallest
from auditor.lineage import Lineage, plain_name, tokens_of
from auditor.panel import Panel, assemble
from auditor.rates import rate
from auditor.readers import ReadOptions, read
from auditor.references import INNOCENT_STRATUM, decoys, eligible, innocents
from auditor.report import Finding
from auditor.scan.verify import decision
from auditor.scan.verify.decision import Candidate, Weighed, decide
from auditor.scan.verify.fit import apart
from auditor.scenes import SCORE, Scene, scene_of
from auditor.sources.load import Loaded
from detectors.combine import JOINT_STATISTICS

DRAWS = 200
KIN, TAUGHT, OTHERS = 1, 1, 3
"""Labels of a kind that one source is given, drawn at random."""
SAID = (decision.NO_FIT, decision.FITS, decision.CANNOT_TELL)
KINDS = ("own", "kin", "taught", "other")
RIVALS = 3
Means = dict[tuple[str, str], np.ndarray]


@dataclass(frozen=True)
class Answered:
    """One answer: whose rows, what they name, the shared prompts, and what was said."""

    source: str
    family: str
    named: str
    kind: str
    prompts: int
    said: str
    why: str


class Bench:
    """The panel measured once; rows, scenes and scores of one source at a time."""

    def __init__(self, data: Path) -> None:
        prompts = ReadOptions(prompts=data / "outputs" / "prompts.parquet")
        self.panel: Panel = assemble([read(data / "outputs" / "alpaca_eval.parquet", prompts)])
        whole = cases.read_lineage(CompareConfig(student=""))
        rows = {row.model: row for row in whole.behind(self.panel.subjects)}
        self.lineage: Lineage = replace(whole, rows=rows)
        self.decoys = decoys(self.panel.subjects, self.lineage, ())
        originals = [m for m in self.panel.subjects if self.lineage.row(m).relation == "original"]
        self.columns = tuple(dict.fromkeys((*self.decoys, *originals)))
        chosen = measure.choose(("wording", "opening"))[0]
        self.measured = measure.measure(self.panel, self.columns, chosen, lambda _: None)
        loaded = Loaded(self.panel, self.panel.subjects[0], self.columns[:1], ())
        self.case: Case = cases.cast(loaded, self.lineage)
        self.calibration = calibration_file.read()

    def group(self, model: str) -> str:
        """Group of a model, by the whole lineage table."""
        return self.lineage.group(model)

    def sources(self) -> list[str]:
        """Models with another checkpoint, sampling or prompt in the panel, and one of every other family."""
        models = [m for m in self.panel.subjects if self.lineage.row(m).relation in ("original", "variant")]
        twice = [m for m in models if any(o != m and self.group(o) == self.group(m) for o in self.columns)]
        families = {self.lineage.row(m).family for m in twice}
        rest = {self.lineage.row(m).family: m for m in models if self.lineage.row(m).family not in families}
        return [*twice, *rest.values()]

    def scene(self, source: str, extra: str, probes: np.ndarray, means: Means) -> tuple[Case, Scene]:
        """What the rows of `source` are judged by; `extra` : a group whose models are columns, too."""
        history = replace(self.lineage, rows={m: r for m, r in self.lineage.rows.items() if m != source})
        own = tuple(m for m in self.columns if m != source and (m in self.decoys or self.group(m) == extra))
        first = {history.group(m): m for m in reversed(own)}
        case = replace(
            self.case,
            lineage=history,
            student=source,
            models=own,
            decoys=tuple(d for d in self.decoys if d != source),
            groups=tuple(first),
            answered=self.case.answered[:, probes],
            innocents=innocents(
                self.panel.subjects,
                history,
                tuple(first.values()),
                dict(zip(self.panel.subjects, self.case.answered.mean(axis=1).tolist(), strict=True)),
            ),
        )
        at = [self.columns.index(m) for m in own]
        cut = [replace(m, values=m.values[:, at][:, :, probes]) for m in self.measured]
        scene = scene_of(case, cut, CompareConfig(student=source, bootstrap=DRAWS))
        scene.__dict__["means"] = {key: values[:, at] for key, values in means.items()}
        return case, scene

    def means(self, probes: np.ndarray) -> Means:
        """Mean of every statistic over some probes, (n_subjects, n_columns), once for all sources."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return {
                (m.detector, m.statistic): np.nanmean(m.values[:, :, probes], axis=2, dtype=np.float64)
                for m in self.measured
            }

    def labels(self, source: str, rng: np.random.Generator) -> list[tuple[str, str]]:
        """What the rows may name: (kind, model)."""
        row, group = self.lineage.row(source), self.group(source)
        own = [m for m in self.columns if m != source and self.group(m) == group]
        first = {self.group(m): m for m in reversed(self.decoys) if self.group(m) != group}
        kin = [m for m in first.values() if self.lineage.provider(m) == self.lineage.provider(source)]
        everyone = dict.fromkeys(self.panel.subjects, 1.0)
        others = [
            m
            for m in first.values()
            if self.lineage.provider(m) != self.lineage.provider(source)
            and source in eligible((source,), self.lineage, "", m, everyone).models
        ]
        tokens = {plain_name(t) for t in tokens_of(row)}
        taught = [m for g, m in first.items() if {plain_name(g), plain_name(m)} & tokens]
        drawn = rng.permutation(len(others))[:OTHERS]
        kin = [kin[i] for i in rng.permutation(len(kin))[:KIN]]
        return [
            *(("own", m) for m in own[:1]),
            *(("kin", m) for m in kin),
            *(("taught", m) for m in taught[:TAUGHT]),
            *(("other", others[i]) for i in drawn),
        ]


class Judge:
    """Candidates of one source, each weighed once."""

    def __init__(self, bench: Bench, source: str, extra: str, probes: np.ndarray, means: Means) -> None:
        self.case, self.scene = bench.scene(source, extra, probes, means)
        self.known = bench.calibration.without([bench.lineage.row(source).family])
        self.first = {self.case.lineage.group(m): m for m in reversed(self.case.models)}
        row = self.scene.scores[SCORE][self.scene.student]
        self.order = [self.first[self.scene.groups[c]] for c in np.argsort(-row) if np.isfinite(row[c])]
        self.resampled = weigh.resampled_scores(self.scene)
        self.seen: dict[str, Candidate] = {}

    def weighed(self, named: str) -> Weighed:
        """What the rule is given."""
        provider, group = self.case.lineage.provider(named), self.case.lineage.group(named)
        mine = [m for m in self.order if self.case.lineage.provider(m) == provider]
        kin = [m for m in mine if self.case.lineage.group(m) != group][:1]
        rivals = [m for m in self.order if self.case.lineage.provider(m) != provider][:RIVALS]
        return Weighed(
            self.candidate(named),
            self.candidate(kin[0]) if kin else None,
            tuple(replace(self.candidate(m), apart=apart(self.case, named, m)) for m in rivals),
            int(self.case.answered[self.scene.student].sum()),
            cases.same_answers(self.case, named),
        )

    def candidate(self, model: str) -> Candidate:
        """One model as candidate, by the rules of `audit compare`; the interval of the ratio is left out."""
        group = self.case.lineage.group(model)
        if group not in self.seen:
            self.seen[group] = self._candidate(model)
        return self.seen[group]

    def _candidate(self, model: str) -> Candidate:
        case, scene = replace(self.case, teachers=(model,)), self.scene
        null = weigh.with_decoys(scene, model, cases.null_for(case, model))
        found = weigh.p_values(scene, model, null)
        joint, score = found[SCORE], float(scene.scores[SCORE][scene.student, scene.group_of(model)])
        low, high = np.quantile(self.resampled[:, scene.group_of(model)], (0.025, 0.975))
        lead = Finding(
            *(model, "joint", "score", "wording", "", score, (float(low), float(high)), None),
            *(joint.p_rank, None, joint.p_t, None, None, weigh.n_probes(scene, model), True),
        )
        log10_lr = float(calibrations.fit(self.known).log10_lr(np.array([score]))[0])
        log10_lr = float(np.clip(log10_lr, -self.known.cap, self.known.cap))
        mask = scene.columns.decoys_for(scene.models.index(model), scene.student)[scene.student]
        parts = (found[k].p_t for k in JOINT_STATISTICS if found.get(k))
        basis = verdict.Basis(
            teacher=model,
            joint=lead,
            p_adjusted=joint.p_t,
            references=len(null.models),
            innocents=sum(s == INNOCENT_STRATUM for s in null.strata),
            decoys=int(mask.sum()),
            decoy_providers=len(set(scene.columns.provider[mask])),
            teacher_later=False,
            same_answers=0.0,
            second_part=second_smallest(parts),
            ratio=verdict.Ratio(log10_lr, (log10_lr, log10_lr), self.known.cap, self.known.smallest_effect),
            unlike_all=comparable.unlike_all(scene, model, null),
            templated=comparable.templated(case.view, case.student),
        )
        level, reason = verdict.decide(basis)
        return Candidate(model, case.lineage.provider(model), score, lead.interval, level, reason)


def run(bench: Bench, shares: list[int]) -> list[Answered]:
    """Every source under every label, at every number of shared prompts."""
    rng = np.random.default_rng(0)
    everyone = np.arange(len(bench.panel.probes))
    labels = {m: bench.labels(m, rng) for m in bench.sources()}
    found = []
    for n in shares:
        probes = np.sort(np.random.default_rng(n).permutation(everyone)[:n])
        means = bench.means(probes)
        for source, given in labels.items():
            judges: dict[str, Judge] = {}
            for kind, named in given:
                extra = "" if named in bench.decoys else bench.group(named)
                if extra not in judges:
                    judges[extra] = Judge(bench, source, extra, probes, means)
                weighed = judges[extra].weighed(named)
                said, why, _ = decide(replace(weighed, prompts=10**6))  # the least number is read off here
                family = bench.lineage.row(source).family or source
                found.append(Answered(source, family, named, kind, len(probes), said, why))
        print(f"{n} prompts done", file=sys.stderr, flush=True)
    return found


def show(found: list[Answered]) -> None:
    """Print a table of answers and the reasons behind them."""
    families = sorted({a.family for a in found})
    halves = {"first half": set(families[::2]), "second half": set(families[1::2])}
    print("| prompts | rows name | half | does not fit | fits | cannot be told |\n|---|---|---|---|---|---|")
    for n in sorted({a.prompts for a in found}):
        for kind in KINDS:
            for half, own in halves.items():
                these = [a for a in found if a.prompts == n and a.kind == kind and a.family in own]
                if these:
                    print(f"| {n} | {kind} | {half} | {' | '.join(told(these, s) for s in SAID)} |")
    most = max(a.prompts for a in found)
    for kind in KINDS:
        print(kind, Counter(a.why for a in found if a.kind == kind and a.prompts == most).most_common())
    wrong = [a for a in found if a.said == decision.NO_FIT and a.kind in ("own", "kin")]
    print("wrongly:", [(a.prompts, a.kind, a.source, a.named) for a in wrong])


def told(these: list[Answered], said: str) -> str:
    """Count, share and Clopper-Pearson interval, and how many families that is."""
    hits = np.array([a.said == said for a in these])
    families = np.array([a.family for a in these])
    r = rate(hits, families, np.ones(len(these), dtype=bool))
    many = len(set(families))
    return f"{r.n:.0f} of {r.of} = {r.rate:.3f} [{r.lower95:.3f}, {r.upper95:.3f}], {many} families"


def main() -> None:
    """Measure, judge, print."""
    bench = Bench(Path(os.environ["AUDIT_TEST_DATA"]))
    shares = [int(n) for n in sys.argv[1:]] or [20, 50, 100, 200]
    show(run(bench, [*shares, len(bench.panel.probes)]))


if __name__ == "__main__":
    main()
