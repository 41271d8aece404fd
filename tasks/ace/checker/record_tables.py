"""Which record each row of a matrix is: its id read from columns 1-4, a whole column at a time.

The same id means different records in different applications (10, 40, SE60, E1), so the table
used depends on the application in B 11-12. `data/ace/applications.csv` names its layout sets.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from tasks.ace.wire.batch_envelope import CONTROLS, applications, responses
from tasks.ace.wire.data_classes import Bytes
from tasks.ace.wire.record_layouts import RecordLayout, record_layouts

Codes = NDArray[np.uint8]

UNKNOWN, BATCH, BLOCK, BLOCK_END, BATCH_END = range(5)
"""Kinds that every table has: no such record, and the A, B, Y and Z of the envelope."""

FIRST_OWN = 5
_PAIRS = 1 << 16


@dataclass(frozen=True)
class ApplicationFormat:
    """One application identifier that this room reads: its layout sets and its grammar, if any."""

    application: str
    name: str = ""
    sets: tuple[str, ...] = ()
    variant: str = ""
    grammar: str = ""


@dataclass(frozen=True)
class RecordTable:
    """Record kinds of one application: codes, with record id and layout of each.

    `layouts` is None for the five kinds that every table has. A record with several sub-types
    (AE 54) has a kind for each.
    """

    records: tuple[str, ...]
    layouts: tuple[RecordLayout | None, ...]
    heads: NDArray[np.uint8]
    tails: NDArray[np.uint8]

    def codes(self, matrix: Bytes) -> Codes:
        """The kind of each of (n, 80) records, (n,)."""
        return self.tails[self.heads[_pairs(matrix, 0)], _pairs(matrix, 2)]


@cache
def application_formats() -> dict[str, ApplicationFormat]:
    """The applications whose records are known here, by identifier."""
    text = (files("continuity_data") / "ace" / "applications.csv").read_text(encoding="utf-8")
    return {
        row["application"]: ApplicationFormat(
            row["application"], row["name"], tuple(row["sets"].split()), row["variant"], row["grammar"]
        )
        for row in csv.DictReader(text.splitlines())
    }


@cache
def application_format(application: str) -> ApplicationFormat:
    """How to read an application; one that is not known has no records, only the envelope."""
    return application_formats().get(application, ApplicationFormat(application))


@cache
def record_table(application: str) -> RecordTable:
    """The record kinds of an application."""
    layouts = list(_own(application_format(application)))
    if application in responses() - set(applications()) or not application.strip():
        layouts.extend(record_layouts("BB")[record, "output"] for record in ("X0", "X1"))
    prefixes = [bytes([letter]) for letter in CONTROLS] + [layout.prefix for layout in layouts]
    heads, tails = _lookup(prefixes)
    return RecordTable(
        ("", *CONTROLS.decode(), *(layout.record for layout in layouts)),
        (None,) * FIRST_OWN + tuple(layouts),
        heads,
        tails,
    )


def _own(read: ApplicationFormat) -> Iterator[RecordLayout]:
    """Layouts of the sets in turn; a record of an earlier set hides that of a later one."""
    hidden: set[str] = set()
    for name in read.sets:
        layouts = [layout for layout in record_layouts(name).values() if layout.record not in hidden]
        yield from (
            layout
            for layout in layouts
            if layout.variant == "" or layout.variant.isdigit() or layout.variant == read.variant
        )
        hidden.update(layout.record for layout in layouts)


def _lookup(prefixes: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Two tables over byte pairs: columns 1-2 give a family, family and columns 3-4 the kind."""
    stems = sorted({prefix[:2] for prefix in prefixes}, key=lambda stem: (len(stem), stem))
    heads = np.zeros(_PAIRS, dtype=np.uint8)
    tails = np.zeros((len(stems) + 1, _PAIRS), dtype=np.uint8)
    for family, stem in enumerate(stems, start=1):
        heads[_covered(stem)] = family
    order = sorted(range(len(prefixes)), key=lambda index: len(prefixes[index]))
    for index in order:
        prefix = prefixes[index]
        tails[stems.index(prefix[:2]) + 1, _covered(prefix[2:])] = index + 1
    return heads, tails


def _covered(text: bytes) -> slice:
    """The byte pairs that begin with 0, 1 or 2 given bytes."""
    if not text:
        return slice(0, _PAIRS)
    if len(text) == 1:
        return slice(text[0] << 8, (text[0] + 1) << 8)
    pair = (text[0] << 8) | text[1]
    return slice(pair, pair + 1)


def _pairs(matrix: Bytes, column: int) -> NDArray[np.uint16]:
    high = matrix[:, column].astype(np.uint16)
    high <<= np.uint16(8)
    high |= matrix[:, column + 1]
    return high
