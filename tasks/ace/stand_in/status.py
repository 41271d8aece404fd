"""Cargo release status: bills matched, goods released or not, and what is told of it.

Codes and texts of bill and entry level: CQ v21 p.54-57. A status is written down when it comes
about, and is visible to the filer only once it was issued (CQ v21 p.13, 42).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date

from tasks.ace.stand_in.answers import Address
from tasks.ace.stand_in.book import Book
from tasks.ace.stand_in.filing import FiledBill, Filing, wire
from tasks.ace.stand_in.rows import Bill, Entry, Notice
from tasks.ace.stand_in.texts import BILL_STATUS, ENTRY_STATUS

QUOTA = frozenset({"02", "07", "12"})
OUTCOMES = {
    "exam": "03",
    "detained": "04",
    "not released": "29",
    "review": "90",
    "documents": "96",
    "hold": "53",
}
"""What CBP may decide instead of a release, and the status that tells it. 04 and 29 are of SO v36,
read in a third-party transcription only. A hold stands at the bill, the others at the entry."""

CLEARED_BY = {"exam": "05", "hold": "07", "detained": "08"}
"""Release origins after such an outcome (CQ v21 p.57); 06 after any other."""


def address_text(address: Address) -> str:
    return json.dumps(asdict(address))


def address_of(text: str, number: str, port: str) -> Address:
    """Where notices about a number go: as it was filed, else to its filer."""
    if text:
        return Address(**json.loads(text))
    filer = number[:3]
    return Address(site=port, sender=filer, port=port, filer=filer)


def note(book: Book, entry: Entry, code: str, **more: str | date | None) -> None:
    """Write down a status of an entry, or of its bill where `bill` is given."""
    texts = BILL_STATUS if more.get("bill") else ENTRY_STATUS
    book.put(
        Notice(
            "SO",
            entry.number,
            code,
            texts[code],
            at=book.tick(),
            address=entry.address,
            **more,  # type: ignore[arg-type]
        )
    )


def settle(book: Book, entry: Entry) -> None:
    """Match the bills and release what can be released. Writes the entry."""
    if entry.status == "on file":
        filing = Filing.read(entry.filing)
        states = [_match(book, entry, filing, bill) for bill in filing.lowest]
        _decide(book, entry, states)
    book.put(entry)


def _decide(book: Book, entry: Entry, states: list[str]) -> None:
    posted = book.run("SELECT released, origin FROM expected WHERE number = ?", entry.number)
    if posted and posted[0]["released"]:
        day = date.fromisoformat(posted[0]["released"])
        release(book, entry, day, posted[0]["origin"])
    elif entry.outcome in OUTCOMES:
        _hold_back(book, entry)
    elif entry.quota == "pending":
        if not _told(book, entry.number, "70"):
            note(book, entry, "70")
    elif all(state == "95" for state in states):
        arrived = _last_arrival(book, entry)
        release(book, entry, book.today, "03" if arrived == book.today else "01")


def _hold_back(book: Book, entry: Entry) -> None:
    code = OUTCOMES[entry.outcome]
    if _told(book, entry.number, code):
        return
    if entry.outcome == "hold":
        for bill in Filing.read(entry.filing).lowest:
            note(book, entry, code, bill=bill_key(bill))
    else:
        note(book, entry, code, document="CBP01" if entry.outcome == "documents" else "")


def release(book: Book, entry: Entry, day: date, origin: str) -> None:
    """Status 98, with CBP's release date, which becomes the entry date (SE v40 p.43)."""
    entry.status, entry.released, entry.origin, entry.outcome = "released", day, origin, ""
    note(book, entry, "98", released=day, origin=origin)
    book.tell(entry.number, "released", f"{day} origin {origin}")
    book.put(entry)


def bill_key(bill: FiledBill | Bill) -> str:
    return f"{bill.issuer}|{bill.number}"


def manifested(book: Book, bill: FiledBill) -> Bill | None:
    return book.one(Bill, "issuer = ? AND number = ?", bill.issuer, bill.number)


def entered(filing: Filing, bill: FiledBill) -> int:
    """The quantity entered of a bill; 0 means all of it (SE v40 p.49)."""
    return bill.quantity or sum(one.quantity for one in bill.conveyances)


def _match(book: Book, entry: Entry, filing: Filing, bill: FiledBill) -> str:
    """A bill's status: told to the filer where it is new. 95 where nothing is in the way."""
    if bill.non_ams or filing.entry_type == "06":
        arrived = [one.arrived for one in bill.conveyances]
        late = [day for day in arrived if day > book.today.isoformat()]
        return "94" if late else "95"
    known = manifested(book, bill)
    state = "91" if known is None else _state(known)
    if known and _over(book, known):
        state = "58"
    if _last_of_bill(book, entry.number, bill) != state:
        note(book, entry, state, bill=bill_key(bill))
    return state


def _state(bill: Bill) -> str:
    if bill.hold:
        return bill.hold
    if bill.arrived:
        return "95"
    return "94" if bill.departed else "93"


def _over(book: Book, bill: Bill) -> bool:
    rows = book.run(
        "SELECT SUM(CASE WHEN b.quantity = 0 THEN ? ELSE b.quantity END) FROM entry_bills b "
        "JOIN entries e ON e.number = b.entry WHERE b.issuer = ? AND b.bill = ? "
        "AND e.status <> 'cancelled'",
        bill.quantity,
        bill.issuer,
        bill.number,
    )
    return (rows[0][0] or 0) > bill.quantity


def _last_arrival(book: Book, entry: Entry) -> date | None:
    known = [manifested(book, bill) for bill in Filing.read(entry.filing).lowest]
    days = [one.arrived for one in known if one and one.arrived]
    return max(days, default=None)


def _last_of_bill(book: Book, number: str, bill: FiledBill) -> str:
    rows = book.run(
        "SELECT code FROM notices WHERE number = ? AND bill = ? ORDER BY id DESC LIMIT 1",
        number,
        bill_key(bill),
    )
    return rows[0][0] if rows else ""


def _told(book: Book, number: str, code: str) -> bool:
    sql = "SELECT 1 FROM notices WHERE number = ? AND application = 'SO' AND code = ?"
    return bool(book.run(sql, number, code))


def link_bills(book: Book, entry: Entry) -> None:
    """The bills that an entry stands on, for queries by bill."""
    book.run("DELETE FROM entry_bills WHERE entry = ?", entry.number)
    filing = Filing.read(entry.filing)
    for bill in filing.bills:
        book.run(
            "INSERT OR REPLACE INTO entry_bills (issuer, bill, entry, quantity) "
            "VALUES (?, ?, ?, ?)",
            bill.issuer,
            bill.number,
            entry.number,
            entered(filing, bill),
        )


def entries_of(book: Book, issuer: str, number: str) -> list[Entry]:
    """Entries that stand on a bill."""
    return book.find(
        Entry,
        "number IN (SELECT entry FROM entry_bills WHERE issuer = ? AND bill = ?) ORDER BY number",
        issuer,
        number,
    )


def matched(book: Book, entry: Entry) -> bool:
    """Whether any bill of the entry is on a manifest."""
    return any(manifested(book, bill) for bill in Filing.read(entry.filing).lowest)


def arrived(book: Book, entry: Entry) -> bool:
    """Whether any bill of the entry has arrived."""
    known = [manifested(book, bill) for bill in Filing.read(entry.filing).lowest]
    return any(one and one.arrived for one in known)


def entry_key(number: str) -> dict[str, str]:
    """Filer code and number as output records want them."""
    filer, digits = wire(number)
    return {"entry_filer_code": filer, "entry_number": digits}
