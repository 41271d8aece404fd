"""Record order and repetition: golden summaries, queries and answers, and what breaks them."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.ace.check import check_bytes
from tasks.ace.grammar import grammar
from tasks.ace.layout import layout
from tasks.ace.recognise import readers, table
from tasks.entries.number import make
from tests.ace.golden import (
    FILER,
    Edit,
    Line,
    add,
    both,
    data,
    drop,
    envelope,
    filled,
    pg,
    put,
    swap,
)


def ae(name: str, variant: str = "", /, **values: str | int) -> str:
    return filled("AE", name, variant, **values)


def ae10(serial: int, action: str = "A") -> str:
    return ae(
        "10", summary_filing_action_request_code=action, entry_filer_code=FILER,
        entry_number=make(FILER, serial).wire[3:], district_port_of_entry="2704",
        entry_type_code="01",
    )  # fmt: skip


PGA = [
    pg("OI", description="PUMPS"),
    pg(
        "PG01", pga_line_number=1, government_agency_code="FDA",
        government_agency_program_code="DEV",
    ),
    pg("PG02", item_type="P"),
    "PG00R0001".ljust(80),
]  # fmt: skip


def summary() -> list[str]:
    """One summary with nearly every record that AE has, in the chapter's order."""
    header = [
        ae10(1), ae("11"), ae("20", carrier_code="MAEU"), ae("SE13"), ae("21"),
        ae("22"), ae("23"), ae("23"), ae("SE16"), ae("SE17"), ae("22"), ae("23"),
        ae("30"), ae("31"), ae("31"), ae("32"), ae("33"), ae("34"), ae("35"), ae("36"), ae("36"),
        "PG00S0001".ljust(80), pg("PG19", entity_role_code="IM"), pg("PG20"), "PG00E".ljust(80),
        ae("SE20"), ae("SE30"), ae("SE31"), ae("SE32"), ae("SE35"), ae("SE36", country_code="US"),
    ]  # fmt: skip
    first = [
        ae("40"), ae("41"), ae("42"), ae("43"), ae("44"), ae("44"), ae("42"), ae("44"),
        *[ae("47", article_party_identifier="TWNICSAN435TAI")] * 2,
        ae("SE50"), ae("SE51"), ae("SE52"), ae("SE55"), ae("SE56", country_code="US"),
        ae("50", hts_number="99038815"), ae("50", hts_number="7318152000"), ae("SE61"), *PGA,
        ae("51"), ae("52"), ae("53"), ae("54", "09"), ae("54", "10"), ae("60"), ae("61"),
        *[ae("62")] * 5, ae("SE62"), ae("SE63"), ae("SE63"), ae("63"), ae("CW02"),
    ]  # fmt: skip
    second = [ae("40"), ae("43"), ae("44"), ae("50", hts_number="7318152000")]
    return [*header, *first, *second, ae("88"), ae("89"), ae("90", grand_total_duty_amount=0)]


def summaries() -> list[Line]:
    inside = [("full", text) for text in summary()]
    short = [ae10(2), ae("11"), ae("40"), ae("50"), ae("90", grand_total_duty_amount=0)]
    inside += [("short", text) for text in short]
    inside += [("delete", ae10(3, "D"))]
    return envelope("AE", inside)


def _codes(lines: list[Line]) -> set[str]:
    return {one.code for one in check_bytes(data(lines)).findings}


def test_a_summary_with_every_record_has_no_fault() -> None:
    result = check_bytes(data(summaries()))
    assert [str(one) for one in result.findings] == []
    assert (result.transactions, result.entries) == (3, 3)
    assert "structure" in result.scope and "no summary rules" in result.scope


SUMMARY_FAULTS: list[tuple[str, str, Edit]] = [
    ("header lost after totals", "X33", drop("short", "10")),
    ("importer lost", "X37", drop("short", "11")),
    ("no line", "X37", both(drop("short", "50"), drop("short", "40"))),
    ("tariff lost", "X37", drop("short", "50")),
    ("totals lost", "X37", drop("short", "90")),
    ("bill lost", "X37", drop("full", "23", 2)),
    ("PGA description lost", "X37", drop("full", "OI")),
    ("five bills", "X36", add("full", "23", [ae("23")] * 3)),
    ("seven parties", "X36", add("full", "47", [ae("47")] * 5)),
    ("six user fees", "X36", add("full", "62", ae("62"))),
    ("third bond", "X36", add("full", "31", ae("31"))),
    ("two rulings of a line", "X36", add("full", "43", ae("43"), 1)),
    ("two rulings of an invoice", "X36", add("full", "43", ae("43"))),
    ("description before ruling", "X35", swap("full", "43", 1)),
    ("fees before totals of duty", "X35", swap("full", "88")),
    ("missing document before release", "X35", swap("full", "32")),
    ("trip before contact", "X35", swap("full", "SE13")),
    ("line after the totals", "X33", add("short", "90", ae("40"))),
    ("importer with a delete", "X34", add("delete", "10", ae("11"))),
    ("record of cargo release", "X34", add("short", "11", "SE15RMAEU".ljust(80))),
    ("check digit", "B16", put("short", "10", "9-16", "00000020")),
    ("filer of another", "C103", put("short", "10", "4-6", "K76")),
    ("entry type 86", "C119", put("short", "10", "34-35", "86")),
    ("the same number twice", "C105", put("short", "10", "9-16", make(FILER, 1).wire[3:])),
    ("substitution out of turn", "C405", put("full", "PG00", "6-9", "0002")),
    ("substitution not ended", "C405", drop("full", "PG00", 1)),
    ("hyphen in a party number", "C600", put("full", "47", "4-18", "26-164751100")),
    ("chapter 99 without a unit", "C601", put("full", "50", "48-50", "")),
    ("unknown air carrier", "C602", put("full", "20", "3-6", "*F")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "edit"), [pytest.param(code, edit, id=name) for name, code, edit in SUMMARY_FAULTS]
)
def test_a_fault_of_a_summary(code: str, edit: Edit) -> None:
    assert _codes(edit(summaries())) == {code}


