"""`completion`: whether a subject's *distribution* of answers to a prompt is the teacher's.

From several samples per probe: Nei's similarity of the distributions of beginnings (Nei 1972; PhyloLM, arXiv
2404.04671, 2024), and the negated unbiased maximum mean discrepancy with kernels that are zero across probes
(Gretton et al. 2012, lemma 6; model equality testing, arXiv 2410.20247, 2024). Leaves out a permutation
p-value: it would ask whether two models differ, and with enough samples any two do. No exhibits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize

from detectors.ngrams import count_ngrams
from detectors.types import Access, Channel, Float64, Measurement, PanelView

LACKS = "needs at least two samples per probe"
PADDING = "\x00"


@dataclass(frozen=True)
class Completion:
    """Nei's similarity and prompt-blocked MMD.

    Parameters
    ----------
    beginning : an answer counts as the same completion when its first so many characters are the same.
    hamming : how many characters the Hamming kernel compares, position by position.
    grams : longest character n-gram of the spectrum kernel; all shorter ones count too.
    spectrum : how many characters the spectrum kernel sees.
    """

    beginning: int = 4
    hamming: int = 50
    grams: int = 5
    spectrum: int = 200

    name = "completion"
    channel = Channel.WORDING
    needs = Access.SAMPLES

    def lacks(self, panel: PanelView) -> str:
        """A second sample of some subject on some probe."""
        return "" if (samples_given(panel) >= 2).any() else LACKS

    def measure(self, panel: PanelView, teachers: tuple[int, ...]) -> tuple[Measurement, ...]:
        """Statistics `nei`, `mmd_hamming` and `mmd_spectrum`; see `Detector.measure`.

        The mean of `nei` over probes is Nei's similarity, 1 for equal distributions; the MMDs are at most
        about 0 and exactly 0 for a model against itself. A cell needs two samples on both sides.
        """
        n_subjects = len(panel.subjects)
        shape = (3, n_subjects, len(teachers), len(panel.probes))
        cross, own = np.full(shape, np.nan), np.full((3, n_subjects, len(panel.probes)), np.nan)
        for probe in range(len(panel.probes)):
            subject, texts = samples_of(panel, probe)
            if texts:
                for k, features in enumerate(self._features(texts)):
                    cross[k, :, :, probe], own[k, :, probe] = pair_means(
                        features, subject, n_subjects, teachers
                    )
        params = asdict(self)
        values = (
            ("nei", "Nei similarity", nei(cross[0], own[0], teachers)),
            ("mmd_hamming", "negated MMD²", negated_mmd(cross[1], own[1], teachers)),
            ("mmd_spectrum", "negated MMD²", negated_mmd(cross[2], own[2], teachers)),
        )
        return tuple(
            Measurement(self.name, statistic, self.channel, unit, v.astype(np.float32), params)
            for statistic, unit, v in values
        )

    def _features(self, texts: Sequence[str]) -> tuple[sparse.csr_array, ...]:
        """One row a sample; the kernel is the inner product of two rows."""
        return (
            one_hot([[text[: self.beginning]] for text in texts]),
            one_hot([text[: self.hamming].ljust(self.hamming, PADDING) for text in texts]),
            spectra([text[: self.spectrum] for text in texts], self.grams),
        )


def samples_given(panel: PanelView) -> Float64:
    """(n_probes * n_subjects,) how many samples each subject gave of each probe, laid out like `texts`."""
    given = np.zeros(len(panel.texts))
    for sample in panel.samples:
        given += sample.is_valid().to_numpy(zero_copy_only=False)
    return given


def samples_of(panel: PanelView, probe: int) -> tuple[np.ndarray, list[str]]:
    """All samples of one probe: whose each is, (n_samples,) int64, and the texts."""
    n = len(panel.subjects)
    answers = [text for sample in panel.samples for text in sample.slice(probe * n, n).to_pylist()]
    kept = [i for i, text in enumerate(answers) if text is not None]
    return np.array(kept, dtype=np.int64) % n, [answers[i] for i in kept]


def one_hot(rows: Sequence[Sequence[str]]) -> sparse.csr_array:
    """(n_rows, n_distinct) float64 whose inner products are the share of positions that agree.

    Parameters
    ----------
    rows : n_rows sequences of the same length; entries at different positions never agree.
    """
    vocabulary: dict[tuple[int, str], int] = {}
    width = len(rows[0])
    column = [
        vocabulary.setdefault((at, entry), len(vocabulary)) for row in rows for at, entry in enumerate(row)
    ]
    weight = np.full(len(column), 1 / np.sqrt(max(width, 1)))
    ends = np.arange(len(rows) + 1) * width
    shape = (len(rows), len(vocabulary))
    return sparse.csr_array((weight, np.array(column, dtype=np.int64), ends), shape=shape)


def spectra(texts: Sequence[str], longest: int) -> sparse.csr_array:
    """(n_texts, n_distinct) float64 counts of character n-grams up to `longest`, L2 norm 1 (0 for "")."""
    counts = count_ngrams(texts, range(1, longest + 1))
    return normalize(counts) if counts.shape[1] else counts


def pair_means(
    features: sparse.csr_array, subject: np.ndarray, n_subjects: int, teachers: Sequence[int]
) -> tuple[Float64, Float64]:
    """Unbiased means of a kernel over pairs of samples of one probe; a sample is never paired with itself.

    Parameters
    ----------
    features : (n_samples, n_features), the kernel's feature map; subject : (n_samples,) int64.

    Returns
    -------
    cross : (n_subjects, n_teachers) over pairs of a subject's and a teacher's samples; own : (n_subjects,)
    over pairs of a subject's samples. NaN where a side has fewer than two samples.
    """
    count = np.bincount(subject, minlength=n_subjects).astype(np.float64)
    whose = sparse.csr_array(
        (np.ones(len(subject)), (subject, np.arange(len(subject)))), shape=(n_subjects, len(subject))
    )
    total = whose @ features
    squares = np.bincount(subject, np.asarray(features.multiply(features).sum(axis=1)).ravel(), n_subjects)
    enough = np.where(count >= 2, count, np.nan)
    own: Float64 = (np.asarray(total.multiply(total).sum(axis=1)).ravel() - squares) / (enough * (enough - 1))
    columns = np.asarray(teachers, dtype=np.int64)
    cross = (total @ total[columns].T).toarray() / (enough[:, None] * enough[None, columns])
    # A model against itself: the same samples stand on both sides, and equal pairs would flatter it.
    cross[columns, np.arange(len(columns))] = own[columns]
    return cross, own


def nei(cross: Float64, own: Float64, teachers: Sequence[int]) -> Float64:
    """Per-probe terms whose mean over probes is Nei's similarity.

    Nei's denominators are means over all probes (loci); one probe has too few pairs to divide by.

    Parameters
    ----------
    cross : (n_subjects, n_teachers, n_probes); own : (n_subjects, n_probes).

    Returns
    -------
    (n_subjects, n_teachers, n_probes); NaN for a model of which no two samples ever agree.
    """
    known = ~np.isnan(own)
    homozygosity = np.where(known, own, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    homozygosity = np.where(homozygosity > 0, homozygosity, np.nan)
    scale = np.sqrt(homozygosity[:, None] * homozygosity[None, list(teachers)])
    similarity: Float64 = cross / scale[:, :, None]
    return similarity


def negated_mmd(cross: Float64, own: Float64, teachers: Sequence[int]) -> Float64:
    """Minus the unbiased MMD² of each probe; same shapes as `nei`. May be above 0: unbiased, not a norm."""
    discrepancy: Float64 = own[:, None, :] + own[None, list(teachers), :] - 2 * cross
    return -discrepancy
