"""Power: the score it takes is the score from which the rules accuse, and the share is of families."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor import calibration as calibrations
from auditor import calibration_file, compare, measure, next_steps, power, thresholds, verdict, weigh
from auditor import case as cases
from auditor.calibration import Calibration, Known
from auditor.config import CompareConfig
from auditor.references import References
from auditor.scenes import SCORE, Scene, scene_of
from auditor.verdict import Bar, Basis, Power
from tests.panels import generated, written_panel

Made = tuple[CompareConfig, cases.Case, Scene, References]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    config = written_panel(
        tmp_path_factory.mktemp("power"), *generated(30, n_probes=40, share=0.5, n_pupils=14)
    )
    config = replace(config, bootstrap=50)
    case = cases.prepare(config, cases.Silent())
    found = measure.measure(
        case.panel, case.models, measure.choose(("wording", "opening"))[0], lambda _: None
    )
    scene = scene_of(case, found, config)
    return config, case, scene, weigh.with_decoys(scene, "T", cases.null_for(case, "T"))


def calibration(shift: float, n_families: int = 30) -> Calibration:
    """Students around `shift` + 3, innocents around `shift`."""
    rng = np.random.default_rng(0)
    return Calibration(
        *("made here", "", 40),
        tuple(
            Known(f"s{kind}{f}", "t", f"{kind}{f}", kind, float(rng.normal(shift + 3 * kind)))
            for kind in (True, False)
            for f in range(n_families)
        ),
    )


def scored(scene: Scene, rows: list[int], score: float) -> Scene:
    """The scene with other joint scores of some subjects towards T."""
    scores = dict(scene.scores)
    scores[SCORE] = scores[SCORE].copy()
    scores[SCORE][rows, scene.group_of("T")] = score
    changed = replace(scene)
    changed.__dict__["scores"] = scores
    return changed


def accused(scene: Scene, null: References, known: Calibration, level: str) -> bool:
    """Whether the rules of `verdict.decide` reach a level, figure by figure."""
    found = weigh.significance(scene, scene.scores[SCORE], "T", null)
    score = scene.scores[SCORE][scene.student, scene.group_of("T")]
    log10_lr = min(float(calibrations.fit(known).log10_lr(np.array(score))), known.cap)
    assert found is not None and found.p_t is not None
    return (
        found.p_t <= thresholds.UNUSUAL_AT
        and found.p_rank <= thresholds.RANK_FORBIDS_ABOVE
        and log10_lr >= dict(thresholds.LADDER)[level]
    )


@pytest.mark.parametrize("rule", ["null", "ratio", "rank"])
@pytest.mark.parametrize("level", ["weak", "moderate"])
def test_the_rules_accuse_from_the_bar_on(made: Made, rule: str, level: str) -> None:
    _, _, scene, null = made
    known = calibration({"null": -6.0, "ratio": 4.0, "rank": -6.0}[rule])
    if rule == "rank":  # a few references stand far out
        scene = scored(scene, scene.rows(null.models[:5]).tolist(), 2.5)
    found = power.power_of(scene, "T", null, known)
    assert found is not None
    bar = getattr(found, level)
    assert bar.rule == rule
    assert accused(scored(scene, [scene.student], bar.score + 1e-6), null, known, level)
    assert not accused(scored(scene, [scene.student], bar.score - 1e-6), null, known, level)


def test_the_share_is_of_families(made: Made) -> None:
    _, _, scene, null = made
    bar = power.power_of(scene, "T", null, calibration(-6.0)).moderate.score
    students = [Known(f"a{i}", "t", "many", True, bar - 1) for i in range(9)]
    students += [Known(f"b{i}", "t", f"f{i}", True, bar + 1 + i / 9) for i in range(4)]
    innocents = [Known(f"n{i}", "t", f"n{i}", False, bar - 9) for i in range(40)]
    found = power.power_of(scene, "T", null, Calibration("", "", 1, (*students, *innocents)))
    assert (found.students, found.families) == (13, 5)
    assert found.moderate.share == pytest.approx(0.8)


def test_what_a_calibration_cannot_carry_is_out_of_reach(made: Made) -> None:
    _, _, scene, null = made
    few = power.power_of(scene, "T", null, calibration(-2.0, n_families=6))
    assert few.moderate == Bar(np.inf, "ratio", 0.0) and few.weak.share > 0.5
    assert power.power_of(scene, "T", null, None) is None
    assert power.power_of(scene, "T", weigh.only(null, set()), calibration(-6.0)) is None


def test_reports_say_it(made: Made, tmp_path: Path) -> None:
    """Known with a calibration, not known without one or where the panel is too thin."""
    config, case, scene, _ = made

    def judged(config: CompareConfig) -> verdict.Verdict:
        return compare.judge(case, list(scene.measurements), config, cases.Silent())[0][0]

    calibration_file.write([calibration(0.0)], tmp_path / "c.json")
    found = judged(replace(config, calibration=str(tmp_path / "c.json")))
    assert found.power is not None and 0 < found.power <= 1
    assert "of the 30 documented students (30 families, weighted equally)" in found.words
    assert "power on students distilled on purpose was not measured" in found.words
    without = judged(replace(config, calibration="none"))
    assert without.power is None and "Power not known: it takes a calibration" in without.words
    thin = written_panel(tmp_path, *generated(2, n_probes=30))
    few = compare.run(thin, cases.Silent()).verdicts[0]
    assert (few.reason, few.power) == ("few_references", None)
    assert "Power not known: the question could not be weighed here." in few.words


def basis(moderate: float, **fields: object) -> Basis:
    known = Power(40, 12, Bar(0.5, "ratio", 0.9), Bar(0.8, "null", moderate), "here", 40)
    return replace(Basis("T", None, 0.2, 40, 20, 12, 4, False, 0.0, power=known), **fields)


def test_power_of_what_is_out_of_reach() -> None:
    assert verdict.power(basis(0.6), "not_unusual") == 0.6
    assert verdict.power(basis(0.6, decoys=5), "not_unusual") == 0.0
    assert verdict.power(basis(0.6), "few_references") is None


def test_what_limits_the_power_would_change_the_verdict() -> None:
    limit = next_steps.LIMITS["null"]
    assert limit in next_steps.would_change("insufficient", "not_unusual", basis(0.6))
    assert limit not in next_steps.would_change("insufficient", "not_unusual", basis(0.9))
    assert limit not in next_steps.would_change("insufficient", "teacher_later", basis(0.6))
    assert limit not in next_steps.would_change("moderate", "unusual", basis(0.6))
    step = ("References of the same base.",)
    assert step[0] in next_steps.would_change("moderate", "unusual", basis(0.6), step)
    assert step[0] not in next_steps.would_change("insufficient", "few_references", basis(0.6), step)


def test_the_students_own_family_is_left_out(made: Made, tmp_path: Path) -> None:
    config, case, scene, _ = made
    own = Known("S", "t", "S", True, 99.0)
    calibration_file.write(
        [replace(calibration(0.0), pairs=(*calibration(0.0).pairs, own))], tmp_path / "c.json"
    )
    found = compare.judge(
        *(case, list(scene.measurements)),
        *(replace(config, calibration=str(tmp_path / "c.json")), cases.Silent()),
    )[0][0]
    assert "of the 30 documented students" in found.words
