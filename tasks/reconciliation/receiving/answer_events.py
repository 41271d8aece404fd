"""What one answer of ACE says, as events of the journal: what it is about, a line for each entry or party,
and why a batch was rejected whole.

An answer may be for somebody else: a sender that serves several filers may put all answers into one folder,
and another filer's batch can bear the id of one of ours (ids are a day and a number).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from tasks.ace.api import AceAnswer, AceSettings, AnswerCondition
from tasks.core.errors import Problem
from tasks.core.settings import BrokerSettings
from tasks.entries.api import NUMBERS, AceReason, ImporterBond
from tasks.reconciliation.events import AnswerLine, AnswerRead
from tasks.reconciliation.receiving.answer_lines import bill_lines, entry_lines
from tasks.reconciliation.receiving.summary_comparison import ByEntry
from tasks.reconciliation.restore.ace_numbers import summaries_parquet
from tasks.reconciliation.restore.restore_queries import range_lines
from tasks.reconciliation.sending.query_writing import find_query
from tasks.reconciliation.state.entry_state import ACTION, BILL, IMPORTER, NOTICE, RANGE, RELEASE, REQUEST, SUMMARY
from tasks.reconciliation.tables import BATCHES
from tasks.security.api import is_reference
from tasks.workspace import Workspace

Row = dict[str, Any]
USABLE = ("bonded", "no bond")
"""Query results of importers that may be used; the others are unknown, void or inactive."""


def importer_line(number: str, rows: Sequence[Row]) -> AnswerLine:
    """One line of all K1 records of an importer, one for each of its bonds."""
    status = rows[0]["status"]
    enrollments = [row["periodic_monthly"] for row in rows if row["periodic_monthly"] is not None]
    return AnswerLine(
        number=number,
        disposition="active" if status in USABLE else status,
        code=rows[0]["code"] or "",
        text=status,
        bonds=tuple(_bond(row) for row in rows if row["activity"]),
        monthly=any(enrollments) if enrollments else None,
    )


def _bond(row: Row) -> ImporterBond:
    return ImporterBond(
        activity=row["activity"],
        surety=row["surety_code"] or "",
        since=_day(row["bond_from"]),
        until=_day(row["bond_until"]),
        user_active=row["user_active"],
        user_until=_day(row["user_until"]),
        sufficient=row["sufficient"],
    )


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def foreign_answer(workspace: Workspace, answer: AceAnswer, name: str) -> Problem | None:
    """Why an answer is not for us; None if it is. By the filer code of its blocks; one that has none,
    such as a batch rejected whole, by the sender of the batch that it echoes."""
    for block in answer.blocks:
        if block.filer_code and not _is_ours(workspace, block.filer_code):
            wrong = f"is for the filer {block.filer_code}, not for {workspace.settings(BrokerSettings).filer_code}"
            return Problem(file=name, wrong=wrong)
    sender, settings = answer.site_code + answer.sender_id, workspace.settings(AceSettings)
    if sender == settings.site_code + settings.sender_id:
        return None
    if (sent := _sender_of_query(workspace, answer)) and sender != sent:
        wrong = f"is for the sender {sender}, but {sent} sent batch {answer.batch_text.strip()}"
        return Problem(file=name, wrong=wrong)
    return None


def _is_ours(workspace: Workspace, filer: str) -> bool:
    """Also a filer code that the broker had before."""
    if filer == workspace.settings(BrokerSettings).filer_code:
        return True
    return bool(workspace.journal.rows(sa.select(NUMBERS.c.number).where(NUMBERS.c.filer == filer).limit(1)))


def _sender_of_query(workspace: Workspace, answer: AceAnswer) -> str:
    """Site code and sender id of our batch or query that an answer echoes; empty if there is none."""
    batch = answer.batch_text.strip()
    if not batch:
        return ""
    rows = workspace.journal.rows(sa.select(BATCHES.c.content).where(BATCHES.c.batch == batch))
    query_named = find_query(workspace.journal, batch)
    content = rows[0].content if rows else query_named.content if query_named else ""
    return workspace.content.get(content)[1:8].decode("ascii") if content else ""


ABOUT = {"ER": SUMMARY, "AX": SUMMARY, "C1": RELEASE, "SX": RELEASE, "KR": IMPORTER, "UC": ACTION}
DECISIVE = ("4", "5", "6", "8", "R")
"""UC types by which a summary no longer stands as it stood; the others ask for something or tell
of an agency or a quota (UC v30)."""


def answer_bodies(
    workspace: Workspace, answer: AceAnswer, digest: str, name: str, differ: ByEntry
) -> Iterator[AnswerRead]:
    """The events of one answer of the file `name`, whose SHA-256 is `digest`; `differ`: what its stored
    summaries have otherwise than our record."""
    about = _answer_topic(workspace, answer)
    content = f"file:{digest}"
    if about == RANGE and answer.whole and not answer.rejected:
        content = workspace.content.put(summaries_parquet(answer))
    lines = [*_answer_lines(workspace, answer, about, differ)] if answer.whole else []
    for part, part_lines in _split_actions(about, lines):
        yield AnswerRead(
            application=answer.application,
            about=part,
            batch=answer.batch_text.strip(),
            content=content,
            rejected=answer.rejected,
            lines=part_lines,
            reasons=_rejection_reasons(answer) if answer.rejected else (),
            file=name,
        )


def _split_actions(about: str, lines: list[AnswerLine]) -> Iterator[tuple[str, list[AnswerLine]]]:
    """What CBP did with summaries apart from what it merely asks for or tells."""
    if about != ACTION:
        yield about, lines
        return
    for part, decisive in ((ACTION, True), (REQUEST, False)):
        if part_lines := [line for line in lines if (line.code in DECISIVE) is decisive]:
            yield part, part_lines


def _rejection_reasons(answer: AceAnswer) -> tuple[AceReason, ...]:
    """Up to six faults for which CBP dropped the batch whole, each with where it is in our batch;
    else the closing code."""
    conditions = [condition for condition in answer.conditions if not condition.final] or list(answer.conditions)
    return tuple(dict.fromkeys(map(_reason, conditions[:6])))


def _reason(condition: AnswerCondition) -> AceReason:
    subject = condition.reference or ""
    if condition.sent_record:
        column = f" column {condition.position}" if condition.position else ""
        subject = f"record {condition.sent_record}{column}"
    return AceReason(code=condition.code or "", text=condition.text or "", subject=subject.strip())


def _answer_topic(workspace: Workspace, answer: AceAnswer) -> str:
    query = find_query(workspace.journal, answer.batch_text)
    return query.about if query else ABOUT.get(answer.application, NOTICE)


def _answer_lines(workspace: Workspace, answer: AceAnswer, about: str, differ: ByEntry) -> Iterable[AnswerLine]:
    if about == IMPORTER:
        return _importer_lines(workspace, answer)
    if about == BILL:
        return bill_lines(workspace, answer)
    if about == RANGE:
        query = find_query(workspace.journal, answer.batch_text)
        return range_lines(answer, query.asked) if query else ()
    return entry_lines(answer, differ)


def _importer_lines(workspace: Workspace, answer: AceAnswer) -> Iterator[AnswerLine]:
    """A line for each number as it was asked, with all its bonds. One person's Social Security number
    stands behind a reference of its own in each entry."""
    asked_names = _asked_names(workspace, answer)
    rows: dict[str, list[Row]] = {}
    for row in answer.table("importers").to_pylist():
        rows.setdefault(row["importer_number"] or "", []).append(row)
    for number, bond_rows in rows.items():
        plain = workspace.vault.open(number) if is_reference(number) else number
        for name in asked_names.get(_with_suffix(plain), [number]):
            yield importer_line(name, bond_rows)


def _asked_names(workspace: Workspace, answer: AceAnswer) -> dict[str, list[str]]:
    """The names under which a number was asked, by the whole number."""
    query = find_query(workspace.journal, answer.batch_text)
    names: dict[str, list[str]] = {}
    for name in query.asked if query else ():
        plain = workspace.vault.open(name) if is_reference(name) else name
        names.setdefault(_with_suffix(plain), []).append(name)
    return names


def _with_suffix(number: str) -> str:
    """An IRS number with its suffix; without one it counts as `00` (KI v7 p.10)."""
    return f"{number}00" if _NO_SUFFIX.fullmatch(number) else number


_NO_SUFFIX = re.compile(r"\d{2}-\d{7}")
