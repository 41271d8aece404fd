"""What an answer about bills proves: only a bill that it names can be without a release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pytest

from tasks.ace.answers.table_schemas import ANSWER_SCHEMAS
from tasks.ace.queries.query_records import BillQuery
from tasks.reconciliation.cycle_stages import entry_decisions
from tasks.reconciliation.receiving.answer_lines import CLEAR, FAILED, ODD, OWN, SILENT, TAKEN, _bill_outcome
from tests.reconciliation.ace_exchange import open_world, record_summaries
from tests.reconciliation.broker_office import Office

OURS = "ABC-9000000-3"


@dataclass(frozen=True)
class Told:
    """An answer's bills and what happened to them."""

    bills: Sequence[dict]
    events: Sequence[dict] = ()

    def table(self, name: str) -> pa.Table:
        schema = ANSWER_SCHEMAS[name]
        rows = self.bills if name == "bills" else self.events
        full = [{field.name: row.get(field.name) for field in schema} for row in rows]
        return pa.Table.from_pylist(full, schema)


SURFACE = BillQuery(issuer="ABCD", bill_number="123")
AIR = BillQuery(air_waybill="02012345675", house_air_waybill="H1")
BILL = {"issuer": "ABCD", "bill_number": "123", "record_index": 7}


def said(question: BillQuery, told: Told) -> str:
    rows, events = told.table("bills").to_pylist(), told.table("events").to_pylist()
    return _bill_outcome(OURS, question, rows, events)[0]


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ({}, CLEAR),
        ({"code": "122", "text": "BILL NBR NOT ON FILE"}, CLEAR),
        ({"code": "ZZZ", "text": "** ACE SYSTEM FAILURE **"}, FAILED),
        ({"code": "999"}, FAILED),
        ({"code": "B05", "text": "ENTRY FILER MISSING"}, ODD),
        ({"code": "X17"}, ODD),
        ({"code": "Q?Q"}, ODD),
        ({"entry_number": "XYZ-1234567-8"}, TAKEN),
        ({"entry_number": OURS}, OWN),
    ],
)
def test_only_a_bill_that_is_named_and_not_on_file_is_clear(row: dict, wanted: str) -> None:
    assert said(SURFACE, Told([{**BILL, **row}])) == wanted


def test_a_bill_that_the_answer_leaves_out_is_not_clear() -> None:
    assert said(SURFACE, Told([])) == SILENT
    assert said(SURFACE, Told([{**BILL, "bill_number": "124"}])) == SILENT


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"code": "1C", "number": "XYZ12345678"}, TAKEN),
        ({"code": "1C", "number": OURS.replace("-", "")}, OWN),
        ({"code": "1C"}, TAKEN),
        ({"code": "4A"}, TAKEN),
        ({"code": "1H"}, CLEAR),
        ({"code": "1D"}, CLEAR),
    ],
)
def test_what_happened_to_a_bill_tells_of_a_release(event: dict, wanted: str) -> None:
    assert said(SURFACE, Told([BILL], [{"bill": 7, **event}])) == wanted
    assert said(SURFACE, Told([BILL], [{"bill": 8, **event}])) == CLEAR


def test_a_house_waybill_is_told_from_its_neighbour() -> None:
    row = {"bill_number": "02012345675", "record_index": 7, "entry_number": "XYZ-1234567-8"}
    assert said(AIR, Told([{**row, "house_number": "H1"}])) == TAKEN
    assert said(AIR, Told([{**row, "house_number": "H2"}])) == SILENT


def test_a_failed_question_about_bills_holds_the_entry_until_it_is_answered(office: Office, tmp_path) -> None:
    world = open_world(office, tmp_path / "ace")
    (number,) = record_summaries(world, ["01"])
    for _ in range(8):
        world.turn()
        ((_, verdict),) = entry_decisions(world.house)
        if verdict.ask == "bill":
            break
        world.exchange()
    assert verdict.ask == "bill"
    world.ace.misbehave("ZZZ")
    world.exchange()
    done = world.turn()
    assert done.waiting is None and world.steps() == {number: "wait for ACE"}
    world.exchange()
    world.turn()
    world.exchange()
    assert world.turn().waiting is not None or world.steps()[number] == "ask ACE"
    world.ace.close()
