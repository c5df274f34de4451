"""`audit scan` on 2,311 annotated datasets: generators, licences wider than those behind them, false alarms.

    AUDIT_TEST_DATA=... python docs/measurements/scan_datasets.py

Data: annotations of the Data Provenance Initiative (Longpre et al. 2023, arXiv 2310.16787). Each dataset
becomes a folder as it would be downloaded: a card with the licence tag of the hub, the name, the sets it is
derived from, and one row a documented generator, in a field "generator". Three questions:

1. generators: of datasets with a documented model, for how many does a chain lead to its terms, by fields,
   and by name alone (no rows)?
2. wider tags: where the tag permits more than the annotators found, how often does the scan say so, from what
   the hub shows, and where the card's text states the annotators' licence?
3. false alarms: of datasets that no model wrote, how many get a generator?

Classes of use, from wide to narrow: all, unspecified, non-commercial, academic; terms of a provider count as
non-commercial, as the annotators have it.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from auditor.scan import synthetic
from auditor.scan.answer import ANSWERS
from auditor.scan.chains import UNKNOWN
from auditor.scan.licences import declared, traits
from auditor.scan.result import ScanReport
from auditor.scan.run import ScanConfig, run

CLASSES = ("all", "unspecified", "non-commercial", "academic")
NO_MODEL = {
    "Other",
    "templates",
    "wmt",
    "wikisql",
    "NBC",
    "SVM",
    "alpaca",
    "dolly",
    "SBERT",
    "OpenAI Playground",
}
SERVICES = {"OpenAI", "Anthropic", "Google Cloud Translation API"}
NAMES_A_MODEL = {"GEN001", "GEN002", "GEN004", "GEN005", "GEN006", "GEN008", "GEN011"}


def main() -> None:
    """Measure, and print three tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--first", type=int, default=None, help="Only so many datasets, for a trial.")
    given = parser.parse_args()
    file = Path(os.environ["AUDIT_TEST_DATA"]) / "licences" / "dpi_datasets.jsonl"
    sets = [json.loads(line) for line in file.open(encoding="utf-8")][: given.first]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        generators(sets, place)
        wider(sets, place)
        alarms(sets, place)


def generators(sets: list[dict[str, Any]], place: Path) -> None:
    """Question 1."""
    documented = [(row, models(row)) for row in sets if models(row)]
    by_fields = by_name = known = 0
    missed: Counter[str] = Counter()
    for row, names in documented:
        hit = judged(scanned(place, row, names))
        by_fields += bool(hit)
        if not hit:
            missed.update(names)
        if synthetic.find(hub(row)) or synthetic.find(row["name"]):
            known += 1
            by_name += judged(scanned(place, row, []))
    print("generators")
    print(f"  by fields: {share(by_fields, len(documented))}; missed: {dict(missed.most_common(12))}")
    print(f"  by name alone: {share(by_name, len(documented))}; of names on file: {share(by_name, known)}")


def wider(sets: list[dict[str, Any]], place: Path) -> None:
    """Question 2, by what the annotators found instead of the tag."""
    shown: Counter[str] = Counter()
    stated: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for row in sets:
        tag = row["hf_yaml_license"]
        if not tag:
            continue
        narrow = max((of_class(entry["license"]) for entry in row["licenses"]), default=0)
        if of_class(tag) >= narrow:
            continue
        kind = CLASSES[narrow]
        total[kind] += 1
        shown[kind] += told(scanned(place, row, models(row)))
        stated[kind] += told(scanned(place, row, models(row), [e["license"] for e in row["licenses"]]))
    print("tags wider than the annotators' licences")
    for kind in (*CLASSES[1:], None):
        n = total[kind] if kind else total.total()
        a, b = (c[kind] if kind else c.total() for c in (shown, stated))
        print(
            f"  {kind or 'together'}: from what the hub shows {share(a, n)}; stated in the card {share(b, n)}"
        )


