"""Importer numbers: their three forms, and what of them may be seen (Cargo Release v40, notes 3-4)."""

from __future__ import annotations

import re

from tasks.shared.private import is_reference

_SOCIAL = re.compile(r"\d{3}-\d{2}-\d{4}")
_FORMS = re.compile(r"\d{2}-\d{7}([0-9A-Z]{2})?|\d{3}-\d{2}-\d{4}|\d{6}-\d{5}")
RIGHT = "NN-NNNNNNNXX (IRS), NNN-NN-NNNN (SSN) or YYDDPP-NNNNN (CBP)"
MASK = "***-**-****"


def is_number(text: str) -> bool:
    return _FORMS.fullmatch(text) is not None


def is_social(text: str) -> bool:
    """True for the form of a Social Security number."""
    return _SOCIAL.fullmatch(text) is not None


def masked(text: str) -> str:
    """As a person may see it: an SSN, or the reference that stands for one, never."""
    return MASK if is_social(text) or is_reference(text) else text
