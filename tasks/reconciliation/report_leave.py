"""What CBP allowed, as the report tells it: its leave for downtime with its days and ports, and its
discretion with the entries that rest on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tasks.reconciliation.report_audit import RECORDED_SCHEMA
from tasks.reconciliation.report_rows import scrubbed
from tasks.shared.journal import Event, Journal
from tasks.shared.kinds.after import DiscretionGranted, DiscretionRelied
from tasks.shared.kinds.incident import (
    IncidentDowntimeAuthorised,
    IncidentDowntimeRefused,
    IncidentDowntimeRequested,
    IncidentStep,
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


def authorised(journal: Journal) -> pa.Table:
    """A row each time that downtime was asked for, authorised, refused or ended."""
    return _table(
        (event, _STEPS[type(event.said)], _step(event.said))
        for event in journal.events(kind="incident.")
        if isinstance(event.said, IncidentStep) and type(event.said) in _STEPS
    )


def discretion(journal: Journal) -> pa.Table:
    """A row a grant, and one for each entry that rests on one."""
    return _table(_discretions(journal))


def of_client(found: pa.Table, numbers: Sequence[str]) -> pa.Table:
    """Of discretion the grants, and of the entries these alone: others are other clients'."""
    own = pc.is_in(
        found["subject"], value_set=pa.array([f"entry/{one}" for one in numbers], pa.string())
    )
    return found.filter(pc.or_(pc.equal(found["kind"], GRANTED), own))


def authorisation_words(found: pa.Table) -> list[str]:
    """For the page that answers an auditor: what CBP said, the newest last."""
    rows = found.to_pylist()
    said = [
        f"{row['kind']}: {row['said']} (recorded {row['at'][:16]}Z by {row['actor']})"
        for row in rows
    ]
    most = said[-_MOST_ENTRIES:]
    more = [f"and {len(said) - len(most):,} before these: sheet Authorisation"]
    return [*most, *(more if len(most) < len(said) else [])] or ["not recorded"]


def discretion_words(found: pa.Table) -> list[str]:
    """Each grant, and which entries rest on it; empty if there is none."""
    rows = found.to_pylist()
    grants = [row for row in rows if row["kind"] == GRANTED]
    said = [
        f"{row['said']} (recorded {row['at'][:16]}Z by {row['actor']})"
        for row in grants[-_MOST_GRANTS:]
    ]
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
            yield event, GRANTED, (f"{said.reference}: {', '.join(said.acts)}, {said.first} to {said.last}; "
                                   f"{said.reason}; CBP's letter SHA-256 {said.proof[:12]}")  # fmt: skip
        elif isinstance(said, DiscretionRelied):
            attached = f"; attachment SHA-256 {said.content[:12]}" if said.content else ""
            yield event, RELIED, f"{said.act} under {said.reference}{attached}"


def _table(found: Iterator[tuple[Event, str, str]]) -> pa.Table:
    rows = [
        {"kind": kind, "subject": event.subject, "at": event.at, "actor": event.actor, "said": said}
        for event, kind, said in found
    ]
    return scrubbed(pa.Table.from_pylist(rows, LEAVE_SCHEMA))
