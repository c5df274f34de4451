"""`canary` on a panel's answers: whether the student shows what the teacher planted, and innocents do not.

The test is exact given that the key was drawn without regard to the student. The same test on references is
a control, which can only take support away, and on the teacher's own answers it says whether there is a mark
to find. Leaves out the key file (`canary_key.py`), log-probabilities of canaries, and when the key was fixed.
"""

from __future__ import annotations

from sys import float_info

from scipy.stats import binom

from auditor import canary_key
from auditor.canary_key import CanaryKey, GreenKey
from auditor.case import Case, null_for
from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.owner_evidence import Kind, Tested, by_teacher
from auditor.report import Alternative, PairTest
from auditor.reports.numerals import exact_p, number, p_value
from detectors.canary import KeyedTest, commitment, drawn, green_test, planted_canaries, said
from detectors.types import Skipped

# As the exact tests on weights have it, but for the top.
LADDER = (("moderately_strong", 1e-6), ("moderate", 1e-3), ("weak", 1e-2))
KIND = Kind("keyed", "By a key of the teacher's owner", LADDER)
CAP_REASON = (
    "strong support takes two channels and known power, and nobody here can check that the key was fixed "
    "before the student was asked"
)
RESTS_ON = "a key drawn without regard to the student's answers, and tried once; exact then"
# References that serve as controls, and when too many of them show the mark.
MOST_CONTROLS, FIRED_AT, TOO_MANY_AT = 20, 0.01, 0.001
SMALLEST = float_info.min  # p goes no lower, its logarithm does
FORMS = {
    "green_fraction": "{v} of {n} distinct runs of tokens are green, {e} expected",
    "canary_ranks": "the planted candidates of {n} sets rank {v} in the mean, {e} expected",
}


def examine(case: Case, config: CompareConfig) -> list[Tested]:
    """Test the student with every key that was given."""
    return [_tested(case, teacher, key) for teacher, key in keys(case, config).items()]


def keys(case: Case, config: CompareConfig) -> dict[str, GreenKey | CanaryKey]:
    """The keys that were given, by teacher."""
    files = by_teacher(config.canary_keys, case, "--canary-key")
    return {teacher: canary_key.read(path) for teacher, path in files.items()}


def _tested(case: Case, teacher: str, key: GreenKey | CanaryKey) -> Tested:
    result = test(case, case.student, key)
    controls = sorted(null_for(case, teacher).models)[:MOST_CONTROLS]
    others = [r for m in controls if isinstance(r := test(case, m, key), KeyedTest)]
    own = test(case, teacher, key)
    alternatives = _alternatives(teacher, len(others))
    if isinstance(result, Skipped):
        why = ("not_measured", f"the key could not be tried: it {result.reason}")
        return Tested(
            *(teacher, None, why, "", "insufficient", result.reason, len(others)),
            *(alternatives, ("More answers of the student, to what the marked answers are about.",)),
        )
    fired = sum(r.p <= FIRED_AT for r in others)
    why = ("", "")
    if others and binom.sf(fired - 1, len(others), FIRED_AT) <= TOO_MANY_AT:
        why = (
            "controls_show_it",
            f"{fired} of {len(others)} references that learned nothing from {teacher} show the mark, too, so "
            "the key does not tell who did",
        )
    return Tested(
        teacher,
        max(result.p, SMALLEST),
        why,
        _said(case, teacher, result, own, fired, len(others)),
        "moderately_strong",
        CAP_REASON,
        len(others),
        alternatives,
        _steps(teacher, own),
        (_row(case.student, teacher, key.name, result, own, fired, len(others)),),
    )


