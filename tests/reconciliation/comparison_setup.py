"""Summaries as we would declare them, as ACE stored them, and ways to change what it stored."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from tasks.ace.answers.answer_parser import read_answers
from tasks.ace.entry_summary.preparation import covered_releases
from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.ace.fees.payment_terms import PaymentSetup
from tasks.ace.stored_summaries.comparison_fields import ComparedField
from tasks.ace.stored_summaries.expected_records import COMPARED_TABLES, expected_side
from tasks.ace.stored_summaries.record_groups import ComparisonSide
from tasks.ace.wire.record_layouts import RECORD_WIDTH, record_layout
from tasks.entries.record.entry_record import EntryRecord
from tasks.reconciliation.receiving import record_comparison
from tasks.reconciliation.receiving.summary_comparison import _compare_answer
from tests.ace.made_summary import ENVELOPE, PAYMENT, SENT
from tests.benchmarks import made_stored

Row = dict[str, str | None]


def stored(record: EntryRecord) -> list[str]:
    """The records of the ER answer to what our AE says, JB to 90, summary after summary."""
    made = [one.matrix for one in write_summaries(record, ENVELOPE, None, PAYMENT)]
    _, whole, _ = made_stored.stored(np.concatenate(made))
    return [row.tobytes().decode("ascii") for row in whole]


def told(
    record: EntryRecord,
    texts: list[str],
    payment: PaymentSetup | None = PAYMENT,
    entry_dates: dict[str, date] | None = None,
) -> list[Row]:
    """The rows of the comparison of our record with stored records, as dicts."""
    matrix = np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8).reshape(-1, RECORD_WIDTH)
    starts = np.flatnonzero((matrix[:, :2] == np.frombuffer(b"JB", np.uint8)).all(axis=1))
    heads = [texts[at] for at in starts]
    numbers = [f"{text[2:5]}-{text[7:14]}-{text[14]}" for text in heads]
    ((_, _, data),) = made_stored.answers(numbers, matrix, starts)
    return against(record, data, payment, entry_dates)


_OURS: dict[object, tuple[EntryRecord, ComparisonSide]] = {}
"""What is declared, made once; the record is kept so that its place in memory stays its own."""


def ours_of(record: EntryRecord, payment: PaymentSetup | None, entry_dates: dict[str, date] | None) -> ComparisonSide:
    entries = record.entries["entry_number"]
    return expected_side(
        {name: getattr(record, name) for name in COMPARED_TABLES},
        pa.array(record.numbers, pa.string()), SENT, payment, entry_dates,
        covered_releases(record.entries, entries),
    )  # fmt: skip


def against(
    record: EntryRecord, data: bytes, payment: PaymentSetup | None = PAYMENT, entry_dates: dict[str, date] | None = None
) -> list[Row]:
    """The same with the bytes of an answer file of one batch."""
    (answer,) = read_answers(data)
    assert answer.whole and answer.stored is not None
    key = (id(record), id(payment), tuple((entry_dates or {}).items()))
    if key not in _OURS:
        _OURS[key] = (record, ours_of(record, payment, entry_dates))
    numbers, ours = record.numbers, _OURS[key][1]
    table = _compare_answer(ours, answer.stored, numbers)
    assert table.schema == record_comparison.SCHEMA
    return table.to_pylist()


def put(text: str, one: ComparedField, value: str) -> str:
    """A record with another value in a field."""
    field = record_layout("AE", one.record)[one.field]
    padded = value.rjust(field.length) if field.right else value.ljust(field.length)
    assert len(padded) == field.length
    return text[: field.start - 1] + padded + text[field.end :]


def get(text: str, one: ComparedField) -> str:
    return text[record_layout("AE", one.record)[one.field].span].strip()
