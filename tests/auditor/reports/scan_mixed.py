"""The report of a scan of a mixed set, in several parts, with an ignored finding."""

from __future__ import annotations

from auditor.scan.answer import Answer
from auditor.scan.finding import Evidence, Finding
from auditor.scan.result import Declared, FileRead, Generator, PartRead, ScanReport
from tests.auditor.reports.scan_parts import CARD, SETTLE, link, report


def mixture() -> ScanReport:
    """A mixed set with a source column: several generators, two of them on conditions, one not on file."""
    shares = (
        ("gpt-3.5-turbo", "OpenAI", 61_200, 0.612, None, "high"),
        ("llama-3.1-70b-instruct", "Meta", 20_400, 0.204, None, "high"),
        ("deepseek-r1", "DeepSeek", 9_000, 0.09, "bespoke-stratos", "medium"),
        ("zephyr-home-brew", None, 3_100, 0.031, None, "medium"),
    )
    made = {
        name: Finding(
            "GEN004" if through else "GEN001" if provider else "GEN013",
            f"{rows:,} of 100,000 rows name {name} in the field 'source'.",
            sure,
            name,
            (
                Evidence(f"train-0000{i}.parquet", None, 17 + i, "source", name),
                Evidence(f"train-0000{i}.parquet", None, 918 + i, "source", name),
            ),
            rows,
            100_000,
        )
        for i, (name, provider, rows, _, through, sure) in enumerate(shares)
    }
    use = "train_other_model_release_weights"
    links = (
        link(
            use,
            None,
            made["zephyr-home-brew"],
            "zephyr-home-brew",
            None,
            3_100,
            settle="Ask the publisher which model this name means.",
        ),
        link(use, "openai-terms-of-use-2023", made["gpt-3.5-turbo"], "gpt-3.5-turbo", "OpenAI", 61_200),
        link(
            use,
            "llama-3.1",
            made["llama-3.1-70b-instruct"],
            "llama-3.1-70b-instruct",
            "Meta",
            20_400,
            settle="",
        ),
        link(
            use,
            "deepseek-mit",
            made["deepseek-r1"],
            "deepseek-r1",
            "DeepSeek",
            9_000,
            through="bespoke-stratos",
            settle="",
        ),
    )
    sampled = Finding(
        "FIL004",
        "100,000 of about 940,000 rows were read.",
        "high",
        "",
        (Evidence("train-00000.parquet"),),
        1,
    )
    stale = Finding("TRM004", "The terms of DeepSeek were read 200 days ago.", "high", "deepseek-mit")
    return report(
        name="acme/mix",
        target="./mix/",
        sample=25_000,
        rows=100_000,
        answers=(
            Answer(
                use,
                "cannot_tell",
                "61.2 % of the rows were written by gpt-3.5-turbo over a channel that is not known, and "
                "3.1 % by a model that is not on file.",
                links,
                (
                    "Begin the name of a released model with 'Llama' (Llama 3.1).",
                    "Show 'Built with Llama' where the model is offered (Llama 3.1).",
                    "Hand on a copy of the licence of Llama 3.1.",
                ),
                (SETTLE, "Ask the publisher which model this name means."),
            ),
        ),
        declared=(
            Declared("odc-by", "ODC-By-1.0", "card", "README.md", 4, ".", ("data-odc-by-1.0",)),
            Declared("various, see rows", "", "prose", "README.md", 61),
            Declared("cc-by-nc-4.0", "CC-BY-NC-4.0", "rows", "train-00000.parquet", None, ".", (), 10_000),
        ),
        generators=tuple(Generator(n, p, r, s, t, c, (made[n].fingerprint,)) for n, p, r, s, t, c in shares),
        findings=(*made.values(), sampled),
        ignored=((stale, "Read again on 2026-11-20, unchanged (legal@acme.example, until 2027-02-01)"),),
        files=(
            CARD,
            *(
                FileRead(
                    f"train-0000{i}.parquet",
                    "data",
                    "parquet",
                    90_000_000,
                    25_000,
                    False,
                    "sampled",
                    "--sample 25000",
                )
                for i in range(4)
            ),
            FileRead(
                "train-00004.parquet",
                "data",
                "parquet",
                12,
                None,
                False,
                "unreadable",
                "It is cut off: no footer.",
            ),
        ),
        notes=("The channel is not known: the terms of each are listed.", "The day is not known."),
        parts=(
            PartRead(".", "mix", ("ODC-By-1.0",), ("gpt-3.5-turbo", "deepseek-r1"), ("cannot_tell",)),
            PartRead("code", "code", (), (), ("allowed_with_conditions",)),
        ),
    )
