"""A summary as its records, and ways to change one of them: what the AE rules are tested with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from tasks.ace.entry_summary.summary_slices import used_layout
from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.ace.file_check import check_bytes
from tasks.ace.wire.record_files import write_records
from tests.ace.made_record import made
from tests.ace.made_summary import ENVELOPE, PAYMENT, summary

Lines = tuple[str, ...]
Edit = Callable[[Lines], Lines]
QUIET = frozenset({"C600", "C604"})
"""Warnings that every such summary has: hyphens in party numbers, no unit on a 9813 number."""

HEADER = ("10", "11", "20", "SE13", "21", "22", "30", "31", "32", "33", "34", "35", "36", "SE20", "SE30")
LINE = ("40", "41", "42", "43", "44", "47", "SE50", "50", "51", "52", "53", "54", "60", "61", "62", "63", "CW02")
TOTALS = ["88", "89", "90"]


@cache
def base(kind: str = "01", mode: str = "30", serial: int = 7) -> Lines:
    """The records of a legal summary, from 10 to 90."""
    record = made(summary(serial, kind, mode))
    (batch,) = write_summaries(record, ENVELOPE, None, PAYMENT)
    text = write_records(batch.matrix, True).decode("ascii").splitlines()
    return tuple(text[2:-2])


def codes(lines: Iterable[str], block: str = "") -> set[str]:
    """The codes that the checker finds in the summary, the ones in QUIET left out."""
    return set(check_bytes(_enclosed(lines, block)).counts) - QUIET


def codes_by_entry(lines: Iterable[str]) -> dict[str, set[str]]:
    """The same for several summaries, by columns 4-16 of their 10 record."""
    found: dict[str, set[str]] = {}
    for one in check_bytes(_enclosed(lines), limit=None).findings:
        key = f"{one.entry[:3]}  {one.entry[4:11]}{one.entry[12:]}"
        found.setdefault(key, set()).add(one.code)
    return {key: held - QUIET for key, held in found.items()}


def _enclosed(lines: Iterable[str], block: str = "") -> bytes:
    head = "A2704ABCPASSWD112426     AE".ljust(80)
    trail = "Y  3801ABCAE".ljust(80)
    text = "".join((head, (block or "B  3801ABCAE").ljust(80), *lines, trail))
    return (text + "Z2704ABC      112426".ljust(80)).encode("ascii", "replace")


def record(name: str, /, **values: str) -> str:
    """A record of its own, blank but for the values."""
    kind = used_layout(name)
    text = " " * 80
    for field in kind.fields:
        if field.constant:
            text = _put(text, field.start, field.constant)
    return set_fields(name, text, **values)


def set_fields(name: str, text: str, /, **values: str) -> str:
    kind = used_layout(name)
    for field, value in values.items():
        place = kind[field]
        full = value.rjust(place.length) if place.right else value.ljust(place.length)
        assert len(full) == place.length, (field, value)
        text = _put(text, place.start, full)
    return text


def put(name: str, /, nth: int | None = None, **values: str) -> Edit:
    """Sets fields of every record of an id, or of the nth of them (from 0)."""

    def edit(lines: Lines) -> Lines:
        at = _of(lines, name)
        assert at, name
        wanted = set(at if nth is None else [at[nth]])
        return tuple(set_fields(name, text, **values) if row in wanted else text for row, text in enumerate(lines))

    return edit


def drop(name: str, begins: str = "") -> Edit:
    """Takes away every record of an id, or those that begin with a text."""
    head = begins or name
    return lambda lines: tuple(one for one in lines if not _is(one, name) or not one.startswith(head))


def add(text: str, line: int | None = None) -> Edit:
    """Puts a record where the chapter wants it: in the header or totals, or on every line or only
    on the nth (from 0)."""
    name = text[:4].strip() if text[:2] in ("SE", "CW", "OI") else text[:2]

    def edit(lines: Lines) -> Lines:
        if name in HEADER or name in TOTALS:
            return _after(lines, text, _place(lines, name))
        found: list[str] = list(lines)
        heads = _of(lines, "40")
        for number, row in reversed(list(enumerate(heads))):
            if line is None or number == line:
                end = heads[number + 1] if number + 1 < len(heads) else _of(lines, "90", True)[0]
                found.insert(_line_place(lines, name, row, end), text)
        return tuple(found)

    return edit


def both(*edits: Edit) -> Edit:
    def edit(lines: Lines) -> Lines:
        for one in edits:
            lines = one(lines)
        return lines

    return edit


def _place(lines: Lines, name: str) -> int:
    order = [*HEADER, "40", *TOTALS]
    before = set(order[: order.index(name) + 1])
    inside = {"23": "22", "SE16": "22", "SE17": "22", "SE35": "SE30", "SE36": "SE30"}
    rows = [
        row
        for row, text in enumerate(lines)
        if (inside.get(_name(text), _name(text)) in before) or (name in TOTALS and _name(text) not in TOTALS)
    ]
    return rows[-1] + 1


def _line_place(lines: Lines, name: str, row: int, end: int) -> int:
    before = set(LINE[: LINE.index(name) + 1])
    inside = {"SE60": "50", "SE61": "50", "OI": "50", "SE55": "SE50", "SE56": "SE50"}
    rows = [
        at
        for at in range(row, end)
        if inside.get(_name(lines[at]), _name(lines[at])) in before or lines[at].startswith("PG")
    ]
    return rows[-1] + 1


def _after(lines: Lines, text: str, row: int) -> Lines:
    return (*lines[:row], text, *lines[row:])


def _of(lines: Lines, name: str, totals: bool = False) -> list[int]:
    if totals:
        return [row for row, text in enumerate(lines) if _name(text) in TOTALS]
    return [row for row, text in enumerate(lines) if _is(text, name)]


def _is(text: str, name: str) -> bool:
    return _name(text) == name


def _name(text: str) -> str:
    return text[:4].strip() if text[:2] in ("SE", "CW", "PG") else text[:2]


def _put(text: str, start: int, value: str) -> str:
    return text[: start - 1] + value + text[start - 1 + len(value) :]
