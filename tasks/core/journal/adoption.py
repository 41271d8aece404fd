"""Which events of another copy of the journal `journal adopt` takes, and which it only lists.

The signature of a copy shows who wrote it, not that its approvals are genuine: whoever has a copy can
add events to it and sign it with a key of their own. So adoption takes facts, each of which can at most
keep something from being done twice. It never takes what lets something be done: people, approvals,
settlements, signatures. Those are listed, and a person of this home does them again.

Every event type declares its `AdoptionRule`; a type that declares none is listed. A package can rule on
single events, and take a part of one, with an `AdoptionHook`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.core.findings import Finding
from tasks.core.journal.bodies import AdoptionRule, Body, body_types
from tasks.core.journal.journal import Event, Pen

_KEY_OF_LISTED = AdoptionRule("key-of-listed-event", to_do=True)


@dataclass(frozen=True)
class ListedEvent:
    """An event of the other copy that is listed and not taken."""

    event: Event
    rule: AdoptionRule

    def row(self) -> dict[str, object]:
        """For a table or JSON. `digest` finds the event in the stored copy."""
        return {
            "seq": self.event.seq,
            "kind": self.event.kind,
            "subject": self.event.subject,
            "by": self.event.actor,
            "at": self.event.at,
            "code": self.rule.code,
            "why": self.rule.reason,
            "next": self.rule.correction,
            "digest": self.event.digest,
        }


@dataclass(frozen=True)
class EventParts:
    """What is taken of an event: bodies, each with the end of its key. `conflicts`: what is not, by subject."""

    bodies: Sequence[tuple[Body, str]]
    conflicts: Sequence[Finding]


class AdoptionHook:
    """What a package knows of its events in another copy. One is made for each adoption."""

    def rules(self, theirs: Sequence[Event], prefix: int) -> Mapping[int, AdoptionRule]:
        """Rules for single events after the common `prefix`, by `seq`, in place of those of their types."""
        return {}

    def parts(self, pen: Pen, event: Event) -> EventParts | None:
        """The parts of an event that can be taken; None if it is taken whole."""
        return None


def sort_events(
    theirs: Sequence[Event], prefix: int, hooks: Sequence[AdoptionHook]
) -> tuple[list[Event], list[ListedEvent]]:
    """The events after the common `prefix` that may be taken, and those that are listed."""
    own_rules = {seq: rule for hook in hooks for seq, rule in hook.rules(theirs, prefix).items()}
    reserved = {key for body in body_types().values() for key in body.adoption.keys}
    adopted: list[Event] = []
    listed: list[ListedEvent] = []
    for event in theirs[prefix:]:
        rule = own_rules.get(event.seq) or type(event.said).adoption
        if not rule.code and event.seq not in own_rules and (event.key or "").split(":")[0] in reserved:
            rule = _KEY_OF_LISTED
        if rule.code:
            listed.append(ListedEvent(event, rule))
        else:
            adopted.append(event)
    return adopted, listed
