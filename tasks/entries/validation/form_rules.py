"""Rules on single cells and on keys: numbers, what must be filled in, widths, forms, codes.

What is wrong with the spelling of a value, and the nearest right one.
"""

from __future__ import annotations

import difflib
import re
import unicodedata

import numpy as np
import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.core.errors import BadNumber
from tasks.entries.numbers.entry_numbers import parse_entry_number
from tasks.entries.numbers.tariff_numbers import length_fault
from tasks.entries.record.code_lists import code_meanings, offered_codes
from tasks.entries.record.record_fields import RECORD_TABLES, REFERENCE, RecordField, field_form, fields_of, key_names
from tasks.entries.validation.conditions.condition import is_repeated
from tasks.entries.validation.rule_checks import RuleChecks

_SHORT_LIST = 16
_PLAIN = str.maketrans(
    {"ß": "SS", "æ": "AE", "Æ": "AE", "ø": "O", "Ø": "O", "ł": "L", "Ł": "L", "đ": "D", "Đ": "D"}
    | dict.fromkeys("‘’‚′", "'")
    | dict.fromkeys("“”„″", '"')
    | dict.fromkeys("–—−‐‑", "-")
    | {"…": "...", "€": "EUR", "£": "GBP", "×": "X", "№": "NO", "°": " DEG"}
)


def code_fault(field: RecordField, value: str) -> tuple[str, str]:
    """What is wrong and right with a value that is not in its code list."""
    meanings = code_meanings(field.codes)
    for better, fault in ((value.upper(), "lower case"), (value.zfill(field.width), "zero lost")):
        if better in meanings:
            return fault, better
    by_meaning = {meaning.upper(): code for code, meaning in meanings.items()}
    if named := difflib.get_close_matches(value.upper(), by_meaning, n=1, cutoff=0.8):
        return f"no {field.title.lower()} of the list", f"{by_meaning[named[0]]} ({named[0]})"
    offered = offered_codes(field.codes)
    near = difflib.get_close_matches(value.upper(), offered, n=3, cutoff=0.5)
    if len(offered) <= _SHORT_LIST or not near:
        near = list(offered)[:_SHORT_LIST]
    return f"no {field.title.lower()} of the list", f"one like {', '.join(near)}"


def form_fault(field: RecordField, value: str) -> tuple[str, str]:
    """What is wrong and right with a value that does not have its form."""
    form = field_form(field.table, field.name)
    foreign = sorted({letter for letter in value if not letter.isascii()})
    if foreign:
        named = ", ".join(f"{letter} ({unicodedata.name(letter, 'unnamed')})" for letter in foreign[:3])
        return f"letters that ACE does not take: {named}, in", _mended(form, value, field.example)
    if field.fold == "tariff" and (wrong := length_fault(value)):
        return wrong
    upper, bare = value.upper(), re.sub(r"[\s\-/.]", "", value.upper())
    if form and form.fullmatch(upper):
        return "lower case", upper
    if form and form.fullmatch(bare):
        return "blanks, hyphens, slashes or dots in", bare
    return "not of the right form", _mended(form, value, field.example)


def _mended(form: re.Pattern[str] | None, value: str, otherwise: str) -> str:
    """The value in plain letters, other marks as blanks, if that has the form."""
    simple = plain(value)
    for better in (simple, " ".join(re.sub(r"[^A-Z0-9]", " ", simple).split())):
        if form and "?" not in better and form.fullmatch(better):
            return better
    return otherwise


def plain(text: str) -> str:
    """The nearest capital letters without accents; `?` where there are none."""
    mapped = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    letters = "".join(letter for letter in mapped if not unicodedata.combining(letter))
    return letters.encode("ascii", "replace").decode().upper()


ID_FORMS = {
    "EI": r"[0-9]{2}-[0-9]{7}([0-9A-Z]{2})?",
    "ANI": r"[0-9]{6}-[0-9]{5}",
    "34": rf"[0-9]{{3}}-[0-9]{{2}}-[0-9]{{4}}|{REFERENCE}",
}
"""Importer numbers by type, hyphens included (CATAIR SE v40 p.33-34, 58)."""
ID_WORDS = {
    "EI": "NN-NNNNNNN, with two more letters or digits if there is a suffix",
    "ANI": "YYDDPP-NNNNN",
    "34": "NNN-NN-NNNN",
}
_LEAVE_EMPTY = {("entries", "mode_of_transport")}


def all_forms(checks: RuleChecks) -> None:
    """Every rule of this module on one record."""
    numbers(checks)
    row_owners(checks)
    voided(checks)
    for table in RECORD_TABLES:
        for field in fields_of(table):
            _field(checks, table, field)
    ids(checks, "entries", "importer_type", "importer_number")
    ids(checks, "parties", "number_type", "number")
    any_id(checks)


def numbers(checks: RuleChecks) -> None:
    """Entry numbers parse, are ours, and stand once (CATAIR Appendix E; 19 CFR 142.3a(b)(2))."""
    for table in ("entries", "voided"):
        faults = _number_faults(checks, table)
        wrong = checks.among(table, "entry_number", faults)
        checks.report(
            table,
            "entry_number",
            wrong,
            "E101",
            lambda value, reasons=faults: reasons[value][0],
            lambda value, reasons=faults: reasons[value][1],
        )
        twice = is_repeated(_places(checks.column(table, "entry_number"))) & checks.given(table, "entry_number")
        checks.report(table, "entry_number", twice, "E102", "stands twice here", "one row an entry")


def _number_faults(checks: RuleChecks, table: str) -> dict[str, tuple[str, str]]:
    """What is wrong and right with each number that does not parse."""
    faults = {}
    for text in to_list(checks.column(table, "entry_number").unique().drop_null()):
        try:
            parse_entry_number(text, checks.profile.filers, checks.profile.offsets)
        except BadNumber as bad:
            faults[text] = bad.problems[0].wrong, bad.problems[0].right
    return faults


