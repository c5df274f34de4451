"""`audit compare --canary-key`: a marked student is found, others are not, and no secret gets out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from auditor import canary_key, compare, keyed, store
from auditor import case as cases
from auditor.cli import main
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.owner_evidence import level_of
from auditor.report import Report, Verdict
from auditor.reports import render
from detectors.canary import commitment, drawn
from detectors.green_lists import DEFAULT_KEY
from tests.auditor.owner_panels import KEY, WORDS, marked_world, write_panel

FORMATS = ("text", "markdown", "html", "json")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> CompareConfig:
    return marked_world(tmp_path_factory.mktemp("marked"))


def judged(config: CompareConfig, **changes: object) -> Report:
    return compare.run(replace(config, **changes), cases.Silent())  # type: ignore[arg-type]


def of(report: Report) -> Verdict:
    return next(v for v in report.verdicts if v.evidence == "keyed")


def test_a_student_of_marked_answers_is_found_and_the_key_stays_secret(config: CompareConfig) -> None:
    report = judged(config)
    found = of(report)
    assert (found.level, found.cap, found.reason) == ("moderately_strong", "moderately_strong", "unusual")
    assert "two channels" in found.cap_reason and found.p_exact <= 1e-6
    assert report.headline.startswith("By a key of the teacher's owner: moderately strong support")
    (test,) = report.tests
    assert (test.detector, test.statistic) == ("canary", "green_fraction")
    assert (
        test.params["key_commitment"] == commitment(KEY.encode()) and test.params["log10_p_of_teacher"] < -6
    )
    assert test.params["controls"] == 9 and test.params["controls_fired"] <= 1
    assert store.read_report(Path(config.evidence), report.run.id) == report
    assert not any("key.json" in path for path in report.run.inputs)
    for format_ in FORMATS:
        text = render(report, format_)
        assert commitment(KEY.encode()) in text.replace("\n", "") or format_ == "text"
        assert KEY not in text and KEY.encode() not in text.encode()
    assert KEY.encode() not in Path(config.evidence).read_bytes()


def test_an_innocent_is_not_accused(config: CompareConfig) -> None:
    found = of(judged(config, student="panel:innocent"))
    assert (found.level, found.reason) == ("insufficient", "not_unusual") and found.p_exact > 0.01


def test_a_wrong_key_accuses_nobody_and_the_report_says_the_teacher_shows_no_mark(
    config: CompareConfig, tmp_path: Path
) -> None:
    (tmp_path / "other.json").write_text(json.dumps({"scheme": "words", "key": "another secret, longer"}))
    found = of(judged(config, canary_keys=(str(tmp_path / "other.json"),)))
    assert found.level == "insufficient" and any("show no mark" in step for step in found.would_change)


def test_a_mark_that_references_show_accuses_nobody(tmp_path: Path) -> None:
    found = of(judged(marked_world(tmp_path, marked_references=4)))
    assert (found.level, found.reason) == ("insufficient", "controls_show_it")
    assert found.p_exact <= 1e-6 and "4 of 9 references" in found.words


def test_copies_and_descendants_of_the_teacher_are_not_accused_of_distillation(
    config: CompareConfig, tmp_path: Path
) -> None:
    """The mark comes with the answers, or with the weights."""
    panel = Path(config.panel or "").read_text("utf-8")
    rows = [json.loads(line) for line in panel.splitlines()]
    own = {row["prompt"]: row["response"] for row in rows if row["model"] == "T0"}
    copied = [{**row, "response": own[row["prompt"]]} if row["model"] == "student" else row for row in rows]
    (tmp_path / "p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in copied), "utf-8")
    found = of(judged(config, panel=str(tmp_path / "p.jsonl")))
    assert (found.level, found.reason) == ("insufficient", "same_answers")
    lines = Path(config.lineage or "").read_text("utf-8").splitlines()
    based = [f"{line},{'T0' if line.startswith('student,') else ''}" for line in lines[1:]]
    (tmp_path / "l.csv").write_text("\n".join([f"{lines[0]},base", *based]), "utf-8")
    found = of(judged(config, lineage=str(tmp_path / "l.csv")))
    assert (found.level, found.reason) == ("insufficient", "descends") and found.p_exact <= 1e-6


def test_too_few_answers_end_the_test(tmp_path: Path) -> None:
    answers = {m: ["one two three", "four five six"] for m in ("T0", "student", "R0")}
    config = write_panel(tmp_path, answers, ("student",))
    (tmp_path / "k.json").write_text(json.dumps({"scheme": "words", "key": KEY}), "utf-8")
    found = of(judged(config, canary_keys=(str(tmp_path / "k.json"),)))
    assert (found.reason, found.p_exact) == ("not_measured", None) and "200 distinct" in found.words


def canaries(folder: Path, n: int = 12, size: int = 10) -> dict[str, list[str]]:
    sets = {f"set {i}": [f"vault {i} opens at {7 + c}:{10 + i}" for c in range(size)] for i in range(n)}
    (folder / "canaries.json").write_text(json.dumps({"scheme": "canaries", "key": KEY, "sets": sets}))
    return sets


@pytest.fixture
def parrot(tmp_path: Path) -> CompareConfig:
    """A student that says what the key planted; a talker that says the first candidate of every set."""
    sets = canaries(tmp_path)
    planted = drawn(KEY.encode(), list(sets), 10)
    learned = [row[i] for row, i in zip(sets.values(), planted, strict=True)]
    plain = [" ".join(WORDS[i : i + 9]) for i in range(12)]
    said = {
        "T0": [f"Once more: {text}" for text in learned],
        "student": learned,
        "talker": [row[0] for row in sets.values()],
        "R0": plain,
    }
    config = write_panel(tmp_path, said, ("student", "talker"))
    return replace(config, canary_keys=(str(tmp_path / "canaries.json"),))


def test_planted_canaries_are_found_where_only_the_planted_ones_are_said(parrot: CompareConfig) -> None:
    report = judged(parrot)
    assert of(report).level == "moderately_strong" and report.tests[0].statistic == "canary_ranks"
    assert of(judged(parrot, student="panel:talker")).level == "insufficient"
    text = render(report, "json")
    tests = json.dumps(json.loads(text)["tests"])
    assert "vault" not in tests and not any("vault" in v.words for v in report.verdicts)


def test_what_stands_in_a_prompt_is_no_canary(parrot: CompareConfig) -> None:
    """Whoever repeats the prompt would look guilty otherwise."""
    panel = Path(parrot.panel or "")
    rows = [json.loads(line) for line in panel.read_text("utf-8").splitlines()]
    said = {row["prompt"]: row["response"] for row in rows if row["model"] == "student"}
    for row in rows:
        row["prompt"] = f"Repeat: {said[row['prompt']]}"
    panel.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = of(judged(parrot))
    assert (found.level, found.reason) == ("insufficient", "not_measured")


LEFT = {"scheme": "lefthash", "key": 98765, "vocabulary": 500, "tokenizer": "absent.json"}
SETS = {"scheme": "canaries", "key": KEY}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{{"key": "{KEY}"', "not JSON"),
        (f'{{"key": "{KEY}", "scheme": ' + "1" * 5000 + "}", "not JSON"),
        ("[" * 100_000 + KEY, "not JSON"),
        (b"\xff" + KEY.encode(), "not JSON"),
        (f'["{KEY}"]', "one object"),
        (f'{{"scheme": "canaries", "key": "{KEY}", "sets": {{"\\ud800": ["a", "b"]}}}}', "not JSON"),
        ({"key": KEY}, "'scheme' must be one of words, lefthash, canaries"),
        ({"key": KEY, "scheme": [KEY]}, "'scheme' must be one of"),
        ({"key": KEY, "scheme": "words", KEY: 1}, "1 unknown names"),
        ({"key": KEY[:15], "scheme": "words"}, "at least 16 bytes"),
        ({"key": [KEY], "scheme": "words"}, "at least 16 bytes"),
        ({"key": KEY, "scheme": "words", "fraction": 1.0}, "'fraction'"),
        ({"key": KEY, "scheme": "words", "fraction": KEY}, "'fraction'"),
        ({"key": KEY, "scheme": "words", "fraction": float("nan")}, "'fraction'"),
        ({"key": KEY, "scheme": "words", "context": 17}, "'context'"),
        ({"key": KEY, "scheme": "words", "context": True}, "'context'"),
        ({"key": KEY, "scheme": "words", "tokenizer": KEY}, "'tokenizer'"),
        ({**LEFT, "tokenizer": 3}, "'tokenizer'"),
        (LEFT, "'tokenizer'"),
        ({k: v for k, v in LEFT.items() if k != "tokenizer"}, "needs 'tokenizer'"),
        ({**SETS}, "'sets' must be"),
        ({**SETS, "sets": {"a": [KEY]}}, "'sets' must be"),
        ({**SETS, "sets": {"a": [KEY, KEY.upper()]}}, "'sets' must be"),
        ({**SETS, "sets": {"a": [KEY, "b"], "b": ["a", "b", "c"]}}, "'sets' must be"),
        ({**SETS, "sets": {"a": [KEY, 3]}}, "'sets' must be"),
    ],
)
def test_a_bad_key_file_is_one_error_that_shows_nothing_of_it(
    config: CompareConfig, tmp_path: Path, text: object, said: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(
        text if isinstance(text, bytes) else (text if isinstance(text, str) else json.dumps(text)).encode()
    )
    with pytest.raises(AuditError, match=said) as caught:
        canary_key.read(path)
    assert KEY[:15] not in str(caught.value) and caught.value.__cause__ is None
    arguments = ["compare", "-s", config.student, "-t", config.teachers[0], "--panel", str(config.panel)]
    arguments += ["--evidence", str(tmp_path / "e.duckdb"), "--canary-key", str(path)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and KEY[:15] not in result.output


def lefthash(tmp_path: Path, **changes: object) -> Path:
    """A key of a green list over words, with a tokenizer of one token a word."""
    tokenizers = pytest.importorskip("tokenizers")
    model = tokenizers.models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token=WORDS[0])
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    path = tmp_path / "left.json"
    table = {**LEFT, "vocabulary": len(WORDS), "tokenizer": "tokenizer.json", **changes}
    path.write_text(json.dumps(table), "utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key": DEFAULT_KEY}, "published default"),
        ({"key": 98765.0}, "'key' must be"),
        ({"key": -98765}, "'key' must be"),
        ({"vocabulary": 2_000_001}, "'vocabulary' must be"),
        ({"fraction": 0.001}, "at least one token"),
    ],
)
def test_bad_green_lists_are_refused(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(AuditError, match=said) as caught:
        canary_key.read(lefthash(tmp_path, **changes))
    assert "98765" not in str(caught.value)


def test_a_green_list_on_the_tokens_of_its_own_tokenizer(config: CompareConfig, tmp_path: Path) -> None:
    found = of(judged(config, canary_keys=(str(lefthash(tmp_path)),)))
    assert found.level == "insufficient" and found.p_exact > 1e-3
    with pytest.raises(AuditError, match="not in the key's 'vocabulary'") as caught:
        judged(config, canary_keys=(str(lefthash(tmp_path, vocabulary=20)),))
    assert "98765" not in str(caught.value)


def test_levels() -> None:
    ladder = keyed.KIND.ladder
    found = [level_of(ladder, p, "moderately_strong") for p in (0.011, 0.01, 1e-3, 1e-6, 1e-300)]
    assert found == ["insufficient", "weak", "moderate", "moderately_strong", "moderately_strong"]


def test_a_dry_run_names_the_scheme_and_not_the_key(config: CompareConfig) -> None:
    said = str(compare.plan(config))
    assert "Key of T0: words." in said and KEY not in said
