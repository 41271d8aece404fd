"""Cargo release: SE in, SX out (SE v40 p.19-28, 83-85), and what a certified summary asks for.

Add, replace, update and cancel by the chapter's rules. A number that was cancelled is never used
again; a replacement after release is refused; what the system may not decide itself is referred
to an officer (message type 04). Where a replacement comes after a bill match but before arrival
and review, which the chapter leaves open, it is taken.

SX: the records of an answer to a cargo release (SE v40 p.20, 28, 85).
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


def build_answer(records: Sequence[InputRecord], found: Sequence[Remark], done: FilingOutcome) -> list[str]:
    """SE10 and SE15 always, other records where something is wrong with them; at most nine
    remarks on a record, and one line on the whole (SE v40 p.20, 28)."""
    codes: dict[int, list[str]] = defaultdict(list)
    for index, code in found:
        codes[index].append(code)
    lines: list[str] = []
    for index, record in enumerate(records):
        if codes[index] or record.id in ("SE10", "SE15"):
            lines.append(record.text)
        for code in codes[index][:9]:
            lines += _line("11", code, SX[code])
    return lines + _line(done.kind, done.code, done.text or _FINAL[done.kind])


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
    filing: ReleaseFiling, importer_type: str, codes: Sequence[str], done: FilingOutcome
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
    found = [line for code in codes[:9] for line in _line("11", code, SX[code])]
    return [head, *found, *bills, *_line(done.kind, done.code, done.text or _FINAL[done.kind])]


_UPDATE_DAYS = 15


def transact(book: SimulatorState, origin: NotificationAddress, records: Sequence[InputRecord]) -> list[str]:
    """The SX records of one SE transaction, which is carried out if nothing is wrong with it."""
    filing = release_filing(records)
    found = _identity(book, origin, records[0]) + release_remarks(book, records, filing)
    if found:
        book.tell(filing.number, "entry rejected", " ".join(code for _, code in found))
        return build_answer(records, sorted(dict.fromkeys(found)), FilingOutcome(REJECTED))
    done = carry_out(book, origin, filing)
    return build_answer(records, [(0, done.code)] if done.code else [], done)


def _identity(book: SimulatorState, origin: NotificationAddress, head: InputRecord) -> list[Remark]:
    filer, number = head["entry_filer_code"], head["entry_number"]
    found: list[Remark] = []
    if head["action_code"] not in ("A", "R", "U", "D", ""):
        found.append((0, "002"))
    if filer and filer != origin.filer:
        found.append((0, "Z03"))
    profile = book.filer(filer)
    if filer and profile is None:
        found.append((0, "004"))
    elif filer and number and not right_digit(filer, number, profile.factor if profile else 0):
        found.append((0, "006"))
    return found


def carry_out(
    book: SimulatorState, origin: NotificationAddress, filing: ReleaseFiling, source: str = "abi"
) -> FilingOutcome:
    """Carry out a filing whose data are right. Writes the book."""
    entry = book.entry(filing.number)
    if filing.action == "A":
        done = _add(book, origin, filing, source) if entry is None else _taken(entry)
    elif entry is None:
        done = FilingOutcome(REJECTED, "008")
    elif entry.status == "cancelled":
        done = FilingOutcome(REJECTED, "Z40")
    elif entry.request:
        done = FilingOutcome(REJECTED, "Z43")
    else:
        done = {"R": _replace, "U": _update, "D": _cancel}[filing.action](book, entry, filing)
    if done.kind == REJECTED:
        book.tell(filing.number, "entry rejected", done.code)
    return done


def _taken(entry: EntryRow) -> FilingOutcome:
    return FilingOutcome(REJECTED, "Z40" if entry.status == "cancelled" else "007")


def _add(book: SimulatorState, origin: NotificationAddress, filing: ReleaseFiling, source: str) -> FilingOutcome:
    if is_canceled(book, filing.number):
        return FilingOutcome(REJECTED, "Z40")
    expected = book.run("SELECT outcome FROM expected WHERE number = ?", filing.number)
    entry = EntryRow(
        filing.number,
        source=source,
        address=address_text(origin),
        created=book.tick(),
        outcome=expected[0]["outcome"] if expected else "",
        quota="pending" if filing.entry_type in QUOTA else "",
    )
    book.tell(filing.number, "entry added", source)
    _keep(book, entry, filing)
    return FilingOutcome(ACCEPTED)


def _keep(book: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> None:
    entry.filing, entry.port = filing.text(), filing.port or _derived_port(book, filing)
    entry.entry_type, entry.importer, entry.mode = filing.entry_type, filing.importer, filing.mode
    book.put(entry)
    link_bills(book, entry)
    settle_entry(book, entry)


def _derived_port(book: SimulatorState, filing: ReleaseFiling) -> str:
    """The port of unlading of the first bill on a manifest (SE v40 p.37 note 7)."""
    for bill in filing.lowest:
        rows = book.run("SELECT port FROM bills WHERE issuer = ? AND number = ?", bill.issuer, bill.number)
        if rows and rows[0]["port"]:
            return rows[0]["port"]
    return ""


def _replace(book: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> FilingOutcome:
    if entry.status == "released":
        return FilingOutcome(REJECTED, "Z41")
    if _port_conflict(book, entry, filing):
        return FilingOutcome(REJECTED, "B22")
    if entry.outcome in OUTCOMES or has_arrived_bill(book, entry):
        return _refer(book, entry, filing, "correction")
    replace_filing(book, entry, filing)
    return FilingOutcome(ACCEPTED)


def replace_filing(book: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> None:
    """Put a filing in the place of the one on file."""
    book.tell(entry.number, "entry replaced")
    entry.request = entry.requested = ""
    note_status(book, entry, "88")
    _keep(book, entry, filing)


def _update(book: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> FilingOutcome:
    if entry.released and book.today > entry.released + timedelta(days=_UPDATE_DAYS):
        return FilingOutcome(REJECTED, "Z42")
    if _port_conflict(book, entry, filing):
        return FilingOutcome(REJECTED, "B22")
    merged = ReleaseFiling.read(entry.filing).updated(filing)
    book.tell(entry.number, "entry updated")
    _keep(book, entry, merged)
    return FilingOutcome(ACCEPTED)


def _port_conflict(book: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> bool:
    """A new port while a summary stands at the old one: delete the summary first (SE v40 p.35;
    B22 is the dictionary's code for it)."""
    summary = book.summary(entry.number)
    return bool(filing.port and summary and summary.status == 1 and summary.port != filing.port)


def _cancel(book: SimulatorState, entry: EntryRow, filing: ReleaseFiling) -> FilingOutcome:
    free = not has_matched_bill(book, entry) and entry.outcome not in OUTCOMES and not entry.released
    if not free:
        return _refer(book, entry, filing, "cancellation")
    cancel_filing(book, entry, filing.reason)
    return FilingOutcome(ACCEPTED)


def cancel_filing(book: SimulatorState, entry: EntryRow, reason: str = "") -> None:
    """Cancelled: it stays on file and its number is burnt (SE v40 p.19)."""
    entry.status, entry.request, entry.requested = "cancelled", "", ""
    note_status(book, entry, "23")
    book.tell(entry.number, "entry cancelled", reason)
    book.put(entry)
    summary = book.summary(entry.number)
    if summary:
        summary.status, summary.control, summary.changed = 3, 3, book.today
        book.put(summary)


def is_canceled(book: SimulatorState, number: str) -> bool:
    """Whether a number was cancelled, as an entry or as a summary."""
    entry, summary = book.entry(number), book.summary(number)
    return bool((entry and entry.status == "cancelled") or (summary and summary.status == 3))


def _refer(book: SimulatorState, entry: EntryRow, filing: ReleaseFiling, kind: str) -> FilingOutcome:
    entry.request, entry.requested = kind, filing.text()
    book.tell(entry.number, f"{kind} requested", filing.reason)
    book.put(entry)
    return FilingOutcome(REFERRED)
