"""Cargo, manifest and entry status query: CQ in, C1 out (CQ v21 p.13-65).

By entry number, and by the bill of a vessel, train or truck, or by air waybill. What was never
reported to the filer is not reported here either: an entry that an officer keyed, and of which no status
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


def answer(database: SimulatorState, origin: NotificationAddress, records: Sequence[InputRecord]) -> list[str]:
    """The C1 records of one query block."""
    return [line for record in records for line in _one(database, origin, record)]


def cargo_query_failure(records: Sequence[InputRecord]) -> list[str]:
    return [_refusal(record, "ZZZ") for record in records]


def _one(database: SimulatorState, origin: NotificationAddress, record: InputRecord) -> Iterator[str]:
    by_entry = bool(record["entry_filer_code"] or record["entry_number"])
    by_bill = bool(record["issuer_code"] or record["bill_number"])
    by_air = bool(record["air_waybill_number"])
    by_bond = bool(record["in_bond_number"])
    if by_entry + by_bill + by_air + by_bond != 1:
        yield _refusal(record, "INE")
    elif by_entry:
        yield from _entry(database, origin, record)
    elif by_bond:
        yield from _in_bond(database, record)
    else:
        yield from _bill_query(database, record)


def _refusal(record: InputRecord, code: str) -> str:
    """WR0, WSA or WSB, by what was asked for (p.22-24)."""
    message = {"error_message_identifier": code, "narrative_message": C1[code]}
    if record["air_waybill_number"]:
        numbers = ("air_waybill_number", "house_air_waybill_number")
        return build_record(record_layout("CQ", "WSB", "output"), **{n: record[n] for n in numbers}, **message)
    if record["issuer_code"] or record["bill_number"] or record["in_bond_number"]:
        return build_record(
            record_layout("CQ", "WSA", "output"),
            in_bond_number=record["in_bond_number"],
            issuer_code_of_master_bill_number=record["issuer_code"],
            master_bill_number=record["bill_number"],
            **message,
        )
    return build_record(
        record_layout("CQ", "WR0", "output"),
        entry_filer_code=record["entry_filer_code"],
        entry_number=record["entry_number"].rjust(9),
        **message,
    )


def _entry(database: SimulatorState, origin: NotificationAddress, record: InputRecord) -> Iterator[str]:
    filer, digits = record["entry_filer_code"], record["entry_number"]
    fault = "B05" if not filer else "B14" if not digits else ""
    if not fault and database.filer(filer) is None:
        fault = "B06"
    entry = None if fault else database.entry(hyphenated_number(filer, digits))
    if fault or entry is None or filer != origin.filer or not is_visible(database, entry):
        yield _refusal(record, fault or "950")
        return
    yield from _status(database, entry, _LIMITS.get(record["limit_output_option"], 0))
    if record["bill_and_entry_data_indicator"] == "Y":
        for bill in ReleaseFiling.read(entry.filing).lowest:
            manifested = manifest_bill(database, bill)
            if manifested:
                yield from _bill(database, manifested, record)


def is_visible(database: SimulatorState, entry: EntryRow) -> bool:
    """At most six months old, and filed over ABI or reported on at least once."""
    since = entry.created.date() if entry.created else database.today
    month = database.today.month - _MONTHS
    year, month = (database.today.year, month) if month > 0 else (database.today.year - 1, month + 12)
    if since < date(year, month, min(database.today.day, 28)):
        return False
    return entry.source != "officer" or bool(_issued(database, entry.number))


def _issued(database: SimulatorState, number: str) -> list[NoticeRow]:
    where = "number = ? AND application = 'SO' AND issued ORDER BY id"
    return database.find(NoticeRow, where, number)


def _status(database: SimulatorState, entry: EntryRow, limit: int) -> Iterator[str]:
    notices = _issued(database, entry.number)
    entry_notices = [notice for notice in notices if not notice.bill]
    yield from status_records(database, entry, notices, entry_notices[-limit:] if limit else entry_notices, "CQ", "WO")


def _in_bond(database: SimulatorState, record: InputRecord) -> Iterator[str]:
    bills = database.find(BillRow, "in_bond = ? ORDER BY issuer, number", record["in_bond_number"])
    if not bills:
        yield _refusal(record, "123")
    for bill in bills:
        yield from _bill(database, bill, record)


def _bill_query(database: SimulatorState, record: InputRecord) -> Iterator[str]:
    number = record["house_air_waybill_number"] or record["air_waybill_number"]
    air = bool(number)
    number = number or record["bill_number"]
    if not air and not record["issuer_code"]:
        yield _refusal(record, "176")
    elif not number:
        yield _refusal(record, "185")
    else:
        manifested = database.first(BillRow, "issuer = ? AND number = ?", record["issuer_code"], number)
        if manifested is None:
            yield _refusal(record, "122")
        else:
            yield from _bill(database, manifested, record)


def _bill(database: SimulatorState, bill: BillRow, record: InputRecord) -> Iterator[str]:
    """A bill's conveyance, quantities and dispositions; under which entry it was released."""
    yield build_record(
        record_layout("CQ", "WR1", "output"),
        carrier_code=bill.carrier,
        vessel_code_or_conveyance_name="" if bill.mode in ("30", "31") else bill.conveyance,
        voyage=bill.voyage,
        date_of_arrival=bill.arrived or bill.departed,
    )
    dispositions = _dispositions(database, bill)
    limit = _LIMITS.get(record["limit_output_option"], 0)
    dispositions = dispositions[-limit:] if limit else dispositions
    yield from _air(bill, dispositions) if bill.mode in _AIR else _surface(bill, dispositions)
    yield build_record(
        record_layout("CQ", "WN1", "output"),
        in_bond_entry_number=bill.in_bond,
        manifested_port_of_unlading_import=bill.port,
    )


