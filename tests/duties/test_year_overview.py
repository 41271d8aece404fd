"""The year's dates as a calendar file and on paper, and the auditor's evidence."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import icalendar
import pytest
from pypdf import PdfReader

from tasks.core import clock
from tasks.core.status_lines import RECOMMENDATIONS
from tasks.duties.duty_history import catalog_of
from tasks.duties.evidence_export import evidence_rows, export_evidence, gather_evidence
from tasks.duties.fulfillment import FulfillmentInput, end_duty, fulfill_duty, withdraw_proof
from tasks.duties.status import lines
from tasks.duties.term_schedule import duty_states
from tasks.duties.year_overview import calendar_file, render_year, year_dates
from tasks.security.manifest import verify_manifest
from tasks.workspace import Workspace

ISA = {"holder": "self", "connection": "sFTP", "legal-name": "=cmd|' /C calc'!A0"}


@pytest.fixture(autouse=True)
def _now():
    with clock.held(datetime(2026, 11, 25, 17, tzinfo=UTC)):
        yield


@pytest.fixture
def lived(office: Workspace, proof) -> Workspace:
    fulfill_duty(office, "isa", FulfillmentInput(proof("isa", "=ISA 2025.pdf"), on=date(2025, 2, 28), facts=ISA), "ada")
    fulfill_duty(office, "contacts", FulfillmentInput(statement="All rung up\nby Ben"), "ben")
    fulfill_duty(office, "risk-assessment", FulfillmentInput(proof("old"), on=date(2026, 1, 5)), "ada")
    withdraw_proof(office, "risk-assessment", "", "of another firm", "ada")
    return office


def test_the_year_holds_every_term(lived: Workspace) -> None:
    found = duty_states(lived.journal.rows, catalog_of(lived), lived.zone)
    days = year_dates(found, 2027)
    own = [(one.day, one.what, one.ahead) for one in days if one.state.duty.id == "isa"]
    assert own == [(date(2027, 9, 1), "submit", 0)]
    quarters = [one.day for one in days if one.state.duty.id == "contacts"]
    assert quarters == [date(2027, 2, 25), date(2027, 5, 25), date(2027, 8, 25), date(2027, 11, 25)]
    assert [one.day for one in days] == sorted(one.day for one in days)
    more = [(one.state, one.ahead, one.day) for one in days if one.ahead]
    parsed = icalendar.Calendar.from_ical(calendar_file(found, "ABC", more))
    uids = [str(one["uid"]) for one in parsed.events]
    assert len(uids) == len(set(uids))
    assert not any("[W] [W]" in str(one["description"]) for one in parsed.events)
    assert not parsed.errors and all(not one.errors for one in parsed.walk())


def test_the_page_can_be_printed(lived: Workspace) -> None:
    found = duty_states(lived.journal.rows, catalog_of(lived), lived.zone)
    pages = PdfReader(io.BytesIO(render_year(lived, year_dates(found, 2027), 2027))).pages
    text = "".join(page.extract_text() for page in pages)
    assert "September" in text and "Submit: Interconnection security agreement" in text
    assert pages[0].mediabox.width == pytest.approx(792)


def test_the_evidence_names_digest_and_day(lived: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "evidence"
    export_evidence(lived, out, proofs=True, page=lines(lived))
    assert verify_manifest(out) == []
    text = (out / "evidence.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["about"] for row in rows} >= set(RECOMMENDATIONS)
    (isa,) = [row for row in rows if row["duty"] == "isa"]
    assert isa["file"] == "'=ISA 2025.pdf", "no spreadsheet runs it"
    assert isa["done_on"] == "2025-02-28" and isa["by"] == "ada" and isa["mark"] == "S"
    kept = out / "proofs" / f"{isa['sha256'][:12]}-ISA_2025.pdf"
    assert kept.read_text().startswith("isa\n")
    (gone,) = [row for row in rows if row["duty"] == "risk-assessment"]
    assert gone["counts"] == "withdrawn" and gone["standing"] == "red"
    (said,) = [row for row in rows if row["duty"] == "contacts"]
    assert said["statement"] == "All rung up\nby Ben"
    pdf = "".join(page.extract_text() for page in PdfReader(out / "evidence.pdf").pages)
    assert isa["sha256"][:20] in pdf.replace("\n", "") and "never" in pdf


_NESSUS = """<NessusClientData_v2><Report name="r"><ReportHost name="h1"><HostProperties>
<tag name="HOST_END_TIMESTAMP">1767952800</tag></HostProperties>
<ReportItem port="443" protocol="tcp" severity="4" pluginID="1" pluginName="Bad"/>
</ReportHost></Report></NessusClientData_v2>"""


def test_what_is_red_though_proved_is_red_on_the_page(
    office: Workspace, proof: Callable[..., Path], tmp_path: Path
) -> None:
    """With why; and the proofs of a provider that was let go stay evidence."""
    facts = {"breach-notice-hours": "24", "attestation": "ISO 27001", "risk": "low"}
    with clock.held(datetime(2026, 1, 10, 15, tzinfo=UTC)):
        scan = tmp_path / "a.nessus"
        scan.write_text(_NESSUS)
        fulfill_duty(office, "vulnerability-scan", FulfillmentInput(proof=scan, item="office"), "ada")
        fulfill_duty(
            office, "provider-due-diligence", FulfillmentInput(proof=proof(), item="Old Co", facts=facts), "ada"
        )
        end_duty(office, "provider-due-diligence", "Old Co", "contract over", "ada")
    with clock.held(datetime(2026, 2, 20, 15, tzinfo=UTC)):
        found = gather_evidence(office)
        rows = {row[0]: row for row in evidence_rows(found)}
        (said,) = [one for one in lines(office) if one.subject == "vulnerability-scan office"]
    assert said.since == "2026-01-25", "the day on which it turned red, not that of the scan"
    scan_row = rows["Vulnerability scan of what can be reached: office"]
    assert scan_row.red and "42" in scan_row[-1] and "15" in scan_row[-1]
    (never,) = [row for what, row in rows.items() if what.startswith("Triennial")]
    assert never[1] == "never" and not never.red, "it is not due yet"
    (gone,) = [one for one in found if one.item == "Old Co"]
    assert gone.counts == "ended" and not gone.standing and gone.sha256
