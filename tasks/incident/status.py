"""Lines of the status page on incidents: clocks, notices, contacts, letters, agencies, redelivery."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.incident import state, watch
from tasks.incident.after import redelivery
from tasks.incident.pga import loading
from tasks.shared.board import Line
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[Line]:
    """The open incident with its clocks, whom to notify, and papers once there is something of them."""
    yield from watch.lines(workspace)
    yield from loading.readiness(workspace)
    letters = next(workspace.journal.events(kind="letter."), None)
    if letters or state.find(workspace.journal.rows):
        # They read entries as Arrow tables.
        from tasks.incident.letters import chasing, outdated

        yield from chasing.unlettered(workspace)
        if letters:
            yield from chasing.readiness(workspace)
            yield from outdated.readiness(workspace)
    yield from redelivery.readiness(workspace)
