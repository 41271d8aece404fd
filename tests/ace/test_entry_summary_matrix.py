"""The entry-type matrix of AE, cell by cell (AE 2026-07 p.134-135).

M: legal with the element, its own error without. N: the other way round. A: neither error with or
without. C: both sides of the note that the cell points to.
"""

from __future__ import annotations

from functools import cache

import pytest

from tasks.ace.checker.summary_rules.matrix_rules import errata, erratum
from tasks.entries.validation.conditions.entry_type_matrix import ALLOWED, FORBIDDEN, MANDATORY, entry_type_matrix
from tests.ace.edit_summary import Edit, Lines, add, base, both, codes, codes_by_entry, drop, put, record
from tests.ace.made_summary import TYPES

PRINTED = """
preparer             AAAAAAAAAAAAAAAA
psc                  AAAAANNAAAAAAAAA
certified            AAAAAAAAAANNNNNA
mode                 MMMAMAAMAMNNNNMM
bond_waiver          AANANAAAAAAANNAA
bond_waiver_reason   AANANNNAAAAANNAA
deferred_tax         AAAAANNAAAAAAAAA
recon_agreement      AANANNNNNNNNNNNN
recon_issue          AANANNNNNNNNNNNN
consolidated         ANNANANNNNNNNNNN
consignee            MMMMMAAAAMMMMMMM
estimated_entry_date AAAAAAAAMAMMMMAA
import_date          CCACAAAMNMAAAAAA
zone                 NNNMNNNNNNNNNNNN
state                MMMMMAAMMMMMMMMM
unlading             CCCCCCCCCCNNNNCC
location             AAAMAAAMMAMMMMAA
manifest             CCCCCCCCCCNNNNCC
withdrawal           NNNNNNNNMNMMMMNN
bond                 AAMCMAACCCAAMMAA
release              ANNANANNNNNNNNNN
line                 MMMMMMMMMMMMMMMM
country_of_export    MMMAMMMMMMMMMMMM
export_date          MMMAMMMMMMMMMMMM
charges              CCCCCAACCCCCCCCC
related_party        MMMMMAAMMMMMMMMM
nonreimbursement     NNAAANNAAANNAANN
zone_status          NNNMNNNNNNNNNNNN
manufacturer         MMMMMAAMCCMMMMMM
sold_to              MMMMMAAMMMMMMMMM
foreign_exporter     AACCCAACCCAACCAA
case                 NNCCCNNCCCNNCCNN
case_totals          NNMCMNNCCCNNMMNN
"""
"""The cells as the chapter prints them, types 01 to 52 from left to right."""

CASE = record(
    "53",
    case_number="A583820001",
    bond_cash_claim_code="C",
    case_deposit_rate="1000",
    case_rate_type_qualifier_code="A",
    ad_cvd_value_of_goods_amount="0",
    ad_cvd_quantity="0",
    ad_cvd_duty_amount="100000",
)
TOTALS = record(
    "88",
    total_bonded_ad_duty_amount="0",
    total_cash_deposit_ad_duty_amount="200000",
    total_bonded_cv_duty_amount="0",
    total_cash_deposit_cv_duty_amount="0",
)
MANIFEST = (
    record("22", manifested_quantity="20", manifested_quantity_unit_of_measure_code="PCS"),
    record("23", manifest_component_type_code="M", manifest_component_identifier="PAPS7"),
)
RELEASES = record(
    "32",
    release_entry_filer_code_1="ABC",
    release_entry_number_1="00000101",
    release_entry_filer_code_2="ABC",
    release_entry_number_2="00000119",
)
WAREHOUSE = record(
    "30",
    associated_warehouse_entry_filer_code="DM4",
    associated_warehouse_entry_number="00858872",
    associated_warehouse_entry_district_port_code="3801",
)
BOND = record("31", bond_type_code="8", bond_designation_type_code="B", surety_company_code="036")
STATUS = record("41", ftz_merchandise_status_code="N", zone_quantity="0000000012")
WAIVED = both(put("10", bond_waiver_indicator="0", bond_waiver_reason_code="999"), drop("31"))
CONSOLIDATED = both(put("10", consolidated_summary_indicator="Y"), add(RELEASES))


def party(letter: str, who: str) -> Edit:
    text = record("47", article_party_type_code=letter, article_party_identifier=who)
    return both(drop("47", f"47{letter}"), add(text))


def cargo(**values: str) -> Edit:
    """Sets fields of the 20 record, which a withdrawal may do without."""

    def edit(lines: Lines) -> Lines:
        has = any(text.startswith("20") for text in lines)
        return put("20", **values)(lines if has else add(record("20"))(lines))

    return edit


