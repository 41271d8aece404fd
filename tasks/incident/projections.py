"""What the incident tables make of events: incidents, open work, notices, contacts, letters, hand-overs."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from tasks.core.journal.bodies import canonical
from tasks.core.journal.projections import projection
from tasks.core.journal.table_columns import insert_or_update
from tasks.duties.api import evidence_proof_name, record_proof_uses
from tasks.entries.api import WITH_ANOTHER, move_numbers
from tasks.incident.after_release.release_events import HandoverPrepared, HandoverRecalled
from tasks.incident.events import (
    ContactChecked,
    EvidenceAttached,
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
from tasks.incident.timeline.step_graph import OVER


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
    dropped = sa.and_(column.number == body.number, column.reference == body.reference)
    connection.execute(sa.delete(DOCUMENTS).where(dropped))


@projection(LetterIssued)
def _issued(connection: sa.Connection, seq: int, body: LetterIssued) -> None:
    rows = [
        {
            "letter": body.letter,
            "number": entry.number,
            "state": "issued",
            "live": entry.number,
            "port": body.port,
            "digest": entry.digest,
            "seq": seq,
            "follows": canonical(entry.follows, floats=False),
        }
        for entry in body.entries
    ]
    connection.execute(sa.insert(LETTERS), rows)


@projection(LetterReissued)
def _reissued(connection: sa.Connection, seq: int, body: LetterReissued) -> None:
    """An earlier letter may have named more entries: only those of the new one leave it."""
    for entry in body.entries:
        live = LETTERS.c.live == entry.number
        connection.execute(sa.update(LETTERS).where(live).values(state="replaced", live=None))
    _issued(connection, seq, body)


@projection(LetterWithdrawn)
def _withdrawn(connection: sa.Connection, seq: int, body: LetterWithdrawn) -> None:
    live = sa.and_(LETTERS.c.letter == body.letter, LETTERS.c.live.is_not(None))
    connection.execute(sa.update(LETTERS).where(live).values(state="withdrawn", live=None))


@projection(LetterSent)
def _letters_sent(connection: sa.Connection, seq: int, body: LetterSent) -> None:
    live = sa.and_(LETTERS.c.letter == body.letter, LETTERS.c.live.is_not(None))
    connection.execute(sa.update(LETTERS).where(live).values(state="sent"))


@projection(*(struct for base in (IncidentStep, IncidentOpened) for struct in base.__subclasses__() if struct.kind))
def _stepped(connection: sa.Connection, seq: int, body: IncidentStep) -> None:
    state = body.kind.partition(".")[2]
    of_incident = INCIDENTS.c.incident == body.incident
    values = {"state": state, "seq": seq} | ({"open": None} if state in OVER else {})
    updated = connection.execute(sa.update(INCIDENTS).where(of_incident).values(**values)).rowcount
    if not updated and isinstance(body, IncidentOpened):
        row = {"incident": body.incident, "filer": body.filer, "open": body.filer}
        row |= {"drill": body.drill, "opened": seq}
        connection.execute(sa.insert(INCIDENTS), [row | {"state": state, "seq": seq}])
    attached = canonical(msgspec.to_builtins(body.attached))
    step = {"seq": seq, "incident": body.incident, "state": state, "happened": body.happened}
    step |= {"note": body.note, "reference": body.reference, "until": body.until}
    step |= {"ports": " ".join(body.ports), "attached": attached}
    connection.execute(sa.insert(INCIDENT_STEPS), [step])


@projection(IncidentBreachFound)
def _breach_found(connection: sa.Connection, seq: int, body: IncidentBreachFound) -> None:
    row = {"seq": seq, "incident": body.incident, "discovered": body.discovered}
    connection.execute(sa.insert(BREACHES), [row | {"note": body.note}])


@projection(WorkTaken)
def _work_taken(connection: sa.Connection, seq: int, body: WorkTaken) -> None:
    of_incident = OPEN_WORK.c.incident == body.incident
    listed = {row.item for row in connection.execute(sa.select(OPEN_WORK.c.item).where(of_incident))}
    rows = {line.item: msgspec.to_builtins(line) for line in body.items}
    fresh = [row for key, row in rows.items() if key not in listed]
    if fresh:
        common = {"incident": body.incident, "taken": seq, "closed": None, "how": ""}
        connection.execute(sa.insert(OPEN_WORK), [row | common for row in fresh])
    newer = [row for key, row in rows.items() if key in listed]
    if newer:
        names = [name for name in newer[0] if name != "item"]
        change = sa.update(OPEN_WORK).where(of_incident, OPEN_WORK.c.item == sa.bindparam("b_item"))
        change = change.values({name: sa.bindparam(f"b_{name}") for name in names})
        connection.execute(change, [{f"b_{k}": v for k, v in row.items()} for row in newer])


@projection(WorkClosed)
def _closed(connection: sa.Connection, seq: int, body: WorkClosed) -> None:
    open_item = sa.and_(OPEN_WORK.c.incident == body.incident, OPEN_WORK.c.item == sa.bindparam("b_item"))
    change = sa.update(OPEN_WORK).where(open_item, OPEN_WORK.c.closed.is_(None))
    closing = change.values(closed=seq, how=body.how)
    connection.execute(closing, [{"b_item": key} for key in body.items])


@projection(NoticeDrafted)
def _drafted(connection: sa.Connection, seq: int, body: NoticeDrafted) -> None:
    row = {name: value for name, value in msgspec.to_builtins(body).items() if name in NOTICES.c}
    blank = dict.fromkeys(("sent", "how", "reference", "acknowledged", "who"), "")
    connection.execute(sa.insert(NOTICES), [row | blank | {"drafted": seq}])


@projection(NoticeSent)
def _sent(connection: sa.Connection, seq: int, body: NoticeSent) -> None:
    update = sa.update(NOTICES).where(NOTICES.c.notice == body.notice)
    values = {"sent": body.happened, "how": body.how, "reference": body.reference}
    connection.execute(update.values(**values))


@projection(NoticeAcknowledged)
def _acknowledged(connection: sa.Connection, seq: int, body: NoticeAcknowledged) -> None:
    update = sa.update(NOTICES).where(NOTICES.c.notice == body.notice)
    connection.execute(update.values(acknowledged=body.happened, who=body.who))


@projection(ContactChecked)
def _checked(connection: sa.Connection, seq: int, body: ContactChecked) -> None:
    row = {name: value for name, value in msgspec.to_builtins(body).items() if name in CONTACTS.c}
    insert_or_update(connection, CONTACTS, [row | {"seq": seq}])


@projection(EvidenceAttached)
def _evidence_attached(connection: sa.Connection, seq: int, body: EvidenceAttached) -> None:
    proves = evidence_proof_name(body.incident, body.item)
    record_proof_uses(connection, seq, proves, [attached.content for attached in body.attached])
