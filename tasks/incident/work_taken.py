"""What was taken of the exports of open work, and what was not: that is on no list."""

from __future__ import annotations

from tasks.shared.kinds.incident import WorkTaken
from tasks.workspace import Workspace


def left_out(workspace: Workspace, incident: str) -> dict[str, int]:
    """File to how many of its rows could not be read when taken last: work that is on no list."""
    return {file: one.left for file, one in taken(workspace, incident).items() if one.left}


def untaken(workspace: Workspace, incident: str) -> list[str]:
    """Files of the settings of which nothing was ever taken: what they say is on no list."""
    have = taken(workspace, incident)
    names = [one.file.name for one in workspace.settings.incident.open_work]
    return [name for name in names if name not in have]


def taken(workspace: Workspace, incident: str) -> dict[str, WorkTaken]:
    """What was taken last of each file."""
    events = workspace.journal.events(kind=WorkTaken.kind, subject=f"incident/{incident}")
    return {one.said.file: one.said for one in events if isinstance(one.said, WorkTaken)}
