"""Forms of entry numbers (AE 2026-07 p.213, Appendix E) and tariff numbers (AE 2026-07 p.90, 173, 219).

The field of a tariff number has ten positions. Page 90: ten digits, unless the number has eight only; error
433: then "the last two positions of this record must be space filled". Page 219 prints `9801.00.50bb`, with a blank
for each of the two, and error 60B asks for `99038568`. Where CBP itself prints ten digits of a chapter
98 number, ten are due.
"""

from __future__ import annotations

import re

_GOODS = re.compile(r"(?!00|77|9[89])[0-9]{10}")
_EIGHT = re.compile(r"9[89][0-9]{6}  ")
_PRINTED_WITH_TEN = re.compile(
    r"98010010[0-9]{2}"  # p.173: 9801.00.1000 thru 9801.00.1099
    r"|980200(40|50|80)(?!00)[0-9]{2}"  # error 664: 9802.00.4040, .5010, .5060, .8040, .8060
    r"|9808003000"  # error 677: 9808.00.3000
    r"|98130005(?!00)[0-9]{2}"  # error 664: 9813.00.0520, 9813.00.0540
)
_TEN_DUE = re.compile(r"98010010|980200[458]0|98080030|98130005")


def is_tariff_number(field: str) -> bool:
    """Whether the ten positions of a field, blanks included, hold a number in its form."""
    if _TEN_DUE.match(field):
        return bool(_PRINTED_WITH_TEN.fullmatch(field))
    return bool(_GOODS.fullmatch(field) or _EIGHT.fullmatch(field))


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
