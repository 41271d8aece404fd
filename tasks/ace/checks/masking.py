"""What of a record a person may see: Social Security numbers and the ACE password never."""

from __future__ import annotations

import re

from tasks.ace.layout import Field, Layout

MASKED = "(private)"
_PASSWORDS = frozenset({"password"})
_SOCIAL = re.compile(r"\d{3}-\d{2}-\d{4}")
_SOCIAL_TYPES = frozenset({"34", "34*"})
_TYPES = ("importer_type", "identifier_qualifier")


def text_of(field: Field, record: bytes) -> str:
    """A field of an 80-byte record without its padding; bytes outside ASCII as `?`."""
    part = record[field.start - 1 : field.end]
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in part).strip()


def shown(layout: Layout, field: Field, record: bytes) -> str:
    """A field's value for a person: masked where it is private, else as it stands."""
    text = text_of(field, record)
    if not text:
        return ""
    return MASKED if is_private(layout, field, record, text) else text


def is_private(layout: Layout, field: Field, record: bytes, text: str) -> bool:
    """The password; a number typed 34 (SSN), or one that has the form of one whatever its type."""
    if field.name in _PASSWORDS or _SOCIAL.search(text):
        return True
    if not ("number" in field.name or "identifier" in field.name):
        return False
    kinds = [name for name in _TYPES if name in layout.by_name]
    return any(
        text_of(layout[name], record) in _SOCIAL_TYPES for name in kinds if name != field.name
    )
