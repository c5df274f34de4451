"""The checkpoints of a run: what they are called, and that each is there before anything is compared.

A MODEL "hf:FOLDER" is a folder of safetensors on this disk, or one such file; nothing is downloaded, and no
code that comes with a checkpoint is run. Leaves out what is in them (`weights.py`) and comparing
(`weight_tests.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditor.config import CompareConfig
from auditor.errors import AuditError
from auditor.sources.checkpoint import find
from auditor.sources.names import name_of, taken_apart
from auditor.weights import Checkpoint, opened

SCHEME = "hf:"
# What is hashed beside the weights, because comparing reads it.
BESIDE = ("config.json", "tokenizer.json")
CHUNK = 1 << 22


@dataclass(frozen=True)
class Weights:
    """Who is compared with whom: the student with every teacher, and both with every base.

    `opened` : name -> checkpoint, of all that `student`, `teachers` and `bases` name.
    """

    student: str
    teachers: tuple[str, ...]
    bases: tuple[str, ...]
    opened: dict[str, Checkpoint]


def alone(config: CompareConfig) -> bool:
    """Whether weights are all there is: student and teachers are folders, and nobody's answers are given."""
    models = (config.student, *config.teachers)
    if config.panel or config.decoys or not all(m.startswith(SCHEME) for m in models):
        return False
    if config.served or config.held_out or config.canary_keys:
        raise AuditError(
            "--served, --held-out and --canary-key need answers; here student and teachers are weights. "
            "Give a panel, and the weights beside it: --weights NAME=FOLDER."
        )
    if config.weights:
        raise AuditError("--weights goes beside answers; here student and teachers are weights already.")
    return True


def of_asked(config: CompareConfig) -> tuple[dict[str, Path], list[str]]:
    """Folders of student and teachers that are asked on this machine, by name; and whose is not compared.

    Some models can be asked but not compared (GGUF, mixtures of experts): that is said, and stops nothing.
    """
    found: dict[str, Path] = {}
    notes = []
    models = [m for m in (config.student, *config.teachers) if m.startswith(SCHEME)]
    for model in models:
        checkpoint = find(model)
        try:
            if checkpoint.gguf:
                raise AuditError("GGUF is not compared; give the folder of safetensors it was made from.")
            opened(checkpoint.folder)
            found[checkpoint.name] = checkpoint.folder
        except AuditError as error:
            notes.append(f"The weights of {checkpoint.name} were not compared: {error}")
    meant = len(models) > 1 or config.weights or config.bases
    return found, notes if meant else []


def of_folders(config: CompareConfig) -> Weights:
    """The checkpoints of a run on weights alone."""
    student, *teachers = (_named(m) for m in (config.student, *config.teachers))
    return _checked(student, teachers, [_named(b) for b in config.bases])


def beside(
    config: CompareConfig, student: str, teachers: Sequence[str], asked: Mapping[str, Path]
) -> Weights | None:
    """The checkpoints given beside answers; None = none that could be compared.

    `student`, `teachers` : their names in the panel. `asked` : folders of those that were asked themselves.
    """
    found = dict(asked)
    for text in config.weights:
        name, equals, folder = text.partition("=")
        if not (equals and name and folder):
            raise AuditError(f"--weights {text!r}: must be NAME=FOLDER, such as {student}=models/{student}.")
        if name not in (student, *teachers):
            allowed = ", ".join((student, *teachers))
            raise AuditError(f"--weights {name}: is neither student nor teacher here. Allowed are {allowed}.")
        if name in found:
            raise AuditError(f"--weights {name}: is given twice. Give one folder.")
        found[name] = Path(folder.removeprefix(SCHEME))
    those = [t for t in teachers if t in found]
    if not config.weights and (not config.bases or asked) and (student not in found or not those):
        return None
    if student not in found or not those:
        lacking = f"of the student ({student})" if student not in found else "of a teacher"
        raise AuditError(
            f"Weights {lacking} are missing: weights are compared two by two. Give them with --weights "
            f"{student if student not in found else teachers[0]}=FOLDER, or no weights at all."
        )
    return _checked(
        (student, found[student]), [(t, found[t]) for t in those], [_named(b) for b in config.bases]
    )


def digests(checkpoint: Checkpoint) -> dict[str, str]:
    """SHA-256 (hex) of every file that comparing reads, by path."""
    files = sorted({t.path for t in checkpoint.tensors.values()})
    found = [*files, *(files[0].parent / name for name in BESIDE if (files[0].parent / name).is_file())]
    return {str(path): _sha256(path) for path in found}


def same_weights(first: dict[str, str], second: dict[str, str]) -> bool:
    """Whether two checkpoints are the same files, byte for byte, whatever they are called."""

    def weights(digests: dict[str, str]) -> list[str]:
        return sorted(d for path, d in digests.items() if Path(path).name not in BESIDE)

    return weights(first) == weights(second)


def _sha256(path: Path) -> str:
    whole = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            whole.update(part)
    return whole.hexdigest()


def _named(text: str) -> tuple[str, Path]:
    """Name and path of "hf:FOLDER" or "hf:FOLDER#NAME"."""
    path, name = taken_apart(text)
    if not path:
        raise AuditError(f"MODEL {text!r} names no folder. Give hf:FOLDER, or hf:FOLDER#NAME to name it.")
    return name or name_of(Path(path)), Path(path)


def _checked(
    student: tuple[str, Path], teachers: Sequence[tuple[str, Path]], bases: Sequence[tuple[str, Path]]
) -> Weights:
    """Open all; a name or a place that two of them share is an error."""
    everyone = (student, *teachers, *bases)
    for n, (name, path) in enumerate(everyone):
        for other, place in everyone[:n]:
            if path.resolve() == place.resolve():
                raise AuditError(f"{path} is given twice, as {other} and {name}. Give each model once.")
            if name == other:
                raise AuditError(
                    f"{place} and {path} are both called {name}. Name one of them: hf:{path}#ANOTHER-NAME."
                )
    opened_ = {name: opened(path) for name, path in everyone}
    return Weights(student[0], tuple(n for n, _ in teachers), tuple(n for n, _ in bases), opened_)
