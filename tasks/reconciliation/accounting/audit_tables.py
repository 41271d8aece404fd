"""What an auditor asks first: who signed under whose license, that each number was used once, and what CBP
allowed: downtime with its days and ports, and discretion with the entries that rest on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import sqlalchemy as sa

from tasks.approved_acts import act_title
from tasks.core import arrow_compute as pc
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

AUTHORIZATION_SCHEMA = RECORDED_SCHEMA.append(pa.field("said", pa.string()))
"""As what is recorded of other packages, and what it says; `at` is when it was written down."""
GRANTED, RELIED = "discretion granted", "rests on discretion"

_STEPS: dict[type, str] = {
    IncidentDowntimeRequested: "downtime asked for",
    IncidentDowntimeAuthorised: "downtime authorised",
    IncidentDowntimeRefused: "downtime refused or ended",
}
_MOST_GRANTS, _MOST_ENTRIES = 4, 8


def authorization_table(journal: Journal) -> pa.Table:
    """A row each time that downtime was asked for, authorized, refused or ended."""
    return _event_table(
        (event, _STEPS[type(event.said)], _step_text(event.said))
        for event in journal.events(kind="incident.")
        if isinstance(event.said, IncidentStep) and type(event.said) in _STEPS
    )


def discretion_table(journal: Journal) -> pa.Table:
    """A row a grant, and one for each entry that rests on one."""
    return _event_table(_discretion_events(journal))


def discretion_of_client(table: pa.Table, numbers: Sequence[str]) -> pa.Table:
    """Of discretion the grants, and of the entries these alone: others are other clients'."""
    is_own = pc.is_in(table["subject"], value_set=pa.array([f"entry/{number}" for number in numbers], pa.string()))
    return table.filter(pc.or_(pc.equal(table["kind"], GRANTED), is_own))


def authorization_lines(table: pa.Table) -> list[str]:
    """For the page that answers an auditor: what CBP said, the newest last."""
    rows = table.to_pylist()
    lines = [f"{row['kind']}: {row['said']} (recorded {row['at'][:16]}Z by {row['actor']})" for row in rows]
    last = lines[-_MOST_ENTRIES:]
    omitted = [f"and {len(lines) - len(last):,} before these: sheet Authorisation"]
    return [*last, *(omitted if len(last) < len(lines) else [])] or ["not recorded"]


def discretion_lines(table: pa.Table) -> list[str]:
    """Each grant, and which entries rest on it; empty if there is none."""
    rows = table.to_pylist()
    grants = [row for row in rows if row["kind"] == GRANTED]
    lines = [f"{row['said']} (recorded {row['at'][:16]}Z by {row['actor']})" for row in grants[-_MOST_GRANTS:]]
    entries = [row["subject"].removeprefix("entry/") for row in rows if row["kind"] == RELIED]
    if len(grants) > _MOST_GRANTS:
        lines.append(f"and {len(grants) - _MOST_GRANTS:,} before these: sheet Discretion")
    if entries:
        omitted = ", ...: sheet Discretion" if len(entries) > _MOST_ENTRIES else ""
        lines.append(f"{len(entries):,} reliance(s): {', '.join(entries[:_MOST_ENTRIES])}{omitted}")
    return lines


def _step_text(step: IncidentStep) -> str:
    """Reference, CBP's day, ports, last day, proof: what an auditor compares with CBP's own letter."""
    if isinstance(step, IncidentDowntimeRequested):
        return "; ".join(filter(None, (f"on {step.happened[:16]}Z", step.reference, step.note)))
    parts = [
        step.reference or "no reference",
        f"of {step.happened[:16]}Z",
        f"ports {', '.join(step.ports)}" if step.ports else "all ports",
    ]
    if isinstance(step, IncidentDowntimeAuthorised):
        parts.append(f"until {step.until}" if step.until else "no last day named")
    parts += [f"proof {attachment.name}, SHA-256 {attachment.content[:12]}" for attachment in step.attached]
    return "; ".join([*parts, *filter(None, (step.note,))])


def _discretion_events(journal: Journal) -> Iterator[tuple[Event, str, str]]:
    for event in journal.events(kind="discretion."):
        body = event.said
        if isinstance(body, DiscretionGranted):
            yield (
                event,
                GRANTED,
                (
                    f"{body.reference}: {', '.join(body.acts)}, {body.first} to {body.last}; "
                    f"{body.reason}; CBP's letter SHA-256 {body.proof[:12]}"
                ),
            )
        elif isinstance(body, DiscretionRelied):
            attached = f"; attachment SHA-256 {body.content[:12]}" if body.content else ""
            yield event, RELIED, f"{body.act} under {body.reference}{attached}"


