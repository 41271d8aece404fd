"""What notices say of the entries that the book can count: the share that other agencies regulate, and
the discretion that entries rest on. A person's words stand beside it, or alone where the book is silent,
and are shown to be that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum

import sqlalchemy as sa

from tasks.entries import history
from tasks.incident.letters.case import cases
from tasks.incident.pga import demands as pga, history as agencies
from tasks.incident.state import Incident
from tasks.shared import messages
from tasks.shared.projections import ENTRIES
from tasks.workspace import Workspace


class Origin(StrEnum):
    """Whose word a fact of a notice is."""

    NOBODY = "nobody"
    HAND = "hand"
    PLAN = "plan"
    JOURNAL = "journal"
    BOTH = "journal-and-hand"


SILENT: Mapping[str, str] = {"agency-share": "", "discretion": "none on record"}
"""Facts in which the book's word goes first, and what is said where nobody knows anything."""


def with_hand(name: str, book: str, said: str) -> tuple[str, Origin]:
    """The journal's words, a person's words, or both, each to be told from the other; and whose."""
    if book and said:
        text = messages.text("fact-of-journal-and-hand", {"journal": book, "stated": said})
        return text, Origin.BOTH
    if book:
        return book, Origin.JOURNAL
    if said:
        return messages.text("fact-stated-by-hand", {"stated": said}), Origin.HAND
    return SILENT[name], Origin.NOBODY


def agency_share(workspace: Workspace, incident: Incident) -> str:
    """`7 of 20 entries recorded (35%): FDA 5, NHT 2`; before anything is recorded, the same of the goods in
    the clients' trade history; empty where there is neither. Counted is what the desk recorded, what a
    flag requires or may ask, and what the client had to show before; a hint of the tariff's chapter is
    not."""
    known = pga.Agencies(workspace)
    own, of_what = list(_of_entries(known)), "entries recorded"
    if not own:
        own, of_what = _of_history(known), "goods in our clients' history, no entry is recorded yet"
    if not own:
        return ""
    regulated = sum(map(bool, own))
    counted = Counter(agency for some in own for agency in some)
    by = ", ".join(f"{agency} {count:,}" for agency, count in counted.most_common())
    flags = known.flags
    basis = f"tariff flags as of {flags.as_of}" if flags.rows else "no tariff flags are loaded"
    return (f"{regulated:,} of {len(own):,} {of_what} ({regulated / len(own):.0%})"
            f"{': ' if by else ''}{by}; {basis}")  # fmt: skip


def _of_entries(known: pga.Agencies) -> Iterator[set[str]]:
    """The agencies that have a say in each recorded entry."""
    numbers = [row.number for row in known.workspace.journal.rows(sa.select(ENTRIES.c.number))]
    for case in cases(known.workspace, numbers):
        yield {
            one.agency for one in pga.demands(known, case) if one.need not in (pga.HINT, pga.NOTED)
        }


def _of_history(known: pga.Agencies) -> list[set[str]]:
    """The agencies of each client's goods: a tariff number and origin a row."""
    found = history.latest(known.workspace.journal, known.workspace.content)
    return [
        {flag["agency"] for flag in known.flags_of(row["hts_number"] or "") if flag["need"] != "N"}
        | {one.agency for one in known.past_of(_client(row), row["hts_number"] or "")}
        for row in (found.to_pylist() if found is not None else ())
    ]


def _client(row: Mapping[str, str]) -> str:
    return agencies.client_of(
        {"importer_number": row["importer_number"], "importer_name": row["importer"]}
    )


def discretion(workspace: Workspace, incident: Incident) -> str:
    """Each grant with its dates and how many entries rest on it; empty where none is recorded."""
    from tasks.incident.after import discretion as room

    rest = Counter(str(row["reference"]) for row in room.relied(workspace))
    return "; ".join(
        f"{one.reference} ({', '.join(one.acts)}, {one.first} to {one.last}): "
        f"{rest[one.reference]:,} entries rest on it"
        for one in room.grants(workspace)
    )


def relied_rows(workspace: Workspace) -> list[list[str]]:
    """A row an entry and act: number, what was done late, CBP's reference."""
    from tasks.incident.after import discretion as room

    return [
        [str(row["number"]), str(row["act"]), str(row["reference"])]
        for row in room.relied(workspace)
    ]
