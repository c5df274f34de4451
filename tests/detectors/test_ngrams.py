"""Our counting against scikit-learn's own vectoriser."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from detectors.ngrams import cosine_to, count_ngrams, tfidf

DOCUMENTS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "dd"]), max_size=12), min_size=2, max_size=6)


@settings(deadline=None, max_examples=60)
@given(DOCUMENTS)
def test_same_as_scikit_learn(documents: list[list[str]]) -> None:
    counts = count_ngrams(documents, (1, 2, 3))
    reference = TfidfVectorizer(
        analyzer="word", tokenizer=str.split, token_pattern=None, ngram_range=(1, 3), sublinear_tf=True
    )
    texts = [" ".join(d) for d in documents]
    if not any(documents):
        assert counts.sum() == 0
        return
    expected = reference.fit_transform(texts)
    weights = tfidf(counts)
    np.testing.assert_allclose((weights @ weights.T).toarray(), (expected @ expected.T).toarray(), atol=1e-9)


def test_short_answers_and_missing_ones() -> None:
    cosine = cosine_to([["a", "b", "c"], None, ["a"], ["a", "b", "c"]], [0, 1], (3,))
    assert cosine[0, 0] == 1.0 and np.isclose(cosine[3, 0], 1.0)
    assert cosine[2, 0] == 0.0
    assert np.isnan(cosine[1]).all() and np.isnan(cosine[:, 1]).all()
