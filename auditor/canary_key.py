"""The file with a teacher owner's secret: a green list's key, or the key that drew the planted canaries.

JSON, one object: {"scheme": "words", "key": TEXT, "context": 1, "fraction": 0.25}, with "tokenizer": FILE
where tokens are no words; {"scheme": "lefthash", "key": NUMBER, "vocabulary": N, "fraction": 0.25,
"tokenizer": FILE}; or {"scheme": "canaries", "key": TEXT, "sets": {NAME: [CANDIDATE, ...]}}. No message shows
what is in the file. Leaves out the tests (`keyed.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from auditor.errors import AuditError
from detectors.canary import FEWEST_KEY_BYTES, Int64, KeyedHash, Scheme, word_ids
from detectors.green_lists import DEFAULT_KEY, LeftHash

KEYS = {
    "words": {"scheme", "key", "context", "fraction", "tokenizer"},
    "lefthash": {"scheme", "key", "vocabulary", "fraction", "tokenizer"},
    "canaries": {"scheme", "key", "sets"},
}
MOST_BYTES = 16_000_000
MOST_CONTEXT, MOST_VOCABULARY, LARGEST_KEY = 16, 2_000_000, 2**64
MOST_CANDIDATES = 1000
Tokens = Callable[[Sequence[str]], list[Int64]]


@dataclass(frozen=True)
class GreenKey:
    """A green-list watermark, and how its owner cuts text; neither shows the key."""

    name: str
    scheme: Scheme
    tokens: Tokens = field(repr=False)


@dataclass(frozen=True)
class CanaryKey:
    """Sets of candidates of equal number, of which the key drew one each; all of it is secret."""

    name: str
    key: bytes = field(repr=False)
    sets: Mapping[str, tuple[str, ...]] = field(repr=False)


def read(path: Path) -> GreenKey | CanaryKey:
    """Read the file.

    Raises
    ------
    AuditError : what is wrong, and never what is in the file.
    """
    table = _table(path)
    scheme = table.get("scheme")
    if not isinstance(scheme, str) or scheme not in KEYS:
        raise _refused(path, f"'scheme' must be one of {', '.join(KEYS)}")
    if unknown := len(table.keys() - KEYS[scheme]):
        raise _refused(path, f"{unknown} unknown names; {scheme} takes {', '.join(sorted(KEYS[scheme]))}")
    if scheme == "canaries":
        return CanaryKey(scheme, _secret(path, table), _sets(path, table.get("sets")))
    fraction = table.get("fraction", 0.25)
    if type(fraction) is not float or not 0 < fraction < 1:
        raise _refused(path, "'fraction' must be a number between 0 and 1, the share of green tokens")
    tokens = _tokenizer(path, table["tokenizer"]) if "tokenizer" in table else word_ids
    if scheme == "words":
        context = table.get("context", 1)
        if type(context) is not int or not 0 <= context <= MOST_CONTEXT:
            raise _refused(path, f"'context' must be a whole number from 0 to {MOST_CONTEXT}")
        return GreenKey(scheme, KeyedHash(_secret(path, table), context, fraction), tokens)
    if "tokenizer" not in table:
        raise _refused(path, "'lefthash' needs 'tokenizer', the tokenizer.json of the model that was marked")
    return GreenKey(scheme, _lefthash(path, table, fraction), tokens)


def _table(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _refused(path, f"it has more than {MOST_BYTES} bytes")
        table = json.loads(path.read_bytes().decode("utf-8"))
        json.dumps(table, ensure_ascii=False).encode("utf-8")  # half characters cannot be hashed
    except OSError as error:
        raise AuditError(f"--canary-key {path}: cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        # `from None`: the error holds the text that it could not read.
        raise _refused(path, "it is not JSON in UTF-8") from None
    if not isinstance(table, dict):
        raise _refused(path, "it must be one object")
    return table


def _secret(path: Path, table: Mapping[str, Any]) -> bytes:
    text = table.get("key")
    if not isinstance(text, str) or len(text.encode("utf-8", "replace")) < FEWEST_KEY_BYTES:
        raise _refused(path, f"'key' must be a text of at least {FEWEST_KEY_BYTES} bytes, drawn at random")
    return text.encode("utf-8", "replace")


def _lefthash(path: Path, table: Mapping[str, Any], fraction: float) -> LeftHash:
    key, vocabulary = table.get("key"), table.get("vocabulary")
    if type(key) is not int or not 0 < key < LARGEST_KEY:
        raise _refused(path, "'key' must be a whole number above 0 and below 2^64")
    if key == DEFAULT_KEY:
        raise _refused(path, "its key is the published default, and so everybody's mark: it shows nothing")
    if type(vocabulary) is not int or not 2 <= vocabulary <= MOST_VOCABULARY:
        raise _refused(path, f"'vocabulary' must be a whole number from 2 to {MOST_VOCABULARY}")
    try:
        return LeftHash(key, vocabulary, fraction)
    except ValueError:
        raise _refused(path, "'fraction' of 'vocabulary' must be at least one token") from None


def _sets(path: Path, sets: object) -> dict[str, tuple[str, ...]]:
    said = f"'sets' must be an object of lists of 2 to {MOST_CANDIDATES} different texts, all of one length"
    if not isinstance(sets, dict) or not sets:
        raise _refused(path, said)
    for row in sets.values():
        if not isinstance(row, list) or not all(isinstance(c, str) and c.strip() for c in row):
            raise _refused(path, said)
        if not 2 <= len(row) <= MOST_CANDIDATES or len({" ".join(c.casefold().split()) for c in row}) < len(
            row
        ):
            raise _refused(path, said)
    if len({len(row) for row in sets.values()}) > 1:
        raise _refused(path, said)
    return {name: tuple(row) for name, row in sets.items()}


def _tokenizer(path: Path, named: object) -> Tokens:
    """Token ids by a tokenizer.json; a relative name is looked up beside the key."""
    if not isinstance(named, str):
        raise _refused(path, "'tokenizer' must name a tokenizer.json")
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise AuditError(
            f"--canary-key {path} names a tokenizer, which needs: pip install 'distill-audit[semantics]'."
        ) from None
    try:
        tokenizer = Tokenizer.from_file(str(path.parent / named))
    except Exception:  # the library raises bare Exception; its message may quote the file
        raise _refused(path, "its 'tokenizer' is not there or is not a tokenizer.json") from None

    def tokens(texts: Sequence[str]) -> list[Int64]:
        try:
            found = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        except Exception:  # as above
            raise _refused(path, "its 'tokenizer' cannot cut the panel's answers") from None
        return [np.array(one.ids, dtype=np.int64) for one in found]

    return tokens


def _refused(path: Path, why: str) -> AuditError:
    return AuditError(f"--canary-key {path}: {why}. See docs/detectors/canary.md for the file.")
