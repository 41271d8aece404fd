"""Entry numbers: XXX-NNNNNNN-C, three characters of filer code, seven of serial, one check digit.

Source of every rule here: CATAIR Appendix E (its pages 1-3), which the Entry Summary chapter
repeats as Table 1 (ESF-213). The check digit is Luhn's over filer code and serial, letters
turned into digits first, plus a factor of 0-9 that CBP sets for a filer that used up its ten
million numbers. ACE refuses a wrong one with B16.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.core.errors import BadNumber, Problem

if TYPE_CHECKING:
    import numpy as np

    Digits = np.ndarray[tuple[int], np.dtype[np.uint8]]

ENTRY_SERIES, IN_BOND_SERIES = "entry", "in-bond"
MAX_SERIALS = {ENTRY_SERIES: 9_999_999, IN_BOND_SERIES: 99_999_999}
MAX_SERIAL = MAX_SERIALS[ENTRY_SERIES]
Offsets = Mapping[str, "int | Collection[int]"]

_LETTERS = {
    letter: 1 + index
    for row, first in (("ABCDEFGHI", 0), ("JKLMNOPQR", 0), ("STUVWXYZ", 1))
    for index, letter in enumerate(row, start=first)
}
"""A, J = 1 ... I, R = 9; S starts at 2 (CATAIR Appendix E)."""
_VALUES = {str(digit): digit for digit in range(10)} | _LETTERS
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""Each digit doubled, the digits of the product added."""

_PRINTED_FORM = re.compile(r"([0-9A-Z]{3})-?([0-9]{7})-?([0-9])")
_MISTYPED_FORM = re.compile(r"([0-9A-Z]{3})[\s-]*([0-9]{7})[\s-]*([0-9]?)")
_FILER = re.compile(r"(?!000)[0-9A-Z]{3}")
CHECK_DIGIT_WRONG = "check-digit-wrong"


@dataclass(frozen=True, order=True)
class EntryNumber:
    """One entry number. `serial` is 0-9,999,999, `check` 0-9 with the filer's factor in it."""

    filer: str
    serial: int
    check: int

    def __post_init__(self) -> None:
        require_filer(self.filer)
        if not 0 <= self.serial <= MAX_SERIAL or not 0 <= self.check <= 9:
            raise _invalid_number(f"{self.filer} {self.serial} {self.check}", "entry-number-out-of-range")

    def __str__(self) -> str:
        return f"{self.filer}-{self.serial:07d}-{self.check}"

    @property
    def wire(self) -> str:
        """Filer code and eight digits without hyphens, as the SE10 and AE 10 records carry them."""
        return f"{self.filer}{self.serial:07d}{self.check}"

    @property
    def offset(self) -> int:
        """The factor that makes this check digit right (CATAIR Appendix E, item 6)."""
        return (self.check - check_digit(self.filer, self.serial)) % 10


def is_filer(code: str) -> bool:
    """True for the eight patterns of Appendix E: any three of 0-9 A-Z but 000."""
    return _FILER.fullmatch(code) is not None


def require_filer(code: str) -> str:
    """The code itself. Raises BadNumber if it is none of the patterns of Appendix E."""
    if is_filer(code):
        return code
    raise _invalid_number(code, "filer-code-malformed")


def check_digit(filer: str, serial: int, offset: int = 0) -> int:
    """Check digit of one number; `offset` is the filer's factor, 0 unless CBP set one."""
    return (10 - _luhn_sum(require_filer(filer), serial) % 10 + offset) % 10


def _luhn_sum(filer: str, serial: int) -> int:
    digits = [_VALUES[letter] for letter in f"{filer}{serial:07d}"]
    return sum(_DOUBLED[digit] if position % 2 else digit for position, digit in enumerate(digits))


def printed_numbers(series: str, filer: str, first: int, last: int, offset: int = 0) -> Sequence[str]:
    """The numbers `first`..`last` as printed: `XXX-NNNNNNN-C`, or nine digits for in-bond. Raises BadNumber
    if the block is empty or leaves the series' serials."""
    if not 0 <= first <= last <= MAX_SERIALS[series]:
        raise _invalid_number(f"{first}-{last}", "serial-block-out-of-range", last=MAX_SERIALS[series])
    serials = range(first, last + 1)
    if series == IN_BOND_SERIES:
        return [f"{serial:08d}{serial % 7}" for serial in serials]
    return list(_with_check_digits(filer, serials, offset))


