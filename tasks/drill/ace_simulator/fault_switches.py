"""Misbehavior on request: lost, doubled, late answers, rejections, failures, a death half-way.

Switches lie in the state file, so that a simulator started anew behaves as it was set to.
"""

from __future__ import annotations

from typing import Literal, get_args

from tasks.core.errors import ContinuityError
from tasks.drill.ace_simulator.state_database import SimulatorState

Kind = Literal["drop", "twice", "late", "reject", "ZZZ", "die"]
"""drop: the answer to a batch is lost; twice: it comes two times; late: it is kept until asked for;
reject: a batch is refused unseen (detail: the X code); ZZZ: a transaction meets a system failure
and is not processed; die: the simulator stops before a transaction."""


class SimulatorStopped(ContinuityError):
    """The simulator was switched to stop here. What it did before is done, and no more."""


def set_switch(database: SimulatorState, kind: Kind, times: int, skip: int, detail: str, only: str) -> None:
    """`only`: batches or answers of this application alone count; empty: all. Raises ValueError for
    a misbehavior that the simulator does not know."""
    if kind not in get_args(Kind):
        raise ValueError(f"{kind} is none of {', '.join(get_args(Kind))}")
    with database.writing():
        database.run(
            "INSERT INTO switches (kind, skip, times, detail, only) VALUES (?, ?, ?, ?, ?)",
            kind,
            skip,
            times,
            detail,
            only,
        )


def take_switch(database: SimulatorState, kind: Kind, application: str = "") -> str | None:
    """The detail of a switch whose turn it is, now used once; None where all is to go well.
    `application`: of the batch or answer at hand.

    Counts one batch or transaction off where it is to be skipped. Belongs in a `writing()`.
    """
    rows = database.run(
        "SELECT id, skip, detail FROM switches WHERE kind = ? AND times > 0 AND only IN ('', ?) ORDER BY id LIMIT 1",
        kind,
        application,
    )
    if not rows:
        return None
    row = rows[0]
    if row["skip"] > 0:
        database.run("UPDATE switches SET skip = skip - 1 WHERE id = ?", row["id"])
        return None
    database.run("UPDATE switches SET times = times - 1 WHERE id = ?", row["id"])
    return row["detail"]
