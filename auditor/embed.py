"""Embedding models for `semantics`: the packaged one of the extra, or a local sentence-transformers folder.

Nothing is ever downloaded, no code of a model is run and pickled weights are refused. Leaves out what is
done with the vectors (`detectors/semantics.py`).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from auditor.errors import AuditError
from detectors.semantics import Embedding, Semantics
from detectors.types import Detector, Float32

PACKAGE = "wordllama"
_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".msgpack")
_TOKENS = "tokenizers/l2_supercat_tokenizer_config.json"
_WEIGHTS = "weights/l2_supercat_256.safetensors"


@dataclass(frozen=True)
class Packaged:
    """Static token embeddings (256 dimensions), averaged, out of the wheel of `wordllama`.

    The package itself is not imported: it only reads the two files, and sets up logging when it is.
    """

    @property
    def model(self) -> str:
        """Package and version."""
        return f"{PACKAGE}=={importlib.metadata.version(PACKAGE)} l2_supercat_256"

    def __call__(self, texts: Sequence[str]) -> Float32:
        """(n_texts, 256) float32 mean of the token vectors; 0 for a text without tokens."""
        tokenizer, table = _static()
        tokens = [
            np.asarray(e.ids, np.int32)
            for e in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]
        ends = np.cumsum([0, *map(len, tokens)])
        ids = np.concatenate([np.zeros(0, np.int32), *tokens])
        counts = sparse.csr_array((np.ones(len(ids), np.float32), ids, ends), shape=(len(tokens), len(table)))
        mean: Float32 = (counts @ table) / np.maximum(np.diff(ends), 1)[:, None].astype(np.float32)
        return mean


@cache
def _static() -> tuple[Any, Float32]:
    """Tokenizer and (32000, 256) float32 token vectors."""
    root = Path(_packaged() or "")
    table = importlib.import_module("safetensors.numpy").load_file(root / _WEIGHTS)["embedding.weight"]
    tokenizer = importlib.import_module("tokenizers").Tokenizer.from_file(str(root / _TOKENS))
    return tokenizer, table.astype(np.float32)


def _packaged() -> str:
    """Where the packaged model lies; "" = the extra is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    complete = spec and all(map(importlib.util.find_spec, ("tokenizers", "safetensors")))
    roots = list(spec.submodule_search_locations or ()) if spec and complete else []
    return next((r for r in roots if (Path(r) / _WEIGHTS).is_file() and (Path(r) / _TOKENS).is_file()), "")


@dataclass(frozen=True)
class Folder:
    """A sentence-transformers model in a local folder; on a GPU when there is one.

    Parameters
    ----------
    path : the folder, with `modules.json` and safetensors weights.
    """

    path: str

    @property
    def model(self) -> str:
        """Name of the folder and the start of the SHA-256 over its weights."""
        return f"{Path(self.path).name} sha256:{_digest(self.path)[:16]}"

    def __call__(self, texts: Sequence[str]) -> Float32:
        """(n_texts, n_dimensions) float32."""
        vectors = _transformer(self.path).encode(
            list(texts), batch_size=64, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32)


@cache
def _digest(path: str) -> str:
    digest = hashlib.sha256()
    for file in sorted(Path(path).rglob("*.safetensors")):
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


@cache
def _transformer(path: str) -> Any:
    check_folder(path)
    library = importlib.import_module("sentence_transformers")
    importlib.import_module("transformers.utils.logging").disable_progress_bar()
    return library.SentenceTransformer(
        path, local_files_only=True, trust_remote_code=False, model_kwargs={"use_safetensors": True}
    )


def check_folder(path: str) -> None:
    """Refuse what is no local sentence-transformers model, carries code, or keeps its weights in pickles.

    `modules.json` may name any Python class; recent versions of the library refuse foreign ones themselves,
    older ones import them from a local folder without being asked.
    """
    folder = Path(path)
    if not (folder / "modules.json").is_file():
        raise AuditError(
            f"No sentence-transformers model in {path!r}. Allowed is a local folder with modules.json and "
            "*.safetensors; nothing is downloaded. Fetch the model first and name its folder."
        )
    try:
        types = [module["type"] for module in json.loads((folder / "modules.json").read_text("utf-8"))]
    except (ValueError, TypeError, KeyError) as broken:
        raise AuditError(f"{path}/modules.json does not list modules with types: {broken}.") from broken
    files = [f for f in folder.rglob("*") if f.is_file()]
    foreign = [t for t in types if not str(t).startswith("sentence_transformers.")]
    foreign += [f.name for f in files if f.suffix == ".py"]
    if foreign:
        raise AuditError(f"The model in {path!r} brings its own code ({foreign[0]}), which is never run.")
    safe = {f.parent for f in files if f.suffix == ".safetensors"}
    pickled = [f for f in files if f.suffix in _PICKLED and f.parent not in safe]
    if pickled or not safe:
        found = pickled[0].relative_to(folder) if pickled else "none"
        raise AuditError(
            f"Weights must be *.safetensors; {path!r} has {found}. Convert the model, or name another folder."
        )


def embedding(folder: str = "") -> Embedding | None:
    """The model in `folder`; without one the packaged model, or None where the extra is not installed."""
    if not folder:
        return Packaged() if _packaged() else None
    if importlib.util.find_spec("sentence_transformers") is None:
        raise AuditError(f"The embedding model in {folder!r} needs: pip install sentence-transformers.")
    check_folder(folder)
    return Folder(str(Path(folder).resolve()))


def equipped(detector: Detector, folder: str = "") -> Detector:
    """`semantics` with its embedding model, where there is one; any other detector as it is."""
    if isinstance(detector, Semantics) and detector.embed is None:
        return replace(detector, embed=embedding(folder))
    return detector
