"""Cargo release status: bills matched, goods released or not, and what is told of it.

Codes and texts of bill and entry level: CQ v21 p.54-57. A status is written down when it comes
about, and is visible to the filer only once it was issued (CQ v21 p.13, 42).

An entry's status as SO records, or as the WO records of C1 that mimic them (CQ v21 p.46-64).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date

from tasks.ace.api import record_layout
from tasks.drill.ace_simulator.batches.answer_batches import NotificationAddress
from tasks.drill.ace_simulator.batches.condition_texts import BILL_STATUS, ENTRY_STATUS
from tasks.drill.ace_simulator.batches.input_records import build_record
from tasks.drill.ace_simulator.releases.release_filing import FiledBill, ReleaseFiling, wire_number
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import BillRow, EntryRow, NoticeRow


def status_records(
    book: SimulatorState,
    entry: EntryRow,
    notices: Sequence[NoticeRow],
    own: Sequence[NoticeRow],
    application: str,
    prefix: str,
) -> Iterator[str]:
    """An entry's status as SO records, or as the WO records that mimic them (p.46-64).

    `notices`: of the bills, all of them; `own`: those of the entry level to tell.
    """
    variant = "output" if application == "CQ" else ""
    filing = ReleaseFiling.read(entry.filing)

    def record(kind: str, **values: str | int | date | None) -> str:
        return build_record(record_layout(application, f"{prefix}{kind}", variant), **values)

    yield _header(book, entry, filing, application, prefix)
    for qualifier, value in [*filing.references, *_reasons(own)]:
        if qualifier in ("CR", "RRN", "RSN", "CMT"):
            yield record("20", qualifier=qualifier, reference=value)
    for line in filing.lines:
        for hts in line.tariffs:
            yield record("30", line=line.line, country_of_origin=line.origin, hts_number=hts)
    for bill in filing.bills:
        if bill.kind == "I":
            continue
        yield _bill_line(book, filing, bill, application, prefix)
        for one in notices:
            if one.bill == bill_key(bill):
                yield _bill_state(book, one, bill, application, prefix)
    for one in own:
        yield record(
            "60",
            disposition_action_date=one.at and one.at.date(),
            disposition_action_time=one.at,
            disposition_action_code=one.code,
            narrative_message=one.text,
            release_date=one.released,
            release_origin_code=one.origin,
            document_type=one.document,
        )


def _reasons(own: Sequence[NoticeRow]) -> list[tuple[str, str]]:
    """Why a request was refused (p.48-49)."""
    return [("RSN" if one.extra.isdigit() else "CMT", one.extra) for one in own if one.extra]


def _header(book: SimulatorState, entry: EntryRow, filing: ReleaseFiling, application: str, prefix: str) -> str:
    known = [manifest_bill(book, bill) for bill in filing.lowest]
    bill = next((one for one in known if one), None) or BillRow("", "")
    parts = [part for one in filing.bills for part in one.conveyances]
    part = parts[0] if parts else None
    arrival = bill.arrived or (date.fromisoformat(part.arrived) if part and part.arrived else None)
    variant = "output" if application == "CQ" else ""
    voyage = "voyage" if application == "CQ" else "voyage_flight_trip"
    values: dict[str, str | date | None] = {
        **entry_key(entry.number),
        "district_port_of_entry": entry.port,
        "entry_type_code": entry.entry_type,
        "importer_of_record_number": entry.importer,
        "carrier_code": bill.carrier or (part.carrier if part else ""),
        "vessel_name": filing.conveyance or bill.conveyance,
        voyage: filing.voyage or bill.voyage or (part.voyage if part else ""),
        "estimated_date_of_arrival": arrival,
        "split_release": filing.split,
    }
    return build_record(record_layout(application, f"{prefix}10", variant), **values)


def _bill_line(book: SimulatorState, filing: ReleaseFiling, bill: FiledBill, application: str, prefix: str) -> str:
    variant = "output" if application == "CQ" else ""
    known = manifest_bill(book, bill)
    return build_record(
        record_layout(application, f"{prefix}40", variant),
        bill_type=bill.kind,
        issuer_code=bill.issuer,
        bill_number=bill.number,
        quantity=quantity_entered(filing, bill) or (known.quantity if known else None),
        unit_of_measure=known.unit if known else "",
        manifested_quantity=f"{known.quantity:08d}" if known else "",
    )


def _bill_state(book: SimulatorState, one: NoticeRow, bill: FiledBill, application: str, prefix: str) -> str:
    variant = "output" if application == "CQ" else ""
    return build_record(
        record_layout(application, f"{prefix}50", variant),
        disposition_date=one.at and one.at.date(),
        disposition_time=one.at,
        disposition_code=one.code,
        narrative_message=one.text,
        split_indicator="N",
    )


QUOTA = frozenset({"02", "07", "12"})
OUTCOMES = {"exam": "03", "detained": "04", "not released": "29", "review": "90", "documents": "96", "hold": "53"}
"""What CBP may decide instead of a release, and the status that tells it. 04 and 29 are of SO v36,
read in a third-party transcription only. A hold stands at the bill, the others at the entry."""

CLEARED_BY = {"exam": "05", "hold": "07", "detained": "08"}
"""Release origins after such an outcome (CQ v21 p.57); 06 after any other."""


def address_text(address: NotificationAddress) -> str:
    return json.dumps(asdict(address))


def address_of(text: str, number: str, port: str) -> NotificationAddress:
    """Where notices about a number go: as it was filed, else to its filer."""
    if text:
        return NotificationAddress(**json.loads(text))
    filer = number[:3]
    return NotificationAddress(site=port, sender=filer, port=port, filer=filer)


def note_status(book: SimulatorState, entry: EntryRow, code: str, **more: str | date | None) -> None:
    """Write down a status of an entry, or of its bill where `bill` is given."""
    texts = BILL_STATUS if more.get("bill") else ENTRY_STATUS
    book.put(
        NoticeRow(
            "SO",
            entry.number,
            code,
            texts[code],
            at=book.tick(),
            address=entry.address,
            **more,  # type: ignore[arg-type]
        )
    )


def settle_entry(book: SimulatorState, entry: EntryRow) -> None:
    """Match the bills and release what can be released. Writes the entry."""
    if entry.status == "on file":
        filing = ReleaseFiling.read(entry.filing)
        states = [_match(book, entry, filing, bill) for bill in filing.lowest]
        _decide(book, entry, states)
    book.put(entry)


def _decide(book: SimulatorState, entry: EntryRow, states: list[str]) -> None:
    posted = book.run("SELECT released, origin FROM expected WHERE number = ?", entry.number)
    if posted and posted[0]["released"]:
        day = date.fromisoformat(posted[0]["released"])
        release_entry(book, entry, day, posted[0]["origin"])
    elif entry.outcome in OUTCOMES:
        _hold_back(book, entry)
    elif entry.quota == "pending":
        if not _told(book, entry.number, "70"):
            note_status(book, entry, "70")
    elif all(state == "95" for state in states):
        arrived = _last_arrival(book, entry)
        release_entry(book, entry, book.today, "03" if arrived == book.today else "01")


def _hold_back(book: SimulatorState, entry: EntryRow) -> None:
    code = OUTCOMES[entry.outcome]
    if _told(book, entry.number, code):
        return
    if entry.outcome == "hold":
        for bill in ReleaseFiling.read(entry.filing).lowest:
            note_status(book, entry, code, bill=bill_key(bill))
    else:
        note_status(book, entry, code, document="CBP01" if entry.outcome == "documents" else "")


def release_entry(book: SimulatorState, entry: EntryRow, day: date, origin: str) -> None:
    """Status 98, with CBP's release date, which becomes the entry date (SE v40 p.43)."""
    entry.status, entry.released, entry.origin, entry.outcome = "released", day, origin, ""
    note_status(book, entry, "98", released=day, origin=origin)
    book.tell(entry.number, "released", f"{day} origin {origin}")
    book.put(entry)


