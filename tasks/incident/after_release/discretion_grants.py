"""CBP's enforcement discretion (R8): grants, the entries that rest on them, and the attachment for each summary.

The attachment names the broker, the dates and the reason. Terms set by statute never move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, Problem, Refused
from tasks.core.files import write_atomic
from tasks.core.journal.journal import is_drill
from tasks.core.journal.table_columns import rows_among
from tasks.core.settings import BrokerSettings
from tasks.documents.api import LetterBox, LetterPaper, PageFrame
from tasks.entries.api import ENTRIES, NumberSettings, parse_entry_number
from tasks.incident.after_release.release_events import DiscretionGranted, DiscretionRelied
from tasks.incident.data_tables import table
from tasks.incident.evidence.file_attachments import keep_proof
from tasks.incident.timeline import deadline_rules, open_work
from tasks.incident.timeline.deadline_rules import due_of, load_deadlines
from tasks.incident.timeline.incident_state import newest_incident
from tasks.incident.timeline.open_work import open_work_items
from tasks.security.api import write_manifest
from tasks.workspace import Workspace

SUMMARY = "late-summary"
_WORKS = ("summary", "unpaid", "immediate-delivery")


@dataclass(frozen=True)
class GrantDays:
    """Of one entry: its day, and by when its summary was due at the latest."""

    entered: date
    due: date


def days_of(workspace: Workspace, numbers: Sequence[str]) -> dict[str, GrantDays]:
    """What the journal knows: of recorded entries, and of production's in the hour-zero list."""
    rules = load_deadlines(workspace.settings.home)
    days = dict(_listed(workspace, rules, frozenset(numbers)))
    query = sa.select(ENTRIES.c.number, ENTRIES.c.entry_type, ENTRIES.c.entered)
    for row in rows_among(workspace.journal.rows, query, ENTRIES.c.number, list(numbers)):
        if row.entered:
            entered = date.fromisoformat(row.entered)
            dues = [
                due_of(rule, entered).day or entered
                for rule in deadline_rules.for_work(rules, "summary", row.entry_type)
            ]
            days[row.number] = GrantDays(entered, max(dues, default=entered))
    return days


def _listed(
    workspace: Workspace, rules: Mapping[str, deadline_rules.Deadline], numbers: frozenset[str]
) -> Iterator[tuple[str, GrantDays]]:
    incident = newest_incident(workspace.journal.rows)
    for work_item in open_work_items(workspace.journal.rows, incident.id, rules) if incident else ():
        if work_item.reference in numbers and work_item.work in _WORKS and work_item.starts and work_item.due:
            start = deadline_rules.day_of(open_work.start_of(work_item.starts))
            yield (work_item.reference, GrantDays(start, work_item.due.day or deadline_rules.day_of(work_item.due.at)))


def entries_outside(grant: DiscretionGranted, act: str, days_by_number: Mapping[str, GrantDays]) -> Iterator[Problem]:
    """Why a grant cannot cover these entries."""
    first, last = date.fromisoformat(grant.first), date.fromisoformat(grant.last)
    for number, days in days_by_number.items():
        if days.entered > last:
            yield Problem(
                column=number,
                code="entry-after-grant",
                values={"entered": days.entered, "reference": grant.reference, "first": first, "last": last},
            )
        elif act == SUMMARY and days.due < first:
            yield Problem(
                column=number,
                code="summary-due-before-grant",
                values={"due": days.due, "reference": grant.reference, "first": first, "last": last},
            )


ON_PAPER = ("released", "provisional")


@dataclass(frozen=True)
class GrantUse:
    """One entry that rests on a grant. `path` is None where CBP asks for no attachment: the goods were
    released on the downtime procedure. `dated`: the journal knows its day, and the grant covers it."""

    number: str
    act: str
    path: Path | None
    dated: bool


def record_grant(
    workspace: Workspace,
    reference: str,
    first: date,
    last: date,
    reason: str,
    acts: Sequence[str],
    proof: Path,
    actor: str,
) -> None:
    """Record what CBP granted. Raises BadInput for dates the wrong way round, an act that discretion never
    covers or that is not known, a reference that is taken; without reason or proof."""
    listed = {row["act"]: row for row in table(workspace.settings.home, "letters", "discretion_acts.csv").rows}
    problems = [
        Problem(
            column="act",
            value=act,
            code="grant-act-never-covered",
            values={"source": listed[act]["source"], "allowed": ", ".join(_covered(listed))},
        )
        if act in listed
        else Problem(
            column="act", value=act, code="grant-act-not-listed", values={"allowed": ", ".join(_covered(listed))}
        )
        for act in acts
        if act not in _covered(listed)
    ]
    if not acts:
        problems.append(Problem(column="act", right=", ".join(_covered(listed)), code="grant-act-missing"))
    if last < first:
        problems.append(Problem(column="to", value=str(last), code="last-day-before-first-day"))
    if not reference.strip() or not reason.strip():
        problems.append(Problem(column="reference, reason", code="grant-reference-or-reason-empty"))
    if problems:
        raise BadInput("grant-not-recorded", problems)
    body = DiscretionGranted(
        reference=reference.strip(),
        first=first.isoformat(),
        last=last.isoformat(),
        reason=reason.strip(),
        acts=list(acts),
        proof=keep_proof(workspace, proof, "CBP's own words"),
    )
    subject = f"discretion/{reference.strip()}"
    if not workspace.journal.append(body, subject, actor, key=f"discretion:{reference.strip()}"):
        raise BadInput("grant-reference-taken", reference=reference)