def _event_table(events: Iterator[tuple[Event, str, str]]) -> pa.Table:
    rows = [
        {"kind": kind, "subject": event.subject, "at": event.at, "actor": event.actor, "said": text}
        for event, kind, text in events
    ]
    return scrub_private(pa.Table.from_pylist(rows, AUTHORIZATION_SCHEMA))


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

SENT_TAKEN = tuple(disposition for disposition in HELD if disposition != "already on file")
"""An add that ACE answers with `already on file` was not taken a second time."""

ENDS = (VOID, SETTLED, HANDED_OVER, BURNT)
ACTED = (*RELEASED, *CLOSED_OUTCOMES)
"""Outcomes of which the port leaves a stamp or another proof."""


@dataclass(frozen=True)
class AuditProof:
    """One statement about the journal with its figure, and whether it holds."""

    what: str
    figure: str
    holds: bool = True


def approval_rows(workspace: Workspace) -> pa.Table:
    """A row a signature, and one for each plan that lacks any; the license is that of the moment."""
    journal = workspace.journal
    titles = {approval.plan: act_title(workspace, approval) for approval in all_approvals(journal)}
    names = {disposition.person: disposition.name for disposition in all_people(journal)}
    licences, sole = _licenses_at_grant(journal)
    query = (
        sa.select(APPROVALS, GRANTS.c.person, GRANTS.c.seq.label("granted"))
        .outerjoin(GRANTS, GRANTS.c.plan == APPROVALS.c.plan)
        .order_by(APPROVALS.c.seq, GRANTS.c.seq)
    )
    grants = journal.rows(query)
    times = _event_times(journal, [seq for row in grants for seq in (row.seq, row.granted) if seq])
    rows = [
        {
            "what": titles[row.plan],
            "plan": row.plan,
            "prepared_by": names.get(row.preparer, row.preparer),
            "asked": times[row.seq],
            "approved_by": names.get(row.person, row.person) if row.person else None,
            "licence": licences.get((row.plan, row.person)),
            "approved": times.get(row.granted) if row.granted else None,
            "sole": sole.get((row.plan, row.person)),
        }
        for row in grants
    ]
    return scrub_private(pa.Table.from_pylist(rows, APPROVALS_SCHEMA))


def _licenses_at_grant(journal: Journal) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    licences, sole = {}, {}
    for event in journal.events(kind="approval.granted"):
        body = event.said
        key = (getattr(body, "plan", ""), getattr(body, "person", ""))
        licences[key] = getattr(body, "licence", "")
        sole[key] = "sole: preparer and approver are one" if getattr(body, "sole", False) else ""
    return licences, sole


def _event_times(journal: Journal, seqs: Sequence[int]) -> dict[int, str]:
    if not seqs:
        return {}
    column = EVENTS.c
    query = sa.select(column.seq, column.at).where(column.kind.startswith("approval."))
    return {row.seq: row.at for row in journal.rows(query)}


def batch_rows(history: NumberHistory) -> pa.Table:
    rows = [
        {
            "batch": disposition.batch,
            "application": disposition.application,
            "entries": len(disposition.numbers),
            "file": disposition.file,
            "plan": disposition.plan,
            "named": disposition.named.at,
            "written": _time_at(disposition.written),
            "answers": len(disposition.answers),
            "first_answer": _time_at(disposition.answers[0][0] if disposition.answers else None),
            "rejected_whole": disposition.rejected,
        }
        for disposition in history.sendings.values()
    ]
    return pa.Table.from_pylist(rows, BATCHES_SCHEMA)


def _time_at(position: EventPosition | None) -> str | None:
    return position.at if position else None