def manifest(lines: Lines) -> Lines:
    if any(text.startswith("22") for text in lines):
        return lines
    return add("\n".join(MANIFEST))(lines)


def with_manifest(lines: Lines) -> Lines:
    joined = manifest(lines)
    return tuple(part for text in joined for part in text.split("\n"))


PRESENT: dict[str, Edit] = {
    "psc": put("10", post_summary_correction_indicator="Y"),
    "certified": put("10", cargo_release_certification_request_indicator="A"),
    "mode": put("10", mode_of_transport="30"),
    "bond_waiver": put("10", bond_waiver_indicator="0"),
    "bond_waiver_reason": put("10", bond_waiver_reason_code="999"),
    "deferred_tax": put("10", deferred_tax_payment_code="1"),
    "recon_agreement": put("10", trade_agreement_reconciliation_indicator="Y"),
    "recon_issue": put("10", reconciliation_issue_code="001"),
    "consolidated": CONSOLIDATED,
    "consignee": put("11", consignee_number="12-345678900"),
    "estimated_entry_date": put("11", estimated_entry_date="112026"),
    "import_date": put("11", date_of_importation="111926"),
    "zone": put("11", zone_id="02600A001"),
    "state": put("11", u_s_state_of_destination_code="TX"),
    "unlading": cargo(district_port_of_unlading="3801"),
    "location": cargo(location_of_goods_code="Z123"),
    "manifest": with_manifest,
    "withdrawal": both(drop("30"), add(WAREHOUSE)),
    "bond": both(drop("31"), add(BOND)),
    "release": CONSOLIDATED,
    "line": lambda lines: lines,
    "country_of_export": put("40", country_of_export_code="TW"),
    "export_date": put("40", date_of_exportation="122025"),
    "charges": put("40", charges_amount="300"),
    "related_party": put("40", related_party_indicator="N"),
    "nonreimbursement": put("40", non_reimbursement_statement="Y"),
    "zone_status": both(drop("41"), add(STATUS)),
    "manufacturer": party("M", "TWNICSAN435TAI"),
    "sold_to": party("S", "12-345678900"),
    "foreign_exporter": party("E", "TWNICSAN435TAI"),
    "case": both(drop("53"), add(CASE)),
    "case_totals": both(drop("88"), add(TOTALS)),
}
ABSENT: dict[str, Edit] = {
    "psc": put("10", post_summary_correction_indicator=""),
    "certified": put("10", cargo_release_certification_request_indicator=""),
    "mode": put("10", mode_of_transport=""),
    "bond_waiver": put("10", bond_waiver_indicator=""),
    "bond_waiver_reason": put("10", bond_waiver_reason_code=""),
    "deferred_tax": put("10", deferred_tax_payment_code=""),
    "recon_agreement": put("10", trade_agreement_reconciliation_indicator=""),
    "recon_issue": put("10", reconciliation_issue_code=""),
    "consolidated": both(put("10", consolidated_summary_indicator=""), drop("32")),
    "consignee": put("11", consignee_number=""),
    "estimated_entry_date": put("11", estimated_entry_date=""),
    "import_date": put("11", date_of_importation=""),
    "zone": put("11", zone_id=""),
    "state": put("11", u_s_state_of_destination_code=""),
    "unlading": cargo(district_port_of_unlading=""),
    "location": cargo(location_of_goods_code=""),
    "manifest": both(drop("22"), drop("23")),
    "withdrawal": drop("30"),
    "bond": WAIVED,
    "release": both(put("10", consolidated_summary_indicator=""), drop("32")),
    "country_of_export": put("40", country_of_export_code=""),
    "export_date": put("40", date_of_exportation=""),
    "charges": put("40", charges_amount="0"),
    "related_party": put("40", related_party_indicator=""),
    "nonreimbursement": put("40", non_reimbursement_statement=""),
    "zone_status": drop("41"),
    "manufacturer": drop("47", "47M"),
    "sold_to": drop("47", "47S"),
    "foreign_exporter": drop("47", "47E"),
    "case": both(drop("53"), drop("88")),
    "case_totals": drop("88"),
}


def cells(letter: str) -> list[tuple[str, str]]:
    return [(one.name, kind) for one in entry_type_matrix().values() for kind in one.types(letter)]


def found(name: str, kind: str, *edits: Edit) -> set[str]:
    """The element's own errors in a summary of the type after the edits."""
    element = entry_type_matrix()[name]
    told = codes(both(*edits)(base(kind)))
    assert not {code for code in told if code.startswith("X")}, told
    return told & {element.missing, element.stray}


