"""AE records of lines: 40 to 43, 47, and 50 with its PGA records (AE 2026-07 p.65-93).

AE records of a line after its tariff numbers: 51 to 62 (AE 2026-07 p.94-120).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.cargo_release.se_lines import tariff_place
from tasks.ace.entry_summary.ae_agencies import agency_parts
from tasks.ace.entry_summary.ae_header import hide_party_numbers
from tasks.ace.entry_summary.summary_amounts import tariff_lines
from tasks.ace.entry_summary.summary_slices import SummarySlice
from tasks.ace.wire.array_tools import Keys, Mask, coded_column, count_within, decoded, flag_column, take_rows, to_numpy
from tasks.ace.wire.entry_slices import LINES, RecordPart, position_keys
from tasks.core import arrow_compute as pc

_TAIL = (1 << 22) - 512
"""Places after the tariff numbers of a line, which end below this (`se_lines`)."""

_VISA, _LICENCE, _CASE, _DECLARATION, _TAX, _OTHER, _USER_FEE = range(_TAIL, _TAIL + 448, 64)
_COFFEE = "672"
_TEN_THOUSAND = 10_000


def line_extra_parts(part: SummarySlice) -> list[RecordPart]:
    """Visa, licence, cases, declarations, tax, other revenue and fees of each line."""
    return [
        *marked_line_parts(part, "51", _visa(part), part.given("visa_number", "lines"), _VISA),
        *marked_line_parts(part, "52", _licence(part), part.given("license_type", "lines"), _LICENCE),
        *_cases(part),
        *_declarations(part),
        *marked_line_parts(part, "60", _tax(part), part.given("tax_class", "lines"), _TAX),
        *marked_line_parts(part, "61", _other(part), part.given("other_revenue", "lines"), _OTHER),
        *_fees(part),
    ]


def _visa(part: SummarySlice) -> dict[str, pa.Array]:
    return {"standard_visa_number": part.column("visa_number", "lines")}


def _licence(part: SummarySlice) -> dict[str, pa.Array]:
    return {
        "license_type_code": part.column("license_type", "lines"),
        "license_number": part.text("license_number", "lines"),
    }


def _cases(part: SummarySlice) -> list[RecordPart]:
    """53: the AD case, then the CVD case. Value and quantity are zero where not used (p.98-99)."""
    parts: list[RecordPart] = []
    for offset, case in enumerate(("ad", "cd")):
        columns = {
            "case_number": part.column(f"{case}_case", "lines"),
            "bond_cash_claim_code": part.column(f"{case}_claim", "lines"),
            "case_deposit_rate": part.number(f"{case}_rate", "lines"),
            "case_rate_type_qualifier_code": part.column(f"{case}_rate_type", "lines"),
            "ad_cvd_value_of_goods_amount": pa.array(part.whole(f"{case}_value", "lines")),
            "ad_cvd_quantity": _quantity(part.plain(f"{case}_quantity", "lines")),
            "ad_cvd_duty_amount": part.number(f"{case}_duty", "lines"),
            "non_reimbursement_declaration_id": part.column(f"{case}_declaration", "lines"),
        }
        rows = part.given(f"{case}_case", "lines")
        parts.extend(marked_line_parts(part, "53", columns, rows, _CASE + offset))
    return parts


def _quantity(text: pa.Array) -> pa.Array:
    """A quantity written with up to four decimals, in ten-thousandths; zero where there is none."""
    exact = pc.fill_null(text, "0").cast(pa.decimal128(20, 4))
    return pc.multiply(exact, pa.scalar(_TEN_THOUSAND, pa.decimal128(5, 0))).cast(pa.int64())


def _declarations(part: SummarySlice) -> list[RecordPart]:
    """54: as many as the line's cell has rows of text, type and columns 5-80 each."""
    rows = np.flatnonzero(part.given("declarations", "lines"))
    if not len(rows):
        return []
    pieces = pc.split_pattern(part.text("declarations", "lines").take(rows), "\n")
    parent = to_numpy(pc.list_parent_indices(pieces), np.int64)
    text = pc.list_flatten(pieces)
    rank = part.ranks["lines"][rows][parent]
    position = _DECLARATION + np.minimum(count_within(parent), 63)
    columns = {
        "declaration_type_code": pc.utf8_slice_codeunits(text, 0, 2),
        "declaration_information": pc.utf8_slice_codeunits(text, 2),
    }
    at = position_keys(rank, LINES, part.integers("line", "lines")[rows][parent], position)
    return [RecordPart(at, part.records("54", columns, rank))]


