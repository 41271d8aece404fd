"""What an answer says of one entry, brought down to a line of the book.

What CQ shows of the bills of our entries: another release, our own, none, or nothing at all.

A bill shows no other release only if the answer names it: as not on file, or with what happened to
it. A failure, or a bill that the answer leaves out, is asked again; anything else is for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tasks.ace.api import (
    ANSWER_SCHEMAS,
    MONEY_TYPE,
    AceAnswer,
    AnswerCondition,
    BillQuery,
    EntryAnswer,
    look_up_code,
    meaning_of,
)
from tasks.core.journal.table_columns import rows_among
from tasks.entries.api import ENTRIES, AceReason, Difference
from tasks.reconciliation.decisions.release_codes import deciding_condition
from tasks.reconciliation.events import AnswerLine
from tasks.reconciliation.sending.query_writing import entry_bill_queries, find_query
from tasks.workspace import Workspace

CLEAR, OWN, TAKEN = "not found", "on file", "already on file"
FAILED, SILENT, ODD = "system failure", "no answer", "unknown"
_WORST = (TAKEN, OWN, ODD, FAILED, SILENT, CLEAR)
"""Of several bills the worst counts."""

_BY_MEANING = {"not found": CLEAR, "system failure": FAILED, "batch rejected": FAILED}
_RELEASES = frozenset({"entered", "exam", "exam done", "released", "seized", "cancelled"})
"""Meanings of bill events that tell of an entry on the bill (CQ v21 p.38-40)."""

_NUMBER = 11
"""Filer code, seven digits and the check digit."""

Row = Mapping[str, Any]


def bill_lines(workspace: Workspace, answer: AceAnswer) -> Iterator[AnswerLine]:
    """A line for each of our entries whose bills this batch asked for."""
    said = find_query(workspace.journal, answer.batch_text)
    if said is None:
        return
    query = sa.select(ENTRIES.c.number, ENTRIES.c.content)
    where = dict(rows_among(workspace.journal.rows, query, ENTRIES.c.number, said.asked))
    asked = entry_bill_queries(workspace, where)
    bills, events = answer.table("bills").to_pylist(), answer.table("events").to_pylist()
    for number in said.asked:
        told = [_of_bill(number, one, bills, events) for one in asked.get(number, [])]
        worst = min(told, key=lambda one: _WORST.index(one[0]), default=(SILENT, "", ""))
        yield AnswerLine(number=number, disposition=worst[0], code=worst[1], text=worst[2])


def _of_bill(number: str, question: BillQuery, bills: list[Row], events: list[Row]) -> tuple[str, str, str]:
    """Disposition, code and words for one bill of an entry."""
    rows = [row for row in bills if _names(row, question)]
    told = [_of_row(number, row, events) for row in rows] or [(SILENT, "", "the bill is left out")]
    found, code, text = min(told, key=lambda one: _WORST.index(one[0]))
    return found, code, f"{question}: {text}"


def _names(row: Row, question: BillQuery) -> bool:
    if question.air_waybill:
        houses = ("", question.house_air_waybill)
        same = row["bill_number"] == question.air_waybill
        return same and (not houses[1] or (row["house_number"] or "") in houses)
    wanted = (question.issuer, question.bill_number)
    return wanted in ((row["issuer"], row["bill_number"]), (row["house_issuer"], row["house_number"]))


def _of_row(number: str, row: Row, events: list[Row]) -> tuple[str, str, str]:
    if row["code"]:
        found = _BY_MEANING.get(look_up_code("C1", row["code"]).meaning, ODD)
        return found, row["code"], f"{row['code']} {row['text'] or ''}".strip()
    mine = [event for event in events if event["bill"] == row["record_index"]]
    named = {_plain(row["entry_number"])} | {_plain(event["entry_number"] or event["number"]) for event in mine}
    others = sorted(one for one in named if len(one) >= _NUMBER and one != _plain(number))
    if others:
        return TAKEN, "", f"released under entry {', '.join(others)}"
    if _plain(number) in named:
        return OWN, "", "released under this entry"
    nameless = next((event for event in mine if _is_release(event)), None)
    if nameless is not None:
        words = f"{nameless['code']} {nameless['text'] or ''}".strip()
        return TAKEN, nameless["code"], f"{words}, under an entry that ACE does not name"
    return CLEAR, "", "on file, not released"


def _is_release(event: Row) -> bool:
    meanings = {one.meaning for one in look_up_code("C1", event["code"] or "").candidates}
    return event["release_date"] is not None or bool(meanings & _RELEASES)


def _plain(number: str | None) -> str:
    return (number or "").replace("-", "").strip()


OUTSIDE_MEANINGS = frozenset({"payment", "statement", "eBond", "retry"})
OUTSIDE_CODES = {
    "AX": frozenset(
        ["101", "104", "106", "108", "109", "111", "875", "113", "116", "752", "753", "754", "755", "756", "757", "758"]
    ),
    "SX": frozenset(["014", "333"]),
}
"""Causes of a rejection that lie outside the record: payment is set when a batch is made, importers
and consignees are mended by a Form 5106, bonds by the surety. Then the same entry goes again."""

DATE_REMOVED = "99"
"""Release origin: the release date was taken off again (CQ v21 p.57)."""


def entry_lines(answer: AceAnswer, differ: Mapping[str, Sequence[Difference]]) -> list[AnswerLine]:
    """A line for each time that an answer speaks of an entry."""
    if answer.application != "ER" or answer.by_head:
        return [entry_line(answer, one, differ) for one in answer.entries if one.entry_number]
    return [*_stored_lines(answer.table("entries"), differ)]


_STATED = tuple(name for name in AnswerLine.__struct_fields__ if name in ANSWER_SCHEMAS["entries"].names)
"""Facts that the journal keeps as the answer states them: days as YYYY-MM-DD, flags as they are, and
empty text where the answer states nothing."""

_FLAGS = frozenset(
    field.name for field in ANSWER_SCHEMAS["entries"] if field.name in _STATED and field.type == pa.bool_()
)
_OWED = ("duty", "tax", "fees", "ad_cvd")


def _stored_lines(entries: pa.Table, differ: Mapping[str, Sequence[Difference]]) -> Iterator[AnswerLine]:
    """The same, column by column, of summaries in ER without a condition."""
    columns = {name: entries[name] for name in _STATED} | {"owed": _sums(entries)}
    values = (
        column if name in _FLAGS else pc.fill_null(pc.cast(column, pa.string()), "") for name, column in columns.items()
    )
    lists = (column.to_pylist() for column in values)
    for number, *rest in zip(entries["entry_number"].to_pylist(), *lists, strict=True):
        if number:
            yield AnswerLine(
                number=number, differs=tuple(differ.get(number, ())), **dict(zip(columns, rest, strict=True))
            )


def _sums(told: pa.Table) -> pa.Array:
    """What is owed, in dollars; null where nothing is told of it."""
    parts = [told[name] for name in _OWED]
    whole = pa.scalar(Decimal(0), MONEY_TYPE)
    for part in parts:
        whole = pc.add(whole, pc.fill_null(part, 0))
    some = pc.is_valid(pc.coalesce(*parts))
    return pc.if_else(some, pc.cast(whole, pa.string()), pa.scalar(None, pa.string()))


def entry_line(answer: AceAnswer, one: EntryAnswer, differ: Mapping[str, Sequence[Difference]]) -> AnswerLine:
    """What the answer states, with the codes that give the reason, and where the goods stand."""
    number = one.entry_number or ""
    release, release_code = _stands(answer, one)
    facts = {name: _stated(name, getattr(one, name)) for name in _STATED}
    facts |= {
        "reasons": _notice(one) if answer.application == "UC" else _why(one),
        "release": release,
        "release_code": release_code,
        "outside": _is_outside(one),
        "owed": _owed(one),
        "differs": tuple(differ.get(number, ())),
    }
    return AnswerLine(number=number, **facts)


def _stated(name: str, value: Any) -> Any:
    if name in _FLAGS:
        return value
    return value.isoformat() if isinstance(value, date) else value or ""


def _notice(one: EntryAnswer) -> tuple[AceReason, ...]:
    """What CBP did, then why: the type counts, the reason explains it."""
    texts = [condition.text or "" for condition in one.conditions if not condition.final]
    explaining = (AceReason(text=text) for text in dict.fromkeys(texts) if text != one.text)
    lead = AceReason(code=one.code or "", text=one.text or "")
    return (lead, *(reason for reason in explaining if reason.text))


def _why(one: EntryAnswer) -> tuple[AceReason, ...]:
    """Why, without what closes the answer (998 alone tells a desk nothing)."""
    reasons = (
        AceReason(
            code=condition.code or "",
            text=condition.text or "",
            subject=f"line {condition.line}" if condition.line else "",
        )
        for condition in _reasons(one)
    )
    return tuple(dict.fromkeys(reasons))


def _owed(one: EntryAnswer) -> str:
    parts = [part for part in (one.duty, one.tax, one.fees, one.ad_cvd) if part is not None]
    return f"{sum(parts, Decimal(0)):.2f}" if parts else ""


def _stands(answer: AceAnswer, one: EntryAnswer) -> tuple[str, str]:
    """Where the goods stand, in words and by its code; empty where this answer does not say."""
    if answer.application not in ("SO", "C1"):
        return one.release or "", one.release_code or ""
    if one.release_origin == DATE_REMOVED:
        return "release date removed", DATE_REMOVED
    said = deciding_condition(one.conditions)
    if said is None:
        return "", ""
    return meaning_of("SO", said.place).get(said.code or "", said.text or ""), said.code or ""


def _is_outside(one: EntryAnswer) -> bool:
    """True if every reason of a rejection lies outside the record."""
    reasons = _reasons(one)
    return bool(reasons) and all(_lies_outside(found) for found in reasons)


def _lies_outside(found: AnswerCondition) -> bool:
    code = (found.code or "")[-3:]
    named = code in OUTSIDE_CODES.get(found.application, ())
    return named or look_up_code(found.application, code).meaning in OUTSIDE_MEANINGS


def _reasons(one: EntryAnswer) -> list[AnswerCondition]:
    """Up to six conditions that are faults of the entry, in the order of the answer."""
    if one.is_held:
        return []
    return [found for found in one.conditions if not found.final and found.code][:6]
