"""C1: what ACE tells of entries, bills and in-bond movements when CQ asks (CQ v21 p.16-65).

WO10-WO72 are the status of an entry; WR1 with WR4, WSC, WR5 and WSD tell of bills; WR0, WSA and
WSB say why nothing is told. CQ 950 is no proof of absence: entries older than six months, of
another filer, or never announced through ABI are not told either (p.12, 13, 42).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.agencies import read_agencies
from tasks.ace.answers.carriage import read_carriage
from tasks.ace.answers.columns import Index, entry_numbers, joined
from tasks.ace.answers.read import Reading
from tasks.ace.answers.shape import (
    FAILED,
    NOT_FOUND,
    NOT_PERMITTED,
    NOT_PROCESSED,
    NOT_VISIBLE,
    REJECTED,
    UNKNOWN,
)
from tasks.ace.answers.so import read_status
from tasks.ace.checks.deck import Rows
from tasks.ace.condition_codes import look_up

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


def read_query(reading: Reading) -> Index:
    """Adds everything that C1 tells. Returns the ranks of batches that were rejected (999)."""
    status = read_status(reading, "WO")
    read_agencies(reading, status.starts, status.numbers, "WO")
    _refused_entries(reading)
    read_carriage(reading)
    return _refused_bills(reading)


def _refused_entries(reading: Reading) -> None:
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


def _refused_bills(reading: Reading) -> Index:
    """WSA and WSB: a bill, air waybill or in-bond that ACE does not tell of."""
    rejected = [np.empty(0, dtype=np.int64)]
    for record in (_BILL_ERROR, _AIR_ERROR):
        rows = reading.rows(record)
        said = reading.texts(rows, "error_message_identifier", "narrative_message")
        if record == _BILL_ERROR:
            own = reading.texts(rows, "in_bond_number", "issuer_code_of_master_bill_number",
                                "master_bill_number")  # fmt: skip
            bond, issuer, bill = own.values()
            house = pa.nulls(len(rows), pa.string())
        else:
            own = reading.texts(rows, "air_waybill_number", "house_air_waybill_number")
            bill, house = own.values()
            bond = issuer = pa.nulls(len(rows), pa.string())
        nobody = pa.array(np.full(len(rows), -1))
        reading.add("bills", {
            "head": nobody, "issuer": issuer, "bill_number": bill, "house_number": house,
            "in_bond_number": bond, "code": said["error_message_identifier"],
            "text": said["narrative_message"],
        }, rows.at)  # fmt: skip
        name = joined(" ", bond, issuer, bill, house)
        _condition(reading, rows, pa.nulls(len(rows), pa.string()), nobody, "bill", said, name)
    for record in (_ENTRY_ERROR, _BILL_ERROR, _AIR_ERROR):
        rows = reading.rows(record)
        code = reading.texts(rows, "error_message_identifier")["error_message_identifier"]
        dropped = pc.fill_null(pc.equal(code, "999"), False).to_numpy(zero_copy_only=False)
        rejected.append(reading.batch[rows.at[dropped]])
    return np.unique(np.concatenate(rejected))


def _condition(
    reading: Reading, rows: Rows, numbers: pa.Array, heads: pa.Array, level: str,
    said: dict[str, pa.Array], reference: pa.Array | None,
) -> None:  # fmt: skip
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
    return _MEANINGS.get(look_up("C1", code or "").meaning, UNKNOWN)


def _severity(code: str | None) -> str:
    found = look_up("C1", code or "")
    return found.candidates[0].severity if found.known else "F"


def _text(values: list) -> pa.Array:
    return pa.array(values, pa.string())
