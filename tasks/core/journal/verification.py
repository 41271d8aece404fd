"""Whether a journal holds together: chain, bodies, projections and content."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tasks.core.content import ContentStore
from tasks.core.errors import Problem
from tasks.core.findings import finding_of_error
from tasks.core.journal import projections, store, table_columns
from tasks.core.journal.bodies import Body
from tasks.core.journal.journal import GENESIS, Event, Journal, JournalHead


@dataclass(frozen=True)
class Verdict:
    """What `verify_journal` found. `head` is that of the journal as read."""

    head: JournalHead
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def verify_journal(journal: Journal, content: ContentStore | None = None) -> Verdict:
    """Read the whole journal: each digest, each link, each body, the projections against fresh ones, and the
    content that events name."""
    problems: list[Problem] = []
    head = JournalHead(0, GENESIS)
    named: dict[str, int] = {}
    with _fresh() as connection:
        for event in journal.events():
            problems += _link(event, head) or _fold(event, connection, named)
            head = JournalHead(event.seq, event.digest)
        if not problems:
            problems += _differences(journal, connection)
    if content is not None:
        problems += [
            Problem(row=named[digest], value=digest, code=code) for digest, code in content.damaged(iter(named))
        ]
    return Verdict(head, tuple(problems))


@contextmanager
def _fresh() -> Generator[sa.Connection, None, None]:
    """Empty projections in memory."""
    memory = store.engine("sqlite+pysqlite://")
    try:
        with memory.connect().execution_options(writing=True) as connection, connection.begin():
            store.create_tables(connection, table_columns.METADATA)
            yield connection
    finally:
        memory.dispose()


def _link(event: Event, head: JournalHead) -> list[Problem]:
    if event.seq != head.seq + 1:
        return [Problem(row=event.seq, code="previous-event-missing", values={"seq": head.seq + 1})]
    if event.prev != head.digest:
        return [Problem(row=event.seq, code="event-chain-broken")]
    if event.computed() != event.digest:
        return [Problem(row=event.seq, code="journal-event-digest-mismatch")]
    return []


def _fold(event: Event, connection: sa.Connection, named: dict[str, int]) -> list[Problem]:
    try:
        body = event.said
        projections.project(connection, event.seq, body)
    except Exception as error:
        cause = finding_of_error(error)
        values = {"cause": cause.code, "reason": cause.message}
        return [Problem(row=event.seq, column=event.kind, code="event-contradicts-journal", values=values)]
    for digest in contents(body):
        named.setdefault(digest, event.seq)
    return []


def contents(body: Body) -> Iterator[str]:
    """The digests of content that an event names."""
    for field in body.content_fields:
        digest = getattr(body, field, None)
        if isinstance(digest, str) and len(digest) == 64:
            yield digest
    yield from (document.content for document in getattr(body, "attached", ()))


def _differences(journal: Journal, fresh: sa.Connection) -> Iterator[Problem]:
    with journal.engine.connect() as connection:
        for table in table_columns.METADATA.sorted_tables:
            ours, folded = _rows(connection, table), _rows(fresh, table)
            for row in sorted(ours ^ folded, key=repr)[:3]:
                code = "projection-row-unfounded" if row in ours else "projection-row-missing"
                yield Problem(sheet=table.name, value=str(row[0]), code=code)


def _rows(connection: sa.Connection, table: sa.Table) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.execute(sa.select(table))}
