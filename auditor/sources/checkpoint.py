"""`hf:DIR_OR_ID` on this machine: which files a model consists of, and whether they may be opened.

Only numbers and settings are read: weights as safetensors or GGUF. What would run code on loading (pickle,
code of the model's own, kernels by name) is refused, whoever made it, and nothing is ever downloaded. Leaves
out what is inside the weight files (`weight_files.py`) and loading them (`local.py`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from auditor.errors import AuditError
from auditor.readers.rows import file_hash
from auditor.sources.names import name_of, taken_apart
from auditor.sources.weight_files import Stored, stored_in_gguf, stored_in_safetensors

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
SETTINGS = ("config.json", "tokenizer_config.json", "generation_config.json", "processor_config.json")
# Files that say how text becomes tokens, in the order in which they are looked for.
TOKENIZERS = ("tokenizer.json", "vocab.json", "tokenizer.model", "tekken.json")

_ALLOWED = (
    "Allowed are hf:FOLDER, hf:FILE.gguf and hf:ORGANISATION/NAME, with @REVISION or without, and with #NAME "
    "at the end or without"
)
_CONVERT = (
    "Convert it where you trust it (transformers: save_pretrained writes safetensors), and give that folder."
)
_SHARD = re.compile(r"shard-\d{5}-model-\d{5}-of-\d{5}\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """A model's files.

    Attributes
    ----------
    name : what the model is called: its id on the hub, or the name of its folder.
    folder : where its files are. gguf : name of the GGUF file in it, "" = safetensors.
    weights : the weight files. revision : commit that the local cache has it under, "" = a plain folder.
    stored : how many numbers the weights are, and of what kind.
    """

    name: str
    folder: Path
    gguf: str
    weights: tuple[Path, ...]
    revision: str
    stored: Stored

    def hashes(self) -> dict[str, str]:
        """SHA-256 (hex) of the weight files and of every file of settings or tokenizer beside them."""
        beside = () if self.gguf else (*SETTINGS, *TOKENIZERS, "merges.txt", "chat_template.jinja", INDEX)
        files = [*self.weights, *(self.folder / name for name in beside)]
        return {file.name: _hash(file, file.stat().st_mtime_ns) for file in files if file.is_file()}


@lru_cache(maxsize=1024)
def _hash(file: Path, changed: int) -> str:
    """SHA-256 (hex) of a file as it was when it was last changed; gigabytes are read once."""
    return file_hash(file)


def find(text: str) -> Checkpoint:
    """Find the files of `hf:DIR_OR_ID`; `AuditError` where there are none, or where they are refused."""
    value, name = taken_apart(text)
    if not value:
        raise AuditError(f"MODEL {text!r} names nothing. {_ALLOWED}.")
    found = _found_at(text, value)
    return replace(found, name=name) if name else found


def _found_at(text: str, value: str) -> Checkpoint:
    """Checkpoint at a place on this disk, or in the local cache."""
    path = Path(value).expanduser()
    if path.exists():
        return at(path, name_of(path))
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?(@[\w./-]+)?", value):
        raise AuditError(f"MODEL {text!r}: no such file or folder. {_ALLOWED}.")
    return _cached(value)


def at(path: Path, name: str, revision: str = "") -> Checkpoint:
    """Checkpoint in a folder, or in one GGUF file."""
    folder = path if path.is_dir() else path.parent
    gguf = _gguf(path)
    _refuse_code(folder, needs_config=not gguf and path.is_dir())
    if gguf:
        file = folder / gguf
        return Checkpoint(name, folder, gguf, (file,), revision, stored_in_gguf(file))
    if path.is_file():
        raise AuditError(_no_folder(path))
    weights = _safetensors(folder)
    if not any((folder / file).is_file() for file in TOKENIZERS):
        raise AuditError(
            f"{folder}: no tokenizer beside the weights; one of {', '.join(TOKENIZERS)} is needed. Get it"
            " from where the weights come from: another model's tokenizer would give numbers without"
            " meaning."
        )
    return Checkpoint(name, folder, "", weights, revision, stored_in_safetensors(weights))


def _cached(value: str) -> Checkpoint:
    """Checkpoint of an id on the hub, if the local cache has it."""
    try:
        os.environ["HF_HUB_OFFLINE"] = "1"
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise AuditError(
            f"hf:{value}: no such folder, and looking into the local cache needs: pip install "
            "'distill-audit[models]'"
        ) from error
    name, _, revision = value.partition("@")
    try:
        folder = Path(snapshot_download(name, revision=revision or None, local_files_only=True))
    except Exception as error:
        raise AuditError(
            f"hf:{value}: no such folder, and the local cache has no such model. Nothing is downloaded here; "
            f"get it first: hf download {name}" + (f" --revision {revision}" if revision else "")
        ) from error
    return at(folder, name, folder.name)


def _gguf(path: Path) -> str:
    """Name of the GGUF file that is meant; "" = the weights are not GGUF."""
    if path.is_file():
        name = path.name if path.suffix.lower() == ".gguf" else ""
    elif (path / SINGLE).is_file() or (path / INDEX).is_file():
        name = ""
    else:
        files = sorted(file.name for file in path.glob("*.gguf"))
        if len(files) > 1:
            raise AuditError(
                f"{path}: holds {len(files)} GGUF files. Name one, such as hf:{path / files[0]}."
            )
        name = files[0] if files else ""
    if re.search(r"-\d{5}-of-\d{5}\.gguf$", name):
        raise AuditError(
            f"{path}: {name} is a part of a split GGUF. Join the parts (llama-gguf-split --merge), and give"
            " the whole file."
        )
    return name


def _safetensors(folder: Path) -> tuple[Path, ...]:
    """The weight files transformers would load, all of them there."""
    if (folder / SINGLE).is_file():
        return (folder / SINGLE,)
    if (folder / INDEX).is_file():
        named = settings(folder / INDEX).get("weight_map")
        if not isinstance(named, dict) or not named or not all(isinstance(v, str) for v in named.values()):
            raise AuditError(f"{folder / INDEX}: names no weight files. Get the file again.")
        files = tuple(folder / name for name in sorted(set(named.values())))
        if lacking := [f.name for f in files if not f.is_file() or f.suffix != ".safetensors"]:
            raise AuditError(
                f"{folder}: {len(lacking)} of {len(files)} weight files are missing, the first is"
                f" {lacking[0]}. Get all files of the checkpoint."
            )
        return files
    if pickled := sorted(f.name for f in folder.iterdir() if f.suffix.lower() in PICKLES):
        raise AuditError(
            f"{folder}: only pickled weights ({pickled[0]}). Loading them can run any program, so they are "
            f"refused. {_CONVERT}"
        )
    raise AuditError(f"{folder}: neither {SINGLE}, {INDEX} nor a GGUF file in it. {_ALLOWED}.")


def _refuse_code(folder: Path, *, needs_config: bool) -> None:
    """Refuse a folder that asks for code, or for weights other than the plain ones beside it."""
    config = settings(folder / "config.json")
    if not config and needs_config:
        raise AuditError(f"{folder}: no config.json, so what the weights mean is unknown. Get all its files.")
    for name in SETTINGS:
        if _found(settings(folder / name), "auto_map"):
            raise AuditError(
                f"{folder / name}: the model wants code of its own to be run (auto_map), which is refused: it"
                " could do anything on this machine. If transformers knows the model without it, take"
                " auto_map out of a copy of the folder, and give that."
            )
    for key in ("attn_implementation", "_attn_implementation", "experts_implementation"):
        if kernel := next((v for v in _found(config, key) if "/" in str(v)), None):
            raise AuditError(
                f"{folder}: config.json asks for compiled code by name ({key}: {kernel}), which is refused. "
                f"Take {key} out of a copy of the folder, and give that."
            )
    if (folder / "custom_generate").exists():
        raise AuditError(f"{folder}: holds code (custom_generate), which is refused. Give a copy without it.")
    if (folder / "adapter_config.json").exists():
        raise AuditError(
            f"{folder}: an adapter, not a whole model. Merge it into its base first (peft: merge_and_unload,"
            " then save_pretrained), and give that folder."
        )
    if _found(config, "quantization_config"):
        raise AuditError(
            f"{folder}: quantised weights (quantization_config) need libraries that fetch code. Give the"
            " model dequantised, or as GGUF."
        )
    odd = [f.name for f in folder.iterdir() if _SHARD.fullmatch(f.name)]
    if odd or "transformers_weights" in config:
        what = odd[0] if odd else f"transformers_weights: {config['transformers_weights']}"
        raise AuditError(
            f"{folder}: weights under another name ({what}). Only {SINGLE} and {INDEX} are read."
        )


def settings(path: Path) -> dict[str, Any]:
    """Object in a JSON file; empty where there is no such file."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise AuditError(f"{path}: not readable as JSON ({error}). Get the file again.") from None
    if not isinstance(content, dict):
        raise AuditError(
            f"{path}: must hold a JSON object, got {type(content).__name__}. Get the file again."
        )
    return content


def _found(content: Any, key: str) -> list[Any]:
    """Values under a key, at any depth; nothing where the value is empty."""
    return [value for name, value in _walked(content) if name == key and value]


def _walked(content: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(content, dict):
        yield from content.items()
    for inner in (
        content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    ):
        yield from _walked(inner)


def _no_folder(path: Path) -> str:
    if path.suffix.lower() in PICKLES:
        return (
            f"{path}: pickled weights ({path.suffix}). Loading them can run any program, so they are refused."
            f" {_CONVERT}"
        )
    if path.suffix == ".safetensors":
        return f"{path}: weights alone do not say how they are used. Give the folder, with its config.json."
    return f"{path}: not a checkpoint. {_ALLOWED}."