def _places(column: pa.ChunkedArray) -> np.ndarray:
    """int64 that is the same for equal texts."""
    return pc.index_in(column, value_set=column.unique()).to_numpy()


def row_owners(checks: RuleChecks) -> None:
    """Every row belongs to an entry of this record."""
    for table in RECORD_TABLES:
        for key in key_names(table):
            everywhere = np.ones(checks.size(table), dtype=bool)
            checks.need(table, key, everywhere, "E105", "each row needs it")
        if table not in ("entries", "voided"):
            orphan = (checks.parents[table] < 0) & checks.given(table, "entry_number")
            checks.report(
                table,
                "entry_number",
                orphan,
                "E103",
                "not on the sheet Entries",
                "an entry number that has a row there",
            )


def voided(checks: RuleChecks) -> None:
    """A number is an entry or spoiled, never both."""
    used = checks.parents["voided"] >= 0
    checks.report(
        "voided",
        "entry_number",
        used,
        "E104",
        "filled in on the sheet Entries too",
        "empty its row there, or take it off this sheet",
    )


def _field(checks: RuleChecks, table: str, field: RecordField) -> None:
    if field.level == "release" and (table, field.name) not in _LEAVE_EMPTY:
        everywhere = np.ones(checks.size(table), dtype=bool)
        checks.need(table, field.name, everywhere, "E201", field.example or field.note or "needed")
    if checks.unused(table, field.name):
        return
    if field.type == "text":
        _text(checks, table, field)
    elif field.type in ("integer", "decimal"):
        _figure(checks, table, field)
    elif field.type == "date":
        _date(checks, table, field)


def _text(checks: RuleChecks, table: str, field: RecordField) -> None:
    private = checks.like(table, field.name, REFERENCE) & np.bool_(field.private)
    lengths = pc.fill_null(pc.utf8_length(checks.column(table, field.name)), 0).to_numpy()
    checks.report(
        table,
        field.name,
        (lengths > field.width) & ~private & np.bool_(not field.codes),
        "E202",
        lambda value: f"{len(value)} characters",
        f"at most {field.width}",
    )
    filled = checks.given(table, field.name) & ~private
    if field.codes:
        codes = code_meanings(field.codes).keys() | _further(checks, field)
        checks.report(
            table,
            field.name,
            filled & ~checks.among(table, field.name, codes),
            "E206",
            lambda value: code_fault(field, value)[0],
            lambda value: code_fault(field, value)[1],
        )
    elif field.form:
        checks.report(
            table,
            field.name,
            filled & ~checks.like(table, field.name, field.form),
            "E203",
            lambda value: form_fault(field, value)[0],
            lambda value: form_fault(field, value)[1],
        )
    else:
        unprintable = ~checks.like(table, field.name, r"[^\x00-\x1f\x7f]+")
        checks.report(
            table,
            field.name,
            filled & unprintable,
            "E203",
            "empty, or holds line breaks or control characters",
            "one line of text",
        )


def _further(checks: RuleChecks, field: RecordField) -> set[str]:
    return set(checks.profile.further_ports) if field.codes == "port" else set()


def _figure(checks: RuleChecks, table: str, field: RecordField) -> None:
    column = checks.column(table, field.name)
    digits = field.width - (2 if field.type == "decimal" else 0)
    limit = pa.scalar(10**digits, pa.int64())
    low = pc.fill_null(pc.less(column, 0), False).to_numpy().astype(bool)
    high = pc.fill_null(pc.greater_equal(column, limit), False).to_numpy().astype(bool)
    checks.report(table, field.name, low, "E207", "below zero", "0 or more")
    checks.report(table, field.name, high, "E207", "too big", f"at most {digits} digits before the point")


def _date(checks: RuleChecks, table: str, field: RecordField) -> None:
    """Two-digit years on the wire are read as 1970-2069 (CATAIR: MMDDYY everywhere)."""
    days = checks.column(table, field.name).to_numpy().astype("datetime64[D]")
    out_of_range = (days < np.datetime64("1970-01-01")) | (days > np.datetime64("2069-12-31"))
    checks.report(table, field.name, out_of_range, "E210", "no year of our time", "1970 to 2069")


def ids(checks: RuleChecks, table: str, kind: str, name: str) -> None:
    """An importer number has the form of its type (CATAIR SE v40 p.33-34, 58)."""
    for code, form in ID_FORMS.items():
        off = checks.among(table, kind, [code]) & checks.given(table, name) & ~checks.like(table, name, form)
        checks.report(table, name, off, "E208", "not of the right form", lambda value, code=code: id_right(code, value))


def any_id(checks: RuleChecks) -> None:
    """A consignee number has one of the forms; its type does not stand beside it."""
    fits = checks.like("entries", "consignee_number", "|".join(ID_FORMS.values()))
    checks.report(
        "entries",
        "consignee_number",
        checks.given("entries", "consignee_number") & ~fits,
        "E208",
        "not of the right form",
        "NN-NNNNNNN, YYDDPP-NNNNN or NNN-NN-NNNN",
    )


def id_right(code: str, value: str) -> str:
    """The form wanted, and where the hyphen goes if only that is missing. Never the digits: nine
    of them may be a Social Security number under the wrong type."""
    bare = re.sub(r"[\s-]", "", value.upper())
    cut = {"EI": 2, "ANI": 6}.get(code, 0)
    if cut and re.fullmatch(ID_FORMS[code], f"{bare[:cut]}-{bare[cut:]}"):
        return f"{ID_WORDS[code]}: one hyphen, after the first {cut} digits"
    return ID_WORDS[code]
