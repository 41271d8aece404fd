"""What CQ shows of the bills of our entries: another release, our own, none, or nothing at all.

A bill shows no other release only if the answer names it: as not on file, or with what happened to
it. A failure, or a bill that the answer leaves out, is asked again; anything else is for a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from tasks.ace.condition_codes import look_up
from tasks.ace.query import BillQuestion
from tasks.ace.response import Answer
from tasks.reconciliation.asking import question_of, questions_of
from tasks.shared.kinds.ace import AnswerLine
from tasks.shared.projections import ENTRIES, among
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


def bill_lines(workspace: Workspace, answer: Answer) -> Iterator[AnswerLine]:
    """A line for each of our entries whose bills this batch asked for."""
    said = question_of(workspace.journal, answer.batch_text)
    if said is None:
        return
    query = sa.select(ENTRIES.c.number, ENTRIES.c.content)
    where = dict(among(workspace.journal.rows, query, ENTRIES.c.number, said.asked))
    asked = questions_of(workspace, where)
    bills, events = answer.table("bills").to_pylist(), answer.table("events").to_pylist()
    for number in said.asked:
        told = [_of_bill(number, one, bills, events) for one in asked.get(number, [])]
        worst = min(told, key=lambda one: _WORST.index(one[0]), default=(SILENT, "", ""))
        yield AnswerLine(number=number, disposition=worst[0], code=worst[1], text=worst[2])


def _of_bill(
    number: str, question: BillQuestion, bills: list[Row], events: list[Row]
) -> tuple[str, str, str]:
    """Disposition, code and words for one bill of an entry."""
    rows = [row for row in bills if _names(row, question)]
    told = [_of_row(number, row, events) for row in rows] or [(SILENT, "", "the bill is left out")]
    found, code, text = min(told, key=lambda one: _WORST.index(one[0]))
    return found, code, f"{question}: {text}"


def _names(row: Row, question: BillQuestion) -> bool:
    if question.air_waybill:
        houses = ("", question.house_air_waybill)
        same = row["bill_number"] == question.air_waybill
        return same and (not houses[1] or (row["house_number"] or "") in houses)
    wanted = (question.issuer, question.bill_number)
    return wanted in (
        (row["issuer"], row["bill_number"]),
        (row["house_issuer"], row["house_number"]),
    )


def _of_row(number: str, row: Row, events: list[Row]) -> tuple[str, str, str]:
    if row["code"]:
        found = _BY_MEANING.get(look_up("C1", row["code"]).meaning, ODD)
        return found, row["code"], f"{row['code']} {row['text'] or ''}".strip()
    mine = [event for event in events if event["bill"] == row["record_index"]]
    named = {_plain(row["entry_number"])} | {
        _plain(event["entry_number"] or event["number"]) for event in mine
    }
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
    meanings = {one.meaning for one in look_up("C1", event["code"] or "").candidates}
    return event["release_date"] is not None or bool(meanings & _RELEASES)


def _plain(number: str | None) -> str:
    return (number or "").replace("-", "").strip()
