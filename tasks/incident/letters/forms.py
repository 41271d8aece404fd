"""The official form, filled, where the broker has put it in `<home>/forms` (CBP's own PDF is not ours to
ship, and its edition changes). Its fields are found by box number or title, or as `<form>.csv` beside it
says (`field,value`). What cannot be filled safely is not: our own sheet stands in."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks.incident.letters.case import Case
from tasks.incident.letters.hostile_document import PDF, checked
from tasks.incident.letters.sheet import form_rows
from tasks.incident.letters.values import NAMES, PRIVATE, text_of
from tasks.shared.errors import BadInput, HostileFile, Problem
from tasks.shared.hostile import read_text
from tasks.shared.settings import Letters

CBP_3461, CBP_7501 = "cbp3461", "cbp7501"
SHIPPED = {CBP_3461: "cbp_3461.csv", CBP_7501: "cbp_7501.csv"}
_LEAST = ("entry_number", "entry_type", "port_of_entry")
_MULTILINE = 1 << 12
_LARGEST, _SMALLEST, _LEADING = 9.0, 6.0, 1.2
SEE_SHEET = "SEE SHEET"


@dataclass(frozen=True)
class Field:
    """A text field of the form: its name, what it is called, its size in points, and how many signs it
    takes; 0 for any number."""

    name: str
    words: str
    width: float
    height: float
    multiline: bool
    most: int = 0


@dataclass(frozen=True)
class Form:
    """An official form that can be filled. `where`: value name by field name; `unused`: value names
    that no field was found for."""

    name: str
    data: bytes
    fields: Mapping[str, Field]
    where: Mapping[str, str]
    unused: tuple[str, ...]


@dataclass(frozen=True)
class Filled:
    """The form's pages with an entry's values. `whole`: every value of the form stands in it."""

    data: bytes
    whole: bool


def form(home: Path, name: str, limits: Letters) -> tuple[Form | None, str]:
    """The broker's form, and in words why it cannot be used, also for a mapping beside it that names what
    there is not: then our own sheet goes to the port. (None, "") where there is no form."""
    path = home / "forms" / f"{name}.pdf"
    if not path.is_file():
        return None, ""
    try:
        document = checked(path.name, path.read_bytes(), limits)
        if document.media != PDF:
            return None, f"{path.name} is no PDF"
        fields = {one.name: one for one in _fields(document.data)}
        where = _given(path.with_suffix(".csv"), fields) or _matched(name, fields)
    except (BadInput, HostileFile) as bad:
        return None, "; ".join(map(str, bad.problems))
    if lacking := [value for value in _LEAST if value not in where.values()]:
        return None, (f"{path.name}: no field was found for {', '.join(lacking)} among "
                      f"{len(fields)}; say which in {name}.csv (field,value) beside it")  # fmt: skip
    wanted = {row["value"] for row in form_rows(SHIPPED[name]) if row["value"]}
    unused = tuple(sorted(wanted - set(where.values())))
    return Form(name, document.data, fields, where, unused), ""


def _fields(data: bytes) -> list[Field]:
    from pypdf import PdfReader

    found = []
    for page in PdfReader(io.BytesIO(data)).pages:
        for reference in page.get("/Annots") or ():
            note: Any = reference.get_object()
            if note.get("/Subtype") != "/Widget" or _inherited(note, "/FT", "") != "/Tx":
                continue
            left, low, right, high = (float(side) for side in note["/Rect"])
            words, name = str(_inherited(note, "/TU", "")), _qualified(note)
            several = bool(int(_inherited(note, "/Ff", 0)) & _MULTILINE)
            found.append(Field(name, f"{words} {name}".strip().lower(), abs(right - left),
                               abs(high - low), several, int(_inherited(note, "/MaxLen", 0))))  # fmt: skip
    return found


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
    parts, depth = [], 0
    while note is not None and depth < 20:
        if "/T" in note:
            parts.append(str(note["/T"]))
        note = note["/Parent"].get_object() if "/Parent" in note else None
        depth += 1
    return ".".join(reversed(parts))


def _matched(name: str, fields: Mapping[str, Field]) -> dict[str, str]:
    """Each box goes to the first free field that begins with its number, or that is called like it."""
    where: dict[str, str] = {}
    rows = [row for row in form_rows(SHIPPED[name]) if row["value"]]
    for find in (_by_number, _by_title):
        for row in rows:
            free = [field for field in fields.values() if field.name not in where]
            if row["value"] not in where.values() and (hit := find(row, free)):
                where[hit.name] = row["value"]
    return where


def _by_number(row: Mapping[str, str], free: Sequence[Field]) -> Field | None:
    form_ = re.compile(rf"(box|field)?[\s_]*0*{row['box']}(?!\d)")
    return next((field for field in free if form_.match(field.words)), None)


def _by_title(row: Mapping[str, str], free: Sequence[Field]) -> Field | None:
    form_ = re.compile(row["match"], re.IGNORECASE)
    return next((field for field in free if form_.search(field.words.replace("_", " "))), None)


def _given(path: Path, fields: Mapping[str, Field]) -> dict[str, str]:
    if not path.is_file():
        return {}
    reader = csv.DictReader(io.StringIO(read_text(path)))
    problems = [
        Problem(path.name, row=1, column=name, wrong="the column is missing", right="the heading field,value")
        for name in ("field", "value") if name not in (reader.fieldnames or ())
    ]  # fmt: skip
    rows = [] if problems else list(reader)
    for place, row in enumerate(rows, start=2):
        if row.get("field") not in fields:
            problems.append(Problem(path.name, row=place, column="field", value=row.get("field") or "",
                                    wrong="is no text field of the form",
                                    right="continuity incident letters forms lists them"))  # fmt: skip
        if row.get("value") not in NAMES or row.get("value") in PRIVATE:
            problems.append(Problem(path.name, row=place, column="value", value=row.get("value") or "",
                                    wrong="is no value of an entry",
                                    right="one of the column value in data/letters/cbp_3461.csv"))  # fmt: skip
    if problems:
        raise BadInput(f"{path} cannot be used:", problems)
    return {row["field"]: row["value"] for row in rows}


def fill(found: Form, case: Case) -> Filled:
    """The form with this entry's values, its fields made part of the page. A value that does not fit
    at a size that can be read says that it stands on the sheet."""
    from anyascii import anyascii
    from pypdf import PdfReader, PdfWriter

    writer, whole = PdfWriter(clone_from=PdfReader(io.BytesIO(found.data))), not found.unused
    values: dict[str, Any] = {}
    for name, value in found.where.items():
        said = text_of(case, value)
        # Another script in Latin letters is told on our own sheet, which then stands behind the form.
        whole = whole and all(
            unicodedata.name(sign, "").startswith("LATIN") for sign in said if sign.isalpha()
        )
        text, size = _put(anyascii(said), found.fields[name])
        if not size:
            whole = False
            text, size = _put(SEE_SHEET, found.fields[name])
            text, size = (text, size) if size else ("", _SMALLEST)
        values[name] = (text, "/Helv", size)
    writer.update_page_form_field_values(
        list(writer.pages), values, auto_regenerate=False, flatten=True
    )
    writer.remove_annotations(subtypes="/Widget")
    sink = io.BytesIO()
    writer.write(sink)
    return Filled(sink.getvalue(), whole)


def _put(text: str, field: Field) -> tuple[str, float]:
    """The text, and its size in points; 0 if it does not fit. A box with a place for each sign has none
    for hyphens; what is longer still would be cut without a word."""
    if field.most and len(text) > field.most:
        text = text.replace("-", "")
    return text, 0.0 if field.most and len(text) > field.most else fitting(text, field)


def fitting(text: str, field: Field) -> float:
    """The largest size in points at which a text stands in its field whole; 0 if there is none."""
    wide, high = field.width - 4, field.height - 2
    size = min(_LARGEST, high / _LEADING if not field.multiline else _LARGEST)
    while size >= _SMALLEST:
        lines = high // (size * _LEADING) if field.multiline else 1
        if _measured(text) * size <= wide or (
            field.multiline and _lines(text, wide / size) <= lines
        ):
            return size
        size -= 0.5
    return 0.0


def _lines(text: str, wide: float) -> float:
    """Lines that a text takes; endless if a word alone is too wide, since nothing breaks it."""
    lines, used = 1, 0.0
    for word in text.split():
        needs = _measured(word)
        if needs > wide:
            return float("inf")
        if used and used + _measured(" ") + needs > wide:
            lines, used = lines + 1, needs
        else:
            used += needs + (_measured(" ") if used else 0)
    return lines


@lru_cache(10_000)
def _measured(text: str) -> float:
    """Width in Helvetica at one point, in points."""
    return sum(_helvetica().get(sign, 600) for sign in text) / 1000


@lru_cache(1)
def _helvetica() -> dict[str, int]:
    from fpdf.fonts import CORE_FONTS_CHARWIDTHS

    return dict(CORE_FONTS_CHARWIDTHS["helvetica"])
