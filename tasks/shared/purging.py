"""Private values whose day has come: their keys are destroyed, and that is an event. The values can then
be read nowhere, in no copy; what was printed stays paper."""

from __future__ import annotations

from tasks.shared import clock
from tasks.shared.journal import Journal
from tasks.shared.kinds.entries import PrivatePurged
from tasks.shared.private import Vault


def purge(journal: Journal, vault: Vault, actor: str) -> int:
    """Destroy what is due ([private] keep_days after it was recorded); returns how many values. A crash
    between the two leaves values destroyed and not told, never told and still there."""
    day = clock.now().date()
    if gone := vault.purge_due(day):
        journal.append(PrivatePurged(values=gone, day=day.isoformat()), "private", actor)
    return gone
