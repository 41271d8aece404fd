"""Line conditions of an entry summary (AE 2026-07 p.65-127, 133, 137-140, 160, 172, 181-183)."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from tasks.drill.ace_simulator.batches.input_records import InputRecord, code_set
from tasks.drill.ace_simulator.batches.number_forms import is_tariff_number
from tasks.drill.ace_simulator.releases.release_codes import code_list
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.summaries.bond_checks import PROVINCES
from tasks.drill.ace_simulator.summaries.filed_summary import (
    ConditionReport,
    FiledSummary,
    FiledSummaryLine,
    Reference,
    on_line,
    on_tariff,
)
from tasks.drill.ace_simulator.summaries.header_checks import PARTY

INSULAR = code_set("AS GU MP UM VI")
PROGRAMS = code_set("A AU B B# BH C C# CL CO D E IL J J+ JO JP K K# KR L L# MA N NP OM P PA PE P+ R S S+ SG W Y Z")
AD_CVD = code_set("03 07 34 38")
_WITH_CASES = AD_CVD | {"06", "21", "22", "23"}
_CLAIMS = ("", "C", "F", "G", "H", "M")
_MID = re.compile(r"[A-Z0-9]{8,15}")
_CHARGES = 1_250


def check(database: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    report.check(not draft.lines, "400")
    names = Counter(line.head["line"] for line in draft.lines)
    for line in draft.lines:
        name = line.head["line"]
        references = on_line(line)
        report.check(not name, "402", *references)
        report.check(name and names[name] > 1, "518", *references)
        report.check("*" in name, "822", *references)
        _countries(draft, line, report)
        _dates(draft, line, report)
        _flags(draft, line, report)
        _zone(draft, line, report)
        _articles(draft, line, report)
        _tariffs(draft, line, report)
        _cases(draft, line, report)
    _sets(draft, report)
    cases = any(line.first("53") for line in draft.lines)
    report.check(draft.kind in AD_CVD and not cases, "706", *report.after_lines())
    _same_country(draft, report)
    _temporary(database, draft, report)


def _countries(draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport) -> None:
    origin, export = line.head["country_of_origin_code"], line.head["country_of_export_code"]
    references = on_line(line)
    listed = origin in code_list("country") or origin in PROVINCES or origin == "**"
    report.check(not origin, "407", *references)
    report.check(origin and not listed, "408", *references)
    report.check(export and export not in code_list("country"), "411", *references)
    inside = draft.kind in ("21", "22") or draft.kind.startswith("3")
    report.check(export == "US" and not inside, "412", *references)
    report.check(origin == "**" and not export, "413", *references)
    free = draft.kind in ("06", "11", "31", "32", "34")
    report.check(origin == "CA" and export == "CA" and not free, "414", *references)


def _dates(draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport) -> None:
    day, references = line.head.day("date_of_exportation"), on_line(line)
    imported = draft.day("11", "date_of_importation")
    moved = draft.day("20", "in_bond_in_transit_date")
    report.check(day and imported and day > imported, "426", *references)
    report.check(day and moved and day > moved, "420", *references)


def _flags(draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport) -> None:
    head, references = line.head, on_line(line)
    related = head["related_party_indicator"]
    report.check(related and related not in "YN", "415", *references)
    report.check(head["non_reimbursement_statement"] not in ("", "Y"), "475", *references)
    claimed = head["non_reimbursement_statement"] and not line.first("53")
    report.check(claimed and draft.kind in _WITH_CASES, "452", *references)
    report.check(head["fee_exemption_code"] not in ("", "1", "2"), "423", *references)
    report.check(head["product_claim_code"] not in _CLAIMS, "417", *references)
    program = head["trade_agreement_special_program_claim_code"]
    report.check(program and program not in PROGRAMS, "416", *references)
    vessel = draft.mode in ("10", "11", "12")
    foreign = head["foreign_port_of_lading_code"]
    report.check(vessel and not foreign, "429", *references)
    report.check(foreign and not re.fullmatch("[0-9]{5}", foreign), "428", *references)
    report.check(_charges_missing(draft, line), "664", *references)


def _charges_missing(draft: FiledSummary, line: FiledSummaryLine) -> bool:
    """ESF p.172: charges of zero stand only with small values and a few kinds of goods."""
    free = (
        draft.kind in ("11", "12")
        or line.head["country_of_origin_code"] in INSULAR
        or draft.mode == "60"
        or draft.consolidated
        or line.set_part == "V"
    )
    limit = _CHARGES
    if any(tariff.hts.startswith("98010010") for tariff in line.tariffs):
        limit = 10_000
    return not free and line.value > limit and not line.head.number("charges_amount")


def _zone(draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport) -> None:
    record, references = line.first("41"), on_line(line)
    if record is None or draft.kind != "06":
        return
    status, day = record["ftz_merchandise_status_code"], record["privileged_date"]
    report.check(not status, "670", *references)
    report.check(status and status not in "PND", "671", *references)
    report.check(status in ("N", "D") and day, "673", *references)
    report.check(status == "P" and not day, "674", *references)
    report.check(not record["zone_quantity"], "681", *references)
    report.check(record["zone_quantity"] and not record.number("zone_quantity"), "683", *references)


def _articles(draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport) -> None:
    kinds: set[str] = set()
    for position, record in enumerate(line.all("47"), 1):
        kind, number = record["article_party_type_code"], record["article_party_identifier"]
        references = on_line(line, ("ARPART", position, f"{kind} {number}"))
        report.check(kind not in tuple("MCSE"), "519", *references)
        report.check(kind in kinds, "520", *references)
        report.check(not number, "521", *references)
        unknown = _MIDS.get(kind, "") if number and not _MID.fullmatch(number) else ""
        report.check(unknown, unknown, *references)
        report.check(kind == "S" and number and not PARTY.fullmatch(number), "596", *references)
        kinds.add(kind)
    canada = {line.head["country_of_origin_code"], line.head["country_of_export_code"]}
    near_canada = "CA" in canada or canada & PROVINCES
    report.check(draft.kind in ("22", "23") and near_canada and not line.party("M"), "534", *on_line(line))
    origin, maker = line.head["country_of_origin_code"], line.party("M")
    from_canada = origin == "CA" or origin in PROVINCES
    report.check(from_canada and maker and maker[:2] not in PROVINCES, "535", *on_line(line))
    cases = line.first("53")
    report.check(cases and not line.party("E"), "499", *on_line(line))


_MIDS = {"M": "523", "E": "450"}


def _tariffs(draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport) -> None:
    report.check(not line.tariffs, "431", *on_line(line))
    numbers: set[str] = set()
    for tariff in line.tariffs:
        references = on_tariff(line, tariff)
        report.check(tariff.hts in numbers, "436", *references)
        numbers.add(tariff.hts)
        has_form = is_tariff_number(tariff.record.raw("hts_number"))
        report.check(tariff.hts and not has_form, "433", *references)
        is_special = tariff.hts.startswith(("98", "99"))
        units = [(tariff.record[f"quantity_{k}"], _unit(tariff.record, k)) for k in (1, 2, 3)]
        report.check(not is_special and not any(q or u for q, u in units), "439", *references)
        for quantity, unit in units:
            zero = not quantity.strip("0")
            report.check(not is_special and unit not in ("", "X") and zero, "441", *references)
            report.check(not zero and not unit, "442", *references)
    for record in line.all("SE61"):
        has_form = is_tariff_number(record.raw("current_hts_number"))
        report.check(not has_form, "433", *on_line(line))
    report.check(_disorder([entered.hts for entered in line.tariffs]), "852", *on_line(line))
    first = line.tariffs[0].hts if line.tariffs else ""
    report.check(draft.kind == "23" and not first.startswith("9813"), "676", *on_line(line))
    is_temporary = any(entered.hts.startswith("9813") for entered in line.tariffs)
    report.check(draft.kind != "23" and is_temporary, "604", *on_line(line))


def _unit(record: InputRecord, position: int) -> str:
    return record[f"unit_of_measure_code_{position}"]


def _disorder(numbers: list[str]) -> bool:
    """Chapter 98, then 99, then 1-97; more than one of chapter 98 is not judged (852)."""
    ranks = [{"98": 0, "99": 1}.get(number[:2], 2) for number in numbers]
    return ranks.count(0) < 2 and ranks != sorted(ranks)


def _cases(draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport) -> None:
    records = line.all("53")
    kinds = [record["case_number"][:1] for record in records]
    report.check(len(kinds) != len(set(kinds)), "545", *on_line(line))
    report.check(records and line.set_part == "X", "507", *on_line(line))
    single = [bond["bond_type_code"] for bond in draft.all("31")]
    for position, record in enumerate(records, 1):
        references = on_line(line, ("ADDCVD", position, record["case_number"]))
        _case(line, record, references, report)
        rate, specific = record.number("case_deposit_rate"), _qualifier(record) == "S"
        report.check("8" in single and "9" not in single and (specific or rate >= 500), "710", *references)


def _qualifier(record: InputRecord) -> str:
    return record["case_rate_type_qualifier_code"]


def _case(
    line: FiledSummaryLine, record: InputRecord, references: tuple[Reference, ...], report: ConditionReport
) -> None:
    number, qualifier = record["case_number"], _qualifier(record)
    report.check(number and number[0] not in "AC", "544", *references)
    report.check(record["bond_cash_claim_code"] not in ("B", "C"), "511", *references)
    report.check(qualifier not in ("A", "S"), "540", *references)
    quantity = record.number("ad_cvd_quantity")
    value, rate = record.number("ad_cvd_value_of_goods_amount"), record.number("case_deposit_rate")
    report.check(qualifier == "A" and quantity, "541", *references)
    report.check(qualifier == "S" and value, "542", *references)
    report.check(qualifier == "S" and not quantity, "575", *references)
    base = Decimal(value or line.value) if qualifier == "A" else Decimal(quantity) / 10_000
    # A percentage and an amount both carry two decimals: of dollars, x / 100 gives cents either
    # way, once for the per cent and once for the dollars.
    duty = base * rate / (100 if qualifier == "A" else 1)
    expected = int(duty.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    report.check(record.number("ad_cvd_duty_amount") != expected, "576", *references)


def _sets(draft: FiledSummary, report: ConditionReport) -> None:
    """Article sets: X, then V lines of which the first repeats its number (ESF p.160)."""
    head: FiledSummaryLine | None = None
    previous = ""
    for line in draft.lines:
        part, references = line.set_part, on_line(line)
        report.check(part not in ("", "X", "V"), "403", *references)
        report.check(part == "V" and head is None, "404", *references)
        report.check(previous == "X" and part != "V", "405", *references)
        if part == "V" and previous == "X" and head:
            is_same = [tariff.hts for tariff in line.tariffs[:1]] == [tariff.hts for tariff in head.tariffs[:1]]
            report.check(not is_same, "406", *references)
        report.check(part == "V" and any(tariff.duty for tariff in line.tariffs), "625", *references)
        report.check(part == "X" and line.first("60"), "476", *references)
        head = line if part == "X" else head if part == "V" else None
        previous = part
    report.check(previous == "X", "405", *report.after_lines())


def _same_country(draft: FiledSummary, report: ConditionReport) -> None:
    if not draft.consolidated:
        return
    origins = {line.head["country_of_origin_code"] for line in draft.lines} - {"US"}
    exports = {line.head["country_of_export_code"] for line in draft.lines}
    report.check(len(origins) > 1, "703", *report.after_lines())
    report.check(len(exports) > 1, "702", *report.after_lines())


def _temporary(database: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    """TIB: at most twelve months since importation, six for 9813.00.75 (ESF p.159)."""
    imported = draft.day("11", "date_of_importation")
    if draft.kind != "23" or imported is None:
        return
    numbers = [tariff.hts for line in draft.lines for tariff in line.tariffs]
    is_short = any(number.startswith("98130075") for number in numbers)
    months = 6 if is_short else 12
    limit = imported.replace(day=1) + timedelta(days=31 * months)
    limit = limit.replace(day=min(imported.day, 28))
    report.check(database.today > limit, "760")
