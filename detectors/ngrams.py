"""Prompt-conditional TF-IDF over token n-grams: how alike two answers to one probe are in wording.

The inverse document frequency is taken over the panel's answers *to that probe*, so what the prompt
makes everyone say weighs nothing (METHOD of this project, docs/method.md section "wording").
Weighting is scikit-learn's `TfidfTransformer`; only the counting is ours, because a
`TfidfVectorizer` per probe is several times slower on a panel. Leaves out how text is cut into tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from detectors.types import Float32, PanelView

Tokens = Sequence[str]
Int64 = NDArray[np.int64]


def count_ngrams(documents: Sequence[Tokens], sizes: Sequence[int]) -> sparse.csr_array:
    """Count token n-grams of the given sizes.

    Parameters
    ----------
    documents : n_documents token lists (an empty list is a document without n-grams).
    sizes : n-gram lengths, each >= 1.

    Returns
    -------
    (n_documents, n_distinct) float64 CSR counts; columns in no meaningful order.
    """
    lengths = np.fromiter((len(d) for d in documents), dtype=np.int64, count=len(documents))
    ids = numbered(pa.array(list(chain.from_iterable(documents)), pa.large_string()))
    owner = np.repeat(np.arange(len(documents)), lengths)
    blocks = [
        sparse.coo_array(
            (np.ones(len(gram)), (owner[start], gram)),
            shape=(len(documents), int(gram.max()) + 1 if len(gram) else 0),
        )
        for n, gram, start in _grow(ids, owner, max(sizes))
        if n in sizes
    ]
    return sparse.hstack(blocks, format="csr")


def _grow(ids: Int64, owner: Int64, longest: int) -> Iterator[tuple[int, Int64, Int64]]:
    """Yield (n, gram number, start position) of all n-grams for n = 1..longest.

    Each n-gram is the pair ((n-1)-gram, next token), re-numbered from 0 at every step so that the pair
    code stays far below 2**63 at any vocabulary; grams never run across two documents.
    """
    start = np.arange(len(ids))
    gram = ids
    base = int(ids.max(initial=0)) + 1
    for n in range(1, longest + 1):
        if n > 1:
            inside = start + n - 1 < len(ids)
            inside[inside] = owner[start[inside]] == owner[start[inside] + n - 1]
            start, gram = start[inside], gram[inside]
            gram = numbered(pa.array(gram * base + ids[start + n - 1]))
        yield n, gram, start


def numbered(values: pa.Array) -> Int64:
    """Numbers 0, 1, ... in order of first use, equal ones for equal values; by hash, no sorting."""
    numbers = values.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return np.asarray(numbers, dtype=np.int64)


def tfidf(counts: sparse.csr_array) -> sparse.csr_array:
    """L2-normalised TF-IDF rows: tf = 1 + ln(count), idf = ln((1 + n) / (1 + df)) + 1."""
    if counts.shape[1] == 0:
        return counts
    return TfidfTransformer(sublinear_tf=True, smooth_idf=True, norm="l2").fit_transform(counts)


def cosine_to(documents: Sequence[Tokens | None], teachers: Sequence[int], sizes: Sequence[int]) -> Float32:
    """Cosine of every document to each teacher's document, within one probe.

    Parameters
    ----------
    documents : n_subjects token lists, None where a subject gave no answer.
    teachers : indices of the teachers among the subjects.
    sizes : n-gram lengths.

    Returns
    -------
    (n_subjects, n_teachers) float32; NaN where either side gave no answer, 0 where an answer is too
    short to hold an n-gram.
    """
    cosine = np.full((len(documents), len(teachers)), np.nan, dtype=np.float32)
    present = np.array([d is not None for d in documents])
    columns = np.flatnonzero(present[list(teachers)])
    if not len(columns):
        return cosine
    rows = np.flatnonzero(present)
    weights = tfidf(count_ngrams([d for d in documents if d is not None], sizes))
    position = np.cumsum(present) - 1
    targets = weights[position[np.asarray(teachers)[columns]]]
    cosine[np.ix_(rows, columns)] = (weights @ targets.T).toarray()
    return cosine


def cosine_by_probe(
    panel: PanelView,
    teachers: Sequence[int],
    tokenise: Callable[[str], list[str]],
    sizes: Sequence[int],
) -> Float32:
    """`cosine_to` for every probe of a panel.

    Returns
    -------
    (n_subjects, n_teachers, n_probes) float32.
    """
    values = np.empty((len(panel.subjects), len(teachers), len(panel.probes)), dtype=np.float32)
    for probe in range(len(panel.probes)):
        documents = [None if text is None else tokenise(text) for text in panel.answers(probe)]
        values[:, :, probe] = cosine_to(documents, teachers, sizes)
    return values
