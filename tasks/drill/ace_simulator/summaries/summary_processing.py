"""Entry summaries: AE in, AX out (AE 2026-07 p.132, 180, 204-211).

Add, replace and delete by control: a summary stays the filer's until it is on a statement, paid
or under review. A rejected correction of one still in trade control deletes it (p.210, "implicit
delete"): the chapter names no exception, so a wrong broker reference (B35) does so too; only where
number or filer is not established does nothing happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tasks.drill.ace_simulator.batches.answer_batches import NotificationAddress
from tasks.drill.ace_simulator.batches.input_records import InputRecord
from tasks.drill.ace_simulator.releases.certification import certify
from tasks.drill.ace_simulator.releases.release_filing import ReleaseFiling
from tasks.drill.ace_simulator.releases.release_status import address_text
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import FilerRow, SummaryRow
from tasks.drill.ace_simulator.summaries import (
    bond_checks,
    element_matrix,
    fee_checks,
    field_checks,
    header_checks,
    line_checks,
    payment_checks,
    total_checks,
)
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary, sort_records
from tasks.drill.ace_simulator.summaries.identity_checks import UNNAMED, check_filing, check_number

ADDED, REPLACED, DELETED, REJECTED = "995", "996", "997", "998"
"""Codes of the final disposition. The chapter prints the text of a deletion without its code:
997 is the gap in the row, not read anywhere."""


def transact(
    database: SimulatorState,
    origin: NotificationAddress,
    records: Sequence[InputRecord],
    position: int,
    *,
    quota_certified: bool = True,
) -> list[str]:
    """The AX records of one AE transaction, which is carried out if nothing fatal was found."""
    draft = sort_records(records)
    report = ConditionReport(draft, position)
    on_file = database.summary(draft.number)
    _checked(database, origin, draft, report, on_file, quota_certified=quota_certified)
    if report.fatal:
        return _refused(database, draft, report, on_file)
    if draft.action == "D":
        remove_summary(database, draft.number, "summary deleted")
        return report.lines(("A", DELETED))
    stored = _kept(database, origin, draft, on_file)
    if draft.certified:
        certify(database, origin, draft)
    return report.lines(("A", REPLACED if on_file else ADDED), version=stored.version)


def summary_failure(records: Sequence[InputRecord], position: int) -> list[str]:
    """The answer of a system failure: nothing was processed (ESF p.211)."""
    return ConditionReport(sort_records(records), position).lines(("R", "ZZZ"))


def _checked(
    database: SimulatorState,
    origin: NotificationAddress,
    draft: FiledSummary,
    report: ConditionReport,
    on_file: SummaryRow | None,
    *,
    quota_certified: bool,
) -> None:
    check_number(database, origin, draft, report)
    if report.fatal:
        return
    profile = database.filer(draft.number[:3]) or FilerRow(draft.number[:3])
    check_filing(database, profile, draft, report, on_file)
    if draft.action == "D":
        return
    field_checks.check(draft, report)
    _remote(origin, draft, report)
    element_matrix.check(draft, report)
    header_checks.check(database, draft, report, quota_certified=quota_certified)
    payment_checks.check(database, profile, draft, report, on_file)
    bond_checks.check(database, draft, report, _bond_day(database, draft))
    line_checks.check(database, draft, report)
    fee_checks.check(database, draft, report)
    total_checks.check(database, draft, report)


def _bond_day(database: SimulatorState, draft: FiledSummary) -> date:
    """ESF p.156: release, entry date, estimated entry date, statement, receipt."""
    entry = database.entry(draft.number)
    estimated = draft.day("11", "estimated_entry_date")
    statement = draft.head.day("preliminary_statement_print_date")
    return (entry.released if entry else None) or estimated or statement or database.today


def _remote(origin: NotificationAddress, draft: FiledSummary, report: ConditionReport) -> None:
    """A block with preparer fields must certify (150), and only it names an exam port (196)."""
    remote = bool(origin.preparer.strip())
    withdrawn = draft.kind.startswith("3") or draft.kind == "51" or draft.correction
    report.check(remote and not draft.certified and not withdrawn, "150")
    report.check(not remote and draft.record("20")["designated_exam_port_code"], "196")


def _refused(
    database: SimulatorState, draft: FiledSummary, report: ConditionReport, on_file: SummaryRow | None
) -> list[str]:
    codes = [condition.code for condition in report.conditions if condition.severity == "F"]
    database.add_event(draft.number, "summary rejected", " ".join(codes))
    reference = on_file.reference if on_file and "B35" in codes else ""
    # A post summary correction that is refused leaves what is on file (ESF p.183).
    conventional = draft.action in ("A", "R") and not draft.correction
    correction = conventional and not set(codes) & UNNAMED
    if correction and on_file and on_file.control == 1 and on_file.status == 1:
        remove_summary(database, draft.number, "summary implicitly deleted")
    return report.lines(("R", REJECTED), reference=reference)


def remove_summary(database: SimulatorState, number: str, event: str) -> None:
    """Take a summary off the file; the releases it consolidated are free again."""
    database.run("DELETE FROM summaries WHERE number = ?", number)
    database.run("DELETE FROM consolidations WHERE summary = ?", number)
    if event == "summary deleted":
        database.set_value(f"elected {number}", "")
    database.add_event(number, event)


def _kept(
    database: SimulatorState, origin: NotificationAddress, draft: FiledSummary, on_file: SummaryRow | None
) -> SummaryRow:
    """The summary as it now stands on file."""
    head, content = draft.head, draft.record("11")
    stored = on_file or SummaryRow(draft.number, filed=database.today, owner=origin.filer)
    if on_file:
        stored.version = _next_version(on_file, draft)
    stored.port, stored.entry_type, stored.mode = draft.port, draft.kind, draft.mode
    stored.importer = content["importer_of_record_number"]
    stored.reference = draft.reference
    stored.accepted, stored.changed = database.tick(), database.today
    if stored.control == 1:
        stored.payment = head["payment_type_code"]
        stored.statement = head.day("preliminary_statement_print_date")
    stored.status, stored.revised, stored.source = 1, False, "abi"
    stored.owner, stored.address = origin.filer, address_text(origin)
    if draft.correction:
        stored.psc = stored.psc or database.today
    stored.due = _due(draft)
    stored.image = "\n".join(record.text for record in draft.records if _stored(record))
    _immediate(database, stored)
    database.put(stored)
    _consolidate(database, draft)
    database.add_event(draft.number, "summary replaced" if on_file else "summary added", stored.version)
    return stored


def _next_version(on_file: SummaryRow, draft: FiledSummary) -> str:
    """A new major number after a rejection, a removal from a statement, or a correction after
    CBP took control (ESF p.206); else as before."""
    if on_file.revised or on_file.status == 2 or draft.correction:
        return f"{int(on_file.version[:3]) + 1:03d}00"
    return on_file.version


def _stored(record: InputRecord) -> bool:
    """ER returns 10 to 90 without cargo and agency records (ESQ v26 p.15, 23)."""
    return not record.id.startswith(("SE", "PG", "OI"))


def _due(draft: FiledSummary) -> int:
    """All that is due, in cents."""
    record = draft.record("90")
    names = ("duty", "user_fee", "ir_tax", "ad_duty", "cv_duty", "other_revenue")
    return sum(record.number(f"grand_total_{name}_amount") for name in names)


def _immediate(database: SimulatorState, summary: SummaryRow) -> None:
    """Immediate delivery: the first accepted summary sets the entry date. An implicit delete
    leaves that date standing, an explicit one removes it (ESF p.190)."""
    entry = database.entry(summary.number)
    if not entry or not ReleaseFiling.read(entry.filing).immediate:
        return
    name = f"elected {summary.number}"
    if not database.value(name):
        database.set_value(name, database.today.isoformat())
    summary.immediate, summary.elected_entry = True, date.fromisoformat(database.value(name))


def _consolidate(database: SimulatorState, draft: FiledSummary) -> None:
    if draft.correction:
        return
    database.run("DELETE FROM consolidations WHERE summary = ?", draft.number)
    for release in draft.releases:
        database.run("INSERT OR REPLACE INTO consolidations VALUES (?, ?)", release, draft.number)
