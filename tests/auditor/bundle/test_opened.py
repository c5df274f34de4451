"""No bundle, whoever made it, writes outside its folder, fills the disk, or gives more than one message."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.bundle import layout, opened, zipped
from auditor.bundle.opened import unpack
from auditor.errors import AuditError


def written(path, names, **changes):
    """A zip of small files; `changes` : attributes of every entry."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            info = zipfile.ZipInfo(name, zipped.WHEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            for attribute, value in changes.items():
                setattr(info, attribute, value)
            archive.writestr(info, b"text")
    return path


REFUSED = {
    "../out.txt": "no name",
    "a/../../out.txt": "no name",
    "/tmp/out.txt": "no name",
    "C:\\out.txt": "no name",
    "a\\b.txt": "no name",
    "a/b/c.txt": "no name",
    "UPPER.txt": "no name",
    ".hidden": "no name",
    "folder/": "no name",
    "x" * 70: "no name",
    "line\nend": "no name",
    "inner.zip": "an archive in the archive",
    "inner.tar": "an archive in the archive",
}


@pytest.mark.parametrize("name", REFUSED)
def test_names_that_no_bundle_has_are_refused(tmp_path, name):
    file = written(tmp_path / "case.zip", [name])
    with pytest.raises(AuditError, match=REFUSED[name]):
        unpack(file, tmp_path / "in")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["case.zip"]


def test_a_link_is_refused(tmp_path):
    file = written(tmp_path / "case.zip", ["a.txt"], external_attr=0o120777 << 16)
    with pytest.raises(AuditError, match="a link"):
        unpack(file, tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [["a.txt", "a.txt"], ["a", "a/b"]])
def test_a_name_twice_is_refused(tmp_path, names):
    with pytest.raises(AuditError, match=r"twice|at once"):
        unpack(written(tmp_path / "case.zip", names), tmp_path / "in")


def test_too_many_files_are_refused(tmp_path):
    with pytest.raises(AuditError, match="at most 64"):
        unpack(written(tmp_path / "case.zip", [f"f{n}" for n in range(65)]), tmp_path)


def test_a_bomb_is_refused_before_anything_is_written(tmp_path):
    file = tmp_path / "case.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.txt", "w") as target:
        for _ in range(40):
            target.write(bytes(1 << 20))
    with pytest.raises(AuditError, match="100 times its size"):
        unpack(file, tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_a_file_larger_than_allowed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(open_bundle_module(), "LARGEST_OTHER", 3)
    with pytest.raises(AuditError, match="at most 3 are allowed"):
        unpack(written(tmp_path / "case.zip", ["a.txt"]), tmp_path)


def open_bundle_module():
    import sys

    return sys.modules["auditor.bundle.opened"]


def test_a_size_that_lies_is_found(tmp_path):
    """The directory says 2 bytes, 4 come out."""
    file = written(tmp_path / "case.zip", ["a.txt"])
    data = bytearray(file.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", data, data.index(mark) + offset, 2)
    file.write_bytes(data)
    with pytest.raises(AuditError):
        unpack(file, tmp_path / "in") if (tmp_path / "in").mkdir() is None else None


@pytest.mark.parametrize("extra", [("before", b"x"), ("after", b"x"), ("comment", b"")])
def test_what_belongs_to_no_file_is_refused(tmp_path, extra):
    file = written(tmp_path / "case.zip", ["a.txt"])
    where, more = extra
    if where == "comment":
        with zipfile.ZipFile(file, "a") as archive:
            archive.comment = b"hello"
    else:
        data = file.read_bytes()
        file.write_bytes(more + data if where == "before" else data + more)
    with pytest.raises(AuditError):
        unpack(file, tmp_path / "in")


def test_files_that_lie_over_each_other_are_refused(tmp_path):
    file = written(tmp_path / "case.zip", ["a.txt", "b.txt"])
    data = bytearray(file.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    struct.pack_into("<L", data, second + 42, 0)  # both at the start
    file.write_bytes(data)
    with pytest.raises(AuditError, match="lies over another"):
        unpack(file, tmp_path / "in")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    names = ("manifest.json", "report.html", "schema/a.json")
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(name * 20)
    zipped.write_zip({name: folder / name for name in names}, folder / "case.zip")
    return (folder / "case.zip").read_bytes()


def attempt(data: bytes, folder: Path) -> None:
    """Open bytes as a bundle: one message or whole files, and nothing beside the folder."""
    place = folder / "place"
    place.mkdir(exist_ok=True)
    file = place / "case.zip"
    file.write_bytes(data)
    before = set(place.iterdir())
    try:
        with opened(file) as inside:
            for path in inside.rglob("*"):
                assert layout.NAME.fullmatch(path.relative_to(inside).as_posix())
                assert path.is_dir() or (path.is_file() and not path.is_symlink())
    except AuditError:
        pass
    assert set(place.iterdir()) == before


EXAMPLES = int(os.environ.get("AUDIT_FUZZ_EXAMPLES", "300"))
FUZZ = settings(
    max_examples=EXAMPLES, deadline=5000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FUZZ
@given(edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8))
def test_bytes_changed_anywhere(good, tmp_path, edits):
    data = bytearray(good)
    for place, value in edits:
        data[place % len(data)] = value
    attempt(bytes(data), tmp_path)


@FUZZ
@given(cut=st.integers(0, 10_000), start=st.integers(0, 50), more=st.binary(max_size=50))
def test_bytes_cut_or_added(good, tmp_path, cut, start, more):
    attempt(good[start : cut % (len(good) + 1)] + more, tmp_path)


@FUZZ
@given(
    names=st.lists(st.text(max_size=20), max_size=5),
    data=st.binary(max_size=50),
    attributes=st.integers(0, 2**32 - 1),
)
def test_any_names_and_attributes(tmp_path, names, data, attributes):
    import io

    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name in dict.fromkeys(names):
            try:
                info = zipfile.ZipInfo(name)
                info.external_attr = attributes
                archive.writestr(info, data)
            except (ValueError, UnicodeEncodeError):
                continue
    attempt(whole.getvalue(), tmp_path)


@FUZZ
@given(data=st.binary(max_size=200))
def test_any_bytes(tmp_path, data):
    attempt(b"PK\x03\x04" + data, tmp_path)
