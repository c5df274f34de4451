"""SPDX 3.0.1: what is written is read back by the bindings of SPDX, complete, nothing left to resolve."""

from __future__ import annotations

import io
import json

import pytest
from spdx_python_model import v3_0_1 as spdx

from auditor.report import LineageRow
from auditor.reports import render
from auditor.reports.scan import render as render_scan
from tests.auditor.reports.cases import REPORTS
from tests.auditor.reports.samples import sample_report
from tests.auditor.reports.scan_reports import REPORTS as SCANS
from tests.auditor.reports.scan_reports import data


def read(text: str) -> spdx.SHACLObjectSet:
    """Read back, as anybody's tool would: the bindings refuse wrong types, patterns, what is missing."""
    assert text.isascii()
    found = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(io.BytesIO(text.encode()), found)
    assert not found.link()
    again = io.BytesIO()
    spdx.JSONLDSerializer().write(found, again, force_at_graph=True)
    assert graph(again.getvalue().decode()) == graph(text)
    return found


def graph(text: str) -> list[dict]:
    return sorted(json.loads(text)["@graph"], key=lambda e: json.dumps(e, sort_keys=True))


def of_type(found, kind) -> dict[str, object]:
    return {e.spdxId.partition("#")[2]: e for e in found.foreach_type(kind, match_subclass=False)}


def facts(annotation) -> dict[str, str]:
    return {f["name"]: f["value"] for f in json.loads(annotation.statement)}


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_reads_back(name):
    found = read(render(REPORTS[name], "spdx"))
    [document] = of_type(found, spdx.SpdxDocument).values()
    assert document.rootElement[0].rootElement[0].spdxId.endswith("#student")
    held = {e.spdxId for e in document.element}
    assert held == {e.spdxId for e in found.foreach_type(spdx.Element)} - {document.spdxId}


@pytest.mark.parametrize("name", SCANS)
def test_every_scan_reads_back(name):
    found = read(render_scan(data(name), "spdx"))
    assert list(of_type(found, spdx.dataset_DatasetPackage)) == ["dataset"]
    assert len([a for a in of_type(found, spdx.Annotation) if a.startswith("answer")]) == len(
        data(name)["answers"]
    )


def test_a_verdict_is_an_annotation_of_a_pair_and_no_relationship_of_its_own():
    found = read(render(REPORTS["tie"], "spdx"))
    pair = of_type(found, spdx.Relationship)["pair-1"]
    assert pair.relationshipType == spdx.RelationshipType.other
    assert (pair.from_.name, pair.to[0].name) == ("corvid-7b", "aurora-2")
    verdict = of_type(found, spdx.Annotation)["verdict-1"]
    assert verdict.subject is pair
    told = facts(verdict)
    assert told["level"] == "moderate" and told["log10-likelihood-ratio-95-interval"] == "0.9 to 1.9"
    assert told["weighed"].startswith("that the student was trained on the teacher's outputs, against")
    kinds = {r.relationshipType for r in of_type(found, spdx.Relationship).values()}
    assert kinds == {spdx.RelationshipType.other, spdx.RelationshipType.hasEvidence}


def test_what_is_documented_is_named():
    row = LineageRow(
        "corvid-7b", base="raven-7b", trained_on="human;gull-1", released="2024-05-01", provider="Crow"
    )
    found = read(render(sample_report(lineage=(row,)), "spdx"))
    student = of_type(found, spdx.ai_AIPackage)["student"]
    assert (student.suppliedBy.name, student.releaseTime.year) == ("Crow", 2024)
    related = of_type(found, spdx.Relationship)
    assert [m.name for m in related["descent"].to] == ["raven-7b"]
    assert [d.name for d in related["training"].to] == ["text written by people", "answers of gull-1"]
    assert (
        spdx.ProfileIdentifierType.dataset in of_type(found, spdx.SpdxDocument)["document"].profileConformance
    )


def test_files_carry_their_hash():
    found = read(render(sample_report(), "spdx"))
    [file] = of_type(found, spdx.software_File).values()
    assert file.name == "panel.parquet" and file.verifiedUsing[0].hashValue == "01" * 32


def test_licences_and_models_of_a_scan():
    found = read(render_scan(data("conflict"), "spdx"))
    assert [m.name for m in of_type(found, spdx.ai_AIPackage).values()] == ["gpt-4"]
    related = of_type(found, spdx.Relationship).values()
    assert spdx.RelationshipType.hasDeclaredLicense in {r.relationshipType for r in related}


def test_what_the_model_forbids_is_refused():
    text = render(sample_report(), "spdx").replace(
        '"annotationType": "review"', '"annotationType": "verdict"'
    )
    with pytest.raises(ValueError):
        read(text)
