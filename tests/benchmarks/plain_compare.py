"""The same comparison as a plain program would do it: one summary, one record, one field at a time.

Our AE is written as for sending, as text; both texts are then read alike, by the same table of fields.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.ace.stored_summaries.comparison_fields import (
    COMPARED_NUMBERS,
    ComparedField,
    compared_fields,
    compared_records,
)
from tasks.ace.wire.record_layouts import RECORD_WIDTH, record_layout
from tasks.entries.events import Difference
from tasks.entries.record.entry_record import EntryRecord, from_bytes
from tasks.entries.tables import ENTRIES
from tasks.workspace import Workspace
from tests.benchmarks.summaries import ENVELOPE, PAYMENT

Key = tuple[int, int, int, str]
"""Line (-1 before all, 1 << 30 after), record, which of several alike, and what tells it apart."""

Summary = dict[Key, str]
HIGH = 1 << 30
_PAIRS = {"32": 13, "34": 11, "89": 14}
_APART = {"34": (2, 5), "47": (2, 3), "53": (2, 3), "54": (2, 4), "62": (2, 5), "89": (2, 5)}
_LACKING = "not-in-ace", "only-in-ace"


def differences(house: Workspace, data: bytes) -> tuple[dict[str, list[Difference]], int]:
    """The differences of an answer, by entry, and how many summaries it has."""
    contents: dict[str, dict[str, Summary]] = {}
    values: dict[str, int] = {}
    found, count = {}, 0
    for number, theirs in summaries(data):
        count += 1
        where = house.journal.rows(sa.select(ENTRIES.c.content).where(ENTRIES.c.number == number))
        digest = where[0].content
        if digest not in contents:
            record = from_bytes(house.content.get(digest))
            contents[digest] = written(record)
            rows = record.entries.select(["entry_number", "entered_value"]).to_pylist()
            values |= {row["entry_number"]: row["entered_value"] for row in rows}
        if differs := [*_compared(contents[digest][number], theirs, values[number])]:
            found[number] = differs
    return found, count


def written(record: EntryRecord) -> dict[str, Summary]:
    """What our AE would say of each entry of a record."""
    batches = write_summaries(record, ENVELOPE, None, PAYMENT)
    return {number: told for one in batches for number, told in summaries(one.bytes())}


def summaries(data: bytes) -> Iterator[tuple[str, Summary]]:
    """Each summary with its number, out of an AE batch or an ER answer."""
    number, told, line = "", {}, -1
    for at in range(0, len(data), RECORD_WIDTH):
        text = data[at : at + RECORD_WIDTH].decode()
        if text[:2] == "10":
            if number:
                yield number, told
            number, told, line = f"{text[3:6]}-{text[8:15]}-{text[15]}", {}, -1
        if text[:2] == "40":
            line = int(text[4:7])
        if number and text[:2] in compared_records() and text[:2] != "SE":
            for part in _apart(text):
                _keep(told, part, HIGH if text[:2] >= "88" else line)
    if number:
        yield number, told


def _apart(text: str) -> Iterator[str]:
    width = _PAIRS.get(text[:2])
    if width is None:
        yield text
        return
    for start in range(2, RECORD_WIDTH - width + 1, width):
        if text[start : start + 3].strip():
            yield (text[:2] + text[start : start + width]).ljust(RECORD_WIDTH)


def _keep(told: Summary, text: str, line: int) -> None:
    start, stop = _APART.get(text[:2], (0, 0))
    mark = text[start:stop].strip()
    if text[:2] == "31":
        mark = "A" if text[3] == "A" else ""
    nth = 0
    while (key := (line, compared_records().index(text[:2]), nth, mark)) in told:
        nth += 1
    told[key] = text


def _compared(ours: Summary, theirs: Summary, entered: int) -> Iterator[Difference]:
    other = sum(int(text[24:34]) for text in theirs.values() if text[:2] == "50")
    if entered != other:
        yield _differs("entered_value", "", "", str(entered), str(other))
    yield from _bills(ours, theirs)
    lines = [{key[0] for key, text in side.items() if text[:2] == "40"} for side in (ours, theirs)]
    for key in sorted({*ours, *theirs}):
        line, record = key[0], compared_records()[key[1]]
        lone = [key in side for side in (ours, theirs)]
        if record == "40" or (record == "50" and line in lines[0] & lines[1]):
            if lone != [True, True]:
                field = "line" if record == "40" else "tariff"
                yield Difference(code=_LACKING[lone.index(True)], field=field, subject=_place(record, key))
                continue
        elif 0 <= line < HIGH and line not in lines[0] & lines[1]:
            continue
        if record not in ("22", "23", "32"):
            yield from _fields(record, key, ours.get(key, ""), theirs.get(key, ""))


def _place(record: str, key: Key) -> str:
    if not 0 <= key[0] < HIGH:
        return ""
    return f"line {key[0]}.{key[2] + 1}" if record == "50" else f"line {key[0]}"


def _differs(field: str, subject: str, qualifier: str, paper: str, ace: str) -> Difference:
    return Difference(code="field-differs", field=field, subject=subject, qualifier=qualifier, paper=paper, ace=ace)


def _fields(record: str, key: Key, ours: str, theirs: str) -> Iterator[Difference]:
    for one in compared_fields(record, key[3]):
        left, right = (_value(record, one, text.ljust(RECORD_WIDTH)) for text in (ours, theirs))
        if left[0] != right[0] and not (one.unknown and not left[1]):
            field, subject = f"{record}.{one.field}", _place(record, key)
            yield _differs(field, subject, key[3], left[1], right[1])


def _value(record: str, one: ComparedField, text: str) -> tuple[Any, str]:
    """A field as it is compared and as it is shown."""
    value = text[record_layout("AE", record)[one.field].span].strip()
    if one.kind in COMPARED_NUMBERS:
        unit = COMPARED_NUMBERS[one.kind]
        shown = f"{int(value or 0) / unit:.{len(str(unit)) - 1}f}"
        return int(value or 0), shown if value else ""
    if one.kind == "date" and value:
        value = datetime.strptime(value, "%m%d%y").date().isoformat()
    shown = value
    if one.kind == "party" and re.fullmatch(r"\d\d-\d{7}", value):
        value += "00"
    return value, shown


def _bills(ours: Summary, theirs: Summary) -> Iterator[Difference]:
    sides = []
    for side in (ours, theirs):
        names = (" ".join(part for part in (text[2], text[3:7].strip(), text[7:19].strip()) if part)
                 for text in side.values() if text[:2] == "23")  # fmt: skip
        sides.append(Counter(names))
    left, right = sides[0] - sides[1], sides[1] - sides[0]
    if left or right:
        mine, other = (", ".join(sorted(one.elements())) for one in (left, right))
        yield _differs("bills", "", "", mine, other)
