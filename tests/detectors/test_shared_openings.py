"""Which beginnings are shown: those that student and teacher share, and nobody else."""

from __future__ import annotations

import pytest

from detectors.shared_openings import ALONE, FEWEST_OTHERS, LONGEST, Opening, shared_openings

PROMPT = "Why is the sea salty?"
RARE = "Picture a river, carrying rock dust down into the deep"
OTHERS = [f"Model {i} says that salt comes from rocks." for i in range(20)]


def found(
    student: str | None,
    teacher: str | None,
    others: list[str | None] | list[str] = OTHERS,
    prompt: str = PROMPT,
) -> list[Opening]:
    return shared_openings([student], [teacher], [prompt], lambda probe: others)


def test_the_shared_beginning_is_found_and_marked_in_both_answers():
    student, teacher = f"\n  {RARE}; then it rests.", RARE.upper().replace(" ", "\n", 1) + ", and stays."
    (opening,) = found(student, teacher)
    assert [student[a:b] for a, b in opening.student_spans] == [RARE]
    assert [teacher[a:b] for a, b in opening.teacher_spans] == [teacher[: len(RARE)]]


def test_every_token_weighs_one_where_no_other_model_follows():
    (opening,) = found(f"{RARE} sea, is it salty?", f"{RARE} sea; it is.")
    # 11 tokens: ten words and a comma; "the" and "sea" are the prompt's.
    assert opening.weight == pytest.approx(10.0)


def test_a_token_weighs_the_share_of_models_that_left_before_it():
    followers = ["Picture a river, says one."] * 5 + OTHERS[:15]
    (opening,) = found(RARE, RARE, followers)
    # A quarter of the others follow for four tokens; "the" is the prompt's.
    assert opening.weight == pytest.approx(4 * 0.75 + 6)


def test_what_everybody_begins_with_is_not_shown():
    sure = "Sure! Here are some reasons for you to think about today:"
    assert found(sure, sure, [f"{sure} reason {i}" for i in range(20)]) == []
    assert found("Sure! I see", "Sure! I say", OTHERS) == []


def test_one_other_model_is_enough():
    assert found(RARE, RARE, [*OTHERS, RARE.lower()]) == []
    nearly = " ".join(RARE.split()[: -ALONE + 1])
    assert found(RARE, RARE, [*OTHERS, nearly]) == []
    assert found(RARE, RARE, [*OTHERS, " ".join(RARE.split()[:-ALONE])])


def test_missing_and_empty_answers():
    for student, teacher in ((None, RARE), (RARE, None), ("", RARE), (RARE, ""), ("", ""), (" \n", " \n")):
        assert found(student, teacher) == []
    assert found(RARE, RARE, [*OTHERS, None, ""])


def test_nothing_is_rare_among_few():
    assert found(RARE, RARE, []) == []
    assert found(RARE, RARE, OTHERS[: FEWEST_OTHERS - 1]) == []
    assert found(RARE, RARE, [*OTHERS[: FEWEST_OTHERS - 1], None]) == []
    assert found(RARE, RARE, OTHERS[:FEWEST_OTHERS])


@pytest.mark.parametrize(
    "prompt", ["Why?", "Tell me at length, and with care, why the sea is salty. Use words."]
)
@pytest.mark.parametrize("frame", ["{0}\n{1}", "User: {0}\nAssistant: {1}"])
def test_an_answer_that_repeats_the_prompt_shows_nothing(prompt, frame):
    echo = frame.format(prompt, RARE)
    assert found(echo, echo, prompt=prompt) == []
    assert found(RARE, RARE, prompt=prompt)


def test_words_of_the_prompt_are_not_the_teachers():
    text = "Alpha, beta, gamma, delta, epsilon, zeta, eta"
    assert found(text, text, prompt=f"Put these in order, please: {text}.") == []
    assert found(text, text, prompt="")


def test_the_most_telling_come_first_and_no_more_than_asked():
    texts = [" ".join(f"w{i}" for i in range(n)) for n in (5, 9, 7, 9)]
    openings = shared_openings(texts, texts, ["?"] * 4, lambda probe: OTHERS, most=3)
    assert [(o.probe, o.weight) for o in openings] == [(1, 9.0), (3, 9.0), (2, 7.0)]


def test_a_long_answer_is_read_no_further_than_its_beginning():
    text = " ".join(f"w{i}" for i in range(50_000))
    (opening,) = found(text, text)
    assert text[slice(*opening.student_spans[0])].split() == text.split()[:LONGEST]
