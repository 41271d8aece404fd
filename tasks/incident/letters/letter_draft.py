"""A downtime letter before it is put on paper: all that it says, and of which entries; who the broker is
and who signs, as every letter to a port must say (19 CFR 111.2, 111.19, 111.28(a))."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

import msgspec

from tasks.core.errors import BadInput, Problem, Refused
from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import Journal
from tasks.core.settings import SETTINGS_FILE, BrokerSettings, Settings
from tasks.incident.agencies.agency_requirements import AgencyDemand
from tasks.incident.letters.entry_case import EntryCase
from tasks.incident.letters.entry_documents import EntryDocument
from tasks.incident.letters.letter_events import LetterGap
from tasks.incident.letters.letter_values import joined
from tasks.incident.settings import LetterSettings
from tasks.incident.timeline.downtime_authorization import LetterAuthorization
from tasks.security.api import all_people, find_person

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
    issued_at: datetime
    broker: BrokerSettings
    signer: LetterSigner
    authorization: LetterAuthorization
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
        number = f"-{self.parts[0].case.number}" if self.per == SHIPMENT else ""
        return f"{self.issued_at:%Y%m%dT%H%MZ}-{self.id}-port-{self.port}{number}.pdf"


def letter_name(
    parts: Sequence[LetterPart], day: date, signer: LetterSigner, replaces: Sequence[str], reason: str, before: int
) -> str:
    """The letter's id out of all that it rests on: made twice of the same, it is the same letter.
    `before`: letters that these entries were on already."""
    content = [
        [
            (
                p.case.number,
                p.case.digest,
                p.asks,
                [msgspec.to_builtins(gap) for gap in p.follows],
                [d.content for d in p.documents],
                [demand.facts for demand in p.demands],
            )
            for p in parts
        ],
        day.isoformat(),
        signer.person,
        list(replaces),
        reason,
        before,
    ]
    digest = sha256(canonical(content).encode()).hexdigest()
    return f"DL-{digest[:8].upper()}"


@dataclass(frozen=True)
class LetterSigner:
    """`licence` is the signer's own (`licensed`), or the firm's; `title` says so on the letter."""

    person: str
    name: str
    licence: str
    licensed: bool

    @property
    def title(self) -> str:
        if self.licensed:
            return f"licensed customs broker, license {self.licence}"
        return f"employee, under the firm's license {self.licence} and its responsible supervision"


def letter_signer(journal: Journal, settings: Settings, chosen: str = "") -> LetterSigner:
    """The person given, that of the settings, or the only one who has a license. Raises Refused for
    somebody unknown or revoked, BadInput if nobody is named and it is not plain who it is, or if there
    is no license to sign under."""
    person = chosen or settings(LetterSettings).signer
    if not person:
        licensed = [candidate for candidate in all_people(journal) if candidate.licence and not candidate.revoked]
        if len(licensed) != 1:
            who = ", ".join(candidate.person for candidate in licensed) or "nobody here has a licence"
            raise BadInput("letter-signer-missing", who=who)
        person = licensed[0].person
    signer = find_person(journal, person)
    licence = signer.licence or settings(BrokerSettings).licence
    if not licence:
        raise Refused("signer-license-missing", name=signer.name)
    return LetterSigner(signer.person, signer.name, licence, licensed=bool(signer.licence))


REQUIRED_BROKER_FACTS = {
    "name": ("name", 'the name on the license, like name = "Harbor & Vance Customs Brokers"'),
    "licence": ("license number", 'the customs broker license number, like licence = "12345"'),
    "permit": ("permit number", 'the national permit number, like permit = "22-00417"'),
    "address": ("address", 'the office, like address = "120 Bridge St, Laredo TX 78040"'),
    "contact_phone": ("telephone", 'a number answered day and night, like contact_phone = "9565550142"'),
}
"""Setting of [broker] -> what it is on the letter, and what to enter."""


def missing_fields(broker: BrokerSettings) -> list[str]:
    """The settings of [broker] that a letter needs and that are empty, or as they are shipped."""
    return [name for name in REQUIRED_BROKER_FACTS if not _value(broker, name)]


def field_titles(names: list[str]) -> str:
    """What those settings are on a letter: `license number, address`."""
    return ", ".join(REQUIRED_BROKER_FACTS[name][0] for name in names)


def require_complete(broker: BrokerSettings) -> None:
    """Raises BadInput, naming each setting that is missing and what to enter."""
    problems = [
        Problem(
            file=SETTINGS_FILE, column=f"[broker] {name}", right=REQUIRED_BROKER_FACTS[name][1], code="setting-not-set"
        )
        for name in missing_fields(broker)
    ]
    if problems:
        raise BadInput("letterhead-incomplete", problems)


def credentials(broker: BrokerSettings) -> str:
    """`filer ABC · license 12345 · permit 22-00417`; what is missing is said to be."""
    return joined(_credentials(broker), " · ")


def telephone_lines(broker: BrokerSettings) -> str:
    """Who answers, and the number."""
    return joined((broker.contact_name, broker.contact_phone), " · ")


def _credentials(broker: BrokerSettings) -> Iterator[str]:
    yield f"filer {broker.filer_code}"
    yield f"license {broker.licence.strip() or 'NOT SET'}"
    yield f"permit {broker.permit.strip() or 'NOT SET'}"


def _value(broker: BrokerSettings, name: str) -> str:
    value = str(getattr(broker, name)).strip()
    return "" if name == "name" and value == BrokerSettings().name else value
