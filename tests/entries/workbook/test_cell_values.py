from __future__ import annotations

import pickle
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from tasks.entries.record import record_fields
from tasks.entries.record.record_fields import RECORD_TABLES, field_named, fields_of
from tasks.entries.workbook import cell_values
from tasks.entries.workbook.cell_values import Cell, CellFault
from tests.errors import refused


def convert(place: str, cell: Cell) -> cell_values.Value:
    return cell_values.convert(field_named(*place.split(".")), cell)


@pytest.mark.parametrize(
    ("place", "cell", "value"),
    [
        ("entries.entry_type", "01 - consumption, free and dutiable", "01"),
        ("entries.entry_type", " 01 ", "01"),
        ("entries.entry_type", 11.0, "11"),
        ("entries.filing_route", "SE_then_AE - cargo release first", "se_then_ae"),
        ("entries.paper_outcome", "Not Presented", "not presented"),
        ("entries.port_of_entry", 2704.0, "2704"),
        ("entries.bond_type", 8.0, "8"),
        ("entries.contact_name", "Dana  Whitfield", "DANA WHITFIELD"),
        ("entries.contact_phone", "(956) 555-0142", "9565550142"),
        ("entries.contact_phone", 9565550142.0, "9565550142"),
        ("entries.importer_name", "Móveis\u00a0 do\nSul", "Móveis do Sul"),
        ("entries.driver_birth_date", date(1980, 2, 29), "1980-02-29"),
        ("entries.driver_birth_date", datetime(1980, 2, 29), "1980-02-29"),
        ("entries.release_time", time(14, 5), "14:05"),
        ("entries.release_time", "14:05", "14:05"),
        ("entries.entered_value", 9000.0, 9000),
        ("entries.entered_value", "9000", 9000),
        ("entries.arrival_date", date(2026, 11, 24), date(2026, 11, 24)),
        ("entries.arrival_date", datetime(2026, 11, 24), date(2026, 11, 24)),
        ("entries.arrival_date", "2026-11-24", date(2026, 11, 24)),
        ("entries.perishable", "y", True),
        ("entries.perishable", "N - no", False),
        ("entries.perishable", True, True),
        ("tariffs.hts_number", "8471.30.0100", "8471300100"),
        ("tariffs.hts_number", 8471300100.0, "8471300100"),
        ("tariffs.quantity", 12.5, Decimal("12.50")),
        ("tariffs.quantity", "12.5", Decimal("12.50")),
        ("tariffs.quantity", 0.1 + 0.2 - 0.3 + 3, Decimal("3.00")),
        ("lines.description", "Café", "Café"),  # the rules tell what is wrong with it
        ("lines.description", "steel tools", "STEEL TOOLS"),
        ("lines.description", 12.0, "12"),
        ("bills.bill_number", "maeu-1", "maeu-1"),
        ("entries.remarks", "  ", None),
        ("entries.remarks", "", None),
        ("entries.entered_value", None, None),
    ],
)
def test_what_is_taken(place: str, cell: Cell, value: cell_values.Value) -> None:
    assert convert(place, cell) == value


@pytest.mark.parametrize(
    ("place", "cell", "code", "right"),
    [
        ("entries.entry_type", 1.0, "cell-zeros-lost", "01"),
        ("entries.port_of_entry", 401.0, "cell-zeros-lost", "0401"),
        ("entries.surety_code", 36.0, "cell-zeros-lost", "036"),
        ("tariffs.hts_number", 306170003.0, "cell-zeros-lost", "0306170003"),
        ("bills.bill_number", 12345.0, "cell-number-for-text", "12345"),
        ("entries.voyage", 12.0, "cell-number-for-text", "12"),
        ("parties.postal_code", 2134.0, "cell-number-for-text", "2134"),
        ("bills.bill_number", 1.2e17, "cell-number-not-exact", None),
        ("entries.carrier_name", 1.5, "cell-decimals-for-text", "text"),
        ("entries.carrier_name", True, "cell-flag-for-text", "text"),
        ("entries.carrier_name", date(2026, 11, 24), "cell-date-for-text", "text"),
        ("entries.release_time", timedelta(hours=26), "cell-date-for-text", "24-hour clock, like 14:05"),
        ("entries.entered_value", "9,000", "cell-number-with-signs", "9000"),
        ("entries.entered_value", "$9 000", "cell-number-with-signs", "9000"),
        ("entries.entered_value", "nine", "cell-not-whole-number", None),
        ("entries.entered_value", 12.5, "cell-number-with-decimals", "13"),
        ("entries.entered_value", 1e16, "cell-number-too-big", 10),
        ("entries.entered_value", True, "cell-not-whole-number", None),
        ("entries.entered_value", date(2026, 11, 24), "cell-not-whole-number", None),
        ("tariffs.quantity", 12.345, "cell-too-many-decimals", "12.35"),
        ("tariffs.quantity", "1,5", "cell-not-a-number", None),
        ("tariffs.quantity", float("inf"), "cell-decimal-too-big", 10),
        ("tariffs.quantity", 1e300, "cell-decimal-too-big", 10),
        ("entries.arrival_date", "03/04/2026", "cell-text-for-date", None),
        ("entries.arrival_date", "24 Nov 2026", "cell-text-for-date", None),
        ("entries.arrival_date", "2026-02-30", "cell-day-not-in-calendar", None),
        ("entries.arrival_date", 46350.0, "cell-number-for-date", "2026-11-24"),
        ("entries.arrival_date", 5.0, "cell-not-a-date", None),
        ("entries.arrival_date", datetime(2026, 11, 24, 14, 5), "cell-date-with-hour", "2026-11-24"),
        ("entries.perishable", "perhaps", "cell-not-yes-or-no", None),
        ("entries.perishable", 1.0, "cell-not-yes-or-no", None),
    ],
)
def test_what_is_refused_with_what_is_right(place: str, cell: Cell, code: str, right: object) -> None:
    with refused("cell-not-readable", CellFault) as caught:
        convert(place, cell)
    assert caught.codes == [code] and caught.problems[0].right
    assert list(caught.problems[0].values.values()) == ([] if right is None else [right])


def test_a_fault_keeps_its_facts_on_the_way_between_processes() -> None:
    with refused("cell-not-readable", CellFault) as caught:
        convert("tariffs.quantity", 12.345)
    copy = pickle.loads(pickle.dumps(caught.error))
    assert isinstance(copy, CellFault) and copy.problem == caught.problems[0]


any_cell = st.one_of(
    st.text(max_size=30),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.none(),
)
any_field = st.sampled_from([f for table in RECORD_TABLES for f in fields_of(table)])


@given(any_field, any_cell)
def test_any_cell_gives_a_value_or_a_fault(field: record_fields.RecordField, cell: Cell) -> None:
    kinds = {"text": str, "integer": int, "decimal": Decimal, "date": date, "flag": bool}
    try:
        value = cell_values.convert(field, cell)
    except CellFault as fault:
        assert str(fault) and fault.problem.right
    else:
        assert value is None or type(value) is kinds[field.type]
        assert value != ""


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (" abc12345676", "ABC-1234567-6"),
        ("ABC-1234567-9", "ABC-1234567-9"),  # some factor may make it right: the rules decide
        ("ABC-123456-7", "ABC-123456-7"),
        ("", ""),
    ],
)
def test_numbers_get_their_printed_form(text: str, printed: str) -> None:
    assert cell_values.entry_number(text) == printed