def _tax(part: SummarySlice) -> dict[str, pa.Array]:
    return {
        "accounting_class_code": part.column("tax_class", "lines"),
        "ir_tax_amount": part.number("tax_amount", "lines"),
    }


def _other(part: SummarySlice) -> dict[str, pa.Array]:
    rows = part.given("other_revenue", "lines")
    return {
        "accounting_class_code": flag_column(rows, _COFFEE),
        "other_revenue_amount": part.number("other_revenue", "lines"),
    }


def line_fees(part: SummarySlice) -> list[tuple[pa.Array, pa.Array, Mask]]:
    """Class, cents and presence of each user fee a line can carry, in the order of the records."""
    rows = part.rows("lines")
    fees = []
    for suffix in ("", "_2"):
        present = part.given(f"fee_class{suffix}", "lines")
        cents = pc.coalesce(part.number(f"fee_amount{suffix}", "lines"), pa.scalar(0, pa.int64()))
        fees.append((part.column(f"fee_class{suffix}", "lines"), cents, present))
    for code, name in (("499", "mpf"), ("501", "hmf")):
        present = part.given(name, "lines")
        fees.append((flag_column(np.ones(rows, dtype=bool), code), part.number(name, "lines"), present))
    return fees


def _fees(part: SummarySlice) -> list[RecordPart]:
    parts: list[RecordPart] = []
    for offset, (code, cents, rows) in enumerate(line_fees(part)):
        columns = {"accounting_class_code": code, "user_fee_amount": cents}
        parts.extend(marked_line_parts(part, "62", columns, rows, _USER_FEE + offset))
    return parts


def marked_line_parts(
    part: SummarySlice, record: str, columns: dict[str, pa.Array], marked: Mask, position: int
) -> list[RecordPart]:
    """Records of the lines that the mask marks."""
    keys = position_keys(part.ranks["lines"], LINES, part.integers("line", "lines"), position)
    return part.marked_records(record, columns, marked, keys, "lines")


_STATUS, _RULING, _PARTY = 1, 2, 4
_PARTIES = (("M", "manufacturer_id"), ("C", "delivered_to"), ("S", "sold_to"), ("E", "foreign_exporter"))
_PRIVATE_PARTIES = ("delivered_to", "sold_to")


def line_parts(part: SummarySlice) -> list[RecordPart]:
    """All records of the lines but the cargo parties."""
    rank, line = part.ranks["lines"], part.integers("line", "lines")
    return [
        _heads(part, rank, line),
        *marked_line_parts(part, "41", _zone(part), part.given("zone_status", "lines"), _STATUS),
        *marked_line_parts(part, "43", _ruling(part), part.given("ruling_type", "lines"), _RULING),
        *_article_parties(part),
        *_tariffs(part),
        *line_extra_parts(part),
    ]


def _heads(part: SummarySlice, rank: Keys, line: Keys) -> RecordPart:
    exported = part.of_entry(part.day("export_date"), "lines")
    port = part.of_entry(part.plain("foreign_port"), "lines")
    related = part.yes("related_party", "lines")
    answer = coded_column(related, ["N", "Y"], ~part.given("related_party", "lines"))
    columns = {
        "line": pc.ascii_lpad(pc.cast(pa.array(line), pa.string()), 3, "0"),
        "article_set_indicator": part.column("article_set", "lines"),
        "country_of_origin_code": part.column("country_of_origin", "lines"),
        "country_of_export_code": part.column("country_of_export", "lines"),
        "date_of_exportation": pc.coalesce(part.day("export_date", "lines"), exported),
        "date_of_exportation_for_textiles": part.day("textile_export_date", "lines"),
        "trade_agreement_special_program_claim_code": part.column("program_indicator", "lines"),
        "charges_amount": pa.array(part.whole("charges", "lines")),
        "foreign_port_of_lading_code": pc.coalesce(part.plain("foreign_port", "lines"), port),
        "gross_shipping_weight": pa.array(part.whole("gross_weight", "lines")),
        "category_code_for_textiles": part.column("textile_category", "lines"),
        "product_claim_code": part.column("product_claim", "lines"),
        "related_party_indicator": answer,
        "fee_exemption_code": part.column("fee_exemption", "lines"),
        "non_reimbursement_statement": flag_column(part.yes("nonreimbursement", "lines")),
    }
    return RecordPart(position_keys(rank, LINES, line), part.records("40", columns, rank))


