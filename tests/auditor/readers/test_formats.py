from __future__ import annotations

import json
import zipfile

import pyarrow as pa
import pytest

from auditor.errors import AuditError
from auditor.readers import ReadOptions, detect, read, read_all
from auditor.recorded import COLUMNS
from tests.auditor.readers.written import lines_of, put, rows_of


def alpaca(model, *outputs):
    return [{"instruction": f"Ask {i}?", "output": o, "generator": model} for i, o in enumerate(outputs)]


def test_alpaca_eval_file(tmp_path):
    found = read(put(tmp_path / "any.json", alpaca("m", "one", "two")))
    assert found.format == "alpaca_eval"
    assert found.table.schema == COLUMNS
    assert rows_of(found) == [("m", None, "Ask 0?", None, "one"), ("m", None, "Ask 1?", None, "two")]
    assert list(found.files) == [str(tmp_path / "any.json")]
    assert len(found.files[str(tmp_path / "any.json")]) == 64


def test_alpaca_eval_results_folder_and_one_model_of_it(tmp_path):
    put(tmp_path / "results/a/model_outputs.json", alpaca("a", "one"))
    put(tmp_path / "results/b/model_outputs.json", alpaca("b", "one"))
    put(tmp_path / "results/b/annotations.json", [{"preference": 1}])
    assert read(tmp_path / "results").table["model"].to_pylist() == ["a", "b"]
    assert read(tmp_path / "results/b").table["model"].to_pylist() == ["b"]


def test_alpaca_eval_folders_with_one_generator_are_two_models(tmp_path):
    put(tmp_path / "a/model_outputs.json", alpaca("same", "one"))
    put(tmp_path / "b/model_outputs.json", alpaca("same", "two"))
    found = read(tmp_path)
    assert found.table["model"].to_pylist() == ["same", "b"]
    assert "calls its model same" in found.notes[0]


def test_alpaca_eval_without_generator_takes_the_folder(tmp_path):
    put(tmp_path / "wren/model_outputs.json", [{"instruction": "Ask?", "output": "x"}])
    assert read(tmp_path / "wren").table["model"].to_pylist() == ["wren"]


@pytest.mark.parametrize("turn", ["First.", {"content": "First.", "token_len": 2}])
def test_model_answer_with_questions_above(tmp_path, turn):
    put(tmp_path / "question.jsonl", lines_of({"question_id": 81, "turns": ["Write a line.", "And again."]}))
    record = {"question_id": 81, "model_id": "m", "choices": [{"index": 0, "turns": [turn, "Second."]}]}
    path = put(tmp_path / "model_answer/m.jsonl", lines_of(record))
    assert rows_of(read(path)) == [("m", "81", "Write a line.", None, "First.")]
    assert read(path).format == "model_answer"
    assert set(read(path.parent).files) == {str(path), str(tmp_path / "question.jsonl")}


def test_model_answer_choices_are_samples_and_need_no_questions(tmp_path):
    choices = [{"turns": ["a"]}, {"turns": ["b"]}]
    path = put(tmp_path / "m.jsonl", lines_of({"question_id": "q", "model": "m", "choices": choices}))
    found = read(path)
    assert rows_of(found) == [("m", "q", None, 0, "a"), ("m", "q", None, 1, "b")]
    assert "2 answers have no prompt text" in found.notes[0]


def test_arena_hard_with_messages(tmp_path):
    messages = [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": {"answer": "Hello."}},
        {"role": "user", "content": "More?"},
    ]
    path = put(
        tmp_path / "m.jsonl", lines_of({"uid": "u1", "ans_id": "x", "model": "m", "messages": messages})
    )
    assert rows_of(read(path)) == [("m", "u1", "Hello?", None, "Hello.")]


SAMPLE_NAME = "samples_riddles_2024-05-01T10-00-00.123456.jsonl"


@pytest.mark.parametrize(
    "arguments",
    [
        {"gen_args_0": {"arg_0": "Riddle?", "arg_1": {"until": []}}},
        [["Riddle?", {"until": []}]],
        [['[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Riddle?"}]', {}]],
        {"gen_args_0": {"arg_0": ['[{"role": "user", "content": "Riddle?"}]'], "arg_1": {}}},
    ],
)
def test_lm_eval_arguments_in_every_form(tmp_path, arguments):
    record = {"doc_id": 3, "doc": {}, "target": "egg", "arguments": arguments, "resps": [["An egg."]]}
    path = put(tmp_path / "org__name" / SAMPLE_NAME, lines_of({**record, "filtered_resps": ["egg"]}))
    assert rows_of(read(path)) == [("org/name", "riddles/3", "Riddle?", None, "An egg.")]
    assert read(path).format == "lm_eval"


def test_lm_eval_repeats_filters_choices_and_model_name(tmp_path):
    base = {"arguments": [["Q?", {}]], "target": ""}
    records = [
        {**base, "doc_id": 0, "resps": [["a", "b"]], "filter": "strict"},
        {**base, "doc_id": 0, "resps": [["a", "b"]], "filter": "loose"},
        {**base, "doc_id": 1, "resps": [["-1.5", "False"]]},
        {**base, "doc_id": 2, "resps": [[["-1.5", "False"]], [["-2.5", "True"]]]},
    ]
    put(tmp_path / "x" / SAMPLE_NAME, lines_of(*records))
    results = {"config": {"model_args": "pretrained=org/bird,dtype=auto"}}
    put(tmp_path / "x/results_2024-05-01T10-00-00.123456.json", results)
    found = read(tmp_path)
    assert rows_of(found) == [
        ("org/bird", "riddles/0", "Q?", 0, "a"),
        ("org/bird", "riddles/0", "Q?", 1, "b"),
    ]
    assert any("1 rows repeat" in n for n in found.notes)
    assert any("2 rows are log-likelihoods" in n for n in found.notes)


