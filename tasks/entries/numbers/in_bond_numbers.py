"""In-bond numbers in the three forms that SE15 takes (CATAIR SE v40 p.47, CQ/C1 v21 p.ACMQ-14).

Nine digits are those of CBP Form 7512: eight of serial and the serial's remainder by seven.
Eleven digits are an air waybill (airline prefix, seven of serial, remainder of the serial by
seven). V and ten more is the carrier's paperless master, which has no check digit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from tasks.core.errors import BadNumber, Problem
from tasks.entries.numbers.entry_numbers import IN_BOND_SERIES, MAX_SERIALS

MAX_SERIAL = MAX_SERIALS[IN_BOND_SERIES]
CHECK_DIGIT_WRONG = "in-bond-check-digit-wrong"


class InBondKind(StrEnum):
    """Which of the three forms a number has."""

    CBP_7512 = "CBP 7512"
    AIR_WAYBILL = "air waybill"
    PAPERLESS = "paperless master"


@dataclass(frozen=True, order=True)
class InBondNumber:
    """An in-bond number as it goes on the wire, without hyphens or blanks."""

    kind: InBondKind
    text: str

    def __str__(self) -> str:
        return self.text


def check_digit(serial: int) -> int:
    """Check digit of a CBP 7512 serial of eight digits: 25770003 gives 0, 25770005 gives 2."""
    if not 0 <= serial <= MAX_SERIAL:
        raise _invalid_number(str(serial), "in-bond-serial-out-of-range", last=MAX_SERIAL)
    return serial % 7


def make_in_bond(serial: int) -> InBondNumber:
    """The CBP 7512 number of a serial."""
    return InBondNumber(InBondKind.CBP_7512, f"{serial:08d}{check_digit(serial)}")


def parse_in_bond(text: str) -> InBondNumber:
    """Reads one in-bond number, with or without hyphens and blanks, in any case.

    Raises BadNumber with one problem: `in-bond-number-malformed` or CHECK_DIGIT_WRONG.
    """
    digits = re.sub(r"[\s-]", "", text).upper() if text.isascii() else text
    if re.fullmatch(r"[0-9]{9}", digits):
        return InBondNumber(InBondKind.CBP_7512, _checked(text, digits, digits[:8]))
    if re.fullmatch(r"[0-9]{11}", digits):
        return InBondNumber(InBondKind.AIR_WAYBILL, _checked(text, digits, digits[3:10]))
    if re.fullmatch(r"V[0-9A-Z]{10}", digits):
        return InBondNumber(InBondKind.PAPERLESS, digits)
    raise _invalid_number(text, "in-bond-number-malformed")


def _checked(text: str, digits: str, serial: str) -> str:
    right = digits[:-1] + str(int(serial) % 7)
    if digits != right:
        raise _invalid_number(text, CHECK_DIGIT_WRONG, number=right)
    return digits


def _invalid_number(value: str, code: str, **values: object) -> BadNumber:
    return BadNumber("entry-number-invalid", [Problem(value=value, code=code, values=values)])