def test_deviations_in_use_are_no_errors() -> None:
    edits = [edit for _, code, edit in SUMMARY_FAULTS if code.startswith("C60")]
    result = check_bytes(data(both(*edits)(summaries())))
    assert result.ok and len(result.warnings) == 3


def query() -> list[Line]:
    numbers = [make(FILER, serial).wire[3:] for serial in range(5)]
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


@pytest.mark.parametrize(
    ("code", "lines"), [pytest.param(code, lines, id=name) for name, code, lines in QUERY_FAULTS]
)
def test_a_fault_of_a_summary_query(code: str, lines: list[Line]) -> None:
    assert _codes(lines) == {code}


def test_a_batch_of_summary_queries_has_one_block() -> None:
    lines = query()
    block = lines[1:-1]
    result = check_bytes(data([*lines[:-1], *block, lines[-1]]))
    assert [(one.code, one.record) for one in result.findings] == [("X41", "B")]


def status() -> list[Line]:
    number = f"WR1    {FILER} {make(FILER, 7).wire[3:]}".ljust(71) + "Y"
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
    ("number to the left", "C019", put("q", "WR1", "11-19", make(FILER, 7).wire[3:])),
    ("number of seven", "C104", put("q", "WR1", "11-19", "  0000007")),
    ("check digit", "B16", put("q", "WR1", "11-19", " 00000070")),
    ("another filer", "C103", put("q", "WR1", "8-10", "K76")),
    ("unknown record", "X34", add("q", "WR1", "WR4".ljust(80))),
]


def test_a_status_query_has_no_fault() -> None:
    assert _codes(status()) == set()


@pytest.mark.parametrize(
    ("code", "edit"), [pytest.param(code, edit, id=name) for name, code, edit in STATUS_FAULTS]
)
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


@pytest.mark.parametrize(
    ("code", "edit"), [pytest.param(code, edit, id=name) for name, code, edit in IMPORTER_FAULTS]
)
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
    "ER": ("EQ", "", "JA JB JC JD JE JF JG JH JI JL JM 10 11 4A 40 50 90 JB JC JD JE JF JG JH JI JZ"),
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


@pytest.mark.parametrize(
    ("application", "records"),
    [("ER", "JC JB"), ("C1", "WO10 WN1 WO60"), ("KR", "K2 K1")],
)
def test_an_answer_out_of_order_is_told(application: str, records: str) -> None:
    sets, variant, _ = ANSWERS[application]
    result = check_bytes(data(_answer(application, sets, records.split(), variant)))
    assert {one.code for one in result.findings} & {"X35", "X37"}


def test_every_record_of_a_structure_map_has_a_layout() -> None:
    for read in readers().values():
        if read.grammar:
            chart = grammar(read.grammar)
            known = set(table(read.application).records)
            assert set(chart.plain) <= known, read.application


def test_records_are_told_apart_by_their_application() -> None:
    row = np.frombuffer("10A".ljust(80).encode(), dtype=np.uint8).reshape(1, 80)
    assert table("AE").records[table("AE").codes(row)[0]] == "10"
    assert table("SE").codes(row)[0] == 0
    sub_type = np.frombuffer("5409".ljust(80).encode(), dtype=np.uint8).reshape(1, 80)
    found = table("AE").layouts[table("AE").codes(sub_type)[0]]
    assert found is layout("AE", "54", "09")


def test_grammar_rows_are_whole() -> None:
    for name in ("SE", "AE", "EQ", "ER", "CQ", "C1", "KI", "KR"):
        for chart in grammar(name).maps:
            assert chart.source
            assert chart.follow.any()
    with pytest.raises(KeyError):
        grammar("XX")
