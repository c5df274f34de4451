"""The detectors of this version, by name, in the order reports show them."""

from __future__ import annotations

from detectors.opening import Opening
from detectors.stylometry import Stylometry
from detectors.types import Detector
from detectors.wording import Wording

DETECTORS: dict[str, Detector] = {d.name: d for d in (Wording(), Opening(), Stylometry())}
