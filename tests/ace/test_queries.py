"""Queries and their answers: EQ and ER, CQ and C1, KI and KR."""

from __future__ import annotations

import pytest

from tasks.ace.file_check import check_bytes
from tasks.entries.numbers.entry_numbers import make_entry_number
from tests.ace.golden import FILER, Edit, Line, add, both, data, drop, envelope, filled, put


def _codes(lines: list[Line]) -> set[str]:
    return {one.code for one in check_bytes(data(lines)).findings}


def query() -> list[Line]:
    numbers = [make_entry_number(FILER, serial).wire[3:] for serial in range(5)]
    texts = {f"entry_filer_code_{n}": FILER for n in range(1, 6)}
    texts |= {f"entry_number_{n}": number for n, number in enumerate(numbers, start=1)}
    first = {key: value for key, value in texts.items() if key.endswith(("_1", "_2"))}
    inside = [
        filled("EQ", "J0", return_detail_request_indicator="Y"),
        filled("EQ", "J1", **texts),
        filled("EQ", "J1", **first),
    ]
    return envelope("EQ", [("q", text) for text in inside])


CRITERIA = "J2 EES 110126120000AM112426115959PM Y".ljust(80)


def criteria() -> list[Line]:
    return envelope("EQ", [("q", "J0Y".ljust(80)), ("q", CRITERIA)])


def test_queries_have_no_fault() -> None:
    assert _codes(query()) == set()
    assert _codes(criteria()) == set()


QUERY_FAULTS: list[tuple[str, str, list[Line]]] = [
    ("detail wish N", "C500", put("q", "J0", "3", "N")(query())),
    ("two wishes", "X36", add("q", "J0", "J0Y".ljust(80))(query())),
    ("wish at the end", "X35", both(drop("q", "J0"), add("q", "J1", "J0Y".ljust(80), 1))(query())),
    ("wish alone", "X37", both(drop("q", "J1"), drop("q", "J1"))(query())),
    ("numbers and criteria", "X41", add("q", "J1", CRITERIA, 1)(query())),
    ("two criteria", "X41", add("q", "J2", CRITERIA)(criteria())),
    ("gap between numbers", "X38", put("q", "J1", "19-31", "")(query())),
    ("check digit", "B16", put("q", "J1", "63-70", "00000040")(query())),
    ("number of seven", "C104", put("q", "J1", "63-70", "0000004")(query())),
    ("criterion unknown", "C502", put("q", "J2", "4-6", "ALL")(criteria())),
    ("range of 32 days", "C501", put("q", "J2", "8-13", "102326")(criteria())),
    ("range backwards", "C501", put("q", "J2", "22-27", "103126")(criteria())),
    ("hour 13", "C501", put("q", "J2", "14-15", "13")(criteria())),
]


@pytest.mark.parametrize(("code", "lines"), [pytest.param(code, lines, id=name) for name, code, lines in QUERY_FAULTS])
def test_a_fault_of_a_summary_query(code: str, lines: list[Line]) -> None:
    assert _codes(lines) == {code}


def test_a_batch_of_summary_queries_has_one_block() -> None:
    lines = query()
    block = lines[1:-1]
    result = check_bytes(data([*lines[:-1], *block, lines[-1]]))
    assert [(one.code, one.record) for one in result.findings] == [("X41", "B")]


def status() -> list[Line]:
    number = f"WR1    {FILER} {make_entry_number(FILER, 7).wire[3:]}".ljust(71) + "Y"
    inside = [
        number.ljust(80),
        ("WR1".ljust(19) + "257700030").ljust(80),
        ("WR1".ljust(31) + "MAEUBILL0001").ljust(80),
        ("WR1".ljust(47) + "17612345675HAWB7").ljust(80),
    ]
    return envelope("CQ", [("q", text) for text in inside])


