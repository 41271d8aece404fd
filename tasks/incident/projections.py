"""The incident: where it stands, its steps, what came to light.

Downtime letters and the documents that go behind them.

Entries that a substitute broker has, or gave back.
"""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from tasks.core.journal.bodies import canonical
from tasks.core.journal.projections import projection
from tasks.core.journal.table_columns import insert_or_update
from tasks.entries.api import WITH_ANOTHER, move_numbers
from tasks.incident.after_release.release_events import HandoverPrepared, HandoverRecalled
from tasks.incident.events import (
    ContactChecked,
    IncidentBreachFound,
    IncidentOpened,
    IncidentStep,
    NoticeAcknowledged,
    NoticeDrafted,
    NoticeSent,
    WorkClosed,
    WorkTaken,
)
from tasks.incident.letters.letter_events import (
    DocumentAttached,
    DocumentDropped,
    LetterIssued,
    LetterReissued,
    LetterSent,
    LetterWithdrawn,
)
from tasks.incident.tables import BREACHES, CONTACTS, DOCUMENTS, INCIDENT_STEPS, INCIDENTS, LETTERS, NOTICES, OPEN_WORK


@projection(HandoverPrepared)
def _prepared(connection: sa.Connection, seq: int, body: HandoverPrepared) -> None:
    note = f"sealed for {body.broker} ({body.filer}), {body.handover}"
    move_numbers(connection, seq, body.numbers, ("recorded",), WITH_ANOTHER, note)


@projection(HandoverRecalled)
def _recalled(connection: sa.Connection, seq: int, body: HandoverRecalled) -> None:
    move_numbers(connection, seq, body.numbers, (WITH_ANOTHER,), "recorded")


@projection(DocumentAttached)
def _attached(connection: sa.Connection, seq: int, body: DocumentAttached) -> None:
    names = ("number", "reference", "document", "file", "content", "size", "media", "pages")
    row = {name: getattr(body, name) for name in names}
    connection.execute(sa.insert(DOCUMENTS), [{**row, "seq": seq}])


@projection(DocumentDropped)
def _dropped(connection: sa.Connection, seq: int, body: DocumentDropped) -> None:
    column = DOCUMENTS.c
    wanted = sa.and_(column.number == body.number, column.reference == body.reference)
    connection.execute(sa.delete(DOCUMENTS).where(wanted))


@projection(LetterIssued)
def _issued(connection: sa.Connection, seq: int, body: LetterIssued) -> None:
    rows = [
        {
            "letter": body.letter,
            "number": one.number,
            "state": "issued",
            "live": one.number,
            "port": body.port,
            "digest": one.digest,
            "seq": seq,
            "follows": canonical(one.follows, floats=False),
        }
        for one in body.entries
    ]
    connection.execute(sa.insert(LETTERS), rows)


@projection(LetterReissued)
def _reissued(connection: sa.Connection, seq: int, body: LetterReissued) -> None:
    """An earlier letter may have named more entries: only those of the new one leave it."""
    for one in body.entries:
        live = LETTERS.c.live == one.number
        connection.execute(sa.update(LETTERS).where(live).values(state="replaced", live=None))
    _issued(connection, seq, body)


@projection(LetterWithdrawn)
def _withdrawn(connection: sa.Connection, seq: int, body: LetterWithdrawn) -> None:
    wanted = sa.and_(LETTERS.c.letter == body.letter, LETTERS.c.live.is_not(None))
    connection.execute(sa.update(LETTERS).where(wanted).values(state="withdrawn", live=None))


@projection(LetterSent)
def _letters_sent(connection: sa.Connection, seq: int, body: LetterSent) -> None:
    wanted = sa.and_(LETTERS.c.letter == body.letter, LETTERS.c.live.is_not(None))
    connection.execute(sa.update(LETTERS).where(wanted).values(state="sent"))


OVER = ("dismissed", "closed")
"""States after which another incident can be opened."""


