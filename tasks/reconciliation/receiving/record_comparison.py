"""Two sides of summaries, record by record: which fields differ.

Records are compared as bytes first; only those that are not alike are read as values. A blank number
is zero. Everything else that one side leaves blank differs from a value on the other, unless our
side could not have said anything (`Compared.unknown`): that is told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.api import (
    BLANK_BYTE,
    COMPARED_NUMBERS,
    COMPARED_SETS,
    ENTERED_VALUE,
    LINE_LEVEL,
    RECORD_SLOT,
    RECORD_WIDTH,
    Bytes,
    ComparedField,
    ComparisonSide,
    Keys,
    Mask,
    RecordGroup,
    RecordLayout,
    as_mask,
    compared_bits,
    compared_fields,
    compared_layout,
    compared_records,
    decode_records,
    entry_ranks,
    importer_keys,
    key_parts,
    record_qualifier,
)
from tasks.entries.api import Difference
from tasks.reconciliation.receiving.set_comparison import unlike_sets

SCHEMA = pa.schema([("entry_number", pa.string())] + [(name, pa.string()) for name in Difference.__struct_fields__])
"""A row for each `Difference`; a value that a side lacks is null. `subject`: a line, or a line and the
order of a tariff number on it, or a bill."""

_LINE, _TARIFF = "40", "50"


@dataclass(frozen=True)
class RecordPair:
    """Records of one id of both sides, brought together by their keys; what one side lacks is blank."""

    keys: Keys
    ours: Bytes
    theirs: Bytes
    only_ours: Mask
    only_theirs: Mask


def unlike_records(ours: ComparisonSide, theirs: ComparisonSide, numbers: Sequence[str]) -> pa.Table:
    """SCHEMA, by entry and place. Ranks of both sides are places in `numbers`; entries of which one
    side holds nothing at all are not compared."""
    found = _Found(numbers)
    missing = _lines(found, paired(ours.of(_LINE), theirs.of(_LINE)))
    _value(found, ours, theirs)
    for record in compared_records():
        if record in COMPARED_SETS or not record:
            continue
        mine, other = ours.of(record), theirs.of(record)
        if len(missing) and _LINE <= record < "88":
            mine, other = (_without(side, missing) for side in (mine, other))
        pair = paired(mine, other)
        if record == _TARIFF:
            pair = _tariffs(found, pair)
        _fields(found, record, pair)
    for row in unlike_sets(ours, theirs):
        found.add(*row)
    return found.table()


def paired(mine: RecordGroup, other: RecordGroup) -> RecordPair:
    """Both sides in one order of keys."""
    if np.array_equal(mine.keys, other.keys):
        none = np.zeros(len(mine), dtype=bool)
        return RecordPair(mine.keys, mine.matrix, other.matrix, none, none)
    keys = _merged(mine.keys, other.keys)
    sides = []
    for side in (mine, other):
        matrix = np.full((len(keys), RECORD_WIDTH), BLANK_BYTE, dtype=np.uint8)
        lacks = np.ones(len(keys), dtype=bool)
        at = np.searchsorted(keys, side.keys)
        matrix[at], lacks[at] = side.matrix, False
        sides.append((matrix, lacks))
    (ours, no_ours), (theirs, no_theirs) = sides
    return RecordPair(keys, ours, theirs, no_theirs, no_ours)


def _merged(mine: Keys, other: Keys) -> Keys:
    """All keys of two ascending rows of them, each once."""
    keys = np.concatenate((mine, other))
    keys.sort(kind="stable")  # merges the two runs
    return keys[np.diff(keys, prepend=-1) != 0]


def differing(record: str, ours: Bytes, theirs: Bytes, *, keys: bool = False) -> Keys:
    """Rows that may differ in what is compared; all others certainly do not."""
    if not len(ours):
        return np.empty(0, dtype=np.int64)
    wanted = compared_bits(record, keys=keys).view(np.uint64)
    apart = _words(ours) ^ _words(theirs)
    apart &= wanted
    return np.flatnonzero(apart.any(axis=1))


def _words(matrix: Bytes) -> np.ndarray:
    return np.ascontiguousarray(matrix).view(np.uint64)


class _Found:
    """Rows of SCHEMA as they are found, each with its rank and where it stands in the summary."""

    def __init__(self, numbers: Sequence[str]) -> None:
        self._numbers = numbers
        self._rows: list[tuple[tuple[int, int, int], Difference]] = []

    def add(
        self,
        rank: int,
        line: int,
        order: int,
        subject: str,
        field: str,
        paper: str | None,
        ace: str | None,
        code: str = "field-differs",
        qualifier: str = "",
    ) -> None:
        difference = Difference(
            code=code, field=field, subject=subject, qualifier=qualifier, paper=paper or "", ace=ace or ""
        )
        self._rows.append(((rank, line, order), difference))

    def table(self) -> pa.Table:
        rows = sorted(self._rows, key=lambda row: row[0])
        columns: list[list[str | None]] = [[self._numbers[where[0]] for where, _ in rows]]
        for name in SCHEMA.names[1:]:
            empty = None if name in ("paper", "ace") else ""
            columns.append([getattr(difference, name) or empty for _, difference in rows])
        return pa.table([pa.array(one, pa.string()) for one in columns], schema=SCHEMA)


def _lines(found: _Found, pair: RecordPair) -> Keys:
    """Tells lines that one side lacks. Returns them, each as its keys begin."""
    for lacks, code in ((pair.only_ours, "not-in-ace"), (pair.only_theirs, "only-in-ace")):
        for key in pair.keys[lacks].tolist():
            rank, line, _ = key_parts(key)
            found.add(rank, line, 0, f"line {line}", "line", None, None, code)
    return pair.keys[pair.only_ours | pair.only_theirs] >> LINE_LEVEL


def _without(side: RecordGroup, missing: Keys) -> RecordGroup:
    return side.some(~np.isin(side.keys >> LINE_LEVEL, missing))


def _tariffs(found: _Found, pair: RecordPair) -> RecordPair:
    """Tells tariff numbers that one side lacks. Returns the others."""
    lone = pair.only_ours | pair.only_theirs
    for row in np.flatnonzero(lone).tolist():
        code = "not-in-ace" if pair.only_ours[row] else "only-in-ace"
        rank, line, order, subject = _place(_TARIFF, int(pair.keys[row]))
        found.add(rank, line, order, subject, "tariff", None, None, code)
    if not lone.any():
        return pair
    kept = ~lone
    return RecordPair(pair.keys[kept], pair.ours[kept], pair.theirs[kept], lone[kept], lone[kept])


def _place(record: str, key: int) -> tuple[int, int, int, str]:
    """Rank, line, order on the line, and the subject of a difference there."""
    rank, line, nth = key_parts(key)
    order = (compared_records().index(record) << RECORD_SLOT) | nth
    if not line:
        return rank, 1 << 30 if record >= "88" else -1, order, ""
    return rank, line, order, f"line {line}.{nth + 1}" if record == _TARIFF else f"line {line}"


def _value(found: _Found, ours: ComparisonSide, theirs: ComparisonSide) -> None:
    """The entered value of the whole summary, which no record of it carries."""
    here = np.unique(entry_ranks(theirs.of("10").keys))
    for rank in here[ours.value[here] != theirs.value[here]].tolist():
        found.add(rank, -1, -1, "", ENTERED_VALUE, str(ours.value[rank]), str(theirs.value[rank]))


def _fields(found: _Found, record: str, pair: RecordPair) -> None:
    rows = differing(record, pair.ours, pair.theirs)
    if not len(rows):
        return
    keys, ours, theirs = pair.keys[rows], pair.ours[rows], pair.theirs[rows]
    shown = np.where(pair.only_theirs[rows][:, None], theirs, ours)
    heads = [record_qualifier(record, row) for row in shown]
    for mark in sorted(set(heads)):
        at = np.flatnonzero(np.array([head == mark for head in heads]))
        for one in compared_fields(record, mark):
            _field(found, record, one, mark, keys[at], ours[at], theirs[at])


def _field(found: _Found, record: str, one: ComparedField, mark: str, keys: Keys, ours: Bytes, theirs: Bytes) -> None:
    span = compared_layout(record)[one.field].span
    at = np.flatnonzero((ours[:, span] != theirs[:, span]).any(axis=1))
    if not len(at):
        return
    left, right = (values(record, one, side[at]) for side in (ours, theirs))
    differ = np.flatnonzero(as_mask(pc.not_equal(left[1], right[1])))
    for row, mine, other in _chosen(differ, left[0], right[0]):
        code = "not-on-paper" if mine is None and one.unknown else "field-differs"
        rank, line, order, subject = _place(record, int(keys[at[row]]))
        found.add(rank, line, order, subject, one.id, mine, other, code, mark)


def _chosen(rows: Keys, ours: pa.Array, theirs: pa.Array) -> Iterator[tuple[int, str | None, str | None]]:
    place = pa.array(rows)
    yield from zip(rows.tolist(), ours.take(place).to_pylist(), theirs.take(place).to_pylist(), strict=True)


def values(record: str, one: ComparedField, matrix: Bytes) -> tuple[pa.Array, pa.Array]:
    """A field of records as a person reads it (null: blank), and as it is compared (never null)."""
    layout = compared_layout(record)
    text = _decoded(layout, one.field, matrix, typed=False)
    if one.kind == "party":
        return text, pc.fill_null(importer_keys(text), "")
    if one.kind == "date":
        day = _decoded(layout, one.field, matrix, typed=True).cast(pa.string())
        nothing = pc.fill_null(pc.equal(text, "000000"), False)
        shown = pc.if_else(nothing, pa.scalar(None, pa.string()), pc.coalesce(day, text))
        return shown, pc.fill_null(shown, "")
    if one.kind in COMPARED_NUMBERS:
        return _number(text, _decoded(layout, one.field, matrix, typed=True), COMPARED_NUMBERS[one.kind])
    return text, pc.fill_null(text, "")


def _number(text: pa.Array, number: pa.Array, unit: int) -> tuple[pa.Array, pa.Array]:
    places = len(str(unit)) - 1
    shown = [
        None if one is None else f"{one // unit}.{one % unit:0{places}d}" if places else str(one)
        for one in number.to_pylist()
    ]
    printed = pc.coalesce(pa.array(shown, pa.string()), text)
    # What is no number is compared as it stands, so that it equals none.
    plain = pc.coalesce(number.cast(pa.string()), text, pa.scalar("0"))
    return printed, plain


def _decoded(layout: RecordLayout, name: str, matrix: Bytes, *, typed: bool) -> pa.Array:
    found = decode_records(_narrowed(layout, name), matrix, typed=typed)[name]
    return found.combine_chunks()


@cache
def _narrowed(layout: RecordLayout, name: str) -> RecordLayout:
    """One field, its number padded as either side pads it."""
    field = layout[name]
    kind = "SN" if field.cls == "N" and not field.is_date else field.cls
    return replace(layout, fields=(replace(field, cls=kind),))
