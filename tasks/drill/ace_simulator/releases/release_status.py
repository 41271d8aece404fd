"""Cargo release status: bills matched, goods released or not, and what is reported of it.

Codes and texts of bill and entry level: CQ v21 p.54-57. A status is written down when it comes
about, and is visible to the filer only once it was issued (CQ v21 p.13, 42).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date

from tasks.ace.api import RecordLayout, record_layout
from tasks.drill.ace_simulator.batches.answer_batches import NotificationAddress
from tasks.drill.ace_simulator.batches.condition_texts import BILL_STATUS, ENTRY_STATUS
from tasks.drill.ace_simulator.batches.input_records import build_record
from tasks.drill.ace_simulator.releases.release_filing import FiledBill, ReleaseFiling, wire_number
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import BillRow, EntryRow, NoticeRow


def status_records(
    database: SimulatorState,
    entry: EntryRow,
    notices: Sequence[NoticeRow],
    entry_notices: Sequence[NoticeRow],
    application: str,
    prefix: str,
) -> Iterator[str]:
    """An entry's status as SO records, or as the WO records that mimic them (p.46-64).

    `notices`: of the bills, all of them; `own`: those of the entry level to report.
    """
    filing = ReleaseFiling.read(entry.filing)

    def record(kind: str, **values: str | int | date | None) -> str:
        return build_record(_layout(application, prefix, kind), **values)

    yield _header(database, entry, filing, application, prefix)
    for qualifier, value in [*filing.references, *_reasons(entry_notices)]:
        if qualifier in ("CR", "RRN", "RSN", "CMT"):
            yield record("20", qualifier=qualifier, reference=value)
    for line in filing.lines:
        for hts in line.tariffs:
            yield record("30", line=line.line, country_of_origin=line.origin, hts_number=hts)
    for bill in filing.bills:
        if bill.kind == "I":
            continue
        yield _bill_line(database, filing, bill, application, prefix)
        for notice in notices:
            if notice.bill == bill_key(bill):
                yield _bill_state(database, notice, bill, application, prefix)
    for notice in entry_notices:
        yield record(
            "60",
            disposition_action_date=notice.at and notice.at.date(),
            disposition_action_time=notice.at,
            disposition_action_code=notice.code,
            narrative_message=notice.text,
            release_date=notice.released,
            release_origin_code=notice.origin,
            document_type=notice.document,
        )


def _layout(application: str, prefix: str, kind: str) -> RecordLayout:
    return record_layout(application, f"{prefix}{kind}", "output" if application == "CQ" else "")


def _reasons(entry_notices: Sequence[NoticeRow]) -> list[tuple[str, str]]:
    """Why a request was refused (p.48-49)."""
    return [("RSN" if notice.extra.isdigit() else "CMT", notice.extra) for notice in entry_notices if notice.extra]


def _header(database: SimulatorState, entry: EntryRow, filing: ReleaseFiling, application: str, prefix: str) -> str:
    manifested = [manifest_bill(database, bill) for bill in filing.lowest]
    bill = next((filed for filed in manifested if filed), None) or BillRow("", "")
    conveyances = [conveyance for filed in filing.bills for conveyance in filed.conveyances]
    conveyance = conveyances[0] if conveyances else None
    arrival = bill.arrived or (date.fromisoformat(conveyance.arrived) if conveyance and conveyance.arrived else None)
    voyage = "voyage" if application == "CQ" else "voyage_flight_trip"
    values: dict[str, str | date | None] = {
        **entry_key(entry.number),
        "district_port_of_entry": entry.port,
        "entry_type_code": entry.entry_type,
        "importer_of_record_number": entry.importer,
        "carrier_code": bill.carrier or (conveyance.carrier if conveyance else ""),
        "vessel_name": filing.conveyance or bill.conveyance,
        voyage: filing.voyage or bill.voyage or (conveyance.voyage if conveyance else ""),
        "estimated_date_of_arrival": arrival,
        "split_release": filing.split,
    }
    return build_record(_layout(application, prefix, "10"), **values)


def _bill_line(database: SimulatorState, filing: ReleaseFiling, bill: FiledBill, application: str, prefix: str) -> str:
    manifested = manifest_bill(database, bill)
    return build_record(
        _layout(application, prefix, "40"),
        bill_type=bill.kind,
        issuer_code=bill.issuer,
        bill_number=bill.number,
        quantity=quantity_entered(filing, bill) or (manifested.quantity if manifested else None),
        unit_of_measure=manifested.unit if manifested else "",
        manifested_quantity=f"{manifested.quantity:08d}" if manifested else "",
    )


def _bill_state(database: SimulatorState, notice: NoticeRow, bill: FiledBill, application: str, prefix: str) -> str:
    return build_record(
        _layout(application, prefix, "50"),
        disposition_date=notice.at and notice.at.date(),
        disposition_time=notice.at,
        disposition_code=notice.code,
        narrative_message=notice.text,
        split_indicator="N",
    )


QUOTA = frozenset({"02", "07", "12"})
OUTCOMES = {"exam": "03", "detained": "04", "not released": "29", "review": "90", "documents": "96", "hold": "53"}
"""What CBP may decide instead of a release, and the status that reports it. 04 and 29 are of SO v36,
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


