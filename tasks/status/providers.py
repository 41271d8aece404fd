"""Which packages give lines of the status page, in the order in which lines of one light stand.

Each names a function that takes the `Workspace` and gives its own lines, and nothing of another package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module

from tasks.shared.board import Line
from tasks.workspace import Workspace

Provider = Callable[[Workspace], Iterable[Line]]

PROVIDERS = {
    "status": "tasks.status.approvals:lines",
    "reconciliation": "tasks.reconciliation.status:lines",
    "entries": "tasks.entries.status:lines",
    "screening": "tasks.screening.status:lines",
    "kit": "tasks.kit.check:watch",
    "operations": "tasks.operations.status:lines",
    "incident": "tasks.incident.status:lines",
    "duties": "tasks.duties.readiness:lines",
    "backup": "tasks.backup.status:lines",
    "shared": "tasks.shared.status:lines",
}
"""Package: module and function. They are imported when the page is asked for: some are heavy."""


def provider(package: str) -> Provider:
    """The function that gives a package's lines."""
    module, _, name = PROVIDERS[package].partition(":")
    return getattr(import_module(module), name)
