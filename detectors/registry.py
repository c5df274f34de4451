"""The detectors of this version, by name, in the order reports show them.

Wording and opening make the joint score; the others are reported beside it (docs/detectors/README.md).
"""

from __future__ import annotations

from detectors.completion import Completion
from detectors.contrast import Contrast
from detectors.cross_probe import CrossProbe
from detectors.errors import Errors
from detectors.identity import Identity
from detectors.lift import Lift
from detectors.minhash.detector import MinHashOverlap
from detectors.opening import Opening
from detectors.semantics import Semantics
from detectors.style_classifier import StyleClassifier
from detectors.stylometry import Stylometry
from detectors.surprise import Surprise
from detectors.templates import Templates
from detectors.traces import Traces
from detectors.types import Detector
from detectors.wording import Wording

_ALL: tuple[Detector, ...] = (
    Wording(),
    Opening(),
    CrossProbe(),
    MinHashOverlap(),
    Completion(),
    Stylometry(),
    StyleClassifier(),
    Templates(),
    Traces(),
    Semantics(),
    Errors(),
    Identity(),
)
DETECTORS: dict[str, Detector] = {d.name: d for d in _ALL}
# Those that measure recorded log-probabilities (`ScoredView`) instead of answers.
SCORED: dict[str, Lift | Contrast] = {d.name: d for d in (Lift(), Contrast())}
# Those that only show passages, by the same log-probabilities, and measure nothing that is weighed.
SHOWN: dict[str, Surprise] = {d.name: d for d in (Surprise(),)}
