"""Bonds of an entry summary: waived, continuous, single transaction (AE 2026-07 p.156-158).

The continuous bond must be on file where CBP knows importers at all (none seeded: every importer
has one); a single transaction bond must stand in eBond in any case (dictionary 752-757).
"""

from __future__ import annotations

from datetime import date

from tasks.drill.ace_simulator.batches.input_records import InputRecord, code_set
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import BondRow, TransactionBondRow
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary, Reference

PROVINCES = code_set("XA XB XC XD XE XM XN XO XP XQ XS XT XV XW XY")
BOND_NEEDED = code_set("01 02 03 06 07 21 22 23 34 38")
_IMPORTER_BONDS = ("A", "C")


def check(database: SimulatorState, draft: FiledSummary, report: ConditionReport, day: date) -> None:
    """`day`: the date that decides which bond holds (ESF p.156)."""
    bonds = draft.all("31")
    waived = draft.head["bond_waiver_indicator"] == "0"
    report.check(waived and bonds, "120")
    report.check(not waived and not bonds and draft.kind in BOND_NEEDED, "119")
    canadian = all(_canadian(line.head["country_of_origin_code"]) for line in draft.lines)
    report.check(waived and draft.kind == "23" and not canadian, "761")
    kinds = [stated["bond_type_code"] for stated in bonds]
    uses = [stated["bond_designation_type_code"] for stated in bonds]
    report.check(kinds.count("8") > 1, "193")
    report.check(len(bonds) == 2 and uses.count("A") != 1, "268")
    report.check(bonds and not set(uses) & set("BUE"), "759" if "9" in kinds else "269")
    for position, bond in enumerate(bonds, 1):
        reference = ("BNDDTL", position, f"{kinds[position - 1]} {uses[position - 1]} {bond.raw(_SURETY)}")
        _bond(database, draft, report, bond, reference, day)
    _payment(draft, report, continuous="8" in kinds or waived)


_SURETY = "surety_company_code"


def _canadian(origin: str) -> bool:
    return origin == "CA" or origin in PROVINCES


def _bond(
    database: SimulatorState,
    draft: FiledSummary,
    report: ConditionReport,
    bond: InputRecord,
    reference: Reference,
    day: date,
) -> None:
    kind, use = bond["bond_type_code"], bond["bond_designation_type_code"]
    report.check(kind not in ("8", "9"), "112", reference)
    report.check(use not in tuple("BAUE"), "266", reference)
    report.check(not bond[_SURETY], "137", reference)
    if kind == "8":
        report.check(use != "B", "267", reference)
        report.check(bond["single_transaction_bond_amount"], "214", reference)
        report.check(bond["bond_producer_account"], "126", reference)
        report.check(bond["continuous_bond_indicator"] not in ("", "Y", "S"), "246", reference)
        _continuous(database, draft, report, bond[_SURETY], reference, day)
    elif kind == "9":
        report.check(bond["continuous_bond_indicator"], "223", reference)
        report.check(not bond["single_transaction_bond_amount"], "265", reference)
        amount = bond.number("single_transaction_bond_amount")
        report.check(bond["single_transaction_bond_amount"] and not amount, "240", reference)
        _transaction(database, draft, report, bond, reference)


def _continuous(
    database: SimulatorState, draft: FiledSummary, report: ConditionReport, surety: str, reference: Reference, day: date
) -> None:
    if not database.has_importers:
        return
    importer = draft.record("11")["importer_of_record_number"]
    bonds = database.find(BondRow, "importer = ?", importer)
    usable = [bond for bond in bonds if bond.activity in _IMPORTER_BONDS]
    if not bonds:
        report.add("113", reference)
    elif not usable:
        report.add("114", reference)
    else:
        matching = next((bond for bond in usable if bond.surety == surety), usable[0])
        report.check(matching.surety != surety, "145", reference)
        report.check(matching.effective and day < matching.effective, "115", reference)
        report.check(matching.terminated and day >= matching.terminated, "117", reference)
        report.check(not matching.sufficient, "116", reference)


def _transaction(
    database: SimulatorState, draft: FiledSummary, report: ConditionReport, bond: InputRecord, reference: Reference
) -> None:
    bonds = database.find(TransactionBondRow, "entry = ?", draft.number)
    use = bond["bond_designation_type_code"]
    if not bonds:
        report.add("752", reference)
        return
    match = next((filed for filed in bonds if filed.designation == use), None)
    if match is None:
        report.add("754", reference)
        return
    report.check(match.void, "753", reference)
    report.check(match.entry_type != draft.kind, "755", reference)
    amount = bond.number("single_transaction_bond_amount")
    report.check(match.amount != amount, "756", reference)
    report.check(match.importer != draft.record("11")["importer_of_record_number"], "757", reference)


def _payment(draft: FiledSummary, report: ConditionReport, *, continuous: bool) -> None:
    """Periodic statements and reconciliation want a continuous bond (208, 154)."""
    periodic = draft.head["payment_type_code"] in ("6", "7", "8")
    report.check(periodic and not continuous, "208")
    flagged = draft.head["reconciliation_issue_code"]
    flagged = flagged or draft.head["trade_agreement_reconciliation_indicator"]
    report.check(flagged and not continuous, "154")