def inspect_sample(epoch=1, content="Blue.", asked="Colour?"):
    return {
        "id": 7,
        "epoch": epoch,
        "input": asked,
        "output": {"model": "x", "choices": [{"message": {"role": "assistant", "content": content}}]},
    }


def inspect_header(epochs=1):
    about = {"model": "org/m", "task": "colours", "config": {"epochs": epochs}}
    return {"version": 2, "status": "success", "eval": about}


def write_eval(path, header, *samples, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("_journal/start.json", json.dumps(header))
        archive.writestr("header.json", json.dumps(header))
        for at, sample in enumerate(samples):
            archive.writestr(f"samples/{at}_epoch_1.json", json.dumps(sample))
        archive.writestr("../outside.json", "{}")
    return path


def test_inspect_eval_and_json_say_the_same(tmp_path):
    parts = [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Green."}]
    samples = [inspect_sample(1), inspect_sample(2, parts, [{"role": "user", "content": "Colour?"}])]
    archive = write_eval(tmp_path / "a.eval", inspect_header(2), *samples)
    log = put(tmp_path / "a.json", {**inspect_header(2), "samples": samples})
    expected = [("org/m", "colours/7", "Colour?", 0, "Blue."), ("org/m", "colours/7", "Colour?", 1, "Green.")]
    assert rows_of(read(archive)) == expected == rows_of(read(log))
    assert read(tmp_path).format == "inspect"
    assert not (tmp_path.parent / "outside.json").exists()


def test_inspect_attachments_and_samples_that_failed(tmp_path):
    long = {**inspect_sample(1, "attachment://h"), "attachments": {"h": "A long one."}}
    failed = {"id": 8, "epoch": 1, "input": "?", "output": {"choices": []}, "error": {"message": "no"}}
    found = read(write_eval(tmp_path / "a.eval", inspect_header(), long, failed))
    assert rows_of(found) == [("org/m", "colours/7", "Colour?", None, "A long one.")]
    assert found.notes == ("1 samples ended without an answer (an error or a limit): left out.",)


def test_inspect_members_packed_with_zstandard(tmp_path, monkeypatch):
    """The zip method 93 is written by hand: Arrow packs, and the two headers say so."""
    path = tmp_path / "z.eval"
    header = json.dumps(inspect_header()).encode()
    sample = json.dumps(inspect_sample()).encode()
    packed = pa.compress(sample, "zstd", asbytes=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", header)
        archive.writestr("samples/7_epoch_1.json", packed)
        archive.infolist()[1].compress_type = 93
        archive.infolist()[1].file_size = len(sample)
    assert rows_of(read(path))[0][-1] == "Blue."


def batch_line(custom_id, content, error=None):
    body = {"model": "m-2", "choices": [{"index": 0, "message": {"role": "assistant", "content": content}}]}
    response = None if error else {"status_code": 200, "body": body}
    return {"id": "b", "custom_id": custom_id, "response": response, "error": error}


def test_openai_batch_with_its_input_beside(tmp_path):
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a bird."}]
    asked = {"custom_id": "r1", "method": "POST", "url": "/v1", "body": {"model": "m", "messages": messages}}
    put(tmp_path / "in.jsonl", lines_of(asked))
    path = put(
        tmp_path / "out.jsonl", lines_of(batch_line("r1", "Wren."), batch_line("r2", "", {"code": "limit"}))
    )
    for found in (read(path), read(tmp_path)):
        assert found.format == "openai_batch"
        assert rows_of(found) == [("m-2", "r1", "Name a bird.", None, "Wren.")]
        assert found.notes == ("1 requests failed or came back without an answer: left out.",)


def test_openai_batch_of_the_responses_endpoint(tmp_path):
    output = [
        {"type": "reasoning", "summary": []},
        {"type": "message", "content": [{"type": "output_text", "text": "Wren."}]},
    ]
    line = {"custom_id": "r1", "response": {"body": {"model": "m", "output": output}}, "error": None}
    assert rows_of(read(put(tmp_path / "o.jsonl", lines_of(line)))) == [("m", "r1", None, None, "Wren.")]


def test_format_by_name_and_unknown_names(tmp_path):
    path = put(tmp_path / "a.json", alpaca("m", "one"))
    assert read(path, ReadOptions(format="json")).format == "json"
    with pytest.raises(AuditError, match=r"no such format. Allowed are alpaca_eval"):
        read(path, ReadOptions(format="xml"))


def test_detect_and_read_all(tmp_path):
    one = put(tmp_path / "a.json", alpaca("m", "one"))
    two = put(tmp_path / "b.jsonl", lines_of({"prompt": "Ask?", "output": "x"}))
    assert detect(one).name == "alpaca_eval"
    assert [r.format for r in read_all([one, two])] == ["alpaca_eval", "jsonl"]
