"""Lines of the status page on what runs by itself: open alerts, and whether upkeep runs."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.operations import alerts, upkeep
from tasks.shared.board import Line
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[Line]:
    """Open alerts, then upkeep."""
    yield from alerts.lines(workspace.journal)
    yield from upkeep.lines(workspace.journal)
