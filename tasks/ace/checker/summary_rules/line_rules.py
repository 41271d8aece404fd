"""Entry summary rules of lines: 40 to 54 (AE 2026-07 p.65-117, 136-139, 159-171)."""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.record_deck import Index, RecordColumns, pack_bytes
from tasks.ace.checker.release_rules.line_rules import tariff_form
from tasks.ace.checker.release_rules.release_facts import is_alphanumeric, text_lengths
from tasks.ace.checker.summary_rules.header_rules import party_number
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, begins_with, rule
from tasks.ace.fees.fee_rates import NO_DAY
from tasks.ace.wire.data_classes import Bytes, Flags
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import bill_conditions, is_repeated, line_conditions

_LINE, _SET = "line", "article_set_indicator"
_ORIGIN, _EXPORT = "country_of_origin_code", "country_of_export_code"
_CHARGES, _CHARGES_FROM = "charges_amount", 1250
_PARTY, _WHO = "article_party_type_code", "article_party_identifier"
_LEAST_MID = 8
_LATE_CANADA = ("06", "11", "31", "32", "34")


@rule("518", "822")
def line_names(summary: SummaryFacts) -> None:
    """Line identifiers differ within a summary, and hold no asterisk (p.71)."""
    lines = summary.rows("40")
    text = lines.raw(_LINE)
    summary.fault("822", lines, (text == ord("*")).any(axis=1), _LINE)
    key = (summary.line_entry << 24) | pack_bytes(text).astype(np.int64)
    summary.fault("518", lines, is_repeated(key) & lines.given(_LINE), _LINE)


@rule("403", "404", "405", "406")
def sets(summary: SummaryFacts) -> None:
    """A set header is followed by two components at least, the first of its own class (p.160)."""
    lines, tariffs = summary.rows("40"), summary.rows("50")
    filled = lines.given(_SET)
    summary.fault("403", lines, filled & ~(summary.set_header | summary.component), _SET)
    if not filled.any():
        return
    entry = summary.line_entry
    same = np.zeros(len(lines), dtype=bool)
    same[1:] = entry[1:] == entry[:-1]
    before = np.zeros(len(lines), dtype=bool)
    before[1:] = (summary.set_header | summary.component)[:-1]
    summary.fault("404", lines, summary.component & ~(before & same), _SET)
    follows = np.zeros((2, len(lines)), dtype=bool)
    for step, row in enumerate(follows, start=1):
        row[:-step] = summary.component[step:] & (entry[step:] == entry[:-step])
    summary.fault("405", lines, summary.set_header & ~follows.all(axis=0), _SET)
    first = np.full(len(lines), -1, dtype=np.int64)
    line = summary.tariff_line
    goods = (line >= 0) & ~_special(tariffs)
    first[line[goods][::-1]] = pack_bytes(tariffs.raw("hts_number")[:, :8]).astype(np.int64)[goods][::-1]
    opens = np.flatnonzero(summary.set_header[:-1] & follows[0][:-1])
    other_class = np.zeros(len(lines), dtype=bool)
    other_class[opens + 1] = first[opens] != first[opens + 1]
    summary.fault("406", lines, other_class, _SET)


def _special(tariffs: RecordColumns) -> Flags:
    """Chapter 98 and 99 numbers."""
    text = tariffs.raw("hts_number")
    return (text[:, 0] == ord("9")) & ((text[:, 1] == ord("8")) | (text[:, 1] == ord("9")))


@rule("408", "411", "412", "413", "414")
def countries(summary: SummaryFacts) -> None:
    """Origin and export: known countries, never the United States, Canada by province (p.65-66)."""
    lines, entry = summary.rows("40"), summary.line_entry
    unknown = lines.says(_ORIGIN, "**")
    listed = lines.says(_ORIGIN, *code_list("country"), *code_list("province"))
    summary.fault("408", lines, lines.given(_ORIGIN) & ~listed & ~unknown, _ORIGIN)
    summary.fault("413", lines, unknown & lines.blank(_EXPORT), _ORIGIN)
    named = lines.says(_EXPORT, *code_list("country"))
    summary.fault("411", lines, lines.given(_EXPORT) & ~named, _EXPORT)
    stays = summary.is_type("21", "22", *code_list("withdrawal_type"))[entry]
    summary.fault("412", lines, lines.says(_EXPORT, "US") & ~stays, _EXPORT)
    excused = summary.is_type(*_LATE_CANADA)[entry]
    from_canada = lines.says(_ORIGIN, "CA") & lines.says(_EXPORT, "CA")
    summary.fault("414", lines, from_canada & ~excused, _ORIGIN)