Disposition = tuple[date, str, str, str, int]
"""Day, code, text, entry number, quantity."""


def _dispositions(database: SimulatorState, bill: BillRow) -> list[Disposition]:
    """1C for each release on the bill. Codes of CAMIR; the chapter prints those of air (p.38)."""
    dispositions: list[Disposition] = []
    for entry in entries_of(database, bill.issuer, bill.number):
        filing = ReleaseFiling.read(entry.filing)
        filed = [candidate for candidate in filing.bills if (candidate.issuer, candidate.number) == _key(bill)]
        quantity = (quantity_entered(filing, filed[0]) if filed else 0) or bill.quantity
        if entry.released and entry.status == "released":
            dispositions.append((entry.released, "1C", C1["1C"], entry.number, quantity))
    return sorted(dispositions)


def _key(bill: BillRow) -> tuple[str, str]:
    return bill.issuer, bill.number


def _surface(bill: BillRow, dispositions: Sequence[Disposition]) -> Iterator[str]:
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
    for count, (day, code, text, _, quantity) in enumerate(dispositions, 1):
        yield build_record(
            record_layout("CQ", "WR5", "output"),
            disposition_action_date=day,
            disposition_action_time="0800",
            disposition_action_code=code,
            narrative_message=text,
            quantity=quantity,
            sequence=count,
        )


def _air(bill: BillRow, dispositions: Sequence[Disposition]) -> Iterator[str]:
    yield build_record(
        record_layout("CQ", "WSC", "output"),
        importing_carrier_code=bill.carrier,
        flight_number=bill.voyage,
        scheduled_arrival_date=bill.arrived or bill.departed,
        air_waybill_number=bill.number,
        manifest_quantity=bill.quantity,
        wsc_record_version="1",
    )
    for day, code, text, number, _ in dispositions:
        yield build_record(
            record_layout("CQ", "WSD", "output"),
            disposition_action_date=day,
            disposition_action_time="080000",
            disposition_code=code,
            narrative_message=text,
            in_bond_or_entry_number=number.replace("-", ""),
        )
