"""What is wrong with the spelling of a value, and the nearest right one."""

from __future__ import annotations

import difflib
import re
import unicodedata

from tasks.entries import codes, schema, tariff_number
from tasks.entries.schema import RecordField

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
    known = codes.meanings(field.codes)
    for better, fault in ((value.upper(), "lower case"), (value.zfill(field.width), "zero lost")):
        if better in known:
            return fault, better
    by_meaning = {meaning.upper(): code for code, meaning in known.items()}
    if named := difflib.get_close_matches(value.upper(), by_meaning, n=1, cutoff=0.8):
        return f"no {field.title.lower()} of the list", f"{by_meaning[named[0]]} ({named[0]})"
    offered = codes.offered(field.codes)
    near = difflib.get_close_matches(value.upper(), offered, n=3, cutoff=0.5)
    if len(offered) <= _SHORT_LIST or not near:
        near = list(offered)[:_SHORT_LIST]
    return f"no {field.title.lower()} of the list", f"one like {', '.join(near)}"


def form_fault(field: RecordField, value: str) -> tuple[str, str]:
    """What is wrong and right with a value that does not have its form."""
    form = schema.form(field.table, field.name)
    odd = sorted({mark for mark in value if not mark.isascii()})
    if odd:
        named = ", ".join(f"{mark} ({unicodedata.name(mark, 'unnamed')})" for mark in odd[:3])
        return f"letters that ACE does not take: {named}, in", _mended(form, value, field.example)
    if field.fold == "tariff" and (wrong := tariff_number.fault(value)):
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
    kept = "".join(mark for mark in mapped if not unicodedata.combining(mark))
    return kept.encode("ascii", "replace").decode().upper()
