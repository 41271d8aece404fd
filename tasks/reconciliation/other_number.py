"""The number under which another broker filed: read, and doubted where its check digit is not to be
expected. CBP may have set that filer a factor that we do not know, so it is told and not refused."""

from __future__ import annotations

from tasks.entries.number import EntryNumber, make, parse
from tasks.shared import kinds
from tasks.shared.journal import Journal


def read(text: str) -> EntryNumber:
    """The number, whatever its filer's factor is. Raises BadNumber."""
    return parse(text, offsets={text.strip()[:3].upper(): range(10)})


def doubt(journal: Journal, taken: EntryNumber) -> str:
    """In words why its check digit may be mistyped; empty if it is as this filer's were before, or as
    those of most filers are."""
    before = [
        read(event.said.other_number).offset
        for event in journal.events(kind=kinds.EntryHandedOver.kind)
        if isinstance(event.said, kinds.EntryHandedOver) and event.said.filer == taken.filer
    ]
    usual = before[-1] if before else 0
    if taken.offset in {usual, *before}:
        return ""
    right = make(taken.filer, taken.serial, usual)
    whose = (
        f"as {taken.filer}'s earlier ones" if before else f"unless CBP set {taken.filer} a factor"
    )
    return f"its check digit would be {right.check}, {whose}: read {taken} on the proof once more"
