"""Cargo, manifest and entry status query: CQ in, C1 out (CQ v21 p.13-65).

By entry number, and by the bill of a vessel, train or truck, or by air waybill. What was never
told to the filer is not told here either: an entry that an officer keyed, and of which no status
was issued, is 950, as is one of another filer and one older than six months.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from tasks.ace.api import record_layout
from tasks.drill.ace_simulator.batches.answer_batches import NotificationAddress
from tasks.drill.ace_simulator.batches.condition_texts import C1
from tasks.drill.ace_simulator.batches.input_records import InputRecord, build_record
from tasks.drill.ace_simulator.releases.release_filing import ReleaseFiling, hyphenated_number
from tasks.drill.ace_simulator.releases.release_status import (
    entries_of,
    manifest_bill,
    quantity_entered,
    status_records,
)
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import BillRow, EntryRow, NoticeRow

_MONTHS = 6
_AIR = ("40", "41")
_LIMITS = {"": 1, "1": 5}
_MODES = {"10": "1", "11": "1", "20": "2", "21": "2", "30": "3", "31": "3"}


def answer(book: SimulatorState, origin: NotificationAddress, records: Sequence[InputRecord]) -> list[str]:
    """The C1 records of one query block."""
    return [line for record in records for line in _one(book, origin, record)]


def cargo_query_failure(records: Sequence[InputRecord]) -> list[str]:
    return [_refusal(record, "ZZZ") for record in records]


def _one(book: SimulatorState, origin: NotificationAddress, record: InputRecord) -> Iterator[str]:
    by_entry = bool(record["entry_filer_code"] or record["entry_number"])
    by_bill = bool(record["issuer_code"] or record["bill_number"])
    by_air = bool(record["air_waybill_number"])
    by_bond = bool(record["in_bond_number"])
    if by_entry + by_bill + by_air + by_bond != 1:
        yield _refusal(record, "INE")
    elif by_entry:
        yield from _entry(book, origin, record)
    elif by_bond:
        yield from _in_bond(book, record)
    else:
        yield from _bill_query(book, record)


def _refusal(record: InputRecord, code: str) -> str:
    """WR0, WSA or WSB, by what was asked for (p.22-24)."""
    told = {"error_message_identifier": code, "narrative_message": C1[code]}
    if record["air_waybill_number"]:
        numbers = ("air_waybill_number", "house_air_waybill_number")
        return build_record(record_layout("CQ", "WSB", "output"), **{n: record[n] for n in numbers}, **told)
    if record["issuer_code"] or record["bill_number"] or record["in_bond_number"]:
        return build_record(
            record_layout("CQ", "WSA", "output"),
            in_bond_number=record["in_bond_number"],
            issuer_code_of_master_bill_number=record["issuer_code"],
            master_bill_number=record["bill_number"],
            **told,
        )
    return build_record(
        record_layout("CQ", "WR0", "output"),
        entry_filer_code=record["entry_filer_code"],
        entry_number=record["entry_number"].rjust(9),
        **told,
    )


def _entry(book: SimulatorState, origin: NotificationAddress, record: InputRecord) -> Iterator[str]:
    filer, digits = record["entry_filer_code"], record["entry_number"]
    fault = "B05" if not filer else "B14" if not digits else ""
    if not fault and book.filer(filer) is None:
        fault = "B06"
    entry = None if fault else book.entry(hyphenated_number(filer, digits))
    if fault or entry is None or filer != origin.filer or not is_visible(book, entry):
        yield _refusal(record, fault or "950")
        return
    yield from _status(book, entry, _LIMITS.get(record["limit_output_option"], 0))
    if record["bill_and_entry_data_indicator"] == "Y":
        for bill in ReleaseFiling.read(entry.filing).lowest:
            known = manifest_bill(book, bill)
            if known:
                yield from _bill(book, known, record)


def is_visible(book: SimulatorState, entry: EntryRow) -> bool:
    """At most six months old, and filed over ABI or told of at least once."""
    since = entry.created.date() if entry.created else book.today
    month = book.today.month - _MONTHS
    year, month = (book.today.year, month) if month > 0 else (book.today.year - 1, month + 12)
    if since < date(year, month, min(book.today.day, 28)):
        return False
    return entry.source != "officer" or bool(_issued(book, entry.number))


def _issued(book: SimulatorState, number: str) -> list[NoticeRow]:
    where = "number = ? AND application = 'SO' AND issued ORDER BY id"
    return book.find(NoticeRow, where, number)


def _status(book: SimulatorState, entry: EntryRow, limit: int) -> Iterator[str]:
    notices = _issued(book, entry.number)
    own = [one for one in notices if not one.bill]
    yield from status_records(book, entry, notices, own[-limit:] if limit else own, "CQ", "WO")


def _in_bond(book: SimulatorState, record: InputRecord) -> Iterator[str]:
    found = book.find(BillRow, "in_bond = ? ORDER BY issuer, number", record["in_bond_number"])
    if not found:
        yield _refusal(record, "123")
    for bill in found:
        yield from _bill(book, bill, record)


def _bill_query(book: SimulatorState, record: InputRecord) -> Iterator[str]:
    number = record["house_air_waybill_number"] or record["air_waybill_number"]
    air = bool(number)
    number = number or record["bill_number"]
    if not air and not record["issuer_code"]:
        yield _refusal(record, "176")
    elif not number:
        yield _refusal(record, "185")
    else:
        known = book.one(BillRow, "issuer = ? AND number = ?", record["issuer_code"], number)
        if known is None:
            yield _refusal(record, "122")
        else:
            yield from _bill(book, known, record)


def _bill(book: SimulatorState, bill: BillRow, record: InputRecord) -> Iterator[str]:
    """A bill's conveyance, quantities and dispositions; under which entry it was released."""
    yield build_record(
        record_layout("CQ", "WR1", "output"),
        carrier_code=bill.carrier,
        vessel_code_or_conveyance_name="" if bill.mode in ("30", "31") else bill.conveyance,
        voyage=bill.voyage,
        date_of_arrival=bill.arrived or bill.departed,
    )
    done = _dispositions(book, bill)
    limit = _LIMITS.get(record["limit_output_option"], 0)
    done = done[-limit:] if limit else done
    yield from _air(bill, done) if bill.mode in _AIR else _surface(bill, done)
    yield build_record(
        record_layout("CQ", "WN1", "output"),
        in_bond_entry_number=bill.in_bond,
        manifested_port_of_unlading_import=bill.port,
    )


