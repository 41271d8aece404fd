"""Tables, views and schemas have the facts of the structs that declare them, and no others."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
import sqlalchemy as sa

from tasks.ace.answers.answer_facts import AnswerCondition, EntryAnswer
from tasks.ace.answers.table_schemas import ANSWER_SCHEMAS
from tasks.core.journal.table_columns import arrow_types, column_value, row_of, struct_columns
from tasks.entries.events import AceStatus
from tasks.entries.tables import VIEWS
from tasks.reconciliation.events import AnswerLine
from tasks.reconciliation.state.entry_state import EntryAceStatus


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
    table = sa.Table("sample", sa.MetaData(), *struct_columns(Sample, keys=("name",), unique=("count",)))
    assert [(one.name, type(one.type), one.nullable) for one in table.c] == [
        ("name", sa.Text, False), ("count", sa.BigInteger, False), ("late", sa.Boolean, True),
        ("flag", sa.Boolean, False), ("parts", sa.Text, False), ("rank", sa.BigInteger, True),
    ]  # fmt: skip
    assert table.c.name.primary_key and table.c["count"].unique
    assert [one.name for one in struct_columns(Sample, "late", "name")] == ["late", "name"]


def test_a_field_that_no_column_holds_is_an_error() -> None:
    with pytest.raises(TypeError):
        list(struct_columns(Odd))
    with pytest.raises(KeyError):
        list(struct_columns(Sample, "nothing"))


def test_a_row_keeps_lists_as_json() -> None:
    sample = Sample("n", 1, None, parts=("a; b", "c"))
    assert row_of(sample, "name", "parts") == {"name": "n", "parts": '["a; b","c"]'}
    assert column_value(()) == ""


def test_a_schema_may_state_a_narrower_type() -> None:
    assert arrow_types(Sample, ("parts",)) == {
        "name": "str", "count": "int", "late": "bool", "flag": "bool", "rank": "int32",
    }  # fmt: skip


def test_the_facts_of_an_answer_are_declared_once() -> None:
    facts = AceStatus.__struct_fields__
    assert EntryAceStatus.__struct_fields__[: len(facts)] == facts
    assert set(facts) < set(AnswerLine.__struct_fields__)
    own = {"about", "number", "asked", "seq", "content"}
    assert {column.name for column in VIEWS.c} == own | set(facts)
    assert ANSWER_SCHEMAS["entries"].names == [*EntryAnswer.__struct_fields__[:-1]]
    assert set(ANSWER_SCHEMAS["conditions"].names) == {"head", "block", *AnswerCondition.__struct_fields__} - {
        "application"
    }
