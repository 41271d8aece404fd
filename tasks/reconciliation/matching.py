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

from tasks.ace.answers.columns import importer_key
from tasks.ace.codec import decode
from tasks.ace.layout import WIDTH, Layout
from tasks.ace.summary import groups
from tasks.ace.summary.compared import (
    ENTERED_VALUE,
    NUMBERS,
    SETS,
    Compared,
    bits,
    chart,
    named,
    records,
)
from tasks.ace.summary.groups import Group, Said, told_apart
from tasks.ace.wire.classes import SPACE, Bytes
from tasks.ace.wire.vectors import Keys, Mask, truths
from tasks.reconciliation.matching_sets import unlike_sets
from tasks.shared.kinds.ace import Difference

SCHEMA = pa.schema(
    [("entry_number", pa.string())] + [(name, pa.string()) for name in Difference.__struct_fields__]
)
"""A row for each `Difference`; a value that a side lacks is null. `subject`: a line, or a line and the
order of a tariff number on it, or a bill."""

_LINE, _TARIFF = "40", "50"


@dataclass(frozen=True)
class Pair:
    """Records of one id of both sides, brought together by their keys; what one side lacks is blank."""

    keys: Keys
    ours: Bytes
    theirs: Bytes
    only_ours: Mask
    only_theirs: Mask


def unlike(ours: Said, theirs: Said, numbers: Sequence[str]) -> pa.Table:
    """SCHEMA, by entry and place. Ranks of both sides are places in `numbers`; entries of which one
    side holds nothing at all are not compared."""
    found = _Found(numbers)
    missing = _lines(found, paired(ours.of(_LINE), theirs.of(_LINE)))
    _value(found, ours, theirs)
    for record in records():
        if record in SETS or not record:
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


def paired(mine: Group, other: Group) -> Pair:
    """Both sides in one order of keys."""
    if np.array_equal(mine.keys, other.keys):
        none = np.zeros(len(mine), dtype=bool)
        return Pair(mine.keys, mine.matrix, other.matrix, none, none)
    keys = _merged(mine.keys, other.keys)
    sides = []
    for side in (mine, other):
        matrix = np.full((len(keys), WIDTH), SPACE, dtype=np.uint8)
        lacks = np.ones(len(keys), dtype=bool)
        at = np.searchsorted(keys, side.keys)
        matrix[at], lacks[at] = side.matrix, False
        sides.append((matrix, lacks))
    (ours, no_ours), (theirs, no_theirs) = sides
    return Pair(keys, ours, theirs, no_theirs, no_ours)


def _merged(mine: Keys, other: Keys) -> Keys:
    """All keys of two ascending rows of them, each once."""
    keys = np.concatenate((mine, other))
    keys.sort(kind="stable")  # merges the two runs
    return keys[np.diff(keys, prepend=-1) != 0]


def differing(record: str, ours: Bytes, theirs: Bytes, *, keys: bool = False) -> Keys:
    """Rows that may differ in what is compared; all others certainly do not."""
    if not len(ours):
        return np.empty(0, dtype=np.int64)
    wanted = bits(record, keys=keys).view(np.uint64)
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
        self, rank: int, line: int, order: int, subject: str, field: str,
        paper: str | None, ace: str | None, code: str = "field-differs", qualifier: str = "",
    ) -> None:  # fmt: skip
        difference = Difference(
            code=code, field=field, subject=subject, qualifier=qualifier,
            paper=paper or "", ace=ace or "",
        )  # fmt: skip
        self._rows.append(((rank, line, order), difference))

    def table(self) -> pa.Table:
        rows = sorted(self._rows, key=lambda row: row[0])
        columns: list[list[str | None]] = [[self._numbers[where[0]] for where, _ in rows]]
        for name in SCHEMA.names[1:]:
            empty = None if name in ("paper", "ace") else ""
            columns.append([getattr(difference, name) or empty for _, difference in rows])
        return pa.table([pa.array(one, pa.string()) for one in columns], schema=SCHEMA)


def _lines(found: _Found, pair: Pair) -> Keys:
    """Tells lines that one side lacks. Returns them, each as its keys begin."""
    for lacks, code in ((pair.only_ours, "not-in-ace"), (pair.only_theirs, "only-in-ace")):
        for key in pair.keys[lacks].tolist():
            rank, line, _ = groups.place_of(key)
            found.add(rank, line, 0, f"line {line}", "line", None, None, code)
    return pair.keys[pair.only_ours | pair.only_theirs] >> groups.LINE


