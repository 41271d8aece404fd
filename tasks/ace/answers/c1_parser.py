"""C1: what ACE tells of entries, bills and in-bond movements when CQ asks (CQ v21 p.16-65).

WO10-WO72 are the status of an entry; WR1 with WR4, WSC, WR5 and WSD tell of bills; WR0, WSA and
WSB say why nothing is told. CQ 950 is no proof of absence: entries older than six months, of
another filer, or never announced through ABI are not told either (p.12, 13, 42).

Bills, air waybills and in-bond movements of C1: WR1 loops with WR4, WSC, WS4, WS5, WR5 and WSD.

CQ v21 p.24-44. A WR1 opens each loop; a bill is a WR4 (vessel, rail, truck) or a WSC (air); what
happened to it follows. A WSD names the entry or in-bond that it is about, a WR5 does not.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

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
from tasks.ace.answers.column_values import Index, clock_times, entry_numbers, first_by_owner, join_texts
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.answers.so_parser import read_status
from tasks.ace.answers.table_schemas import ColumnValues
from tasks.ace.checker.record_deck import RecordColumns
from tasks.ace.code_meanings import look_up_code
from tasks.ace.wire.array_tools import as_mask, take_or_null
from tasks.core import arrow_compute as pc

_MODES = {"1": "vessel", "2": "rail", "3": "truck"}


class BillLoops:
    """The WR1 loops of an answer: the entry that each belongs to, if the query was for one."""

    def __init__(self, reading: AnswerRecords) -> None:
        self.rows = reading.rows("WR1")
        fields = reading.columns(
            self.rows, "carrier_code", "vessel_code_or_conveyance_name", "voyage", "date_of_arrival"
        )
        text = reading.texts(self.rows, "district_port_of_entry")
        self.columns = fields | text
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
        columns = reading.named(
            rows,
            bill_type="bill_of_lading_type",
            issuer="issuer_code_of_master_bill_number",
            bill_number="master_bill_number",
            house_issuer="issuer_code_of_house_bill_number",
            house_number="house_bill_number",
            in_bond_number="in_bond_number",
            manifested="manifest_quantity",
            unit="unit",
        )
        codes = reading.columns(rows, "mode_of_transport")["mode_of_transport"]
        mode = [_MODES.get(code or "") for code in codes.to_pylist()]
        _add_bills(reading, carriage, rows, {**columns, "mode": mode, **_in_bond(reading, rows)})
    rows = reading.rows("WSC")
    if len(rows):
        columns = reading.named(
            rows,
            bill_number="air_waybill_number",
            house_number="house_air_waybill_number",
            in_bond_status="in_bond_status",
            in_bond_type="in_bond_entry_type",
            manifested="manifest_quantity",
            carrier_code="importing_carrier_code",
            voyage="flight_number",
            arrival_date="scheduled_arrival_date",
        )
        bond = reading.texts(rows, "in_bond_number")
        split = pc.is_valid(reading.texts(rows, "part_indicator")["part_indicator"])
        _add_bills(reading, carriage, rows, {**columns, **bond, "split": split, "mode": "air"})


def _in_bond(reading: AnswerRecords, rows: RecordColumns) -> dict[str, pa.Array]:
    """In-bond status of surface bills: a WS4 before them all, or a WS5 after each (p.30, 33)."""
    bond_columns: dict[str, pa.Array] = {}
    for record in ("WS4", "WS5"):
        bonds = reading.rows(record)
        fields = reading.columns(bonds, "in_bond_status", "in_bond_arrival_date", "in_bond_entry_type")
        loops = reading.rows("WR1")
        if record == "WS4":
            owner = reading.owner(bonds.at, loops.at)
            loop = reading.owner(rows.at, loops.at)
            columns = [first_by_owner(values, owner, len(loops)) for values in fields.values()]
            columns = [take_or_null(values, loop) for values in columns]
        else:
            owner = reading.owner(bonds.at, rows.at)
            columns = [first_by_owner(values, owner, len(rows)) for values in fields.values()]
        for name, column in zip(("in_bond_status", "in_bond_arrival", "in_bond_type"), columns, strict=True):
            bond_columns[name] = pc.coalesce(bond_columns[name], column) if name in bond_columns else column
    return bond_columns


def _add_bills(
    reading: AnswerRecords, carriage: BillLoops, rows: RecordColumns, columns: Mapping[str, ColumnValues]
) -> None:
    loop, numbers = carriage.of(reading, rows.at)
    shared = {
        "head": -1,
        "entry_number": numbers,
        "carrier_code": take_or_null(carriage.columns["carrier_code"], loop),
        "voyage": take_or_null(carriage.columns["voyage"], loop),
        "arrival_date": take_or_null(carriage.columns["date_of_arrival"], loop),
        "port": take_or_null(carriage.columns["district_port_of_entry"], loop),
    }
    reading.add("bills", {**shared, **columns}, rows.at)


def _events(reading: AnswerRecords, carriage: BillLoops) -> None:
    """WR5 and WSD: what happened to the bill before them."""
    bills = np.sort(np.concatenate([reading.rows("WR4").at, reading.rows("WSC").at]))
    for record in ("WR5", "WSD"):
        rows = reading.rows(record)
        if not len(rows):
            continue
        air = record == "WSD"
        code = "disposition_code" if air else "disposition_action_code"
        fields = reading.columns(rows, "disposition_action_date", code, "narrative_message")
        owner = reading.owner(rows.at, bills)
        columns = {
            "bill": reading.heads(bills, owner),
            "entry_number": carriage.of(reading, rows.at)[1],
            "at": clock_times(fields["disposition_action_date"], rows.raw("disposition_action_time")),
            "place": "air" if air else "surface",
            "code": fields[code],
            "text": fields["narrative_message"],
        }
        if air:
            extra = reading.texts(rows, "in_bond_or_entry_number")
            columns["number"] = extra["in_bond_or_entry_number"]
        else:
            extra = reading.columns(rows, "release_date", "quantity")
            columns["release_date"], columns["quantity"] = extra.values()
            columns["release_origin"] = reading.texts(rows, "release_origin")["release_origin"]
        reading.add("events", columns, rows.at)


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
    texts = reading.texts(rows, "error_message_identifier", "narrative_message")
    code, text = texts["error_message_identifier"], texts["narrative_message"]
    numbers = entry_numbers(rows.raw("entry_filer_code"), rows.raw("entry_number"))
    reading.add(
        "entries",
        {
            "entry_number": numbers,
            "disposition": [_disposition(value) for value in code.to_pylist()],
            "code": code,
            "severity": [look_up_code("C1", value or "").severity("F") for value in code.to_pylist()],
            "text": text,
        },
        rows.at,
    )
    _condition(reading, rows, numbers, pa.array(reading.index[rows.at]), "query", texts, None)


def _refused_bills(reading: AnswerRecords) -> Index:
    """WSA and WSB: a bill, air waybill or in-bond that ACE does not tell of."""
    rejected = [np.empty(0, dtype=np.int64)]
    for record in (_BILL_ERROR, _AIR_ERROR):
        rows = reading.rows(record)
        texts = reading.texts(rows, "error_message_identifier", "narrative_message")
        if record == _BILL_ERROR:
            identifiers = reading.texts(
                rows, "in_bond_number", "issuer_code_of_master_bill_number", "master_bill_number"
            )
            bond, issuer, bill = identifiers.values()
            house_bill = pa.nulls(len(rows), pa.string())
        else:
            identifiers = reading.texts(rows, "air_waybill_number", "house_air_waybill_number")
            bill, house_bill = identifiers.values()
            bond = issuer = pa.nulls(len(rows), pa.string())
        nobody = pa.array(np.full(len(rows), -1))
        reading.add(
            "bills",
            {
                "head": nobody,
                "issuer": issuer,
                "bill_number": bill,
                "house_number": house_bill,
                "in_bond_number": bond,
                "code": texts["error_message_identifier"],
                "text": texts["narrative_message"],
            },
            rows.at,
        )
        name = join_texts(" ", bond, issuer, bill, house_bill)
        _condition(reading, rows, pa.nulls(len(rows), pa.string()), nobody, "bill", texts, name)
    for record in (_ENTRY_ERROR, _BILL_ERROR, _AIR_ERROR):
        rows = reading.rows(record)
        code = reading.texts(rows, "error_message_identifier")["error_message_identifier"]
        dropped = as_mask(pc.equal(code, "999"))
        rejected.append(reading.batch[rows.at[dropped]])
    return np.unique(np.concatenate(rejected))


def _condition(
    reading: AnswerRecords,
    rows: RecordColumns,
    numbers: pa.Array,
    heads: pa.Array,
    level: str,
    texts: dict[str, pa.Array],
    reference: pa.Array | None,
) -> None:
    len(rows)
    code = texts["error_message_identifier"]
    columns = {
        "head": heads,
        "entry_number": numbers,
        "level": level,
        "code": code,
        "place": "",
        "severity": [look_up_code("C1", value or "").severity("F") for value in code.to_pylist()],
        "text": texts["narrative_message"],
        "record": rows.layout.record,
        "final": True,
    }
    if reference is not None:
        columns["reference"] = reference
    reading.add("conditions", columns, rows.at)


def _disposition(code: str | None) -> str:
    return _MEANINGS.get(look_up_code("C1", code or "").meaning, UNKNOWN)
