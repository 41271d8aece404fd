"""Duties in the journal: proofs, changes, reminders, and events of other packages that prove a duty."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from tasks.core import clock
from tasks.core.journal.store import EVENTS
from tasks.duties.duty_catalog import DutyCatalog, load_catalog
from tasks.duties.events import ScanCounts
from tasks.duties.tables import CHANGES, PROOFS, RUNGS
from tasks.screening.api import LISTS
from tasks.transport.api import MAIL
from tasks.workspace import Workspace

Rows = Callable[[sa.Select[Any]], Sequence[sa.Row[Any]]]
ItemKey = tuple[str, str]
"""A duty's id and its item, empty where there is only one."""


def catalog_of(workspace: Workspace) -> DutyCatalog:
    """The duties of a workspace, read once. Raises BadSettings for a list that cannot be used."""
    return workspace.once(load_workspace_catalog)


def load_workspace_catalog(workspace: Workspace) -> DutyCatalog:
    """The duties of a workspace, read anew."""
    return load_catalog(workspace.settings)


@dataclass(frozen=True)
class DutyProof:
    """One time that a duty was done. `at`: when it was recorded, `by`: who did so."""

    seq: int
    on: date
    at: datetime
    by: str
    until: date | None = None
    term: str = ""
    proof: str = ""
    file: str = ""
    statement: str = ""
    facts: Mapping[str, str] | None = None
    content: str = ""
    scan: ScanCounts | None = None
    shared: str = ""


@dataclass(frozen=True)
class DutyChange:
    """Something that makes a duty due again."""

    seq: int
    on: date
    what: str


@dataclass(frozen=True)
class ReminderRecord:
    """What became of a rung. `acknowledged` and `reminded`: the event's number, or None."""

    reminded: int | None
    mail: str
    acknowledged: int | None


@dataclass(frozen=True)
class DutyHistory:
    """Everything that terms follow from. `started`: the day on which the journal began."""

    started: date
    proofs: Mapping[ItemKey, Sequence[DutyProof]]
    changes: Mapping[ItemKey, Sequence[DutyChange]]


def read_history(rows: Rows, catalogue: DutyCatalog, zone: ZoneInfo) -> DutyHistory:
    """`rows`: `journal.rows`, or `pen.rows` under the writer's lock."""
    proofs: dict[ItemKey, list[DutyProof]] = defaultdict(list)
    changes: dict[ItemKey, list[DutyChange]] = defaultdict(list)
    for item, proof in _proofs(rows, zone):
        proofs[item].append(proof)
    for row in rows(sa.select(CHANGES)):
        changes[row.duty, row.item].append(DutyChange(row.seq, date.fromisoformat(row.on), row.what))
    for item, proof in _event_proofs(rows, catalogue, zone):
        proofs[item].append(proof)
    for item, change in _event_changes(rows, catalogue, zone):
        changes[item].append(change)
    return DutyHistory(_started(rows, zone), proofs, changes)


def _started(rows: Rows, zone: ZoneInfo) -> date:
    first = rows(sa.select(EVENTS.c.at).order_by(EVENTS.c.seq).limit(1))
    moment = clock.parse(first[0].at) if first else clock.now()
    return moment.astimezone(zone).date()


def _proofs(rows: Rows, zone: ZoneInfo) -> list[tuple[ItemKey, DutyProof]]:
    query = (
        sa.select(PROOFS, EVENTS.c.at, EVENTS.c.actor)
        .join(EVENTS, EVENTS.c.seq == PROOFS.c.seq)
        .where(~PROOFS.c.withdrawn, ~PROOFS.c.ended)
        .order_by(PROOFS.c.on, PROOFS.c.seq)
    )
    return [((row.duty, row.item), proof_of(row, zone)) for row in rows(query)]


