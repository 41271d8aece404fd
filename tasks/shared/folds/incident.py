"""The incident: where it stands, its steps, what came to light."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from tasks.shared.folds.registry import fold
from tasks.shared.folds.upsert import put
from tasks.shared.incident_tables import (
    BREACHES,
    CONTACTS,
    INCIDENT_STEPS,
    INCIDENTS,
    NOTICES,
    OPEN_WORK,
)
from tasks.shared.kinds.base import canonical
from tasks.shared.kinds.incident import (
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

OVER = ("dismissed", "closed")
"""States after which another incident can be opened."""


@fold(
    *(
        struct
        for base in (IncidentStep, IncidentOpened)
        for struct in base.__subclasses__()
        if struct.kind
    )
)
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


@fold(IncidentBreachFound)
def _found(connection: sa.Connection, seq: int, body: IncidentBreachFound) -> None:
    row = {"seq": seq, "incident": body.incident, "discovered": body.discovered}
    connection.execute(sa.insert(BREACHES), [row | {"note": body.note}])


@fold(WorkTaken)
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


@fold(WorkClosed)
def _closed(connection: sa.Connection, seq: int, body: WorkClosed) -> None:
    own = sa.and_(OPEN_WORK.c.incident == body.incident, OPEN_WORK.c.item == sa.bindparam("b_item"))
    change = sa.update(OPEN_WORK).where(own, OPEN_WORK.c.closed.is_(None))
    done = change.values(closed=seq, how=body.how)
    connection.execute(done, [{"b_item": item} for item in body.items])


@fold(NoticeDrafted)
def _drafted(connection: sa.Connection, seq: int, body: NoticeDrafted) -> None:
    row = {name: value for name, value in msgspec.to_builtins(body).items() if name in NOTICES.c}
    blank = dict.fromkeys(("sent", "how", "reference", "acknowledged", "who"), "")
    connection.execute(sa.insert(NOTICES), [row | blank | {"drafted": seq}])


@fold(NoticeSent)
def _sent(connection: sa.Connection, seq: int, body: NoticeSent) -> None:
    own = sa.update(NOTICES).where(NOTICES.c.notice == body.notice)
    values = {"sent": body.happened, "how": body.how, "reference": body.reference}
    connection.execute(own.values(**values))


@fold(NoticeAcknowledged)
def _acknowledged(connection: sa.Connection, seq: int, body: NoticeAcknowledged) -> None:
    own = sa.update(NOTICES).where(NOTICES.c.notice == body.notice)
    connection.execute(own.values(acknowledged=body.happened, who=body.who))


@fold(ContactChecked)
def _checked(connection: sa.Connection, seq: int, body: ContactChecked) -> None:
    row = {name: value for name, value in msgspec.to_builtins(body).items() if name in CONTACTS.c}
    put(connection, CONTACTS, [row | {"seq": seq}])
