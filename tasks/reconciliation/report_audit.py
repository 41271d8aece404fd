"""What an auditor asks first: who signed under whose licence, each number used once, who saw
whose data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tasks.reconciliation.account import CLOSED_OUTCOMES, FREE, PLACES, RELEASED
from tasks.reconciliation.classify import HELD
from tasks.reconciliation.report_book import Mark, Story
from tasks.reconciliation.report_rows import scrubbed
from tasks.shared import people
from tasks.shared.journal import Journal
from tasks.shared.journal_check import verify
from tasks.shared.projections import APPROVALS, GRANTS
from tasks.shared.store import EVENTS

APPROVALS_SCHEMA = pa.schema([(name, pa.string()) for name in (
    "what", "plan", "prepared_by", "asked", "approved_by", "licence", "approved", "sole")]
)  # fmt: skip
DEEDS_SCHEMA = pa.schema(
    [("actor", pa.string()), ("kind", pa.string()), ("events", pa.int64()), ("entries", pa.int64()),
     ("importers", pa.int64()), ("first", pa.string()), ("last", pa.string())]
)  # fmt: skip
BATCHES_SCHEMA = pa.schema(
    [("batch", pa.string()), ("application", pa.string()), ("entries", pa.int64()),
     ("file", pa.string()), ("plan", pa.string()), ("named", pa.string()), ("written", pa.string()),
     ("answers", pa.int64()), ("first_answer", pa.string()), ("rejected_whole", pa.bool_())]
)  # fmt: skip
RECORDED_SCHEMA = pa.schema([("kind", pa.string()), ("subject", pa.string()), ("at", pa.string()),
                             ("actor", pa.string())])  # fmt: skip

SENT_TAKEN = tuple(one for one in HELD if one != "already on file")
"""An add that ACE answers with `already on file` was not taken a second time."""

ACTED = (*RELEASED, *CLOSED_OUTCOMES)
"""Outcomes of which the port leaves a stamp or another proof."""


@dataclass(frozen=True)
class Proof:
    """One statement about the book with its figure, and whether it holds."""

    what: str
    figure: str
    holds: bool = True


def approvals(journal: Journal) -> pa.Table:
    """A row a signature, and one for each plan that lacks any; the licence is that of the moment."""
    names = {one.person: one.name for one in people.everyone(journal)}
    licences, sole = _granted(journal)
    query = (
        sa.select(APPROVALS, GRANTS.c.person, GRANTS.c.seq.label("granted"))
        .outerjoin(GRANTS, GRANTS.c.plan == APPROVALS.c.plan)
        .order_by(APPROVALS.c.seq, GRANTS.c.seq)
    )
    found = journal.rows(query)
    at = _moments(journal, [seq for row in found for seq in (row.seq, row.granted) if seq])
    rows = [
        {
            "what": row.what,
            "plan": row.plan,
            "prepared_by": names.get(row.preparer, row.preparer),
            "asked": at[row.seq],
            "approved_by": names.get(row.person, row.person) if row.person else None,
            "licence": licences.get((row.plan, row.person)),
            "approved": at.get(row.granted) if row.granted else None,
            "sole": sole.get((row.plan, row.person)),
        }
        for row in found
    ]
    return scrubbed(pa.Table.from_pylist(rows, APPROVALS_SCHEMA))


def _granted(journal: Journal) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    licences, sole = {}, {}
    for event in journal.events(kind="approval.granted"):
        said = event.said
        key = (getattr(said, "plan", ""), getattr(said, "person", ""))
        licences[key] = getattr(said, "licence", "")
        sole[key] = "sole: preparer and approver are one" if getattr(said, "sole", False) else ""
    return licences, sole


def _moments(journal: Journal, seqs: Sequence[int]) -> dict[int, str]:
    if not seqs:
        return {}
    column = EVENTS.c
    query = sa.select(column.seq, column.at).where(column.kind.startswith("approval."))
    return {row.seq: row.at for row in journal.rows(query)}


def deeds(story: Story, rows: pa.Table) -> pa.Table:
    """Who did what with how many entries of how many importers. Reading alone leaves no event."""
    whose = dict(zip(rows["number"].to_pylist(), _importer_keys(rows), strict=True))
    found = [
        {"actor": actor, "kind": kind, "events": deed.events,
         "entries": sum(number in whose for number in deed.numbers),
         "importers": len({whose[n] for n in deed.numbers if whose.get(n)}),
         "first": deed.first.at, "last": deed.last.at}
        for (actor, kind), deed in sorted(story.deeds.items())
    ]  # fmt: skip
    return pa.Table.from_pylist(found, DEEDS_SCHEMA)


def _importer_keys(rows: pa.Table) -> list[str]:
    keys = pc.binary_join_element_wise(
        pc.fill_null(rows["importer_number"], ""), pc.fill_null(rows["importer_name"], ""), "|"
    )
    return [key.strip("|") for key in keys.to_pylist()]


def batches(story: Story) -> pa.Table:
    rows = [
        {"batch": one.batch, "application": one.application, "entries": len(one.numbers),
         "file": one.file, "plan": one.plan, "named": one.named.at, "written": _at(one.written),
         "answers": len(one.answers), "first_answer": _at(one.answers[0][0] if one.answers else None),
         "rejected_whole": one.rejected}
        for one in story.sendings.values()
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, BATCHES_SCHEMA)


def _at(mark: Mark | None) -> str | None:
    return mark.at if mark else None


def recorded(journal: Journal, family: str, word: str = "") -> pa.Table:
    """Events of a family (`incident.`), if this book has any, by kind alone: the report shows that
    and when something was recorded, also of rooms that it knows nothing of."""
    column = EVENTS.c
    query = sa.select(column.kind, column.subject, column.at, column.actor).order_by(column.seq)
    found = journal.rows(query.where(column.kind.startswith(family)))
    rows = [dict(row._mapping) for row in found if word in row.kind]
    return scrubbed(pa.Table.from_pylist(rows, RECORDED_SCHEMA))


def proofs(journal: Journal, story: Story, rows: pa.Table) -> list[Proof]:
    """That each number was used once. `verify` recomputes the chain and folds the book anew."""
    numbers = rows["number"]
    places = {row["values"]: row["counts"] for row in pc.value_counts(rows["place"]).to_pylist()}
    unique = pc.count_distinct(numbers).as_py() if len(rows) else 0
    in_places = sum(places.get(place, 0) for place in PLACES)
    away = len(rows) - places.get(FREE, 0)
    again, twice = _accepted(story)
    burnt, double = _after_the_end(story), _twice_on_paper(story)
    checked = verify(journal)
    return [
        Proof("numbers reserved, each listed here once", f"{story.reserved:,} / {unique:,}",
              story.reserved == unique == len(rows)),
        Proof("numbers in the places above, together", f"{in_places:,}", in_places == len(rows)),
        Proof("numbers printed for desks = all that are not free", f"{story.issued:,} / {away:,}",
              story.issued == away),
        Proof("entries recorded; numbers recorded twice as new", f"{len(story.recorded):,} / {double}",
              double == 0),
        Proof("numbers accepted in two batches of one message", str(len(twice)), not twice),
        Proof("numbers named again, each only after ACE had processed nothing or refused",
              f"{len(again)}"),
        Proof("void or burnt numbers named in a batch afterwards", str(len(burnt)), not burnt),
        Proof("the book's chain and tables, computed anew", f"{checked.head.seq:,} events",
              checked.ok),
    ]  # fmt: skip


def _accepted(story: Story) -> tuple[list[str], list[str]]:
    """Numbers named more than once in one message, and those accepted more than once."""
    again, twice = [], []
    for number, sent in story.sent.items():
        mine = [one.application for one in sent]
        if len(mine) == len(set(mine)):
            continue
        again.append(number)
        taken = {(told.application, told.batch) for told in story.told.get(number, ())
                 if told.batch in story.sendings and told.line.disposition in SENT_TAKEN}  # fmt: skip
        if len(taken) > len({application for application, _ in taken}):
            twice.append(number)
    return again, twice


def _after_the_end(story: Story) -> list[str]:
    return [
        number
        for number, end in story.ends.items()
        if any(sent.named.seq > end.mark.seq for sent in story.sent.get(number, ()))
    ]


def _twice_on_paper(story: Story) -> int:
    """Numbers recorded as new more than once; a revision replaces and is not counted."""
    news = (sum(not file.revision for file in files) for files in story.recorded.values())
    return sum(count > 1 for count in news)


def stamped(rows: pa.Table) -> tuple[int, list[str]]:
    """How many entries that the port acted on name a stamped copy, and the numbers that do not."""
    acted = rows.filter(pc.is_in(rows["outcome"], value_set=pa.array(ACTED, pa.string())))
    missing = acted.filter(pc.is_null(acted["stamped_copy"]))["number"].to_pylist()
    return acted.num_rows - len(missing), missing
