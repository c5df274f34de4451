"""The cosines of `ngrams.py` on a device of torch: counting, weighting, one sparse product for many probes.

The same numbers within float32 (tests/detectors/test_ngram_device.py). Tokens are cut and numbered on the
CPU; the rest is sorting and one product, (answers x n-grams) times (n-grams x teachers), in which every probe
has n-grams of its own, so that the answers to different probes never meet. N-grams of a single answer count
in its norm and are left out of the product: they can only meet themselves. Leaves out the choice of a device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from detectors.ngrams import Tokens, numbered
from detectors.types import Float32, PanelView

Tensor = Any

# Probes in one product: bounds the memory (0.1 GB for 174 subjects), changes no value.
BLOCK = 25


def lacks(device: str) -> str:
    """What is missing to compute on a device of torch; "" = nothing."""
    if not find_spec("torch"):
        return "needs: pip install 'distill-audit[models]'"
    import torch

    if device.partition(":")[0] == "cuda" and not torch.cuda.is_available():
        return "torch sees no CUDA device"
    return ""


def cosine_by_probe(
    panel: PanelView,
    teachers: Sequence[int],
    tokenise: Callable[[str], list[str]],
    sizes: Sequence[int],
    device: str,
) -> Float32:
    """`ngrams.cosine_by_probe` on a device of torch; (n_subjects, n_teachers, n_probes) float32."""
    values = np.empty((len(panel.subjects), len(teachers), len(panel.probes)), dtype=np.float32)
    for first in range(0, len(panel.probes), BLOCK):
        probes = range(first, min(first + BLOCK, len(panel.probes)))
        documents = [[None if t is None else tokenise(t) for t in panel.answers(p)] for p in probes]
        values[:, :, first : first + BLOCK] = cosine_on(device, documents, teachers, sizes)
    return values


def cosine_on(
    device: str,
    documents: Sequence[Sequence[Tokens | None]],
    teachers: Sequence[int],
    sizes: Sequence[int],
) -> Float32:
    """Cosine of every document to each teacher's document, probe by probe.

    Parameters
    ----------
    device : a device of torch, such as "cuda" or "cpu".
    documents : for each of n_probes, n_subjects token lists; None where a subject gave no answer.
    teachers : indices of the teachers among the subjects, each once.
    sizes : n-gram lengths, each >= 1.

    Returns
    -------
    (n_subjects, n_teachers, n_probes) float32; NaN where either side gave no answer, 0 where an answer is
    too short to hold an n-gram.
    """
    import torch

    n_subjects = len(documents[0])
    flat = [d for answers in documents for d in answers]
    present = np.array([d is not None for d in flat]).reshape(len(documents), n_subjects)
    lengths = np.fromiter((len(d or ()) for d in flat), dtype=np.int64, count=len(flat))
    ids = numbered(pa.array(list(chain.from_iterable(d or () for d in flat)), pa.large_string()))
    owner = np.repeat(np.arange(len(flat)), lengths)
    # A word at two probes is two words.
    words = torch.from_numpy(ids + (int(ids.max(initial=0)) + 1) * (owner // n_subjects)).to(device)
    answered = torch.from_numpy(present.sum(axis=1)).to(device)
    cells = _weighted(torch, words, torch.from_numpy(owner).to(device), sizes, answered, n_subjects)
    cosine = _product(torch, cells, len(flat), teachers, n_subjects).cpu().numpy()
    cosine = cosine.reshape(len(documents), n_subjects, len(teachers))
    cosine[~present] = np.nan
    cosine.swapaxes(1, 2)[~present[:, list(teachers)]] = np.nan
    return np.ascontiguousarray(cosine.transpose(1, 2, 0))


def _weighted(
    torch: Any, words: Tensor, owner: Tensor, sizes: Sequence[int], answered: Tensor, n_subjects: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Cells before the norm: document, n-gram, TF-IDF weight, whether another document has the n-gram."""
    words = gram = _numbered(torch, words)
    start = torch.arange(len(words), device=words.device)
    base, n_grams, found = int(words.max()) + 1 if len(words) else 1, 0, []
    for n in range(1, max(sizes) + 1):
        if n > 1:
            inside = start + n - 1 < len(words)
            start, gram = start[inside], gram[inside]
            inside = owner[start] == owner[start + n - 1]
            start, gram = start[inside], gram[inside]
            gram = _numbered(torch, gram * base + words[start + n - 1])
        if n not in sizes or not len(gram):
            continue
        width = int(gram.max()) + 1
        cell, count = torch.unique(owner[start] * width + gram, return_counts=True)
        document, column = cell // width, cell % width
        frequency = torch.bincount(column, minlength=width)[column]
        idf = torch.log((1 + answered[document // n_subjects]) / (1 + frequency).float()) + 1
        found.append((document, column + n_grams, (1 + torch.log(count.float())) * idf, frequency > 1))
        n_grams += width
    if not found:
        nothing = torch.zeros(0, dtype=torch.int64, device=words.device)
        return nothing, nothing, nothing.float(), nothing.bool()
    document, column, weight, shared = (torch.cat(part) for part in zip(*found, strict=True))
    return document, column, weight, shared


def _numbered(torch: Any, values: Tensor) -> Tensor:
    """Numbers from 0 on, equal ones for equal values."""
    return torch.unique(values, return_inverse=True)[1]


def _product(
    torch: Any,
    cells: tuple[Tensor, Tensor, Tensor, Tensor],
    n_documents: int,
    teachers: Sequence[int],
    n_subjects: int,
) -> Tensor:
    """(n_documents, n_teachers) float32 cosines to the teachers' documents on the same probe."""
    document, column, weight, shared = cells
    norm = torch.zeros(n_documents, device=weight.device).index_add_(0, document, weight * weight).sqrt()
    holds = norm > 0
    document, column, weight = document[shared], _numbered(torch, column[shared]), weight[shared]
    weight = weight / norm[document]
    width = int(column.max()) + 1 if len(column) else 0
    places = torch.stack((document, column))
    left = torch.sparse_coo_tensor(places, weight, (n_documents, width), check_invariants=False)
    place = torch.full((n_subjects,), -1, device=weight.device)
    place[torch.tensor(teachers, device=weight.device)] = torch.arange(len(teachers), device=weight.device)
    teacher = place[document % n_subjects]
    right = torch.zeros((width, len(teachers)), device=weight.device)
    right[column[teacher >= 0], teacher[teacher >= 0]] = weight[teacher >= 0]
    cosine = torch.sparse.mm(left, right)
    # A document against itself, n-grams of its own included.
    every = torch.arange(n_documents, device=weight.device)
    own = place[every % n_subjects]
    cosine[every[own >= 0], own[own >= 0]] = holds[own >= 0].float()
    return cosine