def bill_key(bill: FiledBill | BillRow) -> str:
    return f"{bill.issuer}|{bill.number}"


def manifest_bill(book: SimulatorState, bill: FiledBill) -> BillRow | None:
    return book.one(BillRow, "issuer = ? AND number = ?", bill.issuer, bill.number)


def quantity_entered(filing: ReleaseFiling, bill: FiledBill) -> int:
    """The quantity entered of a bill; 0 means all of it (SE v40 p.49)."""
    return bill.quantity or sum(one.quantity for one in bill.conveyances)


def _match(book: SimulatorState, entry: EntryRow, filing: ReleaseFiling, bill: FiledBill) -> str:
    """A bill's status: told to the filer where it is new. 95 where nothing is in the way."""
    if bill.non_ams or filing.entry_type == "06":
        arrived = [one.arrived for one in bill.conveyances]
        late = [day for day in arrived if day > book.today.isoformat()]
        return "94" if late else "95"
    known = manifest_bill(book, bill)
    state = "91" if known is None else _state(known)
    if known and _over(book, known):
        state = "58"
    if _last_of_bill(book, entry.number, bill) != state:
        note_status(book, entry, state, bill=bill_key(bill))
    return state


def _state(bill: BillRow) -> str:
    if bill.hold:
        return bill.hold
    if bill.arrived:
        return "95"
    return "94" if bill.departed else "93"


