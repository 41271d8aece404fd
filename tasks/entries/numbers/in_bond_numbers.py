"""In-bond numbers in the three forms that SE15 takes (CATAIR SE v40 p.47, CQ/C1 v21 p.ACMQ-14).

Nine digits are those of CBP Form 7512: eight of serial and the serial's remainder by seven.
Eleven digits are an air waybill (airline prefix, seven of serial, remainder of the serial by
seven). V and ten more is the carrier's paperless master, which has no check digit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tasks.core.errors import BadNumber, Problem

if TYPE_CHECKING:
    import numpy as np

MAX_SERIAL = 99_999_999
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
        raise _bad(str(serial), "in-bond-serial-out-of-range", last=MAX_SERIAL)
    return serial % 7


def make_in_bond(serial: int) -> InBondNumber:
    """The CBP 7512 number of a serial."""
    return InBondNumber(InBondKind.CBP_7512, f"{serial:08d}{check_digit(serial)}")


def parse_in_bond(text: str) -> InBondNumber:
    """Reads one in-bond number; hyphens, blanks and lower case are forgiven.

    Raises BadNumber with one problem: `in-bond-number-malformed` or CHECK_DIGIT_WRONG.
    """
    bare = re.sub(r"[\s-]", "", text).upper() if text.isascii() else text
    if re.fullmatch(r"[0-9]{9}", bare):
        return InBondNumber(InBondKind.CBP_7512, _checked(text, bare, bare[:8]))
    if re.fullmatch(r"[0-9]{11}", bare):
        return InBondNumber(InBondKind.AIR_WAYBILL, _checked(text, bare, bare[3:10]))
    if re.fullmatch(r"V[0-9A-Z]{10}", bare):
        return InBondNumber(InBondKind.PAPERLESS, bare)
    raise _bad(text, "in-bond-number-malformed")


def _checked(text: str, bare: str, serial: str) -> str:
    right = bare[:-1] + str(int(serial) % 7)
    if bare != right:
        raise _bad(text, CHECK_DIGIT_WRONG, number=right)
    return bare


def _bad(value: str, code: str, **values: object) -> BadNumber:
    return BadNumber("entry-number-invalid", [Problem(value=value, code=code, values=values)])


def check_digits(serials: np.ndarray) -> np.ndarray:
    """Check digits of many CBP 7512 serials; integers (n,), answer uint8 (n,)."""
    import numpy as np

    return (np.asarray(serials, dtype=np.int64) % 7).astype(np.uint8)


def format_block(first: int, last: int) -> list[str]:
    """The numbers of the serials `first` to `last`, both included.

    Raises BadNumber if the block is empty or leaves 0-99,999,999.
    """
    if not 0 <= first <= last <= MAX_SERIAL:
        raise _bad(f"{first}-{last}", "serial-block-out-of-range", last=MAX_SERIAL)
    return [f"{serial:08d}{serial % 7}" for serial in range(first, last + 1)]
