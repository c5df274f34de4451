"""`opening`: how a model begins its answers, the strongest single trace of who taught it.

Three statistics (docs/method.md, "opening"): prompt-conditional TF-IDF cosine of the first three
tokens and of the first sentence or line, and the log-odds that an opening is this teacher's rather
than the other teachers' (informative Dirichlet prior: Monroe, Colaresi & Quinn 2008, section 3.3.1).
Leaves out exhibits.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from detectors.log_odds import opening_log_odds
from detectors.ngrams import cosine_by_probe
from detectors.tokens import first_sentence, tokens
from detectors.types import Access, Channel, Measurement, PanelView


@dataclass(frozen=True)
class Opening:
    """First tokens, first sentence, and opening log-odds.

    Parameters
    ----------
    first : how many tokens the first statistic sees.
    sizes : n-gram lengths in tokens (words and punctuation marks, case kept).
    sentence_characters : a first sentence longer than this is cut.
    log_odds_characters : how much of an answer the log-odds see.
    prior : pseudo-count of the Dirichlet prior, in n-grams.
    """

    first: int = 3
    sizes: tuple[int, ...] = (1, 2, 3)
    sentence_characters: int = 400
    log_odds_characters: int = 200
    prior: float = 20_000.0

    name = "opening"
    channel = Channel.WORDING
    needs = Access.TEXT

    def lacks(self, panel: PanelView) -> str:
        """Nothing: text is enough."""
        return ""

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistics `first_tokens`, `first_sentence` (cosine) and `log_odds` (nats per n-gram)."""

        def first_tokens(text: str) -> list[str]:
            return tokens(text[: self.sentence_characters])[: self.first]

        def sentence(text: str) -> list[str]:
            return tokens(first_sentence(text, self.sentence_characters))

        params = asdict(self)
        return (
            Measurement(
                self.name,
                "first_tokens",
                self.channel,
                "cosine",
                cosine_by_probe(panel, teachers, first_tokens, self.sizes),
                params,
            ),
            Measurement(
                self.name,
                "first_sentence",
                self.channel,
                "cosine",
                cosine_by_probe(panel, teachers, sentence, self.sizes),
                params,
            ),
            Measurement(
                self.name,
                "log_odds",
                self.channel,
                "nats per n-gram",
                opening_log_odds(panel, teachers, self.log_odds_characters, self.prior),
                params,
            ),
        )
