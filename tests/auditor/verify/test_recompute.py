"""The verdict again from the answers: equal to the last bit here, and what was made up is named."""

import shutil

from auditor import store
from auditor.verify import Asked, verify
from auditor.verify.figures import compare
from tests.auditor.verify.conftest import changed, hashed_again, sealed_again


def recomputed(path, **asked):
    found = verify(path, Asked(recompute=True, **asked))
    (check,) = [check for check in found.checks if check.name == "recompute"]
    return found, check


def test_every_figure_comes_out_again(judged):
    found, check = recomputed(judged)
    assert (found.exit_code, check.outcome) == (0, "verified"), check
    n, of = check.words.split(": ")[1].split()[:3:2]
    assert n == of
    assert int(n.replace(",", "")) > 1000


def test_figures_made_up_and_sealed_again_are_named(judged, tmp_path):
    path = shutil.copy(judged, tmp_path / "audit.duckdb")
    changed(
        path,
        "UPDATE verdicts SET log10_lr = log10_lr + 1, level = 'strong'",
        "UPDATE findings SET z = z * 1.00001 WHERE detector = 'joint'",
        "UPDATE measurements SET probe_values = [0.25] || probe_values[2:] WHERE position = 0",
    )
    for table in ("verdicts", "findings", "measurements"):
        hashed_again(path, table)
    sealed_again(path)
    found, check = recomputed(path)
    assert found.exit_code == 1
    assert [c.outcome for c in found.checks if c.name in ("integrity", "chain")] == ["verified", "verified"]
    said = "\n".join(check.details)
    for what in ("log10_lr: stored", "level: stored 'strong'", "findings, T joint", "measurements, wording"):
        assert what in said


def test_a_run_that_holds_no_answers_is_not_checked(path):
    changed(path, "DELETE FROM measurements")
    _, check = recomputed(path, run="run-a")
    assert check.outcome == "not checked"
    assert "no evidence file holds them" in check.words


def test_another_machine_may_round_otherwise_and_no_more(three):
    report, measured = store.read_report(three, "run-a"), store.read_measurements(three, "run-a")
    same = compare((report, measured), (report, measured))
    assert (same.different, same.equal) == (0, same.compared)
    from dataclasses import replace

    def with_lr(value):
        verdicts = (replace(report.verdicts[0], log10_lr=value),)
        return compare((report, measured), (replace(report, verdicts=verdicts), measured))

    near, far = with_lr(1.4 * (1 + 1e-8)), with_lr(1.4 * (1 + 1e-4))
    assert (near.different, near.compared - near.equal) == (0, 1)
    assert [figure.where for figure in far.differences] == [
        "verdicts, distillation answers teacher-large, log10_lr"
    ]
