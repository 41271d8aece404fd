"""Rules of the AE header, payment and bonds: each edit of a legal summary raises its code.

AE 2026-07 p.26-51, 132-139, 156-160, 174-185.
"""

from __future__ import annotations

import pytest

from tests.ace.edit_summary import Edit, add, base, both, codes, drop, put, record

Case = tuple[str, str, str, Edit]
RELEASES = record(
    "32",
    release_entry_filer_code_1="ABC",
    release_entry_number_1="00000101",
    release_entry_filer_code_2="ABC",
    release_entry_number_2="00000119",
)
CONSOLIDATED = both(put("10", consolidated_summary_indicator="Y"), add(RELEASES))
SINGLE = {"bond_type_code": "9", "bond_designation_type_code": "B", "surety_company_code": "036"}
STB = both(drop("31"), add(record("31", **SINGLE, single_transaction_bond_amount="50000")))
CONTINUOUS = record("31", bond_type_code="8", bond_designation_type_code="B", surety_company_code="036")


def second(**values: str) -> Edit:
    held = {"bond_type_code": "9", "bond_designation_type_code": "A", "surety_company_code": "036"}
    return add(record("31", **{**held, "single_transaction_bond_amount": "50000", **values}))


def ten(**values: str) -> Edit:
    return put("10", **values)


CERTIFIED = ten(cargo_release_certification_request_indicator="A")
WAIVED = both(ten(bond_waiver_indicator="0", bond_waiver_reason_code="999"), drop("31"))
MONTHLY = ten(payment_type_code="7", periodic_statement_month="12")
REASON = {"post_summary_correction_header_reason_code_1": "H99"}
LINE_REASON = {"post_summary_correction_line_reason_code_1": "L01"}
TAX = record("60", accounting_class_code="017", ir_tax_amount="100")
DELETE = both(ten(summary_filing_action_request_code="D"), lambda lines: lines[:1])