def _zone(part: SummarySlice) -> dict[str, pa.Array]:
    return {
        "ftz_merchandise_status_code": part.column("zone_status", "lines"),
        "privileged_date": part.day("privileged_date", "lines"),
        "zone_quantity": part.number("zone_quantity", "lines"),
    }


def _ruling(part: SummarySlice) -> dict[str, pa.Array]:
    return {
        "ruling_type_code": part.column("ruling_type", "lines"),
        "ruling_number": part.column("ruling_number", "lines"),
    }


def _article_parties(part: SummarySlice) -> list[RecordPart]:
    """47: manufacturer, delivered-to, sold-to, foreign exporter (p.78-79)."""
    parts: list[RecordPart] = []
    line = part.integers("line", "lines")
    for offset, (kind, name) in enumerate(_PARTIES):
        rows = part.given(name, "lines")
        if not rows.any():
            continue
        rank = part.ranks["lines"][rows]
        number, private = take_rows(part.column(name, "lines"), rows), []
        if name in _PRIVATE_PARTIES:
            number, private = hide_party_numbers(part, decoded(number), "47", "article_party_identifier", rank)
        columns = {
            "article_party_type_code": flag_column(np.ones(len(rank), dtype=bool), kind),
            "article_party_identifier": number,
        }
        at = position_keys(rank, LINES, line[rows], _PARTY + offset)
        parts.append(RecordPart(at, part.records("47", columns, rank), tuple(private)))
    return parts


def _tariffs(part: SummarySlice) -> list[RecordPart]:
    """50, SE60, SE61 and the PGA records of each tariff number, chapter 98 and 99 first (852)."""
    rank, line = part.ranks["tariffs"], part.integers("line", "tariffs")
    if not len(rank):
        return []
    position = part.integers("position", "tariffs")
    at = position_keys(rank, LINES, line, tariff_place(part.plain("hts_number", "tariffs"), position))
    columns = {
        "hts_number": part.column("hts_number", "tariffs"),
        "duty_amount": pa.array(_duty(part)),
        "value_of_goods_amount": pa.array(part.whole("value", "tariffs")),
        "quantity_1": part.number("quantity", "tariffs"),
        "unit_of_measure_code_1": part.column("unit", "tariffs"),
        "quantity_2": part.number("second_quantity", "tariffs"),
        "unit_of_measure_code_2": part.column("second_unit", "tariffs"),
        "quantity_3": part.number("third_quantity", "tariffs"),
        "unit_of_measure_code_3": part.column("third_unit", "tariffs"),
    }
    parts = [RecordPart(at, part.records("50", columns, rank))]
    clear = part.yes("sanction_disclaim", "tariffs")
    current = part.given("current_hts_number", "tariffs")
    for record, rows, name, values in (
        ("SE60", clear, "sanction_disclaim_indicator", flag_column(clear)),
        ("SE61", current, "current_hts_number", part.column("current_hts_number", "tariffs")),
    ):
        if rows.any():
            keys = at[rows] + (1 if record == "SE60" else 2)
            field_columns = {name: take_rows(values, rows)}
            parts.append(RecordPart(keys, part.records(record, field_columns, rank[rows])))
    return [*parts, *agency_parts(part, at)]


def _duty(part: SummarySlice) -> Keys:
    """Cents of duty. A number without any is noted: nothing is taken to be free by default. A set
    component owes none (p.160), nor do domestic goods out of a zone."""
    owed = part.whole("duty", "tariffs")
    row = tariff_lines(part)
    free = part.is_any("article_set", ("V",), "lines") | part.is_any("zone_status", ("D",), "lines")
    excused = np.where(row >= 0, np.append(free, False)[row], False)
    for at in np.flatnonzero(~part.given("duty", "tariffs") & ~excused):
        line = int(part.integers("line", "tariffs")[at])
        part.note(int(part.ranks["tariffs"][at]), f"line {line} duty", "line-duty-missing")
    return owed
