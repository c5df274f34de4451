"""Models that `audit compare` asks itself: first what they have not answered of the panel's prompts.

The answers go into the file beside the evidence file, where `audit collect --evidence` puts them, too, and
are asked for as the ones already there were. Nothing is asked before all of it was counted, and said.
Leaves out the asking (`collect.py`) and the judging.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from auditor.collect import gather
from auditor.collected import answers_in, beside, decoding_in, held_in
from auditor.due import CollectConfig, Plan, planned
from auditor.errors import AuditError, IncompleteError
from auditor.panel import Match, Panel, assemble
from auditor.probe_sets import ProbeSet, set_of
from auditor.progress import Progress
from auditor.readers.rows import file_hash
from auditor.readers.text import stem_of
from auditor.recorded import COLUMNS, Recorded
from auditor.sources.endpoint import KEYS, key_from
from auditor.sources.live import target_of
from auditor.sources.responder import Decoding


class StillToAskError(AuditError):
    """There is something to ask, and it was to be a dry run; the message says what."""


@dataclass(frozen=True)
class Asking:
    """How models are asked for `audit compare`.

    Attributes
    ----------
    evidence : the evidence file. most_requests : of all models together, more are not sent.
    progress : told what is asked. dry_run : ask nobody.
    commit : given the panel as it is before anything is asked, to commit to its probes; None = nobody does.
    match : how prompts are matched, as in `assemble`.
    """

    evidence: str
    most_requests: int
    progress: Progress
    dry_run: bool = False
    commit: Callable[[Panel], None] | None = None
    match: Match = "auto"

    def answers(
        self, texts: Sequence[str], recorded: Sequence[Recorded], others: Sequence[Recorded] = ()
    ) -> dict[str, tuple[str, Recorded]]:
        """`MODEL` string -> name of the model, and its answers to the prompts of the recordings.

        `others` : recordings whose models take part, too, and whose prompts are not asked.

        Raises `AuditError` where that cannot be or is more than allowed, before anybody is asked;
        `IncompleteError` where some answers did not come.
        """
        _check_names(texts, [*recorded, *others])
        chosen = _prompts_in(recorded)
        plans = {text: self._plan(text, chosen) for text in texts}
        due = {text: plan for text, plan in plans.items() if plan.missing}
        if self.dry_run and due:
            raise StillToAskError("\n\n".join([*(str(plan) for plan in due.values()), self._verdict(due)]))
        _check_key(due.values())
        if self._excess(due):
            raise AuditError(f"{self._excess(due)} Nothing was asked.")
        if due and self.commit:
            self.commit(assemble([*recorded, *others], match=self.match))
        for plan in due.values():
            self.progress.warn(_announced(plan))
        for text, plan in due.items():
            self._ask(text, plan)
        return {text: (plan.target.name, _recorded(plan)) for text, plan in plans.items()}

    def _plan(self, text: str, chosen: ProbeSet) -> Plan:
        output, target = beside(self.evidence), target_of(text)
        before = decoding_in(Path(output), target.name)
        try:
            decoding = Decoding(**before) if before else Decoding()
        except TypeError as error:
            raise AuditError(
                f"{output}: answers of {target.name} were asked for in a way that this version does not know "
                f"({error}). Name another --evidence, or use the version that wrote them."
            ) from None
        config = CollectConfig(text, chosen.name, output, decoding=decoding)
        return planned(config, target, chosen, held_in(Path(output), target, decoding.as_dict()))

    def _verdict(self, due: dict[str, Plan]) -> str:
        """What would come of it, for a dry run."""
        then = self._excess(due) or "Then the panel would be judged."
        return f"{then} Nobody was asked, and nothing was measured or stored."

    def _excess(self, due: dict[str, Plan]) -> str:
        """Why it is too much to ask; "" = it is not."""
        total = sum(plan.requests for plan in due.values())
        if total <= self.most_requests:
            return ""
        listed = "; ".join(_counted(plan) for plan in due.values())
        return (
            f"Up to {total:,} requests would be sent, and --most-requests allows {self.most_requests:,}: "
            f"{listed}. Give --most-requests {total}, or a smaller panel."
        )

    def _ask(self, text: str, plan: Plan) -> None:
        try:
            gather(plan.config, plan.set, self.progress)
        except IncompleteError as error:
            output = plan.config.output
            raise IncompleteError(
                f"{error} Nothing was judged. Temperature, length, rate and timeout can be chosen with: "
                f"audit collect {text} --probes FILE --evidence {self.evidence}"
                + (
                    f" What there is can be judged as --student 'file:{output}#{plan.target.name}'."
                    if Path(output).exists()
                    else ""
                )
            ) from error


def _check_key(due: Collection[Plan]) -> None:
    """Refuse to send one key to two servers: it belongs to one of them."""
    servers = sorted({urlsplit(plan.target.at).netloc for plan in due if plan.target.trials})
    if len(servers) > 1 and key_from(os.environ):
        raise AuditError(
            f"A key is set ({' or '.join(KEYS)}), and it would be sent to {' and to '.join(servers)}. Ask "
            "one after the other, each with its own key: audit collect MODEL --probes FILE --evidence FILE; "
            "this command then asks nothing again. Nothing was asked."
        )


def _check_names(texts: Sequence[str], recorded: Sequence[Recorded]) -> None:
    """Refuse two models under one name: their answers would count as one model's."""
    taken: dict[str, str] = {}
    for recording in recorded:
        where = next(iter(recording.files), recording.format)
        taken |= dict.fromkeys(pc.unique(recording.table["model"]).to_pylist(), where)
    for text in texts:
        name = target_of(text).name
        if name in taken:
            raise AuditError(
                f"{text} and a model in {taken[name]} are both called {name!r}; their answers would be taken "
                f"for one model's. {_renamed(text)}, or judge the recorded one instead. Nothing was asked."
            )
        taken[name] = text


