"""Columns of answers: entry numbers, dollars, times, code words, and placing by owner."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ace.checker.record_deck import integers
from tasks.ace.wire.array_tools import NO_TEXT, fixed_width_texts, is_given, take_or_null, whole_numbers
from tasks.ace.wire.data_classes import Bytes, Flags, digit_bytes, impossible_date, is_blank
from tasks.ace.wire.table_columns import MONEY_TYPE, TIME
from tasks.core import arrow_compute as pc

Index = NDArray[np.int64]

_SOCIAL = r"[0-9]{3}-[0-9]{2}-[0-9]{4}"


def entry_numbers(filer: Bytes, number: Bytes) -> pa.Array:
    """`XXX-NNNNNNN-C` of (n, 3) filer codes and (n, 8 or 9) numbers; null where one is blank.

    Nine columns are right-justified in CQ (CQ v21 p.13); a left-justified number reads the same.
    """
    if number.shape[1] == 9:
        left = number[:, 8:] == 32
        number = np.where(left, number[:, :8], number[:, 1:])
    text = np.full((len(filer), 13), ord("-"), dtype=np.uint8)
    text[:, :3], text[:, 4:11], text[:, 12] = filer, number[:, :7], number[:, 7]
    text[text > 126] = ord("?")
    blank = (filer == 32).any(axis=1) | (number == 32).any(axis=1)
    numbers = fixed_width_texts(text)
    return pc.if_else(pa.array(blank), NO_TEXT, numbers) if blank.any() else numbers


def first_by_owner(column: pa.Array, owner: Index, count: int) -> pa.Array:
    """(count,) the first value of each owner; null where an owner has none."""
    rows = np.full(count, -1, dtype=np.int64)
    inside = np.flatnonzero(owner >= 0)[::-1]
    rows[owner[inside]] = inside
    return take_or_null(column, rows)


def dollar_amounts(cents: pa.Array, places: int = 2) -> pa.Array:
    """Whole numbers with two implied decimals, or none, as dollars."""
    values = whole_numbers(cents)
    if places == 0:
        values = values * 100
    wide = np.empty((len(values), 2), dtype=np.int64)
    wide[:, 0], wide[:, 1] = values, values >> 63
    bits = np.packbits(is_given(cents), bitorder="little")
    buffers = [pa.py_buffer(bits.data) if cents.null_count else None, pa.py_buffer(wide.data)]
    return pa.Array.from_buffers(MONEY_TYPE, len(values), buffers)


def signed_numbers(text: pa.Array) -> pa.Array:
    """Digits with or without a minus in front (EQ v26 p.34, 35); null for anything else."""
    good = pc.match_substring_regex(text, r"^\s*-?[0-9]{1,15}\s*$")
    digits = pc.if_else(good, pc.utf8_trim_whitespace(text), NO_TEXT)
    return digits.cast(pa.int64())


def map_codes(text: pa.Array, meanings: Mapping[str, str]) -> pa.Array:
    """Codes by a table; a code that is not in it stays as it is, with a question mark."""
    keys = pa.array(list(meanings), pa.string())
    index = pc.index_in(text, value_set=keys)
    meaning = pa.array(list(meanings.values()), pa.string()).take(index)
    unlisted = pc.binary_join_element_wise(text, "?", "")
    return pc.if_else(pc.and_(pc.is_null(index), pc.is_valid(text)), unlisted, meaning)


def is_one_of(text: pa.Array, *values: str) -> pa.Array:
    """Whether a text is one of the values; null stays null."""
    matches = pc.is_in(text, value_set=pa.array(values, pa.string()))
    return pc.if_else(pc.is_valid(text), matches, pa.scalar(None, pa.bool_()))


def clock_times(day: pa.Array, time: Bytes) -> pa.Array:
    """A date and HHMM or HHMMSS as a time; null where the date is, midnight where the hour is."""
    part = [integers(time[:, k : k + 2]) for k in range(0, time.shape[1], 2)]
    good = digit_bytes(time).all(axis=1) & (part[0] < 24) & (part[1] < 60)
    seconds = part[0] * 3600 + part[1] * 60 + (part[2] if len(part) > 2 else 0)
    days = day.cast(pa.int32()).cast(pa.int64())
    moments = pc.add(pc.multiply(days, 86_400), pa.array(np.where(good, seconds, 0)))
    return moments.cast(TIME)


def twelve_hour_times(text: Bytes) -> tuple[pa.Array, Flags]:
    """MMDDYYHHMMSS and AM or PM (EQ v26 p.20) as times, and which texts are no such time."""
    digits = digit_bytes(text[:, :12]).all(axis=1)
    month, day, year, hour, minute, second = (integers(text[:, k : k + 2]) for k in range(0, 12, 2))
    meridiem = text[:, 12]
    good = digits & ~impossible_date(text[:, :6]) & (hour >= 1) & (hour <= 12)
    good &= (minute < 60) & (second < 60) & (text[:, 13] == ord("M"))
    good &= (meridiem == ord("A")) | (meridiem == ord("P"))
    months = (np.where(year < 70, year + 2000, year + 1900) - 1970) * 12 + month - 1
    days = np.where(good, months, 0).astype("datetime64[M]").astype("datetime64[D]").astype(int)
    hours = hour % 12 + np.where(meridiem == ord("P"), 12, 0)
    seconds = (days + day - 1) * 86_400 + hours * 3600 + minute * 60 + second
    return pa.array(seconds, mask=~good).cast(TIME), ~good & ~is_blank(text)


def join_texts(between: str, *parts: pa.Array) -> pa.Array:
    """Texts side by side, what is missing left out; null where all are.

    Arrow's own join with `null_handling="skip"` loses rows whose parts are all null (seen in 26).
    """
    rows = zip(*(part.to_pylist() for part in parts), strict=True)
    return pa.array([between.join(text for text in row if text) or None for row in rows], pa.string())


def record_texts(matrix: Bytes) -> pa.Array:
    """Whole records as text for a person, Social Security numbers hidden."""
    view = np.where((matrix < 32) | (matrix > 126), np.uint8(ord("?")), matrix)
    lines = [row.tobytes().decode("ascii").rstrip() for row in view]
    return hide_ssn(pa.array(lines, pa.string()))


def hide_ssn(text: pa.Array) -> pa.Array:
    """Text without Social Security numbers."""
    return pc.replace_substring_regex(text, _SOCIAL, "(private)")


def importer_keys(numbers: pa.Array) -> pa.Array:
    """Importer numbers for comparing: ACE writes 00 for the blank suffix of an IRS number, so
    `12-3456789` and `12-345678900` are one importer (EQ v26 p.37, KI v7 p.12)."""
    short = pc.match_substring_regex(numbers, r"^[0-9]{2}-[0-9]{7}$")
    return pc.if_else(short, pc.binary_join_element_wise(numbers, "00", ""), numbers)


def trimmed_text(matrix: Bytes, start: int, stop: int, rows: Index) -> pa.Array:
    """Trimmed text of 0-based columns at rows; null for blank and for a row below zero."""
    texts = [matrix[row, start:stop].tobytes().decode("latin-1").strip() or None if row >= 0 else None for row in rows]
    return pa.array(texts, pa.string())