def _with_check_digits(filer: str, serials: Sequence[int], offset: int) -> Iterator[str]:
    # All but the last digit is summed up once for ten numbers: blocks have up to a million.
    tens = 0
    for index, serial in enumerate(serials):
        last_digit = serial % 10
        if not index or not last_digit:
            tens = _luhn_sum(filer, serial - last_digit)
        check = (10 - (tens + _DOUBLED[last_digit]) % 10 + offset) % 10
        yield f"{filer}-{serial:07d}-{check}"


def make_entry_number(filer: str, serial: int, offset: int = 0) -> EntryNumber:
    """The entry number of a serial."""
    return EntryNumber(filer, serial, check_digit(filer, serial, offset))


def allowed_offsets(filer: str, offsets: Offsets) -> tuple[int, ...]:
    """The factors to recognise for a filer; (0,) where none is set."""
    factors = offsets.get(filer, 0)
    return (factors,) if isinstance(factors, int) else tuple(factors)


def parse_entry_number(text: str, filers: Collection[str] | None = None, offsets: Offsets | None = None) -> EntryNumber:
    """Reads one number, with or without hyphens, blanks around it, lower case.

    `filers`: the codes that are ours; others are refused, since a wrong letter of the same value
    (A and J, B, K and S ...) passes the check digit. `offsets`: per filer a factor or several.
    Raises BadNumber with one problem: `entry-number-malformed`, `-misread` or
    `-without-check-digit`, `entry-number-of-other-filer`, CHECK_DIGIT_WRONG.
    """
    match = _PRINTED_FORM.fullmatch(text.strip().upper()) if text.isascii() else None
    if match is None:
        raise _malformed(text, offsets or {})
    filer, serial = require_filer(match[1]), int(match[2])
    if filers is not None and filer not in filers:
        raise _invalid_number(text, "entry-number-of-other-filer", ours=", ".join(sorted(filers)))
    number = EntryNumber(filer, serial, int(match[3]))
    if number.offset not in allowed_offsets(filer, offsets or {}):
        numbers = right_numbers(filer, serial, offsets or {})
        raise _invalid_number(text, CHECK_DIGIT_WRONG, numbers=numbers)
    return number


def right_numbers(filer: str, serial: int, offsets: Offsets) -> str:
    """What a number with this filer and serial ends in, as words for a person."""
    return " or ".join(str(make_entry_number(filer, serial, n)) for n in allowed_offsets(filer, offsets))


def _malformed(text: str, offsets: Offsets) -> BadNumber:
    """With the likely number behind a mistyped one, else the shape of a number."""
    head, digits = text.strip().upper()[:3], text.strip().upper()[3:]
    for misread, meant in (("O", "0"), ("I", "1"), ("L", "1")):
        digits = digits.replace(misread, meant)
    match = _MISTYPED_FORM.fullmatch(head + digits)
    if match is None or not is_filer(head):
        return _invalid_number(text, "entry-number-malformed")
    if match[3]:
        return _invalid_number(text, "entry-number-misread", number=f"{head}-{match[2]}-{match[3]}")
    numbers = right_numbers(head, int(match[2]), offsets)
    return _invalid_number(text, "entry-number-without-check-digit", numbers=numbers)


def _invalid_number(value: str, code: str, **values: object) -> BadNumber:
    return BadNumber("entry-number-invalid", [Problem(value=value, code=code, values=values)])


def check_digits(filer: str, serials: np.ndarray, offset: int = 0) -> Digits:
    """Check digits of many serials of one filer; `serials` integers (n,), answer uint8 (n,)."""
    import numpy as np

    head = [_VALUES[letter] for letter in require_filer(filer)]
    total = np.full(len(serials), head[0] + _DOUBLED[head[1]] + head[2], dtype=np.int32)
    remaining = np.asarray(serials, dtype=np.int32)
    doubled = np.array(_DOUBLED, dtype=np.int32)
    for position in range(7):
        remaining, digit = np.divmod(remaining, 10)
        total += doubled[digit] if position % 2 == 0 else digit
    return ((offset - total) % 10).astype(np.uint8)