STATUS_FAULTS: list[tuple[str, str, Edit]] = [
    ("asks for nothing", "C511", put("q", "WR1", "20-31", "", 1)),
    ("asks for two things", "C510", put("q", "WR1", "48-58", "17612345675", 1)),
    ("number to the left", "C019", put("q", "WR1", "11-19", make_entry_number(FILER, 7).wire[3:])),
    ("number of seven", "C104", put("q", "WR1", "11-19", "  0000007")),
    ("check digit", "B16", put("q", "WR1", "11-19", " 00000070")),
    ("another filer", "C103", put("q", "WR1", "8-10", "K76")),
    ("unknown record", "X34", add("q", "WR1", "WR4".ljust(80))),
]


def test_a_status_query_has_no_fault() -> None:
    assert _codes(status()) == set()


@pytest.mark.parametrize(("code", "edit"), [pytest.param(code, edit, id=name) for name, code, edit in STATUS_FAULTS])
def test_a_fault_of_a_status_query(code: str, edit: Edit) -> None:
    assert _codes(edit(status())) == {code}


def importers() -> list[Line]:
    first = "K 12-345678900" + " " + "270426-00001" + "1" + "12-3456789**"
    return envelope("KI", [("q", first.ljust(80)), ("q", "K 123-45-6789".ljust(80))])


IMPORTER_FAULTS: list[tuple[str, str, Edit]] = [
    ("form of a number", "C107", put("q", "K", "3-14", "12345678900")),
    ("gap between numbers", "X38", put("q", "K", "16-28", "")),
    ("request code 2", "C520", put("q", "K", "15", "2")),
    ("an answer's record", "X34", add("q", "K", filled("KI", "K1"))),
]


def test_an_importer_query_has_no_fault() -> None:
    assert _codes(importers()) == set()


@pytest.mark.parametrize(("code", "edit"), [pytest.param(code, edit, id=name) for name, code, edit in IMPORTER_FAULTS])
def test_a_fault_of_an_importer_query(code: str, edit: Edit) -> None:
    assert _codes(edit(importers())) == {code}


def _answer(application: str, sets: str, records: list[str], variant: str = "") -> list[Line]:
    texts = []
    for name in records:
        home = "AE" if application == "ER" and name[0].isdigit() and name != "4A" else sets
        texts.append(("r", filled(home, name, variant if home == sets else "")))
    lines = envelope(application, texts)
    index = len(lines) - 2
    y = lines[index][1]
    lines[index] = ("", y[:12] + f"{len(texts):05d}" + y[17:])
    header = lines[0][1]
    lines[0] = ("", header[:8] + " " * 6 + header[14:])
    return lines


ANSWERS = {
    "ER": (
        "EQ", "",
        "JA JB JC JD JE JF JG JH JI JL JM 10 11 4A 40 50 90 JB JC JD JE JF JG JH JI JZ",
    ),
    "C1": (
        "CQ", "output",
        "WO10 WO20 WO30 WO30 WO40 WO42 WO50 WO60 WO70 WO71 WR1 WR2 WR4 WR5 WN0 WN1 WR0",
    ),
    "KR": ("KI", "", "K1 K2 K7 K8 K1 K2 K3 K4 K5 K6 K7 K8 K1"),
}  # fmt: skip


@pytest.mark.parametrize("application", sorted(ANSWERS))
def test_an_answer_is_read_in_its_order(application: str) -> None:
    sets, variant, records = ANSWERS[application]
    result = check_bytes(data(_answer(application, sets, records.split(), variant)))
    structure = {one.code for one in result.findings if one.code.startswith("X3")}
    assert structure == set()
    assert "loosely" in result.scope


@pytest.mark.parametrize(("application", "records"), [("ER", "JC JB"), ("C1", "WO10 WN1 WO60"), ("KR", "K2 K1")])
def test_an_answer_out_of_order_is_told(application: str, records: str) -> None:
    sets, variant, _ = ANSWERS[application]
    result = check_bytes(data(_answer(application, sets, records.split(), variant)))
    assert {one.code for one in result.findings} & {"X35", "X37"}
