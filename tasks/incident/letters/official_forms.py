"""The official form, filled, where the broker has put it in `<home>/forms` (CBP's own PDF is not ours to
ship, and its edition changes). Its fields are found by box number or title, or as `<form>.csv` beside it
says (`field,value,when`: boxes are ticked for the code in `when`). What cannot be filled safely is not:
our own sheet stands in."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tasks.core.errors import BadInput, HostileFile, Problem
from tasks.incident.document_checks import PDF, check_document
from tasks.incident.letters import form_fields
from tasks.incident.letters.entry_case import EntryCase
from tasks.incident.letters.form_fields import FormField, FormTick, load_form_map
from tasks.incident.letters.letter_values import code_of, text_of
from tasks.incident.letters.sheet_layout import form_rows
from tasks.incident.settings import LetterSettings

CBP_3461, CBP_7501 = "cbp3461", "cbp7501"
TITLES = {CBP_3461: "CBP Form 3461", CBP_7501: "CBP Form 7501"}
SHIPPED = {CBP_3461: "cbp_3461.csv", CBP_7501: "cbp_7501.csv"}
_LEAST = ("entry_number", "entry_type", "port_of_entry")
_LARGEST, _SMALLEST, _LEADING = 9.0, 6.0, 1.2
SEE_SHEET = "SEE SHEET"


@dataclass(frozen=True)
class OfficialForm:
    """An official form that can be filled. `where`: value name by field name; `unused`: value names
    that no field was found for; `boxes`: to be ticked, by name, and `ticks` for which value and code."""

    name: str
    data: bytes
    fields: Mapping[str, FormField]
    where: Mapping[str, str]
    unused: tuple[str, ...]
    boxes: Mapping[str, FormTick]
    ticks: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class FormCopy:
    """The form's pages with an entry's values. `complete`: every value of the form stands in it."""

    data: bytes
    complete: bool


def form_named(home: Path, name: str, limits: LetterSettings) -> tuple[OfficialForm | None, tuple[Problem, ...]]:
    """The broker's form, and why it cannot be used, also for a mapping beside it that names what there
    is not: then our own sheet goes to the port. (None, ()) where there is no form."""
    path = home / "forms" / f"{name}.pdf"
    if not path.is_file():
        return None, ()
    try:
        document = check_document(path.name, path.read_bytes(), limits)
        if document.media != PDF:
            return None, (Problem(file=path.name, code="form-not-a-pdf"),)
        fields = {field.name: field for field in form_fields.texts(document.data)}
        boxes = {box.name: box for box in form_fields.ticks(document.data)}
        form_map = load_form_map(path.with_suffix(".csv"), fields, boxes)
    except (BadInput, HostileFile) as bad:
        return None, bad.problems
    where = form_map.where or _matched(name, fields)
    if lacking := [value for value in _LEAST if value not in where.values()]:
        return None, tuple(
            Problem(
                file=path.name,
                column=value,
                code="form-field-not-matched",
                values={"count": len(fields), "table": f"{name}.csv"},
            )
            for value in lacking
        )
    required = {row["value"] for row in form_rows(SHIPPED[name]) if row["value"]}
    have = {*where.values(), *(value for value, _ in form_map.ticks.values())}
    unused = tuple(sorted(required - have))
    return OfficialForm(name, document.data, fields, where, unused, boxes, form_map.ticks), ()


def _matched(name: str, fields: Mapping[str, FormField]) -> dict[str, str]:
    """Each box goes to the first free field that begins with its number, or that is called like it."""
    where: dict[str, str] = {}
    rows = [row for row in form_rows(SHIPPED[name]) if row["value"]]
    for find in (_by_number, _by_title):
        for row in rows:
            free = [field for field in fields.values() if field.name not in where]
            if row["value"] not in where.values() and (hit := find(row, free)):
                where[hit.name] = row["value"]
    return where


def _by_number(row: Mapping[str, str], free: Sequence[FormField]) -> FormField | None:
    form_ = re.compile(rf"(box|field)?[\s_]*0*{row['box']}(?!\d)")
    return next((field for field in free if form_.match(field.label)), None)


def _by_title(row: Mapping[str, str], free: Sequence[FormField]) -> FormField | None:
    form_ = re.compile(row["match"], re.IGNORECASE)
    return next((field for field in free if form_.search(field.label.replace("_", " "))), None)


def fill_form(form: OfficialForm, case: EntryCase) -> FormCopy:
    """The form with this entry's values, its fields made part of the page. A value that does not fit
    at a size that can be read says that it stands on the sheet."""
    from anyascii import anyascii
    from pypdf import PdfReader, PdfWriter

    writer, complete = PdfWriter(clone_from=PdfReader(io.BytesIO(form.data))), not form.unused
    values: dict[str, Any] = {}
    for name, value in form.where.items():
        printed = text_of(case, value)
        # Another script in Latin letters is told on our own sheet, which then stands behind the form.
        complete = complete and all(
            unicodedata.name(sign, "").startswith("LATIN") for sign in printed if sign.isalpha()
        )
        text, size = _put(anyascii(printed), form.fields[name])
        if not size:
            complete = False
            text, size = _put(SEE_SHEET, form.fields[name])
            text, size = (text, size) if size else ("", _SMALLEST)
        values[name] = (text, "/Helv", size)
    writer.update_page_form_field_values(list(writer.pages), values, auto_regenerate=False, flatten=True)
    writer.remove_annotations(subtypes="/Widget")
    ticked = set[str]()
    for name, (value, when) in form.ticks.items():
        if when in (text_of(case, value), code_of(case, value)):
            _crossed(writer.pages[form.boxes[name].page], form.boxes[name].corners)
            ticked.add(value)
    for value in {value for value, _ in form.ticks.values()} - {*form.where.values()} - ticked:
        complete = complete and not text_of(case, value)
    sink = io.BytesIO()
    writer.write(sink)
    return FormCopy(sink.getvalue(), complete)


def _crossed(page: Any, corners: tuple[float, float, float, float]) -> None:
    """A cross in a box, drawn into the page: how a form draws its own tick is its maker's affair."""
    from fpdf import FPDF
    from pypdf import PdfReader, Transformation

    left, low, right, high = corners
    wide, tall = right - left, high - low
    pdf = FPDF(unit="pt", format=(wide, tall))
    pdf.set_auto_page_break(False)
    pdf.add_page()
    pdf.set_line_width(max(0.8, min(wide, tall) / 9))
    inset = min(wide, tall) * 0.18
    pdf.line(inset, inset, wide - inset, tall - inset)
    pdf.line(inset, tall - inset, wide - inset, inset)
    over = PdfReader(io.BytesIO(bytes(pdf.output()))).pages[0]
    page.merge_transformed_page(over, Transformation().translate(left, low))


def _put(text: str, field: FormField) -> tuple[str, float]:
    """The text, and its size in points; 0 if it does not fit. A box with a place for each sign has none
    for hyphens; what is longer still would be cut without a word."""
    if field.most and len(text) > field.most:
        text = text.replace("-", "")
    return text, 0.0 if field.most and len(text) > field.most else fitting_text(text, field)


def fitting_text(text: str, field: FormField) -> float:
    """The largest size in points at which a text stands in its field whole; 0 if there is none."""
    wide, high = field.width - 4, field.height - 2
    size = min(_LARGEST, high / _LEADING if not field.multiline else _LARGEST)
    while size >= _SMALLEST:
        lines = high // (size * _LEADING) if field.multiline else 1
        if _measured(text) * size <= wide or (field.multiline and _lines(text, wide / size) <= lines):
            return size
        size -= 0.5
    return 0.0


def _lines(text: str, wide: float) -> float:
    """Lines that a text takes; endless if a word alone is too wide, since nothing breaks it."""
    lines, used = 1, 0.0
    for part in text.split():
        needs = _measured(part)
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
