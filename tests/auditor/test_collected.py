"""The file of answers: what a crash leaves, what is not ours, and who may add to it."""

from __future__ import annotations

import errno
import json

import pytest

from auditor.answer_key import with_key
from auditor.answer_lines import FORMAT
from auditor.collected import Collected, beside, decoding_in, held_in, opened
from auditor.errors import AuditError, IncompleteError
from auditor.panel import assemble
from auditor.readers import ReadOptions, detect, read
from auditor.sources import EndpointSpec

DECODING = {"temperature": 0.0, "max_tokens": 5, "logprobs": None, "seed": None, "system": None}


M = EndpointSpec("m", "http://host/v1")


def row(n=0, **other):
    return {
        "collected": FORMAT,
        "model": "m",
        "prompt_id": f"p{n}",
        "prompt": f"Ask {n}?",
        "sample": 0,
        "output": f"Said {n}.",
        "probe": f"p{n}",
        "decoding": DECODING,
        "at": M.at,
        **other,
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.jsonl"


def add(path, *rows):
    with opened(path) as file:
        held = file.held(M, DECODING)
        note = file.mend()
        file.append(list(rows))
    return held, note


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_what_is_added_is_held(path):
    add(path, row(0), row(1, model="other"))
    add(path, row(2, truncated=True, tokens={"completion": 5}), row(3, output=" ", faults=["no logprobs"]))
    held = held_in(path, M, DECODING)
    assert held.keys == {("p0", 0), ("p2", 0), ("p3", 0)}
    assert held.others == 1
    assert held.counts == {"truncated": 1, "empty": 1, "faulty": 1, "refusal": 0}
    assert held.completion_tokens == (5, 1)


def test_readers_read_it(path):
    add(path, row(0), row(1, output="", target="B"), row(2, output="half \ud800 a character"))
    assert detect(path).name == "jsonl"
    found = read(path)
    assert found.table["model"].to_pylist() == ["m"] * 3
    assert found.table["output"].to_pylist() == ["Said 0.", "", "half \ufffd a character"]
    assert not [note for note in found.notes if "surrogate" not in note]


def test_it_is_its_own_answer_key(path):
    add(path, row(0), row(1, target="B"))
    panel = with_key(assemble([read(path)]), path, ReadOptions())
    assert [probe.tags for probe in panel.probes] == [(), ("answer:B",)]


@pytest.mark.parametrize("cut", [1, 5, 40, -10, -2])
def test_a_line_that_was_never_finished_is_cut_off(path, cut):
    add(path, row(0))
    whole = path.read_bytes()
    line = json.dumps(row(1)).encode() + b"\n"
    path.write_bytes(whole + line[:cut])
    held, note = add(path, row(2))
    assert held.keys == {("p0", 0)}
    assert "never finished" in note
    assert [r["probe"] for r in lines(path)] == ["p0", "p2"]


def test_what_a_power_failure_leaves_is_cut_off(path):
    add(path, row(0))
    path.write_bytes(path.read_bytes() + b"\0" * 100_000)
    assert "never finished" in add(path, row(1))[1]
    assert len(lines(path)) == 2


def test_a_whole_last_line_without_an_end_is_kept(path):
    add(path, row(0))
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    held, note = add(path, row(1))
    assert (held.keys, note) == ({("p0", 0)}, "")
    assert [r["probe"] for r in lines(path)] == ["p0", "p1"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b'{"model": "m", "prompt": "x", "output": "y"}\n',
            "line 1: not an answer that 'audit collect' wrote",
        ),
        (b"some notes of mine", "line 1: not an answer"),
        (b'{"collected": 2, "version": "9.9", "model": "m"}\n', "distill-audit 9.9 in format 2"),
        (b'{"collected": 1, "model": "m"}\n', "'probe' is missing or of the wrong kind"),
        (b'{"collected": 1, "mo\n{"collected": 1}\n', "line 1: not an answer"),
        (b"\xff\xfe\x00", "line 1: not an answer"),
    ],
)
def test_a_file_that_is_not_ours_is_left_as_it_is(path, content, words):
    path.write_bytes(content)
    with pytest.raises(AuditError, match=words):
        add(path, row(0))
    assert path.read_bytes() == content


def test_answers_asked_for_in_another_way_are_kept_apart(path):
    add(path, row(0))
    before = path.read_bytes()
    other = {**DECODING, "temperature": 0.7, "system": "Be brief. " * 20}
    with (
        pytest.raises(AuditError, match=r"--temperature 0\.0 there, 0\.7 now; --system not given there, 'Be"),
        opened(path) as file,
    ):
        file.held(M, other)
    assert path.read_bytes() == before
    assert held_in(path, EndpointSpec("another", M.at), other).others == 1


def test_answers_from_two_places_are_kept_apart(path):
    """Two local servers may give the same name to two models."""
    add(path, row(0))
    before = path.read_bytes()
    with pytest.raises(
        AuditError, match=r"line 1: .*answers of m at http://host/v1, and http://other/v1 may be"
    ):
        held_in(path, EndpointSpec("m", "http://other/v1"), DECODING)
    assert path.read_bytes() == before


def test_how_the_answers_of_a_model_were_asked_for(path):
    assert decoding_in(path, "m") is None
    add(path, row(0, model="other"), row(1, decoding={**DECODING, "max_tokens": 7}))
    assert decoding_in(path, "m")["max_tokens"] == 7
    assert decoding_in(path, "nobody") is None


def test_the_file_beside_an_evidence_file():
    assert beside("folder/audit.duckdb") == "folder/audit.answers.jsonl"
    assert beside("audit") == "audit.answers.jsonl"


def test_one_writer(path):
    with opened(path) as file:
        file.append([row(0)])
        with pytest.raises(IncompleteError, match="being added to by another"), opened(path):
            pass
    assert len(lines(path)) == 1


def test_nothing_added_leaves_nothing(path):
    with opened(path):
        pass
    assert not path.exists()


def test_a_full_disk_loses_nothing(path):
    add(path, row(0))
    before = path.read_bytes()

    class Full:
        def __init__(self, file):
            self.file, self.left = file, 20

        def write(self, data):
            if not self.left:
                raise OSError(errno.ENOSPC, "No space left on device")
            done, self.left = self.file.write(data[: self.left]), 0
            return done

        def __getattr__(self, name):
            return getattr(self.file, name)

    with (
        path.open("a+b", buffering=0) as file,
        pytest.raises(IncompleteError, match=r"No space left.*make room"),
    ):
        Collected(path, Full(file)).append([row(1)])
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.jsonl.gz", "no/where.jsonl", "."])
def test_names_that_cannot_be(tmp_path, name):
    with pytest.raises(AuditError), opened(tmp_path / name):
        pass
    with pytest.raises(AuditError):
        held_in(tmp_path / name, M, DECODING)
