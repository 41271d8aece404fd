"""Rules of AE lines: each edit of a legal summary raises its code (AE 2026-07 p.65-117, 159-171)."""

from __future__ import annotations

import pytest

from tests.ace.edit_summary import Edit, Lines, add, base, both, codes, drop, put, record

Case = tuple[str, str, Edit]
CASE = record(
    "53",
    case_number="C583821001",
    bond_cash_claim_code="C",
    case_deposit_rate="1000",
    case_rate_type_qualifier_code="A",
    ad_cvd_value_of_goods_amount="0",
    ad_cvd_quantity="0",
    ad_cvd_duty_amount="100000",
)
SAND = record("54").replace("54", "5408CN", 1)[:80]


def forty(nth: int | None = None, **values: str) -> Edit:
    return put("40", nth, **values)


def fifty(nth: int | None = None, **values: str) -> Edit:
    return put("50", nth, **values)


def party(letter: str, who: str) -> Edit:
    text = record("47", article_party_type_code=letter, article_party_identifier=who)
    return both(drop("47", f"47{letter}"), add(text))


def extra(hts: str, after: bool = False, **values: str) -> Edit:
    """A further tariff number on the first line, before or after its own."""
    text = record("50", hts_number=hts, duty_amount="0", value_of_goods_amount="0", **values)

    def edit(lines: Lines) -> Lines:
        at = next(row for row, one in enumerate(lines) if one.startswith("50")) + after
        return (*lines[:at], text, *lines[at:])

    return edit


def third_line(lines: Lines) -> Lines:
    """The second line once more, as line 003."""
    start = [row for row, text in enumerate(lines) if text.startswith("40")][1]
    end = next(row for row, text in enumerate(lines) if text[:2] in ("88", "89", "90"))
    more = (lines[start].replace("002", "003", 1), *lines[start + 1 : end])
    return (*lines[:end], *more, *lines[end:])


SET = both(
    third_line,
    forty(0, article_set_indicator="X"),
    forty(1, article_set_indicator="V"),
    forty(2, article_set_indicator="V"),
)

CASES: list[Case] = [
    ("518", "01", forty(1, line="001")),
    ("822", "01", forty(0, line="0*1")),
    ("403", "01", forty(0, article_set_indicator="Y")),
    ("404", "01", forty(0, article_set_indicator="V")),
    ("405", "01", both(SET, forty(2, article_set_indicator=""))),
    ("406", "01", both(SET, fifty(1, hts_number="7318160000"))),
    ("408", "01", forty(country_of_origin_code="QQ")),
    ("411", "01", forty(country_of_export_code="QQ")),
    ("412", "01", forty(country_of_export_code="US")),
    ("413", "06", forty(country_of_origin_code="**", country_of_export_code="")),
    ("414", "01", forty(country_of_origin_code="CA", country_of_export_code="CA")),
    ("415", "01", forty(related_party_indicator="X")),
    ("416", "01", forty(trade_agreement_special_program_claim_code="XX")),
    ("417", "01", forty(product_claim_code="Z")),
    ("423", "01", forty(fee_exemption_code="3")),
    ("475", "03", forty(non_reimbursement_statement="N")),
    ("452", "06", forty(non_reimbursement_statement="Y")),
    ("C730", "03", both(put("53", case_number="C583821001"), forty(non_reimbursement_statement="Y"))),
    ("664", "01", forty(charges_amount="0")),
    ("671", "06", put("41", ftz_merchandise_status_code="Z")),
    ("673", "06", put("41", privileged_date="110126")),
    ("674", "06", put("41", ftz_merchandise_status_code="P")),
    ("683", "06", put("41", zone_quantity="0000000000")),
    ("C731", "06", lambda lines: with_old_number(lines)),
    ("C310", "01", fifty(hts_number="73181520")),
    ("C310", "01", fifty(hts_number="7718152065")),
    ("C310", "01", extra("9903880300")),
    ("C310", "01", extra("9801005000")),
    ("C310", "06", both(lambda lines: PRIVILEGED(lines), lambda lines: with_old_number(lines, "9903880300"))),
    ("852", "01", extra("99038803", True)),
    ("852", "01", both(extra("9802004040"), extra("99038803"))),
    ("604", "01", extra("9813000520")),
    ("676", "23", drop("50", "509813")),
    ("439", "01", fifty(quantity_1="", unit_of_measure_code_1="")),
    ("441", "01", fifty(quantity_1="")),
    ("443", "01", fifty(unit_of_measure_code_2="NO")),
    ("444", "01", fifty(unit_of_measure_code_3="NO")),
    ("C732", "01", fifty(quantity_2="100")),
    ("519", "01", add(record("47", article_party_type_code="X", article_party_identifier="TWABCDEF"))),
    ("520", "01", add(record("47", article_party_type_code="M", article_party_identifier="TWABCDEF"))),
    ("C733", "01", party("M", "TWABC")),
    ("C733", "01", party("E", "TW ABCDEFG")),
    ("C734", "01", party("M", "QQABCDEFG")),
    ("535", "01", forty(country_of_export_code="CA")),
    ("596", "01", party("S", "123456789")),
    ("594", "01", party("C", "12-34567890-1")),
    ("461", "01", add(record("43", ruling_type_code="X", ruling_number="301234"))),
    ("C735", "01", add(record("43", ruling_type_code="R"))),
    ("472", "01", add(record("52", license_type_code="15", license_number="S1"))),
    ("526", "01", add("5499CN".ljust(80))),
    ("783", "01", both(add(SAND), add(SAND))),
    ("824", "01", both(forty(product_claim_code="C"), put("11", date_of_importation=""))),
    ("540", "03", put("53", case_rate_type_qualifier_code="X")),
    ("511", "03", put("53", bond_cash_claim_code="X")),
    ("544", "03", put("53", case_number="B583820001")),
    ("545", "03", lambda lines: twice(lines)),
    ("541", "03", put("53", ad_cvd_quantity="100")),
    ("542", "03", put("53", case_rate_type_qualifier_code="S", ad_cvd_value_of_goods_amount="9")),
    ("575", "03", put("53", case_rate_type_qualifier_code="S")),
    ("576", "03", put("53", ad_cvd_duty_amount="100001")),
    ("507", "03", SET),
    ("509", "03", extra("9802004040")),
    ("706", "03", both(drop("53"), drop("88"))),
    ("710", "03", put("53", case_deposit_rate="500")),
    ("710", "03", put("53", case_rate_type_qualifier_code="S", ad_cvd_quantity="10000")),
]


