"""What an answer says of one entry, as a line of the journal.

A bill shows no other release only if the answer names it: as not on file, or with what happened to
it. A failure, or a bill that the answer leaves out, is asked again; anything else is for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
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
from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
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
    query_named = find_query(workspace.journal, answer.batch_text)
    if query_named is None:
        return
    query = sa.select(ENTRIES.c.number, ENTRIES.c.content)
    where = dict(rows_among(workspace.journal.rows, query, ENTRIES.c.number, query_named.asked))
    queries = entry_bill_queries(workspace, where)
    bills, events = to_list(answer.table("bills")), to_list(answer.table("events"))
    for number in query_named.asked:
        outcomes = [_bill_outcome(number, bill, bills, events) for bill in queries.get(number, [])]
        worst = min(outcomes, key=lambda bill: _WORST.index(bill[0]), default=(SILENT, "", ""))
        yield AnswerLine(number=number, disposition=worst[0], code=worst[1], text=worst[2])


def _bill_outcome(number: str, question: BillQuery, bills: list[Row], events: list[Row]) -> tuple[str, str, str]:
    """Disposition, code and words for one bill of an entry."""
    rows = [row for row in bills if _names_bill(row, question)]
    outcomes = [_row_outcome(number, row, events) for row in rows] or [(SILENT, "", "the bill is left out")]
    disposition, code, text = min(outcomes, key=lambda outcome: _WORST.index(outcome[0]))
    return disposition, code, f"{question}: {text}"


def _names_bill(row: Row, question: BillQuery) -> bool:
    if question.air_waybill:
        houses = ("", question.house_air_waybill)
        same = row["bill_number"] == question.air_waybill
        return same and (not houses[1] or (row["house_number"] or "") in houses)
    bill = (question.issuer, question.bill_number)
    return bill in ((row["issuer"], row["bill_number"]), (row["house_issuer"], row["house_number"]))


def _row_outcome(number: str, row: Row, events: list[Row]) -> tuple[str, str, str]:
    if row["code"]:
        disposition = _BY_MEANING.get(look_up_code("C1", row["code"]).meaning, ODD)
        return disposition, row["code"], f"{row['code']} {row['text'] or ''}".strip()
    mine = [event for event in events if event["bill"] == row["record_index"]]
    named = {_plain_number(row["entry_number"])} | {
        _plain_number(event["entry_number"] or event["number"]) for event in mine
    }
    other_numbers = sorted(entry for entry in named if len(entry) >= _NUMBER and entry != _plain_number(number))
    if other_numbers:
        return TAKEN, "", f"released under entry {', '.join(other_numbers)}"
    if _plain_number(number) in named:
        return OWN, "", "released under this entry"
    nameless = next((event for event in mine if _is_release(event)), None)
    if nameless is not None:
        event_text = f"{nameless['code']} {nameless['text'] or ''}".strip()
        return TAKEN, nameless["code"], f"{event_text}, under an entry that ACE does not name"
    return CLEAR, "", "on file, not released"


def _is_release(event: Row) -> bool:
    meanings = {candidate.meaning for candidate in look_up_code("C1", event["code"] or "").candidates}
    return event["release_date"] is not None or bool(meanings & _RELEASES)


def _plain_number(number: str | None) -> str:
    return (number or "").replace("-", "").strip()


OUTSIDE_MEANINGS = frozenset({"payment", "statement", "eBond", "retry"})
OUTSIDE_CODES = {
    "AX": frozenset(
        ["101", "104", "106", "108", "109", "111", "875", "113", "116", "752", "753", "754", "755", "756", "757", "758"]
    ),
    "SX": frozenset(["014", "333"]),
}
"""Causes of a rejection that lie outside the record: payment is set when a batch is made, importers
and consignees are corrected by a Form 5106, bonds by the surety. Then the same entry goes again."""

DATE_REMOVED = "99"
"""Release origin: the release date was taken off again (CQ v21 p.57)."""


def entry_lines(answer: AceAnswer, differ: Mapping[str, Sequence[Difference]]) -> list[AnswerLine]:
    """A line for each time that an answer speaks of an entry."""
    if answer.application != "ER" or answer.by_head:
        return [entry_line(answer, entry, differ) for entry in answer.entries if entry.entry_number]
    return [*_stored_lines(answer.table("entries"), differ)]


_STATED = tuple(name for name in AnswerLine.__struct_fields__ if name in ANSWER_SCHEMAS["entries"].names)
"""Facts that the journal keeps as the answer states them: days as YYYY-MM-DD, flags as they are, and
empty text where the answer states nothing."""

_FLAGS = frozenset(
    field.name for field in ANSWER_SCHEMAS["entries"] if field.name in _STATED and field.type == pa.bool_()
)
_AMOUNT_COLUMNS = ("duty", "tax", "fees", "ad_cvd")


def _stored_lines(entries: pa.Table, differ: Mapping[str, Sequence[Difference]]) -> Iterator[AnswerLine]:
    """The same, column by column, of summaries in ER without a condition."""
    columns = {name: entries[name] for name in _STATED} | {"owed": _amount_sums(entries)}
    values = (
        column if name in _FLAGS else pc.fill_null(pc.cast(column, pa.string()), "") for name, column in columns.items()
    )
    lists = (to_list(column) for column in values)
    for number, *facts in zip(to_list(entries["entry_number"]), *lists, strict=True):
        if number:
            yield AnswerLine(
                number=number, differs=tuple(differ.get(number, ())), **dict(zip(columns, facts, strict=True))
            )


def _amount_sums(entries: pa.Table) -> pa.ChunkedArray:
    """What is owed, in dollars; null where nothing is told of it."""
    parts = [entries[name] for name in _AMOUNT_COLUMNS]
    total = pa.scalar(Decimal(0), MONEY_TYPE)
    for part in parts:
        total = pc.add(total, pc.fill_null(part, 0))
    is_stated = pc.is_valid(pc.coalesce(*parts))
    return pc.if_else(is_stated, pc.cast(total, pa.string()), pa.scalar(None, pa.string()))


def entry_line(answer: AceAnswer, entry: EntryAnswer, differ: Mapping[str, Sequence[Difference]]) -> AnswerLine:
    """What the answer states, with the codes that give the reason, and where the goods stand."""
    number = entry.entry_number or ""
    release, release_code = _goods_status(answer, entry)
    facts = {name: _stated_value(name, getattr(entry, name)) for name in _STATED}
    facts |= {
        "reasons": _notice_reasons(entry) if answer.application == "UC" else _rejection_reasons(entry),
        "release": release,
        "release_code": release_code,
        "outside": _is_outside(entry),
        "owed": _amount_due(entry),
        "differs": tuple(differ.get(number, ())),
    }
    return AnswerLine(number=number, **facts)


def _stated_value(name: str, value: Any) -> Any:
    if name in _FLAGS:
        return value
    return value.isoformat() if isinstance(value, date) else value or ""


def _notice_reasons(entry: EntryAnswer) -> tuple[AceReason, ...]:
    """What CBP did, then why: the type counts, the reason explains it."""
    texts = [condition.text or "" for condition in entry.conditions if not condition.final]
    explaining = (AceReason(text=text) for text in dict.fromkeys(texts) if text != entry.text)
    lead = AceReason(code=entry.code or "", text=entry.text or "")
    return (lead, *(reason for reason in explaining if reason.text))


def _rejection_reasons(entry: EntryAnswer) -> tuple[AceReason, ...]:
    """Why, without what closes the answer (998 alone tells a desk nothing)."""
    reasons = (
        AceReason(
            code=condition.code or "",
            text=condition.text or "",
            subject=f"line {condition.line}" if condition.line else "",
        )
        for condition in _fault_conditions(entry)
    )
    return tuple(dict.fromkeys(reasons))


def _amount_due(entry: EntryAnswer) -> str:
    parts = [part for part in (entry.duty, entry.tax, entry.fees, entry.ad_cvd) if part is not None]
    return f"{sum(parts, Decimal(0)):.2f}" if parts else ""


def _goods_status(answer: AceAnswer, entry: EntryAnswer) -> tuple[str, str]:
    """Where the goods stand, in words and by its code; empty where this answer does not say."""
    if answer.application not in ("SO", "C1"):
        return entry.release or "", entry.release_code or ""
    if entry.release_origin == DATE_REMOVED:
        return "release date removed", DATE_REMOVED
    condition = deciding_condition(entry.conditions)
    if condition is None:
        return "", ""
    return meaning_of("SO", condition.place).get(condition.code or "", condition.text or ""), condition.code or ""


def _is_outside(entry: EntryAnswer) -> bool:
    """True if every reason of a rejection lies outside the record."""
    reasons = _fault_conditions(entry)
    return bool(reasons) and all(_lies_outside(condition) for condition in reasons)


def _lies_outside(condition: AnswerCondition) -> bool:
    code = (condition.code or "")[-3:]
    named = code in OUTSIDE_CODES.get(condition.application, ())
    return named or look_up_code(condition.application, code).meaning in OUTSIDE_MEANINGS


def _fault_conditions(entry: EntryAnswer) -> list[AnswerCondition]:
    """Up to six conditions that are faults of the entry, in the order of the answer."""
    if entry.is_held:
        return []
    return [condition for condition in entry.conditions if not condition.final and condition.code][:6]
