"""Bills of a summary, and releases that it covers: what is found on one side only, in any order.

Only summaries whose records are not the same ones in the same order are looked at one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

import numpy as np

from tasks.ace.api import (
    COMPARED_BILLS,
    COMPARED_RELEASES,
    ENTRY_LEVEL,
    Bytes,
    ComparisonSide,
    Keys,
    RecordGroup,
    compared_bits,
    compared_layout,
    entry_ranks,
    line_numbers,
)

Row = tuple[int, int, int, str, str, str | None, str | None]
"""Rank, line, order, subject, field, value on paper, value in ACE."""

Shipment = tuple[tuple[str, ...], str, str]
"""Its bills in order, quantity, unit."""

_TYPE, _ISSUER, _NUMBER = (
    "manifest_component_type_code",
    "manifest_component_issuer_code",
    "manifest_component_identifier",
)
_SIZES = ("manifested_quantity", "manifested_quantity_unit_of_measure_code")


def unlike_sets(ours: ComparisonSide, theirs: ComparisonSide) -> Iterator[Row]:
    """Bills, their quantities, and covered releases that differ."""
    for rank in _suspects(ours, theirs, COMPARED_BILLS):
        yield from _bills(rank, *(_shipments(side, rank) for side in (ours, theirs)))
    for rank in _suspects(ours, theirs, (COMPARED_RELEASES,)):
        mine, other = (_releases(side.of(COMPARED_RELEASES), rank) for side in (ours, theirs))
        yield from _only(rank, "releases", mine, other)


def _suspects(ours: ComparisonSide, theirs: ComparisonSide, kinds: tuple[str, ...]) -> list[int]:
    """Ranks whose records are not the same in the same order."""
    found: list[Keys] = []
    for record in kinds:
        mine, other = ours.of(record), theirs.of(record)
        if np.array_equal(mine.keys, other.keys):
            apart = _words(mine.matrix) ^ _words(other.matrix)
            apart &= compared_bits(record, keys=True).view(np.uint64)
            found.append(entry_ranks(mine.keys[apart.any(axis=1)]))
        else:
            found.append(_unequal(record, mine, other))
    return np.unique(np.concatenate(found)).tolist()


def _unequal(record: str, mine: RecordGroup, other: RecordGroup) -> Keys:
    """Ranks with a record that one side has under no such key, or otherwise."""
    lone = entry_ranks(np.setxor1d(mine.keys, other.keys))
    _, left, right = np.intersect1d(mine.keys, other.keys, True, return_indices=True)
    apart = _words(mine.matrix[left]) ^ _words(other.matrix[right])
    apart &= compared_bits(record, keys=True).view(np.uint64)
    return np.concatenate((lone, entry_ranks(mine.keys[left][apart.any(axis=1)])))


def _words(matrix: Bytes) -> np.ndarray:
    return np.ascontiguousarray(matrix).view(np.uint64).reshape(-1, 10)


def _of(group: RecordGroup, rank: int) -> RecordGroup:
    low, high = np.searchsorted(group.keys, [rank << ENTRY_LEVEL, (rank + 1) << ENTRY_LEVEL])
    return group.some(np.arange(low, high))


def _text(record: str, name: str, row: Bytes) -> str:
    return row[compared_layout(record)[name].span].tobytes().decode("latin-1").strip()


def _shipments(side: ComparisonSide, rank: int) -> Counter[Shipment]:
    details, bills = (_of(side.of(record), rank) for record in COMPARED_BILLS)
    size = {
        int(line_numbers(key)): (_text("22", _SIZES[0], row).lstrip("0"), _text("22", _SIZES[1], row))
        for key, row in zip(details.keys.tolist(), details.matrix, strict=True)
    }
    named: dict[int, tuple[str, ...]] = {}
    pairs = zip(line_numbers(bills.keys).tolist(), bills.matrix, strict=True)
    for place, rows in groupby(pairs, key=lambda pair: pair[0]):
        named[place] = tuple(sorted(_bill(row) for _, row in rows))
    return Counter((named.get(place, ()), *size.get(place, ("", ""))) for place in sorted({*size, *named}))


def _bill(row: Bytes) -> str:
    parts = (_text("23", name, row) for name in (_TYPE, _ISSUER, _NUMBER))
    return " ".join(part for part in parts if part)


def _bills(rank: int, mine: Counter[Shipment], other: Counter[Shipment]) -> Iterator[Row]:
    left, right = mine - other, other - mine
    single = [Counter(bill for one in side.elements() for bill in one[0]) for side in (left, right)]
    if single[0] != single[1]:
        yield from _only(rank, "bills", *single)
    alone = [Counter(one[0] for one in side.elements()) for side in (left, right)]
    if single[0] == single[1] and alone[0] != alone[1]:
        together = [Counter(" with ".join(one) for one in side.elements()) for side in alone]
        yield from _only(rank, "bills_together", *together)
    for bills in sorted(set(alone[0]) & set(alone[1])):
        ours, theirs = (sorted(one[1:] for one in side.elements() if one[0] == bills) for side in (left, right))
        for first, second in zip(ours, theirs, strict=False):
            yield from _sizes(rank, " with ".join(bills), first, second)


def _sizes(rank: int, bills: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> Iterator[Row]:
    subject = f"bill {bills}" if bills else ""
    for field, mine, other in zip(_SIZES, ours, theirs, strict=True):
        if mine != other:
            yield rank, -1, -1, subject, f"22.{field}", mine or None, other or None


def _releases(group: RecordGroup, rank: int) -> Counter[str]:
    return Counter(
        f"{text[2:5]}-{text[7:14]}-{text[14]}"
        for text in (row.tobytes().decode("latin-1") for row in _of(group, rank).matrix)
    )


def _only(rank: int, field: str, mine: Counter[str], other: Counter[str]) -> Iterator[Row]:
    """What only one side has."""
    left, right = mine - other, other - mine
    if left or right:
        ours, theirs = (", ".join(sorted(side.elements())) or None for side in (left, right))
        yield rank, -1, -1, "", field, ours, theirs
