"""The codec: columns in, columns out, the same again; and each class with its faults."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from tasks.ace.wire.codec import decode_records, encode_records
from tasks.ace.wire.data_classes import KINDS, class_faults
from tasks.ace.wire.record_files import read_records, write_records
from tasks.ace.wire.record_layouts import APPLICATIONS, LayoutField, RecordLayout, record_layout, record_layouts
from tasks.core.errors import BadInput
from tests.errors import refused
from tests.example_counts import examples

ALL = [one for application in APPLICATIONS for one in record_layouts(application).values()]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "0123456789"
SIGNS = "!@#$%^&*()-_=+[{]}\\|;:'\",<.>/?`~"
DAYS = st.dates(dt.date(1970, 1, 1), dt.date(2069, 12, 31)).map(lambda day: f"{day:%m%d%y}")


def values(field: LayoutField) -> st.SearchStrategy[str | None]:
    """Legal values of a field as `decode` gives them."""
    absent = st.none() if not field.required else st.nothing()
    width = field.length
    if field.is_date:
        return DAYS | absent
    if field.cls == "N":
        return st.text(DIGITS, min_size=width, max_size=width) | absent
    if field.cls == "SN":
        return st.text(DIGITS, min_size=1, max_size=width) | absent
    if field.cls == "A":
        return st.text(LETTERS, min_size=1, max_size=width) | absent
    signs = SIGNS if field.cls == "X" else ""
    edge, inside = LETTERS + DIGITS + signs, LETTERS + DIGITS + signs + " "
    text = st.builds(
        lambda first, rest: (first + rest).strip(), st.sampled_from(edge), st.text(inside, max_size=width - 1)
    )
    return text | absent


def tables(one: RecordLayout) -> st.SearchStrategy[pa.Table]:
    row = st.fixed_dictionaries({field.name: values(field) for field in one.data_fields})
    schema = pa.schema([(field.name, pa.string()) for field in one.data_fields])
    return st.lists(row, min_size=1, max_size=4).map(lambda rows: pa.Table.from_pylist(rows, schema=schema))


def legal(data: st.DataObject) -> tuple[RecordLayout, pa.Table]:
    one = data.draw(st.sampled_from([one for one in ALL if one.data_fields]), label="layout")
    return one, data.draw(tables(one), label="table")


@settings(max_examples=examples(150))
@given(st.data())
def test_decoding_undoes_encoding_for_any_legal_table(data: st.DataObject) -> None:
    one, table = legal(data)
    assert_identity(one, table)


@pytest.mark.long
@settings(max_examples=1500)
@given(st.data())
def test_decoding_undoes_encoding_for_any_legal_table_in_full(data: st.DataObject) -> None:
    one, table = legal(data)
    assert_identity(one, table)


def assert_identity(one: RecordLayout, table: pa.Table) -> None:
    matrix = encode_records(one, table)
    assert matrix.shape == (table.num_rows, 80)
    assert decode_records(one, matrix).equals(table)
    assert np.array_equal(encode_records(one, decode_records(one, matrix)), matrix)
    coded = {name: table[name].combine_chunks().dictionary_encode() for name in table.column_names}
    assert np.array_equal(encode_records(one, coded), matrix)
    assert len(class_faults(one, matrix)) == 0
    assert np.array_equal(read_records(write_records(matrix)), matrix)
    assert np.array_equal(read_records(write_records(matrix, line_ends=True)), matrix)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.title)
def test_every_layout_takes_its_shortest_and_its_fullest_record(one: RecordLayout) -> None:
    fill = {"A": "A", "AN": "Z", "X": "Z", "N": "9", "SN": "9"}
    full = {
        field.name: pa.array(["022928" if field.is_date else fill[field.cls] * field.length])
        for field in one.data_fields
    }
    least = {name: full[name] for name in full if one[name].required}
    for columns in (full, least):
        if columns:
            matrix = encode_records(one, columns)
            assert len(class_faults(one, matrix)) == 0
            got = decode_records(one, matrix).to_pylist()[0]
            assert {key: value for key, value in got.items() if value is not None} == {
                name: column[0].as_py() for name, column in columns.items()
            }


def test_numbers_dates_and_amounts_take_their_own_types() -> None:
    columns = {
        "carrier_code": pa.array(["MAEU", "CX"]),
        "voyage": pa.array(["V12", "7"]),
        "date_of_arrival": pa.array([dt.date(2026, 2, 28), dt.date(1999, 12, 31)]),
        "quantity": pa.array([5, 12345678]),
    }
    matrix = encode_records(record_layout("SE", "SE16"), columns)
    assert write_records(matrix, line_ends=True).decode().splitlines() == [
        "SE16MAEUV12  02282600000005".ljust(80),
        "SE16CX  7    12319912345678".ljust(80),
    ]
    typed = decode_records(record_layout("SE", "SE16"), matrix, typed=True)
    assert typed["date_of_arrival"].to_pylist() == columns["date_of_arrival"].to_pylist()
    assert typed["quantity"].to_pylist() == [5, 12345678]
    assert typed["conveyance_name"].to_pylist() == [None, None]


def test_amounts_lose_their_point_and_keep_their_blanks() -> None:
    columns = {
        "hts_number": pa.array(["7318152065"]),
        "duty_amount": pa.array([Decimal("12.34")], pa.decimal128(14, 2)),
        "value_of_goods_amount": pa.array([0]),
        "unit_of_measure_code_1": pa.array(["KG"]),
    }
    record = write_records(encode_records(record_layout("AE", "50"), columns)).decode()
    assert record[13:23] == "      1234"
    assert record[24:34] == "         0"
    assert record[35:47] == " " * 12


def test_eight_columns_of_a_date_carry_the_century() -> None:
    columns = {"lpco_number_or_name": pa.array(["X1"]), "lpco_date": pa.array([dt.date(2026, 3, 4)])}
    record = write_records(encode_records(record_layout("PGA", "PG14"), columns)).decode()
    assert record[42:50] == "03042026"


def test_an_unused_number_is_blank_never_zero() -> None:
    columns = {"bill_type": pa.array(["R"]), "bill_number": pa.array(["B1"])}
    columns |= {"non_ams": pa.array(["N"]), "quantity": pa.array([None], pa.int64())}
    assert write_records(encode_records(record_layout("SE", "SE15"), columns)).decode()[59:67] == " " * 8


@pytest.mark.parametrize(
    ("record", "name", "value", "code"),
    [
        ("SE10", "entry_type", "011", "value-too-long"),
        ("SE10", "entry_filer_code", "B-6", "value-characters-invalid"),
        ("SE10", "action_code", "1", "value-characters-invalid"),
        ("SE10", "entered_value", "1 2", "value-characters-invalid"),
        ("SE10", "entered_value", -5, "value-negative"),
        ("SE10", "entered_value", 10**10, "value-too-long"),
        ("SE10", "entered_value", None, "required-value-missing"),
        ("SE10", "entry_type", "", "required-value-missing"),
        ("SE16", "date_of_arrival", "023026", "date-not-in-calendar"),
        ("SE16", "date_of_arrival", dt.date(2070, 1, 1), "year-out-of-range"),
        ("SE30", "entity_name", "nicsan", "value-characters-invalid"),
        ("SE30", "entity_name", "NICSÁN", "value-characters-invalid"),
    ],
)
def test_a_value_that_does_not_fit_is_named(record: str, name: str, value: object, code: str) -> None:
    good = {
        "SE10": {
            "action_code": "A", "entry_filer_code": "B76", "entry_number": "03245278",
            "entry_type": "01", "bond_type_code": "8", "entered_value": 5,
        },
        "SE16": {
            "carrier_code": "MAEU", "voyage": "1", "quantity": 5,
            "date_of_arrival": dt.date(2026, 1, 1),
        },
        "SE30": {"entity_code": "MF", "entity_name": "X"},
    }[record]  # fmt: skip
    columns = {key: pa.array([item, item]) for key, item in good.items()}
    held = [good[name], value] if type(value) is type(good[name]) else [value, value]
    columns[name] = pa.array(held, None if value is not None else pa.int64())
    with pytest.raises(BadInput) as refusal:
        encode_records(record_layout("SE", record), columns)
    last = refusal.value.problems[-1]
    assert (last.column, last.row, last.code) == (name, 2, code)


def test_every_fault_is_told_at_once() -> None:
    columns = {"city": pa.array(["A", "b", None]), "country_code": pa.array(["USA", "U1", "US"])}
    with pytest.raises(BadInput) as refusal:
        encode_records(record_layout("SE", "SE36"), columns)
    told = [(problem.row, problem.column) for problem in refusal.value.problems]
    assert told == [(1, "country_code"), (2, "city"), (2, "country_code"), (3, "city")]


def test_a_mandatory_column_that_is_not_given_is_named() -> None:
    with refused("values-not-encodable", BadInput) as caught:
        encode_records(record_layout("SE", "SE36"), {"city": pa.array(["A"])})
    assert [(one.column, one.code) for one in caught.problems] == [("country_code", "required-field-blank")]


def test_unknown_columns_and_unequal_columns_are_mistakes_of_the_caller() -> None:
    with pytest.raises(KeyError, match="no field town"):
        encode_records(record_layout("SE", "SE36"), {"town": pa.array(["A"])})
    with pytest.raises(ValueError, match="different length"):
        columns = {"city": pa.array(["A"]), "country_code": pa.array(["US", "US"])}
        encode_records(record_layout("SE", "SE36"), columns)
    with pytest.raises(TypeError, match="double"):
        encode_records(record_layout("SE", "SE36"), {"city": pa.array([1.5])})


@pytest.mark.parametrize(
    ("record", "column", "text", "field", "kind"),
    [
        ("SE10", 61, "X", "filler_3", "X39"),
        ("SE10", 9, "1", "filler", "X39"),
        ("SE30", 8, "\x00", "entity_name", "X40"),
        ("SE30", 8, "\r", "entity_name", "X40"),
        ("SE30", 8, "\xa2", "entity_name", "X40"),
        ("SE30", 8, "a", "entity_name", "class"),
        ("SE10", 40, "12  345678", "entered_value", "class"),
        ("SE10", 40, "     00005", "entered_value", "class"),
        ("SE10", 40, "          ", "entered_value", "blank"),
        ("SE10", 5, "7", "action_code", "class"),
        ("SE30", 5, "M F", "entity_code", "class"),
        ("SE16", 14, "130126", "date_of_arrival", "date"),
        ("SE16", 14, "022927", "date_of_arrival", "date"),
        ("SE10", 1, "SE1X", "control_identifier", "constant"),
    ],
)
def test_each_kind_of_fault_is_found_at_its_field(record: str, column: int, text: str, field: str, kind: str) -> None:
    records = {
        "SE10": "SE10AB76  03245278 01                 80000000005",
        "SE16": "SE16MAEU1    11052600000012",
        "SE30": "SE30MF NICSAN",
    }
    whole = [records[record].ljust(80)] * 3
    whole[1] = whole[1][: column - 1] + text + whole[1][column - 1 + len(text) :]
    matrix = np.frombuffer("".join(whole).encode("latin-1"), dtype=np.uint8).reshape(3, 80)
    one = record_layout("SE", record)
    faults = class_faults(one, matrix)
    found = [
        (int(row), one.fields[index].name, KINDS[code])
        for row, index, code in zip(faults.row, faults.field, faults.kind, strict=True)
    ]
    assert found == [(1, field, kind)]


def test_leading_blanks_of_an_amount_are_no_fault_but_inner_ones_are() -> None:
    one = record_layout("AE", "62")
    good = np.frombuffer(b"62499     123".ljust(80), dtype=np.uint8).reshape(1, 80)
    assert len(class_faults(one, good)) == 0
    assert decode_records(one, good)["user_fee_amount"].to_pylist() == ["123"]
    bad = np.frombuffer(b"6249912   345".ljust(80), dtype=np.uint8).reshape(1, 80)
    assert [KINDS[kind] for kind in class_faults(one, bad).kind] == ["class"]


def test_typed_decoding_never_invents_a_value() -> None:
    line = b"SE16MAEU1    99992600000A12".ljust(80)
    typed = decode_records(record_layout("SE", "SE16"), read_records(line), typed=True).to_pylist()[0]
    assert typed["date_of_arrival"] is None and typed["quantity"] is None


RECORD = b"SE40001TW STEEL"


@pytest.mark.parametrize(
    "stored",
    [
        RECORD.ljust(80) * 3,
        RECORD.ljust(80) * 3 + b"\n",
        b"\n".join([RECORD.ljust(80)] * 3),
        b"\r\n".join([RECORD.ljust(80)] * 3) + b"\r\n",
        b"\n".join([RECORD] * 3) + b"\n",
        b"\r\n".join([RECORD] * 3) + b"\x1a",
        b"\r".join([RECORD] * 3),
    ],
)
def test_a_file_is_read_however_its_records_end(stored: bytes) -> None:
    assert bytes(read_records(stored).tobytes()) == RECORD.ljust(80) * 3


def test_a_short_last_record_is_x42() -> None:
    with pytest.raises(BadInput) as refusal:
        read_records(RECORD.ljust(80) + RECORD, "f.abi")
    problem = refusal.value.problems[0]
    assert (problem.code, problem.row, problem.file) == ("X42", 2, "f.abi")


def test_a_stray_line_end_stays_in_its_record() -> None:
    broken = bytearray(RECORD.ljust(80) * 5)
    broken[130] = 13
    assert read_records(bytes(broken))[1, 50] == 13


@pytest.mark.parametrize("stored", [b"", b"\r\n", b"   \n", b"A" * 81 + b"\nB"])
def test_what_holds_no_records_is_refused(stored: bytes) -> None:
    with pytest.raises(BadInput):
        read_records(stored)
