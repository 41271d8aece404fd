"""Lines of the status page on incidents: clocks, notices, contacts, letters, agencies, redelivery."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.status_lines import StatusLine
from tasks.incident.after_release import redelivery_demands
from tasks.incident.agencies import flag_tables
from tasks.incident.timeline.incident_state import find_incident
from tasks.incident.timeline.status_lines import incident_lines
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[StatusLine]:
    """The open incident with its clocks, whom to notify, and papers once there is something of them."""
    yield from incident_lines(workspace)
    yield from flag_tables.readiness(workspace)
    letters = next(workspace.journal.events(kind="letter."), None)
    if letters or find_incident(workspace.journal.rows):
        # imported here: they load pyarrow, which a status page without letters must not wait for
        from tasks.incident.letters import letter_records, stale_letters
        from tasks.incident.letters.letter_records import entries_lacking_letters

        yield from entries_lacking_letters(workspace)
        if letters:
            yield from letter_records.readiness(workspace)
            yield from stale_letters.readiness(workspace)
    yield from redelivery_demands.readiness(workspace)
