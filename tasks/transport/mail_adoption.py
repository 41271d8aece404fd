"""Mail in another copy of the journal: what was not sent there must not go out from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.core.journal.adoption import AdoptionHook
from tasks.core.journal.bodies import AdoptionRule
from tasks.core.journal.journal import Event
from tasks.transport.events import MailAnswered, MailQueued, MailSuperseded

_UNSENT = AdoptionRule("letter-was-waiting", to_do=True)


class MailAdoption(AdoptionHook):
    """Lists the events of letters whose sending was not finished in the other copy. Taken, they would go
    out from here: a copy that somebody wrote must not make this home send letters."""

    def rules(self, theirs: Sequence[Event], prefix: int) -> Mapping[int, AdoptionRule]:
        events = [event for event in theirs[prefix:] if event.kind.startswith("mail.")]
        unsent = _unsent_letters(events)
        return {event.seq: _UNSENT for event in events if getattr(event.said, "mail", "") in unsent}


def _unsent_letters(events: Sequence[Event]) -> set[str]:
    unsent: set[str] = set()
    for event in events:
        body = event.said
        if isinstance(body, MailQueued):
            unsent.add(body.mail)
        elif isinstance(body, MailSuperseded | MailAnswered) and not getattr(body, "waiting", ()):
            unsent.discard(body.mail)
    return unsent
