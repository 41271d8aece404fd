"""The incident: where it stands, its steps, what came to light."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from tasks.shared import kinds
from tasks.shared.folds.registry import FOLDS, fold
from tasks.shared.incident_tables import BREACHES, INCIDENT_STEPS, INCIDENTS

OVER = ("dismissed", "closed")
"""States after which another incident can be opened."""


def _stepped(connection: sa.Connection, seq: int, body: kinds.IncidentStep) -> None:
    state = body.kind.partition(".")[2]
    own = INCIDENTS.c.incident == body.incident
    values = {"state": state, "seq": seq} | ({"open": None} if state in OVER else {})
    known = connection.execute(sa.update(INCIDENTS).where(own).values(**values)).rowcount
    if not known and isinstance(body, kinds.IncidentOpened):
        row = {"incident": body.incident, "filer": body.filer, "open": body.filer}
        row |= {"drill": body.drill, "opened": seq}
        connection.execute(sa.insert(INCIDENTS), [row | {"state": state, "seq": seq}])
    attached = kinds.canonical(msgspec.to_builtins(body.attached))
    step = {"seq": seq, "incident": body.incident, "state": state, "happened": body.happened}
    step |= {"note": body.note, "reference": body.reference, "until": body.until}
    step |= {"ports": " ".join(body.ports), "attached": attached}
    connection.execute(sa.insert(INCIDENT_STEPS), [step])


FOLDS.update(
    dict.fromkeys(
        (one for base in (kinds.IncidentStep, kinds.IncidentOpened)
         for one in base.__subclasses__() if one.kind),
        _stepped,
    )
)  # fmt: skip


@fold(kinds.IncidentBreachFound)
def _found(connection: sa.Connection, seq: int, body: kinds.IncidentBreachFound) -> None:
    row = {"seq": seq, "incident": body.incident, "discovered": body.discovered}
    connection.execute(sa.insert(BREACHES), [row | {"note": body.note}])
