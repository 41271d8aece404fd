"""Social Security numbers that somebody wrote into a text."""

from __future__ import annotations

import re

HIDDEN_TEXT = "***-**-****"
_SSN = re.compile(r"\d{3}-\d{2}-\d{4}")
_LIKE_SSN = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{3,5}(?![\d-])")


def is_ssn(text: str) -> bool:
    """Whether a text has the form of a Social Security number."""
    return bool(_SSN.fullmatch(text))


def holds_ssn(text: str) -> bool:
    """Whether a text has a Social Security number in it."""
    return any(map(is_ssn, _LIKE_SSN.findall(text)))


def without_ssn(text: str) -> str:
    """The text with each Social Security number hidden, also a mistyped one."""
    return _LIKE_SSN.sub(HIDDEN_TEXT, text)
