"""How well licences are told: texts, model licences, tag against prose, and time beside ScanCode.

Usage: AUDIT_TEST_DATA=FOLDER python docs/measurements/licences.py [--scancode PYTHON]

PYTHON: an interpreter that can import `licensedcode` (scancode-toolkit-mini, with pluggy==1.5.0). Its licence
texts test the fingerprints, and it is timed on the same files. Contradictions are compared with labels by
hand (`licence_contradictions.csv`: 318 cards, half to choose rules by, half to report).
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq

from auditor.scan.licences import contradiction, declared, files, fingerprints, prose, tables, texts
from auditor.scan.licences.alike import parts
from auditor.scan.licences.expressions import spdx_id

LABELS = Path(__file__).with_name("licence_contradictions.csv")
TIMED = 150
_SCANCODE = """
import sys, time
from licensedcode.cache import get_index
index = get_index()
begin = time.perf_counter()
for path in open(sys.argv[1]):
    index.match(location=path.strip())
print(time.perf_counter() - begin)
"""


def folder() -> Path:
    """Where the real texts are."""
    return Path(os.environ["AUDIT_TEST_DATA"]) / "licences"


def spdx_texts() -> list[tuple[str, str]]:
    """Id and text of every SPDX licence that is neither deprecated nor an exception."""
    rows = pq.read_table(folder() / "spdx_texts.parquet").to_pylist()
    kept = ((row["spdx_id"], row["text"]) for row in rows)
    return [
        (i, t)
        for i, t in kept
        if not i.startswith("depreciate") and not re.search("(?i)exception|syscall", i)
    ]


def by_texts() -> None:
    """Exact id; family: -only and -or-later, and variants of GFDL and OFL, share one text."""
    count: Counter[str] = Counter()
    times = []
    texts.identify("MIT License")  # the library loads its patterns
    for id, text in spdx_texts():
        begin = time.perf_counter()
        found = [part for part in texts.identify(text) if part.how != "notice"]
        times.append(1000 * (time.perf_counter() - begin))
        first = found[0].licence if found else ""
        count["exact"] += first == id
        count["family"] += bool(first) and parts(first) == parts(spdx_id(id) or id)
        count["no answer"] += not first
    times.sort()
    n = len(times)
    print(f"SPDX texts: {n}; " + ", ".join(f"{k} {v} = {v / n:.1%}" for k, v in count.items()))
    middle, high = statistics.median(times), times[int(0.95 * n)]
    print(f"  ms a text: median {middle:.1f}, p95 {high:.0f}, most {times[-1]:.0f}")


def by_labels() -> None:
    """Contradictions of tag and prose against labels by hand; doubtful ones are left out."""
    cards = {
        row["dataset"]: row["readme"] for row in pq.read_table(folder() / "dataset_cards.parquet").to_pylist()
    }
    with LABELS.open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["contradiction"] != "doubtful"]
    for half in ("rules", "report"):
        count: Counter[tuple[bool, bool]] = Counter()
        for row in rows:
            if row["half"] == half:
                begin, end = prose.section(cards[row["dataset"]])
                tag = declared.read(row["declared"].split())
                found = contradiction.contradictions(tag, prose.mentions(cards[row["dataset"]][begin:end]))
                count[bool(found), row["contradiction"] == "yes"] += 1
        hits, false, missed = count[True, True], count[True, False], count[False, True]
        print(
            f"tag against prose, half to {half}: {sum(count.values())} cards, "
            f"{hits} of {hits + false} found are right, {hits} of {hits + missed} right ones found"
        )


def by_declared() -> None:
    """Declared values on the cards: how many are read."""
    with (folder() / "dataset_cards_labels.csv").open(encoding="utf-8") as stream:
        values = [row["declared_license"] for row in csv.DictReader(stream) if row["declared_license"]]
    read = [declared.read(value.split("|")) for value in values]
    count = Counter("named" if m.keys else m.nothing or "not known" for m in read)
    print(f"declared on cards: {len(values)}; " + ", ".join(f"{k} {v}" for k, v in count.most_common()))


def output_of(python: str, code: str, *given: str) -> str:
    """What code prints in another interpreter."""
    done = subprocess.run([python, "-c", code, *given], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def model_texts(python: str) -> Iterator[tuple[str, str]]:
    """Id and text of licences of models in ScanCode's data that there is a fingerprint of."""
    where = output_of(python, "import licensedcode; print(licensedcode.__path__[0])")
    known = {row["licence"] for row in tables.table("fingerprints")["fingerprint"]}
    for file in sorted((Path(where) / "data" / "licenses").glob("*.LICENSE")):
        front, _, text = file.read_text(encoding="utf-8").removeprefix("---").partition("\n---")
        key = re.search(r"spdx_license_key: (\S+)", front)
        id = key[1] if key else ""
        id = "OpenMDW-1.0" if id.endswith("openmdw-1.0") else id
        if id in known:
            yield id, text


def by_fingerprints(python: str) -> None:
    """Model licences as they are, and changed: a decisive feature or the day taken out, a clause added."""
    whole = wrong = changed = passed = 0
    for id, text in model_texts(python):
        found = {part.licence for part in texts.identify(text) if part.licence}
        whole += found == {id}
        wrong += bool(found - {id})
        for change in changes(id):
            changed += 1
            passed += id in {part.licence for part in texts.identify(change(text.lower()))}
    n = len(list(model_texts(python)))
    print(f"model licences: {n} texts, {whole} right, {wrong} taken for another")
    print(f"  {changed} changed, {passed} taken for whole")


def changes(id: str) -> Iterator[Callable[[str], str]]:
    """Ways to change a text so that it is the licence no longer."""
    mark = next(mark for mark in fingerprints.all_of() if mark.licence == id)
    for pattern in (*mark.needs, *((mark.date,) if mark.date else ())):
        yield lambda text, p=pattern: p.sub("...", text.replace("*", " ").translate(fingerprints.PLAIN))  # type: ignore[misc]
    said = tables.table("fingerprints")
    row = next(row for row in said["fingerprint"] if row["licence"] == id)
    added = {
        "noncommercial": "for non-commercial ends alone",
        "improve": "do not use it to improve any other model",
    }
    for topic in said["topics"].keys() - set(row.get("says", ())):
        yield lambda text, words=added[topic]: f"{text}\n{words}\n"  # type: ignore[misc]


def by_time(python: str) -> None:
    """Files a second, beside ScanCode on the same files; loading is left out for both."""
    with tempfile.TemporaryDirectory() as place:
        paths = []
        for i, (_, text) in enumerate(spdx_texts()[:: max(1, 720 // TIMED)]):
            paths.append(Path(place) / str(i) / "LICENSE")
            paths[-1].parent.mkdir()
            paths[-1].write_text(text, encoding="utf-8")
        listing = Path(place) / "paths"
        listing.write_text("\n".join(map(str, paths)), encoding="utf-8")
        their = float(output_of(python, _SCANCODE, str(listing)).split()[-1])
        begin = time.perf_counter()
        for path in paths:
            files.read(path, "LICENSE")
        ours = time.perf_counter() - begin
    n = len(paths)
    print(f"time: {n} licence files, {n / ours:.0f} a second; ScanCode {n / their:.1f}")
    print(f"  {their / ours:.1f} times as fast")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scancode", metavar="PYTHON", help="interpreter that can import licensedcode")
    python = parser.parse_args().scancode
    by_declared()
    by_texts()
    by_labels()
    if python:
        by_fingerprints(python)
        by_time(python)


if __name__ == "__main__":
    main()
