"""The fields of an official form, and what the mapping beside it says of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasks.core.errors import BadInput, Problem
from tasks.core.untrusted_input import read_text
from tasks.incident.letters.letter_values import NAMES, PRIVATE

_MULTILINE, _PUSH = 1 << 12, 1 << 16
_TABLE = "data/letters/cbp_3461.csv"


@dataclass(frozen=True)
class FormField:
    """A text field of the form: its name, what it is called, its size in points, and how many signs it
    takes; 0 for any number."""

    name: str
    label: str
    width: float
    height: float
    multiline: bool
    most: int = 0


@dataclass(frozen=True)
class FormTick:
    """A box to be ticked: the page (from 0) and its corners in points. One of several under one name
    (radio buttons) is `name=state`."""

    name: str
    label: str
    page: int
    corners: tuple[float, float, float, float]


@dataclass(frozen=True)
class FormMap:
    """What the broker's file says. `where`: value name by text field; `ticks`: value name and the code
    for which it is ticked, by box."""

    where: Mapping[str, str]
    ticks: Mapping[str, tuple[str, str]]


def texts(data: bytes) -> list[FormField]:
    """Fields to be written in."""
    fields: list[FormField] = []
    for _, note, label, name in _widgets(data, "/Tx"):
        left, low, right, high = _corners(note)
        several = bool(int(_inherited(note, "/Ff", 0)) & _MULTILINE)
        fields.append(FormField(name, label, right - left, high - low, several, int(_inherited(note, "/MaxLen", 0))))
    return fields


def ticks(data: bytes) -> list[FormTick]:
    """Check boxes and radio buttons; buttons that start something are none."""
    boxes = [
        (FormTick(name, label, page, _corners(note)), _states(note))
        for page, note, label, name in _widgets(data, "/Btn")
        if not int(_inherited(note, "/Ff", 0)) & _PUSH
    ]
    names = [box.name for box, _ in boxes]
    return [replace(box, name=f"{box.name}={state}") if names.count(box.name) > 1 else box for box, state in boxes]


def _widgets(data: bytes, kind: str) -> Iterator[tuple[int, Any, str, str]]:
    """Page, widget, what it is called, its name."""
    from pypdf import PdfReader

    for number, page in enumerate(PdfReader(io.BytesIO(data)).pages):
        for reference in page.get("/Annots") or ():
            note: Any = reference.get_object()
            if note.get("/Subtype") == "/Widget" and _inherited(note, "/FT", "") == kind:
                title, name = str(_inherited(note, "/TU", "")), _qualified(note)
                yield number, note, f"{title} {name}".strip().lower(), name


def _corners(note: Any) -> tuple[float, float, float, float]:
    left, low, right, high = (float(side) for side in note["/Rect"])
    return min(left, right), min(low, high), max(left, right), max(low, high)


def _states(note: Any) -> str:
    """The state of a button that is on, as its form calls it."""
    looks = note.get("/AP", {}).get("/N", {})
    return next((str(look)[1:] for look in looks if look != "/Off"), "On")


def _inherited(note: Any, key: str, without: Any) -> Any:
    """A field's widgets may hang under it: name, kind and title are then its parent's."""
    for _ in range(20):
        if key in note:
            return note[key]
        if "/Parent" not in note:
            break
        note = note["/Parent"].get_object()
    return without


def _qualified(note: Any) -> str:
    parts, depth = list[str](), 0
    while note is not None and depth < 20:
        if "/T" in note:
            parts.append(str(note["/T"]))
        note = note["/Parent"].get_object() if "/Parent" in note else None
        depth += 1
    return ".".join(reversed(parts))


def load_form_map(path: Path, fields: Iterable[str], boxes: Iterable[str]) -> FormMap:
    """The mapping of the broker, empty where there is none. Raises BadInput, naming every line at fault."""
    if not path.is_file():
        return FormMap({}, {})
    reader = csv.DictReader(io.StringIO(read_text(path)))
    problems = [
        Problem(file=path.name, row=1, column=name, code="form-fields-column-missing")
        for name in ("field", "value")
        if name not in (reader.fieldnames or ())
    ]
    rows = [] if problems else list(reader)
    text_fields, square = set(fields), set(boxes)
    for number, row in enumerate(rows, start=2):
        problems += _faults(path.name, number, row, text_fields, square)
    if problems:
        raise BadInput("letter-table-invalid", problems, path=path)
    return FormMap(
        {row["field"]: row["value"] for row in rows if row["field"] in text_fields},
        {row["field"]: (row["value"], row["when"].strip()) for row in rows if row["field"] in square},
    )


def _faults(
    file: str, number: int, row: Mapping[str, str], text_fields: set[str], square: set[str]
) -> Iterator[Problem]:
    name, value, when = (row.get(column) or "" for column in ("field", "value", "when"))
    if name not in text_fields | square:
        yield Problem(file=file, row=number, column="field", value=name, code="form-field-unknown")
    if value not in NAMES or value in PRIVATE:
        yield Problem(
            file=file, row=number, column="value", value=value, code="form-value-unknown", values={"table": _TABLE}
        )
    if name in square and not when.strip():
        yield Problem(file=file, row=number, column="when", code="checkbox-code-missing")
    if name in text_fields and when.strip():
        yield Problem(file=file, row=number, column="when", value=when, code="checkbox-code-on-text-field")
