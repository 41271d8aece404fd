"""Importer numbers: their three forms, and what of them may be seen (Cargo Release v40, notes 3-4)."""

from __future__ import annotations

import re

from tasks.security.api import is_reference

_SOCIAL = re.compile(r"\d{3}-\d{2}-\d{4}")
_FORMS = re.compile(r"\d{2}-\d{7}([0-9A-Z]{2})?|\d{3}-\d{2}-\d{4}|\d{6}-\d{5}")
IMPORTER_NUMBER_FORMATS = "NN-NNNNNNNXX (IRS), NNN-NN-NNNN (SSN) or YYDDPP-NNNNN (CBP)"
IMPORTER_MASK = "***-**-****"


def is_importer_number(text: str) -> bool:
    return _FORMS.fullmatch(text) is not None


def is_ssn_importer(text: str) -> bool:
    """True for the form of a Social Security number."""
    return _SOCIAL.fullmatch(text) is not None


def masked_importer(text: str) -> str:
    """As a person may see it: an SSN, or the reference that stands for one, never."""
    return IMPORTER_MASK if is_ssn_importer(text) or is_reference(text) else text
