"""The report as one HTML file: no network, complete without its script, readable in light, dark and print.

Everything printed goes through `visible` and the template's escaping. Leaves out the look
(`templates/*.css`), the words (`templates/*.html`) and the figures (`figures.py`, `forest.py`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from auditor.report import Finding, Report
from auditor.reports import (
    controls,
    error_rates,
    exact,
    excerpts,
    figures,
    forest,
    glossary,
    inert,
    materials,
    numerals,
    odds,
    phrases,
    populations,
    ranks,
    roster,
    surprises,
    terms,
)

EXHIBITS_SHOWN = 12
EXCERPT, AROUND = 900, 180
HIGHEST = 3
# What may be a link: an address whose text is the whole of it.
ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~%/?#=&;+,@:-]*)?")


def render(report: Report) -> str:
    """Render one complete page."""
    return _environment().get_template("report.html").render(report=report)


def highest(finding: Finding) -> tuple[populations.Reference, ...]:
    """The references most like the teacher, highest first."""
    return populations.references(finding)[::-1][:HIGHEST]


def marked(text: str, spans: tuple[tuple[float, float], ...]) -> Markup:
    """An answer with <mark> around the spans; of a long one, what is near them."""
    return Markup("").join(_piece(p) for p in excerpts.pieces(text, spans, EXCERPT, AROUND))


def link(text: str) -> Markup:
    """A web address as a link that shows all of itself; anything else as text."""
    shown = inert.one_line(text)
    if ADDRESS.fullmatch(text):
        return Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>').format(shown)
    return Markup("{}").format(shown)


def setting(value: Any) -> str:
    """A value of the frozen configuration, as JSON."""
    return inert.one_line(json.dumps(value, ensure_ascii=False, default=str))


def _piece(piece: excerpts.Piece) -> Markup:
    if piece.kind == "omitted":
        return Markup('<span class="omitted">[{} characters not shown]</span>').format(f"{piece.length:,}")
    template = Markup("<mark>{}</mark>") if piece.kind == "shared" else Markup("{}")
    return template.format(inert.visible(piece.text))


def shown(value: Any) -> Any:
    """What is printed when a template prints a value: nothing invisible, no None."""
    if value is None:
        return numerals.MISSING
    return inert.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _script() -> str:
    """The one script of the page; nothing in it comes from a report."""
    return (files("auditor.reports") / "templates" / "report.js").read_text(encoding="utf-8")


def _hash(script: str) -> str:
    """What the page's policy allows to run: this text, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def environment() -> Environment:
    """What every page is made with: everything escaped and made visible, a name that is missing an error."""
    return Environment(
        loader=PackageLoader("auditor.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _environment() -> Environment:
    made = environment()
    words = {"level": phrases.level_words, "title_of": phrases.title}
    written = {
        "p": numerals.p_value,
        "p_span": numerals.p_span,
        "number": numerals.number,
        "decimals": numerals.decimals,
        "span": numerals.span,
    }
    made.filters |= (
        words | written | {"line": inert.one_line, "link": link, "marked": marked, "setting": setting}
    )
    made.globals |= {
        "EXHIBITS_SHOWN": EXHIBITS_SHOWN,
        "controls": controls,
        "error_rates": error_rates,
        "exact": exact,
        "forest": forest,
        "glossary": glossary,
        "highest": highest,
        "materials": materials,
        "odds": odds,
        "phrases": phrases,
        "ranks": ranks,
        "roster": roster,
        "script": Markup(_script()),
        "script_hash": _hash(_script()),
        "strip": figures.strip,
        "surprises": surprises,
        "terms": terms,
    }
    return made
