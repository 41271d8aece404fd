"""After release: conditional release and redelivery, CBP's discretion, entries that another broker
takes over."""

from __future__ import annotations

from typing import ClassVar

from tasks.core.journal.bodies import AdoptedBody, AdoptionRule, Body


class ReleaseConditional(AdoptedBody, frozen=True, kw_only=True):
    """CBP let the goods go on a condition (a sample, a CBP 28 ...). `until`: the day on which the
    condition ended, empty while it stands."""

    kind: ClassVar[str] = "release.conditional"
    number: str
    why: str
    until: str
    proof: str


class RedeliveryDemanded(AdoptedBody, frozen=True, kw_only=True):
    """CBP Form 4647: goods are to be redelivered or marked. Days are `YYYY-MM-DD`."""

    kind: ClassVar[str] = "redelivery.demanded"
    number: str
    notice: str
    on: str
    due: str
    what: str
    proof: str


class RedeliveryAnswered(AdoptedBody, frozen=True, kw_only=True):
    """The demand is complied with, extended or withdrawn: `how` says which."""

    kind: ClassVar[str] = "redelivery.answered"
    number: str
    notice: str
    how: str
    on: str
    until: str
    proof: str


class DiscretionGranted(AdoptedBody, frozen=True, kw_only=True):
    """CBP uses its discretion for acts done late from `first` to `last`; `acts` are ids of
    `data/letters/discretion_acts.csv`."""

    kind: ClassVar[str] = "discretion.granted"
    reference: str
    first: str
    last: str
    reason: str
    acts: list[str]
    proof: str


class DiscretionRelied(AdoptedBody, frozen=True, kw_only=True):
    """An entry rests on it. `content`: the attachment for its summary, empty where none is asked
    for (released on the downtime procedure)."""

    kind: ClassVar[str] = "discretion.relied"
    number: str
    reference: str
    act: str
    content: str


class HandoverPrepared(AdoptedBody, frozen=True, kw_only=True):
    """Entries not yet presented to CBP were sealed for another broker: from now on they are not
    ours to file. `authorised`: by importer as the record names it, the client's written authorization (19
    CFR 111.24) as content; `power`: the other broker's own power of attorney from that client,
    likewise; `package`: SHA-256 of the sealed file; `recipient`: id of the key it is sealed to."""

    kind: ClassVar[str] = "handover.prepared"
    handover: str
    numbers: list[str]
    broker: str
    filer: str
    authorised: dict[str, str]
    power: dict[str, str]
    recipient: str
    manifest: str
    package: str


class HandoverRecalled(Body, frozen=True, kw_only=True):
    """The other broker did not file these and will not; they are ours again. `proof`: its word."""

    kind: ClassVar[str] = "handover.recalled"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("lets-entry-go-again", to_do=True)
    handover: str
    numbers: list[str]
    reason: str
    proof: str
