"""What our AE would say of entries, by record: made by the writer itself, not computed twice.

The same functions make the records as for a batch that is sent; what cannot be written stays blank
instead of stopping everything, since nothing is sent. Cargo and agency records are left out: ACE
returns none (EQ v26 p.15, 23).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.layout import WIDTH
from tasks.ace.money.payment import Payment
from tasks.ace.money.payment_plan import plan_payment
from tasks.ace.summary.compared import BILLS, records
from tasks.ace.summary.groups import Group, Said, grouped
from tasks.ace.summary.header import header
from tasks.ace.summary.lines import lines
from tasks.ace.summary.manifest import manifest
from tasks.ace.summary.prepare import RELEASES, asked
from tasks.ace.summary.references import references
from tasks.ace.summary.route import routed
from tasks.ace.summary.slice import SummarySlice, trimmed, used_layout
from tasks.ace.summary.totals import totals
from tasks.ace.summary.values import with_amounts
from tasks.ace.wire.classes import SPACE, Bytes
from tasks.ace.wire.columns import column_bytes
from tasks.ace.wire.slices import CHILDREN, Part
from tasks.ace.wire.vectors import Keys, numpy, truths
from tasks.entries.record import schema
from tasks.shared.errors import BadInput

TABLES = ("entries", "bills", "conveyances", "lines", "tariffs")
"""The tables of the record that a stored summary can say anything of."""

UNUSED: Mapping[str, tuple[str, ...]] = {
    "entries": ("desk", "importer_type", "importer_name", "importer_address", "carrier_name",
                "trip_number", "exam_site", "split_release", "express_consignment", "perishable",
                "rail_reference", "contact_name", "contact_phone", "paper_outcome", "release_time",
                "officer", "stamped_copy", "cleared_under", "remarks", "driver_name",
                "driver_birth_date", "driver_licence", "vehicle_plate", "summary_remarks"),
    "lines": ("description",),
}  # fmt: skip
"""Columns of those tables that no record which ACE returns is made of: they need not be read."""

_RANK, _LINE, _LINES = 36, 22, 1023
_PLANNED = (("sent_payment_type", "payment_type"), ("statement_branch", "branch"))


def declared(
    tables: Mapping[str, pa.Table],
    numbers: pa.Array,
    sent: date,
    payment: Payment | None = None,
    entry_dates: Mapping[str, date] | None = None,
    releases: pa.Table | None = None,
    *,
    quota_one_step: bool = True,
    unenrolled: Collection[str] = (),
) -> Said:
    """What our summaries would say, by the rank of each entry in `numbers`, all of which `tables`
    (`TABLES`) hold. sent, entry_dates: as in `values.with_amounts`; releases: what consolidating
    summaries cover (`prepare.RELEASES`); unenrolled: as in `prepare.Known`. Without payment terms,
    payment says nothing."""
    part = _slice(tables, numbers, releases)
    entries, owed = with_amounts(part, sent, entry_dates)
    live = routed(part, quota_one_step)[1]
    entries = entries.append_column("live", pa.array(live))
    if payment is not None:
        entries = _paid(part, entries, replace(payment, ceilings={}), unenrolled)
    ready = replace(part, entries=entries, tables={**part.tables, "lines": owed})
    made = [
        *header(ready),
        *manifest(ready, ready.certified_part(np.zeros(len(ready), dtype=bool))),
        *references(ready),
        *lines(ready),
        *totals(ready),
    ]
    value = pc.fill_null(part.number("entered_value"), 0)
    return Said(_groups(made), numpy(value, np.int64))


class _Slice(SummarySlice):
    """A slice whose records are made even where a value does not fit: it stays blank."""

    def records(self, record: str, columns: Mapping[str, pa.Array], ranks: Keys) -> Bytes:
        matrix = np.full((len(ranks), WIDTH), SPACE, dtype=np.uint8)
        for field in used_layout(record).fields:
            if field.constant:
                matrix[:, field.span] = np.frombuffer(field.constant.encode(), dtype=np.uint8)
            elif field.name in columns:
                matrix[:, field.span] = column_bytes(field, _flat(columns[field.name]))[0]
        return matrix


def _slice(
    tables: Mapping[str, pa.Table], numbers: pa.Array, releases: pa.Table | None
) -> SummarySlice:
    empty = {name: schema(name).empty_table() for name in CHILDREN if name not in TABLES}
    held = trimmed({name: tables[name] for name in TABLES})
    entries = held.pop("entries")
    place = pc.index_in(numbers, value_set=_flat(entries["entry_number"]))
    covered = RELEASES.empty_table() if releases is None else releases
    return _Slice.of(entries.take(place).combine_chunks(), {**empty, **held, "releases": covered})


def _paid(
    part: SummarySlice, entries: pa.Table, payment: Payment, unenrolled: Collection[str]
) -> pa.Table:
    """The entries with payment type and branch; null for one that the terms leave without any."""
    wanted = asked(part, entries, unenrolled)
    plan = _planned(wanted.filter(pc.is_valid(wanted["estimated_entry_date"])), payment)
    place = pc.index_in(part.plain("entry_number"), value_set=_flat(plan["entry_number"]))
    for column, name in _PLANNED:
        entries = entries.append_column(column, plan[name].take(place))
    return entries


def _planned(wanted: pa.Table, payment: Payment) -> pa.Table:
    """The plan of those that can be paid; the others are told of when they are to be sent."""
    try:
        return plan_payment(wanted, payment)
    except BadInput as wrong:
        unpaid = {problem.subject for problem in wrong.problems}
        left = truths(pc.is_in(wanted["entry_number"], value_set=pa.array(unpaid, pa.string())))
        if not left.any():
            raise
        return _planned(wanted.filter(pa.array(~left)), payment)


def _groups(made: Iterable[Part]) -> dict[str, Group]:
    """The parts by record id, in the order that the file would have."""
    found: dict[str, list[Part]] = {}
    for part in made:
        if len(part.keys):
            _unhide(part)
            found.setdefault(part.matrix[0, :2].tobytes().decode("ascii"), []).append(part)
    wanted = records()
    return {record: _group(record, parts) for record, parts in found.items() if record in wanted}


def _group(record: str, parts: list[Part]) -> Group:
    keys = np.concatenate([part.keys for part in parts])
    matrix = np.concatenate([part.matrix for part in parts])
    # Of several parts each is told apart by what it is, in the order of the file.
    if len(parts) == 1 and not (np.diff(keys) > 0).all():
        order = np.argsort(keys, kind="stable")
        keys, matrix = keys[order], matrix[order]
    line = (keys >> _LINE) & _LINES
    inside = record in BILLS or "40" <= record < "88"
    return grouped(record, matrix, keys >> _RANK, line if inside else np.zeros_like(line))


def _unhide(part: Part) -> None:
    """A private number is compared by its reference, in place of what stands for it in a batch."""
    for item in part.private:
        text = np.frombuffer(item.reference.encode("ascii"), dtype=np.uint8)
        part.matrix[item.row, item.column - 1 : item.column - 1 + len(text)] = text


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
