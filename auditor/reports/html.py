"""The report as one HTML file: no network, no script, readable in light, dark and print.

Everything a model or file said goes through `visible` and the template's escaping. Leaves out the look
(`templates/report.css`) and the words (`templates/report.html`).
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from auditor.report import Exhibit, Report
from auditor.reports import figures, inert


def render(report: Report) -> str:
    """Render one complete page."""
    return _environment().get_template("report.html").render(report=report)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("auditor.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "visible": inert.visible,
        "line": inert.one_line,
        "p": inert.p_value,
        "number": inert.number,
        "span": inert.span,
        "level": lambda level: level.replace("_", " "),
    }
    environment.globals |= {
        "distribution": figures.distribution,
        "forest": figures.forest,
        "marked": marked,
        "sides": sides,
    }
    return environment


def sides(exhibit: Exhibit) -> tuple[tuple[str, Markup], tuple[str, Markup]]:
    """Student's and teacher's text with their shared spans marked."""
    return (
        ("Student", marked(exhibit.student_text, exhibit.student_spans)),
        (exhibit.teacher, marked(exhibit.teacher_text, exhibit.teacher_spans)),
    )


def marked(text: str, spans: tuple[tuple[float, float], ...]) -> Markup:
    """Text with <mark> around the spans; offsets are into the text as the model gave it."""
    parts, at = [], 0
    for start, end in spans:
        parts.append(
            Markup("{}<mark>{}</mark>").format(
                inert.visible(text[at : int(start)]), inert.visible(text[int(start) : int(end)])
            )
        )
        at = int(end)
    return Markup("").join(parts) + Markup("{}").format(inert.visible(text[at:]))