def proof_of(row: sa.Row[Any], zone: ZoneInfo) -> DutyProof:
    """A row of PROOFS with the `at` and `actor` of its event."""
    return DutyProof(
        seq=row.seq,
        on=date.fromisoformat(row.on),
        at=clock.parse(row.at).astimezone(zone),
        by=row.actor,
        until=date.fromisoformat(row.until) if row.until else None,
        term=row.term,
        proof=row.proof,
        file=row.file,
        statement=row.statement,
        facts=json.loads(row.facts),
        content=row.content,
        scan=msgspec.json.decode(row.scan, type=ScanCounts) if row.scan else None,
        shared=row.shared,
    )


def _last_events(rows: Rows, kinds: set[str]) -> Sequence[sa.Row[Any]]:
    """The last event of each kind and subject, with its time. The index on kinds finds them."""
    if not kinds:
        return []
    last = (
        sa.select(sa.func.max(EVENTS.c.seq).label("seq"))
        .where(EVENTS.c.kind.in_(sorted(kinds)))
        .group_by(EVENTS.c.kind, EVENTS.c.subject)
        .subquery()
    )
    columns = EVENTS.c
    query = sa.select(columns.seq, columns.at, columns.actor, columns.kind, columns.subject)
    return rows(query.join(last, last.c.seq == columns.seq).order_by(columns.seq))


def _event_proofs(rows: Rows, catalogue: DutyCatalog, zone: ZoneInfo) -> list[tuple[ItemKey, DutyProof]]:
    """Proofs that the program itself recorded, such as a backup that was restored."""
    events: dict[str, list[sa.Row[Any]]] = defaultdict(list)
    for row in _last_events(rows, {kind for duty in catalogue.duties.values() for kind in duty.by}):
        events[row.kind].append(row)
    unfit = _incomplete_lists(rows)
    proofs: dict[ItemKey, DutyProof] = {}
    for duty in catalogue.duties.values():
        for row in sorted((row for kind in duty.by for row in events[kind]), key=lambda row: row.seq):
            item = row.subject.partition("/")[2] if duty.each else ""
            if item not in duty.beside and row.subject not in unfit:
                at = clock.parse(row.at).astimezone(zone)
                proofs[duty.id, item] = DutyProof(row.seq, at.date(), at, row.actor)
    return list(proofs.items())


def _incomplete_lists(rows: Rows) -> set[str]:
    """Subjects of lists in force that are samples or below their floor: loading one proves no duty."""
    query = sa.select(LISTS.c.list).where(sa.or_(LISTS.c.partial, LISTS.c.short != "[]"))
    return {f"list/{row.list}" for row in rows(query)}


def _event_changes(rows: Rows, catalogue: DutyCatalog, zone: ZoneInfo) -> list[tuple[ItemKey, DutyChange]]:
    duties = catalogue.duties.values()
    events = _last_events(rows, {kind for duty in duties for kind in duty.again_after})
    return [
        ((duty.id, ""), DutyChange(row.seq, clock.parse(row.at).astimezone(zone).date(), row.kind.replace(".", " ")))
        for duty in duties
        for row in events
        if row.kind in duty.again_after
    ]


def reminders_of(rows: Rows, terms: set[str]) -> dict[tuple[str, str, str], dict[str, ReminderRecord]]:
    """What became of the rungs of these terms, by duty, item and term."""
    records: dict[tuple[str, str, str], dict[str, ReminderRecord]] = defaultdict(dict)
    for row in rows(sa.select(RUNGS).where(RUNGS.c.term.in_(sorted(terms)))):
        rung = ReminderRecord(row.reminded, row.mail, row.acknowledged)
        records[row.duty, row.item, row.term][row.rung] = rung
    return records


def undelivered_letters(rows: Rows) -> dict[str, str]:
    """Letters of reminders that were neither delivered nor are being sent, with the moment of each."""
    query = (
        sa.select(MAIL.c.mail, EVENTS.c.at)
        .join(EVENTS, EVENTS.c.seq == MAIL.c.seq)
        .where(MAIL.c.waiting != "[]", MAIL.c.accepted == "[]", MAIL.c.until == "")
        .where(MAIL.c.mail.in_(sa.select(RUNGS.c.mail)))
    )
    return {row.mail: row.at for row in rows(query)}
