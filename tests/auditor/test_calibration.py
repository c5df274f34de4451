"""False positives where they can be counted: null from families A, p-values for families B.

Generated panels with families of two half-alike checkpoints, students of decoys, and teachers that taught
nobody. The same on real models: docs/measurements/calibration.py.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from auditor import case as cases
from auditor import measure, weigh
from auditor.references import INNOCENT_STRATUM, References
from auditor.scenes import JOINT, SCORE, keeping, scene_of
from tests.panels import generated, written_panel

N_FAMILIES, N_PUPILS, SEEDS = 24, 24, range(4)
TEACHERS = ("T", "D00", "D01", "D02")
# Known to accuse too often, here and on real models (docs/detectors/cross_probe.md); no part of the score.
LEANS = {"cross_probe": 0.07}
P = dict[tuple[str, str], np.ndarray]


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> dict[str, P]:
    """Stratum -> statistic -> (n, 3) of models whose family is not in the null.

    Columns: predictive t, rank p, number of the null (rows that share one are dependent).
    """
    found: dict[str, dict[tuple[str, str], list[tuple[float, float, int]]]] = {
        "innocent": defaultdict(list),
        "decoy-student": defaultdict(list),
    }
    for seed in SEEDS:
        panel, prompts = generated(
            N_FAMILIES, n_probes=40, share=0.0, seed=seed, checkpoints=2, n_pupils=N_PUPILS
        )
        config = written_panel(tmp_path_factory.mktemp("panel"), panel, prompts)
        base = cases.prepare(config, cases.Silent())
        chosen, _ = measure.able(measure.choose(())[0], base.panel)
        measured = measure.measure(base.panel, base.models, chosen, lambda _: None)
        half = {m: int(m[1:4]) % 2 for m in panel if m[0] in "RQ"}
        for name, mine in half.items():
            if name.endswith(".1"):
                continue  # one checkpoint a family is judged, so that the count is binomial
            case = replace(base, student=name)
            scene = scene_of(case, measured, config)
            for column, teacher in enumerate(TEACHERS):
                null = cases.null_for(case, teacher)
                if name not in cases.null_for(base, teacher).models:
                    continue  # a true student of this teacher
                other = [i for i, m in enumerate(null.models) if half.get(m, 2) == 1 - mine]
                null = References(
                    tuple(null.models[i] for i in other), tuple(null.strata[i] for i in other), ()
                )
                stratum = "innocent" if name.startswith("R") else "decoy-student"
                kept = keeping(scene, np.isin(case.panel.subjects, null.models))
                for key, result in weigh.p_values(kept, teacher, null).items():
                    if result is None or result.p_t is None:
                        continue  # babble has no marks of reasoning
                    found[stratum][key].append(
                        (result.p_t, result.p_rank, (seed * len(TEACHERS) + column) * 2 + mine)
                    )
    return {s: {k: np.array(v) for k, v in by.items()} for s, by in found.items()}


@pytest.mark.parametrize("stratum", ["innocent", "decoy-student"])
@pytest.mark.parametrize("column", [0, 1], ids=["predictive t", "rank"])
def test_false_positives_at_5_percent(held_out: dict[str, P], stratum: str, column: int) -> None:
    for key, p in held_out[stratum].items():
        allowed = stats.binom.ppf(0.99, len(p), LEANS.get(key[0], 0.05))
        assert (p[:, column] <= 0.05).sum() <= allowed, (key, (p[:, column] <= 0.05).mean())


def test_false_positives_at_1_percent_of_the_predictive_t(held_out: dict[str, P]) -> None:
    for by in held_out.values():
        p = by[JOINT, "score"]
        assert (p[:, 0] <= 0.01).sum() <= stats.binom.ppf(0.99, len(p), 0.01)


def test_p_values_of_innocents_are_uniform(held_out: dict[str, P]) -> None:
    """Shares at or below a level, within three standard errors that know which rows share a null.

    Where they could accuse: the strictest of several p-values, of a skewed statistic, is high above .3.
    """
    for key, p in held_out["innocent"].items():
        for level in (0.1, 0.2, 0.3):
            hits = p[:, 0] <= level
            apart = hits - hits.mean()
            error = np.sqrt(np.sum(np.bincount(p[:, 2].astype(int), apart) ** 2)) / len(hits)
            above = hits.mean() - level
            assert above <= 3 * error, (key, level, hits.mean(), error)
            assert key != SCORE or above >= -3 * error, (level, hits.mean(), error)


def test_prompts_as_replicates_would_fail(tmp_path: Path) -> None:
    """The test that most tools use, on the same kind of panel: most innocents are accused."""
    panel, prompts = generated(N_FAMILIES, n_probes=200, share=0.0, checkpoints=1)
    config = written_panel(tmp_path, panel, prompts)
    case = cases.prepare(config, cases.Silent())
    wording = measure.measure(case.panel, case.models, measure.choose(("opening",))[0], lambda _: None)[0]
    rows = [i for i, s in enumerate(case.panel.subjects) if s.startswith("R")]
    teacher, decoys = case.models.index("T"), [i for i, m in enumerate(case.models) if m.startswith("D")]
    contrast = wording.values[rows, teacher] - wording.values[rows][:, decoys].mean(axis=1)
    p = stats.ttest_1samp(contrast, 0, axis=1, alternative="greater").pvalue
    assert (p <= 0.05).mean() > 0.15
    assert INNOCENT_STRATUM in cases.null_for(case, "T").strata
