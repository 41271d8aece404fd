"""Bills, air waybills and in-bond movements of C1: WR1 loops with WR4, WSC, WS4, WS5, WR5 and WSD.

CQ v21 p.24-44. A WR1 opens each loop; a bill is a WR4 (vessel, rail, truck) or a WSC (air); what
happened to it follows. A WSD names the entry or in-bond that it is about, a WR5 does not.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.columns import Index, clock, entry_numbers, placed, taken
from tasks.ace.answers.read import Reading
from tasks.ace.checks.deck import Rows

_MODES = {"1": "vessel", "2": "rail", "3": "truck"}


class Carriage:
    """The WR1 loops of an answer: the entry that each belongs to, if the query was for one."""

    def __init__(self, reading: Reading) -> None:
        self.rows = reading.rows("WR1")
        said = reading.columns(
            self.rows, "carrier_code", "vessel_code_or_conveyance_name", "voyage",
            "date_of_arrival",
        )  # fmt: skip
        text = reading.texts(self.rows, "district_port_of_entry")
        self.columns = said | text
        self.numbers = entry_numbers(
            self.rows.raw("entry_filer_code"), self.rows.raw("entry_number")
        )

    def of(self, reading: Reading, at: Index) -> tuple[Index, pa.Array]:
        """For deck rows: the loop they stand in, and its entry number."""
        owner = reading.owner(at, self.rows.at)
        return owner, taken(self.numbers, owner)


def read_carriage(reading: Reading) -> None:
    """Adds the bills of the WR1 loops, and what happened to each."""
    carriage = Carriage(reading)
    _bills(reading, carriage)
    _events(reading, carriage)


def _bills(reading: Reading, carriage: Carriage) -> None:
    """WR4 (surface) and WSC (air): one row a bill, with its in-bond status."""
    rows = reading.rows("WR4")
    if len(rows):
        said = reading.columns(
            rows, "in_bond_number", "master_bill_number", "house_bill_number", "manifest_quantity",
            "unit", "issuer_code_of_master_bill_number", "issuer_code_of_house_bill_number",
            "bill_of_lading_type", "mode_of_transport",
        )  # fmt: skip
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
            "mode": _text(mode),
        }
        _add_bills(reading, carriage, rows, columns | _in_bond(reading, rows))
    rows = reading.rows("WSC")
    if len(rows):
        said = reading.columns(
            rows, "importing_carrier_code", "flight_number", "scheduled_arrival_date",
            "air_waybill_number", "manifest_quantity", "house_air_waybill_number",
            "part_indicator", "in_bond_status", "in_bond_entry_type",
        )  # fmt: skip
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
            "mode": _text(["air"] * len(rows)),
        }
        _add_bills(reading, carriage, rows, columns)


def _in_bond(reading: Reading, rows: Rows) -> dict[str, pa.Array]:
    """In-bond status of surface bills: a WS4 before them all, or a WS5 after each (p.30, 33)."""
    made: dict[str, pa.Array] = {}
    for record in ("WS4", "WS5"):
        more = reading.rows(record)
        said = reading.columns(more, "in_bond_status", "in_bond_arrival_date", "in_bond_entry_type")
        loops = reading.rows("WR1")
        if record == "WS4":
            own = reading.owner(more.at, loops.at)
            place = reading.owner(rows.at, loops.at)
            columns = [placed(one, own, len(loops)) for one in said.values()]
            columns = [taken(one, place) for one in columns]
        else:
            own = reading.owner(more.at, rows.at)
            columns = [placed(one, own, len(rows)) for one in said.values()]
        for name, column in zip(
            ("in_bond_status", "in_bond_arrival", "in_bond_type"), columns, strict=True
        ):
            made[name] = pc.coalesce(made[name], column) if name in made else column
    return made


def _add_bills(
    reading: Reading, carriage: Carriage, rows: Rows, columns: dict[str, pa.Array]
) -> None:
    loop, numbers = carriage.of(reading, rows.at)
    shared = {
        "head": pa.array(np.full(len(rows), -1)),
        "entry_number": numbers,
        "carrier_code": taken(carriage.columns["carrier_code"], loop),
        "voyage": taken(carriage.columns["voyage"], loop),
        "arrival_date": taken(carriage.columns["date_of_arrival"], loop),
        "port": taken(carriage.columns["district_port_of_entry"], loop),
    }
    reading.add("bills", shared | columns, rows.at)


def _events(reading: Reading, carriage: Carriage) -> None:
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
            "at": clock(said["disposition_action_date"], rows.raw("disposition_action_time")),
            "place": _text(["air" if air else "surface"] * len(rows)),
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


def _text(values: list) -> pa.Array:
    return pa.array(values, pa.string())
