"""The entries of a status message (SO, or the WO records of C1) and conditions on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tasks.ace.answers.columns import Index, taken
from tasks.ace.answers.read import Reading
from tasks.ace.checks.deck import Rows


@dataclass(frozen=True)
class Status:
    """The entries of a status message: deck rows of their first records, and their numbers."""

    starts: Index
    numbers: pa.Array


def add_conditions(
    reading: Reading,
    status: Status,
    rows: Rows,
    owner: Index,
    said: Mapping[str, str | pa.Array],
) -> None:
    """Conditions at records; plain texts stand for every row."""
    count = len(rows)
    if not count:
        return
    columns = {
        name: pa.array([value] * count, pa.string()) if isinstance(value, str) else value
        for name, value in {"severity": "I", **said}.items()
    }
    columns |= {
        "head": pa.array(reading.heads(status.starts, owner)),
        "block": pa.array(reading.block[rows.at]),
        "entry_number": taken(status.numbers, owner),
        "final": pa.array(np.zeros(count, dtype=bool)),
    }
    reading.add("conditions", columns, rows.at)
