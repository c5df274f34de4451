"""Known synthetic sets: who wrote them, how they are found, and that controls stay controls."""

from __future__ import annotations

import dataclasses

from auditor.scan import synthetic
from auditor.scan.in_force import in_force
from auditor.scan.terms import load


def test_how_many_and_by_whom():
    sets = synthetic.load()
    made = [d for d in sets if d.synthetic]
    assert len(made) >= 120
    assert len(sets) - len(made) >= 9
    assert sum("OpenAI" in d.providers for d in made) >= 80
    assert synthetic.broken(sets) == []


def test_found_by_hub_id_and_by_the_names_that_source_columns_carry():
    assert synthetic.find("tatsu-lab/alpaca").id == "alpaca"
    assert synthetic.find("TATSU-LAB/Alpaca").id == "alpaca"
    assert synthetic.find("Alpaca_GPT4").id == "gpt-4-alpaca"
    assert synthetic.find("ultrachat_200k").generators == ("chatgpt",)
    assert synthetic.find("databricks/databricks-dolly-15k").synthetic is False
    assert synthetic.find("my-own-set") is None


def test_what_people_only_rated_is_no_human_control():
    for name in ("nvidia/HelpSteer", "openai/prm800k"):
        assert synthetic.find(name).synthetic


def test_most_generators_have_terms_on_file():
    terms = load()
    made = [d for d in synthetic.load() if d.synthetic and d.generators]
    found = [d for d in made if any(in_force(terms, g).entries for g in d.generators)]
    assert len(found) / len(made) > 0.9


def test_two_sets_of_one_name_and_a_generator_nobody_knows_are_found():
    first, second = synthetic.load()[:2]
    twin = dataclasses.replace(second, aliases=(first.id,))
    odd = dataclasses.replace(first, id="odd", hub_ids=(), aliases=(), generators=("gpt-99",))
    said = synthetic.broken([first, twin, odd])
    assert any("more than one" in problem for problem in said)
    assert any("'gpt-99' is not in" in problem for problem in said)


def test_signals_tell_who_wrote_from_who_judged():
    signals = synthetic.signals()
    assert "model" in signals.generator_fields
    assert "judge_model" in signals.judge_fields
    assert not set(signals.judge_fields) & set(signals.generator_fields)
    assert signals.named_fields["deepseek_reasoning"] == "deepseek-r1"
    assert not set(signals.weak_source_fields) & set(signals.source_fields)
    assert "license" in signals.licence_fields
    assert "synthetic" in signals.card_tags
