"""C1: what ACE tells of entries, bills and in-bond movements when CQ asks (CQ v21 p.16-65).

WO10-WO72 are the status of an entry; WR1 with WR4, WSC, WR5 and WSD tell of bills; WR0, WSA and
WSB say why nothing is told. CQ 950 is no proof of absence: entries older than six months, of
another filer, or never announced through ABI are not told either (p.12, 13, 42).

Bills, air waybills and in-bond movements of C1: WR1 loops with WR4, WSC, WS4, WS5, WR5 and WSD.

CQ v21 p.24-44. A WR1 opens each loop; a bill is a WR4 (vessel, rail, truck) or a WSC (air); what
happened to it follows. A WSD names the entry or in-bond that it is about, a WR5 does not.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.agency_statuses import read_agencies
from tasks.ace.answers.answer_facts import (
    FAILED,
    NOT_FOUND,
    NOT_PERMITTED,
    NOT_PROCESSED,
    NOT_VISIBLE,
    REJECTED,
    UNKNOWN,
)
from tasks.ace.answers.column_values import Index, clock_times, entry_numbers, first_by_owner, join_texts, take_or_null
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.answers.so_parser import read_status
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.code_meanings import look_up_code

_MODES = {"1": "vessel", "2": "rail", "3": "truck"}


class BillLoops:
    """The WR1 loops of an answer: the entry that each belongs to, if the query was for one."""

    def __init__(self, reading: AnswerRecords) -> None:
        self.rows = reading.rows("WR1")
        said = reading.columns(self.rows, "carrier_code", "vessel_code_or_conveyance_name", "voyage", "date_of_arrival")
        text = reading.texts(self.rows, "district_port_of_entry")
        self.columns = said | text
        self.numbers = entry_numbers(self.rows.raw("entry_filer_code"), self.rows.raw("entry_number"))

    def of(self, reading: AnswerRecords, at: Index) -> tuple[Index, pa.Array]:
        """For deck rows: the loop they stand in, and its entry number."""
        owner = reading.owner(at, self.rows.at)
        return owner, take_or_null(self.numbers, owner)


def read_carriage(reading: AnswerRecords) -> None:
    """Adds the bills of the WR1 loops, and what happened to each."""
    carriage = BillLoops(reading)
    _bills(reading, carriage)
    _events(reading, carriage)


def _bills(reading: AnswerRecords, carriage: BillLoops) -> None:
    """WR4 (surface) and WSC (air): one row a bill, with its in-bond status."""
    rows = reading.rows("WR4")
    if len(rows):
        said = reading.columns(
            rows,
            "in_bond_number",
            "master_bill_number",
            "house_bill_number",
            "manifest_quantity",
            "unit",
            "issuer_code_of_master_bill_number",
            "issuer_code_of_house_bill_number",
            "bill_of_lading_type",
            "mode_of_transport",
        )
        mode = [_MODES.get(one or "") for one in said["mode_of_transport"].to_pylist()]
        columns = {
            "bill_type": said["bill_of_lading_type"],
            "issuer": said["issuer_code_of_master_bill_number"],
            "bill_number": said["master_bill_number"],
            "house_issuer": said["issuer_code_of_house_bill_number"],
            "house_number": said["house_bill_number"],
            "in_bond_number": said["in_bond_number"],
            "manifested": said["manifest_quantity"],
            "unit": said["unit"],
            "mode": _carriage_text(mode),
        }
        _add_bills(reading, carriage, rows, columns | _in_bond(reading, rows))
    rows = reading.rows("WSC")
    if len(rows):
        said = reading.columns(
            rows,
            "importing_carrier_code",
            "flight_number",
            "scheduled_arrival_date",
            "air_waybill_number",
            "manifest_quantity",
            "house_air_waybill_number",
            "part_indicator",
            "in_bond_status",
            "in_bond_entry_type",
        )
        columns = {
            "bill_number": said["air_waybill_number"],
            "house_number": said["house_air_waybill_number"],
            "in_bond_number": reading.texts(rows, "in_bond_number")["in_bond_number"],
            "in_bond_status": said["in_bond_status"],
            "in_bond_type": said["in_bond_entry_type"],
            "manifested": said["manifest_quantity"],
            "carrier_code": said["importing_carrier_code"],
            "voyage": said["flight_number"],
            "arrival_date": said["scheduled_arrival_date"],
            "split": pc.is_valid(said["part_indicator"]),
            "mode": _carriage_text(["air"] * len(rows)),
        }
        _add_bills(reading, carriage, rows, columns)


def _in_bond(reading: AnswerRecords, rows: RecordColumns) -> dict[str, pa.Array]:
    """In-bond status of surface bills: a WS4 before them all, or a WS5 after each (p.30, 33)."""
    made: dict[str, pa.Array] = {}
    for record in ("WS4", "WS5"):
        more = reading.rows(record)
        said = reading.columns(more, "in_bond_status", "in_bond_arrival_date", "in_bond_entry_type")
        loops = reading.rows("WR1")
        if record == "WS4":
            own = reading.owner(more.at, loops.at)
            place = reading.owner(rows.at, loops.at)
            columns = [first_by_owner(one, own, len(loops)) for one in said.values()]
            columns = [take_or_null(one, place) for one in columns]
        else:
            own = reading.owner(more.at, rows.at)
            columns = [first_by_owner(one, own, len(rows)) for one in said.values()]
        for name, column in zip(("in_bond_status", "in_bond_arrival", "in_bond_type"), columns, strict=True):
            made[name] = pc.coalesce(made[name], column) if name in made else column
    return made


def _add_bills(reading: AnswerRecords, carriage: BillLoops, rows: RecordColumns, columns: dict[str, pa.Array]) -> None:
    loop, numbers = carriage.of(reading, rows.at)
    shared = {
        "head": pa.array(np.full(len(rows), -1)),
        "entry_number": numbers,
        "carrier_code": take_or_null(carriage.columns["carrier_code"], loop),
        "voyage": take_or_null(carriage.columns["voyage"], loop),
        "arrival_date": take_or_null(carriage.columns["date_of_arrival"], loop),
        "port": take_or_null(carriage.columns["district_port_of_entry"], loop),
    }
    reading.add("bills", shared | columns, rows.at)


def _events(reading: AnswerRecords, carriage: BillLoops) -> None:
    """WR5 and WSD: what happened to the bill before them."""
    bills = np.sort(np.concatenate([reading.rows("WR4").at, reading.rows("WSC").at]))
    for record in ("WR5", "WSD"):
        rows = reading.rows(record)
        if not len(rows):
            continue
        air = record == "WSD"
        code = "disposition_code" if air else "disposition_action_code"
        said = reading.columns(rows, "disposition_action_date", code, "narrative_message")
        owner = reading.owner(rows.at, bills)
        columns = {
            "bill": pa.array(reading.heads(bills, owner)),
            "entry_number": carriage.of(reading, rows.at)[1],
            "at": clock_times(said["disposition_action_date"], rows.raw("disposition_action_time")),
            "place": _carriage_text(["air" if air else "surface"] * len(rows)),
            "code": said[code],
            "text": said["narrative_message"],
        }
        if air:
            more = reading.texts(rows, "in_bond_or_entry_number")
            columns["number"] = more["in_bond_or_entry_number"]
        else:
            more = reading.columns(rows, "release_date", "quantity")
            columns["release_date"], columns["quantity"] = more.values()
            columns["release_origin"] = reading.texts(rows, "release_origin")["release_origin"]
        reading.add("events", columns, rows.at)


def _carriage_text(values: list) -> pa.Array:
    return pa.array(values, pa.string())


_MEANINGS = {
    "not visible": NOT_VISIBLE,
    "not found": NOT_FOUND,
    "not permitted": NOT_PERMITTED,
    "system failure": FAILED,
    "batch rejected": NOT_PROCESSED,
    "query": REJECTED,
    "structure": REJECTED,
    "filer": REJECTED,
    "bill": REJECTED,
}
_ENTRY_ERROR, _BILL_ERROR, _AIR_ERROR = "WR0", "WSA", "WSB"


def read_query(reading: AnswerRecords) -> Index:
    """Adds everything that C1 tells. Returns the ranks of batches that were rejected (999)."""
    status = read_status(reading, "WO")
    read_agencies(reading, status.starts, status.numbers, "WO")
    _refused_entries(reading)
    read_carriage(reading)
    return _refused_bills(reading)


def _refused_entries(reading: AnswerRecords) -> None:
    """WR0: an entry that ACE does not tell of."""
    rows = reading.rows(_ENTRY_ERROR)
    if not len(rows):
        return
    said = reading.texts(rows, "error_message_identifier", "narrative_message")
    code, text = said["error_message_identifier"], said["narrative_message"]
    numbers = entry_numbers(rows.raw("entry_filer_code"), rows.raw("entry_number"))
    reading.add(
        "entries",
        {
            "entry_number": numbers,
            "disposition": _text([_disposition(one) for one in code.to_pylist()]),
            "code": code,
            "severity": _text([_severity(one) for one in code.to_pylist()]),
            "text": text,
            "block": pa.array(reading.block[rows.at]),
        },
        rows.at,
    )
    _condition(reading, rows, numbers, pa.array(reading.index[rows.at]), "query", said, None)


def _refused_bills(reading: AnswerRecords) -> Index:
    """WSA and WSB: a bill, air waybill or in-bond that ACE does not tell of."""
    rejected = [np.empty(0, dtype=np.int64)]
    for record in (_BILL_ERROR, _AIR_ERROR):
        rows = reading.rows(record)
        said = reading.texts(rows, "error_message_identifier", "narrative_message")
        if record == _BILL_ERROR:
            own = reading.texts(rows, "in_bond_number", "issuer_code_of_master_bill_number", "master_bill_number")
            bond, issuer, bill = own.values()
            house = pa.nulls(len(rows), pa.string())
        else:
            own = reading.texts(rows, "air_waybill_number", "house_air_waybill_number")
            bill, house = own.values()
            bond = issuer = pa.nulls(len(rows), pa.string())
        nobody = pa.array(np.full(len(rows), -1))
        reading.add(
            "bills",
            {
                "head": nobody,
                "issuer": issuer,
                "bill_number": bill,
                "house_number": house,
                "in_bond_number": bond,
                "code": said["error_message_identifier"],
                "text": said["narrative_message"],
            },
            rows.at,
        )
        name = join_texts(" ", bond, issuer, bill, house)
        _condition(reading, rows, pa.nulls(len(rows), pa.string()), nobody, "bill", said, name)
    for record in (_ENTRY_ERROR, _BILL_ERROR, _AIR_ERROR):
        rows = reading.rows(record)
        code = reading.texts(rows, "error_message_identifier")["error_message_identifier"]
        dropped = pc.fill_null(pc.equal(code, "999"), False).to_numpy(zero_copy_only=False)
        rejected.append(reading.batch[rows.at[dropped]])
    return np.unique(np.concatenate(rejected))


def _condition(
    reading: AnswerRecords,
    rows: RecordColumns,
    numbers: pa.Array,
    heads: pa.Array,
    level: str,
    said: dict[str, pa.Array],
    reference: pa.Array | None,
) -> None:
    count = len(rows)
    code = said["error_message_identifier"]
    columns = {
        "head": heads,
        "block": pa.array(reading.block[rows.at]),
        "entry_number": numbers,
        "level": _text([level] * count),
        "code": code,
        "place": _text([""] * count),
        "severity": _text([_severity(one) for one in code.to_pylist()]),
        "text": said["narrative_message"],
        "record": _text([rows.layout.record] * count),
        "final": pa.array(np.ones(count, dtype=bool)),
    }
    if reference is not None:
        columns["reference"] = reference
    reading.add("conditions", columns, rows.at)


def _disposition(code: str | None) -> str:
    return _MEANINGS.get(look_up_code("C1", code or "").meaning, UNKNOWN)


def _severity(code: str | None) -> str:
    found = look_up_code("C1", code or "")
    return found.candidates[0].severity if found.known else "F"


def _text(values: list) -> pa.Array:
    return pa.array(values, pa.string())
