"""Entry numbers as ACE checks them, worked out again from AE 2026-07 p.213 and Appendix E."""

from __future__ import annotations

_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5, 6, 7, 8, 9),
        strict=True,
    )
)


def check_digit(filer: str, serial: str, factor: int = 0) -> int:
    """The check digit of a filer code and seven digits; `factor` is what CBP added for a filer
    that used up ten million numbers. Raises KeyError for a code that is none."""
    digits = [_LETTERS[char] if char in _LETTERS else int(char) for char in filer + serial]
    doubled = [2 * digit - 9 if digit > 4 else 2 * digit for digit in digits[1::2]]
    return (10 - (sum(doubled) + sum(digits[::2])) % 10 + factor) % 10


def right_digit(filer: str, number: str, factor: int = 0) -> bool:
    """Whether eight digits end in the check digit of the first seven."""
    if len(filer) != 3 or not filer.isalnum() or len(number) != 8:
        return False
    if not (number.isascii() and number.isdigit() and filer.isascii() and filer == filer.upper()):
        return False
    return int(number[7]) == check_digit(filer, number[:7], factor)
