"""The records of queries (J0, J1, J2, WR1, K) and the batch around them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from tasks.ace.file_check import check_matrix
from tasks.ace.wire.array_tools import PLACEHOLDER, PRIVATE
from tasks.ace.wire.batch_envelope import Envelope, control_records
from tasks.ace.wire.check_conditions import FileFinding
from tasks.ace.wire.codec import encode_records
from tasks.ace.wire.data_classes import BLANK_BYTE, Bytes
from tasks.ace.wire.outbound_batch import BatchBlock, OutboundBatch
from tasks.ace.wire.record_layouts import PrivateSlot, record_layout
from tasks.core.errors import BadInput, Problem
from tasks.entries.api import EntryNumber, Offsets

LONGEST = timedelta(days=31)
_PER_J1, _PER_K = 5, 6
_BILL_WIDTH, _AIR_WIDTH = 12, 11
_ALL = "2"
"""WR1 73: all notifications. Blank is said to be the last one only, 2 the default (CQ v21 p.20)."""


@dataclass(frozen=True)
class BillQuery:
    """One bill: issuer and number, or an air waybill (and its house), or an in-bond number."""

    issuer: str = ""
    bill_number: str = ""
    air_waybill: str = ""
    house_air_waybill: str = ""
    in_bond_number: str = ""

    def __str__(self) -> str:
        parts = (self.issuer, self.bill_number, self.air_waybill, self.house_air_waybill)
        return " ".join(part for part in (*parts, self.in_bond_number) if part)


@dataclass(frozen=True)
class QueryRecords:
    """Records of a query, and the private places in them (record, column, length, reference)."""

    matrix: Bytes
    private: tuple[tuple[int, int, int, str], ...] = ()


def number_records(part: Sequence[EntryNumber], image: bool) -> QueryRecords:
    """J1, five numbers to a record without a gap (EQ v26 p.18), after J0Y if images are wanted."""
    rows = -(-len(part) // _PER_J1)
    slots = [*part, *[None] * (rows * _PER_J1 - len(part))]
    columns: dict[str, pa.Array] = {}
    for column in range(_PER_J1):
        column_entries = slots[column::_PER_J1]
        columns[f"entry_filer_code_{column + 1}"] = _texts(entry.filer if entry else "" for entry in column_entries)
        columns[f"entry_number_{column + 1}"] = _texts(entry.wire[3:] if entry else "" for entry in column_entries)
    return _with_image(encode_records(record_layout("EQ", "J1"), columns), image)


def range_records(begin: datetime, end: datetime, kind: str, image: bool) -> QueryRecords:
    """One J2 for entry summaries of all kinds but reconciliation and drawback (EQ v26 p.19-22)."""
    columns = {
        "criteria_query_type_code": pa.array([kind]),
        "requested_from_date_time": pa.array([eq_time(begin)]),
        "requested_to": pa.array([eq_time(end)]),
        "entry_summaries_flag": pa.array(["Y"]),
    }
    return _with_image(encode_records(record_layout("EQ", "J2"), columns), image)


def eq_time(moment: datetime) -> str:
    """MMDDYYHHMMSS and AM or PM: midnight is 120000AM (EQ v26 p.20)."""
    meridiem = "AM" if moment.hour < 12 else "PM"
    return f"{moment:%m%d%y}{moment.hour % 12 or 12:02d}{moment:%M%S}{meridiem}"


def month_ranges(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Consecutive ranges of at most 31 days. Raises BadInput for one turned round."""
    if end <= begin:
        problem = Problem(column="range", code="range-ends-before-begin", values={"begin": str(begin), "end": str(end)})
        raise BadInput("query-range-invalid", [problem])
    second = timedelta(seconds=1)
    while begin < end:
        last = min(end, begin + LONGEST - second)
        yield begin, last
        begin = last + second


def entry_records(part: Sequence[EntryNumber], bills: bool) -> QueryRecords:
    """WR1 by entry number; the number is right-justified in nine columns (CQ v21 p.13)."""
    columns = {
        "entry_filer_code": _texts(entry.filer for entry in part),
        "entry_number": _texts(entry.wire[3:] for entry in part),
        "bill_and_entry_data_indicator": _texts("Y" if bills else "" for _ in part),
        "limit_output_option": _texts(_ALL for _ in part),
    }
    return QueryRecords(encode_records(record_layout("CQ", "WR1", "input"), columns))


