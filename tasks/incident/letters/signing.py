"""Who signs a letter, and under whose licence (19 CFR 111.2, 111.28(a))."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.shared import people
from tasks.shared.errors import BadInput, Refused
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings


@dataclass(frozen=True)
class Signer:
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


def signer(journal: Journal, settings: Settings, given: str = "") -> Signer:
    """The person given, that of the settings, or the only one who has a licence. Raises Refused for
    somebody unknown or revoked, BadInput if nobody is named and it is not plain who it is, or if there
    is no licence to sign under."""
    person = given or settings.letters.signer
    if not person:
        licensed = [one for one in people.everyone(journal) if one.licence and not one.revoked]
        if len(licensed) != 1:
            who = ", ".join(one.person for one in licensed) or "nobody here has a licence"
            raise BadInput("letter-signer-missing", who=who)
        person = licensed[0].person
    one = people.known(journal, person)
    licence = one.licence or settings.broker.licence
    if not licence:
        raise Refused("signer-license-missing", name=one.name)
    return Signer(one.person, one.name, licence, own=bool(one.licence))
