"""The panel: models by probes, and every response kept as it was given.

Leaves out roles and lineage (the main job knows them) and how responses were obtained (`auditor.readers`).
"""

from auditor.panel.assembly import Match, assemble
from auditor.panel.panel import Panel, unknown_subject
from auditor.panel.probes import normalised, probe_id

__all__ = ["Match", "Panel", "assemble", "normalised", "probe_id", "unknown_subject"]
