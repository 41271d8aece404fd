"""Queries and answers together, against the stand-in: it was written from the same chapters by
someone else, so that a misreading on either side shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tasks.ace.answers.answer_parser import read_answers
from tasks.ace.answers.answer_shape import AceAnswer
from tasks.ace.cargo_release.release_writer import write_batches
from tasks.ace.queries.query_batches import (
    QueryBatch,
    QuerySender,
    bill_queries,
    entry_queries,
    importer_queries,
    summary_queries,
    summary_range_queries,
)
from tasks.ace.queries.query_records import BillQuery
from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.ace import made_answers as made
from tests.ace.made_record import ENVELOPE, entry, joined, number

DAY = date(2026, 11, 24)
ASKER = QuerySender(ENVELOPE, "2704", 100)
IMPORTER = "12-345678900"


@pytest.fixture
def ace(tmp_path: Path) -> Iterator[AceSimulator]:
    with AceSimulator(tmp_path / "ace.sqlite", DAY) as stand_in:
        stand_in.seed_filer("ABC")
        stand_in.seed_importer(IMPORTER, name="HARBOR IMPORTS")
        yield stand_in


def asked(ace: AceSimulator, queries: list[QueryBatch]) -> list[AceAnswer]:
    answers = []
    for query in queries:
        for data in ace.answer(query.batch.bytes()):
            found = read_answers(data)
            assert all(one.whole and not one.table("unread").num_rows for one in found)
            assert [one.batch_text for one in found] == [query.batch.batch_id]
            answers += found
    return answers


def keyed(serial: int) -> bytes:
    """A summary as an officer would key it: AE records without the 4A that ACE adds."""
    records = [text for text in made.image(serial) if not text.startswith("4A")]
    return "".join(records).encode("ascii")


def test_a_release_is_sent_answered_and_found_again(ace: AceSimulator) -> None:
    ace.seed_bill("ABCT", "PAPS0")
    record = joined([entry(serial) for serial in range(3)])
    answers = [
        answer
        for batch in write_batches(record, ENVELOPE)
        for data in ace.answer(batch.bytes())
        for answer in read_answers(data)
    ]
    told = [one for answer in answers for one in answer.entries]
    assert [(one.entry_number, one.disposition) for one in told] == [
        (number(serial), "accepted") for serial in range(3)
    ]
    again = [
        one
        for batch in write_batches(record, ENVELOPE, sequence_from=50)
        for data in ace.answer(batch.bytes())
        for answer in read_answers(data)
        for one in answer.entries
    ]
    assert {one.disposition for one in again} == {"already on file"}
    notices = [answer for data in ace.unsolicited() for answer in read_answers(data)]
    assert {answer.application for answer in notices} == {"SO"}
    (status,) = asked(ace, entry_queries(ASKER, [number(0), number(9)]))
    assert [(one.entry_number, one.disposition) for one in status.entries] == [
        (number(0), "already on file"), (number(9), "not visible"),
    ]  # fmt: skip
    assert status.entries[0].reference == "L00000000"


def test_what_an_officer_keyed_is_found_by_eq_and_not_by_cq(ace: AceSimulator) -> None:
    ace.seed_officer_entry(
        number(1), port="2704", released=date(2026, 11, 20), importer=IMPORTER, mode="11",
        summary=keyed(1),
    )  # fmt: skip
    (stored,) = asked(ace, summary_queries(ASKER, [number(1), number(2)]))
    first, second = stored.entries
    assert (first.disposition, first.control, first.summary) == ("already on file", "CBP", "accepted")
    assert (first.release, first.release_date) == ("released", date(2026, 11, 20))
    assert second.disposition == "not found"
    picture = stored.image
    assert picture is not None
    assert picture.entries["importer_number"].to_pylist() == [IMPORTER]
    assert picture.entries["entered_value"].to_pylist() == [20_000]
    assert picture.lines["country_of_origin"].to_pylist() == ["TW", "TW"]
    assert picture.line_details["cbp_line"].to_pylist() == [1, 2]
    assert picture.tariffs["quantity"].to_pylist()[1] == Decimal("850.25")
    assert picture.tariffs["duty"].to_pylist()[1] == Decimal("123.45")
    assert picture.fee_totals["amount"].to_pylist() == [Decimal("69.28"), Decimal("25.00")]
    (status,) = asked(ace, entry_queries(replace(ASKER, sequence=200), [number(1)]))
    assert [one.disposition for one in status.entries] == ["not visible"]


def test_summaries_of_a_range_are_found(ace: AceSimulator) -> None:
    ace.seed_officer_entry(number(1), port="2704", released=date(2026, 11, 20), importer=IMPORTER, summary=keyed(1))
    queries = summary_range_queries(ASKER, datetime(2026, 10, 1), datetime(2026, 11, 24, 23, 59))
    answers = asked(ace, queries)
    assert [answer.numbers for answer in answers if answer.numbers] == [(number(1),)]
    empty = next(answer for answer in answers if not answer.numbers)
    assert [one.lookup.meaning for one in empty.conditions] == ["nothing"]


def test_bills_and_importers_are_told(ace: AceSimulator) -> None:
    ace.seed_bill("ABCT", "PAPS1")
    bills = [BillQuery("ABCT", "PAPS1"), BillQuery("ABCT", "NONE")]
    (answer,) = asked(ace, bill_queries(ASKER, bills))
    found = answer.table("bills").to_pylist()
    assert [(row["bill_number"], row["code"]) for row in found] == [
        ("PAPS1", None), ("NONE", "122"),
    ]  # fmt: skip
    (known,) = asked(ace, importer_queries(ASKER, [IMPORTER, "98-765432100"]))
    rows = known.table("importers").to_pylist()
    assert [(row["importer_number"], row["status"]) for row in rows] == [
        (IMPORTER, "no bond"), ("98-765432100", "unknown"),
    ]  # fmt: skip


def test_a_refused_batch_is_told_apart_from_a_refused_entry(ace: AceSimulator) -> None:
    (query,) = entry_queries(ASKER, [number(1)])
    broken = bytearray(query.batch.bytes())
    broken[25:27] = b"EI"
    (data,) = ace.answer(bytes(broken))
    (answer,) = read_answers(data)
    assert answer.rejected and answer.entries == ()
    assert {"X12", "999"} <= {one.code for one in answer.conditions}