@projection(*(struct for base in (IncidentStep, IncidentOpened) for struct in base.__subclasses__() if struct.kind))
def _stepped(connection: sa.Connection, seq: int, body: IncidentStep) -> None:
    state = body.kind.partition(".")[2]
    own = INCIDENTS.c.incident == body.incident
    values = {"state": state, "seq": seq} | ({"open": None} if state in OVER else {})
    known = connection.execute(sa.update(INCIDENTS).where(own).values(**values)).rowcount
    if not known and isinstance(body, IncidentOpened):
        row = {"incident": body.incident, "filer": body.filer, "open": body.filer}
        row |= {"drill": body.drill, "opened": seq}
        connection.execute(sa.insert(INCIDENTS), [row | {"state": state, "seq": seq}])
    attached = canonical(msgspec.to_builtins(body.attached))
    step = {"seq": seq, "incident": body.incident, "state": state, "happened": body.happened}
    step |= {"note": body.note, "reference": body.reference, "until": body.until}
    step |= {"ports": " ".join(body.ports), "attached": attached}
    connection.execute(sa.insert(INCIDENT_STEPS), [step])


@projection(IncidentBreachFound)
def _found(connection: sa.Connection, seq: int, body: IncidentBreachFound) -> None:
    row = {"seq": seq, "incident": body.incident, "discovered": body.discovered}
    connection.execute(sa.insert(BREACHES), [row | {"note": body.note}])


@projection(WorkTaken)
def _taken(connection: sa.Connection, seq: int, body: WorkTaken) -> None:
    own = OPEN_WORK.c.incident == body.incident
    known = {row.item for row in connection.execute(sa.select(OPEN_WORK.c.item).where(own))}
    rows = {one.item: msgspec.to_builtins(one) for one in body.items}
    fresh = [row for item, row in rows.items() if item not in known]
    if fresh:
        common = {"incident": body.incident, "taken": seq, "closed": None, "how": ""}
        connection.execute(sa.insert(OPEN_WORK), [row | common for row in fresh])
    newer = [row for item, row in rows.items() if item in known]
    if newer:
        names = [name for name in newer[0] if name != "item"]
        change = sa.update(OPEN_WORK).where(own, OPEN_WORK.c.item == sa.bindparam("b_item"))
        change = change.values({name: sa.bindparam(f"b_{name}") for name in names})
        connection.execute(change, [{f"b_{k}": v for k, v in row.items()} for row in newer])


@projection(WorkClosed)
def _closed(connection: sa.Connection, seq: int, body: WorkClosed) -> None:
    own = sa.and_(OPEN_WORK.c.incident == body.incident, OPEN_WORK.c.item == sa.bindparam("b_item"))
    change = sa.update(OPEN_WORK).where(own, OPEN_WORK.c.closed.is_(None))
    done = change.values(closed=seq, how=body.how)
    connection.execute(done, [{"b_item": item} for item in body.items])


@projection(NoticeDrafted)
def _drafted(connection: sa.Connection, seq: int, body: NoticeDrafted) -> None:
    row = {name: value for name, value in msgspec.to_builtins(body).items() if name in NOTICES.c}
    blank = dict.fromkeys(("sent", "how", "reference", "acknowledged", "who"), "")
    connection.execute(sa.insert(NOTICES), [row | blank | {"drafted": seq}])


@projection(NoticeSent)
def _sent(connection: sa.Connection, seq: int, body: NoticeSent) -> None:
    own = sa.update(NOTICES).where(NOTICES.c.notice == body.notice)
    values = {"sent": body.happened, "how": body.how, "reference": body.reference}
    connection.execute(own.values(**values))


@projection(NoticeAcknowledged)
def _acknowledged(connection: sa.Connection, seq: int, body: NoticeAcknowledged) -> None:
    own = sa.update(NOTICES).where(NOTICES.c.notice == body.notice)
    connection.execute(own.values(acknowledged=body.happened, who=body.who))


@projection(ContactChecked)
def _checked(connection: sa.Connection, seq: int, body: ContactChecked) -> None:
    row = {name: value for name, value in msgspec.to_builtins(body).items() if name in CONTACTS.c}
    insert_or_update(connection, CONTACTS, [row | {"seq": seq}])
