"""The journal: one append-only, hash-chained list of events, and the only way to add to it.

with journal.write(actor) as pen:       one transaction, one lock, all or nothing
    pen.append(body, subject, key)      None if there is an event with this key already
    pen.rows(select)                    projections as they are under the same lock
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from tasks.core import clock, registry
from tasks.core.errors import JournalBroken, Refused
from tasks.core.journal import projections, store, table_columns
from tasks.core.journal.bodies import Body, Origin, canonical, read_body, write_body
from tasks.core.journal.events import JournalStarted

GENESIS = "0" * 64


@dataclass(frozen=True)
class Event:
    """One line of the journal. `body` is canonical JSON; `said` is its typed form."""

    seq: int
    at: str
    actor: str
    subject: str
    kind: str
    body: str
    key: str | None
    prev: str
    digest: str

    @property
    def said(self) -> Body:
        return read_body(self.kind, self.body)

    def computed(self) -> str:
        """SHA-256 over everything but the digest itself."""
        parts = [self.seq, self.at, self.actor, self.subject, self.kind, self.body]
        text = canonical([*parts, self.key, self.prev], floats=False)
        return sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class JournalHead:
    """The last event of a journal: its number and digest. An empty journal has seq 0 and zeros."""

    seq: int
    digest: str


class Pen:
    """Appends to the journal inside one transaction that holds the writer's lock. `start`: the last
    event before it."""

    def __init__(self, connection: sa.Connection, actor: str) -> None:
        self._connection = connection
        self._actor = actor
        self.start = self.head = _head(connection)

    def append(self, body: Body, subject: str, key: str | None = None, *, actor: str = "") -> Event | None:
        """Add one event and update the projections.

        Returns None, and adds nothing, if there is an event with this key already. Raises
        sqlalchemy.exc.IntegrityError if a projection forbids it (a number used twice).
        """
        if key is not None and self._known(key):
            return None
        event = self._next(body, subject, key, actor or self._actor)
        self._connection.execute(sa.insert(store.EVENTS), [vars(event)])
        projections.project(self._connection, event.seq, body)
        self.head = JournalHead(event.seq, event.digest)
        return event

    def copy(self, event: Event) -> None:
        """Append an event of the same chain as it is. Raises JournalBroken if it is not next."""
        if event.prev != self.head.digest or event.computed() != event.digest:
            raise JournalBroken("adopted-event-out-of-sequence", seq=event.seq, seq2=self.head.seq)
        self._connection.execute(sa.insert(store.EVENTS), [vars(event)])
        projections.project(self._connection, event.seq, event.said)
        self.head = JournalHead(event.seq, event.digest)

    def adopt(self, event: Event, body: Body | None = None, part: str = "") -> Event | None:
        """Append an event of another journal anew, with its origin, or a `part` of its body. None if it is
        here already."""
        origin = Origin(seq=event.seq, at=event.at, digest=event.digest)
        adopted = msgspec.structs.replace(body or event.said, origin=origin)
        key = event.key if event.key and not part else f"adopted:{event.digest}{part}"
        return self.append(adopted, event.subject, key, actor=event.actor)

    def rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        return self._connection.execute(query).all()

    @contextmanager
    def attempt(self) -> Generator[None, None, None]:
        """A part of the transaction that can fail without ending the whole."""
        before = self.head
        try:
            with self._connection.begin_nested():
                yield
        except BaseException:
            self.head = before
            raise

    def _known(self, key: str) -> bool:
        return self._connection.execute(_KEYED, {"known": key}).first() is not None

    def _next(self, body: Body, subject: str, key: str | None, actor: str) -> Event:
        if not actor:
            raise Refused("acting-person-missing")
        draft = Event(
            seq=self.head.seq + 1,
            at=clock.text(),
            actor=actor,
            subject=subject,
            kind=body.kind,
            body=write_body(body),
            key=key,
            prev=self.head.digest,
            digest="",
        )
        return replace(draft, digest=draft.computed())


class Journal:
    """A journal on SQLite (a file) or PostgreSQL (a URL). Safe to share between threads."""

    def __init__(self, url: str) -> None:
        registry.load_projections()
        self.url = url
        self.engine = store.engine(url)

    @classmethod
    def at(cls, path: Path) -> Journal:
        """The journal in this SQLite file, made if there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return cls.made(store.sqlite_url(path))

    @classmethod
    def made(cls, url: str) -> Journal:
        """The journal behind this URL, with its tables and guards made if missing."""
        journal = cls(url)
        store.create(journal.engine, table_columns.METADATA)
        return journal

    @contextmanager
    def write(self, actor: str) -> Generator[Pen, None, None]:
        """One transaction under the writer's lock. An exception leaves the journal as it was."""
        with self.engine.connect().execution_options(writing=True) as connection, connection.begin():
            store.lock(connection)
            yield Pen(connection, actor)

    def append(self, body: Body, subject: str, actor: str, key: str | None = None) -> bool:
        """Add one event on its own. False if there is an event with this key already."""
        with self.write(actor) as pen:
            return pen.append(body, subject, key) is not None

    def rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        """The rows of a query over the projections."""
        with self.engine.connect() as connection:
            return connection.execute(query).all()

    def head(self) -> JournalHead:
        with self.engine.connect() as connection:
            return _head(connection)

    def holds(self, key: str) -> bool:
        """Whether an event with this key is in the journal."""
        with self.engine.connect() as connection:
            return connection.execute(_KEYED, {"known": key}).first() is not None

    def events(self, *, after: int = 0, kind: str = "", subject: str = "", key: str = "") -> Iterator[Event]:
        """Events in order, after a number, of one kind (or a family, `entry.`) or subject."""
        columns = store.EVENTS.c
        query = sa.select(store.EVENTS).where(columns.seq > after).order_by(columns.seq)
        if kind:
            family = kind.endswith(".")
            query = query.where(columns.kind.startswith(kind) if family else columns.kind == kind)
        if subject:
            query = query.where(columns.subject == subject)
        if key:
            query = query.where(columns.key == key)
        with self.engine.connect() as connection:
            for row in connection.execution_options(yield_per=2000).execute(query).mappings():
                yield Event(**row)

    def rebuild(self) -> int:
        """Drop the projections and fold them anew from the events. Returns how many events."""
        with self.engine.connect().execution_options(writing=True) as connection, connection.begin():
            store.lock(connection)
            table_columns.METADATA.drop_all(connection)
            store.create_tables(connection, table_columns.METADATA)
            return replay(self.events(), connection)

    def close(self) -> None:
        self.engine.dispose()


def replay(events: Iterator[Event], connection: sa.Connection) -> int:
    """Fold events into the projections of `connection`. Returns how many there were."""
    count = 0
    for event in events:
        projections.project(connection, event.seq, event.said)
        count += 1
    return count


_LAST = sa.select(store.EVENTS.c.seq, store.EVENTS.c.digest).order_by(store.EVENTS.c.seq.desc()).limit(1)
_KEYED = sa.select(store.EVENTS.c.seq).where(store.EVENTS.c.key == sa.bindparam("known"))


def _head(connection: sa.Connection) -> JournalHead:
    row = connection.execute(_LAST).first()
    return JournalHead(row.seq, row.digest) if row else JournalHead(0, GENESIS)


def require_whole(journal: Journal) -> None:
    """Raises JournalBroken unless the last event holds: a cheap look before something is added."""
    head = journal.head()
    for event in journal.events(after=head.seq - 1):
        if event.computed() != event.digest:
            raise JournalBroken("event-altered", seq=event.seq)


def is_drill(journal: Journal) -> bool:
    """True for a journal that was started for a drill: all that comes of it is marked so."""
    started = next(journal.events(kind=JournalStarted.kind), None)
    return started is not None and bool(getattr(started.said, "drill", False))
