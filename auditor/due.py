"""What is still to be asked: every probe and sample that the file of answers lacks.

Asks nobody and writes nothing. Leaves out the asking (`collect.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from auditor.collected import Held, held_in
from auditor.probe_sets import Asked, ProbeSet, load_set
from auditor.sources.live import Manners, target_of
from auditor.sources.responder import Decoding, Target

_BYTES_PER_TOKEN = 4  # roughly, for any language in UTF-8


@dataclass(frozen=True)
class CollectConfig:
    """What `audit collect` was asked.

    Attributes
    ----------
    model : "openai:NAME@URL" or "hf:DIR_OR_ID". probes : a file, or the name of a shipped set.
    output : the file to add to. samples : answers to each probe.
    """

    model: str
    probes: str
    output: str
    samples: int = 1
    decoding: Decoding = field(default_factory=Decoding)
    manners: Manners = field(default_factory=Manners)


@dataclass(frozen=True)
class Plan:
    """What will be asked, in words as `str`; `missing` : (probe, sample number) in the order of asking."""

    config: CollectConfig
    target: Target
    set: ProbeSet
    held: Held
    missing: tuple[tuple[Asked, int], ...]

    def __str__(self) -> str:
        c, d = self.config, self.config.decoding
        total = len(self.set.probes) * c.samples
        rows = [
            ("Model", f"{self.target.name} at {self.target.at}"),
            (
                "Probes",
                f"{self.set.name}: {len(self.set.probes)} (SHA-256 {self.set.content_hash()[:16]}...)",
            ),
            ("Samples", f"{c.samples} of each"),
            ("Decoding", ", ".join(f"{k} {v}" for k, v in d.as_dict().items() if v is not None)),
            ("Held", f"{total - len(self.missing)} of {total} answers, in {c.output}"),
            ("To ask", self._requests()),
        ]
        if self.missing:
            rows.append(("Tokens", self.tokens()))
        if self.missing and c.manners.rate:
            rows.append(("Time", f"{self.requests / c.manners.rate:.1f} minutes or more, by --rate"))
        return "\n".join([*(f"{name:<10}{text}" for name, text in rows), *self.set.notes])

    @property
    def requests(self) -> int:
        """Most requests that will be sent, without counting those sent again; 0 = nothing is missing."""
        return len(self.missing) + self.target.trials if self.missing else 0

    def _requests(self) -> str:
        if not self.missing:
            return "nothing"
        trials = self.target.trials
        find_out = f", and about {trials} to find out what the endpoint can do" if trials else ""
        return f"{len(self.missing)} requests{find_out}"

    def tokens(self) -> str:
        """How many tokens that may be, in words."""
        system = len((self.config.decoding.system or "").encode())
        sent = sum(len(a.probe.prompt.encode()) + system for a, _ in self.missing) // _BYTES_PER_TOKEN
        most = len(self.missing) * self.config.decoding.max_tokens
        said, answers = self.held.completion_tokens
        like = f", {len(self.missing) * said // answers:,} if they are like those held" if answers else ""
        return f"about {sent:,} sent; at most {most:,} in the answers{like}"


def plan(config: CollectConfig) -> Plan:
    """Say what would be asked; asks nobody and writes nothing."""
    target, chosen = target_of(config.model), load_set(config.probes)
    return planned(config, target, chosen, held_in(Path(config.output), target, config.decoding.as_dict()))


def planned(config: CollectConfig, target: Target, chosen: ProbeSet, held: Held) -> Plan:
    """First samples first, so that an unfinished file is of use."""
    every = ((asked, sample) for sample in range(config.samples) for asked in chosen.probes)
    missing = tuple((a, k) for a, k in every if (a.probe.id, k) not in held.keys)
    return Plan(config, target, chosen, held, missing)
