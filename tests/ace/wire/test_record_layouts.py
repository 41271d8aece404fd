"""The layouts as data: each tiles a record, names are unique, misprints are mended."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from tasks.ace.wire.record_layouts import (
    APPLICATIONS,
    CLASSES,
    RECORD_WIDTH,
    RecordLayout,
    record_layout,
    record_layouts,
    source,
)

ALL = [one for application in APPLICATIONS for one in record_layouts(application).values()]


def test_all_239_layouts_are_there() -> None:
    assert len(ALL) == 239
    assert {one.application for one in ALL} == set(APPLICATIONS)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.title)
def test_a_layout_tiles_columns_1_to_80_with_unique_names(one: RecordLayout) -> None:
    column = 1
    for field in one.fields:
        assert field.start == column, field.name
        column = field.end + 1
    assert column == RECORD_WIDTH + 1
    assert len(one.by_name) == len(one.fields)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.title)
def test_a_layout_carries_facts_only(one: RecordLayout) -> None:
    for field in one.fields:
        assert field.cls in CLASSES
        assert field.designation in ("M", "C", "O")
        assert field.name.isidentifier() or field.name[0].isdigit()
        assert field.name == field.name.lower()
        assert len(field.constant) in (0, field.length)
    assert one.source == source(one.application)
    assert one.fields[0].constant


def test_records_of_one_application_are_told_apart_by_their_head() -> None:
    for application in APPLICATIONS:
        if application == "BB":
            continue
        heads = [(one.prefix, one.variant) for one in record_layouts(application).values()]
        assert len(set(heads)) == len(heads), application


def test_constants_are_what_stands_in_the_data() -> None:
    assert record_layout("SE", "SE10").prefix == b"SE10"
    assert record_layout("PGA", "PG01").prefix == b"PG01"
    assert record_layout("CQ", "WR1", "input").prefix == b"WR1"
    assert record_layout("KI", "K3").prefix == b"K3"
    assert record_layout("CB", "CB10").prefix == b"10"
    assert record_layout("UC", "E1").prefix == b"E1"
    assert record_layout("AE", "54", "07").prefix == b"5407"
    assert record_layout("BB", "X0", "output")["reference_id_constant"].constant == "REF ID:"


def test_positions_that_differ_between_applications() -> None:
    """CATAIR traps: the same datum stands elsewhere in each message (catair A8.1-8.3)."""
    place = {
        ("AE", "10", ""): (4, 9),
        ("SE", "SE10", ""): (6, 11),
        ("AE", "E1", ""): (51, 56),
        ("SO", "SO10", ""): (9, 14),
        ("EQ", "JB", ""): (3, 8),
        ("CQ", "WR1", "input"): (8, 11),
        ("CW", "CW01", ""): (5, 10),
    }
    for key, (filer, number) in place.items():
        one = record_layout(*key)
        assert (one["entry_filer_code"].start, one["entry_number"].start) == (filer, number), key
    assert record_layout("SE", "SE13")["dis_indicator"].start == 63
    assert record_layout("AE", "SE13")["dis_indicator"].start == 60
    assert record_layout("SE", "SE31")["gbi_identifier"].length == 20
    assert record_layout("AE", "SE31")["identifier"].length == 35


def test_the_number_in_a_status_query_is_right_justified() -> None:
    field = record_layout("CQ", "WR1", "input")["entry_number"]
    assert (field.length, field.right) == (9, True)
    assert not record_layout("SE", "SE10")["entry_number"].right


def test_esar_forms_have_filler_where_the_manifest_has_a_password() -> None:
    assert record_layout("BB", "Z", "input")["filler"].span == slice(8, 14)
    assert record_layout("BB", "A", "output")["filler"].span == slice(8, 14)
    assert record_layout("BB", "A", "input")["password"].span == slice(8, 14)


def test_misprints_are_mended_and_said_so() -> None:
    text = (files("continuity_data") / "catair" / "corrections.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        assert row["field"] in record_layout(row["application"], row["record"], row["variant"]).by_name
    assert record_layout("KI", "K1")["bond_number"].end == 79
    assert record_layout("CQ", "WO60", "output")["document_type"].end == 70
    assert record_layout("SE", "SE13")["reason_code"].cls == "AN"


def test_an_unknown_record_is_refused() -> None:
    with pytest.raises(KeyError):
        record_layout("SE", "SE99")
    with pytest.raises(KeyError):
        record_layouts("ZZ")
