"""The function of every engine: the same keys as the local join uses, whatever is left out or put back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from auditor.overlap.config import OverlapConfig
from auditor.overlap.keyed import Asked, Keyed, keyed, of_texts
from auditor.overlap.keys import keys_of, recipes_for
from tests.auditor.overlap.corpora import documents

TEXTS = ["", "two words", *documents(1, 30), "", *documents(2, 5, 2000)]
RECIPES = recipes_for(OverlapConfig("", "", containment=0.8))
PAGE = Path(__file__).parents[3] / "docs" / "overlap-at-scale.md"


def same(a: Keyed, b: Keyed) -> bool:
    pairs = [
        *zip(a.rows, b.rows, strict=True),
        *zip(a.keys, b.keys, strict=True),
        *zip(a.counts, b.counts, strict=True),
    ]
    return all(np.array_equal(x, y) for x, y in pairs) and np.array_equal(a.sizes, b.sizes)


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_batches_give_what_all_at_once_gives(cut):
    asked = Asked(RECIPES, True)
    whole, _ = of_texts(pa.array(TEXTS), asked)
    made = [
        keyed(pa.record_batch({"text": pa.array(TEXTS[i : i + cut])}), asked)
        for i in range(0, len(TEXTS), cut)
    ]
    (table,) = pa.Table.from_batches(made).combine_chunks().to_batches()
    assert same(Keyed.of_batch(table), whole)
    for i, recipe in enumerate(RECIPES):
        given = pa.record_batch({"document": pa.array(range(len(TEXTS))), "text": pa.array(TEXTS)})
        assert keys_of(given, recipe).column("key").to_pylist() == whole.keys[i].tolist()


def test_only_held_keys_stay_and_counts_are_of_all():
    whole, _ = of_texts(pa.array(TEXTS), Asked(RECIPES))
    held = tuple(np.unique(np.r_[keys[::3], np.uint64(5)]) for keys in whole.keys)
    found, _ = of_texts(pa.array(TEXTS), Asked(RECIPES, held=held))
    for i in range(len(RECIPES)):
        keep = np.isin(whole.keys[i], held[i])
        assert 0 < keep.sum() < len(keep)
        assert found.keys[i].tolist() == whole.keys[i][keep].tolist()
        assert found.rows[i].tolist() == whole.rows[i][keep].tolist()
        assert found.counts[i].tolist() == whole.counts[i].tolist()
    nothing, _ = of_texts(pa.array(TEXTS), Asked(RECIPES, held=(np.empty(0, np.uint64),) * 2))
    assert not any(len(k) for k in nothing.keys)


def test_documents_left_out_and_laid_apart():
    whole, _ = of_texts(pa.array(TEXTS), Asked(RECIPES, True))
    wanted = np.arange(len(TEXTS)) % 2 == 0
    part, _ = of_texts(pa.array(TEXTS).filter(pa.array(wanted)), Asked(RECIPES, True))
    assert same(whole.only(wanted), part.spread(np.flatnonzero(wanted), len(TEXTS)))


def test_the_page_shows_an_adapter_for_spark_that_works():
    (block,) = [
        b
        for b in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        if "def keys" in b
    ]
    place: dict = {}
    exec(block, place)
    batch = pa.record_batch({"document": pa.array(range(len(TEXTS)), pa.int64()), "text": pa.array(TEXTS)})
    (made,) = place["keys"]([batch])
    assert made.schema.field("keys").type == pa.list_(pa.int64())
    signed = np.array(made.column("keys").flatten().to_pylist(), np.int64)
    assert (
        signed.view(np.uint64).tolist() == of_texts(pa.array(TEXTS), Asked(RECIPES[:1]))[0].keys[0].tolist()
    )
    assert made.column("document").to_pylist() == list(range(len(TEXTS)))
