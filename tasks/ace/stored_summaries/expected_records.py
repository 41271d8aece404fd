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

from tasks.ace.entry_summary.ae_header import header_parts, manifest_parts
from tasks.ace.entry_summary.ae_lines import line_parts
from tasks.ace.entry_summary.ae_references import reference_parts
from tasks.ace.entry_summary.ae_totals import total_parts
from tasks.ace.entry_summary.preparation import RELEASE_TABLES, payment_requests, route_summaries
from tasks.ace.entry_summary.summary_amounts import with_amounts
from tasks.ace.entry_summary.summary_slices import SummarySlice, drop_unused_columns, used_layout
from tasks.ace.fees.payment_plan import plan_payment
from tasks.ace.fees.payment_terms import PaymentSetup
from tasks.ace.stored_summaries.comparison_fields import COMPARED_BILLS, compared_records
from tasks.ace.stored_summaries.record_groups import ComparisonSide, RecordGroup, group_records
from tasks.ace.wire.array_tools import Keys, one_array, texts_among, to_numpy
from tasks.ace.wire.codec import column_bytes
from tasks.ace.wire.data_classes import BLANK_BYTE, Bytes
from tasks.ace.wire.entry_slices import CHILDREN, RecordPart
from tasks.ace.wire.record_layouts import RECORD_WIDTH
from tasks.ace.wire.table_columns import column_lists
from tasks.core import arrow_compute as pc
from tasks.core.errors import BadInput
from tasks.entries.api import record_schema

COMPARED_TABLES = ("entries", "bills", "conveyances", "lines", "tariffs")
"""The tables of the record that a stored summary can say anything of."""

UNUSED_COLUMNS = column_lists("not compared")
"""Columns of those tables that no record which ACE returns is made of: they need not be read."""

_RANK, _LINE, _LINES = 36, 22, 1023
_PLANNED = (("sent_payment_type", "payment_type"), ("statement_branch", "branch"))


def expected_side(
    tables: Mapping[str, pa.Table],
    numbers: pa.Array,
    sent: date,
    payment: PaymentSetup | None = None,
    entry_dates: Mapping[str, date] | None = None,
    releases: pa.Table | None = None,
    *,
    quota_one_step: bool = True,
    unenrolled: Collection[str] = (),
) -> ComparisonSide:
    """What our summaries would say, by the rank of each entry in `numbers`, all of which `tables`
    (`COMPARED_TABLES`) hold. sent, entry_dates: as in `with_amounts`; releases: what consolidating
    summaries cover (`RELEASE_TABLES`); unenrolled: as in `AceHoldings`. Without payment terms,
    payment says nothing."""
    part = _slice(tables, numbers, releases)
    entries, owed = with_amounts(part, sent, entry_dates)
    live = route_summaries(part, quota_one_step)[1]
    entries = entries.append_column("live", pa.array(live))
    if payment is not None:
        entries = _with_payment(part, entries, replace(payment, ceilings={}), unenrolled)
    ready = replace(part, entries=entries, tables={**part.tables, "lines": owed})
    parts = [
        *header_parts(ready),
        *manifest_parts(ready, ready.certified_part(np.zeros(len(ready), dtype=bool))),
        *reference_parts(ready),
        *line_parts(ready),
        *total_parts(ready),
    ]
    value = pc.fill_null(part.number("entered_value"), 0)
    return ComparisonSide(_groups(parts), to_numpy(value, np.int64))


class _LenientSlice(SummarySlice):
    """A slice whose records are made even where a value does not fit: it stays blank."""

    def records(self, record: str, columns: Mapping[str, pa.Array], ranks: Keys) -> Bytes:
        matrix = np.full((len(ranks), RECORD_WIDTH), BLANK_BYTE, dtype=np.uint8)
        for field in used_layout(record).fields:
            if field.constant:
                matrix[:, field.span] = np.frombuffer(field.constant.encode(), dtype=np.uint8)
            elif field.name in columns:
                matrix[:, field.span] = column_bytes(field, one_array(columns[field.name]))[0]
        return matrix


def _slice(tables: Mapping[str, pa.Table], numbers: pa.Array, releases: pa.Table | None) -> SummarySlice:
    empty = {name: record_schema(name).empty_table() for name in CHILDREN if name not in COMPARED_TABLES}
    used = drop_unused_columns({name: tables[name] for name in COMPARED_TABLES})
    entries = used.pop("entries")
    index = pc.index_in(numbers, value_set=one_array(entries["entry_number"]))
    covered = RELEASE_TABLES.empty_table() if releases is None else releases
    return _LenientSlice.of(entries.take(index).combine_chunks(), {**empty, **used, "releases": covered})


def _with_payment(
    part: SummarySlice, entries: pa.Table, payment: PaymentSetup, unenrolled: Collection[str]
) -> pa.Table:
    """The entries with payment type and branch; null for one that the terms leave without any."""
    requests = payment_requests(part, entries, unenrolled)
    plan = _payable_plan(requests.filter(pc.is_valid(requests["estimated_entry_date"])), payment)
    index = pc.index_in(part.plain("entry_number"), value_set=one_array(plan["entry_number"]))
    for column, name in _PLANNED:
        entries = entries.append_column(column, plan[name].take(index))
    return entries


def _payable_plan(requests: pa.Table, payment: PaymentSetup) -> pa.Table:
    """The plan of those that can be paid; the others are told of when they are to be sent."""
    try:
        return plan_payment(requests, payment)
    except BadInput as refusal:
        unpaid = {problem.subject for problem in refusal.problems}
        unpayable = texts_among(requests["entry_number"], unpaid)
        if not unpayable.any():
            raise
        return _payable_plan(requests.filter(~unpayable), payment)


def _groups(made: Iterable[RecordPart]) -> dict[str, RecordGroup]:
    """The parts by record id, in the order that the file would have."""
    groups: dict[str, list[RecordPart]] = {}
    for part in made:
        if len(part.keys):
            _unhide(part)
            groups.setdefault(part.matrix[0, :2].tobytes().decode("ascii"), []).append(part)
    compared = compared_records()
    return {record: _group(record, parts) for record, parts in groups.items() if record in compared}


def _group(record: str, parts: list[RecordPart]) -> RecordGroup:
    keys = np.concatenate([part.keys for part in parts])
    matrix = np.concatenate([part.matrix for part in parts])
    # Of several parts each is told apart by what it is, in the order of the file.
    if len(parts) == 1 and not (np.diff(keys) > 0).all():
        order = np.argsort(keys, kind="stable")
        keys, matrix = keys[order], matrix[order]
    line = (keys >> _LINE) & _LINES
    inside = record in COMPARED_BILLS or "40" <= record < "88"
    return group_records(record, matrix, keys >> _RANK, line if inside else np.zeros_like(line))


def _unhide(part: RecordPart) -> None:
    """A private number is compared by its reference, in place of what stands for it in a batch."""
    for private in part.private:
        text = np.frombuffer(private.reference.encode("ascii"), dtype=np.uint8)
        part.matrix[private.row, private.column - 1 : private.column - 1 + len(text)] = text
