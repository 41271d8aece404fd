"""The numbers of a block as they are printed. Lives in shared because the book itself must know
which numbers a reserved range holds; the entries room adds parsing and rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

LETTERS = {
    letter: 1 + place
    for row, first in (("ABCDEFGHI", 0), ("JKLMNOPQR", 0), ("STUVWXYZ", 1))
    for place, letter in enumerate(row, start=first)
}
"""A, J = 1 ... I, R = 9; S starts at 2 (CATAIR Appendix E)."""

DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""Each digit doubled, the digits of the product added."""


def printed_numbers(series: str, filer: str, first: int, last: int, offset: int = 0) -> Sequence[str]:
    """The numbers `first`..`last` as printed: `XXX-NNNNNNN-C`, or nine digits for in-bond."""
    serials = range(first, last + 1)
    if series == "in-bond":
        return [f"{serial:08d}{serial % 7}" for serial in serials]
    return list(_with_check_digits(filer, serials, offset))


def _with_check_digits(filer: str, serials: Sequence[int], offset: int) -> Iterator[str]:
    # All but the last digit is summed up once for ten numbers: blocks have up to a million.
    tens = 0
    for place, serial in enumerate(serials):
        last = serial % 10
        if not place or not last:
            tens = _sum_of(filer, serial - last)
        check = (10 - (tens + DOUBLED[last]) % 10 + offset) % 10
        yield f"{filer}-{serial:07d}-{check}"


def check_digit(filer: str, serial: int, offset: int = 0) -> int:
    """Luhn over filer code and serial, letters as digits first, plus the filer's factor."""
    return (10 - _sum_of(filer, serial) % 10 + offset) % 10


def _sum_of(filer: str, serial: int) -> int:
    return _luhn_sum([_value(mark) for mark in f"{filer}{serial:07d}"])


def _value(letter: str) -> int:
    return int(letter) if letter.isdigit() else LETTERS[letter]


def _luhn_sum(digits: list[int]) -> int:
    return sum(DOUBLED[digit] if place % 2 else digit for place, digit in enumerate(digits))
