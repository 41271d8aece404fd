"""Lines of the status page on what runs by itself: open alerts, and whether upkeep runs."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.status_lines import StatusLine
from tasks.operations import alert_records, upkeep
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[StatusLine]:
    """Open alerts, then upkeep."""
    yield from alert_records.lines(workspace.journal)
    yield from upkeep.lines(workspace.journal)
