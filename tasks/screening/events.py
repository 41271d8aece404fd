"""The lists, the partners, what was found and who decided."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tasks.core.journal.bodies import AdoptedBody, AdoptionRule, Body


class ListSource(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    sha256: str


class ListShortfall(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a list from being whole: fewer records or names than its floor. `source`: the source
    code within the CSL, empty for the list itself; `counted`: records or names."""

    source: str
    counted: str
    count: int
    least: int


class ListLoaded(Body, frozen=True, kw_only=True):
    """A version of a list is in force. `as_of`: the day on which the publisher's list read so.

    `partial`: not the whole list (the embedded subset). `accepted_by`: who took it although
    something was wrong with it (`faults`), and why. `short`: what of it is below its floor; such a
    list is not whole, whoever accepted it.
    """

    kind: ClassVar[str] = "list.loaded"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("hit-decided-elsewhere", to_do=True)
    list_id: str
    content: str
    sources: list[ListSource]
    as_of: str
    records: int
    names: int
    partial: bool = False
    faults: int = 0
    accepted_by: str = ""
    reason: str = ""
    short: tuple[ListShortfall, ...] = ()


class ListChecked(Body, frozen=True, kw_only=True):
    """The publisher's list still reads as the version in force."""

    kind: ClassVar[str] = "list.checked"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("hit-decided-elsewhere", to_do=True)
    list_id: str
    list_version: str
    as_of: str


class PartnersTaken(AdoptedBody, frozen=True, kw_only=True):
    """The register of partners, whole, as it stands after this file. `refused`: rows left out."""

    kind: ClassVar[str] = "partners.taken"
    content: str
    source: str
    file: str
    partners: int
    added: int
    changed: int
    retired: int
    refused: int


class ScreeningDone(Body, frozen=True, kw_only=True):
    """Partners were held against lists. `content`: every hit that stands after it, with its
    explanation; `lists` and `partners` name what was screened, `model` how: enough to do it again.

    `scope`: full, changes, or name (`about`: what was asked for; `partners` is then a register of that
    one alone, and was empty before it was kept).
    """

    kind: ClassVar[str] = "screening.done"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("hit-decided-elsewhere", to_do=True)
    scope: str
    model: str
    lists: dict[str, str]
    partners: str
    content: str
    screened: int
    hits: int
    about: str = ""


class HitLine(msgspec.Struct, frozen=True, kw_only=True):
    """One partner that resembles one list record; the digests say which content of both.
    `strong` hits are decided by two persons. `effect`: what the policy says of it."""

    hit: str
    partner: str
    record: str
    partner_digest: str
    record_digest: str
    score: float
    strong: bool
    effect: str


class HitFound(Body, frozen=True, kw_only=True):
    """What one screening found anew or otherwise than before, and which hits are gone."""

    kind: ClassVar[str] = "hit.found"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("hit-decided-elsewhere", to_do=True)
    hits: list[HitLine]
    gone: list[str]


class _Decision(Body, frozen=True, kw_only=True):
    """`partners`, `list_version`: content of the register and the list that was looked at."""

    hit: str
    partner_digest: str
    record_digest: str
    partners: str
    list_version: str
    reason: str
    persons: list[str]
    expires: str


class HitProposed(_Decision, frozen=True, kw_only=True):
    """The first of two persons has decided a strong hit: the plan `plan` waits for the second."""

    kind: ClassVar[str] = "hit.proposed"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("hit-decided-elsewhere", to_do=True)
    verdict: str
    plan: str


class HitCleared(_Decision, frozen=True, kw_only=True):
    """Not the same party. Holds until `expires`, while both contents stay as they were.
    `approval`: the plan by which two persons decided; empty where one person may."""

    kind: ClassVar[str] = "hit.cleared"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("hit-decided-elsewhere", to_do=True, keys=("decided",))
    approval: str = ""


class HitConfirmed(_Decision, frozen=True, kw_only=True):
    """The same party. Stands until the record or the partner is gone; `expires` is empty.
    `approval` as in `HitCleared`."""

    kind: ClassVar[str] = "hit.confirmed"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("hit-decided-elsewhere", to_do=True, keys=("decided",))
    approval: str = ""


class PartnerReviewed(AdoptedBody, frozen=True, kw_only=True):
    """Somebody looked at the whole partner. `weights`: the version of the risk weights."""

    kind: ClassVar[str] = "partner.reviewed"
    partner: str
    points: int
    tier: str
    weights: str
    note: str
    due: str
