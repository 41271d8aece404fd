"""Entry numbers in records: filer of the block, form, check digit, and no number twice."""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.record_deck import Deck, Index, integers, pack_bytes
from tasks.ace.wire.data_classes import Bytes, Flags, digit_bytes
from tasks.entries.api import Offsets, allowed_offsets, check_digits, is_filer


def check_numbers(deck: Deck, filer: str, number: str, offsets: Offsets) -> None:
    """C103, C104 and B16 for the numbers of the deck's transaction heads."""
    header = deck.header
    filers = deck.block[:, 7:10]
    foreign = (header.raw(filer) != filers).any(axis=1) & (filers != 32).all(axis=1)
    deck.fault("C103", header, header.given(filer) & foreign, filer)
    digits = header.digits(number)
    deck.fault("C104", header, header.given(number) & ~digits, number)
    wrong = digits & wrong_digit(header.raw(filer), header.raw(number), offsets)
    deck.fault("B16", header, wrong, number)


def wrong_digit(filers: Bytes, numbers: Bytes, offsets: Offsets) -> Flags:
    """Which (n, 8) numbers of (n, 3) filers have no check digit that the filer may use.

    Numbers that are not eight digits and filers that are no filer codes are not judged.
    """
    wrong = np.zeros(len(numbers), dtype=bool)
    packed = pack_bytes(filers)
    serials = integers(numbers[:, :7])
    stated = integers(numbers[:, 7:])
    digits = digit_bytes(numbers).all(axis=1)
    for code in np.unique(packed):
        filer = int(code).to_bytes(4, "little")[:3].decode("latin-1")
        if not is_filer(filer):
            continue
        rows = np.flatnonzero((packed == code) & digits)
        offset = (stated[rows] - check_digits(filer, serials[rows])) % 10
        wrong[rows] = ~np.isin(offset, allowed_offsets(filer, offsets))
    return wrong


def number_keys(deck: Deck, filer: str, number: str) -> tuple[Index, Index]:
    """One integer for each entry number of the transaction heads, and their deck rows.

    Broken transactions and numbers that are not eight digits are left out.
    """
    header = deck.header
    judged = deck.sound & header.digits(number)
    keys = (pack_bytes(header.raw(filer)).astype(np.int64) << 27) | header.number(number)
    return keys[judged], header.at[judged]


def entry_text(filer: bytes, number: bytes) -> str:
    """XXX-NNNNNNN-C of a filer code and eight digits; empty if they are none."""
    if len(filer) != 3 or len(number) != 8 or not (number.isdigit() and filer.isalnum()):
        return ""
    text = (filer + number).decode("ascii")
    return f"{text[:3]}-{text[3:10]}-{text[10]}"


def key_text(key: int) -> str:
    """The entry number of a key of `number_keys`."""
    filer, number = key >> 27, key & ((1 << 27) - 1)
    return entry_text(filer.to_bytes(4, "little")[:3], f"{number:08d}".encode("ascii"))