def bill_records(part: Sequence[BillQuery]) -> QueryRecords:
    """WR1 by bill, with the related master or house bills of a surface bill (CQ v21 p.14-15)."""
    columns = {
        "in_bond_number": _texts(bill.in_bond_number for bill in part),
        "issuer_code": _texts(bill.issuer for bill in part),
        "bill_number": _texts(bill.bill_number for bill in part),
        "air_waybill_number": _texts(bill.air_waybill for bill in part),
        "house_air_waybill_number": _texts(bill.house_air_waybill for bill in part),
        "request_for_related_bol_indicator": _texts("Y" if bill.bill_number else "" for bill in part),
        "limit_output_option": _texts(_ALL for _ in part),
    }
    return QueryRecords(encode_records(record_layout("CQ", "WR1", "input"), columns))


def importer_records(part: Sequence[str], addresses: bool) -> QueryRecords:
    """K, six importers to a record without a gap (KI v7 p.9-10); private ones as placeholders."""
    rows = -(-len(part) // _PER_K)
    slots = [*part, *[""] * (rows * _PER_K - len(part))]
    kind = record_layout("KI", "K")
    columns: dict[str, pa.Array] = {}
    private = []
    for column in range(_PER_K):
        column_numbers = slots[column::_PER_K]
        field = kind[f"importer_number_{column + 1}"]
        sealed = [number.startswith(PRIVATE) for number in column_numbers]
        columns[field.name] = _texts(
            PLACEHOLDER if hidden else number for number, hidden in zip(column_numbers, sealed, strict=True)
        )
        columns[f"address_request_code_{column + 1}"] = _texts("1" if number else "" for number in column_numbers)
        private.extend((row, field.start, field.length, column_numbers[row]) for row in np.flatnonzero(sealed).tolist())
    matrix = encode_records(kind, columns)
    if not addresses:
        # the layout marks the first code mandatory, yet blank is one of its values (KI v7 p.10)
        for column in range(_PER_K):
            matrix[:, kind[f"address_request_code_{column + 1}"].span] = BLANK_BYTE
    return QueryRecords(matrix, tuple(sorted(private)))


def check_bills(bills: Iterable[BillQuery]) -> None:
    """Raises BadInput for questions that WR1 has no room for or does not know."""
    problems = [
        Problem(column="bill", value=str(bill), code=code, values={"most": _BILL_WIDTH})
        for bill in bills
        for code in _bill_faults(bill)
    ]
    if problems:
        raise BadInput("bills-not-queryable", problems, problems_count=len(problems))


def _bill_faults(bill: BillQuery) -> Iterable[str]:
    kinds = [bool(bill.bill_number), bool(bill.air_waybill), bool(bill.in_bond_number)]
    if sum(kinds) != 1:
        yield "bill-query-ambiguous"
    if bill.bill_number and not bill.issuer:
        yield "bill-issuer-missing"
    if len(bill.bill_number) > _BILL_WIDTH or len(bill.house_air_waybill) > _BILL_WIDTH:
        yield "bill-number-too-long"
    if bill.air_waybill and not (len(bill.air_waybill) == _AIR_WIDTH and bill.air_waybill.isdigit()):
        yield "air-waybill-invalid"
    if bill.house_air_waybill and not bill.air_waybill:
        yield "house-waybill-without-master"


def enclose_records(
    envelope: Envelope, port: str, sequence: int, names: Sequence[str], records: QueryRecords, offsets: Offsets | None
) -> OutboundBatch:
    """One batch of one block. Raises BadInput with every fault that our own check finds."""
    a, b, y, z = control_records(envelope, [sequence], [(sequence, 1, port)])
    matrix = np.concatenate([a, b, records.matrix, y, z])
    errors = [finding for finding in check_matrix(matrix, offsets=offsets).findings if finding.is_error]
    if errors:
        raise BadInput("query-not-valid", [_problem(finding) for finding in errors], errors_count=len(errors))
    slots = [PrivateSlot(row + 2, column, length, name) for row, column, length, name in records.private]
    block = BatchBlock(envelope.block_id(sequence, 1), port, tuple(names))
    return OutboundBatch.of(envelope.batch_id(sequence), sequence, [block], matrix, slots)


def _with_image(records: Bytes, image: bool) -> QueryRecords:
    if not image:
        return QueryRecords(records)
    wish = encode_records(record_layout("EQ", "J0"), {"return_detail_request_indicator": pa.array(["Y"])})
    return QueryRecords(np.concatenate([wish, records]))


def _texts(values: Iterable[str]) -> pa.Array:
    return pa.array([value or None for value in values], pa.string())


def _problem(finding: FileFinding) -> Problem:
    column = f"{finding.record} {finding.position}" if finding.position else finding.record
    return Problem(column=column, value=finding.entry, wrong=finding.text, code=finding.code)
