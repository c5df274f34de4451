"""Recordings of several files become one panel: same prompt, same probe; same name, same model.

Leaves out guessing that two names mean one model, and any choice between two answers: a contradiction is an
error that names both files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auditor.errors import AuditError
from auditor.panel.panel import RESPONSES, Panel
from auditor.panel.probes import Asked, asked_in, label, match_probes
from auditor.panel.texts import gather
from auditor.recorded import Recorded
from detectors.types import Bool, Probe

Match = Literal["auto", "text", "id"]
Int32 = NDArray[np.int32]
Rows = NDArray[np.int64]
_SHOWN = 20


@dataclass(frozen=True)
class _Columns:
    """All rows of all recordings, in the order they came.

    Attributes
    ----------
    subject, probe, sample, recording : (n_rows,) int32.
    text : n_rows answers; `empty` : (n_rows,) bool, no answer or white space only.
    """

    subject: Int32
    probe: Int32
    sample: Int32
    recording: Int32
    text: pa.ChunkedArray
    empty: Bool


def assemble(recordings: Sequence[Recorded], *, match: Match = "auto") -> Panel:
    """Put recordings together.

    Probes are matched by normalised prompt text, or by the source's prompt id where there is no text
    ("auto"); "text" and "id" allow only that one. Responses of one model to one prompt without sample
    numbers become further samples.
    """
    if match not in get_args(Match):
        raise AuditError(f"--match {match}: no such way. Allowed are {', '.join(get_args(Match))}.")
    if not recordings:
        raise AuditError("A panel needs at least one file of recorded outputs; none was given.")
    notes = [note for recording in recordings for note in recording.notes]
    asked = [asked_in(recording) for recording in recordings]
    probes, probe_rows, more = match_probes(asked, match)
    _refuse_strangers(asked, probe_rows, probes)
    subjects, columns, further = _columns(recordings, probe_rows)
    notes += more + further
    order, again = _one_each(columns, subjects, probes, recordings)
    notes += again + _empty_note(columns, subjects) + _missing_note(columns, order, subjects, probes)
    files = {path: digest for recording in recordings for path, digest in recording.files.items()}
    return Panel(subjects, probes, _responses(columns, order), tuple(dict.fromkeys(notes)), files)


def _columns(
    recordings: Sequence[Recorded], probe_rows: Sequence[Int32]
) -> tuple[tuple[str, ...], _Columns, list[str]]:
    subjects: dict[str, int] = {}
    subject_rows, samples, notes = [], [], []
    for recording, probe in zip(recordings, probe_rows, strict=True):
        encoded = recording.table["model"].combine_chunks().dictionary_encode()
        names = [subjects.setdefault(name, len(subjects)) for name in encoded.dictionary.to_pylist()]
        subject_rows.append(np.array(names, np.int32)[encoded.indices.to_numpy()])
        sample, repeated = _sample_numbers(recording, subject_rows[-1], probe)
        samples.append(sample)
        if repeated:
            notes.append(
                f"{label(recording)}: {repeated} answers repeat a prompt the same model had already answered "
                "without sample numbers; they are kept as further samples."
            )
    text = pa.chunked_array([c for r in recordings for c in r.table["output"].chunks], pa.large_string())
    sizes = [len(probe) for probe in probe_rows]
    columns = _Columns(
        np.concatenate(subject_rows),
        np.concatenate(probe_rows),
        np.concatenate(samples),
        np.repeat(np.arange(len(sizes), dtype=np.int32), sizes),
        text,
        _is_empty(text),
    )
    return tuple(subjects), columns, notes


def _sample_numbers(recording: Recorded, subject: Int32, probe: Int32) -> tuple[Int32, int]:
    """Sample number of each row, counted where the source gives none, and how many are not the first."""
    given = recording.table["sample"]
    if not given.null_count:
        return given.to_numpy().astype(np.int32), 0
    missing = given.is_null().to_numpy()
    pair = subject.astype(np.int64) * (int(probe.max(initial=0)) + 1) + probe
    rows = np.flatnonzero(missing)
    order = rows[np.argsort(pair[rows], kind="stable")]
    starts = np.concatenate(([True], pair[order][1:] != pair[order][:-1]))
    position = np.arange(len(order))
    counted = position - np.maximum.accumulate(np.where(starts, position, 0))
    sample = given.fill_null(0).to_numpy().astype(np.int32)
    sample[order] = counted
    return sample, int(np.count_nonzero(counted))


def _is_empty(text: pa.ChunkedArray) -> Bool:
    blank = pc.or_(pc.equal(pc.binary_length(text), 0), pc.utf8_is_space(text))
    found: Bool = pc.fill_null(blank, True).to_numpy()
    return found


def _one_each(
    columns: _Columns, subjects: Sequence[str], probes: Sequence[Probe], recordings: Sequence[Recorded]
) -> tuple[Rows, list[str]]:
    """Rows to keep, sorted by probe, subject and sample: one each, an answer rather than an empty one."""
    order = np.lexsort((columns.empty, columns.sample, columns.subject, columns.probe))
    same = np.ones(max(len(order) - 1, 0), bool)
    for key in (columns.probe, columns.subject, columns.sample):
        same &= key[order][1:] == key[order][:-1]
    if not same.any():
        return order, []
    first, second = order[:-1][same], order[1:][same]
    both = ~columns.empty[first] & ~columns.empty[second]
    texts = columns.text
    differ = pc.not_equal(texts.take(pa.array(first[both])), texts.take(pa.array(second[both]))).to_numpy()
    if differ.any():
        at = int(np.flatnonzero(differ)[0])
        _refuse_contradiction(
            columns, int(first[both][at]), int(second[both][at]), subjects, probes, recordings
        )
    note = f"{len(first)} answers were given twice (same model, prompt and sample number); each is kept once."
    return order[np.concatenate(([True], ~same))], [note]


def _refuse_contradiction(
    columns: _Columns,
    first: int,
    second: int,
    subjects: Sequence[str],
    probes: Sequence[Probe],
    recordings: Sequence[Recorded],
) -> None:
    row, other = sorted((first, second))
    where = [label(recordings[columns.recording[r]]) for r in (row, other)]
    said = [columns.text[r].as_py()[:60] for r in (row, other)]
    probe = probes[columns.probe[row]]
    raise AuditError(
        f"Two different answers of one model to one prompt: model {subjects[columns.subject[row]]!r}, prompt "
        f"{(probe.prompt or probe.source)[:80]!r}, sample {columns.sample[row]}. {where[0]} has {said[0]!r}, "
        f"{where[1]} has {said[1]!r}. A (model, prompt, sample) may have one answer: leave one file out, "
        "give the models different names, or number the samples."
    )


def _refuse_strangers(asked: Sequence[Asked], rows: Sequence[Int32], probes: Sequence[Probe]) -> None:
    """Refuse a recording whose prompts nobody else was asked."""
    own = [np.unique(row) for row in rows]
    times = np.bincount(np.concatenate(own), minlength=len(probes))
    for at, mine in enumerate(own):
        if len(own) == 1 or (times[mine] > 1).any():
            continue
        rest = [i for i in range(len(own)) if i != at]
        others = np.unique(np.concatenate([own[i] for i in rest]))
        names = ", ".join(label(asked[i].recording) for i in rest[:3]) + (
            " and others" if len(rest) > 3 else ""
        )
        raise AuditError(
            f"{label(asked[at].recording)} has no prompt in common with {names}: it has {len(mine)} prompts, "
            f"e.g. {_example(probes[mine[0]])}; the others have {len(others)}, e.g. "
            f"{_example(probes[others[0]])}. Models are compared on the prompts they share: give files with "
            "the same prompts, or match by the sources' prompt ids with --match id."
        )


def _example(probe: Probe) -> str:
    return repr(probe.prompt[:80]) if probe.prompt else f"prompt id {probe.source.partition(':')[2]!r}"


def _empty_note(columns: _Columns, subjects: Sequence[str]) -> list[str]:
    counts = Counter(columns.subject[columns.empty].tolist())
    if not counts:
        return []
    named = [f"{subjects[s]} {n}" for s, n in counts.most_common(_SHOWN)]
    rest = f" and {len(counts) - _SHOWN} more models" if len(counts) > _SHOWN else ""
    return [f"{sum(counts.values())} empty answers count as not given: {', '.join(named)}{rest}."]


def _missing_note(
    columns: _Columns, order: Rows, subjects: Sequence[str], probes: Sequence[Probe]
) -> list[str]:
    kept = order[~columns.empty[order]]
    pairs = np.unique(columns.probe[kept].astype(np.int64) * len(subjects) + columns.subject[kept])
    answered = np.bincount(pairs // len(subjects), minlength=len(probes))
    some = int(np.count_nonzero(answered < len(subjects)))
    if not some:
        return []
    missing = len(subjects) * len(probes) - len(pairs)
    return [
        f"{some} of {len(probes)} prompts were not answered by every model ({missing} of "
        f"{len(subjects) * len(probes)} answers are missing)."
    ]


def _responses(columns: _Columns, order: Rows) -> pa.Table:
    """Rows in order; the texts are copied once, and not at all when they are in order already."""
    empty = columns.empty[order]
    in_order = len(order) == len(columns.text) and bool((order == np.arange(len(order))).all())
    if in_order and not empty.any() and columns.text.num_chunks == 1:
        text = columns.text
    else:
        text = gather(columns.text, order, empty)
    keys = [pa.array(key[order]) for key in (columns.subject, columns.probe, columns.sample)]
    return pa.Table.from_arrays([*keys, text], schema=RESPONSES).combine_chunks()
