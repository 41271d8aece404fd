"""Money of stored summaries: 34, 50, 53, 60, 61, 62 and 89 under each 10, as columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.answers.column_values import Index, dollar_amounts, first_by_owner
from tasks.ace.answers.record_reader import select_rows
from tasks.ace.stored_summaries.image_lines import LineRecords, TableRows, build_table
from tasks.ace.wire.array_tools import whole_numbers
from tasks.ace.wire.table_columns import table_schema
from tasks.entries.api import record_schema

FEES = table_schema("fees")
"""Line 0 stands for a fee of the header (34)."""

FEE_TOTALS = table_schema("fee totals")
CASES = table_schema("cases")

_PAIRS_89, _PAIRS_34 = 5, 2
_COMPUTED = ("499", "501")
"""MPF and HMF: the record does not name them."""

_CASE_LETTERS = {"A": "ad", "C": "cd"}


def read_cases(under: LineRecords) -> tuple[dict[str, TableRows], dict[str, pa.Array]]:
    """53: the table of all cases, and their columns by line (AD begins with A, CVD with C)."""
    rows, line = under.of("53")
    fields = under.reading.columns(
        rows,
        "case_number",
        "bond_cash_claim_code",
        "case_deposit_rate",
        "case_rate_type_qualifier_code",
        "ad_cvd_value_of_goods_amount",
        "ad_cvd_duty_amount",
        "ad_cvd_quantity",
        "non_reimbursement_declaration_id",
    )
    case_columns = {
        "case": fields["case_number"],
        "claim": fields["bond_cash_claim_code"],
        "rate": dollar_amounts(fields["case_deposit_rate"]),
        "rate_type": fields["case_rate_type_qualifier_code"],
        "value": fields["ad_cvd_value_of_goods_amount"],
        "duty": dollar_amounts(fields["ad_cvd_duty_amount"]),
        "quantity": _quantity(fields["ad_cvd_quantity"]),
        "declaration": fields["non_reimbursement_declaration_id"],
    }
    first = rows.raw("case_number")[:, 0]
    by_line = {
        f"{prefix}_{name}": first_by_owner(column, np.where(first == ord(letter), line, -1), len(under))
        for letter, prefix in _CASE_LETTERS.items()
        for name, column in case_columns.items()
    }
    table = build_table(CASES, under.keys(line) | case_columns, len(rows))
    return {"cases": (table, rows.at)}, by_line


def _quantity(parts: pa.Array) -> pa.Array:
    """Ten-thousandths as the record writes them, like 12.5; null for none."""
    texts = [
        f"{amount // 10_000}.{amount % 10_000:04d}".rstrip("0").rstrip(".") if amount else None
        for amount in parts.to_pylist()
    ]
    return pa.array(texts, pa.string())


def read_tariffs(under: LineRecords) -> tuple[dict[str, TableRows], Index]:
    """50: values in whole dollars, quantities and duty with two implied decimals.

    Returns the tables, and the value of each summary.
    """
    rows, line = under.of("50")
    fields = under.reading.columns(
        rows,
        "hts_number",
        "duty_amount",
        "value_of_goods_amount",
        "quantity_1",
        "unit_of_measure_code_1",
        "quantity_2",
        "unit_of_measure_code_2",
        "quantity_3",
        "unit_of_measure_code_3",
    )
    count = np.bincount(line, minlength=len(under))
    first = np.concatenate(([0], np.cumsum(count)))
    keys = under.keys(line) | {"position": pa.array(np.arange(len(rows)) - first[line] + 1)}
    columns = keys | {
        "hts_number": fields["hts_number"],
        "value": fields["value_of_goods_amount"],
        "quantity": dollar_amounts(fields["quantity_1"]),
        "unit": fields["unit_of_measure_code_1"],
        "second_quantity": dollar_amounts(fields["quantity_2"]),
        "second_unit": fields["unit_of_measure_code_2"],
        "third_quantity": dollar_amounts(fields["quantity_3"]),
        "third_unit": fields["unit_of_measure_code_3"],
        "duty": dollar_amounts(fields["duty_amount"]),
    }
    tables = {"tariffs": (build_table(record_schema("tariffs"), columns, len(rows)), rows.at)}
    value = whole_numbers(fields["value_of_goods_amount"])
    sums = np.bincount(under.entry[line], weights=value, minlength=len(under.starts))
    return tables, sums.astype(np.int64)


def read_fees(under: LineRecords) -> tuple[dict[str, TableRows], dict[str, pa.Array]]:
    """62 on lines, 34 in the header (line 0), 89 in the totals; and columns by line of taxes, of
    other revenue, and of the fees that the record names: those that are not computed."""
    rows, line = under.of("62")
    fields = under.reading.columns(rows, "accounting_class_code", "user_fee_amount")
    columns = under.keys(line) | {
        "fee_class": fields["accounting_class_code"],
        "amount": dollar_amounts(fields["user_fee_amount"]),
    }
    table, at = build_table(FEES, columns, len(rows)), rows.at
    header, head_at = _pairs(under, "34", "header_fee_amount_", _PAIRS_34)
    if len(head_at):
        zeros = pa.array(np.zeros(len(head_at), dtype=np.int64))
        header = header.add_column(1, FEES.field("line"), zeros)
        table, at = pa.concat_tables([table, header]), np.concatenate([at, head_at])
        order = np.argsort(at, kind="stable")
        table, at = table.combine_chunks().take(order), at[order]
    tables = {"fees": (table, at), "fee_totals": _pairs(under, "89", "total_fee_amount_", _PAIRS_89)}
    named = np.flatnonzero(~rows.says("accounting_class_code", *_COMPUTED))
    return tables, _taxes(under) | _named_fees(columns, line, named, len(under))


def _taxes(under: LineRecords) -> dict[str, pa.Array]:
    tax = under.first("60", "accounting_class_code", "ir_tax_amount")
    revenue = under.first("61", "other_revenue_amount")
    return {
        "tax_class": tax["accounting_class_code"],
        "tax_amount": dollar_amounts(tax["ir_tax_amount"]),
        "other_revenue": dollar_amounts(revenue["other_revenue_amount"]),
    }


def _named_fees(columns: dict[str, pa.Array], line: Index, which: Index, count: int) -> dict[str, pa.Array]:
    """The first two of the chosen fees of each line."""
    owner = line[which]
    repeated = np.zeros(len(owner), dtype=bool)
    repeated[1:] = owner[1:] == owner[:-1]
    third = np.zeros(len(owner), dtype=bool)
    third[1:] = repeated[1:] & repeated[:-1]
    fees = {}
    for suffix, mask in (("", ~repeated), ("_2", repeated & ~third)):
        for name in ("class", "amount"):
            column = columns["fee_class" if name == "class" else name].take(which)
            fees[f"fee_{name}{suffix}"] = first_by_owner(column, np.where(mask, owner, -1), count)
    return fees


def _pairs(under: LineRecords, record: str, amount: str, pairs: int) -> TableRows:
    """Class and amount pairs of a header or totals record, one row each."""
    rows = under.reading.rows(record)
    entry = under.reading.owner(rows.at, under.starts)
    tables, places = [FEE_TOTALS.empty_table()], [np.empty(0, dtype=np.int64)]
    for number in range(1, pairs + 1):
        name = f"accounting_class_code_{number}"
        inside = np.flatnonzero((entry >= 0) & rows.given(name))
        filled = select_rows(rows, inside)
        cents = under.reading.columns(filled, f"{amount}{number}")[f"{amount}{number}"]
        columns = {
            "entry_number": under.names.take(entry[inside]),
            "fee_class": under.reading.texts(filled, name)[name],
            "amount": dollar_amounts(cents),
        }
        tables.append(build_table(FEE_TOTALS, columns, len(inside)))
        places.append(filled.at)
    at = np.concatenate(places)
    order = np.argsort(at, kind="stable")
    return pa.concat_tables(tables).combine_chunks().take(order), at[order]
