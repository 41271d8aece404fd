"""Rules of the queries that this product sends: EQ, CQ and KI, and of the AE header's number.

CATAIR EQ v26 p.17-22, CQ v21 p.14-15, KI v7 p.9-10, AE July 2026 p.26.
"""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.entry_numbers import wrong_digit
from tasks.ace.checker.record_deck import Deck, RecordColumns, integers, pack_bytes
from tasks.ace.checker.release_rules.release_facts import digits_then_blank, is_alphanumeric, number_form, text_lengths
from tasks.ace.wire.data_classes import Bytes, Flags, digit_bytes, impossible_date
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import Offsets

_MAX_DAYS = 31
_EMPLOYER, _ASSIGNED, _SOCIAL = 1, 2, 3


def check_summary_query(deck: Deck, offsets: Offsets) -> None:
    """EQ: one kind of request in a block; numbers without gaps; a range of at most 31 days."""
    wish, numbers, criteria = (deck.rows(record) for record in ("J0", "J1", "J2"))
    if not len(deck.starts):
        return
    by_number, by_criterion = deck.count_in(numbers), deck.count_in(criteria)
    several = ((by_number > 0) & (by_criterion > 0)) | (by_criterion > 1)
    first = deck.starts
    judged = deck.sound
    deck.found.add("X41", first[several & judged])
    nothing = (by_number == 0) & (by_criterion == 0)
    deck.found.add("X37", first[nothing & judged], 0, "J1 or J2 is missing")
    name = "return_detail_request_indicator"
    deck.fault("C500", wish, wish.given(name) & ~wish.says(name, "Y"), name)
    fields = [(f"entry_filer_code_{n}", f"entry_number_{n}") for n in range(1, 6)]
    gap, columns = _gaps(numbers, fields)
    _at_places(deck, "X38", numbers, gap, columns)
    block_filer = deck.block[np.maximum(deck.transaction[numbers.at], 0), 7:10]
    for filer, number in fields:
        _number(deck, numbers, filer, number, block_filer, offsets)
    kind = "criteria_query_type_code"
    listed = criteria.says(kind, *code_list("criterion"))
    deck.fault("C502", criteria, criteria.given(kind) & ~listed, kind)
    days = _range(criteria.raw("requested_from_date_time"), criteria.raw("requested_to"))
    deck.fault("C501", criteria, ~days, "requested_from_date_time")


def check_status_query(deck: Deck, offsets: Offsets) -> None:
    """CQ: each WR1 asks for one thing; an entry number is right-justified and the filer's own."""
    rows = deck.rows("WR1")
    if not len(deck.starts):
        return
    entry = rows.given("entry_filer_code") | rows.given("entry_number")
    bond = rows.given("in_bond_number")
    bill = rows.given("bill_number") | (rows.given("issuer_code") & ~bond)
    air = rows.given("air_waybill_number") | rows.given("house_air_waybill_number")
    kinds = entry.astype(int) + bond + bill + air
    deck.fault("C510", rows, kinds > 1)
    deck.fault("C511", rows, kinds == 0)
    block_filer = deck.block[np.maximum(deck.transaction[rows.at], 0), 7:10]
    filer, number = rows.raw("entry_filer_code"), rows.raw("entry_number")
    foreign = rows.given("entry_filer_code") & (filer != block_filer).any(axis=1)
    deck.fault("C103", rows, foreign, "entry_filer_code")
    left = digits_then_blank(number, 8)
    deck.fault("C019", rows, left, "entry_number")
    right_justified = (number[:, 0] == 32) & digit_bytes(number[:, 1:]).all(axis=1)
    deck.fault("C104", rows, rows.given("entry_number") & ~right_justified & ~left, "entry_number")
    wrong = right_justified & ~foreign & wrong_digit(filer, number[:, 1:], offsets)
    deck.fault("B16", rows, wrong, "entry_number")


