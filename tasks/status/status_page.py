"""What `continuity status` shows: CBP's ten recommendations, and what needs a person, newest first."""

from __future__ import annotations

from tasks.core.registry import packages, resolve
from tasks.core.status_lines import StatusLine
from tasks.workspace import Workspace


def status_lines(workspace: Workspace) -> list[StatusLine]:
    """The lines of every package."""
    providers = [package.status for package in packages() if package.status]
    return [line for provider in providers for line in resolve(provider)(workspace)]