def note_status(database: SimulatorState, entry: EntryRow, code: str, **details: str | date | None) -> None:
    """Write down a status of an entry, or of its bill where `bill` is given."""
    texts = BILL_STATUS if details.get("bill") else ENTRY_STATUS
    database.put(
        NoticeRow(
            "SO",
            entry.number,
            code,
            texts[code],
            at=database.tick(),
            address=entry.address,
            **details,  # type: ignore[arg-type]
        )
    )


def settle_entry(database: SimulatorState, entry: EntryRow) -> None:
    """Match the bills and release what can be released. Writes the entry."""
    if entry.status == "on file":
        filing = ReleaseFiling.read(entry.filing)
        states = [_match(database, entry, filing, bill) for bill in filing.lowest]
        _decide(database, entry, states)
    database.put(entry)


def _decide(database: SimulatorState, entry: EntryRow, states: list[str]) -> None:
    posted = database.run("SELECT released, origin FROM expected WHERE number = ?", entry.number)
    if posted and posted[0]["released"]:
        day = date.fromisoformat(posted[0]["released"])
        release_entry(database, entry, day, posted[0]["origin"])
    elif entry.outcome in OUTCOMES:
        _hold_back(database, entry)
    elif entry.quota == "pending":
        if not _told(database, entry.number, "70"):
            note_status(database, entry, "70")
    elif all(state == "95" for state in states):
        arrived = _last_arrival(database, entry)
        release_entry(database, entry, database.today, "03" if arrived == database.today else "01")


def _hold_back(database: SimulatorState, entry: EntryRow) -> None:
    code = OUTCOMES[entry.outcome]
    if _told(database, entry.number, code):
        return
    if entry.outcome == "hold":
        for bill in ReleaseFiling.read(entry.filing).lowest:
            note_status(database, entry, code, bill=bill_key(bill))
    else:
        note_status(database, entry, code, document="CBP01" if entry.outcome == "documents" else "")


def release_entry(database: SimulatorState, entry: EntryRow, day: date, origin: str) -> None:
    """Status 98, with CBP's release date, which becomes the entry date (SE v40 p.43)."""
    entry.status, entry.released, entry.origin, entry.outcome = "released", day, origin, ""
    note_status(database, entry, "98", released=day, origin=origin)
    database.add_event(entry.number, "released", f"{day} origin {origin}")
    database.put(entry)


def bill_key(bill: FiledBill | BillRow) -> str:
    return f"{bill.issuer}|{bill.number}"


def manifest_bill(database: SimulatorState, bill: FiledBill) -> BillRow | None:
    return database.first(BillRow, "issuer = ? AND number = ?", bill.issuer, bill.number)


