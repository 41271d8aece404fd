"""Cargo release: SE in, SX out (SE v40 p.19-28, 83-85), and what a certified summary asks for.

Add, replace, update and cancel by the chapter's rules. A number that was cancelled is never used
again; a replacement after release is refused; what the system may not decide itself is referred
to an officer (message type 04). Where a replacement comes after a bill match but before arrival
and review, which the chapter leaves open, it is accepted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tasks.ace.api import record_layout
from tasks.drill.ace_simulator.batches.answer_batches import NotificationAddress
from tasks.drill.ace_simulator.batches.condition_texts import FAILURE, SX
from tasks.drill.ace_simulator.batches.input_records import InputRecord, build_record
from tasks.drill.ace_simulator.batches.number_forms import right_digit
from tasks.drill.ace_simulator.releases.content_rules import release_remarks
from tasks.drill.ace_simulator.releases.release_codes import Remark
from tasks.drill.ace_simulator.releases.release_filing import ReleaseFiling, release_filing
from tasks.drill.ace_simulator.releases.release_status import (
    OUTCOMES,
    QUOTA,
    address_text,
    has_arrived_bill,
    has_matched_bill,
    link_bills,
    note_status,
    settle_entry,
)
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import EntryRow

REJECTED, ACCEPTED, WARNED, REFERRED = "01", "02", "03", "04"


@dataclass(frozen=True)
class FilingOutcome:
    """What became of a filing: SE90 message type, and the condition code of a refusal."""

    kind: str
    code: str = ""
    text: str = ""


def release_failure(records: Sequence[InputRecord]) -> list[str]:
    """The answer of a system failure: nothing was processed (ESF p.211)."""
    return [records[0].text, *_line(REJECTED, "ZZZ", FAILURE)]


def build_answer(records: Sequence[InputRecord], remarks: Sequence[Remark], outcome: FilingOutcome) -> list[str]:
    """SE10 and SE15 always, other records where something is wrong with them; at most nine
    remarks on a record, and one line on the whole (SE v40 p.20, 28)."""
    codes: dict[int, list[str]] = defaultdict(list)
    for index, code in remarks:
        codes[index].append(code)
    lines: list[str] = []
    for index, record in enumerate(records):
        if codes[index] or record.id in ("SE10", "SE15"):
            lines.append(record.text)
        for code in codes[index][:9]:
            lines += _line("11", code, SX[code])
    return lines + _line(outcome.kind, outcome.code, outcome.text or _FINAL[outcome.kind])


_FINAL = {
    REJECTED: "TRANSACTION REJECTED",
    ACCEPTED: "TRANSACTION ACCEPTED",
    WARNED: "TRANSACTION ACCEPTED WITH WARNING",
    REFERRED: "REFERRED TO CBP",
}


def _line(kind: str, code: str, text: str) -> list[str]:
    return [
        build_record(
            record_layout("SE", "SE90"),
            message_type_code=kind,
            message_identifier_code=code,
            narrative_message_text=text,
        )
    ]


def certification_answer(
    filing: ReleaseFiling, importer_type: str, codes: Sequence[str], outcome: FilingOutcome
) -> list[str]:
    """The SX of the cargo part of a certified summary: it comes apart from the AX (ESF p.35)."""
    head = build_record(
        record_layout("SE", "SE10"),
        action_code=filing.action,
        entry_filer_code=filing.number[:3],
        entry_number=filing.number[4:11] + filing.number[12:],
        entry_type=filing.entry_type,
        importer_type=importer_type,
        importer_number=filing.importer,
        mode_of_transport=filing.mode,
        entered_value=filing.value,
        port_of_entry=filing.port,
    )
    bills = [
        build_record(
            record_layout("SE", "SE15"),
            bill_type=bill.kind,
            issuer_code=bill.issuer,
            bill_number=bill.number,
            quantity=bill.quantity or None,
            non_ams="Y" if bill.non_ams else "N",
        )
        for bill in filing.bills
    ]
    remark_lines = [line for code in codes[:9] for line in _line("11", code, SX[code])]
    return [head, *remark_lines, *bills, *_line(outcome.kind, outcome.code, outcome.text or _FINAL[outcome.kind])]


_UPDATE_DAYS = 15


def transact(database: SimulatorState, origin: NotificationAddress, records: Sequence[InputRecord]) -> list[str]:
    """The SX records of one SE transaction, which is carried out if nothing is wrong with it."""
    filing = release_filing(records)
    remarks = _identity(database, origin, records[0]) + release_remarks(database, records, filing)
    if remarks:
        database.add_event(filing.number, "entry rejected", " ".join(code for _, code in remarks))
        return build_answer(records, sorted(dict.fromkeys(remarks)), FilingOutcome(REJECTED))
    outcome = carry_out(database, origin, filing)
    return build_answer(records, [(0, outcome.code)] if outcome.code else [], outcome)


def _identity(database: SimulatorState, origin: NotificationAddress, head: InputRecord) -> list[Remark]:
    filer, number = head["entry_filer_code"], head["entry_number"]
    remarks: list[Remark] = []
    if head["action_code"] not in ("A", "R", "U", "D", ""):
        remarks.append((0, "002"))
    if filer and filer != origin.filer:
        remarks.append((0, "Z03"))
    profile = database.filer(filer)
    if filer and profile is None:
        remarks.append((0, "004"))
    elif filer and number and not right_digit(filer, number, profile.factor if profile else 0):
        remarks.append((0, "006"))
    return remarks


def carry_out(
    database: SimulatorState, origin: NotificationAddress, filing: ReleaseFiling, source: str = "abi"
) -> FilingOutcome:
    """Carry out a filing whose data are right. Writes the state."""
    entry = database.entry(filing.number)
    if filing.action == "A":
        outcome = _add(database, origin, filing, source) if entry is None else _taken(entry)
    elif entry is None:
        outcome = FilingOutcome(REJECTED, "008")
    elif entry.status == "cancelled":
        outcome = FilingOutcome(REJECTED, "Z40")
    elif entry.request:
        outcome = FilingOutcome(REJECTED, "Z43")
    else:
        outcome = {"R": _replace, "U": _update, "D": _cancel}[filing.action](database, entry, filing)
    if outcome.kind == REJECTED:
        database.add_event(filing.number, "entry rejected", outcome.code)
    return outcome


def _taken(entry: EntryRow) -> FilingOutcome:
    return FilingOutcome(REJECTED, "Z40" if entry.status == "cancelled" else "007")


def _add(database: SimulatorState, origin: NotificationAddress, filing: ReleaseFiling, source: str) -> FilingOutcome:
    if is_canceled(database, filing.number):
        return FilingOutcome(REJECTED, "Z40")
    expected = database.run("SELECT outcome FROM expected WHERE number = ?", filing.number)
    entry = EntryRow(
        filing.number,
        source=source,
        address=address_text(origin),
        created=database.tick(),
        outcome=expected[0]["outcome"] if expected else "",
        quota="pending" if filing.entry_type in QUOTA else "",
    )
    database.add_event(filing.number, "entry added", source)
    _keep(database, entry, filing)
    return FilingOutcome(ACCEPTED)


def _keep(database: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> None:
    entry.filing, entry.port = filing.text(), filing.port or _derived_port(database, filing)
    entry.entry_type, entry.importer, entry.mode = filing.entry_type, filing.importer, filing.mode
    database.put(entry)
    link_bills(database, entry)
    settle_entry(database, entry)


def _derived_port(database: SimulatorState, filing: ReleaseFiling) -> str:
    """The port of unlading of the first bill on a manifest (SE v40 p.37 note 7)."""
    for bill in filing.lowest:
        rows = database.run("SELECT port FROM bills WHERE issuer = ? AND number = ?", bill.issuer, bill.number)
        if rows and rows[0]["port"]:
            return rows[0]["port"]
    return ""


def _replace(database: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> FilingOutcome:
    if entry.status == "released":
        return FilingOutcome(REJECTED, "Z41")
    if _port_conflict(database, entry, filing):
        return FilingOutcome(REJECTED, "B22")
    if entry.outcome in OUTCOMES or has_arrived_bill(database, entry):
        return _refer(database, entry, filing, "correction")
    replace_filing(database, entry, filing)
    return FilingOutcome(ACCEPTED)


def replace_filing(database: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> None:
    """Put a filing in the place of the one on file."""
    database.add_event(entry.number, "entry replaced")
    entry.request = entry.requested = ""
    note_status(database, entry, "88")
    _keep(database, entry, filing)


def _update(database: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> FilingOutcome:
    if entry.released and database.today > entry.released + timedelta(days=_UPDATE_DAYS):
        return FilingOutcome(REJECTED, "Z42")
    if _port_conflict(database, entry, filing):
        return FilingOutcome(REJECTED, "B22")
    merged = ReleaseFiling.read(entry.filing).updated(filing)
    database.add_event(entry.number, "entry updated")
    _keep(database, entry, merged)
    return FilingOutcome(ACCEPTED)


def _port_conflict(database: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> bool:
    """A new port while a summary stands at the old one: delete the summary first (SE v40 p.35;
    B22 is the dictionary's code for it)."""
    summary = database.summary(entry.number)
    return bool(filing.port and summary and summary.status == 1 and summary.port != filing.port)


def _cancel(database: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> FilingOutcome:
    free = not has_matched_bill(database, entry) and entry.outcome not in OUTCOMES and not entry.released
    if not free:
        return _refer(database, entry, filing, "cancellation")
    cancel_filing(database, entry, filing.reason)
    return FilingOutcome(ACCEPTED)


def cancel_filing(database: SimulatorState, entry: EntryRow, reason: str = "") -> None:
    """Cancelled: it stays on file and its number is canceled (SE v40 p.19)."""
    entry.status, entry.request, entry.requested = "cancelled", "", ""
    note_status(database, entry, "23")
    database.add_event(entry.number, "entry cancelled", reason)
    database.put(entry)
    summary = database.summary(entry.number)
    if summary:
        summary.status, summary.control, summary.changed = 3, 3, database.today
        database.put(summary)


def is_canceled(database: SimulatorState, number: str) -> bool:
    """Whether a number was cancelled, as an entry or as a summary."""
    entry, summary = database.entry(number), database.summary(number)
    return bool((entry and entry.status == "cancelled") or (summary and summary.status == 3))


def _refer(database: SimulatorState, entry: EntryRow, filing: ReleaseFiling, kind: str) -> FilingOutcome:
    entry.request, entry.requested = kind, filing.text()
    database.add_event(entry.number, f"{kind} requested", filing.reason)
    database.put(entry)
    return FilingOutcome(REFERRED)
