"""What an auditor asks first: who signed under whose licence, each number used once.

What CBP allowed, as the report tells it: its leave for downtime with its days and ports, and its
discretion with the entries that rest on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tasks.approved_acts import act_title
from tasks.core.journal.journal import Event, Journal, JournalHead
from tasks.core.journal.store import EVENTS
from tasks.incident.api import (
    DiscretionGranted,
    DiscretionRelied,
    IncidentDowntimeAuthorised,
    IncidentDowntimeRefused,
    IncidentDowntimeRequested,
    IncidentStep,
)
from tasks.reconciliation.accounting.number_account import (
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
from tasks.reconciliation.accounting.number_history import BatchSending, EventPosition, NumberHistory
from tasks.reconciliation.accounting.report_rows import scrub_private
from tasks.reconciliation.decisions.entry_facts import HELD
from tasks.security.api import APPROVALS, GRANTS, all_approvals, all_people
from tasks.workspace import Workspace

RECORDED_SCHEMA = pa.schema(
    [("kind", pa.string()), ("subject", pa.string()), ("at", pa.string()), ("actor", pa.string())]
)

LEAVE_SCHEMA = RECORDED_SCHEMA.append(pa.field("said", pa.string()))
"""As what is recorded of other rooms, and what it says; `at` is when it was written down."""
GRANTED, RELIED = "discretion granted", "rests on discretion"

_STEPS: dict[type, str] = {
    IncidentDowntimeRequested: "downtime asked for",
    IncidentDowntimeAuthorised: "downtime authorised",
    IncidentDowntimeRefused: "downtime refused or ended",
}
_MOST_GRANTS, _MOST_ENTRIES = 4, 8


def authorization_table(journal: Journal) -> pa.Table:
    """A row each time that downtime was asked for, authorised, refused or ended."""
    return _table(
        (event, _STEPS[type(event.said)], _step(event.said))
        for event in journal.events(kind="incident.")
        if isinstance(event.said, IncidentStep) and type(event.said) in _STEPS
    )


def discretion_table(journal: Journal) -> pa.Table:
    """A row a grant, and one for each entry that rests on one."""
    return _table(_discretions(journal))


def discretion_of_client(found: pa.Table, numbers: Sequence[str]) -> pa.Table:
    """Of discretion the grants, and of the entries these alone: others are other clients'."""
    own = pc.is_in(found["subject"], value_set=pa.array([f"entry/{one}" for one in numbers], pa.string()))
    return found.filter(pc.or_(pc.equal(found["kind"], GRANTED), own))


def authorization_lines(found: pa.Table) -> list[str]:
    """For the page that answers an auditor: what CBP said, the newest last."""
    rows = found.to_pylist()
    said = [f"{row['kind']}: {row['said']} (recorded {row['at'][:16]}Z by {row['actor']})" for row in rows]
    most = said[-_MOST_ENTRIES:]
    more = [f"and {len(said) - len(most):,} before these: sheet Authorisation"]
    return [*most, *(more if len(most) < len(said) else [])] or ["not recorded"]


def discretion_lines(found: pa.Table) -> list[str]:
    """Each grant, and which entries rest on it; empty if there is none."""
    rows = found.to_pylist()
    grants = [row for row in rows if row["kind"] == GRANTED]
    said = [f"{row['said']} (recorded {row['at'][:16]}Z by {row['actor']})" for row in grants[-_MOST_GRANTS:]]
    entries = [row["subject"].removeprefix("entry/") for row in rows if row["kind"] == RELIED]
    if len(grants) > _MOST_GRANTS:
        said.append(f"and {len(grants) - _MOST_GRANTS:,} before these: sheet Discretion")
    if entries:
        more = ", ...: sheet Discretion" if len(entries) > _MOST_ENTRIES else ""
        said.append(f"{len(entries):,} reliance(s): {', '.join(entries[:_MOST_ENTRIES])}{more}")
    return said


def _step(said: IncidentStep) -> str:
    """Reference, CBP's day, ports, last day, proof: what an auditor compares with CBP's own letter."""
    if isinstance(said, IncidentDowntimeRequested):
        return "; ".join(filter(None, (f"on {said.happened[:16]}Z", said.reference, said.note)))
    parts = [
        said.reference or "no reference",
        f"of {said.happened[:16]}Z",
        f"ports {', '.join(said.ports)}" if said.ports else "all ports",
    ]
    if isinstance(said, IncidentDowntimeAuthorised):
        parts.append(f"until {said.until}" if said.until else "no last day named")
    parts += [f"proof {one.name}, SHA-256 {one.content[:12]}" for one in said.attached]
    return "; ".join([*parts, *filter(None, (said.note,))])


def _discretions(journal: Journal) -> Iterator[tuple[Event, str, str]]:
    for event in journal.events(kind="discretion."):
        said = event.said
        if isinstance(said, DiscretionGranted):
            yield (
                event,
                GRANTED,
                (
                    f"{said.reference}: {', '.join(said.acts)}, {said.first} to {said.last}; "
                    f"{said.reason}; CBP's letter SHA-256 {said.proof[:12]}"
                ),
            )
        elif isinstance(said, DiscretionRelied):
            attached = f"; attachment SHA-256 {said.content[:12]}" if said.content else ""
            yield event, RELIED, f"{said.act} under {said.reference}{attached}"


def _table(found: Iterator[tuple[Event, str, str]]) -> pa.Table:
    rows = [
        {"kind": kind, "subject": event.subject, "at": event.at, "actor": event.actor, "said": said}
        for event, kind, said in found
    ]
    return scrub_private(pa.Table.from_pylist(rows, LEAVE_SCHEMA))


