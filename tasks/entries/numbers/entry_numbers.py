"""Entry numbers: XXX-NNNNNNN-C, three characters of filer code, seven of serial, one check digit.

Source of every rule here: CATAIR Appendix E (its pages 1-3), which the Entry Summary chapter
repeats as Table 1 (ESF-213). The check digit is Luhn's over filer code and serial, letters
turned into digits first, plus a factor of 0-9 that CBP sets for a filer that used up its ten
million numbers. ACE refuses a wrong one with B16.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.core.errors import BadNumber, Problem
from tasks.entries.numbers import numbering
from tasks.entries.numbers.numbering import DOUBLED, LETTERS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    Digits = np.ndarray[tuple[int], np.dtype[np.uint8]]

MAX_SERIAL = 9_999_999
Offsets = Mapping[str, "int | Collection[int]"]

_VALUES = {str(digit): digit for digit in range(10)} | LETTERS

_SHAPE = re.compile(r"([0-9A-Z]{3})-?([0-9]{7})-?([0-9])")
_NEAR = re.compile(r"([0-9A-Z]{3})[\s-]*([0-9]{7})[\s-]*([0-9]?)")
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
            raise _bad(f"{self.filer} {self.serial} {self.check}", "entry-number-out-of-range")

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
    raise _bad(code, "filer-code-malformed")


def check_digit(filer: str, serial: int, offset: int = 0) -> int:
    """Check digit of one number; `offset` is the filer's factor, 0 unless CBP set one."""
    return numbering.check_digit(require_filer(filer), serial, offset)


def make_entry_number(filer: str, serial: int, offset: int = 0) -> EntryNumber:
    """The entry number of a serial."""
    return EntryNumber(filer, serial, check_digit(filer, serial, offset))


def allowed_offsets(filer: str, offsets: Offsets) -> tuple[int, ...]:
    """The factors to recognise for a filer; (0,) where none is set."""
    given = offsets.get(filer, 0)
    return (given,) if isinstance(given, int) else tuple(given)


def parse_entry_number(text: str, filers: Collection[str] | None = None, offsets: Offsets | None = None) -> EntryNumber:
    """Reads one number, with or without hyphens, blanks around it, lower case.

    `filers`: the codes that are ours; others are refused, since a wrong letter of the same value
    (A and J, B, K and S ...) passes the check digit. `offsets`: per filer a factor or several.
    Raises BadNumber with one problem: `entry-number-malformed`, `-misread` or
    `-without-check-digit`, `entry-number-of-other-filer`, CHECK_DIGIT_WRONG.
    """
    found = _SHAPE.fullmatch(text.strip().upper()) if text.isascii() else None
    if found is None:
        raise _malformed(text, offsets or {})
    filer, serial = require_filer(found[1]), int(found[2])
    if filers is not None and filer not in filers:
        raise _bad(text, "entry-number-of-other-filer", ours=", ".join(sorted(filers)))
    number = EntryNumber(filer, serial, int(found[3]))
    if number.offset not in allowed_offsets(filer, offsets or {}):
        numbers = right_numbers(filer, serial, offsets or {})
        raise _bad(text, CHECK_DIGIT_WRONG, numbers=numbers)
    return number


def right_numbers(filer: str, serial: int, offsets: Offsets) -> str:
    """What a number with this filer and serial ends in, as words for a person."""
    return " or ".join(str(make_entry_number(filer, serial, n)) for n in allowed_offsets(filer, offsets))


def _malformed(text: str, offsets: Offsets) -> BadNumber:
    """With the likely number behind a mistyped one, else the shape of a number."""
    head, rest = text.strip().upper()[:3], text.strip().upper()[3:]
    for misread, meant in (("O", "0"), ("I", "1"), ("L", "1")):
        rest = rest.replace(misread, meant)
    found = _NEAR.fullmatch(head + rest)
    if found is None or not is_filer(head):
        return _bad(text, "entry-number-malformed")
    if found[3]:
        return _bad(text, "entry-number-misread", number=f"{head}-{found[2]}-{found[3]}")
    numbers = right_numbers(head, int(found[2]), offsets)
    return _bad(text, "entry-number-without-check-digit", numbers=numbers)


def _bad(value: str, code: str, **values: object) -> BadNumber:
    return BadNumber("entry-number-invalid", [Problem(value=value, code=code, values=values)])


def check_digits(filer: str, serials: np.ndarray, offset: int = 0) -> Digits:
    """Check digits of many serials of one filer; `serials` integers (n,), answer uint8 (n,)."""
    import numpy as np

    head = [_VALUES[mark] for mark in require_filer(filer)]
    total = np.full(len(serials), head[0] + DOUBLED[head[1]] + head[2], dtype=np.int32)
    rest = np.asarray(serials, dtype=np.int32)
    doubled = np.array(DOUBLED, dtype=np.int32)
    for place in range(7):
        rest, digit = np.divmod(rest, 10)
        total += doubled[digit] if place % 2 == 0 else digit
    return ((offset - total) % 10).astype(np.uint8)


def format_array(filer: str, serials: np.ndarray, offset: int = 0) -> pa.StringArray:
    """XXX-NNNNNNN-C of many serials (n,) as one Arrow array (n,), without a loop over them."""
    import numpy as np
    import pyarrow as pa

    marks = np.empty((len(serials), 13), dtype=np.uint8)
    marks[:, :3] = np.frombuffer(require_filer(filer).encode(), dtype=np.uint8)
    marks[:, [3, 11]] = ord("-")
    rest = np.asarray(serials, dtype=np.int32)
    for column in range(10, 3, -1):
        rest, digit = np.divmod(rest, 10)
        marks[:, column] = digit + ord("0")
    marks[:, 12] = check_digits(filer, serials, offset) + ord("0")
    ends = np.arange(0, 13 * (len(serials) + 1), 13, dtype=np.int32)
    return pa.StringArray.from_buffers(len(serials), pa.py_buffer(ends), pa.py_buffer(marks))


def format_block(filer: str, first: int, last: int, offset: int = 0) -> list[str]:
    """The numbers of the serials `first` to `last`, both included.

    Raises BadNumber if the block is empty or leaves 0-9,999,999.
    """
    import numpy as np

    if not 0 <= first <= last <= MAX_SERIAL:
        raise _bad(f"{first}-{last}", "serial-block-out-of-range", last=MAX_SERIAL)
    return format_array(filer, np.arange(first, last + 1), offset).to_pylist()