def _renamed(text: str) -> str:
    """How one model gets another name."""
    if text.startswith("hf:"):
        return f"Name the one asked otherwise ({text.partition('#')[0]}#ANOTHER-NAME)"
    return "Have the server give its model another name"


def _prompts_in(recorded: Sequence[Recorded]) -> ProbeSet:
    """Every prompt of the recordings, once."""
    columns = [r.table.select(["prompt_id", "prompt"]) for r in recorded]
    where = ", ".join(dict.fromkeys(next(iter(r.files), r.format) for r in recorded))
    if not columns:
        raise AuditError(
            "There are no prompts to ask: a model is asked what the panel's models were. Give --panel, or a "
            "file of recorded answers as teacher or student."
        )
    rows = pa.concat_tables(columns).group_by(["prompt_id", "prompt"], use_threads=False).aggregate([])
    name = stem_of(Path(where)) if len(recorded) == 1 else "recorded answers"
    if rows["prompt"].null_count == len(rows):
        raise AuditError(f"{where}: holds no prompt texts to ask. Name a file with them with --prompts.")
    return set_of(name, rows.to_pylist(), where)


def _counted(plan: Plan) -> str:
    return f"{len(plan.missing):,} prompts to {plan.target.name} at {plan.target.at} ({plan.tokens()})"


def _announced(plan: Plan) -> str:
    d = plan.config.decoding
    return (
        f"Asking {_counted(plan)}, at temperature {d.temperature:g} at most {d.max_tokens} tokens an "
        f"answer. Answers are kept in {plan.config.output}."
    )


def _recorded(plan: Plan) -> Recorded:
    """What the file holds of the model, of the prompts that were to be asked."""
    path, target = Path(plan.config.output), plan.target
    own = {a.probe.id: a.own_id for a in plan.set.probes}
    rows = [row for row in answers_in(path, target) if row["probe"] in own]
    d = plan.config.decoding
    system = "" if d.system is None else ", with a system message"
    cut = sum(bool(row.get("truncated")) for row in rows)
    notes = [
        f"{target.name} was asked at {target.at}, at temperature {d.temperature:g}, at most {d.max_tokens} "
        f"tokens an answer{system}" + (f"; {cut} of {len(rows)} answers were cut off there." if cut else ".")
    ]
    if len(names := sorted({row["server_model"] for row in rows if row.get("server_model")})) > 1:
        notes.append(
            f"{target.name} was called {' and '.join(names)} by its server: these may be different models."
        )
    columns = [
        [target.name] * len(rows),
        [own[row["probe"]] for row in rows],
        [row["prompt"] for row in rows],
        [row["sample"] for row in rows],
        [_whole(row["output"]) for row in rows],
    ]
    arrays = [pa.array(c, f.type) for c, f in zip(columns, COLUMNS, strict=True)]
    return Recorded(
        pa.Table.from_arrays(arrays, schema=COLUMNS), "jsonl", tuple(notes), {str(path): file_hash(path)}
    )


def _whole(text: str) -> str:
    """Text with half characters (lone surrogates), which Arrow cannot hold, made U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
