"""Forms of tariff numbers: ten digits, or eight in chapters 98 and 99.

ACE wants "the full 10-digit classification number unless a legitimate 8-digit-ONLY classification
number applies" (CATAIR AE 2026-07 p.90), and then "the last two positions must be space filled" (error
433). Chapter 99 has eight digits only (error 60B `99038568`), and
so has chapter 98 (AE p.219 `9801.00.50bb`) but for the numbers in `data/codes/tariff_suffix.csv`, which
CBP prints with a statistical suffix. Stored and filed without zeros in place of a suffix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from tasks.entries.record.code_lists import code_rows

SPECIAL = ("98", "99")
EIGHT = 8
CODE = "W705"
"""The note on a number that was taken without its zeros."""
_TEN = 10


def is_special(number: str) -> bool:
    """True for numbers of chapters 98 and 99."""
    return number[:2] in SPECIAL


def canonical_tariff_number(digits: str) -> str:
    """The number as it is stored and filed: ten digits of chapter 98 or 99 without the zeros that
    stand in place of a suffix (`9903881500` to `99038815`). Anything else as it is."""
    padded = len(digits) == _TEN and is_special(digits) and digits.endswith("00")
    return digits[:EIGHT] if padded and digits[:EIGHT] not in _suffixes() else digits


def length_fault(number: str) -> tuple[str, str] | None:
    """What is wrong with a number's count of digits and what would be right; None if it is right.

    Judges nothing but whole numbers of eight or ten digits.
    """
    if not re.fullmatch(r"[0-9]{8}([0-9]{2})?", number):
        return None
    head, suffix = number[:EIGHT], number[EIGHT:]
    row = _suffixes().get(head)
    if row:
        return _suffix_fault(dotted(head), suffix, row)
    if not is_special(number):
        return None if suffix else ("eight digits in", "all ten digits; chapters 98 and 99 have eight")
    if not suffix:
        return None
    right = f"{head}: eight digits, filed with two blanks behind them"
    if number.startswith("98"):
        right += f"; CBP's chapters give a statistical suffix to {_with_suffix()} only"
    return f"{dotted(head)} has no statistical suffix, ten digits in", right


def padding_note(number: str, rows: int = 1) -> tuple[str, str]:
    """What a clerk reads where zeros were left off: what was done, and what to write. `rows`: how many
    rows have that spelling."""
    suffix = f" in {rows:,} rows" if rows > 1 else ""
    return (
        f"read as {number}{suffix} and filed as these eight digits and two blanks:",
        f"nothing to do; write eight digits, {dotted(number)} has no statistical suffix",
    )


def dotted(number: str) -> str:
    """`9903881500` as `9903.88.15.00`, the way the tariff prints it."""
    parts = (number[:4], number[4:6], number[6:8], number[8:])
    return ".".join(part for part in parts if part)


def _suffix_fault(name: str, suffix: str, row: Mapping[str, str]) -> tuple[str, str] | None:
    if suffix and row["first"] <= suffix <= row["last"]:
        return None
    fault = f"{suffix} is no statistical suffix of {name}" if suffix else f"{name} has a statistical suffix"
    return f"{fault}, so not", f"all ten digits of the tariff, like {row['example']}"


def _with_suffix() -> str:
    return ", ".join(map(dotted, _suffixes()))


@cache
def _suffixes() -> dict[str, Mapping[str, str]]:
    """Rows of `tariff_suffix.csv` by their eight digits."""
    return {row["code"]: row for row in code_rows("tariff_suffix")}
