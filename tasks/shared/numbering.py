"""The numbers of a block as they are printed. Lives in shared because the book itself must know
which numbers a reserved range holds; the entries room adds parsing and rules."""

from __future__ import annotations

from collections.abc import Sequence

LETTERS = {
    letter: 1 + place
    for row, first in (("ABCDEFGHI", 0), ("JKLMNOPQR", 0), ("STUVWXYZ", 1))
    for place, letter in enumerate(row, start=first)
}
"""A, J = 1 ... I, R = 9; S starts at 2 (CATAIR Appendix E)."""

DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""Each digit doubled, the digits of the product added."""


def printed(series: str, filer: str, first: int, last: int, offset: int = 0) -> Sequence[str]:
    """The numbers `first`..`last` as printed: `XXX-NNNNNNN-C`, or nine digits for in-bond."""
    serials = range(first, last + 1)
    if series == "in-bond":
        return [f"{serial:08d}{serial % 7}" for serial in serials]
    return [f"{filer}-{serial:07d}-{check_digit(filer, serial, offset)}" for serial in serials]


def check_digit(filer: str, serial: int, offset: int = 0) -> int:
    """Luhn over filer code and serial, letters as digits first, plus the filer's factor."""
    total = _luhn_sum([_value(mark) for mark in f"{filer}{serial:07d}"])
    return (10 - total % 10 + offset) % 10


def _value(letter: str) -> int:
    return int(letter) if letter.isdigit() else LETTERS[letter]


def _luhn_sum(digits: list[int]) -> int:
    return sum(DOUBLED[digit] if place % 2 else digit for place, digit in enumerate(digits))
