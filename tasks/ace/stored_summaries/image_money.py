"""Money of stored summaries: 34, 50, 53, 60, 61, 62 and 89 under each 10, as columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.column_values import Index, dollar_amounts, first_by_owner
from tasks.ace.answers.table_schemas import MONEY_TYPE
from tasks.ace.stored_summaries.image_lines import LineRecords, Made, build_table, select_rows
from tasks.entries.api import record_schema

FEES = pa.schema(
    [("entry_number", pa.string()), ("line", pa.int64()), ("fee_class", pa.string()), ("amount", MONEY_TYPE)]
)
"""Line 0 stands for a fee of the header (34)."""

FEE_TOTALS = pa.schema([("entry_number", pa.string()), ("fee_class", pa.string()), ("amount", MONEY_TYPE)])
CASES = pa.schema(
    [
        ("entry_number", pa.string()),
        ("line", pa.int64()),
        ("case", pa.string()),
        ("claim", pa.string()),
        ("rate", MONEY_TYPE),
        ("rate_type", pa.string()),
        ("value", pa.int64()),
        ("duty", MONEY_TYPE),
        ("quantity", pa.string()),
        ("declaration", pa.string()),
    ]
)

_PAIRS_89, _PAIRS_34 = 5, 2
_COMPUTED = ("499", "501")
"""MPF and HMF: the record does not name them."""

_CASE_LETTERS = {"A": "ad", "C": "cd"}


def read_cases(under: LineRecords) -> tuple[dict[str, Made], dict[str, pa.Array]]:
    """53: the table of all cases, and their columns by line (AD begins with A, CVD with C)."""
    rows, line = under.of("53")
    said = under.reading.columns(
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
    own = {
        "case": said["case_number"],
        "claim": said["bond_cash_claim_code"],
        "rate": dollar_amounts(said["case_deposit_rate"]),
        "rate_type": said["case_rate_type_qualifier_code"],
        "value": said["ad_cvd_value_of_goods_amount"],
        "duty": dollar_amounts(said["ad_cvd_duty_amount"]),
        "quantity": _quantity(said["ad_cvd_quantity"]),
        "declaration": said["non_reimbursement_declaration_id"],
    }
    first = rows.raw("case_number")[:, 0]
    by_line = {
        f"{prefix}_{name}": first_by_owner(column, np.where(first == ord(letter), line, -1), len(under))
        for letter, prefix in _CASE_LETTERS.items()
        for name, column in own.items()
    }
    table = build_table(CASES, under.keys(line) | own, len(rows))
    return {"cases": (table, rows.at)}, by_line


def _quantity(parts: pa.Array) -> pa.Array:
    """Ten-thousandths as the record writes them, like 12.5; null for none."""
    found = [
        f"{one // 10_000}.{one % 10_000:04d}".rstrip("0").rstrip(".") if one else None for one in parts.to_pylist()
    ]
    return pa.array(found, pa.string())


def read_tariffs(under: LineRecords) -> tuple[dict[str, Made], Index]:
    """50: values in whole dollars, quantities and duty with two implied decimals.

    Returns the tables, and the value of each summary.
    """
    rows, line = under.of("50")
    said = under.reading.columns(
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
        "hts_number": said["hts_number"],
        "value": said["value_of_goods_amount"],
        "quantity": dollar_amounts(said["quantity_1"]),
        "unit": said["unit_of_measure_code_1"],
        "second_quantity": dollar_amounts(said["quantity_2"]),
        "second_unit": said["unit_of_measure_code_2"],
        "third_quantity": dollar_amounts(said["quantity_3"]),
        "third_unit": said["unit_of_measure_code_3"],
        "duty": dollar_amounts(said["duty_amount"]),
    }
    made = {"tariffs": (build_table(record_schema("tariffs"), columns, len(rows)), rows.at)}
    value = pc.fill_null(said["value_of_goods_amount"], 0).to_numpy(zero_copy_only=False)
    sums = np.bincount(under.entry[line], weights=value, minlength=len(under.starts))
    return made, sums.astype(np.int64)


def read_fees(under: LineRecords) -> tuple[dict[str, Made], dict[str, pa.Array]]:
    """62 on lines, 34 in the header (line 0), 89 in the totals; and columns by line of taxes, of
    other revenue, and of the fees that the record names: those that are not computed."""
    rows, line = under.of("62")
    said = under.reading.columns(rows, "accounting_class_code", "user_fee_amount")
    columns = under.keys(line) | {
        "fee_class": said["accounting_class_code"],
        "amount": dollar_amounts(said["user_fee_amount"]),
    }
    table, at = build_table(FEES, columns, len(rows)), rows.at
    header, head_at = _pairs(under, "34", "header_fee_amount_", _PAIRS_34)
    if len(head_at):
        nothing = pa.array(np.zeros(len(head_at), dtype=np.int64))
        header = header.add_column(1, FEES.field("line"), nothing)
        table, at = pa.concat_tables([table, header]), np.concatenate([at, head_at])
        order = np.argsort(at, kind="stable")
        table, at = table.combine_chunks().take(pa.array(order)), at[order]
    made = {"fees": (table, at), "fee_totals": _pairs(under, "89", "total_fee_amount_", _PAIRS_89)}
    named = np.flatnonzero(~rows.says("accounting_class_code", *_COMPUTED))
    return made, _taxes(under) | _named_fees(columns, line, named, len(under))


def _taxes(under: LineRecords) -> dict[str, pa.Array]:
    tax = under.first("60", "accounting_class_code", "ir_tax_amount")
    other = under.first("61", "other_revenue_amount")
    return {
        "tax_class": tax["accounting_class_code"],
        "tax_amount": dollar_amounts(tax["ir_tax_amount"]),
        "other_revenue": dollar_amounts(other["other_revenue_amount"]),
    }


def _named_fees(columns: dict[str, pa.Array], line: Index, which: Index, count: int) -> dict[str, pa.Array]:
    """The first two of the chosen fees of each line."""
    owner = line[which]
    again = np.zeros(len(owner), dtype=bool)
    again[1:] = owner[1:] == owner[:-1]
    third = np.zeros(len(owner), dtype=bool)
    third[1:] = again[1:] & again[:-1]
    found = {}
    for place, mask in (("", ~again), ("_2", again & ~third)):
        for name in ("class", "amount"):
            column = columns["fee_class" if name == "class" else name].take(pa.array(which))
            found[f"fee_{name}{place}"] = first_by_owner(column, np.where(mask, owner, -1), count)
    return found


def _pairs(under: LineRecords, record: str, amount: str, pairs: int) -> Made:
    """Class and amount pairs of a header or totals record, one row each."""
    rows = under.reading.rows(record)
    entry = under.reading.owner(rows.at, under.starts)
    tables, places = [FEE_TOTALS.empty_table()], [np.empty(0, dtype=np.int64)]
    for number in range(1, pairs + 1):
        name = f"accounting_class_code_{number}"
        kept = np.flatnonzero((entry >= 0) & rows.given(name))
        given = select_rows(rows, kept)
        cents = under.reading.columns(given, f"{amount}{number}")[f"{amount}{number}"]
        columns = {
            "entry_number": under.names.take(pa.array(entry[kept])),
            "fee_class": under.reading.texts(given, name)[name],
            "amount": dollar_amounts(cents),
        }
        tables.append(build_table(FEE_TOTALS, columns, len(kept)))
        places.append(given.at)
    at = np.concatenate(places)
    order = np.argsort(at, kind="stable")
    return pa.concat_tables(tables).combine_chunks().take(pa.array(order)), at[order]
