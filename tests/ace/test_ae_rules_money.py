"""Rules of AE fees and totals: each edit of a legal summary raises its code (AE 2026-07 p.118-131,
160-174), and the caps of each fiscal year."""

from __future__ import annotations

import pytest

from tasks.ace.checker.summary_rules.rule_list import summary_rules
from tasks.entries.validation.conditions.entry_type_matrix import entry_type_matrix
from tests.ace import test_ae_rules_cargo, test_ae_rules_header, test_ae_rules_lines
from tests.ace.edit_summary import Edit, Lines, add, base, both, codes, drop, put, record

Case = tuple[str, str, str, Edit]


def fee(code: str, cents: str) -> str:
    return record("62", accounting_class_code=code, user_fee_amount=cents)


def of_class(code: str, **values: str) -> Edit:
    """Sets fields of the 62 records of a class."""

    def edit(lines: Lines) -> Lines:
        rows = [text for text in lines if text.startswith("62")]
        for nth, text in enumerate(rows):
            if text[2:5] == code:
                lines = put("62", nth, **values)(lines)
        return lines

    return edit


def total(code: str, cents: str, slot: int = 1) -> Edit:
    return put("89", **{f"accounting_class_code_{slot}": code, f"total_fee_amount_{slot}": cents})


def ninety(**values: str) -> Edit:
    return put("90", **{f"grand_total_{name}_amount": value for name, value in values.items()})


def header_fee(code: str, cents: str) -> Edit:
    return add(record("34", accounting_class_code_1=code, header_fee_amount_1=cents))


