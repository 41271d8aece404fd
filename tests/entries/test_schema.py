from __future__ import annotations

import re

import pytest

from tasks.entries import codes, layout, schema
from tasks.entries.rules_forms import ID_FORMS
from tasks.entries.spelling import plain

FIELDS = [f for table in schema.TABLES for f in schema.fields(table)]
LISTS = sorted({f.codes for f in FIELDS if f.codes} | {"entry_type", "port", "country"})


def test_every_table_begins_with_the_entry_number() -> None:
    for table in schema.TABLES:
        assert schema.fields(table)[0].name == "entry_number"
        assert schema.keys(table)[0] == "entry_number"
        titles = [f.title.lower() for f in schema.fields(table)]
        names = [f.name for f in schema.fields(table)]
        assert len({*titles}) == len(titles) and len({*names}) == len(names)


@pytest.mark.parametrize("field", FIELDS, ids=lambda f: f"{f.table}.{f.name}")
def test_a_field_is_whole(field: schema.RecordField) -> None:
    assert field.type in schema.TYPES
    assert field.level in layout.TINTS
    assert field.fold in ("", "upper", "digits", "tariff")
    assert bool(field.form) == bool(field.example)
    if field.type in ("text", "integer", "decimal"):
        assert field.width > 0
    if field.codes:
        assert max(map(len, codes.meanings(field.codes))) <= field.width
    if field.form:
        re.compile(field.form)
    assert len(layout.note(field)) < 800
    rule = layout.validation(field, 10) or {}
    assert len(rule.get("error_message", "")) <= 255 and len(field.title) <= 32


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(KeyError):
        schema.field("entries", "nonsense")
    with pytest.raises(KeyError):
        schema.fields("nonsense")


@pytest.mark.parametrize("name", LISTS)
def test_a_code_list_is_whole(name: str) -> None:
    rows = codes.rows(name)
    assert len(rows) == len(codes.meanings(name)) > 0
    for row in rows:
        assert row["code"].strip() == row["code"] and row["meaning"], row
        assert " - " not in row["code"]
    for item in layout.list_items(name):
        assert layout.code_of(item) in codes.meanings(name)


def test_codes_as_cbp_prints_them() -> None:
    assert all(re.fullmatch("[0-9]{4}", code) for code in codes.meanings("port"))
    assert all(re.fullmatch("[A-Z]{2}", code) for code in codes.meanings("country"))
    assert {"MM", "XK", "KV"} & set(codes.meanings("country")) == {"MM", "KV"}
    se = codes.having("entry_type", "se")
    assert se == ("01", "02", "03", "06", "07", "11", "12", "21", "22", "23", "52", "86")
    ae_only = set(codes.having("entry_type", "ae")) - set(se)
    assert ae_only == {"31", "32", "34", "38", "51"}
    assert len(codes.rows("mode_of_transport")) == 15
    assert not {"13", "86"} & set(codes.offered("entry_type"))
    assert set(codes.meanings("importer_type")) == set(ID_FORMS)


def test_all_new_workbook_prefills_are_fields() -> None:
    names = [f.name for f in schema.fields("entries")]
    assert set(layout.PREPRINTED) <= set(names)
    assert {f.name for f in layout.columns("entries")} == set(names)


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