@cache
def swept(name: str, which: str) -> dict[str, set[str]]:
    """The element's own errors for every type at once: as it is, with the element, or without."""
    edit = {"with": PRESENT.get(name), "without": ABSENT.get(name)}.get(which)
    if which == "without" and name == "bond":
        edit = drop("31")
    texts = {
        kind: (edit or (lambda lines: lines))(base(kind, "30", serial)) for serial, kind in enumerate(TYPES, start=100)
    }
    element = entry_type_matrix()[name]
    told = codes_by_entry([text for lines in texts.values() for text in lines])
    assert not {code for held in told.values() for code in held if code.startswith("X")}, told
    wanted = {element.missing, element.stray}
    return {kind: told.get(lines[0][3:16], set()) & wanted for kind, lines in texts.items()}


def test_the_matrix_has_every_cell_of_the_chapter() -> None:
    printed = dict(row.split() for row in PRINTED.split("\n") if row)
    assert {one.name: "".join(one.cells.values()) for one in entry_type_matrix().values()} == printed
    letters = [cell for one in entry_type_matrix().values() for cell in one.cells.values()]
    assert (len(entry_type_matrix()), len(letters)) == (33, 33 * 16)
    counts = {letter: letters.count(letter) for letter in "MNAC"}
    assert counts == {"M": 149, "N": 149, "A": 163, "C": 67}


@pytest.mark.parametrize(("name", "kind"), cells(MANDATORY))
def test_a_mandatory_element(name: str, kind: str) -> None:
    assert swept(name, "as it is")[kind] == set()
    if name == "line":
        lines = tuple(text for text in base(kind) if text[:2] in ("10", "11", "20", "90"))
        assert "X37" in codes(lines)
    else:
        assert swept(name, "without")[kind] == {entry_type_matrix()[name].missing}


@pytest.mark.parametrize(("name", "kind"), cells(FORBIDDEN))
def test_a_forbidden_element(name: str, kind: str) -> None:
    assert swept(name, "as it is")[kind] == set()
    assert swept(name, "with")[kind] == {entry_type_matrix()[name].stray}


@pytest.mark.parametrize(("name", "kind"), [cell for cell in cells(ALLOWED) if cell[0] != "preparer"])
def test_an_allowed_element_both_ways(name: str, kind: str) -> None:
    assert swept(name, "with")[kind] == set()
    if name == "bond" and kind not in ("11", "12", "51", "52"):
        assert found(name, kind, WAIVED) == set()
    else:
        assert swept(name, "without")[kind] == set()


@pytest.mark.parametrize("kind", TYPES)
def test_a_preparer_is_allowed_on_every_type(kind: str) -> None:
    plain = "B  3801ABCAE"
    remote = plain.ljust(46) + "3801ABC  1"
    wanted = {"150"} if kind not in ("31", "32", "34", "38", "51") else set()
    lines = ABSENT["certified"](base(kind))
    assert (codes(lines, remote) - codes(lines, plain)) - {"X32"} == wanted


VESSEL, AIR = put("10", mode_of_transport="11"), put("10", mode_of_transport="40")


@pytest.mark.parametrize("kind", entry_type_matrix()["unlading"].types("C"))
def test_note_2_unlading_and_manifest_depend_on_the_mode(kind: str) -> None:
    for name in ("unlading", "manifest"):
        for mode in (VESSEL, AIR):
            assert found(name, kind, mode) == set()
            assert found(name, kind, mode, ABSENT[name]) == {entry_type_matrix()[name].missing}
        assert found(name, kind, ABSENT[name]) == set()
    assert found("manifest", kind, ABSENT["mode"]) == {entry_type_matrix()["manifest"].stray}


@pytest.mark.parametrize("kind", entry_type_matrix()["charges"].types("C"))
def test_note_3_charges_from_1250_dollars(kind: str) -> None:
    value = put("50", value_of_goods_amount="1250" if kind != "23" else "625")
    more = put("50", value_of_goods_amount="1251" if kind != "23" else "626")
    assert found("charges", kind, ABSENT["charges"], value) == set()
    assert found("charges", kind, ABSENT["charges"], more) == {"664"}
    assert found("charges", kind, more) == set()


@pytest.mark.parametrize("kind", entry_type_matrix()["import_date"].types("C"))
def test_note_4_import_date_with_a_reconciliation_claim(kind: str) -> None:
    claim = PRESENT["recon_agreement"]
    assert found("import_date", kind, ABSENT["import_date"]) == set()
    assert found("import_date", kind, claim) == set()
    assert found("import_date", kind, claim, ABSENT["import_date"]) == {"127"}


