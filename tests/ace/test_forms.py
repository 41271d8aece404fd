"""Forms of numbers, packed codes, and the registers of rules, conditions and code sets."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import tasks.ace as room
from tasks.ace.checker.entry_numbers import entry_text, key_text, wrong_digit
from tasks.ace.checker.record_deck import counts_by_owner, integers, is_among, pack, pack_bytes
from tasks.ace.checker.release_rules.line_rules import tariff_form
from tasks.ace.checker.release_rules.release_facts import (
    entry_form,
    in_bond_form,
    is_alphanumeric,
    number_form,
    text_lengths,
)
from tasks.ace.checker.release_rules.rule_list import MODULES, release_rules
from tasks.ace.wire.check_conditions import condition_of_code, conditions, make_finding
from tasks.ace.wire.record_layouts import code_list

PUBLISHED = (
    "406-0314754-3", "406-0318899-2", "965-0083656-2", "965-0085162-9", "DM4-0085887-2",
    "DM4-0085886-4", "328-0332606-8", "880-0070467-1", "880-0073743-2",
)  # fmt: skip
"""Entry numbers in FDA warning letters of 2002-2010, public documents."""


def _view(texts: list[str], width: int) -> np.ndarray:
    joined = "".join(text.ljust(width)[:width] for text in texts)
    return np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, width)


@pytest.mark.parametrize(
    ("kind", "text", "right"),
    [
        (1, "12-345678900", True), (1, "12-3456789", True), (1, "12-3456789AB", True),
        (1, "12-3456789A", False), (1, "123456789", False), (1, "1A-345678900", False),
        (2, "270426-00001", True), (2, "270426-0001", False), (2, "27042600001", False),
        (3, "123-45-6789", True), (3, "123-45-67890", False), (3, "12-345678900", False),
        (0, "12-345678900", False), (4, "12-345678900", False),
    ],
)  # fmt: skip
def test_forms_of_importer_numbers(kind: int, text: str, right: bool) -> None:
    for width in (12, 20):
        assert number_form(np.array([kind]), _view([text], width))[0] == right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("7318152000", True), ("0101210010", True), ("9701210000", True), ("98130020", True),
        ("99038815", True), ("9903881500", False), ("73181520", False), ("7701010000", False),
        ("99038568", True), ("9903881510", False), ("990388150 ", False), ("99038815 0", False),
        ("9903881 50", False), ("98010050", True), ("9801005000", False), ("9817000010", False),
        ("9801001012", True), ("98010010", False), ("9813000520", True), ("98130005", False),
        ("9813000500", False), ("9813002000", False), ("9802006000", False), ("9802008040", True),
        ("9808003000", True), ("98080030", False), ("9808003010", False), ("9701210001", True),
        ("0001010000", False), ("731815200", False), ("73181520A0", False), ("9813000", False),
    ],
)  # fmt: skip
def test_forms_of_tariff_numbers(text: str, right: bool) -> None:
    assert tariff_form(_view([text], 10))[0] == right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("257700030", True), ("17612345675", True), ("V1212345678", True), ("25770003", False),
        ("2577000301", False), ("257700030X", False), ("AB-12345678", False), ("", False),
    ],
)  # fmt: skip
def test_forms_of_in_bond_numbers(text: str, right: bool) -> None:
    assert in_bond_form(_view([text], 50))[0] == right


def test_forms_of_entry_numbers() -> None:
    view = _view(["ABC12345676", "ABC-1234567-6", "AB 12345676", "ABC1234567", "ABC12345676X"], 50)
    assert entry_form(view).tolist() == [True, False, False, False, False]


def test_plain_text_and_its_length() -> None:
    view = _view(["ABC1", "A C1", " ABC", "A-C1", ""], 6)
    assert is_alphanumeric(view).tolist() == [True, False, False, False, False]
    assert text_lengths(view).tolist() == [4, 4, 4, 4, 0]


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_entry_numbers_have_the_right_digit(number: str) -> None:
    filer, serial, check = number.split("-")
    for digit in "0123456789":
        wrong = wrong_digit(_view([filer], 3), _view([serial + digit], 8), {})[0]
        assert wrong == (digit != check)
    assert not wrong_digit(_view(["000"], 3), _view([serial + check], 8), {})[0]
    assert entry_text(filer.encode(), (serial + check).encode()) == number


def test_keys_name_their_entry() -> None:
    packed = int(pack_bytes(_view(["B76"], 3))[0])
    assert key_text((packed << 27) | 3245278) == "B76-0324527-8"
    assert entry_text(b"B7 ", b"03245278") == ""


def test_codes_pack_alike() -> None:
    view = _view(["EI", "ANI", "34"], 3)
    assert (pack_bytes(view) == [pack(text, 3) for text in ("EI", "ANI", "34")]).all()
    assert is_among(pack_bytes(view), 3, ("ANI", "34")).tolist() == [False, True, True]
    assert integers(_view(["0042", "  42", ""], 4)).tolist() == [42, 42, 0]
    owner, kind = np.array([0, 0, 1, -1]), np.array([1, 1, 2, 1])
    assert counts_by_owner(owner, kind, 2, 3).tolist() == [[0, 2, 0], [0, 0, 1]]


def test_every_rule_is_registered_with_codes_that_exist() -> None:
    registered = release_rules()
    assert len({rule.check.__name__ for rule in registered}) == len(registered) >= 25
    for rule in registered:
        assert rule.codes
        for code in rule.codes:
            assert condition_of_code(code).source
    modules = {rule.check.__module__ for rule in registered}
    assert modules == {module.__name__ for module in MODULES}


def test_every_condition_is_raised_somewhere() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(room.__path__[0]).rglob("*.py"))
    tables = "".join(
        (files("continuity_data") / "ace" / name).read_text(encoding="utf-8")
        for name in ("exceptions.csv", "entry_type_matrix.csv")
    )
    profile_only = {"X13", "X28", "X29", "X30", "X43"}
    for code in conditions():
        assert code in sources + tables or code in profile_only, code


def test_conditions_read_well() -> None:
    assert condition_of_code("X34").text == "UNKNOWN RECORD ID FOUND IN GROUPING"
    for one in conditions().values():
        assert re.fullmatch(r"X\d\d|B\d\d|\d{3}|C\d{3}", one.code)
        assert one.severity in ("error", "warning")
        assert one.text and not one.text.endswith(".")
        if one.code.startswith("X"):
            assert one.text == one.text.upper() and len(one.text) <= 40
    with pytest.raises(KeyError):
        condition_of_code("C999")
    told = make_finding(4, 5, "C102", "SE10", "B76-0000002-3", "entry_type '99'")
    assert told.is_error and str(told).startswith("C102 error: record 5 SE10 column 5 of B76")


def test_code_sets_have_no_doubles() -> None:
    text = (files("continuity_data") / "ace" / "codes.csv").read_text(encoding="utf-8")
    names = [row.split(",")[0] for row in text.splitlines()[1:]]
    assert len(names) == len(set(names))
    for name in names:
        assert len(code_list(name)) == len(set(code_list(name))) > 0
    with pytest.raises(KeyError):
        code_list("nothing")