def test(case: Case, model: str, key: GreenKey | CanaryKey) -> KeyedTest | Skipped:
    """The exact test on all answers of one model of the panel."""
    place = case.panel.subjects.index(model)
    answers = [text for text in case.view.answers_of(place) if text]
    prompts = [probe.prompt for probe in case.panel.probes]
    if isinstance(key, CanaryKey):
        return _canaries(key, answers, prompts)
    try:
        return green_test(key.scheme, key.tokens(answers), key.tokens(prompts))
    except ValueError:
        # The message of the scheme is about its own numbers; those are the owner's.
        raise AuditError(
            f"--canary-key: answers of {model} hold tokens that are not in the key's 'vocabulary'. Give the "
            "tokenizer and the vocabulary of the model that was marked."
        ) from None


def _canaries(key: CanaryKey, answers: list[str], prompts: list[str]) -> KeyedTest | Skipped:
    """Ranks of the planted candidates by how many answers hold them.

    A set of which a prompt holds a candidate is left out: whoever copies from the prompt would look guilty.
    """
    names, candidates = list(key.sets), list(key.sets.values())
    planted = drawn(key.key, names, len(candidates[0]))
    kept = said(prompts, candidates).sum(axis=1) == 0
    return planted_canaries(said(answers, candidates)[kept], planted[kept], commitment(key.key))


def _said(
    case: Case, teacher: str, result: KeyedTest, own: KeyedTest | Skipped, fired: int, controls: int
) -> str:
    """What was measured, in a sentence or three."""
    form = FORMS[result.statistic].format(v=number(result.value, 3), n=result.n, e=number(result.expected, 3))
    shows = (
        f"{teacher}'s own answers have p {exact_p(own.p, own.log10_p)}"
        if isinstance(own, KeyedTest)
        else f"{teacher}'s own answers are too few to try it on"
    )
    return (
        f"In {case.student}'s answers {form} (p {exact_p(result.p, result.log10_p)}); {shows}, and "
        f"{fired} of {controls} references have p {p_value(FIRED_AT)} or less. A mark says that the "
        "student met marked text, not who handed it over. SHA-256 commitment to the key: "
        f"{result.params['key_commitment']}."
    )


def _row(
    student: str,
    teacher: str,
    scheme: str,
    result: KeyedTest,
    own: KeyedTest | Skipped,
    fired: int,
    controls: int,
) -> PairTest:
    of_teacher = own.log10_p if isinstance(own, KeyedTest) else None
    return PairTest(
        detector="canary",
        proposition="distillation",
        statistic=result.statistic,
        subject=student,
        other=teacher,
        p=max(result.p, SMALLEST),
        log10_p=result.log10_p,
        value=result.value,
        n=result.n,
        place="the student's answers",
        rests_on=RESTS_ON,
        params={
            **result.params,
            "scheme": scheme,
            "expected": result.expected,
            "log10_p_of_teacher": of_teacher,
            "controls": controls,
            "controls_fired": fired,
        },
    )


def _alternatives(teacher: str, controls: int) -> tuple[Alternative, ...]:
    return (
        Alternative(
            "public marked text",
            False,
            f"{teacher}'s marked answers may be public; a student that met them there shows the mark, too.",
        ),
        Alternative(
            "a key chosen to fit",
            False,
            "Whoever tries keys or settings until one fits finds one: multiply p by the number of tries, and "
            "ask for a commitment that was published before the student was asked.",
        ),
        Alternative(
            "a mark that is not the teacher's alone",
            bool(controls),
            f"The key was tried on {controls} references that learned nothing from {teacher}."
            if controls
            else "There were no references to try the key on.",
        ),
    )


def _steps(teacher: str, own: KeyedTest | Skipped) -> tuple[str, ...]:
    unmarked = (
        f"Marked answers of {teacher} in the panel: its answers there show no mark, so it is not known that "
        "this key finds one."
    )
    shows = isinstance(own, KeyedTest) and own.p <= FIRED_AT
    return (
        *(() if shows else (unmarked,)),
        "A commitment to the key (its SHA-256) published before the student was asked.",
        "Other evidence of the same: the served log with held-out answers, or log-probabilities.",
    )
