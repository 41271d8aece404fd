"""Building single records and batches by field name, and editing single records of a batch."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pyarrow as pa

from tasks.ace.wire.codec import encode_records
from tasks.ace.wire.record_layouts import record_layout

Line = tuple[str, str]
"""The entry that a record belongs to (empty for the envelope) and its 80 characters."""

Edit = Callable[[list[Line]], list[Line]]

FILER = "B76"


def record(application: str, name: str, variant: str = "", /, **values: str | int) -> str:
    """One record of 80 characters from its fields."""
    return _record(application, name, variant, tuple(values.items()))


@lru_cache(1 << 14, typed=True)
def _record(application: str, name: str, variant: str, values: tuple[tuple[str, str | int], ...]) -> str:
    # The same few are wanted for every batch that a test breaks.
    chart = record_layout(application, name, variant)
    if not chart.data_fields:
        return "".join(field.constant.ljust(field.length) for field in chart.fields)
    columns = {key: pa.array([value]) for key, value in values}
    columns = columns or {chart.data_fields[0].name: pa.array([None], pa.string())}
    return encode_records(chart, columns)[0].tobytes().decode("ascii")


_SAMPLES = {"A": "A", "AN": "A1", "N": "1", "SN": "1", "D": "112426", "X": "A"}


def filled(application: str, name: str, variant: str = "", /, **values: str | int) -> str:
    """One record whose mandatory fields hold something of their class unless told otherwise."""
    given = {
        field.name: "112426" if field.is_date else _SAMPLES[field.cls][: field.length]
        for field in record_layout(application, name, variant).data_fields
        if field.required
    }
    return record(application, name, variant, **{**given, **values})


def envelope(application: str, inside: list[Line], port: str = "2704", filer: str = FILER) -> list[Line]:
    """A batch with one block around records."""
    a = record(
        "BB", "A", "input", site_code="2704", sender_id=filer, password="PASSWD",
        transmission_date="112426", application=application, user_text="TEST-00001",
    )  # fmt: skip
    b = record(
        "BB", "B", "input", port=port, filer_code=filer, application=application,
        user_text="TEST-00001/001",
    )  # fmt: skip
    y = record("BB", "Y", "input", port=port, filer_code=filer, application=application)
    z = record("BB", "Z", "input", site_code="2704", sender_id=filer, transmission_date="112426")
    return [("", a), ("", b), *inside, ("", y), ("", z)]


def data(lines: list[Line]) -> bytes:
    """The batch as it goes over the wire: n x 80 bytes."""
    return "".join(text for _, text in lines).encode("ascii")


def matrix(lines: list[Line]) -> np.ndarray:
    return np.frombuffer(data(lines), dtype=np.uint8).reshape(-1, 80)


def se(name: str, /, **values: str | int) -> str:
    return record("SE", name, **values)


def pg(name: str, /, **values: str | int) -> str:
    return record("PGA", name, **values)


def place(lines: list[Line], entry: str, name: str, nth: int = 0) -> int:
    """Index of the nth record of an id in an entry."""
    found = [index for index, (owner, text) in enumerate(lines) if owner == entry and text.startswith(name)]
    return found[nth]


def put(entry: str, name: str, field: str, value: str, nth: int = 0, application: str = "") -> Edit:
    """Writes a value over a field, padded with blanks; `field` may be `first-last` columns."""

    def edit(lines: list[Line]) -> list[Line]:
        index = place(lines, entry, name, nth)
        owner, text = lines[index]
        start, length = _span(application or _set(name), name, field)
        padded = value.ljust(length)[:length]
        changed = text[: start - 1] + padded + text[start - 1 + length :]
        return [*lines[:index], (owner, changed), *lines[index + 1 :]]

    return edit


def drop(entry: str, name: str, nth: int = 0) -> Edit:
    def edit(lines: list[Line]) -> list[Line]:
        index = place(lines, entry, name, nth)
        return [*lines[:index], *lines[index + 1 :]]

    return edit


def add(entry: str, after: str, text: str | list[str], nth: int = 0) -> Edit:
    """Puts records behind the nth record of an id."""

    def edit(lines: list[Line]) -> list[Line]:
        index = place(lines, entry, after, nth) + 1
        texts = [text] if isinstance(text, str) else text
        return [*lines[:index], *((entry, one) for one in texts), *lines[index:]]

    return edit


def swap(entry: str, name: str, nth: int = 0) -> Edit:
    """Exchanges a record with the one behind it."""

    def edit(lines: list[Line]) -> list[Line]:
        index = place(lines, entry, name, nth)
        changed = list(lines)
        changed[index], changed[index + 1] = changed[index + 1], changed[index]
        return changed

    return edit


def both(*edits: Edit) -> Edit:
    def edit(lines: list[Line]) -> list[Line]:
        for one in edits:
            lines = one(lines)
        return lines

    return edit


def _set(name: str) -> str:
    if name in "ABYZ":
        return "BB"
    return "PGA" if name.startswith(("PG", "OI")) else "SE"


def _span(application: str, name: str, field: str) -> tuple[int, int]:
    if field[0].isdigit():
        first, _, last = field.partition("-")
        return int(first), int(last or first) - int(first) + 1
    one = record_layout(application, name, "input" if application == "BB" else "")[field]
    return one.start, one.length
