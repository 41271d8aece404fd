"""Entry summary rules of 10 and 11: action, certification, claims, parties, days.

AE 2026-07 p.26-38, 132-139, 158-160, 176-186.
"""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.entry_numbers import check_numbers
from tasks.ace.checker.record_deck import Numbers, RecordColumns
from tasks.ace.checker.release_rules.release_facts import is_alphanumeric, number_forms, text_lengths
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, begins_with, is_later, rule
from tasks.ace.fees.fee_rates import NO_DAY
from tasks.ace.wire.batch_envelope import foreign_ports
from tasks.ace.wire.data_classes import Bytes, Flags
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import header_conditions

_INDICATORS = (
    ("292", "cargo_release_certification_request_indicator", ("A",)),
    ("220", "electronic_invoice_indicator", ("Y",)),
    ("228", "consolidated_summary_indicator", ("Y",)),
    ("131", "shipment_usage_type_code", ("P", "X")),
    ("129", "live_entry_indicator", ("Y",)),
    ("134", "deferred_tax_payment_code", ("1", "2")),
    ("157", "trade_agreement_reconciliation_indicator", ("Y",)),
    ("B41", "post_summary_correction_indicator", ("Y",)),
    ("275", "accelerated_liquidation_request_indicator", ("Y",)),
    ("751", "known_importer_indicator", ("Y",)),
    ("317", "pga_data_included_indicator", ("Y", "F")),
    ("316", "tib_declaration_indicator", ("Y",)),
    ("B73", "consolidated_express_informal_indicator", ("Y",)),
)
_NOT_IN_CORRECTION = (
    ("271", "10", "cargo_release_certification_request_indicator"),
    ("270", "10", "consolidated_summary_indicator"),
    ("272", "10", "live_entry_indicator"),
    ("217", "10", "payment_type_code"),
    ("280", "20", "location_of_goods_code"),
)
_DELETED = slice(35, 80)
_ZERO = np.frombuffer(b"00-0000000", dtype=np.uint8)
_ZONE_LENGTHS = (5, 7, 9)
_LONG, _SHORT = 12, 6


@rule("B16", "C103", "C104", "C119")
def numbers(summary: SummaryFacts) -> None:
    """The number is the block filer's own and its check digit right; the type is one AE takes."""
    check_numbers(summary.deck, "entry_filer_code", "entry_number", summary.offsets)
    header = summary.header
    listed = header.says("entry_type_code", *code_list("summary_type"))
    summary.fault("C119", header, header.given("entry_type_code") & ~listed, "entry_type_code")


@rule("B02", "B10", "B24", "B34", "B39", "B40")
def action(summary: SummaryFacts) -> None:
    """Action, signature, port of the block; a delete carries columns 1-35 only (p.34, 132)."""
    header = summary.header
    name = "summary_filing_action_request_code"
    summary.fault("B02", header, header.given(name) & ~(summary.full | summary.delete), name)
    signed = "electronic_signature"
    summary.fault("B39", header, summary.full & header.blank(signed), signed)
    summary.fault("B40", header, header.given(signed) & ~header.says(signed, "X"), signed)
    longer = (header.matrix[:, _DELETED] != 32).any(axis=1)
    summary.fault("B24", header, summary.delete & longer, "mode_of_transport")
    unnamed = header.says(name, "A") & header.blank("broker_reference_number")
    summary.fault("B34", header, unnamed, "broker_reference_number")
    port = "district_port_of_entry"
    abroad = foreign_ports(header.raw(port)[:, :4], summary.deck.block[:, 3:7])
    judged = header.digits(port) & (summary.deck.block[:, 3:7] != 32).all(axis=1)
    summary.fault("B10", header, judged & abroad, port)


@rule(*(code for code, _, _ in _INDICATORS), "165")
def indicators(summary: SummaryFacts) -> None:
    """Indicators have one of their values."""
    header = summary.header
    for code, name, values in _INDICATORS:
        summary.fault(code, header, header.given(name) & ~header.says(name, *values), name)
    mode = "mode_of_transport"
    summary.fault("165", header, header.given(mode) & ~header.says(mode, *code_list("mode")), mode)