@pytest.mark.parametrize("kind", entry_type_matrix()["manufacturer"].types("C"))
def test_note_5_manufacturer_if_the_goods_come_from_canada(kind: str) -> None:
    gone = ABSENT["manufacturer"]
    for field in ("country_of_origin_code", "country_of_export_code"):
        canada = put("40", **{field: "CA"})
        assert "534" in codes(both(canada, gone)(base(kind)))
        assert "534" not in codes(canada(base(kind)))
    assert "534" not in codes(gone(base(kind)))


@pytest.mark.parametrize("kind", ("01", "06", "11"))
def test_note_6_zero_consignee_of_informal_and_consolidating_summaries(kind: str) -> None:
    nobody = put("11", consignee_number="00-0000000")
    assert "108" not in codes(both(nobody, CONSOLIDATED)(base(kind)))
    assert ("108" in codes(nobody(base(kind)))) is (kind != "11")


@pytest.mark.parametrize("kind", entry_type_matrix()["bond"].types("C"))
def test_notes_1_and_7_a_bond_or_a_waiver_and_no_waiver_with_a_case(kind: str) -> None:
    assert found("bond", kind, drop("31")) == {"119"}
    canada = put("40", country_of_origin_code="XA")
    told = codes(both(WAIVED, canada)(base(kind)))
    assert not told & {"119", "761", "C703"}
    assert "120" in codes(put("10", bond_waiver_indicator="0")(base(kind)))
    cased = both(WAIVED, PRESENT["case"], PRESENT["case_totals"])
    assert "C703" in codes(cased(base(kind)))


@pytest.mark.parametrize("kind", entry_type_matrix()["case"].types("C"))
def test_note_7_cases(kind: str) -> None:
    assert found("case", kind, PRESENT["case"]) == set()
    explicit = kind in ("03", "07", "34", "38")
    assert found("case", kind, ABSENT["case"]) == ({"706"} if explicit else set())


@pytest.mark.parametrize("kind", entry_type_matrix()["case_totals"].types("C"))
def test_note_7_case_totals(kind: str) -> None:
    cased = PRESENT["case"]
    assert found("case_totals", kind, cased, PRESENT["case_totals"]) == set()
    assert found("case_totals", kind, cased, ABSENT["case_totals"]) == {"735"}
    assert found("case_totals", kind, PRESENT["case_totals"]) == {"727"}
    assert found("case_totals", kind) == set()


@pytest.mark.parametrize("kind", entry_type_matrix()["foreign_exporter"].types("C"))
def test_note_7_foreign_exporter_of_articles_with_a_case(kind: str) -> None:
    cased = PRESENT["case"]
    assert found("foreign_exporter", kind, cased, PRESENT["foreign_exporter"]) == set()
    assert found("foreign_exporter", kind, cased, ABSENT["foreign_exporter"]) == {"499"}
    assert found("foreign_exporter", kind, ABSENT["case"], ABSENT["foreign_exporter"]) == set()


@pytest.mark.parametrize("kind", ("22", "31", "32", "34", "38"))
def test_note_8_the_warehouse_entry_is_another_one(kind: str) -> None:
    own = put("30", associated_warehouse_entry_filer_code="ABC", associated_warehouse_entry_number="00000077")
    assert "307" in codes(own(base(kind)))


@pytest.mark.parametrize("kind", ("01", "06", "11"))
def test_note_9_consolidation_claim_and_releases_go_together(kind: str) -> None:
    claim = put("10", consolidated_summary_indicator="Y")
    assert "232" in codes(claim(base(kind)))
    assert "233" in codes(add(RELEASES)(base(kind)))
    assert not codes(CONSOLIDATED(base(kind))) & {"229", "232", "233"}


@pytest.mark.parametrize("kind", ("02", "07", "12"))
def test_error_320_stands_against_the_matrix_and_is_told_as_a_warning(kind: str) -> None:
    assert entry_type_matrix()["certified"].cells[kind] == ALLOWED
    assert "320" not in codes(base(kind))
    assert "320" in codes(ABSENT["certified"](base(kind)))
    told = erratum("320")
    assert told is not None and "quota_one_step" in told.holds


def test_every_erratum_names_what_holds_and_where_it_was_read() -> None:
    assert len(errata()) >= 15
    assert all(one.printed and one.against and one.holds and one.source for one in errata())
    assert erratum("nothing") is None
