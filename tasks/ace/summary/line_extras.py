"""AE records of a line after its tariff numbers: 51 to 62 (AE 2026-07 p.94-120)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.summary.slice import SummarySlice, count_within, flag
from tasks.ace.wire.slices import LINES, Part, keys
from tasks.ace.wire.vectors import Mask, chosen, numpy

_TAIL = (1 << 22) - 512
"""Places after the tariff numbers of a line, which end below this (`se_lines`)."""

_VISA, _LICENCE, _CASE, _DECLARATION, _TAX, _OTHER, _USER_FEE = range(_TAIL, _TAIL + 448, 64)
_COFFEE = "672"
_TEN_THOUSAND = 10_000


def extras(part: SummarySlice) -> list[Part]:
    """Visa, licence, cases, declarations, tax, other revenue and fees of each line."""
    return [
        *of_lines(part, "51", _visa(part), part.given("visa_number", "lines"), _VISA),
        *of_lines(part, "52", _licence(part), part.given("license_type", "lines"), _LICENCE),
        *_cases(part),
        *_declarations(part),
        *of_lines(part, "60", _tax(part), part.given("tax_class", "lines"), _TAX),
        *of_lines(part, "61", _other(part), part.given("other_revenue", "lines"), _OTHER),
        *_fees(part),
    ]


def _visa(part: SummarySlice) -> dict[str, pa.Array]:
    return {"standard_visa_number": part.column("visa_number", "lines")}


def _licence(part: SummarySlice) -> dict[str, pa.Array]:
    return {
        "license_type_code": part.column("license_type", "lines"),
        "license_number": part.text("license_number", "lines"),
    }


def _cases(part: SummarySlice) -> list[Part]:
    """53: the AD case, then the CVD case. Value and quantity are zero where not used (p.98-99)."""
    made: list[Part] = []
    for place, case in enumerate(("ad", "cd")):
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
        given = part.given(f"{case}_case", "lines")
        made.extend(of_lines(part, "53", columns, given, _CASE + place))
    return made


def _quantity(text: pa.Array) -> pa.Array:
    """A quantity written with up to four decimals, in ten-thousandths; zero where there is none."""
    exact = pc.fill_null(text, "0").cast(pa.decimal128(20, 4))
    return pc.multiply(exact, pa.scalar(_TEN_THOUSAND, pa.decimal128(5, 0))).cast(pa.int64())


def _declarations(part: SummarySlice) -> list[Part]:
    """54: as many as the line's cell has rows of text, type and columns 5-80 each."""
    given = np.flatnonzero(part.given("declarations", "lines"))
    if not len(given):
        return []
    pieces = pc.split_pattern(part.text("declarations", "lines").take(pa.array(given)), "\n")
    parent = numpy(pc.list_parent_indices(pieces), np.int64)
    text = pc.list_flatten(pieces)
    rank = part.ranks["lines"][given][parent]
    place = _DECLARATION + np.minimum(count_within(parent), 63)
    columns = {
        "declaration_type_code": pc.utf8_slice_codeunits(text, 0, 2),
        "declaration_information": pc.utf8_slice_codeunits(text, 2),
    }
    at = keys(rank, LINES, part.integers("line", "lines")[given][parent], place)
    return [Part(at, part.records("54", columns, rank))]


def _tax(part: SummarySlice) -> dict[str, pa.Array]:
    return {
        "accounting_class_code": part.column("tax_class", "lines"),
        "ir_tax_amount": part.number("tax_amount", "lines"),
    }


def _other(part: SummarySlice) -> dict[str, pa.Array]:
    given = part.given("other_revenue", "lines")
    return {
        "accounting_class_code": flag(given, _COFFEE),
        "other_revenue_amount": part.number("other_revenue", "lines"),
    }


def line_fees(part: SummarySlice) -> list[tuple[pa.Array, pa.Array, Mask]]:
    """Class, cents and presence of each user fee a line can carry, in the order of the records."""
    rows = part.rows("lines")
    found = []
    for place in ("", "_2"):
        given = part.given(f"fee_class{place}", "lines")
        cents = pc.coalesce(part.number(f"fee_amount{place}", "lines"), pa.scalar(0, pa.int64()))
        found.append((part.column(f"fee_class{place}", "lines"), cents, given))
    for code, name in (("499", "mpf"), ("501", "hmf")):
        given = part.given(name, "lines")
        found.append((flag(np.ones(rows, dtype=bool), code), part.number(name, "lines"), given))
    return found


def _fees(part: SummarySlice) -> list[Part]:
    made: list[Part] = []
    for place, (code, cents, given) in enumerate(line_fees(part)):
        columns = {"accounting_class_code": code, "user_fee_amount": cents}
        made.extend(of_lines(part, "62", columns, given, _USER_FEE + place))
    return made


def of_lines(
    part: SummarySlice, record: str, columns: dict[str, pa.Array], given: Mask, place: int
) -> list[Part]:
    """Records of the lines that the mask marks."""
    if not given.any():
        return []
    rank = part.ranks["lines"][given]
    line = part.integers("line", "lines")[given]
    rows = {name: chosen(column, given) for name, column in columns.items()}
    return [Part(keys(rank, LINES, line, place), part.records(record, rows, rank))]