def worth(value: str) -> Edit:
    """Two lines of a value in dollars, and their MPF to the cent."""
    cents = str((int(value) * 3464 + 5000) // 10000)
    return both(put("50", value_of_goods_amount=value), of_class("499", user_fee_amount=cents))


def day(text: str) -> Edit:
    return both(
        put("11", estimated_entry_date=text, date_of_importation=""),
        put("20", estimated_date_of_arrival=""),
        put("40", date_of_exportation="010124"),
    )


CONSOLIDATED = test_ae_rules_header.CONSOLIDATED
EXPRESS = put("10", consolidated_express_informal_indicator="Y")
TAX = record("60", accounting_class_code="017", ir_tax_amount="100")
COFFEE = record("61", accounting_class_code="672", other_revenue_amount="100")
SET = test_ae_rules_lines.SET
ORIGIN_FREE = put("40", country_of_origin_code="IL")
SMALL = both(put("50", value_of_goods_amount="500"), of_class("501", user_fee_amount="63"))

CASES: list[Case] = [
    ("249", "01", "30", of_class("499", accounting_class_code="999")),
    ("249", "11", "30", put("34", accounting_class_code_1="999")),
    ("250", "01", "30", add(fee("311", "277"))),
    ("250", "11", "30", put("34", accounting_class_code_1="499")),
    ("254", "01", "30", add(fee("499", "3464"))),
    ("254", "01", "30", total("499", "6928", 2)),
    ("712", "01", "30", drop("62")),
    ("788", "11", "30", both(EXPRESS, add(fee("056", "10")))),
    ("786", "11", "30", EXPRESS),
    ("629", "01", "30", SET),
    ("630", "11", "30", add(fee("499", "346"))),
    ("632", "01", "30", ORIGIN_FREE),
    ("632", "01", "30", test_ae_rules_lines.extra("9801001012")),
    ("C741", "01", "30", put("40", trade_agreement_special_program_claim_code="S")),
    ("633", "01", "30", both(drop("62"), drop("89"))),
    ("634", "01", "30", of_class("499", user_fee_amount="3465")),
    ("480", "01", "11", SET),
    ("481", "06", "11", add(fee("501", "1250"))),
    ("482", "01", "30", add(fee("501", "1250"))),
    ("600", "01", "12", drop("62", "62501")),
    ("601", "01", "11", of_class("501", user_fee_amount="1251")),
    ("602", "23", "11", both(
        put("50", value_of_goods_amount="500", duty_amount="0"),
        of_class("501", user_fee_amount="125"),
        total("501", "250"),
        ninety(duty="0", user_fee="250"),
    )),
    ("639", "01", "30", both(worth("1000"), total("499", "692"))),
    ("640", "01", "30", both(worth("100000"), total("499", "69280"))),
    ("641", "01", "30", total("499", "6929")),
    ("C740", "01", "30", both(worth("1000"), total("499", "3358"))),
    ("637", "01", "30", header_fee("311", "277")),
    ("635", "11", "50", put("34", accounting_class_code_1="311", header_fee_amount_1="277")),
    ("635", "11", "30", ORIGIN_FREE),
    ("636", "11", "30", both(drop("34"), drop("89"))),
    ("638", "11", "30", put("34", header_fee_amount_1="269")),
    ("C742", "11", "30", put("34", accounting_class_code_1="496")),
    ("C743", "11", "50", drop("34")),
    ("C743", "11", "50", put("34", header_fee_amount_1="739")),
    ("715", "11", "30", drop("89")),
    ("716", "01", "30", drop("89")),
    ("717", "01", "30", total("056", "100", 2)),
    ("719", "01", "11", total("501", "2501", 2)),
    ("720", "01", "30", both(add(fee("056", "10")), total("056", "21", 2))),
    ("730", "11", "50", total("496", "760")),
    ("731", "11", "30", total("311", "276")),
    ("732", "01", "30", both(header_fee("500", "415"), total("500", "414", 2))),
    ("722", "01", "30", ninety(duty="24691")),
    ("724", "01", "30", add(TAX)),
    ("726", "01", "30", ninety(user_fee="6929")),
    ("745", "03", "30", ninety(ad_duty="200001")),
    ("747", "03", "30", ninety(cv_duty="1")),
    ("768", "01", "30", add(COFFEE)),
    ("C744", "01", "30", ninety(ir_tax="")),
    ("737", "03", "30", put("88", total_bonded_ad_duty_amount="1")),
    ("739", "03", "30", put("88", total_cash_deposit_ad_duty_amount="1")),
    ("741", "03", "30", put("88", total_bonded_cv_duty_amount="1")),
    ("743", "03", "30", put("88", total_cash_deposit_cv_duty_amount="1")),
    ("625", "01", "30", SET),
    ("476", "01", "30", both(SET, add(TAX))),
    ("478", "01", "30", both(SET, add(fee("056", "10")))),
    ("532", "01", "30", add(TAX.replace("60017", "60099"))),
    ("764", "01", "30", add(COFFEE.replace("61672", "61673"))),
    ("C745", "01", "30", put("10", deferred_tax_payment_code="1")),
    ("648", "11", "30", put("50", value_of_goods_amount="1251")),
    ("646", "11", "30", lambda lines: one_line(put("50", value_of_goods_amount="2501")(lines))),
]  # fmt: skip


def one_line(lines: Lines) -> Lines:
    start = [row for row, text in enumerate(lines) if text.startswith("40")][1]
    end = next(row for row, text in enumerate(lines) if text[:2] in ("88", "89", "90"))
    return (*lines[:start], *lines[end:])


@pytest.mark.parametrize(("code", "kind", "mode", "edit"), CASES)
def test_a_fault_of_the_money(code: str, kind: str, mode: str, edit: Edit) -> None:
    before = base(kind, mode)
    assert code not in codes(before)
    assert code in codes(edit(before))


@pytest.mark.parametrize(
    ("when", "least", "most"),
    [
        ("092524", "3167", "61435"),
        ("100124", "3271", "63462"),
        ("093025", "3271", "63462"),
        ("100125", "3358", "65150"),
        ("093026", "3358", "65150"),
        ("100126", "3458", "67086"),
    ],
)
def test_the_caps_of_each_fiscal_year(when: str, least: str, most: str) -> None:
    for value, cents in (("1000", least), ("100000", most)):
        edit = both(day(when), worth(value), total("499", cents), ninety(user_fee=cents))
        assert not codes(edit(base())) & {"639", "640", "641", "C740", "634", "726"}
        more = str(int(cents) + 1)
        edit = both(day(when), worth(value), total("499", more), ninety(user_fee=more))
        assert codes(edit(base())) & {"639", "640", "641"}


def test_consolidated_and_pipeline_summaries_are_not_bound_by_the_maximum() -> None:
    over = both(worth("100000"), total("499", "69280"), ninety(user_fee="69280"))
    assert not codes(both(CONSOLIDATED, over)(base())) & {"640", "C740"}
    assert not codes(over(base("01", "70"))) & {"640", "C740"}
    under = both(worth("1000"), total("499", "692"), ninety(user_fee="692"))
    assert not codes(under(base("01", "70"))) & {"639", "C740"}
    assert "639" in codes(both(CONSOLIDATED, under)(base()))


def test_an_informal_fee_may_be_more_when_consolidated_and_anything_by_pipeline() -> None:
    more = both(put("34", header_fee_amount_1="554"), total("311", "554"), ninety(user_fee="554"))
    assert "638" in codes(more(base("11")))
    assert "638" not in codes(both(CONSOLIDATED, more)(base("11")))
    assert "638" not in codes(more(base("11", "70")))


def test_hmf_up_to_three_dollars_stays_if_anything_else_is_due() -> None:
    """p.162: exactly three dollars is still a trifle."""
    assert "602" not in codes(SMALL(base("01", "11")))


def test_every_code_that_a_rule_names_is_raised_by_a_test() -> None:
    tried = {one[0] for module in _MODULES for one in module}
    matrix = entry_type_matrix().values()
    tried |= {code for one in matrix for code in (one.missing, one.stray)}
    tried |= {"150", "320", "307", "534", "127", "108", "C703"}
    named = {code for rule in summary_rules() for code in rule.codes}
    assert named - tried == set()


_MODULES = (CASES, test_ae_rules_cargo.CASES, test_ae_rules_header.CASES, test_ae_rules_lines.CASES)
