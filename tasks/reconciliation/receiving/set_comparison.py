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
    for rank in _differing_ranks(ours, theirs, COMPARED_BILLS):
        yield from _bill_rows(rank, *(_shipments(side, rank) for side in (ours, theirs)))
    for rank in _differing_ranks(ours, theirs, (COMPARED_RELEASES,)):
        ours_counts, theirs_counts = (_covered_numbers(side.of(COMPARED_RELEASES), rank) for side in (ours, theirs))
        yield from _one_sided_rows(rank, "releases", ours_counts, theirs_counts)


def _differing_ranks(ours: ComparisonSide, theirs: ComparisonSide, kinds: tuple[str, ...]) -> list[int]:
    """Ranks whose records are not the same in the same order."""
    ranks: list[Keys] = []
    for record in kinds:
        ours_group, theirs_group = ours.of(record), theirs.of(record)
        if np.array_equal(ours_group.keys, theirs_group.keys):
            apart = _as_uint64(ours_group.matrix) ^ _as_uint64(theirs_group.matrix)
            apart &= compared_bits(record, keys=True).view(np.uint64)
            ranks.append(entry_ranks(ours_group.keys[apart.any(axis=1)]))
        else:
            ranks.append(_unequal_ranks(record, ours_group, theirs_group))
    return np.unique(np.concatenate(ranks)).tolist()


def _unequal_ranks(record: str, ours: RecordGroup, theirs: RecordGroup) -> Keys:
    """Ranks with a record that one side has under no such key, or otherwise."""
    lone = entry_ranks(np.setxor1d(ours.keys, theirs.keys))
    _, left, right = np.intersect1d(ours.keys, theirs.keys, True, return_indices=True)
    apart = _as_uint64(ours.matrix[left]) ^ _as_uint64(theirs.matrix[right])
    apart &= compared_bits(record, keys=True).view(np.uint64)
    return np.concatenate((lone, entry_ranks(ours.keys[left][apart.any(axis=1)])))


def _as_uint64(matrix: Bytes) -> np.ndarray:
    return np.ascontiguousarray(matrix).view(np.uint64).reshape(-1, 10)


def _records_of(group: RecordGroup, rank: int) -> RecordGroup:
    low, high = np.searchsorted(group.keys, [rank << ENTRY_LEVEL, (rank + 1) << ENTRY_LEVEL])
    return group.some(np.arange(low, high))


def _text(record: str, name: str, row: Bytes) -> str:
    return row[compared_layout(record)[name].span].tobytes().decode("latin-1").strip()


def _shipments(side: ComparisonSide, rank: int) -> Counter[Shipment]:
    details, bills = (_records_of(side.of(record), rank) for record in COMPARED_BILLS)
    size = {
        int(line_numbers(key)): (_text("22", _SIZES[0], row).lstrip("0"), _text("22", _SIZES[1], row))
        for key, row in zip(details.keys.tolist(), details.matrix, strict=True)
    }
    named: dict[int, tuple[str, ...]] = {}
    pairs = zip(line_numbers(bills.keys).tolist(), bills.matrix, strict=True)
    for line, rows in groupby(pairs, key=lambda pair: pair[0]):
        named[line] = tuple(sorted(_bill(row) for _, row in rows))
    return Counter((named.get(line, ()), *size.get(line, ("", ""))) for line in sorted({*size, *named}))


def _bill(row: Bytes) -> str:
    parts = (_text("23", name, row) for name in (_TYPE, _ISSUER, _NUMBER))
    return " ".join(part for part in parts if part)


def _bill_rows(rank: int, ours_counts: Counter[Shipment], theirs_counts: Counter[Shipment]) -> Iterator[Row]:
    left, right = ours_counts - theirs_counts, theirs_counts - ours_counts
    single = [Counter(bill for shipment in side.elements() for bill in shipment[0]) for side in (left, right)]
    if single[0] != single[1]:
        yield from _one_sided_rows(rank, "bills", *single)
    alone = [Counter(shipment[0] for shipment in side.elements()) for side in (left, right)]
    if single[0] == single[1] and alone[0] != alone[1]:
        together = [Counter(" with ".join(shipment) for shipment in side.elements()) for side in alone]
        yield from _one_sided_rows(rank, "bills_together", *together)
    for bills in sorted(set(alone[0]) & set(alone[1])):
        ours, theirs = (
            sorted(shipment[1:] for shipment in side.elements() if shipment[0] == bills) for side in (left, right)
        )
        for first, second in zip(ours, theirs, strict=False):
            yield from _size_rows(rank, " with ".join(bills), first, second)


def _size_rows(rank: int, bills: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> Iterator[Row]:
    subject = f"bill {bills}" if bills else ""
    for field, our_size, their_size in zip(_SIZES, ours, theirs, strict=True):
        if our_size != their_size:
            yield rank, -1, -1, subject, f"22.{field}", our_size or None, their_size or None


def _covered_numbers(group: RecordGroup, rank: int) -> Counter[str]:
    return Counter(
        f"{text[2:5]}-{text[7:14]}-{text[14]}"
        for text in (row.tobytes().decode("latin-1") for row in _records_of(group, rank).matrix)
    )


def _one_sided_rows(rank: int, field: str, our_counts: Counter[str], their_counts: Counter[str]) -> Iterator[Row]:
    """What only one side has."""
    left, right = our_counts - their_counts, their_counts - our_counts
    if left or right:
        ours, theirs = (", ".join(sorted(side.elements())) or None for side in (left, right))
        yield rank, -1, -1, "", field, ours, theirs
