"""Where the paper's release date and ACE's differ: to be seen before a summary is sent.

CBP's own entry date decides rates and fees before the estimated one that the summary carries (AE
2026-07 p.159-165), so a difference across 1 October, or across any change of a fee, changes what
is owed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa

from tasks.ace.fees import fee_rates
from tasks.ace.fees.fee_rates import rate_periods
from tasks.ace.wire.array_tools import to_numpy
from tasks.ace.wire.table_columns import table_schema
from tasks.core import arrow_compute as pc
from tasks.entries.api import EntryRecord

DIFFERENCES = table_schema("date differences")
_FEES = (fee_rates.MPF, fee_rates.INFORMAL, fee_rates.MAIL)
_FISCAL_MONTH = 10


def date_differences(record: EntryRecord, ace_dates: Mapping[str, date]) -> pa.Table:
    """DIFFERENCES, one row an entry whose release date in ACE is another than on paper.

    days: ACE's minus the paper's. crosses: `1 October` and `1 January` if they lie between, each
    a day on which rates change; fees: accounting classes whose amounts differ. Those that change
    what is owed come first.
    """
    entries = record.entries.filter(pc.is_valid(record.entries["release_date"]))
    numbers = entries["entry_number"].to_pylist()
    ace_days = pa.array([ace_dates.get(number or "") for number in numbers], pa.date32())
    paper = entries["release_date"].combine_chunks()
    differs = pc.fill_null(pc.not_equal(ace_days, paper), False)
    paper, ace_days = paper.filter(differs), ace_days.filter(differs)
    first, second = (_days(column) for column in (paper, ace_days))
    changed = _changed(first, second)
    table = pa.table(
        [
            pa.array(numbers, pa.string()).filter(differs),
            paper,
            ace_days,
            pa.array(second - first),
            pa.array([_crossed(*pair) for pair in zip(pc.to_list(paper), pc.to_list(ace_days), strict=True)]),
            pa.array(changed, pa.string()),
        ],
        schema=DIFFERENCES,
    )
    order = np.lexsort((np.arange(len(first)), np.array([not column for column in changed], dtype=np.int64)))
    return table.take(order)


def _changed(first: np.ndarray, second: np.ndarray) -> list[str]:
    """The fees whose period differs between two days, by accounting class."""
    differs = {fee: rate_periods(fee, first) != rate_periods(fee, second) for fee in _FEES}
    return [" ".join(fee for fee in _FEES if differs[fee][row]) for row in range(len(first))]


def _crossed(first: date, second: date) -> str:
    crossings = []
    if _fiscal(first) != _fiscal(second):
        crossings.append("1 October")
    if first.year != second.year:
        crossings.append("1 January")
    return ", ".join(crossings)


def _fiscal(day: date) -> int:
    return day.year + (day.month >= _FISCAL_MONTH)


def _days(column: pa.Array) -> np.ndarray:
    return to_numpy(column.cast(pa.int32()), np.int64)