def _covered(listed: dict[str, dict[str, str]]) -> list[str]:
    return [act for act, row in listed.items() if row["may_be_covered"] == "Y"]


def record_use(
    workspace: Workspace, numbers: Sequence[str], reference: str, act: str, folder: Path, actor: str
) -> list[GrantUse]:
    """Note that entries rest on a grant, and write the attachment of each into an empty folder.

    An entry that was released on the downtime procedure needs none, as far as is known [S]. Numbers may be
    production's. Raises Refused for a grant that there is not, or with every entry that it does not cover,
    BadInput with every number that is not ours or wrong, or for a folder that is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BadInput("attachment-folder-not-empty", folder=folder)
    grant = next((body for body in grants_recorded(workspace) if body.reference == reference), None)
    if grant is None:
        raise Refused("grant-unknown", reference=reference)
    if act not in grant.acts:
        raise Refused("grant-not-applicable", reference=reference, acts=", ".join(grant.acts), act=act)
    written = [_ours(workspace, text) for text in numbers]
    days = days_of(workspace, written)
    if problems := list(entries_outside(grant, act, days)):
        raise Refused("grant-not-recorded", problems)
    query = sa.select(ENTRIES.c.number, ENTRIES.c.outcome)
    outcomes = dict(rows_among(workspace.journal.rows, query, ENTRIES.c.number, written))
    paths = [_rely(workspace, grant, number, act, outcomes.get(number, ""), folder, actor) for number in written]
    if any(paths):
        drill = "DRILL " if is_drill(workspace.journal) else ""
        write_manifest(folder, workspace.settings.home, f"{drill}attachments under {reference}")
    return [GrantUse(number, act, path, number in days) for number, path in zip(written, paths, strict=True)]


def _ours(workspace: Workspace, text: str) -> str:
    filer = workspace.settings(BrokerSettings).filer_code
    offsets = {filer: workspace.settings(NumberSettings).check_digit_offset}
    number = parse_entry_number(text, offsets=offsets)
    if number.filer != filer:
        problem = Problem(column="Entry number", value=text, code="entry-of-another-filer", values={"filer": filer})
        raise BadInput("grant-not-recorded", [problem])
    return str(number)


def _rely(
    workspace: Workspace, grant: DiscretionGranted, number: str, act: str, outcome: str, folder: Path, actor: str
) -> Path | None:
    if outcome in ON_PAPER:
        body = DiscretionRelied(number=number, reference=grant.reference, act=act, content="")
        path = None
    else:
        data = attachment(workspace, grant, number, act)
        body = DiscretionRelied(number=number, reference=grant.reference, act=act, content=workspace.content.put(data))
        path = write_atomic(folder / f"discretion-{number}-{act}.pdf", data)
    workspace.journal.append(body, f"entry/{number}", actor, key=f"relied:{number}:{grant.reference}:{act}")
    return path


def grants_recorded(workspace: Workspace) -> list[DiscretionGranted]:
    events = workspace.journal.events(kind=DiscretionGranted.kind)
    return [event.said for event in events if isinstance(event.said, DiscretionGranted)]


def grant_uses(workspace: Workspace) -> list[dict[str, object]]:
    """A row an entry and act, in the order they were noted."""
    events = workspace.journal.events(kind=DiscretionRelied.kind)
    return [
        {
            "number": body.number,
            "act": body.act,
            "reference": body.reference,
            "noted": event.at[:10],
            "attachment": body.content,
            "released_on_paper": not body.content,
        }
        for event in events
        if isinstance(body := event.said, DiscretionRelied)
    ]


def attachment(workspace: Workspace, grant: DiscretionGranted, number: str, act: str) -> bytes:
    """The document for one summary: broker, dates and reason of the discretion (CBP 3609-0324 as the
    trade press tells it)."""
    broker, drill = workspace.settings(BrokerSettings), is_drill(workspace.journal)
    titles = {row["act"]: row["title"] for row in table(workspace.settings.home, "letters", "discretion_acts.csv").rows}
    frame = PageFrame(
        title=f"Enforcement discretion, entry {number}",
        left=broker.name,
        right=f"filer {broker.filer_code} · licence {broker.licence or 'not set'}",
        foot=f"Attachment to the entry summary of {number} · {grant.reference}",
        mark="DRILL: made-up entries" if drill else "",
        made=clock.now(),
    )
    paper = LetterPaper(frame)
    paper.page()
    paper.barcode(number)
    paper.beside([("ENFORCEMENT DISCRETION", 14, (20, 20, 20)), ("Attachment to the entry summary", 10, (95, 95, 95))])
    paper.boxes(
        [
            (
                LetterBox(3, "", "Entry number", number),
                LetterBox(5, "", "Broker", broker.name),
                LetterBox(2, "", "Filer code", broker.filer_code),
                LetterBox(2, "", "Licence", broker.licence or "not set"),
            ),
            (
                LetterBox(3, "", "Discretion from", grant.first),
                LetterBox(3, "", "to", grant.last),
                LetterBox(6, "", "CBP's reference", grant.reference),
            ),
            (LetterBox(1, "", "Reason", grant.reason),),
            (LetterBox(1, "", "What was done late", titles.get(act, act)),),
        ]
    )
    paper.text(
        "The broker named here could not transmit because of a cyber incident. CBP told it that "
        "it would use its discretion for the dates given. Interest is not affected. CBP's letter is "
        "kept by the broker and can be had at any time.",
        9.5,
    )
    return paper.bytes()
