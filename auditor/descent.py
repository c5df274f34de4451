"""What the lineage table says about descent: which models a model was tuned from, and who shares them.

Documents, not weights. Leaves out what follows for a verdict (`alternatives.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from auditor.lineage import Lineage, plain_name
from auditor.references import names_of


@dataclass(frozen=True)
class Descent:
    """Documented descent of one student, towards one teacher."""

    student: str
    teacher: str
    lineage: Lineage

    @cached_property
    def aliases(self) -> frozenset[str]:
        """Plain names of the teacher, its group and its siblings."""
        return names_of(self.teacher, self.lineage).aliases

    @cached_property
    def _by_name(self) -> dict[str, str]:
        """Plain name of a model or a group -> a model of the table."""
        first = {plain_name(self.lineage.group(m)): m for m in reversed(list(self.lineage.rows))}
        return first | {plain_name(m): m for m in self.lineage.rows}

    def ancestors(self, model: str) -> dict[str, str]:
        """What a model was tuned from, and what that was tuned from: plain name of the group -> name.

        Nearest first. A name that the table does not know, such as a pretrained base, ends its chain.
        """
        found: dict[str, str] = {}
        names = self._bases(model)
        while names:
            name = names.pop(0)
            known = self._by_name.get(plain_name(name))
            key = plain_name(self.lineage.group(known) if known else name)
            if key not in found:
                found[key] = name
                names += self._bases(known) if known else []
        return found

    def _bases(self, model: str) -> list[str]:
        """What a model was tuned from, as written; mixtures name several."""
        return [b.strip() for b in self.lineage.row(model).base.split(";") if b.strip()]

    @cached_property
    def origin(self) -> dict[str, str]:
        """Ancestors of the student; empty where none is on record."""
        return self.ancestors(self.student)

    def shared(self, model: str) -> list[str]:
        """Ancestors of the student that another model has, too, or is."""
        line = {plain_name(self.lineage.group(model)), *self.ancestors(model)}
        return [name for key, name in self.origin.items() if key in line]

    @property
    def direct(self) -> bool:
        """Whether the student is documented to come from the weights of the teacher or its sibling."""
        return any(key in self.aliases for key in self.origin)

    @cached_property
    def kin(self) -> str:
        """How the teacher or its provider enters the student's documented descent; "" = not at all."""
        student, teacher = self.student, self.teacher
        provider = self.lineage.provider(teacher)
        for key, name in self.origin.items():
            known = self._by_name.get(plain_name(name))
            if key in self.aliases:
                return f"{student} is documented to descend from {name}, the teacher or its sibling."
            if known and self.lineage.provider(known) == provider:
                return f"{student} is documented to descend from {name}, of {teacher}'s own provider."
        if common := self.shared(teacher):
            return f"{student} and {teacher} are both documented to descend from {common[0]}."
        for cousin in self.lineage.rows:
            if cousin == student or self.lineage.provider(cousin) != provider:
                continue
            if common := self.shared(cousin):
                return (
                    f"{student} is documented to descend from {common[0]}, and so is {cousin} of {teacher}'s "
                    "provider."
                )
        return ""
