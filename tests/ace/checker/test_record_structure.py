"""Record order and repetition: golden summaries, queries and answers, and what breaks them."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.ace.checker.record_grammar import application_grammar
from tasks.ace.checker.record_tables import application_formats, record_table
from tasks.ace.file_check import check_bytes
from tasks.ace.wire.record_layouts import record_layout
from tasks.entries.numbers.entry_numbers import make_entry_number
from tests.ace.golden import FILER, Edit, Line, add, both, data, drop, put, swap
from tests.ace.golden_summary import ae, structural, summaries


def _codes(lines: list[Line]) -> set[str]:
    return {one.code for one in structural(check_bytes(data(lines)).findings)}


def test_a_summary_with_every_record_has_no_fault() -> None:
    result = check_bytes(data(summaries()))
    assert [str(one) for one in structural(result.findings)] == []
    assert (result.transactions, result.entries) == (3, 3)
    assert "structure" in result.scope and "rules of the entry summary" in result.scope


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
    ("the same number twice", "C105", put("short", "10", "9-16", make_entry_number(FILER, 1).wire[3:])),
    ("substitution out of turn", "C405", put("full", "PG00", "6-9", "0002")),
    ("substitution not ended", "C405", drop("full", "PG00", 1)),
    ("hyphen in a party number", "C600", put("full", "47", "4-18", "26-164751100")),
    ("chapter 99 without a unit", "C601", put("full", "50", "48-50", "")),
    ("unknown air carrier", "C602", put("full", "20", "3-6", "*F")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "edit"), [pytest.param(code, edit, id=name) for name, code, edit in SUMMARY_FAULTS])
def test_a_fault_of_a_summary(code: str, edit: Edit) -> None:
    assert _codes(edit(summaries())) == {code}


def test_deviations_in_use_are_no_errors() -> None:
    edits = [edit for _, code, edit in SUMMARY_FAULTS if code.startswith("C60")]
    result = check_bytes(data(both(*edits)(summaries())))
    found = structural(result.findings)
    assert len(found) == 3 and not any(one.is_error for one in found)


def test_every_record_of_a_structure_map_has_a_layout() -> None:
    for read in application_formats().values():
        if read.grammar:
            chart = application_grammar(read.grammar)
            known = set(record_table(read.application).records)
            assert set(chart.plain) <= known, read.application


def test_records_are_told_apart_by_their_application() -> None:
    row = np.frombuffer("10A".ljust(80).encode(), dtype=np.uint8).reshape(1, 80)
    assert record_table("AE").records[record_table("AE").codes(row)[0]] == "10"
    assert record_table("SE").codes(row)[0] == 0
    sub_type = np.frombuffer("5409".ljust(80).encode(), dtype=np.uint8).reshape(1, 80)
    found = record_table("AE").layouts[record_table("AE").codes(sub_type)[0]]
    assert found is record_layout("AE", "54", "09")


def test_grammar_rows_are_whole() -> None:
    for name in ("SE", "AE", "EQ", "ER", "CQ", "C1", "KI", "KR"):
        for chart in application_grammar(name).maps:
            assert chart.source
            assert chart.follow.any()
    with pytest.raises(KeyError):
        application_grammar("XX")
