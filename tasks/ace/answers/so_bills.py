"""Bills of a status message: SO40 with the SO42 and SO50 that follow it, and their WO twins."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.columns import Index, clock, is_text, taken
from tasks.ace.answers.read import Reading
from tasks.ace.answers.status import Status, add_conditions
from tasks.ace.checks.deck import Rows


def read_bills(reading: Reading, status: Status, letters: str) -> None:
    """SO40 with the SO42 and SO50 that follow it; a house bill stands on its own row."""
    rows = reading.rows(f"{letters}40")
    said = reading.columns(rows, "bill_type", "issuer_code", "bill_number", "quantity",
                           "unit_of_measure")  # fmt: skip
    manifested = reading.texts(rows, "manifested_quantity")["manifested_quantity"]
    owner = reading.owner(rows.at, status.starts)
    match = reading.rows(f"{letters}50")
    seen = reading.columns(
        match, "disposition_date", "disposition_code", "narrative_message", "split_indicator",
        "carrier_code", "date_of_arrival",
    )  # fmt: skip
    more = reading.texts(match, "district_port_of_arrival", _voyage(match))
    at = clock(seen["disposition_date"], match.raw("disposition_time"))
    place = _following(reading, rows, match, status)
    bond = reading.rows(f"{letters}42")
    moved = reading.columns(bond, "in_bond_number", "date_of_in_bond_arrival")
    kind = reading.texts(bond, "in_bond_entry_type")["in_bond_entry_type"]
    leg = _following(reading, rows, bond, status)
    reading.add(
        "bills",
        {
            "head": pa.array(reading.heads(status.starts, owner)),
            "entry_number": taken(status.numbers, owner),
            "bill_type": said["bill_type"],
            "issuer": said["issuer_code"],
            "bill_number": said["bill_number"],
            "quantity": said["quantity"],
            "unit": said["unit_of_measure"],
            "manifested": _whole(manifested),
            "in_bond_number": taken(moved["in_bond_number"], leg),
            "in_bond_type": taken(kind, leg),
            "in_bond_arrival": taken(moved["date_of_in_bond_arrival"], leg),
            "code": taken(seen["disposition_code"], place),
            "text": taken(seen["narrative_message"], place),
            "at": taken(at, place),
            "split": taken(is_text(seen["split_indicator"], "Y"), place),
            "carrier_code": taken(seen["carrier_code"], place),
            "voyage": taken(more[_voyage(match)], place),
            "arrival_date": taken(seen["date_of_arrival"], place),
            "port": taken(more["district_port_of_arrival"], place),
        },
        rows.at,
    )
    _matches(reading, status, match, seen, at, rows, said, letters)


def _matches(
    reading: Reading, status: Status, match: Rows, seen: dict[str, pa.Array], at: pa.Array,
    bills: Rows, said: dict[str, pa.Array], letters: str,
) -> None:  # fmt: skip
    """Each SO50 as a condition of the bill before it."""
    bill = reading.owner(match.at, bills.at)
    name = pc.binary_join_element_wise(
        pc.fill_null(said["issuer_code"], ""), pc.fill_null(said["bill_number"], ""), " "
    )
    add_conditions(reading, status, match, reading.owner(match.at, status.starts), {
        "level": "bill", "code": seen["disposition_code"], "place": "bill",
        "text": seen["narrative_message"], "at": at, "record": f"{letters}50",
        "reference": pc.utf8_trim_whitespace(taken(name, bill)),
    })  # fmt: skip


def _following(reading: Reading, bills: Rows, after: Rows, status: Status) -> Index:
    """For each bill the first such record after it, before a bill of another group or entry.

    A master and its house stand one after the other and share what follows them.
    """
    if not len(after):
        return np.full(len(bills), -1, dtype=np.int64)
    found = np.searchsorted(after.at, bills.at)
    near = after.at[np.minimum(found, len(after) - 1)]
    own = reading.owner(bills.at, status.starts)
    same = (found < len(after)) & (reading.owner(near, status.starts) == own)
    between = reading.owner(near, bills.at) - np.arange(len(bills))
    house = np.append(bills.matrix[1:, 4] == ord("H"), False)
    return np.where(same & ((between == 0) | ((between == 1) & house)), found, -1)


def _voyage(rows: Rows) -> str:
    return next(name for name in ("voyage", "voyage_flight_trip") if name in rows.layout.by_name)


def _whole(text: pa.Array) -> pa.Array:
    good = pc.match_substring_regex(text, r"^\s*[0-9]{1,15}\s*$")
    kept = pc.if_else(good, pc.utf8_trim_whitespace(text), pa.scalar(None, pa.string()))
    return kept.cast(pa.int64())
