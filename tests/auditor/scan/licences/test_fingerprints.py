"""Model licences are told by their features; near-twins are not mixed up; a changed text is no licence.

The texts are made here, of filler and the few words that a fingerprint looks for. Real ones are tried by
`docs/measurements/licences.py --scancode`.
"""

from __future__ import annotations

import re

import pytest

from auditor.scan import terms
from auditor.scan.licences import fingerprints, tables, texts

FILLER = "Whoever takes part in this does so gladly and reads on. "
ROWS = tables.table("fingerprints")["fingerprint"]


def made(title: str, *words: str) -> str:
    """A text with a title, the day beside it, and words in the midst of filler."""
    return f"{title}\n\n{FILLER * 5}\n\n" + "\n\n".join(f"{FILLER} {word}. {FILLER}" for word in words)


LLAMA = ("700 million monthly active users", "Built with Meta Llama 3")
NO_OTHER = "You will not use them to improve any other large language model"
OPEN = (
    "create, train, fine tune, or otherwise improve an AI model",
    "Built with Llama",
    "700 million monthly active",
)
HUNYUAN = "TENCENT HUNYUAN COMMUNITY LICENSE AGREEMENT\nTencent Hunyuan"
EUROPE = "It does not apply in the European Union"
TWINS = {
    "LicenseRef-llama-3": made(
        "META LLAMA 3 COMMUNITY LICENSE AGREEMENT\nRelease Date: April 18, 2024", NO_OTHER, *LLAMA
    ),
    "LicenseRef-scancode-llama-3.1-license-2024": made(
        "LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\nRelease Date: July 23, 2024", *OPEN
    ),
    "LicenseRef-scancode-llama-3.3-license-2024": made(
        "**LLAMA 3.3 COMMUNITY LICENSE AGREEMENT**\nDecember 6, 2024", *OPEN
    ),
    "LicenseRef-scancode-tongyi-qianwen-2023": made(
        "Tongyi Qianwen LICENSE AGREEMENT\nAugust 3, 2023", NO_OTHER, "100 million monthly active users"
    ),
    "LicenseRef-tongyi-qianwen-research-2023": made(
        "Tongyi Qianwen RESEARCH LICENSE AGREEMENT\nNovember 30, 2023", NO_OTHER, "non-commercial"
    ),
    "LicenseRef-scancode-qwen-2024": made(
        "Qwen LICENSE AGREEMENT\nSeptember 19, 2024", "100 million monthly active users", "“Built with Qwen”"
    ),
    "LicenseRef-qwen-research-2024": made(
        "Qwen RESEARCH LICENSE AGREEMENT\nSeptember 19, 2024", "Non-Commercial", "Built with Qwen"
    ),
    "LicenseRef-hunyuan-large": made(
        f"{HUNYUAN} Release Date: November 5, 2024", NO_OTHER, EUROPE, "100 million monthly active"
    ),
    "LicenseRef-hunyuan-video-2024": made(
        f"{HUNYUAN}Video Release Date: December 3, 2024",
        "must not use it to improve any other AI model",
        EUROPE,
        "100 million monthly active",
    ),
    "LicenseRef-hunyuan-dit-2024": made(
        f"{HUNYUAN} Release Date: 2024/5/14", NO_OTHER, "worldwide", "100 million monthly active"
    ),
    "LicenseRef-scancode-gemma-tou-2024-04-01": made(
        "Gemma Terms of Use\nLast modified: April 1, 2024",
        "transfer of patterns",
        "distillation methods",
        "Google claims no rights in Outputs",
    ),
    "LicenseRef-scancode-gemma-tou-2025-03-24": made(
        "Gemma Terms of Use\nLast modified: March 24, 2025",
        "transfer of patterns",
        "distillation methods",
        "Google claims no rights in Outputs",
    ),
}


def test_there_are_fifty_and_those_on_file_are_among_them():
    known = {row["licence"] for row in ROWS}
    assert len(known) == len(ROWS) >= 90
    ours = {entry.spdx for entry in terms.load() if entry.kind == "model_license"}
    open_ones = {"MIT", "Apache-2.0", "CC-BY-NC-4.0"}  # the library knows their texts
    assert ours - known - open_ones == set()


@pytest.mark.parametrize("licence", TWINS)
def test_near_twins_are_told_apart(licence):
    assert [(found.licence, found.how) for found in texts.identify(TWINS[licence])] == [
        (licence, "fingerprint")
    ]


@pytest.mark.parametrize(
    ("licence", "old", "new"),
    [
        ("LicenseRef-llama-3", "will not use", "may use"),
        ("LicenseRef-llama-3", NO_OTHER, ""),
        ("LicenseRef-llama-3", "April 18, 2024", "April 18, 2025"),
        ("LicenseRef-scancode-llama-3.1-license-2024", "Built with Llama", "Built with care"),
        ("LicenseRef-scancode-llama-3.1-license-2024", FILLER, f"{FILLER} {NO_OTHER}. "),
        ("LicenseRef-scancode-llama-3.1-license-2024", FILLER, f"{FILLER} For non-commercial use. "),
        ("LicenseRef-scancode-qwen-2024", FILLER, f"{FILLER} For non-commercial use. "),
        ("LicenseRef-hunyuan-large", "language model", "model"),
        ("LicenseRef-tongyi-qianwen-research-2023", "non-commercial", "any"),
    ],
)
def test_a_changed_text_is_like_the_licence_and_not_it(licence, old, new):
    assert old in TWINS[licence]
    (found,) = texts.identify(TWINS[licence].replace(old, new))
    assert (found.licence, found.like) == ("", licence)
    assert found.why


def test_a_mention_of_the_title_is_not_the_text():
    found = texts.identify(
        f"This model is under the LLAMA 3.1 COMMUNITY LICENSE AGREEMENT of July 23, 2024. {FILLER * 60}"
    )
    assert all(not part.licence for part in found)


def test_every_pattern_is_linear_enough_and_short():
    for mark in fingerprints.all_of():
        for pattern in (mark.title, *mark.needs, *mark.bars):
            words = max(len(re.findall(r"[a-z]{3,}", part)) for part in pattern.pattern.split("|"))
            assert words <= 12, f"{pattern.pattern} is nearly a clause"
    long = "not use " * 12_000
    assert fingerprints.find(f"llama 2 community license agreement july 18, 2023 {long}")[0].lacking
