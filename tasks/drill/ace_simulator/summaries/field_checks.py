"""Class and presence of each field of an entry summary, with CBP's code where it has one."""

from __future__ import annotations

from tasks.drill.ace_simulator.batches.input_records import code_set
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary, on_line

_FREE = frozenset(
    {
        ("20", "carrier_code"),
        ("SE16", "carrier_code"),
        ("40", "trade_agreement_special_program_claim_code"),
        ("47", "article_party_identifier"),
    }
)
"""Fields of class AN whose own code lists hold more: `*F` carriers, `S+` and `B#` programmes,
hyphens in party numbers."""


_BLANK = frozenset({("50", "unit_of_measure_code_1")})


_CLASS_CODES = {
    ("10", "entry_number"): "B15",
    ("10", "preliminary_statement_print_date"): "203",
    ("11", "estimated_entry_date"): "125",
    ("11", "date_of_importation"): "128",
    ("20", "estimated_date_of_arrival"): "171",
    ("20", "in_bond_in_transit_date"): "189",
    ("22", "manifested_quantity"): "264",
    ("31", "single_transaction_bond_amount"): "123",
    ("40", "date_of_exportation"): "419",
    ("40", "date_of_exportation_for_textiles"): "430",
    ("40", "charges_amount"): "424",
    ("40", "gross_shipping_weight"): "421",
    ("50", "duty_amount"): "438",
    ("50", "value_of_goods_amount"): "437",
    ("53", "case_deposit_rate"): "536",
    ("53", "ad_cvd_value_of_goods_amount"): "537",
    ("53", "ad_cvd_quantity"): "538",
    ("53", "ad_cvd_duty_amount"): "539",
    ("60", "ir_tax_amount"): "477",
    ("62", "user_fee_amount"): "253",
    ("90", "grand_total_duty_amount"): "721",
    ("90", "grand_total_ir_tax_amount"): "723",
    ("90", "grand_total_user_fee_amount"): "725",
    ("90", "grand_total_ad_duty_amount"): "728",
    ("90", "grand_total_cv_duty_amount"): "729",
    ("90", "grand_total_other_revenue_amount"): "767",
}


_GROUP_CODES = {"34": "253", "88": "736", "89": "714"}


_MISSING_CODES = {
    ("50", "hts_number"): "432",
    ("50", "duty_amount"): "438",
    ("50", "value_of_goods_amount"): "437",
    ("53", "case_number"): "543",
    ("60", "accounting_class_code"): "531",
    ("61", "accounting_class_code"): "763",
    ("62", "accounting_class_code"): "248",
    ("62", "user_fee_amount"): "252",
}


_JUDGED = code_set("10 11 22 23 30 31 40 41 47")
"""Records whose missing fields have conditions of their own in the rules."""


def check(draft: FiledSummary, report: ConditionReport) -> None:
    """Class and presence of each field; CBP's code for it, else the stand-in's own."""
    line = None
    for record in draft.records:
        if record.id == "40":
            line = next(one for one in draft.lines if one.head is record)
        elif record.id in ("88", "89", "90"):
            line = None
        if record.id.startswith(("PG", "OI")):
            continue
        shown = on_line(line) if line else ()
        shown = report.total() if record.id in ("88", "89", "90") else shown
        for field in record.faulty():
            if (record.id, field.name) not in _FREE:
                report.add(_class_code(record.id, field.name), *shown)
        for field in record.missing():
            if record.id not in _JUDGED and (record.id, field.name) not in _BLANK:
                report.add(_MISSING_CODES.get((record.id, field.name), "Z02"), *shown)


def _class_code(record: str, name: str) -> str:
    if record == "50" and name.startswith("quantity"):
        return "440"
    found = _CLASS_CODES.get((record, name))
    return found or (_GROUP_CODES.get(record, "Z01") if "amount" in name else "Z01")
