"""The layout of a desk's workbook: order, widths, colors and notes of its sheets, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from tasks.entries.record.code_lists import code_meanings, offered_codes
from tasks.entries.record.record_fields import RECORD_TABLES, RecordField, fields_of

README, LISTS, ABOUT, PROBLEMS = "Read me", "Lists", "About", "Problems"
FORMAT = "continuity-entries-1"
PREPRINTED = ("entry_number", "desk", "port_of_entry", "contact_name", "contact_phone")
"""Fields that a new workbook fills in: a row that holds nothing else was not used."""

TINTS: Mapping[str, tuple[str, str, str]] = {
    "key": ("1F3864", "FFFFFF", "the number that ties the rows together"),
    "release": ("2E75B6", "FFFFFF", "needed before the papers go to the port"),
    "release?": ("BDD7EE", "000000", "needed in the case that the note on the heading names"),
    "outcome": ("548235", "FFFFFF", "what the port did: fill in the same day"),
    "private": ("7B5C8E", "FFFFFF", "about the driver: trucks only, kept locked away"),
    "summary?": ("FFE08A", "000000", "can wait: the entry summary needs it later"),
    "optional": ("E3E3E3", "000000", "if there is one"),
    "set": ("A6A6A6", "FFFFFF", "filled in by the books: leave alone"),
}
"""Level of a field: fill and letter color of its heading, and the legend."""

SHEET_PURPOSES: Mapping[str, str] = {
    "entries": "one row an entry; the numbers are printed already",
    "bills": "every bill of lading, air waybill or in-bond number of an entry",
    "conveyances": "only for bills on no electronic manifest, and parts of split shipments",
    "equipment": "containers and trailers, with their seals",
    "parties": "manufacturer, seller, buyer, consignee; line 0 is the whole entry",
    "lines": "what the goods are and where they come from",
    "tariffs": "the tariff numbers of each line, in order, with the value",
    "pga": "what FDA, APHIS, EPA and other agencies want to know",
    "documents": "what was handed in or scanned",
    "voided": "spoiled numbers, with the reason",
}
TABS = {"entries": "1F3864", "voided": "C00000"}
_WIDE = {"description": 34, "importer_address": 34, "remarks": 30, "reason": 40, "file_name": 30}
_BY_TYPE = {"integer": 13.0, "date": 12.0, "flag": 11.0, "decimal": 13.0}
_DAYS = date(1970, 1, 1), date(2069, 12, 31)


_BLOCKS = {"private": 1, "outcome": 2, "summary?": 3, "set": 4}


@cache
def columns(table: str) -> tuple[RecordField, ...]:
    """The fields of a sheet from left to right: what the port asks for, the driver, what the
    port did, what can wait, what the books set."""
    late = ("summary_remarks", "state_of_destination")

    def block(field: RecordField) -> int:
        return 3 if field.name in late else _BLOCKS.get(field.level, 0)

    fields = fields_of(table)
    return tuple(sorted(fields, key=block)) if table == "entries" else fields


def width(field: RecordField) -> float:
    """Column width in characters: enough for the value, the picked code and the heading."""
    if field.name == "entry_number":
        return 16
    if field.type == "integer" and field.level == "key":
        return 9
    if field.name in _WIDE:
        return _WIDE[field.name]
    if field.type in _BY_TYPE:
        return _BY_TYPE[field.type]
    longest_word = max(len(part) for part in field.title.split())
    value_width = 18 if field.codes and field.codes != "flag" else min(field.width, 26)
    return max(value_width, longest_word + 2, 9) + 1.5


def align(field: RecordField) -> str:
    """The alignment of a column's cells."""
    if field.type in ("date", "flag") or (field.type == "integer" and field.level == "key"):
        return "center"
    return "left" if field.type == "text" else "right"


def note(field: RecordField) -> str:
    """The note on a heading."""
    parts = [field.note, field.example and f"Form: {field.example}."]
    if field.codes and field.codes != "flag":
        parts.append("Pick from the list, or type the code alone.")
    if field.type == "date":
        parts.append("A date, like 2026-11-24.")
    if field.codes == "flag":
        parts.append("Y or N.")
    if field.type == "text" and field.width and not field.codes:
        parts.append(f"At most {field.width} characters.")
    return " ".join(part for part in parts if part)


def list_items(name: str) -> list[str]:
    """The items of a drop-down: code and meaning; the reader takes the text before ` - `."""
    return [f"{code} - {code_meanings(name)[code]}" for code in offered_codes(name)]


def code_of(picked: str) -> str:
    """The code of a picked item, or the text itself."""
    return picked.partition(" - ")[0].strip()


@cache
def list_names() -> tuple[str, ...]:
    """The code lists that the sheets use, in the order of the hidden sheet."""
    named = {f.codes for table in RECORD_TABLES for f in fields_of(table)}
    return tuple(sorted(named - {"", "flag"}))


def list_range(name: str) -> str:
    """The cell range of a list on the hidden sheet."""
    from xlsxwriter.utility import xl_col_to_name

    letter = xl_col_to_name(list_names().index(name))
    return f"={LISTS}!${letter}$2:${letter}${len(list_items(name)) + 1}"


def validation(field: RecordField, last_number: int) -> dict[str, Any] | None:
    """The data validation of a column in xlsxwriter's words. `last_number`: the spreadsheet row
    of the last pre-printed number. Lists with meanings let a typed code pass: reading checks it.
    """
    stop = {"error_title": field.title[:32], "ignore_blank": True}
    if field.name == "entry_number":
        source = f"=Entries!$A$2:$A${max(last_number, 2)}"
        message = {"error_message": "Pick one of the numbers printed on the sheet Entries."}
        return stop | message | {"validate": "list", "source": source}
    if field.codes == "flag":
        message = {"error_message": "Y or N."}
        return stop | message | {"validate": "list", "source": ["Y", "N"]}
    if field.codes:
        return stop | {"validate": "list", "source": list_range(field.codes), "show_error": False}
    return stop | _bounds(field) if _bounds(field) else None


def _bounds(field: RecordField) -> dict[str, Any]:
    if field.type == "date":
        message = {"error_message": "A date, like 2026-11-24."}
        return message | {"validate": "date", "criteria": "between", "minimum": _DAYS[0], "maximum": _DAYS[1]}
    if field.type in ("integer", "decimal"):
        digits = field.width - (2 if field.type == "decimal" else 0)
        message = {"error_message": f"A number from 0, at most {digits} digits before the point."}
        return message | {"validate": field.type, "criteria": "between", "minimum": 0, "maximum": 10**digits - 1}
    if not field.width:
        return {}
    message = {"error_message": f"At most {field.width} characters."}
    return message | {"validate": "length", "criteria": "<=", "value": field.width}
