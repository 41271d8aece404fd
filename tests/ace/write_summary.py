"""Writing summaries in a test, and reading what was written."""

from __future__ import annotations

import pytest

from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.ace.wire.outbound_batch import OutboundBatch
from tasks.core.errors import BadInput
from tasks.entries.record.entry_record import EntryRecord
from tests.ace.made_record import Rows, made
from tests.ace.made_summary import ENVELOPE, PAYMENT


def written(record: EntryRecord, **options: object) -> list[OutboundBatch]:
    limits = options.pop("limits", None)
    payment = options.pop("payment", PAYMENT)
    return list(write_summaries(record, ENVELOPE, limits, payment, **options))  # type: ignore[arg-type]


def lines_of(rows: Rows, head: str = "", **options: object) -> list[str]:
    """The records of the only summary, trimmed; those that begin with `head`."""
    (batch,) = written(made(rows), **options)
    text = batch.bytes(line_ends=True).decode("ascii").splitlines()
    assert all(len(one) == 80 for one in text)
    return [one.rstrip() for one in text[2:-2] if one.startswith(head)]


def problems(rows: Rows, **options: object) -> list[str]:
    with pytest.raises(BadInput) as refused:
        written(made(rows), **options)
    return [f"{one.column}: {one.code}" for one in refused.value.problems]
