from __future__ import annotations

import io
import tarfile
from random import Random

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from tasks.core.errors import BadInput
from tasks.entries.record import entry_record
from tasks.entries.record.entry_record import EntryRecord, digests, record_schema
from tasks.entries.record.record_fields import RECORD_TABLES
from tests.entries import legal
from tests.example_counts import examples


def shuffled(one: EntryRecord, chance: Random) -> EntryRecord:
    """The same rows in another order and cut into other chunks."""
    tables = {}
    for name, table in one.items():
        order = list(range(table.num_rows))
        chance.shuffle(order)
        mixed = table.take(pa.array(order, pa.int64()))
        cut = chance.randint(0, mixed.num_rows)
        tables[name] = pa.concat_tables([mixed.slice(0, cut), mixed.slice(cut)])
    return EntryRecord.of(tables)


def test_types_are_the_contract() -> None:
    kinds = {f.name: f.type for f in record_schema("tariffs")}
    assert kinds["hts_number"] == pa.string() and kinds["quantity"] == pa.decimal128(14, 2)
    assert record_schema("entries").field("arrival_date").type == pa.date32()
    assert record_schema("entries").field("perishable").type == pa.bool_()
    assert RECORD_TABLES[0] == "entries" and len(RECORD_TABLES) == 10


@given(legal.records(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=examples(40))
def test_equal_content_has_equal_bytes(one: EntryRecord, chance: Random) -> None:
    data = entry_record.to_bytes(one)
    assert entry_record.to_bytes(shuffled(one, chance)) == data
    back = entry_record.from_bytes(data)
    assert dict(back.items()) == dict(one.items())
    assert digests(back) == digests(shuffled(one, chance))


@given(legal.records(most=5), st.data())
@settings(deadline=None, max_examples=examples(40))
def test_take_and_concat_undo_each_other(one: EntryRecord, data: st.DataObject) -> None:
    some = data.draw(st.sets(st.sampled_from(one.numbers)))
    rest = set(one.numbers) - some
    joined = entry_record.concat([one.take(rest), one.take(some)])
    assert dict(joined.items()) == dict(one.items())
    assert digests(joined) == digests(one.take(some)) | digests(one.take(rest))


def test_a_changed_cell_changes_the_digest_of_its_entry_alone() -> None:
    one = legal.record(Random(3), legal.numbers(3))
    first, second, _ = one.numbers
    for table in ("entries", "lines", "tariffs"):
        rows = getattr(one, table).to_pylist()
        place = next(n for n, row in enumerate(rows) if row["entry_number"] == first)
        name = {"entries": "remarks", "lines": "description", "tariffs": "unit"}[table]
        rows[place][name] = None if rows[place][name] else "X"
        changed = pa.Table.from_pylist(rows, record_schema(table))
        after = digests(EntryRecord.of(dict(one.items()) | {table: changed}))
        assert after[first] != digests(one)[first]
        assert after[second] == digests(one)[second]


def test_null_and_empty_text_differ() -> None:
    row = {"entry_number": "ABC-1234567-6"}
    absent = legal.of_rows({"entries": [row]})
    empty = legal.of_rows({"entries": [row | {"remarks": ""}]})
    assert digests(absent) != digests(empty)


def test_bills_stand_in_the_order_of_se15() -> None:
    key = {"entry_number": "ABC-1234567-6", "bill_group": 1, "bill_number": "1"}
    bills = [key | {"bill_type": kind} for kind in "HIM"]
    assert legal.of_rows({"bills": bills}).bills["bill_type"].to_pylist() == ["I", "M", "H"]


def test_children_are_sorted_by_their_keys() -> None:
    key = {"entry_number": "ABC-1234567-6"}
    lines = [key | {"line": n} for n in (10, 2, 1)]
    assert legal.of_rows({"lines": lines}).lines["line"].to_pylist() == [1, 2, 10]


def test_one_table_can_be_read_alone() -> None:
    one = legal.record(Random(1), legal.numbers(5))
    assert entry_record.read_table(entry_record.to_bytes(one), "parties") == one.parties


def test_the_blob_is_a_tar_that_other_tools_read() -> None:
    with tarfile.open(fileobj=io.BytesIO(entry_record.to_bytes(EntryRecord.empty()))) as tar:
        assert tar.getnames() == [f"{table}.parquet" for table in RECORD_TABLES]


@pytest.mark.parametrize("data", [b"", b"hello", bytes(2048)])
def test_bytes_that_are_no_record(data: bytes) -> None:
    with pytest.raises(BadInput):
        entry_record.from_bytes(data)


def test_a_cut_blob_is_refused() -> None:
    data = entry_record.to_bytes(legal.record(Random(1), legal.numbers(2)))
    for end in (600, len(data) // 2):
        with pytest.raises(BadInput):
            entry_record.from_bytes(data[:end])


def test_a_table_of_another_kind_is_refused() -> None:
    lines = record_schema("lines").empty_table()
    for odd in (
        lines.drop_columns(["line"]),
        lines.append_column("more", pa.array([], pa.int64())),
        lines.set_column(1, "line", pa.array([], pa.string())),
        lines.select(lines.column_names[::-1]),
    ):
        with pytest.raises(BadInput) as caught:
            EntryRecord.of({"lines": odd})
        assert caught.value.problems


def test_nothing_at_all() -> None:
    assert entry_record.concat([]).numbers == EntryRecord.empty().numbers == []
    assert EntryRecord.empty().take(["ABC-1234567-6"]).numbers == []
    assert digests(EntryRecord.empty()) == {}
