"""Header conditions of an entry summary (AE 2026-07 p.26-57, 132-158, 176-180)."""

from __future__ import annotations

import re
from datetime import date, timedelta

from tasks.drill.ace_simulator.releases.content_rules import importer_status
from tasks.drill.ace_simulator.releases.release_codes import MODES, code_list
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import EntryRow
from tasks.drill.ace_simulator.summaries import prior_entries
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary

VESSEL, AIR = ("10", "11"), ("40", "41")
PARTY = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{2}-[0-9]{7}([A-Z0-9]{2})?|[0-9]{6}-[0-9]{5}")
_FLAGS = (
    ("electronic_invoice_indicator", "Y", "220"),
    ("consolidated_summary_indicator", "Y", "228"),
    ("shipment_usage_type_code", "PX", "131"),
    ("live_entry_indicator", "Y", "129"),
    ("deferred_tax_payment_code", "12", "134"),
    ("trade_agreement_reconciliation_indicator", "Y", "157"),
    ("cargo_release_certification_request_indicator", "A", "292"),
    ("bond_waiver_indicator", "0", "122"),
    ("post_summary_correction_indicator", "Y", "B41"),
    ("accelerated_liquidation_request_indicator", "Y", "275"),
    ("known_importer_indicator", "Y", "751"),
    ("pga_data_included_indicator", "YF", "317"),
    ("consolidated_express_informal_indicator", "Y", "B73"),
)


def check(database: SimulatorState, draft: FiledSummary, report: ConditionReport, *, quota_certified: bool) -> None:
    _codes(draft, report)
    _certification(database, draft, report, quota_certified=quota_certified)
    _parties(database, draft, report)
    _transport(draft, report)
    _manifests(draft, report)
    _in_bond(database, draft, report)
    prior_entries.check(database, draft, report)
    _others(draft, report)


def _codes(draft: FiledSummary, report: ConditionReport) -> None:
    head = draft.head
    for name, alldue, code in _FLAGS:
        report.check(head[name] and head[name] not in alldue, code)
    report.check(not head["electronic_signature"], "B39")
    report.check(head["electronic_signature"] not in ("", "X"), "B40")
    report.check(draft.mode and draft.mode not in MODES, "165")
    issue = head["reconciliation_issue_code"]
    report.check(issue and issue not in {f"00{k}" for k in range(1, 8)}, "155")
    report.check(draft.kind == "02" and issue in ("002", "004", "006", "007"), "156")
    tib = head["tib_declaration_indicator"]
    report.check(draft.kind == "23" and tib != "Y", "316")
    report.check(draft.kind != "23" and tib, "315")
    waived, reason = head["bond_waiver_indicator"], head["bond_waiver_reason_code"]
    informal = draft.kind in ("11", "12")
    report.check(waived and not reason and not informal, "139")
    report.check(reason and reason not in ("995", "996", "997", "998", "999"), "140")
    report.check(reason and not waived, "130")


def _certification(
    database: SimulatorState, draft: FiledSummary, report: ConditionReport, *, quota_certified: bool
) -> None:
    """ESF p.180 and the closed list of what never certifies."""
    head, certified = draft.head, draft.certified
    entry = database.entry(draft.number)
    report.check(certified and head["electronic_invoice_indicator"] == "Y", "312")
    report.check(certified and draft.correction, "271")
    report.check(certified and draft.express, "785")
    report.check(certified and entry and _immediate(entry), "339")
    included = head["pga_data_included_indicator"]
    report.check(certified and included, "318")
    report.check(included == "F" and draft.kind != "06", "319")
    quota = draft.kind in ("02", "07", "12") and not draft.correction
    # Nothing can be certified that stands already (A is for entry and summary in one, p.40).
    released = entry is not None and entry.status == "released"
    report.check(quota_certified and quota and not certified and not released, "320")


def _immediate(entry: EntryRow) -> bool:
    return '"immediate": true' in entry.filing


