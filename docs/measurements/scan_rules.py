"""How well the rules of `audit scan` on rows tell: precision and recall, on made-up rows and on real answers.

Usage: [AUDIT_TEST_DATA=FOLDER] python docs/measurements/scan_rules.py

Made-up rows: sentences put together of names and forms here (by the hand that wrote `data/scan/text.toml`, so
their recall is a ceiling), and others that deny, quote, play, ask, or speak about a provider; fields with and
without models. Real answers (`outputs/*.parquet`, by the model that wrote them): how many call themselves a
provider's model, how many rightly; people's texts and base models must not. Patterns were chosen on the first
half of the sources; the second half is reported. No text is printed.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.progress import Silent
from auditor.scan.rows.files import data_file
from auditor.scan.rows.look import connected
from auditor.scan.rows.readers import open_file, source
from auditor.scan.rows.scan import scan_rows
from auditor.scan.rows.signs import signs
from auditor.scan.rows.statement import BETWEEN, statement

CHOSEN_ON = ("alpaca_eval", "qlora_vicuna80", "self_instruct252", "mmlu_pro_cot")
REPORTED = ("arena_bench_v1", "oasst_lottery175", "fast_detect_gpt", "r1_distill_math")
WHO = {
    "chatgpt": ("ChatGPT", "OpenAI"),
    "claude": ("Claude", "Anthropic"),
    "gemini": ("Gemini", "Google"),
    "llama": ("Llama", "Meta"),
    "qwen": ("Qwen", "Alibaba Cloud"),
    "deepseek": ("DeepSeek-V3", "DeepSeek"),
    "mistral": ("Mistral", "Mistral AI"),
    "grok": ("Grok", "xAI"),
    "kimi": ("Kimi", "Moonshot AI"),
    "glm": ("ChatGLM", "Zhipu AI"),
    "copilot": ("Copilot", "Microsoft"),
    "command": ("Command R", "Cohere"),
    "yi": ("Yi", "01.AI"),
    "minimax": ("MiniMax-M2", "MiniMax"),
    "hunyuan": ("Hunyuan", "Tencent"),
    "ernie": ("ERNIE Bot", "Baidu"),
}
SELVES = (
    "Hello! I'm {name}, an AI assistant made to help you.",
    "I am {name}, a large language model trained by {maker}.",
    "Thanks for asking. My name is {name}, and I'm an AI model created by {maker}.",
    "As an AI language model developed by {maker}, I don't have feelings.",
    "I was created by {maker}, so I am a language model and not a person.",
    "I’m an artificial intelligence built by {maker} to answer questions.",
    "I'm a virtual assistant, trained by {maker}, and I can't see pictures.",
    "{maker} developed me as a general AI assistant.",
    "我是{name}，一个由{maker}开发的人工智能助手。",
    "Soy {name}, un modelo de lenguaje desarrollado por {maker}.",
    "Je suis {name}, un modèle de langage entraîné par {maker}.",
    "Ich bin {name}, ein Sprachmodell, entwickelt von {maker}.",
)
OTHERS = (
    "I am not {name}, and I don't know that model.",
    "I'm not a model developed by {maker}.",
    "I was not created by {maker}.",
    "{name} is a large language model trained by {maker}.",
    "As an AI language model developed by {maker}, {name} answers questions.",
    "Many people ask whether I am {name}.",
    'The screen read: "I am {name}, a large language model trained by {maker}."',
    "If I were asked, I would say I'm {name}, an AI by {maker}, but that would be false.",
    "In the story the robot says I am {name}, made by {maker}.",
    "He pretended: I'm {name}, an AI built by {maker}.",
    "Users of {name} often complain about {maker} and its prices.",
    "{maker} was founded by people who wanted an AI assistant.",
    "I work at {maker}, where we train an AI model.",
    "I use {name} every day, and I am happy with it.",
    "I think I'm smarter than {name}.",
    "It is not true that I am {name}.",
    "> I am {name}, an AI assistant by {maker}",
    "I compared it with {name}, a language model from {maker}.",
)
PEOPLE = (
    "I'm Claude, a baker from Lyon.",
    "My name is Claude and I am a fashion model.",
    "I am Gemini, born in June, and my sister is Leo.",
    "I'm Kimi, and I drive racing cars.",
    "My name is Ernie, I live with Bert.",
    "I am a bard who sings of llamas.",
    "I'm Yi, your new neighbour.",
    "I was trained by Google as an engineer for two years.",
    "I was hired by Meta after I left Microsoft.",
    "I'm the copilot, please fasten your seat belts.",
    "I am in command here.",
    "As an AI researcher, I cannot agree with that.",
    "As an artist, I cannot say what it means.",
    "I'm sorry, but I cannot come to the party.",
    "I can't help it, I love this song.",
    "The mistral blows, and I am cold.",
)
REFUSALS = (
    "As an AI language model, I cannot {what}.",
    "I'm sorry, but as an AI, I can't {what}.",
    "As an artificial intelligence, I am not able to {what}.",
    "I am an AI language model and do not {what}.",
    "I'm just an AI assistant, so I can't {what}.",
    "I'm sorry, I can't assist with that request.",
    "As of my last knowledge update in 2021, nobody could {what}.",
    "作为一个人工智能语言模型，我无法回答。",
    "Como modelo de lenguaje, no puedo {what}.",
    "Als KI-Sprachmodell kann ich nicht {what}.",
)
WHAT = ("see pictures", "give medical advice", "open links", "have opinions")
MARKS = (
    "<|im_start|>assistant",
    "[INST] Hi [/INST]",
    "<start_of_turn>model",
    "<|eot_id|>",
    "<think>So</think>",
)
MARKS += (
    "see turn0search3",
    "as said 【12†source】",
    "<|start_header_id|>",
    "<｜Assistant｜>",
    "<|channel|>final",
)
NO_MARKS = (
    "I think so.",
    "a <b>bold</b> word",
    "[1] a note",
    "x < y | z > w",
    "turn 0, search 3",
    "【note】",
)
MODELS = ("gpt-4", "GPT-4o", "openai/gpt-3.5-turbo", "claude-3-opus-20240229", "Qwen/Qwen2.5-72B-Instruct")
MODELS += (
    "meta-llama/Meta-Llama-3-70B-Instruct",
    "deepseek-ai/DeepSeek-R1",
    "gemini-1.5-pro",
    "text-davinci-003",
)
THINGS = (
    "Civic",
    "Model S",
    "XC90",
    "Falcon 500",
    "iPhone 15 Pro",
    "ThinkPad X1",
    "V8",
    "2.0 TDI",
    "Galaxy S21",
)
THINGS += (
    "random forest",
    "human",
    "none",
    "linear",
    "RX-7",
    "Nova",
    "BMW 320d",
    "ResNet-50",
    "A4",
    "unknown",
)
FIRST_PARTY = {
    "chatgpt": r"gpt-?[34].*|gpt_?35.*|text[-_]davinci.*|chatgpt.*",
    "claude": r"claude.*|bedrock_claude.*",
    "gemini": r"bard|gemini.*|palm.*|gemma-.*it.*",
    "llama": r"(?:meta-)?llama-?[23].*(?:chat|instruct).*",
    "qwen": r"qwen.*chat.*|qwen.*instruct.*|qwq.*",
    "deepseek": r"deepseek-(?:llm|v|chat|r1$|coder-v).*",
    "mistral": r"mi[sx]tral.*(?:instruct|medium|large|small).*",
    "yi": r"yi-.*chat.*|yi-large.*",
    "glm": r"chatglm.*|glm.*",
    "command": r"cohere.*|c4ai-command.*|command.*",
}
HUMAN = r".*__human|human_reference"
BASE = r".*(?:gpt2-xl|gpt-neox?|gpt-neo-2\.7b|gpt-neox-20b|gpt-j-6b|opt-2\.7b)|davinci|llama-2-\d+b-hf"
BASE += r"|meta-llama-3(?:_1)?-\d+b|mi[sx]tral-[\dx]+b-v0\.[12](?:-hf)?|qwen1\.5-110b|yi-\d+b|gemma-7b"


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as name:
        _made_up(Path(name))
        if "AUDIT_TEST_DATA" in os.environ:
            _real(Path(os.environ["AUDIT_TEST_DATA"]) / "outputs", Path(name))


def _made_up(folder: Path) -> None:
    filler = "Here is the answer. It has some words before and after. "
    print("| rule | signs | found | recall | other rows | false | precision |\n|---|---|---|---|---|---|---|")
    selves = {subject: [f.format(name=n, maker=m) for f in SELVES] for subject, (n, m) in WHO.items()}
    others = [f.format(name=n, maker=m) for f, (n, m) in itertools.product(OTHERS, WHO.values())]
    refusals = [f.format(what=w) for f, w in itertools.product(REFUSALS, WHAT)]
    right = wrong = total = 0
    for subject, texts in selves.items():
        found = _counts(folder, [{"output": f"{filler}{t} {filler}"} for t in texts])
        right += found.get(("GEN008", subject), 0)
        wrong += sum(n for (rule, s), n in found.items() if rule == "GEN008" and s != subject)
        total += len(texts)
    quiet = [{"output": f"{filler}{t} {filler}"} for t in [*others, *PEOPLE]]
    quiet += [
        {"instruction": f"{a} {n}.", "output": selves[s][1]}
        for s, (n, _) in WHO.items()
        for a in ("Pretend to be", "Write a dialogue with", "Act as", "You are")
    ]
    found = _counts(folder, quiet)
    wrong += sum(n for (rule, _), n in found.items() if rule == "GEN008")
    _row("GEN008 self-identification", total, right, len(quiet), wrong)
    found = _counts(folder, [{"output": f"{filler}{t} {filler}"} for t in refusals])
    other = _counts(folder, [{"output": f"{filler}{t} {filler}"} for t in [*PEOPLE, *others]])
    _row("GEN009 refusals", len(refusals), found.get(("GEN009", ""), 0), len(PEOPLE) + len(others), 0, other)
    found = _counts(folder, [{"output": f"{filler}{t}"} for t in MARKS])
    other = _counts(folder, [{"output": f"{filler}{t}"} for t in NO_MARKS])
    _row("GEN010 marks of templates", len(MARKS), _of("GEN010", found), len(NO_MARKS), _of("GEN010", other))
    fields = ("model", "generator", "teacher", "engine")
    found = _counts(folder, [{f: m, "output": filler} for f in fields for m in MODELS])
    things = [{f: m, "output": filler} for f in fields for m in THINGS]
    things += [{"judge_model": m, "output": filler} for m in MODELS]
    other = _counts(folder, things, one_by_one=True)
    n = len(fields) * len(MODELS)
    _row("GEN001 fields", n, _of("GEN001", found) + _of("GEN013", found), len(things), _of("GEN001", other))
    print(f"GEN013 of things that are no models: {_of('GEN013', other)} of {len(things)} rows")


def _of(rule: str, found: Counter[tuple[str, str]]) -> int:
    return sum(n for (r, _), n in found.items() if r == rule)


def _row(
    rule: str, signs: int, found: int, others: int, false: int, other: Counter[tuple[str, str]] | None = None
) -> None:
    false = _of("GEN009", other) if other is not None else false
    precision = found / max(1, found + false)
    print(f"| {rule} | {signs} | {found} | {found / signs:.3f} | {others} | {false} | {precision:.3f} |")


def _counts(folder: Path, rows: list[dict[str, str]], one_by_one: bool = False) -> Counter[tuple[str, str]]:
    """Rows by rule and subject; one by one, since what a column holds beside it counts."""
    found: Counter[tuple[str, str]] = Counter()
    for part in [[r] for r in rows] if one_by_one else _alike(rows):
        (folder / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in part))
        scanned = scan_rows(folder, [data_file(folder, "rows.jsonl")], 0, (), Silent())
        for finding in scanned.findings:
            found[finding.rule, finding.subject] += finding.count
    return found


def _alike(rows: list[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    for _, group in itertools.groupby(sorted(rows, key=lambda r: sorted(r)), key=lambda r: sorted(r)):
        yield list(group)


def _real(outputs: Path, folder: Path) -> None:
    for half, names in (("chosen on", CHOSEN_ON), ("reported", REPORTED)):
        print(f"\n{half}: {', '.join(names)}")
        print("| texts of | rows | call themselves | rightly | otherwise | refuse | marks |")
        print("|---|---|---|---|---|---|---|")
        totals: dict[str, Counter[str]] = {}
        for name in names:
            for model, rows, shown in _models(outputs, f"{name}.parquet", folder):
                own = _owner(model)
                kind = own if own in ("people", "base models", "others") else "makers"
                counts = totals.setdefault(kind, Counter())
                counts["rows"] += rows
                for (rule, subject), n in shown.items():
                    counts[rule] += n
                    if rule == "GEN008":
                        counts["right" if subject == own else "wrong"] += n
        for kind, c in sorted(totals.items()):
            rest = f"{c['right']:,} | {c['wrong']:,} | {c['GEN009']:,} | {c['GEN010']:,} |"
            print(f"| {kind} | {c['rows']:,} | {c['GEN008']:,} | {rest}")


def _owner(model: str) -> str:
    name = re.sub(r"^\d{4}-\d\d-\d\d_", "", model).lower()
    name = re.sub(r"^(?:pubmed|squad|writing|xsum)_", "", name)
    if re.fullmatch(HUMAN, name):
        return "people"
    if re.fullmatch(BASE, name):
        return "base models"
    return next((who for who, pattern in FIRST_PARTY.items() if re.fullmatch(pattern, name)), "others")


def _models(outputs: Path, name: str, folder: Path) -> Iterable[tuple[str, int, Counter[tuple[str, str]]]]:
    """By model: rows, and rows by rule and subject."""
    with connected(folder) as con:
        file = data_file(outputs, name)
        opened = open_file(con, outputs, file, 0, folder)
        one = source(con, [opened], 0)
        whole = statement(opened.plan, one.sql, "j", one.bad, "")
        query = whole[: whole.rindex("\nSELECT file")]
        rows = con.execute(f"{query} SELECT rg0, hits, count(*) FROM rows GROUP BY ALL").fetchall()
    found: dict[str, tuple[int, Counter[tuple[str, str]]]] = {}
    for model, hits, n in rows:
        total, shown = found.get(model, (0, Counter()))
        told = {(s.rule, s.subject) for s in signs([h for h in hits.split(BETWEEN) if h])}
        shown.update(dict.fromkeys(told, n))
        found[model] = total + n, shown
    return [(model, total, shown) for model, (total, shown) in found.items()]


if __name__ == "__main__":
    main()
