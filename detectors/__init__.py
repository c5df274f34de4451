"""Measurements: arrays in, arrays out; no disk, network, clock, database or command line here.

Leaves out every word of a verdict (those are `auditor`'s). Import the module you need, for example
`from detectors.types import Measurement`: this file stays light.
"""

DISTRIBUTION = "distill-audit"
"""Marks this package as ours: another project installs a top-level package of the same name."""
