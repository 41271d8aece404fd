from __future__ import annotations

import re

import pytest

from tasks.entries.record import record_fields
from tasks.entries.record.code_lists import code_meanings, code_rows, codes_where, offered_codes
from tasks.entries.record.record_fields import RECORD_TABLES, field_named, fields_of, key_names
from tasks.entries.validation.form_rules import ID_FORMS, plain
from tasks.entries.workbook import workbook_layout

FIELDS = [f for table in RECORD_TABLES for f in fields_of(table)]
LISTS = sorted({f.codes for f in FIELDS if f.codes} | {"entry_type", "port", "country"})


def test_every_table_begins_with_the_entry_number() -> None:
    for table in RECORD_TABLES:
        assert fields_of(table)[0].name == "entry_number"
        assert key_names(table)[0] == "entry_number"
        titles = [f.title.lower() for f in fields_of(table)]
        names = [f.name for f in fields_of(table)]
        assert len({*titles}) == len(titles) and len({*names}) == len(names)


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f"{f.table}.{f.name}")
def test_a_field_is_whole(field: record_fields.RecordField) -> None:
    assert field.type in record_fields.TYPES
    assert field.level in workbook_layout.TINTS
    assert field.fold in ("", "upper", "digits", "tariff")
    assert bool(field.form) == bool(field.example)
    if field.type in ("text", "integer", "decimal"):
        assert field.width > 0
    if field.codes:
        assert max(map(len, code_meanings(field.codes))) <= field.width
    if field.form:
        re.compile(field.form)
    assert len(workbook_layout.note(field)) < 800
    rule = workbook_layout.validation(field, 10) or {}
    assert len(rule.get("error_message", "")) <= 255 and len(field.title) <= 32


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(KeyError):
        field_named("entries", "nonsense")
    with pytest.raises(KeyError):
        fields_of("nonsense")


@pytest.mark.parametrize("name", LISTS)
def test_a_code_list_is_whole(name: str) -> None:
    rows = code_rows(name)
    assert len(rows) == len(code_meanings(name)) > 0
    for row in rows:
        assert row["code"].strip() == row["code"] and row["meaning"], row
        assert " - " not in row["code"]
    for item in workbook_layout.list_items(name):
        assert workbook_layout.code_of(item) in code_meanings(name)


def test_codes_as_cbp_prints_them() -> None:
    assert all(re.fullmatch("[0-9]{4}", code) for code in code_meanings("port"))
    assert all(re.fullmatch("[A-Z]{2}", code) for code in code_meanings("country"))
    assert {"MM", "XK", "KV"} & set(code_meanings("country")) == {"MM", "KV"}
    se = codes_where("entry_type", "se")
    assert se == ("01", "02", "03", "06", "07", "11", "12", "21", "22", "23", "52", "86")
    ae_only = set(codes_where("entry_type", "ae")) - set(se)
    assert ae_only == {"31", "32", "34", "38", "51"}
    assert len(code_rows("mode_of_transport")) == 15
    assert not {"13", "86"} & set(offered_codes("entry_type"))
    assert set(code_meanings("importer_type")) == set(ID_FORMS)


def test_all_new_workbook_prefills_are_fields() -> None:
    names = [f.name for f in fields_of("entries")]
    assert set(workbook_layout.PREPRINTED) <= set(names)
    assert {f.name for f in workbook_layout.columns("entries")} == set(names)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Straße", "STRASSE"),
        ("Ærø", "AERO"),
        ("Łódź", "LODZ"),
        ("São Paulo – “Móveis”", 'SAO PAULO - "MOVEIS"'),
        ("12°", "12 DEG"),
        ("東京", "??"),
    ],
)
def test_nearest_plain_letters(text: str, wanted: str) -> None:
    assert plain(text) == wanted
