from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tasks.core.errors import BadNumber
from tasks.entries.numbers import entry_numbers
from tasks.entries.numbers.entry_numbers import make_entry_number, parse_entry_number
from tests.errors import refused

# FDA warning letters of 2002-2010: FLA-02-36, FLA-02-59, FY03-SWID-015, FLA-02-58,
# FY03-SWID-WL-010, W/L 11-10; taken over 2026-11 from the project's broker-domain.md, 1.2.1
PUBLISHED = (
    "406-0314754-3",
    "406-0318899-2",
    "965-0083656-2",
    "965-0085162-9",
    "DM4-0085887-2",
    "DM4-0085886-4",
    "328-0332606-8",
    "880-0070467-1",
    "880-0073743-2",
)
SYNTHETIC = ["ABC-1234567-6", "999-9999999-0", "SP7-0000001-4"]
PRINTED = "B76-0324527-8"  # CATAIR Appendix E p.2

filers = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3).filter(lambda code: code != "000")
serials = st.integers(0, entry_numbers.MAX_SERIAL)
factors = st.integers(0, 9)


@pytest.mark.parametrize("text", [*PUBLISHED, *SYNTHETIC, PRINTED])
def test_published_numbers_check(text: str) -> None:
    found = parse_entry_number(text)
    assert str(found) == text
    assert found.wire == text.replace("-", "")
    assert entry_numbers.check_digit(found.filer, found.serial) == found.check


def test_printed_example() -> None:
    assert entry_numbers.check_digit("B76", 324527) == 8
    assert entry_numbers.check_digit("B76", 324527, offset=1) == 9
    assert entry_numbers.check_digit("B76", 324527, offset=2) == 0


@pytest.mark.parametrize("text", ["abc12345676", " ABC-1234567-6\n", "ABC1234567-6", "abc-12345676"])
def test_spellings_that_are_forgiven(text: str) -> None:
    assert str(parse_entry_number(text)) == "ABC-1234567-6"


@pytest.mark.parametrize(
    ("text", "code", "right"),
    [
        ("ABC-1234567-5", entry_numbers.CHECK_DIGIT_WRONG, {"numbers": "ABC-1234567-6"}),
        ("ABC-1234567", "entry-number-without-check-digit", {"numbers": "ABC-1234567-6"}),
        ("ABC-12345O7-6", "entry-number-misread", {"number": "ABC-1234507-6"}),
        ("ABC 1234567 6", "entry-number-misread", {"number": "ABC-1234567-6"}),
        ("", "entry-number-malformed", {}),
        ("ABC-123456-7", "entry-number-malformed", {}),
        ("ABC-1234567-67", "entry-number-malformed", {}),
        ("АBC-1234567-6", "entry-number-malformed", {}),  # Cyrillic A
        ("ABC-١٢٣٤٥٦٧-6", "entry-number-malformed", {}),
        ("000-1234567-6", "filer-code-malformed", {}),
    ],
)
def test_bad_numbers_say_what_is_right(text: str, code: str, right: dict[str, str]) -> None:
    with refused("entry-number-invalid", BadNumber) as caught:
        parse_entry_number(text)
    assert caught.codes == [code] and caught.problems[0].values == right


def test_another_filer_is_refused_though_the_digit_holds() -> None:
    assert parse_entry_number("JBC-1234567-6").check == parse_entry_number("ABC-1234567-6").check
    with pytest.raises(BadNumber) as caught:
        parse_entry_number("JBC-1234567-6", filers=["ABC", "DM4"])
    problem = caught.value.problems[0]
    assert (problem.code, problem.values) == ("entry-number-of-other-filer", {"ours": "ABC, DM4"})


def test_factor_of_an_exhausted_filer() -> None:
    shifted = parse_entry_number("ABC-1234567-9", offsets={"ABC": 3})
    assert shifted.offset == 3
    assert parse_entry_number("ABC-1234567-6", offsets={"ABC": (0, 3)}).offset == 0
    with pytest.raises(BadNumber) as caught:
        parse_entry_number("ABC-1234567-7", offsets={"ABC": (0, 3)})
    assert caught.value.problems[0].values == {"numbers": "ABC-1234567-6 or ABC-1234567-9"}


@pytest.mark.parametrize("code", ["001", "A00", "AA0", "AAA", "A0A", "0A0", "00A", "0AA", "ZZZ"])
def test_each_pattern_of_filer_codes(code: str) -> None:
    assert entry_numbers.is_filer(code)


@pytest.mark.parametrize("code", ["000", "AB", "ABCD", "ab1", "A-1", "ÀBC", "A B", ""])
def test_no_filer_codes(code: str) -> None:
    assert not entry_numbers.is_filer(code)
    with pytest.raises(BadNumber):
        make_entry_number(code, 1)


@given(filers, serials, factors)
def test_parse_undoes_format(filer: str, serial: int, factor: int) -> None:
    made = make_entry_number(filer, serial, factor)
    offsets = {filer: factor}
    assert parse_entry_number(str(made), [filer], offsets) == made
    assert parse_entry_number(made.wire.lower(), [filer], offsets) == made
    assert made.offset == factor


@given(filers, serials, st.integers(0, 6), st.integers(1, 9))
def test_one_wrong_digit_is_caught(filer: str, serial: int, place: int, more: int) -> None:
    digits = list(f"{serial:07d}")
    digits[place] = str((int(digits[place]) + more) % 10)
    with pytest.raises(BadNumber):
        parse_entry_number(f"{filer}-{''.join(digits)}-{entry_numbers.check_digit(filer, serial)}")


@given(filers, st.lists(serials, max_size=50), factors)
def test_columns_agree_with_single_numbers(filer: str, many: list[int], factor: int) -> None:
    column = np.array(many, dtype=np.int64)
    wanted = [make_entry_number(filer, serial, factor) for serial in many]
    assert entry_numbers.check_digits(filer, column, factor).tolist() == [n.check for n in wanted]


def test_a_block_of_a_million() -> None:
    block = entry_numbers.printed_numbers("entry", "DM4", 0, 999_999)
    assert len(block) == len(set(block)) == 1_000_000
    assert block[85887] == "DM4-0085887-2"


@pytest.mark.parametrize(("first", "last"), [(5, 4), (-1, 4), (0, 10_000_000)])
def test_no_block(first: int, last: int) -> None:
    with pytest.raises(BadNumber):
        entry_numbers.printed_numbers("entry", "ABC", first, last)


def test_swap_that_luhn_cannot_see() -> None:
    """Known weakness: 09 and 90 side by side. Only the reserve can tell them apart."""
    assert entry_numbers.check_digit("406", 900000) == entry_numbers.check_digit("406", 9000000) == 1
