"""Two sides of summaries, record by record: which fields differ.

Records are compared as bytes first; only those that are not alike are read as values. A blank number
is zero. Everything else that one side leaves blank differs from a value on the other, unless our
side could not have said anything (`ComparedField.unknown`): that is told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pyarrow as pa

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
from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
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
    differences = _DifferenceRows(numbers)
    missing = _compare_lines(differences, paired(ours.of(_LINE), theirs.of(_LINE)))
    _compare_value(differences, ours, theirs)
    for record in compared_records():
        if record in COMPARED_SETS or not record:
            continue
        ours_group, theirs_group = ours.of(record), theirs.of(record)
        if len(missing) and _LINE <= record < "88":
            ours_group, theirs_group = (_without_lines(side, missing) for side in (ours_group, theirs_group))
        pair = paired(ours_group, theirs_group)
        if record == _TARIFF:
            pair = _compare_tariffs(differences, pair)
        _compare_fields(differences, record, pair)
    for row in unlike_sets(ours, theirs):
        differences.add(*row)
    return differences.table()


def paired(ours_group: RecordGroup, theirs_group: RecordGroup) -> RecordPair:
    """Both sides in one order of keys."""
    if np.array_equal(ours_group.keys, theirs_group.keys):
        none = np.zeros(len(ours_group), dtype=bool)
        return RecordPair(ours_group.keys, ours_group.matrix, theirs_group.matrix, none, none)
    keys = _merged(ours_group.keys, theirs_group.keys)
    sides = []
    for side in (ours_group, theirs_group):
        matrix = np.full((len(keys), RECORD_WIDTH), BLANK_BYTE, dtype=np.uint8)
        lacks = np.ones(len(keys), dtype=bool)
        at = np.searchsorted(keys, side.keys)
        matrix[at], lacks[at] = side.matrix, False
        sides.append((matrix, lacks))
    (ours, no_ours), (theirs, no_theirs) = sides
    return RecordPair(keys, ours, theirs, no_theirs, no_ours)


def _merged(ours: Keys, theirs: Keys) -> Keys:
    """All keys of two ascending rows of them, each once."""
    keys = np.concatenate((ours, theirs))
    keys.sort(kind="stable")  # merges the two runs
    return keys[np.diff(keys, prepend=-1) != 0]


def differing(record: str, ours: Bytes, theirs: Bytes, *, keys: bool = False) -> Keys:
    """Rows that may differ in what is compared; all others certainly do not."""
    if not len(ours):
        return np.empty(0, dtype=np.int64)
    compared = compared_bits(record, keys=keys).view(np.uint64)
    apart = _as_uint64(ours) ^ _as_uint64(theirs)
    apart &= compared
    return np.flatnonzero(apart.any(axis=1))


def _as_uint64(matrix: Bytes) -> np.ndarray:
    return np.ascontiguousarray(matrix).view(np.uint64)


class _DifferenceRows:
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
        return pa.table([pa.array(column, pa.string()) for column in columns], schema=SCHEMA)


def _compare_lines(differences: _DifferenceRows, pair: RecordPair) -> Keys:
    """Tells lines that one side lacks. Returns them, each as its keys begin."""
    for lacks, code in ((pair.only_ours, "not-in-ace"), (pair.only_theirs, "only-in-ace")):
        for key in pair.keys[lacks].tolist():
            rank, line, _ = key_parts(key)
            differences.add(rank, line, 0, f"line {line}", "line", None, None, code)
    return pair.keys[pair.only_ours | pair.only_theirs] >> LINE_LEVEL


def _without_lines(side: RecordGroup, missing: Keys) -> RecordGroup:
    return side.some(~np.isin(side.keys >> LINE_LEVEL, missing))


def _compare_tariffs(differences: _DifferenceRows, pair: RecordPair) -> RecordPair:
    """Tells tariff numbers that one side lacks. Returns the others."""
    lone = pair.only_ours | pair.only_theirs
    for row in np.flatnonzero(lone).tolist():
        code = "not-in-ace" if pair.only_ours[row] else "only-in-ace"
        rank, line, order, subject = _position(_TARIFF, int(pair.keys[row]))
        differences.add(rank, line, order, subject, "tariff", None, None, code)
    if not lone.any():
        return pair
    shared = ~lone
    return RecordPair(pair.keys[shared], pair.ours[shared], pair.theirs[shared], lone[shared], lone[shared])


def _position(record: str, key: int) -> tuple[int, int, int, str]:
    """Rank, line, order on the line, and the subject of a difference there."""
    rank, line, nth = key_parts(key)
    order = (compared_records().index(record) << RECORD_SLOT) | nth
    if not line:
        return rank, 1 << 30 if record >= "88" else -1, order, ""
    return rank, line, order, f"line {line}.{nth + 1}" if record == _TARIFF else f"line {line}"


def _compare_value(differences: _DifferenceRows, ours: ComparisonSide, theirs: ComparisonSide) -> None:
    """The entered value of the whole summary, which no record of it carries."""
    here = np.unique(entry_ranks(theirs.of("10").keys))
    for rank in here[ours.value[here] != theirs.value[here]].tolist():
        differences.add(rank, -1, -1, "", ENTERED_VALUE, str(ours.value[rank]), str(theirs.value[rank]))


def _compare_fields(differences: _DifferenceRows, record: str, pair: RecordPair) -> None:
    rows = differing(record, pair.ours, pair.theirs)
    if not len(rows):
        return
    keys, ours, theirs = pair.keys[rows], pair.ours[rows], pair.theirs[rows]
    rows_shown = np.where(pair.only_theirs[rows][:, None], theirs, ours)
    heads = [record_qualifier(record, row) for row in rows_shown]
    for qualifier in sorted(set(heads)):
        at = np.flatnonzero(np.array([head == qualifier for head in heads]))
        for field in compared_fields(record, qualifier):
            _compare_field(differences, record, field, qualifier, keys[at], ours[at], theirs[at])


def _compare_field(
    differences: _DifferenceRows,
    record: str,
    field: ComparedField,
    qualifier: str,
    keys: Keys,
    ours: Bytes,
    theirs: Bytes,
) -> None:
    span = compared_layout(record)[field.field].span
    at = np.flatnonzero((ours[:, span] != theirs[:, span]).any(axis=1))
    if not len(at):
        return
    left, right = (values(record, field, side[at]) for side in (ours, theirs))
    differ = np.flatnonzero(as_mask(pc.not_equal(left[1], right[1])))
    for row, ours_value, theirs_value in _value_rows(differ, left[0], right[0]):
        code = "not-on-paper" if ours_value is None and field.unknown else "field-differs"
        rank, line, order, subject = _position(record, int(keys[at[row]]))
        differences.add(rank, line, order, subject, field.id, ours_value, theirs_value, code, qualifier)


def _value_rows(rows: Keys, ours: pa.Array, theirs: pa.Array) -> Iterator[tuple[int, str | None, str | None]]:
    yield from zip(rows.tolist(), to_list(ours.take(rows)), to_list(theirs.take(rows)), strict=True)


def values(record: str, field: ComparedField, matrix: Bytes) -> tuple[pa.Array, pa.Array]:
    """A field of records as a person reads it (null: blank), and as it is compared (never null)."""
    layout = compared_layout(record)
    text = _decoded(layout, field.field, matrix, typed=False)
    if field.kind == "party":
        return text, pc.fill_null(importer_keys(text), "")
    if field.kind == "date":
        day = _decoded(layout, field.field, matrix, typed=True).cast(pa.string())
        nothing = pc.fill_null(pc.equal(text, "000000"), False)
        printed = pc.if_else(nothing, pa.scalar(None, pa.string()), pc.coalesce(day, text))
        return printed, pc.fill_null(printed, "")
    if field.kind in COMPARED_NUMBERS:
        return _number(text, _decoded(layout, field.field, matrix, typed=True), COMPARED_NUMBERS[field.kind])
    return text, pc.fill_null(text, "")


def _number(text: pa.Array, number: pa.Array, unit: int) -> tuple[pa.Array, pa.Array]:
    places = len(str(unit)) - 1
    texts = [
        None if value is None else f"{value // unit}.{value % unit:0{places}d}" if places else str(value)
        for value in to_list(number)
    ]
    printed = pc.coalesce(pa.array(texts, pa.string()), text)
    # What is no number is compared as it stands, so that it equals none.
    plain = pc.coalesce(number.cast(pa.string()), text, pa.scalar("0"))
    return printed, plain


def _decoded(layout: RecordLayout, name: str, matrix: Bytes, *, typed: bool) -> pa.Array:
    column = decode_records(_narrowed(layout, name), matrix, typed=typed)[name]
    return column.combine_chunks()


@cache
def _narrowed(layout: RecordLayout, name: str) -> RecordLayout:
    """One field, its number padded as either side pads it."""
    field = layout[name]
    kind = "SN" if field.cls == "N" and not field.is_date else field.cls
    return replace(layout, fields=(replace(field, cls=kind),))
