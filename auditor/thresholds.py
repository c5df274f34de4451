"""Every number that a verdict turns on; where each comes from stands in docs/method.md and docs/decisions."""

from __future__ import annotations

UNUSUAL_AT, MODERATE_AT = 0.05, 0.01
# log10 LR from which a level is reached; from the negative of AGAINST_AT on, support for the alternative.
LADDER = (("moderately_strong", 2.0), ("moderate", 1.0), ("weak", 0.30103))
AGAINST_AT = 1.0
# log10 LR of the level above the ladder.
BEYOND = 3.0
RANK_FORBIDS_ABOVE = 0.10
# Moderate takes a second part of the score that is this unusual on its own.
SECOND_PART_AT = 0.10
# Nothing supports "not distilled" unless at least this share of the references resembles the teacher as much.
AGAINST_RANK = 0.5
MIN_REFERENCES, MIN_INNOCENTS = 20, 5
MIN_DECOYS, MIN_DECOY_PROVIDERS = 10, 4
MIN_PROBES, FEW_PROBES = 20, 100
SAME_ANSWERS = 0.5
# Power from which a negative answer says much; below it, what limits it is said.
GOOD_POWER = 0.8
ACCUSING = ("weak", "moderate", "moderately_strong", "strong")
