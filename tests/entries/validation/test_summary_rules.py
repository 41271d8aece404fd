from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pyarrow as pa
from hypothesis import given, settings

from tasks.entries.record.entry_record import EntryRecord, concat
from tasks.entries.validation.rule_list import release_problems
from tasks.entries.validation.summary_rules import summary_gaps
from tests.entries import legal, one
from tests.example_counts import examples

DAY = date(2026, 11, 20)


def gaps(record: EntryRecord) -> set[tuple[str, int]]:
    table = summary_gaps(record)
    return set(zip(table["field"].to_pylist(), table["line"].to_pylist(), strict=True))


def test_what_a_bare_entry_lacks() -> None:
    assert gaps(one.record(one.rows())) == {
        ("state_of_destination", 0),
        ("surety_code", 0),
        ("foreign_port", 0),
        ("import_date", 0),
        ("export_date", 0),
        ("country_of_export", 1),
        ("gross_weight", 1),
        ("charges", 1),
        ("related_party", 1),
        ("manufacturer_id", 1),
        ("sold_to", 1),
        ("duty", 1),
        ("quantity", 1),
        ("unit", 1),
    }


def whole() -> one.Rows:
    made = one.rows()
    made["entries"][0] |= {
        "state_of_destination": "TX",
        "surety_code": "036",
        "foreign_port": "57035",
        "import_date": DAY,
        "export_date": DAY,
    }
    made["lines"][0] |= {
        "country_of_export": "TW",
        "gross_weight": 100,
        "charges": 0,
        "related_party": False,
        "manufacturer_id": "TWNICSAN435TAI",
        "sold_to": "12-3456789",
    }
    made["tariffs"][0] |= {"quantity": 5, "unit": "NO", "duty": Decimal("12.50")}
    return made


def test_a_whole_entry_lacks_nothing() -> None:
    assert gaps(one.record(whole())) == set()


def test_entry_types_ask_for_different_things() -> None:
    def asked(kind: str) -> set[str]:
        return {name for name, _ in gaps(one.record(one.rows(kind)))}

    assert "manufacturer_id" not in asked("11") and "manufacturer_id" in asked("01")
    assert "export_date" not in asked("06") and "country_of_export" not in asked("06")
    assert "import_date" not in asked("22") and "import_date" in asked("21")
    assert "ad_case" in asked("03") and "ad_case" not in asked("01")
    made = one.rows("31")
    made["entries"][0]["warehouse_entry"] = None
    assert "warehouse_entry" in {name for name, _ in gaps(one.record(made))}


def test_a_privileged_zone_line_is_asked_for_the_day_of_its_status() -> None:
    made = one.rows("06")
    assert "privileged_date" not in {name for name, _ in gaps(one.record(made))}
    made["lines"][0]["zone_status"] = "P"
    assert ("privileged_date", 1) in gaps(one.record(made))


def test_the_consignee_is_asked_for_once() -> None:
    made = whole()
    made["parties"] = [row for row in made["parties"] if row["party"] != "CN"]
    assert gaps(one.record(made)) == {("consignee_number", 0)}
    made["entries"][0]["consignee_number"] = "12-3456789"
    assert gaps(one.record(made)) == set()


def test_nothing_is_asked_where_nothing_is_filed() -> None:
    made = one.rows()
    for outcome in ("refused", "exported", "cleared otherwise"):
        made["entries"][0]["paper_outcome"] = outcome
        assert gaps(one.record(made)) == set()
    made["entries"][0] |= {"paper_outcome": None, "filing_route": "none"}
    assert gaps(one.record(made)) == set()


def test_a_chapter_99_number_needs_no_unit() -> None:
    made = whole()
    made["tariffs"][0]["position"] = 2
    first = {"entry_number": one.NUMBER, "line": 1, "position": 1, "hts_number": "99038801"}
    made["tariffs"].append(first)
    assert gaps(one.record(made)) == set()


def test_the_clock_runs_from_the_paper_release() -> None:
    made = one.rows()
    made["entries"][0] |= {"paper_outcome": "released", "release_date": DAY}
    table = summary_gaps(one.record(made))
    assert set(table["due_from"].to_pylist()) == {DAY}
    assert set(table["importer_name"].to_pylist()) == {"Acme Tools, Inc."}
    made["entries"][0] |= {"paper_outcome": "exam", "release_date": None}
    assert set(summary_gaps(one.record(made))["due_from"].to_pylist()) == {None}


def test_gaps_come_by_importer() -> None:
    record = legal.record(Random(4), legal.numbers(20))
    names = summary_gaps(record)["importer_name"].to_pylist()
    assert names == sorted(names)


@given(legal.records())
@settings(deadline=None, max_examples=examples(30))
def test_gaps_never_stand_in_the_way_of_recording(record: EntryRecord) -> None:
    """What only the summary needs can be taken away without a problem at recording."""
    bare = {}
    for name, table in record.items():
        for place, column in enumerate(table.column_names):
            if column in ("gross_weight", "manufacturer_id", "quantity", "unit") and name in ("lines", "tariffs"):
                kind = table.schema.field(column).type
                table = table.set_column(place, column, pa.nulls(table.num_rows, kind))
        bare[name] = table
    assert release_problems(EntryRecord.of(bare), legal.PROFILE) == []


def test_many_records_have_the_gaps_of_each() -> None:
    first = legal.record(Random(1), legal.numbers(5))
    second = legal.record(Random(2), legal.numbers(5, first=7000))
    both = summary_gaps(concat([first, second])).num_rows
    assert both == summary_gaps(first).num_rows + summary_gaps(second).num_rows
