from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from tasks.core.errors import BadNumber
from tasks.entries.numbers import in_bond_numbers
from tasks.entries.numbers.entry_numbers import printed_numbers
from tasks.entries.numbers.in_bond_numbers import InBondKind, make_in_bond, parse_in_bond
from tests.errors import refused

serials = st.integers(0, in_bond_numbers.MAX_SERIAL)


@pytest.mark.parametrize(("serial", "text"), [(25770003, "257700030"), (25770005, "257700052")])
def test_published_numbers(serial: int, text: str) -> None:
    assert str(make_in_bond(serial)) == text
    assert parse_in_bond(text).kind is InBondKind.CBP_7512


@pytest.mark.parametrize(
    ("text", "kind", "bare"),
    [
        ("589-8114074-3", InBondKind.AIR_WAYBILL, "58981140743"),
        ("589 81140743", InBondKind.AIR_WAYBILL, "58981140743"),
        ("v123456789a", InBondKind.PAPERLESS, "V123456789A"),
        ("25770003-0", InBondKind.CBP_7512, "257700030"),
    ],
)
def test_the_other_forms(text: str, kind: InBondKind, bare: str) -> None:
    found = parse_in_bond(text)
    assert (found.kind, str(found)) == (kind, bare)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("257700031", "257700030"),
        ("58981140744", "58981140743"),
        ("25770003", ""),
        ("X123456789A", ""),
        ("２57700030", ""),
    ],
)
def test_bad_numbers_say_what_is_right(text: str, right: str) -> None:
    with refused("entry-number-invalid", BadNumber) as caught:
        parse_in_bond(text)
    assert caught.codes == [in_bond_numbers.CHECK_DIGIT_WRONG if right else "in-bond-number-malformed"]
    assert caught.problems[0].values.get("number", "") == right


@given(serials)
def test_parse_undoes_format(serial: int) -> None:
    made = make_in_bond(serial)
    assert parse_in_bond(str(made)) == made


@given(serials, st.integers(0, 7), st.integers(1, 6))
def test_one_wrong_digit_is_caught(serial: int, place: int, more: int) -> None:
    """Unless the digits differ by seven, which a remainder by seven cannot see."""
    text = list(str(make_in_bond(serial)))
    wrong = (int(text[place]) + more) % 10
    if abs(wrong - int(text[place])) == 7:
        return
    text[place] = str(wrong)
    with pytest.raises(BadNumber):
        parse_in_bond("".join(text))


@given(st.integers(0, in_bond_numbers.MAX_SERIAL - 40), st.integers(0, 40))
def test_blocks_agree_with_single_numbers(first: int, more: int) -> None:
    block = printed_numbers("in-bond", "", first, first + more)
    assert block == [str(make_in_bond(s)) for s in range(first, first + more + 1)]


@pytest.mark.parametrize(("first", "last"), [(5, 4), (-1, 4), (0, 100_000_000)])
def test_no_block(first: int, last: int) -> None:
    with pytest.raises(BadNumber):
        printed_numbers("in-bond", "", first, last)


def test_no_serial() -> None:
    with pytest.raises(BadNumber):
        make_in_bond(100_000_000)
