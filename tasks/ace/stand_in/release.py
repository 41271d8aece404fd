"""Cargo release: SE in, SX out (SE v40 p.19-28, 83-85), and what a certified summary asks for.

Add, replace, update and cancel by the chapter's rules. A number that was cancelled is never used
again; a replacement after release is refused; what the system may not decide itself is referred
to an officer (message type 04). Where a replacement comes after a bill match but before arrival
and review, which the chapter leaves open, it is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tasks.ace.stand_in.answers import Address
from tasks.ace.stand_in.book import Book
from tasks.ace.stand_in.filing import Filing, from_release
from tasks.ace.stand_in.numbers import right_digit
from tasks.ace.stand_in.records import Record
from tasks.ace.stand_in.release_answer import ACCEPTED, REFERRED, REJECTED, Outcome, answered
from tasks.ace.stand_in.release_codes import Remark
from tasks.ace.stand_in.release_rules import remarks
from tasks.ace.stand_in.rows import Entry
from tasks.ace.stand_in.status import (
    OUTCOMES,
    QUOTA,
    address_text,
    arrived,
    link_bills,
    matched,
    note,
    settle,
)

_UPDATE_DAYS = 15


def transact(book: Book, origin: Address, records: Sequence[Record]) -> list[str]:
    """The SX records of one SE transaction, which is carried out if nothing is wrong with it."""
    filing = from_release(records)
    found = _identity(book, origin, records[0]) + remarks(book, records, filing)
    if found:
        book.tell(filing.number, "entry rejected", " ".join(code for _, code in found))
        return answered(records, sorted(dict.fromkeys(found)), Outcome(REJECTED))
    done = act(book, origin, filing)
    return answered(records, [(0, done.code)] if done.code else [], done)


def _identity(book: Book, origin: Address, head: Record) -> list[Remark]:
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


def act(book: Book, origin: Address, filing: Filing, source: str = "abi") -> Outcome:
    """Carry out a filing whose data are right. Writes the book."""
    entry = book.entry(filing.number)
    if filing.action == "A":
        done = _add(book, origin, filing, source) if entry is None else _taken(entry)
    elif entry is None:
        done = Outcome(REJECTED, "008")
    elif entry.status == "cancelled":
        done = Outcome(REJECTED, "Z40")
    elif entry.request:
        done = Outcome(REJECTED, "Z43")
    else:
        done = {"R": _replace, "U": _update, "D": _cancel}[filing.action](book, entry, filing)
    if done.kind == REJECTED:
        book.tell(filing.number, "entry rejected", done.code)
    return done


def _taken(entry: Entry) -> Outcome:
    return Outcome(REJECTED, "Z40" if entry.status == "cancelled" else "007")


def _add(book: Book, origin: Address, filing: Filing, source: str) -> Outcome:
    if burnt(book, filing.number):
        return Outcome(REJECTED, "Z40")
    expected = book.run("SELECT outcome FROM expected WHERE number = ?", filing.number)
    entry = Entry(
        filing.number,
        source=source,
        address=address_text(origin),
        created=book.tick(),
        outcome=expected[0]["outcome"] if expected else "",
        quota="pending" if filing.entry_type in QUOTA else "",
    )
    book.tell(filing.number, "entry added", source)
    _keep(book, entry, filing)
    return Outcome(ACCEPTED)


def _keep(book: Book, entry: Entry, filing: Filing) -> None:
    entry.filing, entry.port = filing.text(), filing.port or _derived_port(book, filing)
    entry.entry_type, entry.importer, entry.mode = filing.entry_type, filing.importer, filing.mode
    book.put(entry)
    link_bills(book, entry)
    settle(book, entry)


def _derived_port(book: Book, filing: Filing) -> str:
    """The port of unlading of the first bill on a manifest (SE v40 p.37 note 7)."""
    for bill in filing.lowest:
        rows = book.run(
            "SELECT port FROM bills WHERE issuer = ? AND number = ?", bill.issuer, bill.number
        )
        if rows and rows[0]["port"]:
            return rows[0]["port"]
    return ""


def _replace(book: Book, entry: Entry, filing: Filing) -> Outcome:
    if entry.status == "released":
        return Outcome(REJECTED, "Z41")
    if _port_conflict(book, entry, filing):
        return Outcome(REJECTED, "B22")
    if entry.outcome in OUTCOMES or arrived(book, entry):
        return _refer(book, entry, filing, "correction")
    replace(book, entry, filing)
    return Outcome(ACCEPTED)


def replace(book: Book, entry: Entry, filing: Filing) -> None:
    """Put a filing in the place of the one on file."""
    book.tell(entry.number, "entry replaced")
    entry.request = entry.requested = ""
    note(book, entry, "88")
    _keep(book, entry, filing)


def _update(book: Book, entry: Entry, filing: Filing) -> Outcome:
    if entry.released and book.today > entry.released + timedelta(days=_UPDATE_DAYS):
        return Outcome(REJECTED, "Z42")
    if _port_conflict(book, entry, filing):
        return Outcome(REJECTED, "B22")
    merged = Filing.read(entry.filing).updated(filing)
    book.tell(entry.number, "entry updated")
    _keep(book, entry, merged)
    return Outcome(ACCEPTED)


def _port_conflict(book: Book, entry: Entry, filing: Filing) -> bool:
    """A new port while a summary stands at the old one: delete the summary first (SE v40 p.35;
    B22 is the dictionary's code for it)."""
    summary = book.summary(entry.number)
    return bool(filing.port and summary and summary.status == 1 and summary.port != filing.port)


def _cancel(book: Book, entry: Entry, filing: Filing) -> Outcome:
    free = not matched(book, entry) and entry.outcome not in OUTCOMES and not entry.released
    if not free:
        return _refer(book, entry, filing, "cancellation")
    cancel(book, entry, filing.reason)
    return Outcome(ACCEPTED)


def cancel(book: Book, entry: Entry, reason: str = "") -> None:
    """Cancelled: it stays on file and its number is burnt (SE v40 p.19)."""
    entry.status, entry.request, entry.requested = "cancelled", "", ""
    note(book, entry, "23")
    book.tell(entry.number, "entry cancelled", reason)
    book.put(entry)
    summary = book.summary(entry.number)
    if summary:
        summary.status, summary.control, summary.changed = 3, 3, book.today
        book.put(summary)


def burnt(book: Book, number: str) -> bool:
    """Whether a number was cancelled, as an entry or as a summary."""
    entry, summary = book.entry(number), book.summary(number)
    return bool((entry and entry.status == "cancelled") or (summary and summary.status == 3))


def _refer(book: Book, entry: Entry, filing: Filing, kind: str) -> Outcome:
    entry.request, entry.requested = kind, filing.text()
    book.tell(entry.number, f"{kind} requested", filing.reason)
    book.put(entry)
    return Outcome(REFERRED)