@rule("415", "416", "417", "423", "475", "452", "C730")
def line_codes(summary: SummaryFacts) -> None:
    """Codes and indicators of the 40 record."""
    lines = summary.rows("40")
    for code, name, values in (
        ("415", "related_party_indicator", ("Y", "N")),
        ("416", "trade_agreement_special_program_claim_code", code_list("claim_program")),
        ("417", "product_claim_code", code_list("product_claim")),
        ("423", "fee_exemption_code", code_list("fee_exemption")),
        ("475", "non_reimbursement_statement", ("Y",)),
    ):
        summary.fault(code, lines, lines.given(name) & ~lines.says(name, *values), name)
    cases = summary.rows("53")
    stated = lines.given("non_reimbursement_statement")
    judged = stated & summary.is_type(*code_list("case_type"), *code_list("case_maybe_type"))[summary.line_entry]
    summary.fault("452", lines, judged & ~summary.line_has(cases), "non_reimbursement_statement")
    dumped = summary.line_has(cases, cases.raw("case_number")[:, 0] == ord("A"))
    only = judged & summary.line_has(cases) & ~dumped
    summary.fault("C730", lines, only, "non_reimbursement_statement")


@rule("664")
def charges(summary: SummaryFacts) -> None:
    """Charges where the goods are worth more than 1,250 dollars (p.172)."""
    lines, tariffs = summary.rows("40"), summary.rows("50")
    entry = summary.line_entry
    free = summary.is_type(*code_list("informal_type")) | summary.is_mode("60")
    free |= summary.consolidated | ~summary.full
    repaired = begins_with(tariffs, code_list("charges_exempt_number"))
    excused = free[entry] | summary.component | summary.line_has(tariffs, repaired)
    excused |= lines.says(_ORIGIN, *code_list("insular_possession"))
    nothing = lines.number(_CHARGES) == 0
    dear = summary.line_value > _CHARGES_FROM
    summary.fault("664", lines, nothing & dear & ~excused, _CHARGES)


@rule("671", "673", "674", "683", "C731")
def zone_goods(summary: SummaryFacts) -> None:
    """Zone status, privileged date and quantity (p.72); SE61 for privileged goods only (p.92)."""
    status, old = summary.rows("41"), summary.rows("SE61")
    name = "ftz_merchandise_status_code"
    listed = status.says(name, *code_list("summary_zone_status"))
    summary.fault("671", status, status.given(name) & ~listed, name)
    privileged = status.says(name, "P")
    bound = summary.bind(status, {"quantity": "zone_quantity"})
    summary.report("673", line_conditions.privileged_date_out_of_place, bound)
    summary.report("674", line_conditions.privileged_date_missing, bound)
    summary.report("683", bill_conditions.quantity_zero, bound)
    line = summary.under(old, "40")
    privileged_line = np.append(summary.line_has(status, privileged), False)
    summary.fault("C731", old, ~privileged_line[line], "current_hts_number")


@rule("C310", "852", "676", "604", "439", "441", "443", "444", "C732")
def tariff_numbers(summary: SummaryFacts) -> None:
    """Form and order of the numbers of a line, and their quantities (p.89-90; error 852)."""
    tariffs, entry = summary.rows("50"), summary.entry(summary.rows("50"))
    text, line = tariffs.raw("hts_number"), summary.tariff_line
    for rows, name in ((tariffs, "hts_number"), (summary.rows("SE61"), "current_hts_number")):
        formed = tariff_form(rows.raw(name))
        summary.fault("C310", rows, rows.given(name) & ~formed, name)
    rank = np.where(text[:, 0] != ord("9"), 2, np.where(text[:, 1] == ord("8"), 0, 2))
    rank = np.where((text[:, 0] == ord("9")) & (text[:, 1] == ord("9")), 1, rank)
    several = np.bincount(line[(rank == 0) & (line >= 0)], minlength=len(summary.rows("40"))) > 1
    order = summary.bind(tariffs, rank=rank, line=line)
    summary.report("852", line_conditions.tariff_out_of_order, order, ~np.append(several, False)[line], "hts_number")
    temporary = begins_with(tariffs, ("9813",))
    of_bond = summary.is_type("23")
    summary.fault("604", tariffs, temporary & ~of_bond[entry], "hts_number")
    lines = summary.rows("40")
    bare = of_bond[summary.line_entry] & ~summary.line_has(tariffs, temporary)
    summary.fault("676", lines, bare & summary.full[summary.line_entry])
    for code, unit_place in (("441", 1), ("443", 2), ("444", 3)):
        quantity, unit = f"quantity_{unit_place}", f"unit_of_measure_code_{unit_place}"
        none = tariffs.says(unit, "X") | (rank < 2)
        unmeasured_unit = tariffs.given(unit) & tariffs.blank(quantity) & ~none
        summary.fault(code, tariffs, unmeasured_unit, quantity)
        summary.fault("C732", tariffs, tariffs.given(quantity) & tariffs.blank(unit), unit)
    unmeasured = (rank == 2) & tariffs.blank("quantity_1")
    unmeasured &= ~tariffs.says("unit_of_measure_code_1", "X")
    summary.fault("439", tariffs, unmeasured & tariffs.blank("unit_of_measure_code_1"), "quantity_1")