APPROVALS_SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in ("what", "plan", "prepared_by", "asked", "approved_by", "licence", "approved", "sole")
    ]
)
BATCHES_SCHEMA = pa.schema(
    [
        ("batch", pa.string()),
        ("application", pa.string()),
        ("entries", pa.int64()),
        ("file", pa.string()),
        ("plan", pa.string()),
        ("named", pa.string()),
        ("written", pa.string()),
        ("answers", pa.int64()),
        ("first_answer", pa.string()),
        ("rejected_whole", pa.bool_()),
    ]
)

SENT_TAKEN = tuple(one for one in HELD if one != "already on file")
"""An add that ACE answers with `already on file` was not taken a second time."""

ENDS = (VOID, SETTLED, HANDED_OVER, BURNT)
ACTED = (*RELEASED, *CLOSED_OUTCOMES)
"""Outcomes of which the port leaves a stamp or another proof."""


@dataclass(frozen=True)
class AuditProof:
    """One statement about the book with its figure, and whether it holds."""

    what: str
    figure: str
    holds: bool = True


def approval_rows(workspace: Workspace) -> pa.Table:
    """A row a signature, and one for each plan that lacks any; the licence is that of the moment."""
    journal = workspace.journal
    titles = {asked.plan: act_title(workspace, asked) for asked in all_approvals(journal)}
    names = {one.person: one.name for one in all_people(journal)}
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
    return scrub_private(pa.Table.from_pylist(rows, APPROVALS_SCHEMA))


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


def batch_rows(story: NumberHistory) -> pa.Table:
    rows = [
        {
            "batch": one.batch,
            "application": one.application,
            "entries": len(one.numbers),
            "file": one.file,
            "plan": one.plan,
            "named": one.named.at,
            "written": _at(one.written),
            "answers": len(one.answers),
            "first_answer": _at(one.answers[0][0] if one.answers else None),
            "rejected_whole": one.rejected,
        }
        for one in story.sendings.values()
    ]
    return pa.Table.from_pylist(rows, BATCHES_SCHEMA)


def _at(mark: EventPosition | None) -> str | None:
    return mark.at if mark else None


def audit_proofs(head: JournalHead, story: NumberHistory, rows: pa.Table) -> list[AuditProof]:
    """That each number was used once: what the events say, counted on their own, against the tables
    that the rows come from, whose constraints make "twice" impossible."""
    numbers = rows["number"]
    places = {row["values"]: row["counts"] for row in pc.value_counts(rows["place"]).to_pylist()}
    unique = pc.count_distinct(numbers).as_py() if len(rows) else 0
    in_places = sum(places.get(place, 0) for place in PLACES)
    # What ACE had under a number that no desk ever held was not printed either.
    stray = rows.filter(pc.equal(rows["place"], STRAY))["number"].to_pylist()
    never = rows.filter(pc.is_in(rows["place"], value_set=pa.array([STRAY, BURNT])))["desk"].to_pylist()
    away = len(rows) - places.get(FREE, 0) - sum(not desk for desk in never)
    many, blind, twice = _again(story)
    burnt, double = _after_the_end(story), _twice_on_paper(story)
    ended = rows.filter(pc.is_in(rows["place"], value_set=pa.array(ENDS)))["number"].to_pylist()
    return [
        AuditProof(
            "numbers reserved, each listed here once",
            f"{story.reserved:,} / {unique:,}",
            story.reserved == unique == len(rows),
        ),
        AuditProof("numbers that stand in exactly one place each", f"{in_places:,}", in_places == len(rows)),
        AuditProof(
            "numbers printed for desks = all that are not free", f"{story.issued:,} / {away:,}", story.issued == away
        ),
        AuditProof(
            "entries recorded; numbers recorded twice as new", f"{len(story.recorded):,} / {double}", double == 0
        ),
        AuditProof("numbers accepted in two batches of one message", str(len(twice)), not twice),
        AuditProof(
            "numbers named again, each only after ACE had processed nothing, refused or never got it",
            f"{many:,}, {len(blind)} otherwise",
            not blind,
        ),
        AuditProof("void or burnt numbers named in a batch afterwards", str(len(burnt)), not burnt),
        AuditProof(
            "numbers void, settled, handed over or burnt: by events / by tables",
            f"{len(story.ends):,} / {len(ended):,}",
            set(story.ends) - {*stray} == {*ended},
        ),
        AuditProof("the chain of the book, each digest computed anew", f"{head.seq:,} events", not story.broken),
    ]


def _again(story: NumberHistory) -> tuple[int, list[str], list[str]]:
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
        taken = {
            told.batch
            for told in story.told.get(number, ())
            if told.batch in story.sendings and told.line.disposition in SENT_TAKEN
        }
        messages = {story.sendings[batch].application for batch in taken}
        if len(taken) > len(messages):
            twice.append(number)
    return many, blind, twice


def _refused(story: NumberHistory, number: str, sending: BatchSending, before: int) -> bool:
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


def _after_the_end(story: NumberHistory) -> list[str]:
    return [
        number
        for number, end in story.ends.items()
        if any(sent.named.seq > end.mark.seq for sent in story.sent.get(number, ()))
    ]


def _twice_on_paper(story: NumberHistory) -> int:
    """Numbers recorded as new more than once; a revision replaces and is not counted."""
    news = (sum(not file.revision for file in files) for files in story.recorded.values())
    return sum(count > 1 for count in news)


def stamped_copies(rows: pa.Table) -> tuple[int, list[str]]:
    """How many entries that the port acted on name a stamped copy, and the numbers that do not."""
    acted = rows.filter(pc.is_in(rows["outcome"], value_set=pa.array(ACTED, pa.string())))
    missing = acted.filter(pc.is_null(acted["stamped_copy"]))["number"].to_pylist()
    return acted.num_rows - len(missing), missing
