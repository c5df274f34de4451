"""Scan reports with chains to the shipped terms: one of every kind of answer, and a hostile one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from auditor.scan.answer import Answer
from auditor.scan.finding import Evidence, Finding
from auditor.scan.report_data import as_data
from auditor.scan.result import Declared, FileRead, Generator, PartRead, ScanReport
from tests.auditor.reports.scan_mixed import mixture
from tests.auditor.reports.scan_parts import CARD, link, report

HOSTILE = (
    "<script>alert(1)</script> \x1b[2J\x1b]8;;http://evil.example\x07 | `code` [link](http://evil.example) "
    "{0} \u202e reversed \u200b\x00 @team <!-- -->\r\n# heading\n=cmd|' /C calc'!A0 \ud800"
)
FORMULA = '=HYPERLINK("http://evil.example","x")'
LONG = "A" * 100_000
APACHE = Declared("apache-2.0", "Apache-2.0", "card", "README.md", 3, ".", ("data-apache-2.0",))


def conflict() -> ScanReport:
    """An Alpaca-like set tagged apache-2.0 whose rows name gpt-4."""
    seen = Finding(
        "GEN001",
        "52,002 of 52,002 rows name gpt-4 in the field 'model'.",
        "high",
        "gpt-4",
        tuple(
            Evidence("data/train.jsonl", n, n, "model", '"model": "gpt-4", "output": "A balanced diet ...')
            for n in range(1, 9)
        ),
        52_002,
        52_002,
    )
    wide = Finding(
        "TRM005",
        "The card says apache-2.0, which permits every use; terms for gpt-4 forbid training a rival.",
        "high",
        "Apache-2.0",
        (Evidence("README.md", 3, None, "license", "license: apache-2.0"),),
    )
    forbid = Finding(
        "TRM001",
        "OpenAI's terms forbid the use train_competing_llm for what gpt-4 wrote.",
        "high",
        "gpt-4",
        (Evidence("data/train.jsonl", 1, 1, "model", "gpt-4"),),
        52_002,
        52_002,
    )
    use, other = "train_competing_llm", "internal_research"
    chain = {"generator": "gpt-4", "provider": "OpenAI", "rows": 52_002, "when": "2023-04", "channel": "api"}
    return report(
        channel="api",
        when="2023-04",
        rows=52_002,
        answers=(
            Answer(
                use,
                "conflict",
                "Conflict: gpt-4 wrote rows, and OpenAI Terms of Use (14 March 2023) (clause 2(c)(iii)) "
                "rules this use out.",
                (
                    link(use, "openai-terms-of-use-2023", seen, **chain),
                    link(use, "data-apache-2.0", wide, settle=""),
                ),
                (),
                ("Ask OpenAI for leave in writing, or make the rows anew with a model that permits it.",),
            ),
            Answer(
                other,
                "cannot_tell",
                "The terms of OpenAI's API of April 2023 do not say whether research in the house competes.",
                (link(other, "openai-terms-of-use-2023", seen, **chain),),
                (),
                ("Ask OpenAI whether an experiment that is not released competes.",),
            ),
        ),
        declared=(APACHE,),
        generators=(Generator("gpt-4", "OpenAI", 52_002, 1.0, None, "high", (seen.fingerprint,)),),
        findings=(seen, wide, forbid),
        files=(
            CARD,
            FileRead("data/train.jsonl", "data", "jsonl", 41_231_001, 52_002, True, "read"),
            FileRead("data/train.bak", "other", "", 512, None, False, "left out", "no known format"),
        ),
    )


def human() -> ScanReport:
    """A set that people wrote, CC-BY-SA on the card and CC-BY-NC in the licence file."""
    use = "commercial_use_of_outputs"
    clash = Finding(
        "LIC003",
        "The card declares CC-BY-SA-4.0, the licence file CC-BY-NC-4.0.",
        "high",
        "CC-BY-NC-4.0",
        (
            Evidence("README.md", 2, None, "license", "license: cc-by-sa-4.0"),
            Evidence("LICENSE", 1, None, None, "Attribution-NonCommercial 4.0 International"),
        ),
        2,
    )
    barred = Finding(
        "LIC004",
        "CC-BY-NC-4.0 excludes commercial use.",
        "high",
        "CC-BY-NC-4.0",
        (Evidence("LICENSE", 1, None, None, "Attribution-NonCommercial 4.0 International"),),
    )
    return report(
        name="acme/people-wrote-this",
        target="/srv/people",
        rows=15_000,
        human=True,
        answers=(
            Answer(
                use,
                "conflict",
                "The licence file excludes commercial use, the card does not; the strictest counts until the "
                "publisher says which holds.",
                (
                    link(use, "data-cc-by-nc-4.0", barred, settle="Ask the publisher which licence holds."),
                    link(use, "data-cc-by-sa-4.0", clash),
                ),
                ("Name the authors.", "Publish adaptations under CC-BY-SA-4.0."),
                ("Ask the publisher which licence holds.",),
            ),
            Answer(
                "internal_research",
                "allowed_with_conditions",
                "Both licences permit research in the house, on the condition that authors are named.",
                (link("internal_research", "data-cc-by-sa-4.0", clash),),
                ("Name the authors.",),
                (),
            ),
        ),
        declared=(
            Declared("cc-by-sa-4.0", "CC-BY-SA-4.0", "card", "README.md", 2, ".", ("data-cc-by-sa-4.0",)),
            Declared("(text)", "CC-BY-NC-4.0", "file", "LICENSE", 1, ".", ("data-cc-by-nc-4.0",)),
        ),
        findings=(clash, barred),
        files=(
            CARD,
            FileRead("LICENSE", "licence", "text", 18_000, None, True, "read"),
            FileRead("data.csv", "data", "csv", 9_000_000, 15_000, True, "read"),
        ),
    )


def nothing() -> ScanReport:
    """A folder without a card: no licence, no generator, no rows."""
    use = "redistribute_outputs_as_dataset"
    missing = Finding("LIC001", "No licence is declared anywhere.", "high")
    unstated = Finding("GEN012", "Nothing says who wrote the rows.", "high")
    empty = Finding("FIL005", "There are no rows to look at.", "high")
    return report(
        name="folder",
        target=".",
        answers=(
            Answer(
                use,
                "cannot_tell",
                "No licence is declared, and nothing says who wrote the rows.",
                (
                    link(
                        use,
                        None,
                        missing,
                        name="No licence",
                        reason="Without a licence nobody but the owner may publish the data.",
                        settle="Ask the publisher.",
                    ),
                ),
                (),
                ("Ask the publisher.",),
            ),
        ),
        findings=(missing, unstated, empty),
    )


def allowed() -> ScanReport:
    """Traces of DeepSeek-R1 under MIT."""
    use = "train_competing_llm"
    seen = Finding(
        "GEN006",
        "The card says that rows were generated with DeepSeek-R1.",
        "high",
        "deepseek-r1",
        (Evidence("README.md", 20, None, None, "distilled from DeepSeek-R1"),),
    )
    return report(
        name="acme/traces",
        rows=1_000,
        channel="self_host",
        answers=(
            Answer(
                use,
                "allowed",
                "The licence of DeepSeek-R1's weights permits training on outputs in so many words.",
                (
                    link(
                        use,
                        "deepseek-mit",
                        seen,
                        "deepseek-r1",
                        "DeepSeek",
                        None,
                        channel="self_host",
                        settle="",
                    ),
                ),
                (),
                (),
            ),
        ),
        declared=(Declared("mit", "MIT", "card", "README.md", 2, ".", ()),),
        generators=(Generator("deepseek-r1", "DeepSeek", None, None, None, "high", (seen.fingerprint,)),),
        findings=(seen,),
        files=(CARD, FileRead("traces.jsonl.gz", "data", "jsonl", 90_000, 1_000, True, "read")),
    )


def hostile() -> ScanReport:
    """Every text that a dataset can bring is an attack, or far too long."""
    found = conflict()
    seen = Finding(
        "GEN001",
        f"Rows name {HOSTILE}",
        "high",
        HOSTILE,
        (
            Evidence(f"../{HOSTILE}", 3, 3, HOSTILE, HOSTILE),
            Evidence(FORMULA, None, 7, FORMULA, FORMULA),
            Evidence(LONG, None, None, LONG, LONG),
        ),
        3,
        3,
        HOSTILE,
    )
    use = "train_competing_llm"
    chains = tuple(
        link(
            use,
            "openai-terms-of-use-2023",
            seen,
            generator=text,
            provider=text,
            through=text,
            seen=text,
            channel=text,
            when=text,
            settle=text,
            source=text,
        )
        for text in (HOSTILE, FORMULA, LONG, 'javascript:alert(1)//" onclick="alert(1)')
    )
    return replace(
        found,
        name=HOSTILE,
        target=f"../{HOSTILE}",
        channel=HOSTILE,
        when=HOSTILE,
        host=HOSTILE,
        answers=(Answer(use, "conflict", HOSTILE, chains, (HOSTILE, FORMULA, LONG), (HOSTILE, FORMULA)),),
        declared=(
            Declared(HOSTILE, HOSTILE, "card", HOSTILE, 1, HOSTILE, (HOSTILE,)),
            Declared(FORMULA, FORMULA, "prose", FORMULA, 1, FORMULA),
            Declared(LONG, LONG, "file", LONG),
        ),
        generators=(
            Generator(HOSTILE, HOSTILE, 2, 0.5, HOSTILE, "high", (seen.fingerprint,)),
            Generator(FORMULA, FORMULA, 1, 0.25, FORMULA, "low", ()),
            Generator(LONG, LONG, None, None, LONG, "low", ()),
        ),
        findings=(seen,),
        ignored=((replace(seen, rule="GEN008", subject=FORMULA), HOSTILE),),
        files=tuple(FileRead(t, "data", t, 1, 1, False, "unreadable", t) for t in (HOSTILE, FORMULA, LONG)),
        notes=(HOSTILE, FORMULA, LONG),
        parts=tuple(PartRead(t, t, (t,), (t,), ("conflict",)) for t in (HOSTILE, FORMULA, LONG)),
    )


REPORTS = {
    "conflict": conflict,
    "mixture": mixture,
    "human": human,
    "nothing": nothing,
    "allowed": allowed,
    "hostile": hostile,
}


def data(name: str) -> dict[str, Any]:
    """One of `REPORTS` as formats get it."""
    return as_data(REPORTS[name]())
