"""Which exhibits a report gets: openings and passages of each teacher, siblings of the teacher aside."""

from __future__ import annotations

from auditor.exhibits import exhibits, share_out
from detectors.passages import Passage
from detectors.shared_openings import Opening
from tests.panels import generated, view

OPENING = "Picture a river, carrying rock dust down into the deep"
PASSAGE = "salt stays behind when water leaves"


def panel(**fields: list[str | None]) -> dict[str, list[str | None]]:
    """S and T open alike on probe 0 and share a passage on probe 1; twelve others say other things."""
    told: dict[str, list[str | None]] = {
        "S": [f"{OPENING} sea.", f"One word: {PASSAGE}, so."],
        "T": [f"{OPENING} ocean.", f"Another: {PASSAGE}, thus."],
    }
    others = {f"R{i}": [f"Model {i} on rivers.", f"Model {i} on salt."] for i in range(12)}
    return told | others | fields


def shown(answers: dict[str, list[str | None]], group: tuple[str, ...] = (), most: int = 8):
    return exhibits(view(answers, ["What?", "Which?"]), "S", [("T", group)], most)


def test_both_kinds_openings_first_marked_in_both_texts():
    opening, passage = shown(panel())
    assert (opening.detector, passage.detector) == ("opening", "wording")
    assert (opening.prompt, passage.prompt) == ("What?", "Which?")
    for exhibit, words in ((opening, OPENING), (passage, PASSAGE)):
        for text, spans in (
            (exhibit.student_text, exhibit.student_spans),
            (exhibit.teacher_text, exhibit.teacher_spans),
        ):
            assert [text[a:b] for a, b in spans] == [words]
    assert (opening.weight, passage.weight) == (11.0, 2.0)


def test_a_sibling_of_the_teacher_is_not_held_against_it():
    answers = panel(T2=[f"{OPENING}.", f"{PASSAGE}."])
    assert len(shown(answers, group=("T", "T2"))) == 2
    assert shown(answers) == ()


def test_unanswered_probes_are_passed_over():
    assert shown(panel(S=[None, None])) == ()
    assert shown(panel(T=["", None])) == ()
    assert len(shown(panel(R3=[None, None]))) == 2


def test_a_panel_of_student_and_teacher_alone_has_no_openings():
    pair = {name: texts for name, texts in panel().items() if name in "ST"}
    assert {e.detector for e in shown(pair)} == {"wording"}


def test_every_teacher_gets_its_own_and_no_more_than_asked():
    answers, prompts = generated(20, share=0.7)
    found = exhibits(view(answers, prompts), "S", [("T", ()), ("D00", ())], 4)
    teachers = [e.teacher for e in found]
    assert teachers == sorted(teachers, reverse=True) and teachers.count("T") == 4
    assert len({(e.teacher, e.probe) for e in found}) == len(found)


def openings(*probes: int) -> list[Opening]:
    return [Opening(p, ((0, 9),), ((0, 9),), 5.0) for p in probes]


def passages(*probes: int) -> list[Passage]:
    return [Passage(p, ((0, 9),), ((0, 9),), 2) for p in probes]


def test_half_each_and_the_other_kind_where_one_is_scarce():
    for given, expected in (
        ((openings(*range(8)), passages(*range(10, 26))), (4, 4)),
        ((openings(*range(8)), passages(10)), (7, 1)),
        ((openings(0), passages(*range(10, 26))), (1, 7)),
        ((openings(), passages()), (0, 0)),
        ((openings(*range(8)), []), (8, 0)),
    ):
        kept = share_out(*given, 8)
        assert tuple(map(len, kept)) == expected


def test_a_probe_is_shown_once():
    kept = share_out(openings(0, 1, 2, 3, 4), passages(*range(8)), 8)
    assert [o.probe for o in kept[0]] == [0, 1, 2, 3]
    assert [p.probe for p in kept[1]] == [4, 5, 6, 7]
