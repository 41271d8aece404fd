"""Signed copies of the journal: written, continued on another machine, and taken back (adopted).

A copy is a folder: `journal.jsonl` (an event a line), `head.json` (seq, digest, signed with the home's key)
and `content/`. The head shows a cut tail, which a chain alone cannot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, NoResultFound

from tasks.core import registry
from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, ContinuityError, JournalBroken, Problem
from tasks.core.files import write_atomic
from tasks.core.findings import Finding, finding_of_error
from tasks.core.journal.adoption import AdoptionHook, ListedEvent, sort_events
from tasks.core.journal.bodies import Body, canonical, read_body
from tasks.core.journal.events import JournalAdopted, JournalContinued
from tasks.core.journal.journal import GENESIS, Event, Journal, JournalHead, Pen
from tasks.core.journal.store import EVENTS
from tasks.core.journal.verification import contents
from tasks.core.signatures import Signer, key_id, require_signer, sign_statement, verify_statement

EVENTS_FILE, HEAD_FILE = "journal.jsonl", "head.json"


def export_journal(journal: Journal, content: ContentStore, signer: Signer, out: Path) -> JournalHead:
    """Write a signed copy of the journal, with the content it names, into `out`."""
    events = list(journal.events())
    head = JournalHead(events[-1].seq, events[-1].digest) if events else JournalHead(0, GENESIS)
    write_atomic(out / EVENTS_FILE, (event_line(event) for event in events))
    _copy_content(events, content, ContentStore(out / "content"))
    write_atomic(out / HEAD_FILE, json.dumps(signed_head(head, signer), indent=1).encode())
    return head


def signed_head(head: JournalHead, signer: Signer) -> dict[str, object]:
    """The head as a signed statement."""
    return sign_statement({"seq": head.seq, "digest": head.digest}, signer)


def event_line(event: Event) -> bytes:
    return (canonical(vars(event)) + "\n").encode()


def copy_signer(folder: Path) -> str:
    """Id of the key that signed a copy's head. Raises BadInput, JournalBroken."""
    return key_id(_read_head(folder)[1])


def _read_head(folder: Path) -> tuple[JournalHead, bytes]:
    """The head of a copy, and the public key whose signature over it holds."""
    try:
        signed = json.loads((folder / HEAD_FILE).read_bytes())
        statement, public_key = verify_statement(signed, "seq", "digest")
    except FileNotFoundError as missing:
        raise BadInput("journal-copy-incomplete", folder=folder, filename=missing.filename) from None
    except (ValueError, TypeError, KeyError) as wrong:
        raise JournalBroken("copy-not-readable", folder=folder, reason=wrong) from None
    return JournalHead(**statement), public_key


def read_copy(folder: Path, signed_by: str = "") -> list[Event]:
    """The events of a copy; `signed_by` is the id of the key that must have signed it. Raises
    JournalBroken if the chain, the head or its signature does not hold, the tail was cut, or another
    key signed it."""
    try:
        lines = (folder / EVENTS_FILE).read_bytes().splitlines()
        events = [Event(**json.loads(line)) for line in lines]
    except FileNotFoundError as missing:
        raise BadInput("journal-copy-incomplete", folder=folder, filename=missing.filename) from None
    except (ValueError, TypeError) as wrong:
        raise JournalBroken("journal-copy-unreadable", folder=folder, reason=wrong) from None
    head, public_key = _read_head(folder)
    require_signer(public_key, signed_by, "The copy of the journal")
    last = _chain_head(events)
    if last != head:
        raise JournalBroken("journal-copy-truncated", seq=last.seq, reason=head.seq)
    return events


def _chain_head(events: Sequence[Event]) -> JournalHead:
    head = JournalHead(0, GENESIS)
    for event in events:
        if event.seq != head.seq + 1 or event.prev != head.digest:
            raise JournalBroken("copied-event-out-of-sequence", seq=event.seq, seq2=head.seq)
        if event.computed() != event.digest:
            raise JournalBroken("copied-event-altered", seq=event.seq)
        head = JournalHead(event.seq, event.digest)
    return head


def continue_from(
    folder: Path, journal: Journal, content: ContentStore, actor: str, signed_by: str = ""
) -> JournalHead:
    """Fill an empty journal from a copy, signed by the key `signed_by` where that is given, and go on
    with its chain. From now on only this journal issues numbers. Raises BadInput if the journal is not
    empty, and what `read_copy` raises."""
    if journal.head().seq:
        raise BadInput("home-already-has-journal")
    events = read_copy(folder, signed_by)
    _copy_content(events, ContentStore(folder / "content"), content)
    with journal.write(actor) as pen:
        for event in events:
            pen.copy(event)
        body = JournalContinued(seq=pen.head.seq, head=pen.head.digest)
        pen.append(body, "journal", key=f"continued:{pen.head.digest}")
    return journal.head()


@dataclass(frozen=True)
class Adoption:
    """What `adopt_copy` did: the adopted events after the common `prefix`, and what clashes. `unlike`: what both
    journals state once, each in its own words, of which ours stay. `listed`: what is never taken from another
    journal; `copy`: SHA-256 of its events in the content store; `signer`: id of the key that signed it."""

    prefix: int
    taken: tuple[Event, ...]
    conflicts: tuple[Problem, ...]
    unlike: tuple[Problem, ...] = ()
    listed: tuple[ListedEvent, ...] = ()
    copy: str = ""
    signer: str = ""