def check_importer_query(deck: Deck) -> None:
    """KI: importer numbers of a known form, without gaps between them."""
    rows = deck.rows("K")
    if not len(deck.starts):
        return
    fields = [(f"importer_number_{n}", f"address_request_code_{n}") for n in range(1, 7)]
    gap, columns = _gaps(rows, fields)
    _at_places(deck, "X38", rows, gap, columns)
    for name, request in fields:
        filled = rows.given(name)
        deck.fault("C107", rows, filled & ~_importer(rows.raw(name)), name)
        unknown = rows.given(request) & ~rows.says(request, "1")
        deck.fault("C520", rows, unknown, request)


def _importer(text: Bytes) -> Flags:
    """Any of the three forms; an IRS number may end in ** for every suffix (KI v7 p.10)."""
    starred = text.copy()
    stars = (text[:, 10:12] == ord("*")).all(axis=1)
    starred[stars, 10:12] = ord("0")
    forms = [number_form(np.full(len(text), kind), starred) for kind in (_EMPLOYER, _ASSIGNED, _SOCIAL)]
    return np.logical_or.reduce(forms)


def _number(deck: Deck, rows: RecordColumns, filer: str, number: str, block_filer: Bytes, offsets: Offsets) -> None:
    """C104 and B16 for one number of a J1. Other filers' check digit factor is not known."""
    filled = rows.given(number)
    digits = rows.digits(number)
    deck.fault("C104", rows, filled & ~digits, number)
    deck.fault("C104", rows, rows.given(filer) & ~filled, number)
    deck.fault("C104", rows, filled & ~_filer(rows.raw(filer)), filer)
    mine = (rows.raw(filer) == block_filer).all(axis=1)
    wrong = digits & mine & wrong_digit(rows.raw(filer), rows.raw(number), offsets)
    deck.fault("B16", rows, wrong, number)


def _filer(text: Bytes) -> Flags:
    return is_alphanumeric(text) & (text_lengths(text) == 3)


def _gaps(rows: RecordColumns, fields: list[tuple[str, str]]) -> tuple[Flags, np.ndarray]:
    """Rows with a filled item after an empty one, and the column of that item."""
    filled = np.stack([rows.given(name) | rows.given(second) for name, second in fields], axis=1)
    late = filled[:, 1:] & ~filled[:, :-1]
    places = np.array([rows.field(name).start for name, _ in fields])
    return np.logical_or.reduce(late, axis=1), places[1:][np.argmax(late, axis=1)]


def _at_places(deck: Deck, code: str, rows: RecordColumns, mask: Flags, columns: np.ndarray) -> None:
    """Faults at a column of its own in each row."""
    owner = deck.transaction[rows.at]
    judged = mask & (owner >= 0)
    judged[judged] &= deck.sound[owner[judged]]
    deck.found.add(code, rows.at[judged], columns[judged])


def _range(begin: Bytes, end: Bytes) -> Flags:
    """Two times MMDDYYHHMMSSXX, the first before the second, at most 31 days apart."""
    first, first_right = _moment(begin)
    last, last_right = _moment(end)
    days = (last // 86_400) - (first // 86_400)
    return first_right & last_right & (first < last) & (days <= _MAX_DAYS)


def _moment(text: Bytes) -> tuple[np.ndarray, Flags]:
    """Seconds since 1970 of MMDDYYHHMMSS and AM or PM, and whether the text is such a time."""
    digits = digit_bytes(text[:, :12]).all(axis=1)
    part = [integers(text[:, k : k + 2]) for k in range(0, 12, 2)]
    month, day, year, hour, minute, second = part
    meridiem = pack_bytes(text[:, 12:14])
    afternoon = meridiem == int.from_bytes(b"PM", "little")
    right = digits & ~impossible_date(text[:, :6])
    right &= afternoon | (meridiem == int.from_bytes(b"AM", "little"))
    right &= (hour >= 1) & (hour <= 12) & (minute < 60) & (second < 60)
    month, day = (np.where(right, value, 1) for value in (month, day))
    months = (np.where(year < 70, year + 2000, year + 1900) - 1970) * 12 + month - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + day - 1
    return days * 86_400 + (hour % 12 + 12 * afternoon) * 3600 + minute * 60 + second, right