@rule("147", "150", "312", "315", "318", "319", "320", "785")
def certification(summary: SummaryFacts) -> None:
    """Who must and who must not ask for cargo release (p.172, 180; error 320 against p.134)."""
    header, certified = summary.header, summary.certified
    name = "cargo_release_certification_request_indicator"
    entries = summary.bind(header)
    for code, mask in (
        ("147", summary.consolidated),
        ("312", header.says("electronic_invoice_indicator", "Y")),
        ("785", summary.express),
    ):
        summary.fault(code, header, certified & mask, name)
    summary.report("318", header_conditions.weekly_certified, entries)
    weekly = header.says("pga_data_included_indicator", "F") & ~summary.is_type("06")
    summary.fault("319", header, weekly, "pga_data_included_indicator")
    claimed = header.given("tib_declaration_indicator") & ~summary.is_type("23")
    summary.fault("315", header, claimed, "tib_declaration_indicator")
    summary.report("316", header_conditions.tib_undeclared, entries, summary.full)
    summary.report("320", header_conditions.quota_not_certified, entries, summary.full & ~summary.correction)
    remote = summary.deck.block[:, 55] == ord("1")
    remote &= ~summary.is_type(*code_list("no_release_type"))
    summary.fault("150", header, summary.full & ~certified & ~summary.correction & remote, name)


@rule("784", "789", "B75", "271", "270", "272", "217", "280", "287", "277", "284", "580", "B43")
def claims(summary: SummaryFacts) -> None:
    """Consolidated express (p.187) and post-summary corrections (p.183-185)."""
    header = summary.header
    express, correction = summary.express, summary.correction
    contradictory = express & summary.consolidated
    summary.fault("784", header, contradictory, "consolidated_express_informal_indicator")
    used = express & header.given("shipment_usage_type_code")
    summary.fault("789", header, used, "shipment_usage_type_code")
    formal = express & ~summary.is_type("11")
    summary.fault("B75", header, formal, "consolidated_express_informal_indicator")
    for code, record, name in _NOT_IN_CORRECTION:
        rows = summary.rows(record)
        summary.fault(code, rows, rows.given(name) & correction[summary.entry(rows)], name)
    summary.fault("B43", header, summary.delete & correction, "post_summary_correction_indicator")
    unexplained = correction & summary.full & ~summary.has("36")
    summary.fault("287", header, unexplained, "post_summary_correction_indicator")
    for code, record in (("277", "36"), ("284", "35"), ("580", "63")):
        rows = summary.rows(record)
        summary.fault(code, rows, ~correction[summary.entry(rows)])


@rule("154", "155", "156", "127")
def reconciliation(summary: SummaryFacts) -> None:
    """Future reconciliation: issue, continuous bond, date of importation (p.177)."""
    header, bonds = summary.header, summary.rows("31")
    issue = "reconciliation_issue_code"
    agreement = header.says("trade_agreement_reconciliation_indicator", "Y")
    wrong = header.given(issue) & ~header.says(issue, *code_list("recon_issue"))
    summary.fault("155", header, wrong, issue)
    limited = header.given(issue) & summary.is_type("02")
    summary.fault("156", header, limited & ~header.says(issue, *code_list("quota_recon_issue")), issue)
    continuous = summary.has("31", bonds.says("bond_type_code", "8"))
    summary.fault("154", header, (agreement | header.given(issue)) & ~continuous, issue)
    undated = agreement & (summary.day("11", "date_of_importation") == NO_DAY)
    summary.fault("127", header, undated & summary.is_type(*code_list("recon_type")), "", "11 48-53")