def adopt_copy(
    journal: Journal,
    folder: Path,
    content: ContentStore,
    actor: str,
    *,
    leave_conflicts: bool = False,
    signed_by: str = "",
) -> Adoption:
    """Take back the events that another copy of this journal gained after the two parted, as far as their
    types let them be taken; the others are listed.

    Each is appended anew with its origin. Raises JournalBroken, naming each number in conflict,
    and changes nothing, unless `leave_conflicts`: then the rest is taken and the conflicts are kept
    in the event `journal.adopted`, as are the digests of what was listed and that of the other journal's
    events, which stay in the content store. Adopting the same copy again changes nothing.
    """
    theirs = read_copy(folder, signed_by)
    prefix = _common_prefix(journal, theirs)
    if prefix == 0:
        raise BadInput("journals-unrelated")
    _copy_content(theirs[prefix:], ContentStore(folder / "content"), content)
    hooks: list[AdoptionHook] = [
        registry.resolve(package.adoption)() for package in registry.packages() if package.adoption
    ]
    adoptable, listed = sort_events(theirs, prefix, hooks)
    with journal.write(actor) as pen:
        adopted, conflicts = _adopt_events(pen, adoptable, hooks)
        if conflicts and not leave_conflicts:
            raise JournalBroken("journal-events-conflict", conflicts, conflicts_count=len(conflicts))
        copy = content.put(b"".join(event_line(event) for event in theirs))
        if adopted or conflicts or any(entry.rule.to_do for entry in listed):
            body = JournalAdopted(
                seq=prefix,
                head=theirs[-1].digest,
                events=len(adopted),
                conflicts=[_stored_conflict(problem) for problem in conflicts],
                listed=tuple(entry.event.digest for entry in listed),
                content=copy,
            )
            # not the key of the last event, which may itself be adopted under `adopted:` and its digest
            pen.append(body, "journal", key=f"adoption:{theirs[-1].digest}")
    reported = {event.seq for event in adopted} | {conflict.row for conflict in conflicts}
    unlike = tuple(_unlike_events(journal, [event for event in adoptable if event.seq not in reported]))
    signer = copy_signer(folder)
    return Adoption(prefix, tuple(adopted), tuple(conflicts), unlike, tuple(listed), copy, signer)


def _adopt_events(
    pen: Pen, events: Sequence[Event], hooks: Sequence[AdoptionHook]
) -> tuple[list[Event], list[Problem]]:
    adopted: list[Event] = []
    conflicts: list[Problem] = []
    for event in events:
        split = next((parts for hook in hooks if (parts := hook.parts(pen, event))), None)
        for body, end in split.bodies if split else [(event.said, "")]:
            is_new, conflict = _adopt(pen, event, body, end)
            adopted += [event] if is_new else []
            conflicts += [conflict] if conflict else []
        for finding in split.conflicts if split else ():
            conflicts.append(_event_problem(event, finding.subject, finding.code, finding.values))
    return adopted, conflicts


def _adopt(pen: Pen, event: Event, body: Body, end: str) -> tuple[bool, Problem | None]:
    """Whether an event, or a part of it, was appended, and what kept it out."""
    try:
        with pen.attempt():
            return pen.adopt(event, body, end) is not None, None
    except (ContinuityError, IntegrityError, NoResultFound, LookupError, ValueError) as error:
        cause = finding_of_error(error)
        return False, _event_problem(event, event.subject, cause.code, cause.values)


def _unlike_events(journal: Journal, events: Sequence[Event]) -> Iterator[Problem]:
    """Two laptops in one outage declare the same incident and record the same notice, each with its own
    times and references: the second to come back is not taken, and a person should know."""
    for event in events:
        if not event.key or event.kind.startswith(("journal.", "mail.")):
            continue
        for row in journal.rows(sa.select(EVENTS.c.kind, EVENTS.c.body).where(EVENTS.c.key == event.key)):
            ours, theirs = (
                msgspec.structs.replace(body, origin=None) for body in (read_body(row.kind, row.body), event.said)
            )
            if ours != theirs:
                values = {"actor": event.actor, "body": event.body[:300]}
                yield _event_problem(event, event.subject, "event-told-otherwise", values)


def _event_problem(event: Event, value: str, code: str, values: Mapping[str, object]) -> Problem:
    return Problem(row=event.seq, column=event.kind, value=value, code=code, values=values)


def _stored_conflict(problem: Problem) -> Finding:
    """A conflict as the journal keeps it: the subject is the number, or what the event is about."""
    values = {name: str(value) for name, value in problem.values.items()}
    return Finding(problem.code, problem.value, {"seq": problem.row, **values})


def _common_prefix(journal: Journal, theirs: Sequence[Event]) -> int:
    count = 0
    for our_event, their_event in zip(journal.events(), theirs, strict=False):
        if our_event.digest != their_event.digest:
            break
        count += 1
    return count


def _copy_content(events: Sequence[Event], source: ContentStore, target: ContentStore) -> None:
    """Copy the content that events name."""
    for event in events:
        for digest in contents(event.said):
            target.put(source.get(digest))


def last_events(journal: Journal, count: int) -> Iterator[Event]:
    """The last `count` events, oldest first."""
    return journal.events(after=max(0, journal.head().seq - count))