def _without(side: Group, missing: Keys) -> Group:
    return side.some(~np.isin(side.keys >> groups.LINE, missing))


def _tariffs(found: _Found, pair: Pair) -> Pair:
    """Tells tariff numbers that one side lacks. Returns the others."""
    lone = pair.only_ours | pair.only_theirs
    for row in np.flatnonzero(lone).tolist():
        code = "not-in-ace" if pair.only_ours[row] else "only-in-ace"
        rank, line, order, subject = _place(_TARIFF, int(pair.keys[row]))
        found.add(rank, line, order, subject, "tariff", None, None, code)
    if not lone.any():
        return pair
    kept = ~lone
    return Pair(pair.keys[kept], pair.ours[kept], pair.theirs[kept], lone[kept], lone[kept])


def _place(record: str, key: int) -> tuple[int, int, int, str]:
    """Rank, line, order on the line, and the subject of a difference there."""
    rank, line, nth = groups.place_of(key)
    order = (records().index(record) << groups.SLOT) | nth
    if not line:
        return rank, 1 << 30 if record >= "88" else -1, order, ""
    return rank, line, order, f"line {line}.{nth + 1}" if record == _TARIFF else f"line {line}"


def _value(found: _Found, ours: Said, theirs: Said) -> None:
    """The entered value of the whole summary, which no record of it carries."""
    here = np.unique(groups.entries(theirs.of("10").keys))
    for rank in here[ours.value[here] != theirs.value[here]].tolist():
        found.add(rank, -1, -1, "", ENTERED_VALUE, str(ours.value[rank]), str(theirs.value[rank]))


def _fields(found: _Found, record: str, pair: Pair) -> None:
    rows = differing(record, pair.ours, pair.theirs)
    if not len(rows):
        return
    keys, ours, theirs = pair.keys[rows], pair.ours[rows], pair.theirs[rows]
    shown = np.where(pair.only_theirs[rows][:, None], theirs, ours)
    heads = [told_apart(record, row) for row in shown]
    for mark in sorted(set(heads)):
        at = np.flatnonzero(np.array([head == mark for head in heads]))
        for one in named(record, mark):
            _field(found, record, one, mark, keys[at], ours[at], theirs[at])


def _field(
    found: _Found, record: str, one: Compared, mark: str, keys: Keys, ours: Bytes, theirs: Bytes
) -> None:
    span = chart(record)[one.field].span
    at = np.flatnonzero((ours[:, span] != theirs[:, span]).any(axis=1))
    if not len(at):
        return
    left, right = (values(record, one, side[at]) for side in (ours, theirs))
    differ = np.flatnonzero(truths(pc.not_equal(left[1], right[1])))
    for row, mine, other in _chosen(differ, left[0], right[0]):
        code = "not-on-paper" if mine is None and one.unknown else "field-differs"
        rank, line, order, subject = _place(record, int(keys[at[row]]))
        found.add(rank, line, order, subject, one.id, mine, other, code, mark)


def _chosen(
    rows: Keys, ours: pa.Array, theirs: pa.Array
) -> Iterator[tuple[int, str | None, str | None]]:
    place = pa.array(rows)
    yield from zip(rows.tolist(), ours.take(place).to_pylist(), theirs.take(place).to_pylist(),
                   strict=True)  # fmt: skip


def values(record: str, one: Compared, matrix: Bytes) -> tuple[pa.Array, pa.Array]:
    """A field of records as a person reads it (null: blank), and as it is compared (never null)."""
    layout = chart(record)
    text = _decoded(layout, one.field, matrix, typed=False)
    if one.kind == "party":
        return text, pc.fill_null(importer_key(text), "")
    if one.kind == "date":
        day = _decoded(layout, one.field, matrix, typed=True).cast(pa.string())
        nothing = pc.fill_null(pc.equal(text, "000000"), False)
        shown = pc.if_else(nothing, pa.scalar(None, pa.string()), pc.coalesce(day, text))
        return shown, pc.fill_null(shown, "")
    if one.kind in NUMBERS:
        return _number(text, _decoded(layout, one.field, matrix, typed=True), NUMBERS[one.kind])
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


def _decoded(layout: Layout, name: str, matrix: Bytes, *, typed: bool) -> pa.Array:
    found = decode(_narrowed(layout, name), matrix, typed=typed)[name]
    return found.combine_chunks()


@cache
def _narrowed(layout: Layout, name: str) -> Layout:
    """One field, its number padded as either side pads it."""
    field = layout[name]
    kind = "SN" if field.cls == "N" and not field.is_date else field.cls
    return replace(layout, fields=(replace(field, cls=kind),))