Disposition = tuple[date, str, str, str, int]
"""Day, code, text, entry number, quantity."""


def _dispositions(book: SimulatorState, bill: BillRow) -> list[Disposition]:
    """1C for each release on the bill. Codes of CAMIR; the chapter prints those of air (p.38)."""
    found: list[Disposition] = []
    for entry in entries_of(book, bill.issuer, bill.number):
        filing = ReleaseFiling.read(entry.filing)
        mine = [one for one in filing.bills if (one.issuer, one.number) == _key(bill)]
        quantity = (quantity_entered(filing, mine[0]) if mine else 0) or bill.quantity
        if entry.released and entry.status == "released":
            found.append((entry.released, "1C", C1["1C"], entry.number, quantity))
    return sorted(found)


def _key(bill: BillRow) -> tuple[str, str]:
    return bill.issuer, bill.number


def _surface(bill: BillRow, done: Sequence[Disposition]) -> Iterator[str]:
    yield build_record(
        record_layout("CQ", "WR4", "output"),
        in_bond_number=bill.in_bond,
        master_bill_number=bill.number,
        manifest_quantity=bill.quantity,
        unit=bill.unit,
        issuer_code_of_master_bill_number=bill.issuer,
        bill_of_lading_type="0",
        mode_of_transport=_MODES.get(bill.mode, ""),
    )
    for count, (day, code, text, _, quantity) in enumerate(done, 1):
        yield build_record(
            record_layout("CQ", "WR5", "output"),
            disposition_action_date=day,
            disposition_action_time="0800",
            disposition_action_code=code,
            narrative_message=text,
            quantity=quantity,
            sequence=count,
        )


def _air(bill: BillRow, done: Sequence[Disposition]) -> Iterator[str]:
    yield build_record(
        record_layout("CQ", "WSC", "output"),
        importing_carrier_code=bill.carrier,
        flight_number=bill.voyage,
        scheduled_arrival_date=bill.arrived or bill.departed,
        air_waybill_number=bill.number,
        manifest_quantity=bill.quantity,
        wsc_record_version="1",
    )
    for day, code, text, number, _ in done:
        yield build_record(
            record_layout("CQ", "WSD", "output"),
            disposition_action_date=day,
            disposition_action_time="080000",
            disposition_code=code,
            narrative_message=text,
            in_bond_or_entry_number=number.replace("-", ""),
        )
