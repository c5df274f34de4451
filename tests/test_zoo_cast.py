"""The zoo's recipes: every history stands on its own, and no family is on both sides of a judgement."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

WORLDS = range(6)


def loaded():
    path = Path(__file__).parents[1] / "data" / "zoo" / "cast.py"
    spec = importlib.util.spec_from_file_location("zoo_cast", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["zoo_cast"] = module
    spec.loader.exec_module(module)
    return module


zoo = loaded()


@pytest.mark.parametrize("world", WORLDS)
def test_names_differ_and_parents_come_first(world):
    known = set()
    for recipe in zoo.cast(world, 2):
        assert recipe.model not in known
        assert not recipe.start or recipe.start in known
        assert recipe.route != "hard" or not recipe.log or recipe.teacher in known
        known.add(recipe.model)


@pytest.mark.parametrize("world", WORLDS)
def test_references_judged_and_teachers_share_no_family_and_no_teacher_one_with_the_bases(world):
    shelves = zoo.shelves(world)
    books = [*shelves.taught, *shelves.references, *shelves.judged, *shelves.related]
    assert len(set(books)) == len(books) == len(zoo.FAMILY)
    assert not set(books) & set(zoo.COMMON)
    references, judged, taught = (
        {zoo.FAMILY[book] for book in shelf} for shelf in (shelves.references, shelves.judged, shelves.taught)
    )
    assert not references & judged and not (references | judged) & taught
    assert {zoo.FAMILY[book] for book in shelves.related} <= taught
    assert len(taught) == 3 and not taught & {"austen", "world-english"}


@pytest.mark.parametrize("world", WORLDS)
def test_there_are_at_least_twenty_references_on_the_students_base(world):
    null = [r for r in zoo.cast(world, 1) if r.fold == "null"]
    assert len([r for r in null if r.start == "B"]) >= 20
    assert all(not r.teacher and not r.log for r in null)


def test_more_seeds_add_models_and_change_none():
    few, many = zoo.cast(0, 1), zoo.cast(0, 3)
    assert set(few) < set(many)
    assert len({r.seed for r in many}) == len(many)


def test_worlds_differ():
    assert len({zoo.shelves(world) for world in WORLDS}) == len(WORLDS)
    assert not {r.seed for r in zoo.cast(0, 1)} & {r.seed for r in zoo.cast(1, 1)}


@pytest.mark.parametrize("teacher", zoo.TEACHERS)
def test_every_relation_is_there(teacher):
    found = {(r.relation, r.share) for r in zoo.cast(0, 1) if r.teacher == teacher}
    assert {("student", share) for share in (100, 25, 5, 1)} <= found
    assert {"soft student", "fine-tune", "copy", "disguised copy", "same corpus"} <= {
        name for name, _ in found
    }
