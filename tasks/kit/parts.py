"""The parts of the kit, in the order of the printed pages. A room that adds one adds a line here."""

from __future__ import annotations

from tasks.shared.kit_part import Provider
from tasks.workspace import Workspace


def providers() -> tuple[Provider, ...]:
    """Every part. Imported when asked for: a desk that only checks needs few of them."""
    from tasks.kit import (
        agencies,
        call_sheet,
        clients,
        contacts,
        extracts,
        letters,
        own_settings,
        recovery,
        run_book,
        workbooks,
    )

    return (
        run_book.PROVIDER,
        contacts.PROVIDER,
        call_sheet.PROVIDER,
        workbooks.PROVIDER,
        letters.PROVIDER,
        clients.PROVIDER,
        extracts.PROVIDER,
        agencies.PROVIDER,
        recovery.PROVIDER,
        own_settings.PROVIDER,
    )


def states(workspace: Workspace) -> dict[str, str]:
    """What each part would be made of now."""
    return {one.name: one.state(workspace) for one in providers()}
