"""What an auditor asks first: who signed under whose licence, each number used once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tasks import approved_acts
from tasks.reconciliation.account import (
    BURNT,
    CLOSED_OUTCOMES,
    FREE,
    HANDED_OVER,
    PLACES,
    RELEASED,
    SETTLED,
    STRAY,
    VOID,
)
from tasks.reconciliation.classify import HELD
from tasks.reconciliation.report_book import Mark, Sending, Story
from tasks.reconciliation.report_rows import scrubbed
from tasks.shared import approval, people
from tasks.shared.journal import Head, Journal
from tasks.shared.projections import APPROVALS, GRANTS
from tasks.shared.store import EVENTS
from tasks.workspace import Workspace

APPROVALS_SCHEMA = pa.schema([(name, pa.string()) for name in (
    "what", "plan", "prepared_by", "asked", "approved_by", "licence", "approved", "sole")]
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

ENDS = (VOID, SETTLED, HANDED_OVER, BURNT)
ACTED = (*RELEASED, *CLOSED_OUTCOMES)
"""Outcomes of which the port leaves a stamp or another proof."""


@dataclass(frozen=True)
class Proof:
    """One statement about the book with its figure, and whether it holds."""

    what: str
    figure: str
    holds: bool = True


def approvals(workspace: Workspace) -> pa.Table:
    """A row a signature, and one for each plan that lacks any; the licence is that of the moment."""
    journal = workspace.journal
    titles = {
        asked.plan: approved_acts.title(workspace, asked) for asked in approval.all_asked(journal)
    }
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
            "what": titles[row.plan],
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


def proofs(head: Head, story: Story, rows: pa.Table) -> list[Proof]:
    """That each number was used once: what the events say, counted on their own, against the tables
    that the rows come from, whose constraints make "twice" impossible."""
    numbers = rows["number"]
    places = {row["values"]: row["counts"] for row in pc.value_counts(rows["place"]).to_pylist()}
    unique = pc.count_distinct(numbers).as_py() if len(rows) else 0
    in_places = sum(places.get(place, 0) for place in PLACES)
    # What ACE had under a number that no desk ever held was not printed either.
    stray = rows.filter(pc.equal(rows["place"], STRAY))["number"].to_pylist()
    never = rows.filter(pc.is_in(rows["place"], value_set=pa.array([STRAY, BURNT])))[
        "desk"
    ].to_pylist()
    away = len(rows) - places.get(FREE, 0) - sum(not desk for desk in never)
    many, blind, twice = _again(story)
    burnt, double = _after_the_end(story), _twice_on_paper(story)
    ended = rows.filter(pc.is_in(rows["place"], value_set=pa.array(ENDS)))["number"].to_pylist()
    return [
        Proof("numbers reserved, each listed here once", f"{story.reserved:,} / {unique:,}",
              story.reserved == unique == len(rows)),
        Proof("numbers that stand in exactly one place each", f"{in_places:,}", in_places == len(rows)),
        Proof("numbers printed for desks = all that are not free", f"{story.issued:,} / {away:,}",
              story.issued == away),
        Proof("entries recorded; numbers recorded twice as new", f"{len(story.recorded):,} / {double}",
              double == 0),
        Proof("numbers accepted in two batches of one message", str(len(twice)), not twice),
        Proof("numbers named again, each only after ACE had processed nothing, refused or never got it",
              f"{many:,}, {len(blind)} otherwise", not blind),
        Proof("void or burnt numbers named in a batch afterwards", str(len(burnt)), not burnt),
        Proof("numbers void, settled, handed over or burnt: by events / by tables",
              f"{len(story.ends):,} / {len(ended):,}", set(story.ends) - {*stray} == {*ended}),
        Proof("the chain of the book, each digest computed anew", f"{head.seq:,} events",
              not story.broken),
    ]  # fmt: skip


def _again(story: Story) -> tuple[int, list[str], list[str]]:
    """How many numbers were named more than once in one message; those for which it was not known
    before that ACE processed nothing, refused or never got it; those that it accepted more than once."""
    many, blind, twice = 0, [], []
    for number, sent in story.sent.items():
        pairs = [
            (before, after)
            for place, after in enumerate(sent)
            for before in sent[:place]
            if before.application == after.application
        ]
        many += bool(pairs)
        if not all(_refused(story, number, before, after.named.seq) for before, after in pairs):
            blind.append(number)
        taken = {told.batch for told in story.told.get(number, ())
                 if told.batch in story.sendings and told.line.disposition in SENT_TAKEN}  # fmt: skip
        messages = {story.sendings[batch].application for batch in taken}
        if len(taken) > len(messages):
            twice.append(number)
    return many, blind, twice


def _refused(story: Story, number: str, sending: Sending, before: int) -> bool:
    """Whether ACE had said, before that place in the book, that this sending came to nothing, or a
    licence holder had proved that ACE never got it."""
    if sending.lost is not None and sending.lost.mark.seq < before:
        return True
    if sending.rejected:
        return sending.answers[0][0].seq < before
    return any(
        told.batch == sending.batch
        and told.mark.seq < before
        and told.line.disposition in ("rejected", "system failure")
        for told in story.told.get(number, ())
    )


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
