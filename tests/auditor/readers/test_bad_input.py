from __future__ import annotations

import gzip
import pickle
import zipfile

import pytest

from auditor.errors import AuditError
from auditor.readers import ReadOptions, archive, read
from tests.auditor.readers.written import lines_of, put, rows_of

GOOD = lines_of(*({"model": "m", "prompt": f"Ask {i}?", "output": f"Said {i}."} for i in range(3)))
KEEP = ReadOptions(keep_going=True)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ('{"model": "m", "prompt": "Ask', r"line 4: not valid JSON \(.*This is the last line.*--keep-going"),
        ("<html>\n", "line 4: not valid JSON .*got '<html>'"),
        ('["m", "x"]\n', "line 4: expected a JSON object .*got a list of 2"),
        ('{"text": "x"}\n', "line 4: no 'output' here; got an object with the keys text"),
        ('{"prompt": "A?", "output": {"x": 1}}\n', "line 4: 'output' must be text; got an object"),
        ('{"output": "x"}\n', "line 4: neither prompt nor prompt id"),
        ("[" * 100_000 + "\n", "line 4: not valid JSON"),
    ],
)
def test_mixed_and_truncated_lines(tmp_path, bad, message):
    path = put(tmp_path / "a.jsonl", GOOD + bad)
    with pytest.raises(AuditError, match=message):
        read(path)
    found = read(path, KEEP)
    assert found.table["output"].to_pylist() == ["Said 0.", "Said 1.", "Said 2."]
    assert "1 rows were left out because they cannot be read; the first, line 4" in found.notes[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json"])
def test_byte_order_marks(tmp_path, encoding, name):
    text = {
        "a.jsonl": '{"prompt": "Où?", "output": "Là."}\n{"prompt": "Qui?", "output": "Moi."}\n',
        "a.csv": "prompt,output\nOù?,Là.\nQui?,Moi.\n",
        "a.json": '[{"prompt": "Où?", "output": "Là."}, {"prompt": "Qui?", "output": "Moi."}]',
    }[name]
    found = read(put(tmp_path / name, text.encode(encoding)))
    assert found.table["prompt"].to_pylist() == ["Où?", "Qui?"]
    assert found.table["output"].to_pylist() == ["Là.", "Moi."]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.json"])
def test_latin_1_is_refused_with_its_place_and_read_when_named(tmp_path, name):
    text = {
        "a.jsonl": '{"prompt": "A?", "output": "x"}\n{"prompt": "B?", "output": "café"}\n',
        "a.csv": "prompt,output\nA?,x\nB?,café\n",
        "a.json": '[{"prompt": "A?", "output": "x"},\n{"prompt": "B?", "output": "café"}]',
    }[name]
    path = put(tmp_path / name, text.encode("latin-1"))
    offset = text.index("é")
    with pytest.raises(
        AuditError, match=rf"line \d: byte {offset} \(0xe9\) is not UTF-8.*--encoding latin-1"
    ):
        read(path)
    assert read(path, ReadOptions(encoding="latin-1")).table["output"].to_pylist() == ["x", "café"]
    with pytest.raises(AuditError, match=r"no such encoding"):
        read(path, ReadOptions(encoding="latin-one"))


def test_keep_going_leaves_out_a_line_in_another_encoding(tmp_path):
    path = put(tmp_path / "a.jsonl", GOOD.encode() + '{"prompt": "B?", "output": "café"}\n'.encode("latin-1"))
    assert len(rows_of(read(path, KEEP))) == 3


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.parquet", "a.eval", "a"])
@pytest.mark.parametrize("content", ["", " \n\n"])
def test_empty_files(tmp_path, name, content):
    with pytest.raises(AuditError, match=r"the file is empty"):
        read(put(tmp_path / name, content))


def test_only_a_header_or_an_empty_list(tmp_path):
    with pytest.raises(AuditError, match=r"no rows"):
        read(put(tmp_path / "a.csv", "prompt,output\n"))
    with pytest.raises(AuditError, match=r"no responses found"):
        read(put(tmp_path / "a.json", "[]"))


def test_json_with_a_wrong_top_level(tmp_path):
    path = put(tmp_path / "a.json", '{\n "rows": [{"prompt": "A?", "output": "x"}]\n}')
    with pytest.raises(
        AuditError, match=r"top level must be a list of objects.*got an object with the keys rows"
    ):
        read(path)
    with pytest.raises(AuditError, match=r"top level must be a list of .instruction"):
        read(path, ReadOptions(format="alpaca_eval"))
    with pytest.raises(AuditError, match=r"must be an object with eval and samples"):
        read(path, ReadOptions(format="inspect"))


def test_broken_json_document(tmp_path):
    path = put(tmp_path / "a.json", '[{"prompt": "A?", "output": "x"},')
    with pytest.raises(AuditError, match=r"not valid JSON: .* at line 1 column"):
        read(path)


def test_unknown_formats_list_the_known_ones(tmp_path):
    for path in (put(tmp_path / "a.txt", "Just some words."), put(tmp_path / "b.bin", b"\x00\x01\x02")):
        with pytest.raises(AuditError, match=r"no known format.*alpaca_eval.*csv.*--input-format"):
            read(path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AuditError, match=r"folder that holds no known format"):
        read(tmp_path / "empty")
    with pytest.raises(AuditError, match=r"no such file"):
        read(tmp_path / "nowhere")


def test_pickles_are_refused_by_name_and_by_content(tmp_path):
    for name in ("a.pkl", "a.pt", "disguised.jsonl"):
        with pytest.raises(AuditError, match=r"pickle files are refused"):
            read(put(tmp_path / name, pickle.dumps(["x"])))


def test_odd_characters_are_kept_and_lone_surrogates_replaced(tmp_path):
    odd = "nul \0 bell \x07 \x1b[31mred\x1b[0m <b>&amp;</b> \u2028 \U0001f426"
    path = put(
        tmp_path / "a.jsonl",
        lines_of({"prompt": "A?", "output": odd})
        + '{"prompt": "B?", "output": "x \\ud800 y \\ud83d\\ude00"}\n',
    )
    found = read(path)
    assert found.table["output"].to_pylist() == [odd, "x \ufffd y \U0001f600"]
    assert found.notes == (
        "1 lone surrogates (half of a character, not valid text) were replaced by U+FFFD.",
    )
    assert read(put(tmp_path / "a.csv", "prompt,output\nA?,a\0b\n")).table["output"].to_pylist() == ["a\0b"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_an_answer_of_100_megabytes(tmp_path, name):
    huge = b"word " * 20_000_000
    if name == "a.csv":
        content = b"prompt,output\nA?," + huge + b"\n"
    else:
        content = b'{"output": "' + huge + b'", "prompt": "A?"}\n'
    found = read(put(tmp_path / name, content))
    assert found.table.num_rows == 1
    assert found.table["output"].nbytes >= 100_000_000


def test_gzip_that_is_cut_off(tmp_path):
    whole = gzip.compress(GOOD.encode() * 5000)
    with pytest.raises(AuditError, match=r"gzip stream is damaged or cut off"):
        read(put(tmp_path / "a.jsonl.gz", whole[: len(whole) // 2]))


def test_parquet_that_is_cut_off(tmp_path):
    with pytest.raises(AuditError, match=r"not readable as Parquet"):
        read(put(tmp_path / "a.parquet", b"PAR1 and nothing more"))


def test_archives_that_are_not_logs(tmp_path, monkeypatch):
    with pytest.raises(AuditError, match=r"not readable as a zip archive"):
        read(put(tmp_path / "cut.eval", b"PK\x03\x04 and nothing more"))
    with zipfile.ZipFile(tmp_path / "other.eval", "w") as file:
        file.writestr("readme.txt", "x")
    with pytest.raises(AuditError, match=r"no header.json in the archive; it holds readme.txt"):
        read(tmp_path / "other.eval")


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MEMBER_LIMIT", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.eval", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("header.json", '{"eval": {"model": "m"}}')
        file.writestr("samples/1_epoch_1.json", b"0" * (8 << 20))
    with pytest.raises(AuditError, match=r"larger than 1 MiB unpacked"):
        read(tmp_path / "bomb.eval")
