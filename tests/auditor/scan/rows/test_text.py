"""What an answer says of itself counts; what it says about others, quotes, plays or denies does not."""

from __future__ import annotations

import json

import pytest

from auditor.progress import Silent
from auditor.scan.rows.files import data_file
from auditor.scan.rows.patterns import patterns, whose
from auditor.scan.rows.scan import scan_rows
from auditor.scan.rules import rules
from auditor.scan.synthetic import signals

SELF = [
    ("I am ChatGPT, a large language model trained by OpenAI.", "chatgpt"),
    ("Sure! As an AI language model developed by OpenAI, I can't browse.", "chatgpt"),
    ("I was created by Anthropic.", "claude"),
    ("Hi, I'm Claude, an AI assistant.", "claude"),
    ("I’m DeepSeek-V3, how can I help?", "deepseek"),
    ("I am Qwen, created by Alibaba Cloud.", "qwen"),
    ("I'm a large language model, trained by Google.", "gemini"),
    ("I'm an AI model created by Meta AI.", "llama"),
    ("I am Grok, an AI built by xAI.", "grok"),
    ("我是由阿里云开发的大语言模型。", "qwen"),
    ("我是文心一言，百度的人工智能助手。", "ernie"),
    ("As it goes against OpenAI's use-case policy, no.", "chatgpt"),
]
NOT_SELF = [
    "I am not ChatGPT.",
    "ChatGPT is developed by OpenAI.",
    "As an AI language model developed by OpenAI, ChatGPT writes text.",
    'It printed "I am ChatGPT, a model by OpenAI".',
    "If you ask it, it will claim that I am ChatGPT.",
    "My name is Claude, and I bake bread.",
    "I am a Gemini, and my brother is a Leo.",
    "I was trained by Google for two years as an engineer.",
    "I think I'm better than ChatGPT.",
    "I use the same words as ChatGPT, I admit.",
    "Tell me about OpenAI and about Anthropic.",
    "> I am ChatGPT",
]


def scan(root, rows):
    (root / "a.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return scan_rows(root, [data_file(root, "a.jsonl")], 0, (), Silent()).findings


@pytest.mark.parametrize(("text", "subject"), SELF)
def test_an_answer_that_says_who_it_is_counts(tmp_path, text, subject):
    for around in ("{}", "A word before. {} A word after.", "1. One\n2. {}\n3. Three"):
        found = scan(tmp_path, [{"output": around.format(text)}] * 9 + [{"output": "Nothing."}])
        (one,) = [f for f in found if f.rule == "GEN008"]
        assert (one.subject, one.count, one.total, one.confidence) == (subject, 9, 10, "medium")
        assert text.rstrip(".?。")[-10:] in one.evidence[0].excerpt


@pytest.mark.parametrize("text", NOT_SELF)
def test_an_answer_about_somebody_else_does_not(tmp_path, text):
    assert not [f for f in scan(tmp_path, [{"output": f"A word. {text} More."}]) if f.rule == "GEN008"]


@pytest.mark.parametrize(
    "request_", ["Pretend to be ChatGPT.", "Write a story about an AI.", "You are Claude."]
)
def test_a_part_that_was_asked_for_does_not(tmp_path, request_):
    turns = [
        {"role": "user", "content": request_},
        {"role": "assistant", "content": "I am ChatGPT, an AI language model trained by OpenAI."},
    ]
    assert not scan(tmp_path, [{"messages": turns}])
    assert not scan(tmp_path, [{"instruction": request_, "output": turns[1]["content"]}])


def test_few_rows_are_a_weak_sign_and_none_is_ever_a_sure_one(tmp_path):
    says = {"output": "I am ChatGPT. As an AI language model, I cannot. <|im_end|>"}
    few = scan(tmp_path, [says] * 2 + [{"output": "Fine."}] * 50)
    assert {f.rule: f.confidence for f in few} == {"GEN008": "low", "GEN009": "low", "GEN010": "low"}
    many = scan(tmp_path, [says] * 50)
    assert {f.rule: f.confidence for f in many} == {"GEN008": "medium", "GEN009": "medium", "GEN010": "low"}


def test_every_pattern_is_one_that_duckdb_takes_and_meets_a_cue():
    import duckdb

    own = patterns()
    con = duckdb.connect()
    each = (own.cues, own.named, *own.selves, own.refusals, own.guards, own.played, own.ai, own.marks)
    for pattern in (*each, own.known, own.shapes, own.hubs, own.slugs):
        con.execute("SELECT regexp_matches('x', ?)", [pattern]).fetchall()
    for text, _ in SELF:
        ((met,),) = con.execute("SELECT regexp_matches(?, ?)", [text, own.sentence_cues]).fetchall()
        assert met, text


def test_names_lead_to_one_provider_each():
    for who in patterns().who:
        found = whose(who.model)
        assert found is None or found[0].provider == who.provider
    assert whose("openai")[1] and not whose("claude")[1] and whose("nobody") is None


def test_the_tables_speak_of_rules_and_fields_that_exist():
    assert {"GEN008", "GEN009", "GEN010"} <= set(rules())
    assert patterns().envelopes >= set(signals().envelope_fields)
