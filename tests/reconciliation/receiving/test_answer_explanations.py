"""What ACE said reaches people: code by code, and on the desk's workbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from tasks.entries.events import AceReason
from tasks.entries.workbook.desk_workbooks import write_corrections
from tasks.reconciliation.events import AnswerLine, AnswerRead
from tasks.reconciliation.receiving.answer_explanations import (
    SURE,
    UNDECIDED,
    UNKNOWN,
    answer_codes,
    explanation_lines,
    group_explanations,
    rejection_reasons,
)
from tests.entries import house as desks
from tests.reconciliation.ace_exchange import World, open_world, record_summaries
from tests.reconciliation.broker_office import Office


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def said(world: World, number: str, application: str, disposition: str, code: str, text: str):
    reasons = tuple(AceReason(code=one, text=text) for one in code.split())
    line = AnswerLine(number=number, disposition=disposition, reasons=reasons)
    body = AnswerRead(application=application, about="summary", batch="B1", content="",
                            rejected=False, lines=[line])  # fmt: skip
    world.office.journal.append(body, f"answer/{code or 'none'}", "bo")


def test_each_code_with_text_and_advice(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    said(world, number, "AX", "rejected", "205 9ZZ", "STATEMENT DATE")
    rows = list(answer_codes(world.office.journal, [number]))
    assert [(row.code, row.sure) for row in rows] == [("205", SURE), ("9ZZ", UNKNOWN)]
    assert rows[0].meaning and rows[0].what_to_do and rows[0].said == "STATEMENT DATE"
    assert rows[1].meaning == "" and rows[1].what_to_do != rows[0].what_to_do


def test_candidates_of_an_undecided_code(world: World) -> None:
    from tasks.ace.code_meanings import codes, look_up_code

    open_ = next(row for row in codes() if "AX" in row.applications and not look_up_code("AX", row.code).decided)
    (number,) = record_summaries(world, ["01"])
    said(world, number, "AX", "rejected", open_.code, "")
    (row,) = answer_codes(world.office.journal, [number])
    assert row.sure == UNDECIDED
    assert row.what_to_do
    assert all(text in row.meaning for text in look_up_code("AX", open_.code).texts)


def test_a_file_alone(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    said(world, number, "AX", "accepted", "", "")
    said(world, number, "AX", "rejected", "205", "")
    rows = list(answer_codes(world.office.journal, subjects={"answer/205"}))
    assert [row.code for row in rows] == ["205"]


def test_the_same_explanation_is_said_once_with_its_entries(world: World) -> None:
    numbers = record_summaries(world, ["01"] * 6)
    for number in numbers:
        said(world, number, "AX", "rejected", "205", "STATEMENT DATE")
    said(world, numbers[0], "AX", "rejected", "205", "STATEMENT DATE")
    said(world, numbers[1], "AX", "rejected", "9ZZ", "LINE 1")
    said(world, numbers[2], "AX", "rejected", "9ZZ", "LINE 2")
    found = list(answer_codes(world.office.journal))
    many, two = group_explanations(found)
    assert (many.code, many.whom, len(found)) == ("205", numbers, 9)
    head, *lines = explanation_lines(many)
    assert "205" in head and all(number in head for number in numbers)
    assert "STATEMENT DATE" in lines[0] and many.what_to_do in lines[-1]
    assert sum(many.meaning in line for line in lines) == 1
    head, *lines = explanation_lines(two)
    assert "9ZZ" in head and not any(number in head for number in numbers)
    assert two.said == {"LINE 1": [numbers[1]], "LINE 2": [numbers[2]]}
    for line, text, number in zip(lines, two.said, numbers[1:], strict=False):
        assert text in line and number in line


def test_only_the_last_rejection_counts(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    said(world, number, "AX", "rejected", "205", "")
    said(world, number, "AX", "rejected", "752 145", "")
    assert [one.code for one in rejection_reasons(world.office.journal, [number])[number]] == ["752", "145"]
    said(world, number, "AX", "accepted", "", "")
    assert rejection_reasons(world.office.journal, [number]) == {}


def test_the_desk_reads_why(world: World, tmp_path: Path) -> None:
    office = world.office
    (rejected,) = office.record(3, 1, tmp_path / "in")
    said(world, rejected, "SX", "rejected", "145 9ZZ", "SURETY UNKNOWN")
    why = rejection_reasons(office.journal, [rejected])
    book = office.book
    (path,) = write_corrections(office.journal, book.content, book.vault, office.settings,
                                [rejected], tmp_path / "back", why)  # fmt: skip
    sheets = openpyxl.load_workbook(path)
    assert sheets.sheetnames[0] == "Problems"
    listed = [[cell.value for cell in row] for row in sheets["Problems"].iter_rows(min_row=2)]
    assert [row[3] for row in listed] == [rejected] * len(why[rejected])
    assert [row[6] for row in listed] == [one.code for one in why[rejected]]
    assert all(one.code in row[4] and row[5] for row, one in zip(listed, why[rejected], strict=True))
    (note,) = [cell.comment for row in sheets["Entries"].iter_rows(min_row=2, max_col=1)
               for cell in row if cell.comment]  # fmt: skip
    assert why[rejected][0].code in note.text
    before = book.journal.head()
    (taken,) = desks.hand_in(book, path)
    assert taken.unchanged == (rejected,) and book.journal.head() == before


def test_a_question_by_date_names_no_entry(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    key = "2026-11-01T00:00:00/2026-11-20T23:59:59"
    line = AnswerLine(number=key, disposition="refused by ACE", code="011", text="BAD RANGE")
    body = AnswerRead(application="ER", about="range", batch="B1", content="",
                            rejected=False, lines=[line])  # fmt: skip
    world.office.journal.append(body, "answer/range", "bo")
    (row,) = answer_codes(world.office.journal)
    assert (row.number, row.code, row.disposition) == ("", "011", "refused by ACE")
    assert all(part in row.said for part in (*key.split("/"), "BAD RANGE"))
    assert list(answer_codes(world.office.journal, [number])) == []
