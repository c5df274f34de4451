"""`wording`: how much of a teacher's phrasing, answer by answer, a subject repeats.

Word 3-4-grams, TF-IDF conditional on the probe, cosine (docs/method.md, "wording"). Exhibits are the
passages behind it that no other model of the panel uses. Leaves out overlap across different probes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from detectors import ngram_device
from detectors.ngrams import cosine_by_probe
from detectors.tokens import words
from detectors.types import Access, Channel, Measurement, PanelView


@dataclass(frozen=True)
class Wording:
    """Prompt-conditional TF-IDF cosine of word n-grams.

    Parameters
    ----------
    sizes : n-gram lengths in words.
    characters : answers are cut to this many characters first.
    device : a device of torch to count and compare on, such as "cuda"; "" = none, numpy and scipy.
    """

    sizes: tuple[int, ...] = (3, 4)
    characters: int = 2000
    device: str = ""

    name = "wording"
    channel = Channel.WORDING
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """Nothing: text is enough; the device, where one was asked for that is not at hand."""
        return ngram_device.lacks(self.device) if self.device else ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistic `cosine`, in [0, 1]; see `Detector.measure`."""

        def tokenise(text: str) -> list[str]:
            return words(text[: self.characters])

        if self.device:
            values = ngram_device.cosine_by_probe(panel, teachers, tokenise, self.sizes, self.device)
        else:
            values = cosine_by_probe(panel, teachers, tokenise, self.sizes)
        return (
            Measurement(self.name, "cosine", self.channel, "cosine", values.astype(np.float32), asdict(self)),
        )
