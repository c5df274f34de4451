"""Embedding models for `semantics`: the packaged one of the extra, or a local sentence-transformers folder.

Nothing is ever downloaded, no code of a model is run and pickled weights are refused. Leaves out what is
done with the vectors (`detectors/semantics.py`) and keeping them from run to run (`kept.py`).
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
from typing import Any, Protocol, runtime_checkable

import numpy as np
from scipy import sparse

from auditor.errors import AuditError
from detectors.semantics import Embedding, Semantics, unit
from detectors.types import Detector, Float32

PACKAGE = "wordllama"
_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".h5", ".msgpack")
_TOKENS = "tokenizers/l2_supercat_tokenizer_config.json"
_WEIGHTS = "weights/l2_supercat_256.safetensors"


@runtime_checkable
class Identified(Embedding, Protocol):
    """An embedding model whose vectors may be kept from run to run."""

    @property
    def identity(self) -> str:
        """All that a vector depends on besides the text: the model's files, the libraries, the rounding."""
        ...


@dataclass(frozen=True)
class Packaged:
    """Static token embeddings (256 dimensions), averaged, out of the wheel of `wordllama`.

    The package itself is not imported: it only reads the two files, and sets up logging when it is.
    """

    @property
    def model(self) -> str:
        """Package and version."""
        return f"{PACKAGE}=={importlib.metadata.version(PACKAGE)} l2_supercat_256"

    @property
    def identity(self) -> str:
        """See `Identified`."""
        return _identity(self.model, _packaged_digest(), ("tokenizers",))

    def __call__(self, texts: Sequence[str]) -> Float32:
        """(n_texts, 256) float32, `rounded` mean of the token vectors; 0 for a text without tokens."""
        tokenizer, table = _static()
        tokens = [
            np.asarray(e.ids, np.int32)
            for e in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        ]
        ends = np.cumsum([0, *map(len, tokens)])
        ids = np.concatenate([np.zeros(0, np.int32), *tokens])
        counts = sparse.csr_array((np.ones(len(ids), np.float32), ids, ends), shape=(len(tokens), len(table)))
        return rounded((counts @ table) / np.maximum(np.diff(ends), 1)[:, None].astype(np.float32))


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


@cache
def _packaged_digest() -> str:
    root = Path(_packaged())
    return _digest(root, [root / _TOKENS, root / _WEIGHTS])


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
        """Name of the folder and the start of the SHA-256 over its files."""
        return f"{Path(self.path).name} sha256:{_folder_digest(self.path)[:16]}"

    @property
    def identity(self) -> str:
        """See `Identified`."""
        libraries = ("sentence-transformers", "transformers", "tokenizers")
        return _identity(Path(self.path).name, _folder_digest(self.path), libraries)

    def __call__(self, texts: Sequence[str]) -> Float32:
        """(n_texts, n_dimensions) float32, `rounded`."""
        vectors = _transformer(self.path).encode(
            list(texts), batch_size=64, convert_to_numpy=True, show_progress_bar=False
        )
        return rounded(np.asarray(vectors, np.float32))


@cache
def _folder_digest(path: str) -> str:
    """Of every file that is not hidden: tokenizer, pooling and prompts make a vector as the weights do."""
    root = Path(path)
    found = [f for f in root.rglob("*") if f.is_file()]
    return _digest(root, [f for f in found if not any(p[0] == "." for p in f.relative_to(root).parts)])


def _digest(root: Path, files: Sequence[Path]) -> str:
    """SHA-256 (hex) over the names below `root` and the contents of the files, in order of name."""
    digest = hashlib.sha256()
    for name, file in sorted((f.relative_to(root).as_posix(), f) for f in files):
        digest.update(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _identity(name: str, digest: str, libraries: Sequence[str]) -> str:
    versions = " ".join(f"{library}=={_version(library)}" for library in libraries)
    return f"{name} sha256:{digest} {versions} unit float16"


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "none"


def rounded(vectors: Float32) -> Float32:
    """The same directions with L2 norm 1 (or 0), each number one that float16 holds.

    So everybody measures with what an evidence file keeps, whether a vector comes out of one or not. A unit
    vector moves by less than 0.0005.

    Parameters
    ----------
    vectors : (n_texts, n_dimensions) float32; NaN and infinity become 0.
    """
    finite = np.nan_to_num(vectors, posinf=0.0, neginf=0.0)
    return unit(finite).astype(np.float16).astype(np.float32)


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