def _parties(database: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    content = draft.record("11")
    importer, consignee = content["importer_of_record_number"], content["consignee_number"]
    report.check(not importer, "100")
    if importer:
        report.check(not PARTY.fullmatch(importer), "102")
        report.check(_zeros(importer), "103")
        if PARTY.fullmatch(importer) and not _zeros(importer):
            states = {"unknown": "101", "void": "104", "inactive": "875"}
            state = states.get(importer_status(database, importer), "")
            report.check(state, state)
    if consignee:
        _consignee(database, draft, report, consignee)
    notify = content["designated_notify_party_4811_number"]
    report.check(notify and not PARTY.fullmatch(notify), "110")


def _consignee(database: SimulatorState, draft: FiledSummary, report: ConditionReport, consignee: str) -> None:
    report.check(not PARTY.fullmatch(consignee), "105")
    if _zeros(consignee):
        report.check(draft.kind not in ("11", "12") and not draft.consolidated, "107")
    elif PARTY.fullmatch(consignee):
        state = importer_status(database, consignee)
        report.check(state == "void", "106")
        report.check(state in ("unknown", "inactive"), "109")


def _zeros(number: str) -> bool:
    return not number.replace("0", "").replace("-", "")


def _transport(draft: FiledSummary, report: ConditionReport) -> None:
    cargo, mode = draft.record("20"), draft.mode
    needs = mode in VESSEL or mode in AIR
    report.check(needs and not cargo["carrier_code"], "176")
    report.check(needs and not cargo["district_port_of_unlading"], "167")
    report.check(needs and not draft.has("22"), "183")
    report.check(not mode and draft.has("22"), "184")
    report.check(mode in VESSEL and not cargo["conveyance_name"], "181")
    report.check(cargo["vessel_code"] and mode not in VESSEL, "180")
    _codes_of_transport(draft, report)


def _codes_of_transport(draft: FiledSummary, report: ConditionReport) -> None:
    """Codes by their form: the files that CBP looks them up in are not here."""
    cargo, mode = draft.record("20"), draft.mode
    carrier, unlading = cargo["carrier_code"], cargo["district_port_of_unlading"]
    facility = cargo["location_of_goods_code"]
    report.check(carrier and mode in VESSEL and not re.fullmatch("[A-Z]{4}", carrier), "177")
    report.check(mode not in (*VESSEL, *AIR) and " " in carrier, "178")
    report.check(carrier and mode in AIR and not re.fullmatch("[A-Z0-9*]{2,3}", carrier), "179")
    report.check(unlading and not re.fullmatch("[0-9]{4}", unlading), "166")
    report.check(facility.isalnum() and len(facility) != 4, "172")
    state = draft.record("11")["u_s_state_of_destination_code"]
    report.check(state and state not in code_list("us_state"), "133")


def _manifests(draft: FiledSummary, report: ConditionReport) -> None:
    position = 0
    kinds: list[str] = []
    for record in draft.header:
        if record.id == "22":
            position, kinds = position + 1, []
            quantity = record["manifested_quantity"]
            unit = record["manifested_quantity_unit_of_measure_code"]
            reference = ("CARMAN", position, f"{record.raw('manifested_quantity')} {unit}")
            report.check(not quantity, "259", reference)
            report.check(quantity and not record.number("manifested_quantity"), "258", reference)
            report.check(not unit, "260", reference)
        elif record.id == "23":
            kind, number = (record[f"manifest_component_{name}"] for name in _COMPONENT)
            reference = ("BOLINB", len(kinds) + 1, f"{kind} {number}")
            report.check(kind not in tuple("IMHS"), "186", reference)
            sequence = [*kinds, kind]
            report.check(sequence != sorted(set(sequence), key="IMHS".find), "187", reference)
            report.check(not number.isalnum(), "322", reference)
            kinds.append(kind)
    ids = [record.id for record in draft.header]
    report.check(_bare(ids), "185")


_COMPONENT = ("type_code", "identifier")


def _bare(ids: list[str]) -> bool:
    following = [*ids[1:], ""]
    return any(code == "22" and following_code != "23" for code, following_code in zip(ids, following, strict=True))


def _in_bond(database: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    """In-bond movements and their date (ESF p.155)."""
    cargo, content = draft.record("20"), draft.record("11")
    is_in_bond = any(record["manifest_component_type_code"] == "I" for record in draft.all("23"))
    day = cargo.day("in_bond_in_transit_date")
    report.check(is_in_bond and not cargo["in_bond_in_transit_date"], "261")
    report.check(not is_in_bond and cargo["in_bond_in_transit_date"], "262")
    unlading = cargo["district_port_of_unlading"]
    report.check(is_in_bond and unlading and unlading == draft.port, "188")
    if day:
        estimated = content.day("estimated_entry_date")
        imported = content.day("date_of_importation")
        report.check(imported and imported > day, "190")
        report.check(estimated and day > estimated and draft.kind != "23", "191")
        report.check(day < database.today - timedelta(days=730), "192")


def _others(draft: FiledSummary, report: ConditionReport) -> None:
    """Zone, missing documents, express informals, TIB bond, reasons of a correction."""
    head = draft.head
    zone = draft.record("11")["zone_id"]
    shapes = r"[0-9]{3}([A-Z0-9]{6}|[A-Z0-9]{2}([0-9]{2})?)"
    report.check(draft.kind == "06" and zone and not re.fullmatch(shapes, zone), "289")
    documents = draft.record("33")
    codes = [documents[f"missing_document_code_{k}"] for k in (1, 2)]
    report.check(codes[0] == "99", "153")
    report.check(codes[0] and codes[0] == codes[1], "152")
    report.check(draft.express and draft.kind != "11", "B75")
    report.check(draft.express and draft.consolidated, "784")
    report.check(not draft.correction and draft.has("35"), "284")
    report.check(not draft.correction and draft.has("36"), "277")
    is_requested = head["accelerated_liquidation_request_indicator"]
    report.check(not draft.correction and is_requested, "276")
    if draft.correction:
        _correction(draft, report)


def _correction(draft: FiledSummary, report: ConditionReport) -> None:
    head = draft.head
    report.check(not draft.has("36"), "287")
    reasons = draft.has("35") or any(line.first("63") for line in draft.lines)
    report.check(not reasons, "748")
    report.check(head["live_entry_indicator"], "272")
    report.check(draft.consolidated or draft.has("32"), "270")
    report.check(draft.record("20")["location_of_goods_code"], "280")
    report.check(head["reconciliation_issue_code"], "274")
    report.check(head["trade_agreement_reconciliation_indicator"], "273")


def entry_date(database: SimulatorState, number: str) -> date | None:
    """The entry date as CBP determined it: of immediate delivery, else the release date."""
    summary, entry = database.summary(number), database.entry(number)
    if summary and summary.elected_entry:
        return summary.elected_entry
    return entry.released if entry else None
