"""Whether an entry summary may be filed at all: number, filer, port, control (B codes).

AE 2026-07 p.132, 183-186, 207-211 and the error dictionary v51. Codes of which the dictionary
says that they concern legacy ACS, remote profiles or CBP's own programs (B13, B23, B27, B37, B52,
B60, B64-B66, B68, B69, B71, B72, B74) are not raised, apart from those that an officer's hand can
bring about here.
"""

from __future__ import annotations

from datetime import timedelta

from tasks.drill.ace_simulator.batches.answer_batches import NotificationAddress
from tasks.drill.ace_simulator.batches.input_records import code_set
from tasks.drill.ace_simulator.batches.number_forms import right_digit
from tasks.drill.ace_simulator.releases.release_processing import is_canceled
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import FilerRow, SummaryRow
from tasks.drill.ace_simulator.summaries.element_matrix import TYPES
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary
from tasks.drill.ace_simulator.summaries.header_checks import entry_date

_TOGETHER = ("10", "46", "47")
_NO_ENTRY = ("31", "32", "34", "38", "51")
UNNAMED = code_set("B01 B02 B05 B06 B12 B14 B15 B16 B53")
"""With one of these it is not established whose summary is meant: nothing on file is touched."""


def check_number(
    database: SimulatorState, origin: NotificationAddress, draft: FiledSummary, report: ConditionReport
) -> None:
    """Action, filer, number, port and type: what every action must have."""
    head = draft.head
    action, filer, digits = draft.action, head["entry_filer_code"], head["entry_number"]
    report.check(not action, "B01")
    report.check(action and action not in "ARD", "B02")
    report.check(not draft.port, "B03")
    report.check(draft.port and not (len(draft.port) == 4 and draft.port.isdigit()), "B04")
    report.check(not filer, "B05")
    report.check(filer and database.filer(filer) is None, "B06")
    report.check(filer and filer != origin.filer and not draft.correction, "B53")
    report.check(filer and origin.preparer[4:7].strip() not in ("", filer), "B12")
    report.check(not digits, "B14")
    has_eight_digits = digits.isdigit() and len(digits) == 8
    report.check(digits and not has_eight_digits, "B15")
    profile = database.filer(filer) or FilerRow(filer)
    report.check(has_eight_digits and filer and not right_digit(filer, digits, profile.factor), "B16")
    report.check(not draft.kind, "B17")
    report.check(draft.kind and draft.kind not in TYPES, "B18")
    _port(database, origin, draft, report)


def _port(database: SimulatorState, origin: NotificationAddress, draft: FiledSummary, report: ConditionReport) -> None:
    """One district for a block; 10, 46 and 47 go together (B&B v23 p.17)."""
    district, block_district = draft.port[:2], origin.port[:2]
    are_neighbors = district in _TOGETHER and block_district in _TOGETHER
    report.check(draft.port and district != block_district and not are_neighbors, "B10")
    rows = database.run("SELECT active FROM ports WHERE code = ?", origin.port)
    report.check(rows and not rows[0]["active"], "B78")


def check_filing(
    database: SimulatorState,
    profile: FilerRow,
    draft: FiledSummary,
    report: ConditionReport,
    on_file: SummaryRow | None,
) -> None:
    """What is on file under the number, and whether it may be touched."""
    report.check(is_canceled(database, draft.number), "B56" if draft.correction else "B31")
    entry = database.entry(draft.number)
    active = entry if entry and entry.status != "cancelled" else None
    report.check(active and draft.kind in _NO_ENTRY, "B67")
    report.check(active and active.port and active.port != draft.port, "B22")
    rows = database.run("SELECT summary FROM consolidations WHERE release = ?", draft.number)
    report.check(rows, "B28")
    report.check(draft.express and active, "B76")
    if draft.action == "D":
        _delete(draft, report, on_file)
    elif draft.correction:
        _correction(database, draft, report, on_file)
    else:
        _filing(profile, draft, report, on_file)


def _shared(draft: FiledSummary, report: ConditionReport, on_file: SummaryRow) -> None:
    report.check(on_file.in_use, "B55")
    report.check(on_file.inactive, "B70")
    report.check(on_file.entry_type not in TYPES, "B77")


def _delete(draft: FiledSummary, report: ConditionReport, on_file: SummaryRow | None) -> None:
    has_details = draft.head.text[35:].strip() or len(draft.records) > 1
    report.check(draft.correction, "B43")
    report.check(has_details and not draft.correction, "B24")
    if on_file is None:
        report.add("B25")
        return
    _shared(draft, report, on_file)
    report.check(on_file.port != draft.port, "B32")
    report.check(on_file.on_hold, "B26")
    report.check(on_file.psc, "B54")
    report.check(on_file.control == 2, "B29")


def _filing(profile: FilerRow, draft: FiledSummary, report: ConditionReport, on_file: SummaryRow | None) -> None:
    report.check(not draft.reference and profile.reference_required and not on_file, "B34")
    if on_file is None or on_file.status == 3:
        return
    _shared(draft, report, on_file)
    report.check(on_file.port != draft.port, "B32")
    # Scheduled for liquidation is enough (dictionary B30).
    report.check(on_file.liquidation, "B30")
    report.check(on_file.psc, "B54")
    report.check(on_file.control == 2 and on_file.status == 1 and not on_file.psc, "B29")
    report.check(on_file.is_returned and on_file.entry_type != draft.kind, "B33")
    report.check(on_file.is_returned and draft.consolidated, "257")
    report.check(on_file.is_returned and draft.certified, "256")
    is_other_reference = draft.reference != on_file.reference or not on_file.reference
    report.check(draft.action == "A" and is_other_reference, "B35")


def _correction(
    database: SimulatorState, draft: FiledSummary, report: ConditionReport, on_file: SummaryRow | None
) -> None:
    """Post summary correction (ESF p.183-185)."""
    kinds = {draft.kind, on_file.entry_type if on_file else ""}
    report.check(kinds & {"11", "12"}, "B49")
    if on_file is None:
        report.add("B42")
        return
    _shared(draft, report, on_file)
    report.check(on_file.port != draft.port, "B44")
    report.check(on_file.control == 1, "B45")
    report.check(on_file.is_returned, "B46")
    report.check(on_file.control == 2 and not on_file.collected, "B47")
    report.check(on_file.review, "B59")
    report.check(on_file.importer != draft.record("11")["importer_of_record_number"], "286")
    entered = entry_date(database, draft.number)
    report.check(entered and database.today > entered + timedelta(days=269), "B48")
    due = on_file.liquidation
    if due:
        report.check(due <= database.today, "B50")
        report.check(database.today < due <= database.today + timedelta(days=15), "B51")
