"""A downtime letter before it is put on paper: all that it says, and of which entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

import msgspec

from tasks.core.journal.bodies import canonical
from tasks.core.settings import BrokerSettings
from tasks.incident.agencies.agency_requirements import AgencyDemand
from tasks.incident.letters.entry_case import EntryCase
from tasks.incident.letters.entry_documents import EntryDocument
from tasks.incident.letters.letter_events import LetterGap
from tasks.incident.letters.letterhead import LetterSigner
from tasks.incident.timeline.downtime_authorization import LetterAuthorization

SHIPMENT, PORT = "shipment", "port"


@dataclass(frozen=True)
class LetterPart:
    """One entry on the letter. `follows`: what is still to come; `se_accepted`: ACE took its
    cargo release, which immediate delivery needs before the goods go (SE11 note 9)."""

    case: EntryCase
    asks: str
    follows: tuple[LetterGap, ...]
    demands: tuple[AgencyDemand, ...]
    documents: tuple[EntryDocument, ...]
    se_accepted: bool


@dataclass(frozen=True)
class LetterDraft:
    """`id` is printed on every page; `replaces` are letters that this one takes the place of."""

    id: str
    per: str
    port: str
    day: date
    made: datetime
    broker: BrokerSettings
    signer: LetterSigner
    leave: LetterAuthorization
    override: str
    parts: tuple[LetterPart, ...]
    replaces: tuple[str, ...] = ()
    reason: str = ""
    drill: bool = False

    @property
    def title(self) -> str:
        return f"Downtime letter {self.id}"

    @property
    def file(self) -> str:
        """Sorts by time, names port and letter."""
        one = f"-{self.parts[0].case.number}" if self.per == SHIPMENT else ""
        return f"{self.made:%Y%m%dT%H%MZ}-{self.id}-port-{self.port}{one}.pdf"


def letter_name(
    parts: Sequence[LetterPart], day: date, signer: LetterSigner, replaces: Sequence[str], reason: str, before: int
) -> str:
    """The letter's id out of all that it rests on: made twice of the same, it is the same letter.
    `before`: letters that these entries were on already."""
    said = [
        [
            (
                p.case.number,
                p.case.digest,
                p.asks,
                [msgspec.to_builtins(gap) for gap in p.follows],
                [d.content for d in p.documents],
                [one.facts for one in p.demands],
            )
            for p in parts
        ],
        day.isoformat(),
        signer.person,
        list(replaces),
        reason,
        before,
    ]
    digest = sha256(canonical(said).encode()).hexdigest()
    return f"DL-{digest[:8].upper()}"