def quantity_entered(filing: ReleaseFiling, bill: FiledBill) -> int:
    """The quantity entered of a bill; 0 means all of it (SE v40 p.49)."""
    return bill.quantity or sum(conveyance.quantity for conveyance in bill.conveyances)


def _match(database: SimulatorState, entry: EntryRow, filing: ReleaseFiling, bill: FiledBill) -> str:
    """A bill's status: reported to the filer where it is new. 95 where nothing is in the way."""
    if bill.non_ams or filing.entry_type == "06":
        arrived = [conveyance.arrived for conveyance in bill.conveyances]
        pending = [day for day in arrived if day > database.today.isoformat()]
        return "94" if pending else "95"
    manifested = manifest_bill(database, bill)
    state = "91" if manifested is None else _state(manifested)
    if manifested and _over(database, manifested):
        state = "58"
    if _last_of_bill(database, entry.number, bill) != state:
        note_status(database, entry, state, bill=bill_key(bill))
    return state


def _state(bill: BillRow) -> str:
    if bill.hold:
        return bill.hold
    if bill.arrived:
        return "95"
    return "94" if bill.departed else "93"


def _over(database: SimulatorState, bill: BillRow) -> bool:
    rows = database.run(
        "SELECT SUM(CASE WHEN b.quantity = 0 THEN ? ELSE b.quantity END) FROM entry_bills b "
        "JOIN entries e ON e.number = b.entry WHERE b.issuer = ? AND b.bill = ? "
        "AND e.status <> 'cancelled'",
        bill.quantity,
        bill.issuer,
        bill.number,
    )
    return (rows[0][0] or 0) > bill.quantity


def _last_arrival(database: SimulatorState, entry: EntryRow) -> date | None:
    manifested = [manifest_bill(database, bill) for bill in ReleaseFiling.read(entry.filing).lowest]
    days = [match.arrived for match in manifested if match and match.arrived]
    return max(days, default=None)


def _last_of_bill(database: SimulatorState, number: str, bill: FiledBill) -> str:
    rows = database.run(
        "SELECT code FROM notices WHERE number = ? AND bill = ? ORDER BY id DESC LIMIT 1", number, bill_key(bill)
    )
    return rows[0][0] if rows else ""


def _told(database: SimulatorState, number: str, code: str) -> bool:
    sql = "SELECT 1 FROM notices WHERE number = ? AND application = 'SO' AND code = ?"
    return bool(database.run(sql, number, code))


def link_bills(database: SimulatorState, entry: EntryRow) -> None:
    """The bills that an entry stands on, for queries by bill."""
    database.run("DELETE FROM entry_bills WHERE entry = ?", entry.number)
    filing = ReleaseFiling.read(entry.filing)
    for bill in filing.bills:
        database.run(
            "INSERT OR REPLACE INTO entry_bills (issuer, bill, entry, quantity) VALUES (?, ?, ?, ?)",
            bill.issuer,
            bill.number,
            entry.number,
            quantity_entered(filing, bill),
        )


def entries_of(database: SimulatorState, issuer: str, number: str) -> list[EntryRow]:
    """Entries that stand on a bill."""
    return database.find(
        EntryRow,
        "number IN (SELECT entry FROM entry_bills WHERE issuer = ? AND bill = ?) ORDER BY number",
        issuer,
        number,
    )


def has_matched_bill(database: SimulatorState, entry: EntryRow) -> bool:
    """Whether any bill of the entry is on a manifest."""
    return any(manifest_bill(database, bill) for bill in ReleaseFiling.read(entry.filing).lowest)


def has_arrived_bill(database: SimulatorState, entry: EntryRow) -> bool:
    """Whether any bill of the entry has arrived."""
    manifested = [manifest_bill(database, bill) for bill in ReleaseFiling.read(entry.filing).lowest]
    return any(match and match.arrived for match in manifested)


def entry_key(number: str) -> dict[str, str]:
    """Filer code and number as output records want them."""
    filer, digits = wire_number(number)
    return {"entry_filer_code": filer, "entry_number": digits}
