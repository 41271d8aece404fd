"""What `continuity status` shows: CBP's ten recommendations, and what needs a person, newest first."""

from __future__ import annotations

from tasks.shared.board import Line
from tasks.status.providers import PROVIDERS, provider
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> list[Line]:
    """The lines of every package."""
    return [line for package in PROVIDERS for line in provider(package)(workspace)]
