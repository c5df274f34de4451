"""The PDF of the HTML report: tagged, in the style of print; a clear word where it cannot be made."""

from __future__ import annotations

import builtins
import re
import zlib

import pytest

from auditor.errors import AuditError
from auditor.reports import rendered
from tests.auditor.reports.cases import REPORTS
from tests.auditor.reports.samples import sample_report


@pytest.fixture(scope="module")
def library():
    try:
        import weasyprint
    except ImportError:
        pytest.skip("needs: pip install 'distill-audit[pdf]'")
    except OSError:
        pytest.skip("needs Pango (apt-get install libpango-1.0-0 libpangoft2-1.0-0)")
    return weasyprint


def streams(pdf: bytes) -> str:
    """All that is compressed in it, as text; fonts and images make no sense and do no harm."""
    found = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)
    made = []
    for part in found:
        try:
            made.append(zlib.decompress(part).decode("latin-1"))
        except zlib.error:
            made.append(part.decode("latin-1"))
    return "".join(made) + pdf.decode("latin-1")


def test_is_tagged_and_the_same_again(library):
    pdf = rendered(sample_report(), "pdf")
    assert isinstance(pdf, bytes) and pdf.startswith(b"%PDF-")
    assert pdf == rendered(sample_report(), "pdf")
    told = streams(pdf)
    assert "pdfuaid" in told and "/StructTreeRoot" in told and "/Lang (en)" in told
    assert "Distillation audit of corvid-7b" in told
    assert 2 < len(re.findall(r"/Type /Page\b(?!s)", told)) < 30


def test_nothing_in_it_runs_or_leads_out(library):
    told = streams(rendered(REPORTS["hostile"], "pdf"))
    assert not re.findall(r"/JavaScript|/JS\b|/Launch|/EmbeddedFile|/AA\b", told)
    assert not re.findall(r"/URI \((?!https://example\.org/)", told)


def test_figures_have_the_colours_of_print(library):
    """The accent of print.css, as PDF writes it: drawings do not know the page's style by themselves."""
    accent = " ".join(f"{int(h, 16) / 255:.3f}"[:4] for h in ("12", "4e", "7c"))
    drawn = re.sub(r"(\d\.\d\d)\d*", r"\1", streams(rendered(sample_report(), "pdf")))
    assert accent in drawn


@pytest.mark.parametrize(
    ("error", "said"),
    [(ImportError("x"), r"pip install 'distill-audit\[pdf\]'"), (OSError("x"), "needs Pango")],
)
def test_what_is_missing_is_said(monkeypatch, error, said):
    real = builtins.__import__

    def without(name, *args, **more):
        if name == "weasyprint":
            raise error
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(AuditError, match=said):
        rendered(sample_report(), "pdf")
