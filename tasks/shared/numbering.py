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


def printed(series: str, filer: str, first: int, last: int, offset: int = 0) -> Sequence[str]:
    """The numbers `first`..`last` as printed: `XXX-NNNNNNN-C`, or nine digits for in-bond."""
    serials = range(first, last + 1)
    if series == "in-bond":
        return [f"{serial:08d}{serial % 7}" for serial in serials]
    head = _luhn_sum([_value(letter) for letter in filer], doubled_first=False)
    return [f"{filer}-{serial:07d}-{_check(head, serial, offset)}" for serial in serials]


def _check(head: int, serial: int, offset: int) -> int:
    total = head + _luhn_sum([int(digit) for digit in f"{serial:07d}"], doubled_first=True)
    return ((10 - total % 10) + offset) % 10


def _value(letter: str) -> int:
    return int(letter) if letter.isdigit() else LETTERS[letter]


def _luhn_sum(digits: list[int], *, doubled_first: bool) -> int:
    total = 0
    for place, digit in enumerate(digits):
        if (place % 2 == 0) == doubled_first:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total