@rule("102", "105", "108", "590", "133", "289")
def content(summary: SummaryFacts) -> None:
    """Party numbers, state and zone of the 11 record (p.36-38, 136-137)."""
    rows = summary.rows("11")
    for code, name in (
        ("102", "importer_of_record_number"),
        ("105", "consignee_number"),
        ("590", "designated_notify_party_4811_number"),
    ):
        summary.fault(code, rows, rows.given(name) & ~party_number(rows.raw(name)), name)
    entry = summary.entry(rows)
    nobody = (rows.raw("consignee_number")[:, :10] == _ZERO).all(axis=1)
    allowed = summary.consolidated | summary.is_type(*code_list("informal_type"))
    summary.fault("108", rows, nobody & ~allowed[entry], "consignee_number")
    state = "u_s_state_of_destination_code"
    summary.fault("133", rows, rows.given(state) & ~_letters(rows, state), state)
    zone = rows.raw("zone_id")
    shaped = is_alphanumeric(zone) & np.isin(text_lengths(zone), _ZONE_LENGTHS)
    shaped &= ((zone[:, :3] - np.uint8(48)) < 10).all(axis=1)
    summary.fault("289", rows, rows.given("zone_id") & ~shaped, "zone_id")


def party_number(text: Bytes) -> Flags:
    """SSN, IRS number with or without suffix, or number given by CBP; nothing behind it."""
    return np.asarray(number_forms(text).any(axis=0))


def _letters(rows: RecordColumns, name: str) -> Flags:
    return np.asarray(((rows.raw(name) - np.uint8(65)) < 26).all(axis=1))


@rule("190", "191", "218", "C712", "C713", "760")
def header_days(summary: SummaryFacts) -> None:
    """Order of the summary's days; the times that a bond or a warehouse gives (p.155-160, 177)."""
    imported = summary.day("11", "date_of_importation")
    in_bond = summary.day("20", "in_bond_in_transit_date")
    estimated = summary.day("11", "estimated_entry_date")
    statement = summary.day("10", "preliminary_statement_print_date")
    for code, mask, where in (
        ("190", is_later(imported, in_bond), "date_of_importation"),
        ("191", is_later(in_bond, estimated) & ~summary.is_type("23"), "estimated_entry_date"),
        ("218", is_later(estimated, statement), "estimated_entry_date"),
        ("C712", _not_earlier(summary, imported, in_bond, estimated), "date_of_importation"),
        ("C713", summary.full & ~summary.correction & (estimated == NO_DAY), ""),
        ("760", _expired(summary, imported), "date_of_importation"),
    ):
        _at_content(summary, code, mask, where)


def _not_earlier(summary: SummaryFacts, imported: Numbers, in_bond: Numbers, estimated: Numbers) -> Flags:
    """Type 21 whose import date is not earlier than the day that decides its rates (p.177)."""
    decides = np.where(in_bond != NO_DAY, in_bond, estimated)
    dated = (imported != NO_DAY) & (decides != NO_DAY)
    return summary.is_type("21") & dated & (imported >= decides)


def _expired(summary: SummaryFacts, imported: Numbers) -> Flags:
    """Type 23 imported more than a year before, six months with 9813.00.75 (p.159).

    Reckoned to the estimated entry date, which is no later than CBP's receipt."""
    if not summary.is_type("23").any():
        return np.zeros(summary.entries, dtype=bool)
    tariffs = summary.rows("50")
    short = summary.has("50", begins_with(tariffs, code_list("tib_six_months")))
    entered = summary.day("11", "estimated_entry_date")
    dated = (imported != NO_DAY) & (entered != NO_DAY)
    months, days = _age(np.where(dated, imported, 0), np.where(dated, entered, 0))
    limit = np.where(short, _SHORT, _LONG)
    return summary.is_type("23") & dated & ((months > limit) | ((months == limit) & (days > 0)))


def _age(first: Numbers, last: Numbers) -> tuple[Numbers, Numbers]:
    """Calendar months from one day to another, and by how many days the day of the month is past."""
    days = [date.astype("datetime64[D]") for date in (first, last)]
    month = [date.astype("datetime64[M]") for date in days]
    past = [day - start for day, start in zip(days, month, strict=True)]
    count = (month[1] - month[0]).astype(np.int64)
    return count, (past[1] - past[0]).astype(np.int64)


def _at_content(summary: SummaryFacts, code: str, mask: Flags, name: str) -> None:
    """Faults at a field of the 11 record of the entries that the mask marks."""
    rows, row = summary.rows("11"), summary.once("11")
    flagged = np.zeros(len(rows), dtype=bool)
    flagged[row[mask & (row >= 0)]] = True
    summary.fault(code, rows, flagged, name)
