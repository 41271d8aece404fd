"""The number under which another broker filed: read, and doubted where its check digit is not to be
expected, or where it was given for another entry already. CBP may have set that filer a factor that we do
not know, and one entry may cover two shipments, so it is told and not refused."""

from __future__ import annotations

from tasks.core.journal.journal import Journal
from tasks.entries.api import EntryHandedOver, EntryNumber, make_entry_number, parse_entry_number


def read_number(text: str) -> EntryNumber:
    """The number, whatever its filer's factor is. Raises BadNumber."""
    return parse_entry_number(text, offsets={text.strip()[:3].upper(): range(10)})


def doubt_number(journal: Journal, taken: EntryNumber, number: str) -> str:
    """In words why the number that another filer gave our entry `number` may be mistyped or copied;
    empty if it stands for no other entry of ours, and its check digit is as this filer's were before,
    or as those of most filers are."""
    before = [
        event.said
        for event in journal.events(kind=EntryHandedOver.kind)
        if isinstance(event.said, EntryHandedOver) and event.said.filer == taken.filer and event.said.number != number
    ]
    twice = [one.number for one in before if one.other_number == str(taken)]
    copied = f"{taken} stands for {', '.join(twice)} already: see on the proof that it covers both"
    return "; ".join(filter(None, [copied if twice else "", _of_digit(taken, [one.other_number for one in before])]))


def _of_digit(taken: EntryNumber, before: list[str]) -> str:
    offsets = [read_number(number).offset for number in before]
    usual = offsets[-1] if offsets else 0
    if taken.offset in {usual, *offsets}:
        return ""
    right = make_entry_number(taken.filer, taken.serial, usual)
    whose = f"as {taken.filer}'s earlier ones" if offsets else f"unless CBP set {taken.filer} a factor"
    return f"its check digit would be {right.check}, {whose}: read {taken} on the proof once more"