@rule("499")
def exporters(summary: SummaryFacts) -> None:
    """The foreign exporter of each article with a case (p.138; errors 499, 550)."""
    rows, lines = summary.rows("47"), summary.rows("40")
    judged = summary.full & summary.is_type(*code_list("case_type"), *code_list("case_maybe_type"))
    named = summary.line_has(rows, rows.says(_PARTY, "E"))
    articles = summary.bind(lines, case=summary.line_has(summary.rows("53")), foreign_exporter=named)
    summary.report("499", line_conditions.exporter_missing, articles, judged[summary.line_entry])


@rule("519", "520", "C733", "C734", "534", "535", "596", "594")
def article_parties(summary: SummaryFacts) -> None:
    """47: one of each type, identified as its type wants it (p.78-79, 137-139)."""
    rows, lines = summary.rows("47"), summary.rows("40")
    listed = rows.says(_PARTY, *code_list("article_party"))
    summary.fault("519", rows, rows.given(_PARTY) & ~listed, _PARTY)
    line = summary.under(rows, "40")
    key = (line << 8) | rows.raw(_PARTY)[:, 0]
    summary.fault("520", rows, is_repeated(key), _PARTY)
    text = rows.raw(_WHO)
    maker, exporter = rows.says(_PARTY, "M"), rows.says(_PARTY, "E")
    coded = maker | exporter
    shaped = is_alphanumeric(text) & (text_lengths(text) >= _LEAST_MID)
    summary.fault("C733", rows, coded & rows.given(_WHO) & ~shaped, _WHO)
    country = _country_known(text)
    summary.fault("C734", rows, coded & shaped & ~country, _WHO)
    numbered = party_number(np.ascontiguousarray(text))
    for code, letter in (("596", "S"), ("594", "C")):
        wrong = rows.says(_PARTY, letter) & rows.given(_WHO) & ~numbered
        summary.fault(code, rows, wrong, _WHO)
    canadian = np.append(lines.says(_EXPORT, "CA"), False)[line]
    formal = ~summary.is_type(*code_list("informal_type"))[summary.entry(rows)]
    provincial = _among(text, code_list("province"))
    summary.fault("535", rows, maker & canadian & formal & shaped & ~provincial, _WHO)
    required = summary.is_type("22", "23")[summary.line_entry]
    required &= lines.says(_EXPORT, "CA") | lines.says(_ORIGIN, "CA", *code_list("province"))
    summary.fault("534", lines, required & ~summary.line_has(rows, maker))


def _country_known(text: Bytes) -> Flags:
    return _among(text, (*code_list("country"), *code_list("province"), "XD", "XE"))


def _among(text: Bytes, codes: tuple[str, ...]) -> Flags:
    table = np.zeros(1 << 16, dtype=bool)
    for code in codes:
        table[(ord(code[1]) << 8) | ord(code[0])] = True
    return table[pack_bytes(text[:, :2]).astype(np.int64)]


@rule("461", "C735", "472", "526", "783", "824")
def attachments(summary: SummaryFacts) -> None:
    """43, 52 and 54: known types, each declaration once (p.76, 95, 101); CBMA wants a date of
    importation (p.188)."""
    rulings, licences, declarations = (summary.rows(record) for record in ("43", "52", "54"))
    ruling, licence = "ruling_type_code", "license_type_code"
    unknown = rulings.given(ruling) & ~rulings.says(ruling, *code_list("ruling_type"))
    summary.fault("461", rulings, unknown, ruling)
    number = "ruling_number"
    summary.fault("C735", rulings, rulings.given(ruling) & rulings.blank(number), number)
    unknown = licences.given(licence) & ~licences.says(licence, *code_list("license_type"))
    summary.fault("472", licences, unknown, licence)
    declared = _declared(summary)
    listed = np.isin(declared, [int(code) for code in code_list("declaration_type")])
    summary.fault("526", declarations, ~listed)
    key = (summary.under(declarations, "40") << 8) | declared
    summary.fault("783", declarations, is_repeated(key))
    lines = summary.rows("40")
    craft = lines.says("product_claim_code", "C")
    undated = summary.day("11", "date_of_importation")[summary.line_entry] == NO_DAY
    summary.fault("824", lines, craft & undated, "product_claim_code")


def _declared(summary: SummaryFacts) -> Index:
    """(54 records,) the number of the declaration's type."""
    text = summary.rows("54").matrix[:, 2:4].astype(np.int64) - 48
    return text[:, 0] * 10 + text[:, 1]