def with_old_number(lines: Lines, number: str = "7318152066") -> Lines:
    at = next(row for row, text in enumerate(lines) if text.startswith("50")) + 1
    return (*lines[:at], record("SE61", current_hts_number=number), *lines[at:])


def twice(lines: Lines) -> Lines:
    at = next(row for row, text in enumerate(lines) if text.startswith("53"))
    return (*lines[:at], lines[at], *lines[at:])


PRIVILEGED = put("41", ftz_merchandise_status_code="P", privileged_date="110126")
LEGAL: list[tuple[str, str, Edit]] = [
    ("chapter 99 first", "01", extra("99038803")),
    ("short chapter 99", "01", extra("99038803")),
    ("privileged goods", "06", PRIVILEGED),
    ("privileged goods whose number is no longer active", "06", both(PRIVILEGED, with_old_number)),
    ("unknown origin", "01", forty(country_of_origin_code="**")),
    ("Canadian goods", "01", both(
        forty(country_of_origin_code="XO", country_of_export_code="CA"),
        party("M", "XOMAPSYR12TOR"),
    )),
    ("no quantity needed", "01", fifty(quantity_1="", unit_of_measure_code_1="X")),
    ("second quantity", "01", fifty(quantity_2="100", unit_of_measure_code_2="NO")),
    ("binding ruling", "01", add(record("43", ruling_type_code="R", ruling_number="301234"))),
    ("steel licence", "01", add(record("52", license_type_code="01", license_number="S12345678"))),
    ("steel melted in China", "01", add(SAND)),
    ("description", "01", add(record("44", description="STEEL HEX BOLTS"))),
    ("visa", "01", add(record("51", standard_visa_number="6TW123456"))),
    ("case of a specific rate", "03", put(
        "53", case_rate_type_qualifier_code="S", case_deposit_rate="1000",
        ad_cvd_quantity="400000",
    )),
    ("case with a value of its own", "03", put(
        "53", case_deposit_rate="800", ad_cvd_value_of_goods_amount="5000"
    )),
    ("non-reimbursement", "03", forty(non_reimbursement_statement="Y")),
    ("returned goods of Taiwan via the warehouse", "21", forty(country_of_export_code="US")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "kind", "edit"), CASES)
def test_a_fault_of_a_line(code: str, kind: str, edit: Edit) -> None:
    before = base(kind)
    assert code not in codes(before)
    assert code in codes(edit(before))


@pytest.mark.parametrize(("what", "kind", "edit"), LEGAL)
def test_what_is_legal_has_no_fault(what: str, kind: str, edit: Edit) -> None:
    assert codes(edit(base(kind))) <= {"C601", "C741", "710"}, what


def test_a_set_of_three_lines_is_well_formed() -> None:
    assert not codes(SET(base())) & {"403", "404", "405", "406"}
