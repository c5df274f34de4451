"""All reports that the formats are tested on; one of them says something hostile wherever text can be."""

from __future__ import annotations

from auditor.report import Alternative, Exclusion, LineageRow, PairTest, Report, Run, SkippedDetector
from tests.auditor.reports.samples import (
    bare,
    empty,
    exhibit,
    finding,
    sample_report,
    teacher_later,
    tie,
    verdict,
)
from tests.auditor.reports.terms_samples import hostile_terms, with_terms

HOSTILE = (
    "<script>alert(1)</script><script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\"><iframe src=http://example.com></iframe>"
    "\"'><svg/onload=alert(1)> \x1b[31mred\x1b[0m \x1b]8;;http://example.com\x07link \x00 \x07 \x9b2J \r over"
    " \u202egnp.exe\u202c \u200b\u2066 \u3164 \ud800 \ufeff =cmd|'/C calc'!A0 @everyone [red]markup[/red]"
    " [x](javascript:alert(1)) ![x](http://example.com/a.png) http://example.com www.example.com"
    " \n# heading\n- item\n| cell | ``` ````` ~~~ </pre></style></title><!-- {{7*7}} {% x %} &lt;b&gt; $x^2$"
    " \\| `code`"
)


def hostile(text: str = HOSTILE) -> Report:
    """The same text wherever text can be."""
    huge = text + "x" * 50_000 + text + "\u202e" * 1000 + "y" * 50_000
    at = len(text) + 50_000
    names = (text, *(f"{text} {i}" for i in range(29)))
    return Report(
        headline=text,
        student=text,
        run=Run(
            text,
            text,
            text,
            text,
            0,
            {text: [text]},
            {text: text},
            {text: text, "lineage": text},
            {text: text},
        ),
        verdicts=(
            verdict(
                text,
                teacher_group=(text, text),
                reason=text,
                words=text,
                cap_reason=text,
                tied_with=(text,),
                alternatives=(Alternative(text, False, text),),
                would_change=(text,),
            ),
        ),
        findings=(
            finding(text, detector=text, statistic=text, unit=text, reference_models=names, caveats=(text,)),
            finding(text, statistic=text, reference_models=names),
        ),
        exhibits=(
            exhibit(
                text,
                detector=text,
                probe=text,
                prompt=text,
                student_text=huge,
                teacher_text=text,
                student_spans=((0, 30), (at, at + 40)),
                teacher_spans=((5, 10_000),),
            ),
            exhibit(text, student_text="a" * 100_000, student_spans=((0, 100_000),)),
        ),
        skipped=(SkippedDetector(text, text),),
        lineage=(
            LineageRow(*[text] * 12),
            LineageRow("m", "decoy", source="javascript:alert(1)"),
            LineageRow("n", "decoy", source="https://example.org/\u202ex"),
        ),
        excluded=(Exclusion(text, text, text),),
        n_subjects=1,
        n_probes=1,
        n_responses=1,
        caveats=(text,),
        lineage_source=text,
        tests=(
            PairTest(text, "weight_descent", text, text, text, 0.5, -0.3, 0.1, 9, text, text, {text: text}),
            PairTest(text, "weight_descent", "combined", text, text, 0, -400.0, None, None, text, text),
        ),
        **hostile_terms(text),
    )


REPORTS = {
    "sample": sample_report(),
    "teacher_later": teacher_later(),
    "tie": tie(),
    "bare": bare(),
    "empty": empty(),
    "hostile": hostile(),
    "terms": with_terms(),
}
