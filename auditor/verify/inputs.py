"""Files that a run read besides the answers, found again in a folder by their SHA-256.

Paths in an evidence file come from whoever made it, so none is ever opened. Leaves out weights, secret keys,
folders of controls and embedding models: what rests on them is not computed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from auditor import calibration_file, shipped
from auditor.config import CompareConfig

# Options whose files serve again when they are found; the others never do.
FILES = ("scores", "served", "held_out")
NEVER = ("weights", "bases", "canary_keys", "controls")
MOST = 10_000  # files of the folder that are hashed


def found(
    config: CompareConfig, hashes: Mapping[str, str], folder: Path | None
) -> tuple[CompareConfig, tuple[str, ...]]:
    """The configuration with the files that were found, and what is lacking ("what: why").

    `hashes` : path -> SHA-256 of what the run read, as it was stored.
    """
    here = _hashed(folder) if folder else {}
    lacking = [
        f"--{name.replace('_', '-')}: not in an evidence file" for name in NEVER if getattr(config, name)
    ]
    changed: dict[str, object] = dict.fromkeys(NEVER, ())
    for name in FILES:
        given = getattr(config, name)
        files = [_again(text, hashes, here) for text in given]
        whole = bool(given) and all(files)
        changed[name] = tuple(one for some in files for one in some) if whole else ()
        if given and not whole:
            lacking.append(f"--{name.replace('_', '-')}: {_where(folder)}")
    if not changed["scores"] or not changed["served"] or not changed["held_out"]:
        changed |= dict.fromkeys(("served", "held_out"), ())
    if not changed["scores"]:
        changed["same_data"] = ()
    if config.embedding:
        lacking.append("--embedding: a model is not in an evidence file")
        changed["embedding"] = None
    if any(text.startswith("hf:") for text in (config.student, *config.teachers)):
        lacking.append("weights of models that were asked on the machine: not in an evidence file")
    calibration, why = _calibration(config, hashes, here, folder)
    changed["calibration"] = calibration
    lacking += why
    return replace(config, **changed), tuple(lacking)  # type: ignore[arg-type]


def _again(text: str, hashes: Mapping[str, str], here: Mapping[str, Path]) -> list[str]:
    """Files of one value of an option ("FILE", "TEACHER=FILE" or a folder); [] = not all are there."""
    teacher, is_named, path = text.partition("=") if text not in hashes else ("", "", text)
    path = path if is_named else text
    wanted = {
        name: one for name, one in hashes.items() if name == path or name.startswith(f"{path.rstrip('/')}/")
    }
    if not wanted or not all(one in here for one in wanted.values()):
        return []
    return [f"{teacher}{is_named}{here[one]}" for one in wanted.values()]


def _calibration(
    config: CompareConfig, hashes: Mapping[str, str], here: Mapping[str, Path], folder: Path | None
) -> tuple[str | None, list[str]]:
    """The calibration of the run, and why it cannot be had."""
    if config.calibration == "none":
        return "none", []
    if config.calibration:
        file = here.get(hashes.get(config.calibration, ""))
        return (str(file), []) if file else ("none", [f"--calibration: {_where(folder)}"])
    ours = hashlib.sha256(shipped.path(calibration_file.SHIPPED).read_bytes()).hexdigest()
    if hashes.get(calibration_file.SHIPPED) not in (None, ours):
        return None, ["the shipped calibration: this version has another one"]
    return None, []


def _where(folder: Path | None) -> str:
    return (
        f"no file in {folder} has the SHA-256 that was stored" if folder else "give its folder with --inputs"
    )


def _hashed(folder: Path) -> dict[str, Path]:
    """SHA-256 -> file, of every regular file under a folder of the reader."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())[:MOST]
    found = {}
    for path in files:
        with path.open("rb") as file:
            found[hashlib.file_digest(file, "sha256").hexdigest()] = path
    return found
