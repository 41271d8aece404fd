"""What other agencies want of an entry, what holds it, what lets it go, and the matrix for the kit."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tasks.core import clock
from tasks.core.errors import BadInput, HostileFile, NumberUnavailable, Refused
from tasks.core.journal.journal import Journal
from tasks.core.journal.verification import verify_journal
from tasks.core.messages import Reason
from tasks.core.settings import Settings
from tasks.core.status_lines import GREEN, RED
from tasks.incident.agencies import client_history, flag_tables, requirement_matrix
from tasks.incident.agencies.agency_papers import record_exception, record_paper
from tasks.incident.agencies.agency_requirements import (
    DISCLAIMED,
    HELD,
    HINT,
    IN_HAND,
    LET_GO,
    OPEN,
    AgencyDemand,
    AgencyRules,
    agency_demands,
    line_spans,
)
from tasks.incident.agencies.flag_tables import FlagTable, load_table, table_in_force
from tasks.incident.agencies.requirement_matrix import matrix_rows
from tasks.incident.letters.entry_case import cases
from tasks.incident.letters.letter_events import LetterIssued, LetterRelease
from tasks.workspace import Workspace
from tests.entries import one
from tests.entries.house import SSN, book_of
from tests.errors import refused
from tests.incident.paper_world import World, open_world, pdf

TOOLS = "8471300100"


@pytest.fixture
def world(journal: Journal, house: Settings, tmp_path: Path) -> World:
    return open_world(book_of(house, journal), tmp_path / "scratch")


def flags(world: World, text: str = f"hts,flag\n{TOOLS[:6]},FD4\n{TOOLS},EP7\n") -> FlagTable:
    path = world.file("flags.csv", text.encode())
    return load_table(world.book, flag_tables.FLAGS, path, date(2026, 7, 1), "CBP 0875-0419", "jo")


def rows(*pga: dict[str, object]) -> one.Rows:
    made = one.rows()
    made["pga"] = [{"line": 1, "position": 1, **row} for row in pga]
    return made


def of(book: Workspace, number: str) -> dict[str, AgencyDemand]:
    (case,) = cases(book, [number])
    return {one.agency: one for one in agency_demands(AgencyRules(book), case)}


def test_a_flag_holds_until_paper_disclaimer_or_reason_is_there(world: World) -> None:
    flags(world)
    number = world.record("11")
    found = of(world.book, number)
    assert found["FDA"].state == HELD and found["FDA"].need == "required" and found["FDA"].mark == "W"
    assert found["FDA"].as_of == "2026-07-01" and "PNSI" in found["FDA"].route
    why = found["EPA"].why
    assert found["EPA"].state == HELD and why and why.code == "demand-possible"
    assert why.values["source"] == Reason("demand-of-flag", flag="EP7")
    with refused("entries-not-allowed-on-letter", Refused) as caught:
        world.issue(number)
    hold = {problem.value: problem for problem in caught.problems}["FDA"]
    assert hold.code == "agency-holds-entry" and hold.file == number
    assert (hold.values["lines"], hold.values["program"]) == ("1", "FOO")
    assert hold.values["reason"] == Reason("demand-required", source=Reason("demand-of-flag", flag="FD4"))
    with refused("agency-form-number-missing", BadInput):
        record_paper(world.book, number, "FDA", "jo", program="FOO", form="page")
    record_paper(world.book, number, "FDA", "jo", program="FOO", reference="261102447396")
    record_exception(world.book, number, "EPA", "port director agreed, certificate comes by mail", "jo")
    found = of(world.book, number)
    assert (found["FDA"].state, found["EPA"].state) == (IN_HAND, LET_GO)
    made = world.letter(number)
    (event,) = world.book.journal.events(kind="letter.issued")
    assert isinstance(event.said, LetterIssued) and made.numbers == (number,)
    assert event.said.entries[0].let_go == [
        LetterRelease(agency="EPA", line=1, reason="port director agreed, certificate comes by mail")
    ]
    assert verify_journal(world.book.journal, world.book.content).ok


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ({"agency": "FDA", "program": "FOO", "form": "prior notice", "reference": "2611"}, IN_HAND),
        ({"agency": "FDA", "program": "FOO", "form": "prior notice"}, HELD),
        ({"agency": "FDA", "program": "FOO"}, HELD),
        ({"agency": "FDA", "program": "FOO", "disclaimer": "A"}, HELD),
        ({"agency": "FDA", "program": "FOO", "disclaimer": "D"}, DISCLAIMED),
        ({"agency": "EPA", "program": "TS1", "disclaimer": "A"}, DISCLAIMED),
        ({"agency": "EPA", "program": "TS1", "form": "TSCA certification"}, IN_HAND),
    ],
)
def test_what_the_desk_recorded(world: World, row: dict[str, object], state: str) -> None:
    """Under a flag that requires the data (FD4), disclaimer A is generally not accepted; C and D say that it
    went another way. A prior notice is its number."""
    flags(world)
    found = of(world.book, world.record_rows(rows(row)))
    assert found[str(row["agency"])].state == state


@pytest.mark.parametrize(
    ("flag", "row", "state"),
    [
        ("FW3", {"agency": "FWS", "program": "FWS", "disclaimer": "A"}, HELD),
        ("FW3", {"agency": "FWS", "program": "FWS", "disclaimer": "C"}, DISCLAIMED),
        ("FW1", {"agency": "FWS", "program": "FWS", "disclaimer": "A"}, DISCLAIMED),
        ("TB3", {"agency": "TTB", "program": "WIN", "disclaimer": "B"}, HELD),
        ("EH1", {"agency": "EPA", "program": "HFC", "disclaimer": "D"}, HELD),
        ("EH2", {"agency": "EPA", "program": "HFC", "disclaimer": "A"}, HELD),
    ],
)
def test_a_flag_that_takes_few_disclaimers(world: World, flag: str, row: dict[str, object], state: str) -> None:
    flags(world, f"hts,flag\n{TOOLS},{flag}\n")
    found = of(world.book, world.record_rows(rows(row)))[str(row["agency"])]
    assert found.state == state
    if state == HELD and flag != "EH2":
        assert found.why and found.why.code == "disclaimer-outside-guide" and found.mark == "W"
        assert flag in found.why.values["detail"]


def test_what_a_client_had_to_show_before_is_asked_again(world: World) -> None:
    world.record_rows(rows({"agency": "NHT", "program": "MVS", "form": "HS-7"}), importer_number="98-1234567")
    again = world.record("11", importer_number="98-1234567")
    found = of(world.book, again)["NHT"]
    assert found.state == HELD and found.source.code == "demand-of-earlier-entry"
    assert found.source.values["table"] == client_history.BOOK
    assert "NHT" not in of(world.book, world.record("11", importer_number="97-1234567"))


def test_a_history_from_outside_counts_too(world: World) -> None:
    text = f"client,importer,hts,agency,program,last\nAcme,12-3456789,{TOOLS[:8]},FWS,FWS,2026-03-01\n"
    text += f"Jo Doe,{SSN},{TOOLS},FDA,DEV,\n"
    path = world.file("history.csv", text.encode())
    made = load_table(world.book, flag_tables.HISTORY, path, date(2026, 10, 1), "ACE report", "jo")
    assert len(made.rows) == 2 and SSN not in str(made.rows)
    assert of(world.book, world.record("11"))["FWS"].state == HELD
    doe = world.record("11", importer_type="34", importer_number=SSN, importer_name="Jo Doe")
    assert of(world.book, doe)["FDA"].state == HELD
    listed = matrix_rows(AgencyRules(world.book))
    assert {row["client"] for row in listed} == {"Acme", "Jo Doe"}
    assert SSN not in str(listed)


def test_a_number_of_eight_digits_is_found_once(world: World) -> None:
    text = "client,importer,hts,agency,program,last\nAcme,12-3456789,9817.00.9500,FWS,FWS,2026-03-01\n"
    path = world.file("history.csv", text.encode())
    (row,) = load_table(world.book, flag_tables.HISTORY, path, date(2026, 10, 1), "ACE report", "jo").rows
    assert row["hts"] == "98170095"
    assert len(AgencyRules(world.book).past_of("12-3456789", "98170095")) == 1


def test_the_chapter_is_a_hint_that_holds_nothing(world: World) -> None:
    number = world.record("11")
    (found,) = of(world.book, number).values()
    assert (found.agency, found.need, found.state, found.mark) == ("EPA", HINT, OPEN, "G")
    assert world.letter(number).numbers == (number,)


def test_notes_are_checked(world: World) -> None:
    flags(world)
    number = world.record("11")
    head = world.book.journal.head()
    with refused("agency-demand-not-recorded", BadInput) as caught:
        record_paper(world.book, number, "XXX", "jo", line=9, form="x")
    assert caught.codes == ["agency-code-unknown", "entry-line-unknown"]
    with refused("agency-form-missing", BadInput):
        record_paper(world.book, number, "FDA", "jo")
    with pytest.raises(HostileFile):
        record_paper(world.book, number, "EPA", "jo", file=world.file("a.pdf", b"none"))
    with refused("agency-release-reason-missing", BadInput):
        record_exception(world.book, number, "FDA", "ok", "jo")
    with refused("agency-hold-not-found", Refused):
        record_exception(world.book, number, "NHT", "no need of it", "jo")
    with pytest.raises(NumberUnavailable):
        record_exception(world.book, "ABC-1234567-6", "FDA", "no need of it", "jo")
    assert world.book.journal.head() == head
    record_paper(world.book, number, "EPA", "jo", file=world.file("tsca.pdf", pdf()))
    assert of(world.book, number)["EPA"].have == "TSCA certification"


def test_a_table_from_outside_is_taken_whole_or_not_at_all(world: World) -> None:
    text = "hts,flag\n847,FD4\n8471,XX9\n8471,FD4\n"
    with pytest.raises(BadInput) as said:
        flags(world, text)
    assert [(p.row, p.column, p.value) for p in said.value.problems] == [(2, "hts", "847"), (3, "flag", "XX9")]
    with refused("agency-table-not-accepted", BadInput) as caught:
        flags(world, "tariff,flag\n8471,FD4\n")
    assert caught.codes == ["agency-table-column-missing"]
    path = world.file("f.csv", b"hts,flag\n8471,FD4\n")
    for as_of, source, code in (
        (clock.now().date() + timedelta(days=2), "x", "source-date-in-future"),
        (date(2026, 1, 1), " ", "table-source-missing"),
    ):
        with refused(code, BadInput):
            load_table(world.book, flag_tables.FLAGS, path, as_of, source, "jo")
    with refused("agency-table-unknown", BadInput):
        load_table(world.book, "shoes", path, date(2026, 1, 1), "x", "jo")
    assert table_in_force(world.book, flag_tables.FLAGS).rows == ()
    first = flags(world)
    head = world.book.journal.head()
    assert flags(world) == first and world.book.journal.head() == head


def test_a_workbook_is_read_and_one_with_formulas_is_not(world: World) -> None:
    def made(formula: bool) -> Path:
        sink = io.BytesIO()
        with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
            page = book.add_worksheet()
            page.write_row(0, 0, ["HTS", "Flag"])
            page.write_row(1, 0, [8471300100, "FD4"])
            if formula:
                page.write_formula(2, 0, "=1+1")
        return world.file(f"flags-{formula}.xlsx", sink.getvalue())

    got = load_table(world.book, flag_tables.FLAGS, made(False), date(2026, 7, 1), "ACE", "jo")
    assert got.rows == ({"hts": TOOLS, "flag": "FD4"},)
    with refused("agency-table-not-accepted", HostileFile) as caught:
        load_table(world.book, flag_tables.FLAGS, made(True), date(2026, 7, 1), "ACE", "jo")
    assert caught.codes == ["agency-table-has-formulas"]


def test_the_matrix_names_paper_and_route_and_readiness_follows(world: World) -> None:
    assert [line.light for line in flag_tables.readiness(world.book)] == [RED, RED]
    world.record_rows(rows({"agency": "NHT", "program": "MVS", "form": "HS-7"}))
    flags(world)
    office = AgencyRules(world.book)
    found = matrix_rows(office)
    assert [(row["agency"], row["because"]) for row in found] == [
        ("EPA", "flag EP7"), ("FDA", "flag FD4"), ("NHT", "this book")]  # fmt: skip
    files = requirement_matrix.files(world.book)
    sheet = openpyxl.load_workbook(io.BytesIO(files["pga-matrix.xlsx"])).active
    assert sheet is not None and sheet.max_row == 5 and "CBP 0875-0419" in str(sheet["A1"].value)
    assert [line.light for line in flag_tables.readiness(world.book)] == [GREEN, GREEN]


@pytest.mark.parametrize(("lines", "text"), [([3], "3"), ([1, 2, 3, 7], "1-3, 7"), ([5, 1, 5], "1, 5")])
def test_spans(lines: list[int], text: str) -> None:
    assert line_spans(lines) == text
