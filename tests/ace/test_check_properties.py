"""Whatever happens to a byte or to the order of records, the checker finds it and never fails."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from tasks.ace.file_check import check_bytes
from tasks.ace.wire.check_conditions import conditions
from tests.ace.golden import data
from tests.ace.golden_entries import release
from tests.ace.golden_summary import summaries
from tests.example_counts import examples

BASE = data(release())
ENVELOPE_ROWS = [index for index, (owner, _) in enumerate(release()) if not owner]
FREE = {0: range(8, 14)}
SHORTER = (0, 13, 32)
"""The password may be any letters and digits, up to six."""


@settings(max_examples=examples(400), deadline=None)
@given(row=st.sampled_from(ENVELOPE_ROWS), column=st.integers(0, 58), byte=st.integers(0, 255))
def test_any_byte_changed_in_the_envelope_is_found(row: int, column: int, byte: int) -> None:
    place = row * 80 + column
    free = column in FREE.get(row, ()) and chr(byte).isascii() and chr(byte).isalnum()
    if BASE[place] == byte or (row, column, byte) == SHORTER or (free and not chr(byte).islower()):
        return
    changed = BASE[:place] + bytes([byte]) + BASE[place + 1 :]
    result = check_bytes(changed)
    assert not result.ok, (row, column, byte)


@pytest.mark.parametrize("column", range(8, 13))
def test_a_blank_in_the_password_is_found(column: int) -> None:
    """B&B v23 p.10: it stands at the left of its six columns."""
    found = check_bytes(BASE[:column] + b" " + BASE[column + 1 :])
    assert (found.ok, found.counts) == (False, {"X09": 1})
    shorter = check_bytes(BASE[:column] + b" " * (14 - column) + BASE[14:])
    assert shorter.ok is (column > 8)
    assert column > 8 or "C016" in shorter.counts


RECORD_IDS = [
    (index, column)
    for index, (owner, text) in enumerate(release())
    if owner
    for column in range(2 if text.startswith("OI") else 4)
]


@settings(max_examples=examples(400), deadline=None)
@given(place=st.sampled_from(RECORD_IDS), byte=st.integers(0, 255))
def test_any_byte_changed_in_a_record_id_is_found(place: tuple[int, int], byte: int) -> None:
    row, column = place
    offset = row * 80 + column
    if BASE[offset] == byte:
        return
    result = check_bytes(BASE[:offset] + bytes([byte]) + BASE[offset + 1 :])
    assert not result.ok
    assert {code[0] for code in result.counts} <= {"X", "C", "B"}


@settings(max_examples=examples(150), deadline=None)
@given(st.binary(max_size=700))
def test_no_bytes_make_it_fail(content: bytes) -> None:
    result = check_bytes(content)
    assert all(code in conditions() for code in result.counts)


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_no_shuffling_of_records_makes_it_fail(choice: st.DataObject) -> None:
    texts = [text for _, text in release("ocean", "zone")] + [text for _, text in summaries()]
    order = choice.draw(st.lists(st.sampled_from(texts), max_size=60))
    result = check_bytes("".join(order).encode())
    assert result.records == len(order) or not order
