"""Private values whose day has come: their keys are destroyed, and that is an event. The values can then
be read nowhere, in no copy; what was printed stays paper."""

from __future__ import annotations

from tasks.core import clock
from tasks.core.journal.journal import Journal
from tasks.security.events import PrivatePurged
from tasks.security.private_data import Vault


def purge_private_values(journal: Journal, vault: Vault, actor: str) -> int:
    """Destroy what is due ([private] keep_days after it was recorded); returns how many values. A crash
    between the two leaves values destroyed and not told, never told and still there."""
    day = clock.now().date()
    if gone := vault.purge_due(day):
        journal.append(PrivatePurged(values=gone, day=day.isoformat()), "private", actor)
    return gone