CASES: list[Case] = [
    ("B16", "01", "30", ten(entry_number="00000078")),
    ("C103", "01", "30", ten(entry_filer_code="XYZ")),
    ("C104", "01", "30", ten(entry_number="0000007A")),
    ("C119", "01", "30", ten(entry_type_code="86")),
    ("B02", "01", "30", ten(summary_filing_action_request_code="X")),
    ("B10", "01", "30", ten(district_port_of_entry="2704")),
    ("B24", "01", "30", DELETE),
    ("B34", "01", "30", ten(broker_reference_number="")),
    ("B39", "01", "30", ten(electronic_signature="")),
    ("B40", "01", "30", ten(electronic_signature="Y")),
    ("292", "01", "30", ten(cargo_release_certification_request_indicator="Y")),
    ("220", "01", "30", ten(electronic_invoice_indicator="N")),
    ("228", "01", "30", ten(consolidated_summary_indicator="N")),
    ("131", "01", "30", ten(shipment_usage_type_code="C")),
    ("129", "01", "30", ten(live_entry_indicator="N")),
    ("134", "01", "30", ten(deferred_tax_payment_code="3")),
    ("157", "01", "30", ten(trade_agreement_reconciliation_indicator="N")),
    ("B41", "01", "30", ten(post_summary_correction_indicator="N")),
    ("275", "01", "30", ten(accelerated_liquidation_request_indicator="N")),
    ("751", "01", "30", ten(known_importer_indicator="N")),
    ("317", "01", "30", ten(pga_data_included_indicator="N")),
    ("316", "23", "30", ten(tib_declaration_indicator="N")),
    ("316", "23", "30", ten(tib_declaration_indicator="")),
    ("B73", "11", "30", ten(consolidated_express_informal_indicator="N")),
    ("165", "01", "30", ten(mode_of_transport="99")),
    ("147", "01", "30", both(CONSOLIDATED, CERTIFIED)),
    ("312", "01", "30", both(ten(electronic_invoice_indicator="Y"), CERTIFIED)),
    ("318", "01", "30", both(ten(pga_data_included_indicator="Y"), CERTIFIED)),
    ("785", "11", "30", both(ten(consolidated_express_informal_indicator="Y"), CERTIFIED)),
    ("319", "01", "30", ten(pga_data_included_indicator="F")),
    ("315", "01", "30", ten(tib_declaration_indicator="Y")),
    ("784", "11", "30", both(CONSOLIDATED, ten(consolidated_express_informal_indicator="Y"))),
    ("789", "11", "30", ten(consolidated_express_informal_indicator="Y", shipment_usage_type_code="P")),
    ("B75", "01", "30", ten(consolidated_express_informal_indicator="Y")),
    ("271", "02", "30", ten(post_summary_correction_indicator="Y")),
    ("270", "01", "30", both(CONSOLIDATED, ten(post_summary_correction_indicator="Y"))),
    ("272", "02", "30", ten(post_summary_correction_indicator="Y")),
    ("217", "01", "30", ten(post_summary_correction_indicator="Y")),
    ("280", "06", "30", ten(post_summary_correction_indicator="Y")),
    ("287", "01", "30", ten(post_summary_correction_indicator="Y")),
    ("277", "01", "30", add(record("36", psc_filing_explanation_text="VALUE WAS WRONG"))),
    ("284", "01", "30", add(record("35", **REASON))),
    ("580", "01", "30", add(record("63", **LINE_REASON))),
    ("B43", "01", "30", both(DELETE, ten(post_summary_correction_indicator="Y"))),
    ("155", "01", "30", ten(reconciliation_issue_code="009")),
    ("156", "02", "30", ten(reconciliation_issue_code="002")),
    ("154", "01", "30", both(STB, ten(reconciliation_issue_code="001"))),
    ("102", "01", "30", put("11", importer_of_record_number="12-34567")),
    ("105", "01", "30", put("11", consignee_number="123456789012")),
    ("108", "01", "30", put("11", consignee_number="00-0000000")),
    ("590", "01", "30", put("11", designated_notify_party_4811_number="NOBODY")),
    ("133", "01", "30", put("11", u_s_state_of_destination_code="T1")),
    ("289", "06", "30", put("11", zone_id="26A001")),
    ("190", "01", "30", put("20", in_bond_in_transit_date="111826")),
    ("191", "01", "30", put("20", in_bond_in_transit_date="112126")),
    ("218", "01", "30", put("11", estimated_entry_date="112626")),
    ("C712", "21", "30", put("11", date_of_importation="112026")),
    ("C713", "01", "30", put("11", estimated_entry_date="")),
    ("760", "23", "30", put("11", date_of_importation="111925")),
    ("760", "23", "30", both(put("11", date_of_importation="051926"), put("50", nth=0, hts_number="98130075"))),
    ("263", "01", "30", ten(payment_type_code="", preliminary_statement_print_date="")),
    ("197", "01", "30", ten(payment_type_code="4")),
    ("199", "01", "30", ten(payment_type_code="1")),
    ("202", "01", "30", ten(preliminary_statement_print_date="")),
    ("200", "01", "30", ten(periodic_statement_month="12")),
    ("211", "01", "30", ten(payment_type_code="7")),
    ("212", "01", "30", ten(payment_type_code="7", periodic_statement_month="13")),
    ("201", "01", "30", ten(payment_type_code="1", statement_client_branch_identifier="A1")),
    ("222", "01", "30", ten(payment_type_code="1", electronic_invoice_indicator="Y")),
    ("204", "01", "30", ten(preliminary_statement_print_date="112626")),
    ("204", "01", "30", ten(preliminary_statement_print_date="112826")),
    ("205", "01", "30", ten(preliminary_statement_print_date="112426")),
    ("206", "01", "30", ten(preliminary_statement_print_date="022327")),
    ("213", "01", "30", ten(payment_type_code="7", periodic_statement_month="02")),
    ("208", "01", "30", both(STB, MONTHLY)),
    ("718", "01", "30", both(MONTHLY, add(TAX))),
    ("122", "01", "30", both(drop("31"), ten(bond_waiver_indicator="1"))),
    ("130", "01", "30", ten(bond_waiver_reason_code="999")),
    ("139", "01", "30", both(drop("31"), ten(bond_waiver_indicator="0"))),
    ("140", "01", "30", both(WAIVED, ten(bond_waiver_reason_code="990"))),
    ("120", "01", "30", ten(bond_waiver_indicator="0", bond_waiver_reason_code="999")),
    ("119", "01", "30", drop("31")),
    ("761", "23", "30", WAIVED),
    ("112", "01", "30", put("31", bond_type_code="7")),
    ("266", "01", "30", put("31", bond_designation_type_code="X")),
    ("267", "01", "30", put("31", bond_designation_type_code="A")),
    ("269", "01", "30", both(STB, put("31", bond_designation_type_code="A"))),
    ("268", "01", "30", both(STB, second(bond_designation_type_code="B"))),
    ("193", "01", "30", add(CONTINUOUS)),
    ("759", "01", "30", both(drop("31"), second(), second())),
    ("214", "01", "30", put("31", single_transaction_bond_amount="100")),
    ("126", "01", "30", put("31", bond_producer_account="A1")),
    ("223", "01", "30", both(STB, put("31", continuous_bond_indicator="Y"))),
    ("246", "01", "30", put("31", continuous_bond_indicator="X")),
    ("265", "01", "30", both(STB, put("31", single_transaction_bond_amount=""))),
    ("240", "01", "30", both(STB, put("31", single_transaction_bond_amount="0"))),
    ("296", "31", "", put("30", final_warehouse_withdrawal_indicator="N")),
    ("C104", "31", "", put("30", associated_warehouse_entry_number="0085887X")),
    ("C114", "31", "", put("30", associated_warehouse_entry_district_port_code="38A1")),
    ("236", "01", "30", both(CONSOLIDATED, put("32", release_entry_filer_code_2="XYZ"))),
    ("239", "01", "30", both(CONSOLIDATED, put("32", release_entry_number_2="00000077"))),
    ("C724", "01", "30", both(CONSOLIDATED, put("32", release_entry_number_2="00000101"))),
]
LEGAL: list[tuple[str, str, Edit]] = [
    ("single transaction bond", "01", STB),
    ("continuous and additional bond", "01", second()),
    ("two single transaction bonds", "01", both(STB, second())),
    ("superseding continuous bond", "01", put("31", continuous_bond_indicator="S")),
    ("waiver", "01", WAIVED),
    ("consolidated", "01", CONSOLIDATED),
    ("monthly statement", "01", MONTHLY),
    ("individual payment", "01", ten(payment_type_code="1", preliminary_statement_print_date="")),
    ("the last day of the window", "01", ten(preliminary_statement_print_date="022227")),
    ("reconciliation", "01", ten(reconciliation_issue_code="007")),
    ("reconciliation of quota value", "02", ten(reconciliation_issue_code="005")),
    ("personal shipment", "11", ten(shipment_usage_type_code="P")),
    ("expedited release", "01", ten(pga_data_included_indicator="Y")),
    ("short zone", "06", put("11", zone_id="02610")),
    ("old long zone", "06", put("11", zone_id="0260A01")),
    ("importer by SSN", "01", put("11", importer_of_record_number="000-00-0000")),
    ("importer given by CBP", "01", put("11", importer_of_record_number="261234-00001")),
    ("delete", "01", both(DELETE, lambda lines: (lines[0][:35].ljust(80),))),
]


@pytest.mark.parametrize(("code", "kind", "mode", "edit"), CASES)
def test_a_fault_of_the_header(code: str, kind: str, mode: str, edit: Edit) -> None:
    before = base(kind, mode or "30")
    assert code not in codes(before)
    assert code in codes(edit(before))


@pytest.mark.parametrize(("what", "kind", "edit"), LEGAL)
def test_what_is_legal_has_no_fault(what: str, kind: str, edit: Edit) -> None:
    assert codes(edit(base(kind))) <= {"C745"}, what