def _over(book: SimulatorState, bill: BillRow) -> bool:
    rows = book.run(
        "SELECT SUM(CASE WHEN b.quantity = 0 THEN ? ELSE b.quantity END) FROM entry_bills b "
        "JOIN entries e ON e.number = b.entry WHERE b.issuer = ? AND b.bill = ? "
        "AND e.status <> 'cancelled'",
        bill.quantity,
        bill.issuer,
        bill.number,
    )
    return (rows[0][0] or 0) > bill.quantity


def _last_arrival(book: SimulatorState, entry: EntryRow) -> date | None:
    known = [manifest_bill(book, bill) for bill in ReleaseFiling.read(entry.filing).lowest]
    days = [one.arrived for one in known if one and one.arrived]
    return max(days, default=None)


def _last_of_bill(book: SimulatorState, number: str, bill: FiledBill) -> str:
    rows = book.run(
        "SELECT code FROM notices WHERE number = ? AND bill = ? ORDER BY id DESC LIMIT 1", number, bill_key(bill)
    )
    return rows[0][0] if rows else ""


def _told(book: SimulatorState, number: str, code: str) -> bool:
    sql = "SELECT 1 FROM notices WHERE number = ? AND application = 'SO' AND code = ?"
    return bool(book.run(sql, number, code))


def link_bills(book: SimulatorState, entry: EntryRow) -> None:
    """The bills that an entry stands on, for queries by bill."""
    book.run("DELETE FROM entry_bills WHERE entry = ?", entry.number)
    filing = ReleaseFiling.read(entry.filing)
    for bill in filing.bills:
        book.run(
            "INSERT OR REPLACE INTO entry_bills (issuer, bill, entry, quantity) VALUES (?, ?, ?, ?)",
            bill.issuer,
            bill.number,
            entry.number,
            quantity_entered(filing, bill),
        )


def entries_of(book: SimulatorState, issuer: str, number: str) -> list[EntryRow]:
    """Entries that stand on a bill."""
    return book.find(
        EntryRow,
        "number IN (SELECT entry FROM entry_bills WHERE issuer = ? AND bill = ?) ORDER BY number",
        issuer,
        number,
    )


def has_matched_bill(book: SimulatorState, entry: EntryRow) -> bool:
    """Whether any bill of the entry is on a manifest."""
    return any(manifest_bill(book, bill) for bill in ReleaseFiling.read(entry.filing).lowest)


def has_arrived_bill(book: SimulatorState, entry: EntryRow) -> bool:
    """Whether any bill of the entry has arrived."""
    known = [manifest_bill(book, bill) for bill in ReleaseFiling.read(entry.filing).lowest]
    return any(one and one.arrived for one in known)


def entry_key(number: str) -> dict[str, str]:
    """Filer code and number as output records want them."""
    filer, digits = wire_number(number)
    return {"entry_filer_code": filer, "entry_number": digits}
