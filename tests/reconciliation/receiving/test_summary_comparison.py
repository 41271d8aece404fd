"""What ACE stored against our record: the same differences as a plain program finds, field by field."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from tasks.ace.answers.answer_parser import read_answers
from tasks.ace.entry_summary.summary_writer import write_summaries
from tasks.cli.context import Invocation, invocation
from tasks.cli.main import run
from tasks.core.settings import Settings
from tasks.entries.events import Difference, EntriesRecorded, EntryLine, NumbersIssued, NumbersReserved
from tasks.entries.record.entry_record import EntryRecord, concat, to_bytes
from tasks.entries.record.record_cache import RecordCache, entry_table_rows, record_of_entries
from tasks.reconciliation.receiving.summary_comparison import summary_differences
from tasks.workspace import Workspace
from tests.benchmarks import made_stored, plain_compare
from tests.benchmarks.compare import as_released
from tests.benchmarks.made_summaries import made_summaries
from tests.benchmarks.summaries import ENVELOPE, PAYMENT
from tests.example_counts import examples

COUNT = 12
RECORD = as_released(made_summaries(COUNT, 40))


def recorded(house: Workspace, parts: list[EntryRecord]) -> None:
    made_stored.write_terms(house.settings.home)
    block = {"series": "entry", "filer": "ABC", "first": 1, "last": COUNT, "offset": 0}
    house.journal.append(NumbersReserved(**block, range_check="x"), "x", "it")
    house.journal.append(NumbersIssued(**block, desk="truck", port="2704"), "x", "it")
    for part in parts:
        lines = [
            EntryLine(number=number, digest="d", entry_type="01", route="se_then_ae",
                            outcome="released", port="2704", importer="x", complete=True)
            for number in part.numbers
        ]  # fmt: skip
        body = EntriesRecorded(content=house.content.put(to_bytes(part)), source="",
                                     file="x.xlsx", desk="truck", entries=lines)  # fmt: skip
        house.journal.append(body, "x", "it")


def answer_of(record: EntryRecord) -> tuple[np.ndarray, list[str], np.ndarray]:
    matrix = np.concatenate([one.matrix for one in write_summaries(record, ENVELOPE, None, PAYMENT)])
    numbers, whole, starts = made_stored.stored(matrix)
    return whole, numbers, starts


def found(house: Workspace, numbers: list[str], whole: np.ndarray, starts: np.ndarray) -> dict:
    ((_, _, data),) = made_stored.answers(numbers, whole, starts)
    (answer,) = read_answers(data)
    assert answer.whole
    theirs, count = plain_compare.differences(house, data)
    assert count == len(numbers)
    (ours,) = summary_differences(house, [answer])
    assert ours == theirs
    return ours


def test_what_went_out_comes_back_without_a_difference(house: Settings) -> None:
    opened = Workspace(house)
    halves = [RECORD.take(RECORD.numbers[:5]), RECORD.take(RECORD.numbers[5:])]
    recorded(opened, halves)
    whole, numbers, starts = answer_of(RECORD)
    assert found(opened, numbers, whole, starts) == {}
    assert made_stored.otherwise(whole, starts, 5) == [0, 5, 10]
    differ = found(opened, numbers, whole, starts)
    assert set(differ) == {numbers[0], numbers[5], numbers[10]}
    assert {(own[0].code, own[0].subject, own[0].field) for own in differ.values()} == {
        ("field-differs", "line 1", "40.country_of_origin_code")
    }


def test_lines_that_one_side_lacks_are_told(house: Settings) -> None:
    opened = Workspace(house)
    recorded(opened, [RECORD])
    short = RECORD.numbers[2]
    lines = RECORD.lines.to_pylist()
    last = max(row["line"] for row in lines if row["entry_number"] == short)
    tables = dict(RECORD.items())
    for name in ("lines", "tariffs", "pga", "parties"):
        rows = getattr(RECORD, name).to_pylist()
        kept = [row for row in rows if (row["entry_number"], row["line"]) != (short, last)]
        tables[name] = pa.Table.from_pylist(kept, schema=getattr(RECORD, name).schema)
    whole, numbers, starts = answer_of(as_released(EntryRecord.of(tables)))
    differ = found(opened, numbers, whole, starts)
    assert set(differ) == {short}
    missing = Difference(code="not-in-ace", field="line", subject=f"line {last}")
    assert missing in differ[short]


@given(st.lists(st.integers(0, COUNT - 1), unique=True), st.integers(1, COUNT))
@settings(max_examples=examples(40))
def test_a_shelf_gives_the_rows_of_any_entries(wanted: list[int], pieces: int) -> None:
    """The same rows as taking them from the whole record, wherever each entry stands."""
    numbers = [RECORD.numbers[n] for n in wanted]
    parts = [RECORD.take(RECORD.numbers[k::pieces]).sorted() for k in range(pieces)]
    shelves = [RecordCache(to_bytes(part)) for part in parts]
    expected = RECORD.take(numbers).sorted()
    for name, table in RECORD.sorted().items():
        rows = [one.rows(name, numbers) for one in shelves]
        joined = concat([EntryRecord.of({name: one}) for one in rows])
        assert getattr(joined, name).equals(getattr(expected, name))
        some = shelves[0].rows(name, numbers, table.column_names[:2])
        assert some.equals(rows[0].select(table.column_names[:2]))


def test_a_record_out_of_its_contents_is_that_which_was_recorded(house: Settings) -> None:
    opened = Workspace(house)
    parts = [RECORD.take(RECORD.numbers[k::3]) for k in range(3)]
    where = {}
    for part in parts:
        digest = opened.content.put(to_bytes(part))
        where |= dict.fromkeys(part.numbers, digest)
    assert record_of_entries(opened.content, where) == RECORD.sorted()
    bills = record_of_entries(opened.content, where, ("bills",))
    assert bills.bills == RECORD.sorted().bills and not bills.numbers
    assert entry_table_rows(opened.content, {}, "lines", ["entry_number"]).num_rows == 0


def test_the_desk_sees_every_field_that_differs(
    house: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = Workspace(house)
    recorded(opened, [RECORD])
    whole, numbers, starts = answer_of(RECORD)
    same, other = tmp_path / "same.abi", tmp_path / "other.abi"
    ((_, _, data),) = made_stored.answers(numbers, whole, starts)
    same.write_bytes(data)
    made_stored.otherwise(whole, starts, COUNT)
    ((_, _, data),) = made_stored.answers(numbers, whole, starts)
    other.write_bytes(data)
    head = opened.journal.head()
    assert command(house, same, capsys) == (0, [])
    code, (row,) = command(house, other, capsys)
    assert code == 1
    assert (row["number"], row["where"], row["field"]) == (numbers[0], "line 1", "40.country_of_origin_code")
    assert (row["ACE"], row["code"]) == ("ZZ", "field-differs")
    (house.home / "payment.csv").unlink()
    code, rows = command(house, same, capsys)
    assert code == 0
    assert {(row["field"], row["code"]) for row in rows} == {("10.payment_type_code", "not-on-paper")}
    assert opened.journal.head() == head


def command(house: Settings, path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, str]]]:
    invocation.__dict__.clear()
    invocation.__dict__.update(Invocation().__dict__)
    words = ["ace", "compare", str(path), "--json", "--home", str(house.home), "--by", "it"]
    with pytest.raises(SystemExit) as end:
        run(words)
    return int(end.value.code or 0), json.loads(capsys.readouterr().out)