def audit_proofs(head: JournalHead, history: NumberHistory, rows: pa.Table) -> list[AuditProof]:
    """That each number was used once: what the events say, counted on their own, against the tables
    that the rows come from, whose constraints make "twice" impossible."""
    numbers = rows["number"]
    places = {row["values"]: row["counts"] for row in pc.to_list(pc.value_counts(rows["place"]))}
    unique = pc.count_distinct(numbers).as_py() if len(rows) else 0
    in_places = sum(places.get(name, 0) for name in PLACES)
    # What ACE had under a number that no desk ever held was not printed either.
    stray_numbers = rows.filter(pc.equal(rows["place"], STRAY))["number"].to_pylist()
    unprinted_desks = rows.filter(pc.is_in(rows["place"], value_set=pa.array([STRAY, BURNT])))["desk"].to_pylist()
    used_count = len(rows) - places.get(FREE, 0) - sum(not desk for desk in unprinted_desks)
    resent_count, unconfirmed, accepted_twice = _resent_numbers(history)
    named_after_end, recorded_twice = _named_after_end(history), _recorded_twice(history)
    ended = rows.filter(pc.is_in(rows["place"], value_set=pa.array(ENDS)))["number"].to_pylist()
    return [
        AuditProof(
            "numbers reserved, each listed here once",
            f"{history.reserved:,} / {unique:,}",
            history.reserved == unique == len(rows),
        ),
        AuditProof("numbers that stand in exactly one place each", f"{in_places:,}", in_places == len(rows)),
        AuditProof(
            "numbers printed for desks = all that are not free",
            f"{history.issued:,} / {used_count:,}",
            history.issued == used_count,
        ),
        AuditProof(
            "entries recorded; numbers recorded twice as new",
            f"{len(history.recorded):,} / {recorded_twice}",
            recorded_twice == 0,
        ),
        AuditProof("numbers accepted in two batches of one message", str(len(accepted_twice)), not accepted_twice),
        AuditProof(
            "numbers named again, each only after ACE had processed nothing, refused or never got it",
            f"{resent_count:,}, {len(unconfirmed)} otherwise",
            not unconfirmed,
        ),
        AuditProof("void or burnt numbers named in a batch afterwards", str(len(named_after_end)), not named_after_end),
        AuditProof(
            "numbers void, settled, handed over or burnt: by events / by tables",
            f"{len(history.ends):,} / {len(ended):,}",
            set(history.ends) - {*stray_numbers} == {*ended},
        ),
        AuditProof("the chain of the book, each digest computed anew", f"{head.seq:,} events", not history.broken),
    ]


def _resent_numbers(history: NumberHistory) -> tuple[int, list[str], list[str]]:
    """How many numbers were named more than once in one message; those for which it was not known
    before that ACE processed nothing, refused or never got it; those that it accepted more than once."""
    resent_count, unconfirmed, accepted_twice = 0, [], []
    for number, sendings in history.sent.items():
        pairs = [
            (before, after)
            for index, after in enumerate(sendings)
            for before in sendings[:index]
            if before.application == after.application
        ]
        resent_count += bool(pairs)
        if not all(_was_refused(history, number, before, after.named.seq) for before, after in pairs):
            unconfirmed.append(number)
        accepting_batches = {
            answer.batch
            for answer in history.answers.get(number, ())
            if answer.batch in history.sendings and answer.line.disposition in SENT_TAKEN
        }
        messages = {history.sendings[batch].application for batch in accepting_batches}
        if len(accepting_batches) > len(messages):
            accepted_twice.append(number)
    return resent_count, unconfirmed, accepted_twice


def _was_refused(history: NumberHistory, number: str, sending: BatchSending, before: int) -> bool:
    """Whether ACE had said, before that place in the journal, that this sending came to nothing, or a
    license holder had proved that ACE never got it."""
    if sending.lost is not None and sending.lost.position.seq < before:
        return True
    if sending.rejected:
        return sending.answers[0][0].seq < before
    return any(
        answer.batch == sending.batch
        and answer.position.seq < before
        and answer.line.disposition in ("rejected", "system failure")
        for answer in history.answers.get(number, ())
    )


def _named_after_end(history: NumberHistory) -> list[str]:
    return [
        number
        for number, end in history.ends.items()
        if any(sending.named.seq > end.position.seq for sending in history.sent.get(number, ()))
    ]


def _recorded_twice(history: NumberHistory) -> int:
    """Numbers recorded as new more than once; a revision replaces and is not counted."""
    new_counts = (sum(not file.revision for file in files) for files in history.recorded.values())
    return sum(count > 1 for count in new_counts)


def stamped_copies(rows: pa.Table) -> tuple[int, list[str]]:
    """How many entries that the port acted on name a stamped copy, and the numbers that do not."""
    acted = rows.filter(pc.is_in(rows["outcome"], value_set=pa.array(ACTED, pa.string())))
    missing = pc.to_list(acted.filter(pc.is_null(acted["stamped_copy"]))["number"])
    return acted.num_rows - len(missing), missing
