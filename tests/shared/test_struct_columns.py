"""Tables, views and schemas have the facts of the structs that declare them, and no others."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
import sqlalchemy as sa

from tasks.ace.answers.facts import Condition, EntryAnswer
from tasks.ace.answers.tables import SCHEMAS
from tasks.reconciliation.view import View
from tasks.shared.ace_tables import VIEWS
from tasks.shared.kinds.ace import AceStatus, AnswerLine
from tasks.shared.struct_columns import arrow_types, cell, columns, row_of


class Sample(msgspec.Struct):
    name: str
    count: int
    late: bool | None
    flag: bool = False
    parts: tuple[str, ...] = ()
    rank: Annotated[int, msgspec.Meta(extra={"arrow": "int32"})] | None = None


class Odd(msgspec.Struct):
    where: dict[str, int]


def test_a_column_has_the_type_of_its_field() -> None:
    table = sa.Table("sample", sa.MetaData(), *columns(Sample, keys=("name",), unique=("count",)))
    assert [(one.name, type(one.type), one.nullable) for one in table.c] == [
        ("name", sa.Text, False), ("count", sa.BigInteger, False), ("late", sa.Boolean, True),
        ("flag", sa.Boolean, False), ("parts", sa.Text, False), ("rank", sa.BigInteger, True),
    ]  # fmt: skip
    assert table.c.name.primary_key and table.c["count"].unique
    assert [one.name for one in columns(Sample, "late", "name")] == ["late", "name"]


def test_a_field_that_no_column_holds_is_an_error() -> None:
    with pytest.raises(TypeError):
        list(columns(Odd))
    with pytest.raises(KeyError):
        list(columns(Sample, "nothing"))


def test_a_row_keeps_lists_as_json() -> None:
    sample = Sample("n", 1, None, parts=("a; b", "c"))
    assert row_of(sample, "name", "parts") == {"name": "n", "parts": '["a; b","c"]'}
    assert cell(()) == ""


def test_a_schema_may_state_a_narrower_type() -> None:
    assert arrow_types(Sample, ("parts",)) == {
        "name": "str", "count": "int", "late": "bool", "flag": "bool", "rank": "int32",
    }  # fmt: skip


def test_the_facts_of_an_answer_are_declared_once() -> None:
    facts = AceStatus.__struct_fields__
    assert View.__struct_fields__[: len(facts)] == facts
    assert set(facts) < set(AnswerLine.__struct_fields__)
    own = {"about", "number", "asked", "seq", "content"}
    assert {column.name for column in VIEWS.c} == own | set(facts)
    assert SCHEMAS["entries"].names == [*EntryAnswer.__struct_fields__[:-1]]
    assert set(SCHEMAS["conditions"].names) == {"head", "block", *Condition.__struct_fields__} - {
        "application"
    }
