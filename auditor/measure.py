"""Run the detectors over a panel: one measurement a statistic, every subject against every teacher.

A panel with several samples is measured sample by sample and averaged, so that a model with more
samples is not treated differently. Leaves out what the measurements mean.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import tempfile
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from auditor.embed import equipped
from auditor.errors import AuditError
from auditor.kept import can_keep, with_kept
from auditor.panel import Panel
from detectors import ngram_device
from detectors.minhash.detector import MinHashOverlap
from detectors.registry import DETECTORS, SCORED, SHOWN
from detectors.types import Access, Detector, Measurement, PanelView, Skipped
from detectors.wording import Wording

# Below this many answers a second process costs more than it saves.
PARALLEL_FROM = 20_000
# The longest runs begin first, so that no process waits for one at the end.
SLOW = ("templates", "semantics", "stylometry", "wording", "opening")
AVAILABLE = Access.TEXT | Access.SAMPLES
# In a worker process: the panel that it measures. It comes in a file of our own, once: it is hundreds of
# megabytes, and a worker that dies while it is sent through a pipe would leave us waiting for ever.
_PANEL: list[tuple[Sequence[PanelView], tuple[int, ...]]] = []


def choose(names: Sequence[str]) -> tuple[list[Detector], list[Skipped]]:
    """Detectors to run, and those that will not with the reason; no names = all."""
    known = (*DETECTORS, *SCORED, *SHOWN)
    unknown = [n for n in names if n not in known]
    if unknown:
        raise AuditError(f"No detector {unknown[0]!r}. Allowed are {', '.join(known)}.")
    asked = [d for n, d in DETECTORS.items() if not names or n in names]
    skipped = [Skipped(n, "not asked for (--detector)") for n in DETECTORS if names and n not in names]
    unable = [d for d in asked if not d.needs & AVAILABLE]
    skipped += [Skipped(d.name, "needs more than recorded text") for d in unable]
    return [d for d in asked if d not in unable], skipped


def able(
    detectors: Sequence[Detector], panel: Panel, embedding: str = "", device: str = "cpu"
) -> tuple[list[Detector], list[Skipped]]:
    """Detectors that can measure this panel, and the others with the reason.

    `embedding` : folder of a sentence-transformers model for `semantics`; "" = the packaged one.
    `device` : "cuda" for the detectors that can measure there.
    """
    view = _views(panel)[0]
    detectors = [_on(device, equipped(d, embedding)) for d in detectors]
    lacking = {d.name: d.lacks(view) for d in detectors}
    skipped = [Skipped(name, reason) for name, reason in lacking.items() if reason]
    return [d for d in detectors if not lacking[d.name]], skipped


def _on(device: str, detector: Detector) -> Detector:
    """The detector, on a device other than the CPU if it can measure there."""
    if device == "cpu" or not isinstance(detector, Wording | MinHashOverlap):
        return detector
    reason = ngram_device.lacks(device) if isinstance(detector, Wording) else _no_cuda()
    if reason:
        raise AuditError(f"--device {device}: {reason}. Leave --device out to measure on the CPU.")
    return replace(detector, device=device)


def _no_cuda() -> str:
    """What keeps signatures from being made on a CUDA device; "" = nothing."""
    from detectors.minhash import cuda

    return cuda.missing() or ""


def _views(panel: Panel) -> list[PanelView]:
    """One view a sample; the first knows all of them."""
    views = [panel.view(sample) for sample in range(panel.n_samples)]
    return [replace(views[0], samples=tuple(v.texts for v in views)), *views[1:]]


def measure(
    panel: Panel,
    teachers: Sequence[str],
    detectors: Sequence[Detector],
    done: Callable[[str], None],
    evidence: Path | None = None,
) -> list[Measurement]:
    """Measure every detector; `done` is told the name of each detector that has finished.

    `evidence` : file that keeps embeddings from run to run, opened by this process alone; None = no file.
    """
    place = {name: i for i, name in enumerate(panel.subjects)}
    columns = tuple(place[t] for t in teachers)
    views = _views(panel)
    n_answers = len(panel.responses)
    workers = min(len(detectors), len(os.sched_getaffinity(0)) if n_answers >= PARALLEL_FROM else 1)
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        ready = partial(with_kept, views=views, evidence=evidence, folder=Path(folder))
        if workers <= 1:
            found = []
            for detector in detectors:
                found.append(_over_samples(ready(detector), views, columns))
                done(detector.name)
            return [m for group in found for m in group]
        shared = Path(folder) / "panel.pickle"
        shared.write_bytes(pickle.dumps((views, columns), protocol=pickle.HIGHEST_PROTOCOL))
        embedding = {d.name for d in detectors if evidence and can_keep(d)}
        return _in_processes(detectors, workers, shared, done, ready, embedding)


def _in_processes(
    detectors: Sequence[Detector],
    workers: int,
    shared: Path,
    done: Callable[[str], None],
    ready: Callable[[Detector], Detector],
    last: set[str],
) -> list[Measurement]:
    """Measure in several processes; `shared` holds the pickled views and columns.

    `ready` : what this process does to a detector first. Those named in `last`, for which that takes long,
    wait until the others are being measured.
    """
    threads = max(1, len(os.sched_getaffinity(0)) // workers)
    slow = {name: place for place, name in enumerate(SLOW)}
    slow_first = sorted(detectors, key=lambda d: (d.name in last, slow.get(d.name, len(SLOW))))
    # Spawned, not forked: Arrow's and BLAS's threads do not survive a fork.
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _set_up_worker, (threads, str(shared))
    ) as pool:
        try:
            submitted = {d.name: pool.submit(_in_worker, ready(d)) for d in slow_first}
        except BaseException:
            pool.shutdown(cancel_futures=True)  # what has not begun need not be waited for
            raise
        results: list[Measurement] = []
        for detector in detectors:
            results.extend(submitted[detector.name].result())
            done(detector.name)
    return results


def _set_up_worker(threads: int, shared: str) -> None:
    """Give a worker its panel once, and as many threads for matrix products as leave the others room."""
    threadpool_limits(threads)
    _PANEL[:] = [pickle.loads(Path(shared).read_bytes())]


def _in_worker(detector: Detector) -> tuple[Measurement, ...]:
    views, columns = _PANEL[0]
    return _over_samples(detector, views, columns)


def _over_samples(
    detector: Detector, views: Sequence[PanelView], columns: tuple[int, ...]
) -> tuple[Measurement, ...]:
    """One detector over every sample, averaged where more than one could be measured.

    A detector that needs several samples at once gets the first view, which knows all.
    """
    together = Access.TEXT not in detector.needs
    runs = [detector.measure(view, columns) for view in (views[:1] if together else views)]
    if len(runs) == 1:
        return runs[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a cell that no sample could measure stays NaN
        return tuple(
            replace(same[0], values=np.nanmean([m.values for m in same], axis=0))
            for same in zip(*runs, strict=True)
        )
