"""`held`: the models of a panel that a generator's plain name means.

By name or group, punctuation left out ("gpt-4" is "gpt4"), a date at the end too; never by likeness. Leaves
out which provider a name belongs to (`auditor.scan.models`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.lineage import Lineage, plain_name

DATED = re.compile(r"[-_@.]?(20\d{2}[-_]?\d{2}[-_]?\d{2}|\d{8}|\d{4}|latest)(-preview)?$")
"""A date or stamp of a checkpoint: "-2024-05-13", "-0613", "-20240229", "-1106-preview"."""


def held(named: str, subjects: Sequence[str], lineage: Lineage) -> str:
    """Return the panel's model that a name means, an original first; "" = it has none."""
    usable = [s for s in subjects if lineage.row(s).relation in ("", "original")]
    for wanted in dict.fromkeys((plain_name(named), plain_name(DATED.sub("", named)))):
        for how in (_own, _group, _undated):
            found = [s for s in usable if wanted and how(s, lineage) == wanted]
            if found:
                return found[0]
    return ""


def _own(subject: str, lineage: Lineage) -> str:
    return plain_name(subject)


def _group(subject: str, lineage: Lineage) -> str:
    return plain_name(lineage.group(subject))


def _undated(subject: str, lineage: Lineage) -> str:
    return plain_name(DATED.sub("", subject))
