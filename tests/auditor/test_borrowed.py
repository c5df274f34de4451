"""The shipped null: it stands in on its own prompts only, with enough decoys, and knows nobody it judges."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor import borrowed, compare, measure
from auditor import case as cases
from auditor.borrowed import Innocent, ShippedNull
from auditor.config import CompareConfig
from auditor.scenes import SCORE, scene_of, units_of
from detectors.types import Measurement
from tests.panels import generated, probe, written_panel

N_INNOCENTS = 60


@pytest.fixture(scope="module", params=(0.0, 0.6), ids=("innocent", "student"))
def small(request, tmp_path_factory) -> tuple[float, CompareConfig, list[Measurement]]:
    """S, T and twelve decoys, nothing else."""
    folder = tmp_path_factory.mktemp("small")
    config = written_panel(folder, *generated(0, n_decoys=12, share=request.param, seed=3))
    config = replace(config, bootstrap=50, calibration="none")
    case = cases.prepare(config, cases.Silent())
    chosen = measure.choose(("wording", "opening"))[0]
    return request.param, config, measure.measure(case.panel, case.models, chosen, lambda _: None)


def null_like(config: CompareConfig, measured: list[Measurement], family: str = "f{i}") -> ShippedNull:
    """Innocents that score as the decoys of this panel do towards its teacher."""
    case = cases.prepare(config, cases.Silent())
    scene = scene_of(case, measured, config)
    units = units_of(scene, scene.terms)
    decoys = [scene.subjects.index(d) for d in case.decoys if d != "T"]
    scores = scene.scores[SCORE][decoys, scene.group_of("T")]
    drawn = np.random.default_rng(0).normal(np.mean(scores), np.std(scores), N_INNOCENTS)
    return ShippedNull(
        name="here",
        made="by hand",
        prompts=borrowed.hash_of(case.panel.probes),
        decoys=12,
        plain=tuple(units.terms.plain.tolist()),
        matched=tuple(units.terms.matched.tolist()),
        channel=tuple(units.terms.channel.tolist()),
        log_odds=units.terms.log_odds,
        unit=units.score,
        least_common=0.0,
        innocents=tuple(
            Innocent(f"m{i}", "t", family.format(i=i), i % 3, float(s)) for i, s in enumerate(drawn)
        ),
    )


def judged(config: CompareConfig, measured: list[Measurement]):
    case = cases.prepare(config, cases.Silent())
    return compare.judge(case, measured, config, cases.Silent())


def test_a_student_is_found_and_an_innocent_is_not(small, monkeypatch):
    share, config, measured = small
    null = null_like(config, measured)
    monkeypatch.setattr(borrowed, "read", lambda: null)
    verdicts, findings, _, caveats, _ = judged(config, measured)
    assert verdicts[0].references == N_INNOCENTS
    assert verdicts[0].level == ("moderate" if share else "insufficient")
    assert findings[0].reference_models[0] == "m0 (shipped, towards t)"
    assert all(f.p_t is None for f in findings[1:]), "only the joint score was shipped"
    assert [c for c in caveats if "shipped null" in c]


def test_other_prompts_get_no_shipped_null(small, monkeypatch):
    _, config, measured = small
    null = replace(null_like(config, measured), prompts="0" * 64)
    monkeypatch.setattr(borrowed, "read", lambda: null)
    assert judged(config, measured)[0][0].reason == "few_references"


def test_the_students_family_is_left_out(small, monkeypatch):
    _, config, measured = small
    null = null_like(config, measured, family="S")
    monkeypatch.setattr(borrowed, "read", lambda: null)
    assert judged(config, measured)[0][0].references == 0


def test_few_decoys_get_no_shipped_null(tmp_path, monkeypatch):
    config = replace(written_panel(tmp_path, *generated(0, n_decoys=5, seed=3)), calibration="none")
    case = cases.prepare(config, cases.Silent())
    chosen = measure.choose(("wording", "opening"))[0]
    measured = measure.measure(case.panel, case.models, chosen, lambda _: None)
    null = null_like(config, measured)
    monkeypatch.setattr(borrowed, "read", lambda: null)
    assert judged(config, measured)[0][0].reason == "few_references"


def test_prompts_are_known_in_any_order_and_with_any_id():
    one, two = probe("Say hello."), probe("Count to ten.")
    assert borrowed.hash_of([one, two]) == borrowed.hash_of([two, replace(one, id="other")])
    assert borrowed.hash_of([one, two]) != borrowed.hash_of([one])


def test_what_is_written_is_read_back(small, tmp_path: Path):
    null = null_like(*small[1:])
    borrowed.write(null, tmp_path / "null.json")
    assert borrowed.read(tmp_path / "null.json") == null


def test_the_shipped_one_is_whole():
    null = borrowed.read()
    kinds = {i.kind for i in null.innocents}
    assert len(null.innocents) >= 100
    assert kinds == {0, 1, 2}
    assert all(np.isfinite(i.score) for i in null.innocents)
