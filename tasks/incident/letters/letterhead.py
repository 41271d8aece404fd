"""Who the broker is, as every letter to a port must say: name, license (19 CFR 111.2), permit (19 CFR
111.19) and office, and a telephone that is answered day and night. Nothing of it can be added at the port.

Who signs a letter, and under whose licence (19 CFR 111.2, 111.28(a)).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tasks.core.errors import BadInput, Problem, Refused
from tasks.core.journal.journal import Journal
from tasks.core.settings import SETTINGS_FILE, BrokerSettings, Settings
from tasks.incident.letters.letter_values import joined
from tasks.incident.settings import LetterSettings
from tasks.security.api import all_people, find_person


@dataclass(frozen=True)
class LetterSigner:
    """`licence` is the signer's own, or the firm's where she has none; `words` say so on the letter."""

    person: str
    name: str
    licence: str
    own: bool

    @property
    def words(self) -> str:
        if self.own:
            return f"licensed customs broker, license {self.licence}"
        return f"employee, under the firm's license {self.licence} and its responsible supervision"


def letter_signer(journal: Journal, settings: Settings, given: str = "") -> LetterSigner:
    """The person given, that of the settings, or the only one who has a licence. Raises Refused for
    somebody unknown or revoked, BadInput if nobody is named and it is not plain who it is, or if there
    is no licence to sign under."""
    person = given or settings(LetterSettings).signer
    if not person:
        licensed = [one for one in all_people(journal) if one.licence and not one.revoked]
        if len(licensed) != 1:
            who = ", ".join(one.person for one in licensed) or "nobody here has a licence"
            raise BadInput("letter-signer-missing", who=who)
        person = licensed[0].person
    one = find_person(journal, person)
    licence = one.licence or settings(BrokerSettings).licence
    if not licence:
        raise Refused("signer-license-missing", name=one.name)
    return LetterSigner(one.person, one.name, licence, own=bool(one.licence))


REQUIRED = {
    "name": ("name", 'the name on the license, like name = "Harbor & Vance Customs Brokers"'),
    "licence": ("license number", 'the customs broker license number, like licence = "12345"'),
    "permit": ("permit number", 'the national permit number, like permit = "22-00417"'),
    "address": ("address", 'the office, like address = "120 Bridge St, Laredo TX 78040"'),
    "contact_phone": ("telephone", 'a number answered day and night, like contact_phone = "9565550142"'),
}
"""Setting of [broker] -> what it is on the letter, and what to enter."""


def missing_fields(broker: BrokerSettings) -> list[str]:
    """The settings of [broker] that a letter needs and that are empty, or as they are shipped."""
    return [name for name in REQUIRED if not _value(broker, name)]


def field_titles(names: list[str]) -> str:
    """What those settings are on a letter: `license number, address`."""
    return ", ".join(REQUIRED[name][0] for name in names)


def require_complete(broker: BrokerSettings) -> None:
    """Raises BadInput, naming each setting that is missing and what to enter."""
    problems = [
        Problem(file=SETTINGS_FILE, column=f"[broker] {name}", right=REQUIRED[name][1], code="setting-not-set")
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