def alarms(sets: list[dict[str, Any]], place: Path) -> None:
    """Question 3: sets that no model wrote, and the known human controls by their names."""
    human = [row for row in sets if not row["model_generated"] and not derives_from_synthetic(row)]
    found = [scanned(place, row, []) for row in human]
    alarmed = [
        (row["name"], [f.message for f in report.findings if f.rule in NAMES_A_MODEL])
        for row, report in zip(human, found, strict=True)
        if any(f.rule in NAMES_A_MODEL for f in report.findings)
    ]
    print("false alarms")
    print(f"  datasets without a documented model: {share(len(alarmed), len(human))}")
    for name, messages in alarmed[:40]:
        print(f"    {name}: {messages[0][:110]}")
    controls = [d for d in synthetic.load() if not d.synthetic]
    rows = [
        {"name": d.name, "hf_url": f"/datasets/{h}", "derived_from": []}
        for d in controls
        for h in d.hub_ids[:1]
    ]
    hits = [r["name"] for r in rows if any(f.rule in NAMES_A_MODEL for f in scanned(place, r, []).findings)]
    print(f"  human controls: {share(len(hits), len(rows))} {hits}")


def models(row: dict[str, Any]) -> list[str]:
    """Documented generators that are models."""
    return [name for name in row.get("model_generated") or [] if name not in NO_MODEL]


def derives_from_synthetic(row: dict[str, Any]) -> bool:
    """Whether it says that it was made from a set that a model wrote: no false alarm, then."""
    bases = [synthetic.find(address.split("/datasets/")[-1]) for address in row["derived_from"] or []]
    own = synthetic.find(hub(row)) or synthetic.find(row["name"])
    return any(d and d.synthetic for d in (*bases, own))


def hub(row: dict[str, Any]) -> str:
    """The id on the hub, "" = none."""
    return (row.get("hf_url") or "").partition("/datasets/")[2].strip("/")


def of_class(licence: str | None) -> int:
    """Place of a licence in `CLASSES`."""
    if licence in SERVICES:
        return 2
    keys = declared.read(licence or "").keys
    read = [t for key in keys if (t := traits.of(key))]
    if not read:
        return 1
    if any(t.research_only for t in read):
        return 3
    return 2 if any(t.noncommercial for t in read) else 1 if any(t.ask for t in read) else 0


def judged(report: ScanReport) -> bool:
    """Whether a chain leads from a generator to its terms, or to the word that none are on file."""
    return any(link.generator not in (None, UNKNOWN) for answer in report.answers for link in answer.links)


def told(report: ScanReport) -> bool:
    """Whether the report says that the tag is not the whole truth: a contradiction, or a narrower chain.

    A chain counts if it says "conflict" or "cannot tell" where the tag's own does not; that nobody states the
    origin does not count, since that is said of nearly every dataset.
    """
    if any(f.rule == "LIC003" for f in report.findings):
        return True
    for answer in report.answers:
        of_tag = [x for x in answer.links if "README.md, line 3)" in x.seen]
        tag = [ANSWERS.index(x.answer) for x in of_tag]
        others = [ANSWERS.index(x.answer) for x in answer.links if x.name != "Origin not stated"]
        if max(others, default=0) > max([1, *tag]):
            return True
    return False


def scanned(
    place: Path, row: dict[str, Any], names: list[str], stated: list[str] | None = None
) -> ScanReport:
    """Build the folder, and scan it."""
    for file in place.glob("*"):
        file.unlink()
    (place / "README.md").write_text(card(row, stated), encoding="utf-8")
    if names:
        lines = [json.dumps({"text": "-", "generator": name}) for name in names]
        (place / "train.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return run(ScanConfig(str(place), ("train_competing_llm", "commercial_use_of_outputs")))


def card(row: dict[str, Any], stated: list[str] | None) -> str:
    """The card as it would stand on the hub."""
    head = [f"pretty_name: {json.dumps(row['name'])}"]
    if row.get("hf_yaml_license"):
        head.append(f"license: {json.dumps(row['hf_yaml_license'])}")
    bases = [base.split("/datasets/")[-1] for base in row.get("derived_from") or []]
    head.append(f"source_datasets: {json.dumps([*bases, *([hub(row)] if hub(row) else [])])}")
    prose = "".join(f"The dataset is licensed under {name}.\n\n" for name in stated or [])
    section = f"## Licensing Information\n\n{prose}" if prose else ""
    return "---\n" + "\n".join(head) + f"\n---\n\n# {row['name']}\n\n{section}"


def share(part: int, whole: int) -> str:
    """A count, and its share."""
    return f"{part} of {whole} ({part / whole:.3f})" if whole else "none"


if __name__ == "__main__":
    main()
