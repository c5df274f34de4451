"""A scan of whole datasets: the answer, and the chain that leads to it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from auditor.errors import AuditError
from auditor.scan import card
from auditor.scan.run import ScanConfig, run, strictest
from auditor.scan.terms import load
from tests.auditor.scan import layouts

TRAIN = "train_competing_llm"
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def scanned(folder, *uses, **given):
    return run(ScanConfig(str(folder), uses or (TRAIN,), **given), now=NOW)


def rules(report):
    return {finding.rule for finding in report.findings}


def deciding(answer):
    return [link for link in answer.links if link.answer == answer.answer]


def test_a_clone_of_alpaca_under_apache_is_in_conflict(tmp_path):
    report = scanned(layouts.alpaca_clone(tmp_path / "clone"))
    [answer] = report.answers
    assert answer.answer == "conflict"
    first = answer.links[0]
    assert first.generator == "text-davinci-003" and first.provider == "OpenAI"
    assert "README.md, line" in first.seen and "text-davinci-003" in first.seen
    assert load().get(first.entry).provider == "OpenAI"
    assert first.clause and first.source and first.risk and first.settle
    assert {"GEN006", "TRM001", "TRM005"} <= rules(report)
    wider = next(f for f in report.findings if f.rule == "TRM005")
    assert wider.severity == "error" and "Apache-2.0" in wider.message
    licence = next(link for link in answer.links if link.entry == "data-apache-2.0")
    assert licence.answer in ("allowed", "allowed_with_conditions")


def test_a_mixture_is_bound_by_its_sources(tmp_path):
    report = scanned(layouts.mixture(tmp_path / "mix"), TRAIN, "commercial_use_of_outputs")
    train, sell = report.answers
    assert train.answer == "conflict"
    chain = next(link for link in deciding(train) if link.through == "alpaca" and link.generator)
    assert chain.generator == "text-davinci-003" and chain.rows == 30
    assert "source" in chain.seen or "alpaca" in chain.seen.lower()
    assert re.search(r"train-00000-of-00001\.parquet, row 1\b", chain.seen)
    # What Alpaca itself is published under comes with its rows.
    passed_on = [link for link in sell.links if link.through == "alpaca" and not link.generator]
    assert passed_on and passed_on[0].name == "CC-BY-NC-4.0" and passed_on[0].answer == "conflict"
    [made] = [g for g in report.generators if g.through == "alpaca"]
    assert made.rows == 30 and made.share == pytest.approx(0.3)
    assert not any(g.through in ("oasst1", "dolly") for g in report.generators)


def test_a_set_by_people_keeps_its_licence_alone(tmp_path):
    report = scanned(layouts.human(tmp_path / "village"), TRAIN, "redistribute_outputs_as_dataset")
    assert [a.answer for a in report.answers] == ["allowed_with_conditions"] * 2
    assert report.human and not report.generators
    assert all(link.generator is None for a in report.answers for link in a.links)
    assert any("not tested" in note for note in report.notes)
    assert "LIC009" in rules(report) and not rules(report) & {"GEN012", "LIC001", "LIC003"}
    assert report.answers[1].conditions


def test_traces_of_r1_under_mit_are_allowed(tmp_path):
    report = scanned(layouts.reasoning_traces(tmp_path / "traces"))
    [answer] = report.answers
    assert answer.answer in ("allowed", "allowed_with_conditions")
    made = [link for link in answer.links if link.generator == "deepseek-r1"]
    assert {link.entry for link in made} >= {"deepseek-mit"}
    assert all(link.answer == "allowed" for link in made)
    [generator] = report.generators
    assert (generator.name, generator.provider, generator.rows) == ("deepseek-r1", "DeepSeek", 40)


def test_a_folder_without_a_card_is_judged_by_its_rows(tmp_path):
    report = scanned(layouts.without_card(tmp_path / "dump"))
    [answer] = report.answers
    assert answer.answer == "conflict" and answer.links[0].generator == "gpt-4o-2024-08-06"
    assert "dump.jsonl, row 1" in answer.links[0].seen
    assert "LIC001" in rules(report)
    assert "licence" in " ".join(answer.settle).lower()


def test_a_channel_and_a_day_choose_the_terms(tmp_path):
    folder = layouts.without_card(tmp_path / "dump")
    report = scanned(folder, channel="api", when="2024-06")
    entries = {link.entry for link in report.answers[0].links if link.generator}
    assert entries == {"openai-business-terms-2023-11"}


def test_nothing_said_of_the_origin_is_no_permission(tmp_path):
    layouts.card(tmp_path / "silent", "license: cc0-1.0")
    layouts.rows(tmp_path / "silent" / "a.jsonl", layouts.instructions(10))
    report = scanned(tmp_path / "silent")
    assert report.answers[0].answer == "allowed_with_conditions"
    assert "GEN012" in rules(report)
    assert any("wrote the rows" in text for text in report.answers[0].settle)


def test_synthetic_by_whom_nobody_says_cannot_be_told(tmp_path):
    layouts.card(tmp_path / "tagged", "license: mit\ntags:\n- synthetic")
    report = scanned(tmp_path / "tagged")
    assert report.answers[0].answer == "cannot_tell"
    assert {"GEN007", "FIL005"} <= rules(report)


def test_folders_under_licences_of_their_own(tmp_path):
    layouts.card(tmp_path, "license: mit\nannotations_creators:\n- expert-generated")
    layouts.card(tmp_path / "part", "license: cc-by-nc-4.0\nannotations_creators:\n- expert-generated")
    layouts.rows(tmp_path / "part" / "a.jsonl", [{"text": "by hand"}])
    report = scanned(tmp_path, "commercial_use_of_outputs")
    assert report.answers[0].answer == "conflict"
    assert [(p.path, p.answers[0]) for p in report.parts] == [
        (".", "allowed_with_conditions"),
        ("part", "conflict"),
    ]
    assert {"LIC004", "LIC010"} <= rules(report)


def test_a_copy_names_the_set_it_was_made_from(tmp_path):
    layouts.card(tmp_path / "ours", "license: mit\nsource_datasets:\n- tatsu-lab/alpaca")
    report = scanned(tmp_path / "ours")
    chain = report.answers[0].links[0]
    assert report.answers[0].answer == "conflict" and chain.through == "alpaca"


def test_links_out_of_the_dataset_are_not_followed(tmp_path):
    secret = tmp_path / "secret.jsonl"
    layouts.rows(secret, [{"model": "gpt-4"}])
    folder = layouts.human(tmp_path / "village")
    (folder / "link.jsonl").symlink_to(secret)
    (folder / "loop").symlink_to(folder)
    report = scanned(folder)
    assert not report.generators
    assert "FIL002" in rules(report)
    assert "link.jsonl" in {e.file for f in report.findings if f.rule == "FIL002" for e in f.evidence}


def test_the_hubs_cache_is_links_and_is_followed(tmp_path):
    cache = tmp_path / "datasets--tatsu-lab--alpaca"
    snapshot = cache / "snapshots" / "abc"
    (cache / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (cache / "blobs" / "1").write_text("---\nlicense: apache-2.0\n---\n")
    (snapshot / "README.md").symlink_to("../../blobs/1")
    report = scanned(snapshot)
    assert report.name == "tatsu-lab/alpaca"
    assert [d.licence for d in report.declared] == ["Apache-2.0"]
    assert report.answers[0].answer == "conflict"


@pytest.mark.parametrize(
    "yaml", ["license: [mit", "- mit", "a: &a [1]\nb: " + "[" * 500 + "]" * 500, "license: mit\x00"]
)
def test_a_broken_card_is_a_finding(tmp_path, yaml):
    layouts.card(tmp_path / "broken", yaml)
    layouts.rows(tmp_path / "broken" / "a.jsonl", [{"text": "x"}])
    report = scanned(tmp_path / "broken")
    assert "FIL003" in rules(report)
    assert report.rows == 1


def test_a_bomb_of_aliases_is_refused_quickly(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    layouts.card(tmp_path / "bomb", "\n".join([*lines, "license: *a29"]))
    assert "FIL003" in rules(scanned(tmp_path / "bomb"))


def test_a_card_that_cannot_be_opened_is_a_finding(tmp_path, monkeypatch):
    folder = layouts.human(tmp_path / "village")
    monkeypatch.setattr(card, "_bytes", lambda path: "cannot be read (Permission denied)")
    assert "FIL003" in rules(scanned(folder))


def test_wrong_words_are_refused(tmp_path):
    folder = layouts.human(tmp_path / "village")
    with pytest.raises(AuditError, match="is no use"):
        scanned(folder, "train")
    with pytest.raises(AuditError, match="is no channel"):
        scanned(folder, channel="web")
    with pytest.raises(AuditError, match="is no date"):
        scanned(folder, when="last week")
    with pytest.raises(AuditError, match="no such file or folder"):
        scanned(tmp_path / "absent")


def test_the_strictest_answer(tmp_path):
    report = run(ScanConfig(str(layouts.without_card(tmp_path / "dump"))), now=NOW)
    assert len(report.answers) == 6 and strictest(report) == "conflict"
