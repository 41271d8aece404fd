"""Books that travel: a signed copy out, a book continued from a copy, a stray book taken back.

A copy is a folder: `journal.jsonl` (an event a line), `head.json` (seq, digest, count, signed with
the host's key) and `content/`. The head shows a cut tail, which a chain alone cannot.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, ContinuityError, JournalBroken, Problem
from tasks.core.files import write_atomic
from tasks.core.findings import Finding, finding_of_error
from tasks.core.journal import adoption
from tasks.core.journal.bodies import Body, canonical, read_body
from tasks.core.journal.events import JournalAdopted, JournalContinued
from tasks.core.journal.journal import GENESIS, Event, Journal, JournalHead, Pen
from tasks.core.journal.store import EVENTS
from tasks.core.journal.verification import contents
from tasks.entries.api import (
    NumbersIssued,
    adopted_serials,
    issued_elsewhere,
    twice_issued,
    unissued_blocks,
    without_twice_issued,
)
from tasks.security.api import host_public_key, key_id, sign_with_host_key, verify_signature

EVENTS_FILE, HEAD_FILE = "journal.jsonl", "head.json"


def export_journal(journal: Journal, content: ContentStore, home: Path, out: Path) -> JournalHead:
    """Write a signed copy of the book, with the content it names, into `out`."""
    events = list(journal.events())
    head = JournalHead(events[-1].seq, events[-1].digest) if events else JournalHead(0, GENESIS)
    write_atomic(out / EVENTS_FILE, (event_line(event) for event in events))
    copy = ContentStore(out / "content")
    for event in events:
        for digest in contents(event.said):
            copy.put(content.get(digest))
    write_atomic(out / HEAD_FILE, json.dumps(signed_head(head, home), indent=1).encode())
    return head


def signed_head(head: JournalHead, home: Path) -> dict[str, object]:
    """The head as a signed statement, as it also goes into each off-site manifest."""
    said = {"seq": head.seq, "digest": head.digest}
    return {
        **said,
        "signature": sign_with_host_key(home, canonical(said).encode()),
        "public_key": base64.b64encode(host_public_key(home)).decode(),
    }


def event_line(event: Event) -> bytes:
    return (canonical(vars(event)) + "\n").encode()


def copy_signer(folder: Path) -> str:
    """Id of the key that signed a copy's head. Raises BadInput, JournalBroken."""
    return key_id(_head(folder)[1])


def _head(folder: Path) -> tuple[dict[str, object], bytes]:
    """The signed head of a copy, and the public key whose signature over it holds."""
    try:
        head = json.loads((folder / HEAD_FILE).read_bytes())
        said = {"seq": head["seq"], "digest": head["digest"]}
        public, signature = base64.b64decode(head["public_key"]), str(head["signature"])
    except FileNotFoundError as missing:
        raise BadInput("journal-copy-incomplete", folder=folder, filename=missing.filename) from None
    except (ValueError, TypeError, KeyError) as wrong:
        raise JournalBroken("copy-not-readable", folder=folder, reason=wrong) from None
    verify_signature(public, canonical(said).encode(), signature)
    return said, public


def require_signer(public: bytes, signed_by: str, what: str) -> None:
    """Raises JournalBroken unless `public` has the id `signed_by`; an empty id asks for nothing."""
    signer_id = key_id(public)
    if signed_by and signed_by.strip().lower() != signer_id:
        raise JournalBroken("signed-by-another-key", subject=what, signer_id=signer_id, signed_by=signed_by.strip())


def read_copy(folder: Path, signed_by: str = "") -> list[Event]:
    """The events of a copy; `signed_by` is the id of the key that must have signed it. Raises
    JournalBroken if the chain, the head or its signature does not hold, the tail was cut, or another
    key signed it."""
    try:
        lines = (folder / EVENTS_FILE).read_bytes().splitlines()
        events = [Event(**json.loads(one)) for one in lines]
    except FileNotFoundError as missing:
        raise BadInput("journal-copy-incomplete", folder=folder, filename=missing.filename) from None
    except (ValueError, TypeError) as wrong:
        raise JournalBroken("journal-copy-unreadable", folder=folder, reason=wrong) from None
    said, public = _head(folder)
    require_signer(public, signed_by, "The copy of the journal")
    last = _chain(events)
    if (last.seq, last.digest) != (said["seq"], said["digest"]):
        raise JournalBroken("journal-copy-truncated", seq=last.seq, reason=said["seq"])
    return events


def _chain(events: list[Event]) -> JournalHead:
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
    """Fill an empty book from a copy, signed by the key `signed_by` where that is given, and go on
    with its chain. From now on only this book issues numbers. Raises BadInput if the book is not
    empty, JournalBroken as `read` does."""
    if journal.head().seq:
        raise BadInput("home-already-has-journal")
    events = read_copy(folder, signed_by)
    _take_content(folder, events, content)
    with journal.write(actor) as pen:
        for event in events:
            pen.copy(event)
        head = pen.head
        body = JournalContinued(seq=head.seq, head=head.digest)
        pen.append(body, "journal", key=f"continued:{head.digest}")
    return journal.head()


@dataclass(frozen=True)
class Adoption:
    """What `adopt` did, or would do: the extra events of the other book, and what clashes. `unlike`:
    what both books tell once, each in its own words, of which ours stay. `listed`: what is never taken
    from another book; `copy`: SHA-256 of that book's events in the content store; `signer`: id of the
    key that signed it."""

    prefix: int
    taken: tuple[Event, ...]
    conflicts: tuple[Problem, ...]
    unlike: tuple[Problem, ...] = ()
    listed: tuple[adoption.Passed, ...] = ()
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
    """Take back the events that another copy of this book gained after the two parted, as far as
    `tasks/core/journal/adoption.py` lets them be taken; the others are listed.

    Each is appended anew with its origin. Raises JournalBroken, naming each number in conflict,
    and changes nothing, unless `leave_conflicts`: then the rest is taken and the conflicts stand
    in the event `journal.adopted`, as do the digests of what was listed and that of the other book's
    events, which stay in the content store. Adopting the same book again changes nothing.
    """
    theirs = read_copy(folder, signed_by)
    prefix = _common(journal, theirs)
    if prefix == 0:
        raise BadInput("journals-unrelated")
    _take_content(folder, theirs[prefix:], content)
    given = b"".join(event_line(event) for event in theirs)
    some, passed = adoption.part(theirs, prefix)
    with journal.write(actor) as pen:
        taken, conflicts = _take(pen, some)
        if conflicts and not leave_conflicts:
            raise JournalBroken("journal-events-conflict", conflicts, conflicts_count=len(conflicts))
        copy = content.put(given)
        _note(pen, theirs, prefix, Adoption(prefix, tuple(taken), tuple(conflicts), (), tuple(passed), copy))
    told = {event.seq for event in taken} | {one.row for one in conflicts}
    unlike = tuple(_unlike(journal, [event for event in some if event.seq not in told]))
    signed_with = copy_signer(folder)
    return Adoption(prefix, tuple(taken), tuple(conflicts), unlike, tuple(passed), copy, signed_with)


def _unlike(journal: Journal, left: list[Event]) -> Iterator[Problem]:
    """Two laptops in one outage declare the same incident and tell the same notice, each with its own
    times and references: the second to come back is not taken, and a person should know."""
    for event in left:
        if not event.key or event.kind.startswith(("journal.", "mail.")):
            continue
        for row in journal.rows(sa.select(EVENTS.c.kind, EVENTS.c.body).where(EVENTS.c.key == event.key)):
            ours, other = (
                msgspec.structs.replace(one, origin=None) for one in (read_body(row.kind, row.body), event.said)
            )
            if ours != other:
                values = {"actor": event.actor, "body": event.body[:300]}
                yield _named(event, event.subject, "event-told-otherwise", values)


def _note(pen: Pen, theirs: list[Event], prefix: int, done: Adoption) -> None:
    if done.taken or done.conflicts or any(passed.reason.to_do for passed in done.listed):
        body = JournalAdopted(
            seq=prefix,
            head=theirs[-1].digest,
            events=len(done.taken),
            conflicts=[_stored(problem) for problem in done.conflicts],
            listed=tuple(passed.event.digest for passed in done.listed),
            content=done.copy,
        )
        # not the key of the last event, which may itself be taken under `adopted:` and its digest
        pen.append(body, "journal", key=f"adoption:{theirs[-1].digest}")


def _take(pen: Pen, extra: list[Event]) -> tuple[list[Event], list[Problem]]:
    taken: list[Event] = []
    conflicts: list[Problem] = []
    twice: set[str] = set()
    for event in extra:
        said = event.said
        if isinstance(said, NumbersIssued):
            some, found = _blocks(pen, event, said)
            twice |= {one.value for one in found}
        elif both := twice_issued(said, twice):
            some, found = _whole(pen, event, without_twice_issued(said, twice), ":rest")
            found += [_named(event, number, "number-issued-twice", {}) for number in both]
        else:
            some, found = _whole(pen, event)
        taken += some
        conflicts += found
    return taken, conflicts


def _blocks(pen: Pen, event: Event, said: NumbersIssued) -> tuple[list[Event], list[Problem]]:
    """A block of which some numbers clash: the rest is taken, or it would be issued once more."""
    clash = issued_elsewhere(pen, event, said)
    if not clash and not adopted_serials(pen, event):
        return _whole(pen, event)
    found = [
        _named(event, number, "number-not-free-here", {"state": state, "desk": desk or "-", "there": said.desk})
        for number, (state, desk) in clash.items()
    ]
    made = [pen.adopt(event, body, f":{body.first}") for body in unissued_blocks(pen, event, said, set(clash))]
    return [event for one in made if one is not None], found


def _whole(pen: Pen, event: Event, said: Body | None = None, part: str = "") -> tuple[list[Event], list[Problem]]:
    """All of an event, or the `part` that `said` is; nothing, where nothing of it is left."""
    if part and said is None:
        return [], []
    try:
        with pen.attempt():
            return ([event] if pen.adopt(event, said, part) is not None else []), []
    except (ContinuityError, sa.exc.IntegrityError, sa.exc.NoResultFound, LookupError, ValueError) as clash:
        cause = finding_of_error(clash)
        return [], [_named(event, event.subject, cause.code, cause.values)]


def _named(event: Event, value: str, code: str, values: Mapping[str, object]) -> Problem:
    return Problem(row=event.seq, column=event.kind, value=value, code=code, values=values)


def _stored(problem: Problem) -> Finding:
    """A conflict as the journal keeps it: the subject is the number, or what the event is about."""
    values = {name: str(value) for name, value in problem.values.items()}
    return Finding(problem.code, problem.value, {"seq": problem.row, **values})


def _common(journal: Journal, theirs: list[Event]) -> int:
    same = 0
    for ours, other in zip(journal.events(), theirs, strict=False):
        if ours.digest != other.digest:
            break
        same += 1
    return same


def _take_content(folder: Path, events: list[Event], content: ContentStore) -> None:
    source = ContentStore(folder / "content")
    for event in events:
        for digest in contents(event.said):
            content.put(source.get(digest))


def last_events(journal: Journal, count: int) -> Iterator[Event]:
    """The last `count` events, oldest first."""
    return journal.events(after=max(0, journal.head().seq - count))
