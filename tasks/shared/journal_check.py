"""Does the book hold together: chain, bodies, projections and content."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tasks.shared import folds, projections, store
from tasks.shared.content import ContentStore
from tasks.shared.errors import JournalBroken, Problem
from tasks.shared.findings import of_error
from tasks.shared.journal import GENESIS, Event, Head, Journal
from tasks.shared.kinds.backup import BackupProved
from tasks.shared.kinds.base import Body

# Not `source`: a file as a desk handed it in holds private data in the clear and is not kept.
_CONTENT_FIELDS = ("content", "accounting", "plan", "private", "proof")


@dataclass(frozen=True)
class Verdict:
    """What `verify` found. `head` is that of the book as read."""

    head: Head
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(journal: Journal, content: ContentStore | None = None) -> Verdict:
    """Read the whole book: each digest, each link, each body, the projections against a fresh
    fold, and the content that events name."""
    problems: list[Problem] = []
    head = Head(0, GENESIS)
    named: dict[str, int] = {}
    with _fresh() as connection:
        for event in journal.events():
            problems += _link(event, head) or _fold(event, connection, named)
            head = Head(event.seq, event.digest)
        if not problems:
            problems += _differences(journal, connection)
    if content is not None:
        problems += [
            Problem(row=named[digest], value=digest, code=code)
            for digest, code in content.damaged(iter(named))
        ]
    return Verdict(head, tuple(problems))


@contextmanager
def _fresh() -> Iterator[sa.Connection]:
    """Empty projections in memory."""
    made = store.engine("sqlite+pysqlite://")
    try:
        with made.connect().execution_options(writing=True) as connection, connection.begin():
            store.create_tables(connection, projections.METADATA)
            yield connection
    finally:
        made.dispose()


def _link(event: Event, head: Head) -> list[Problem]:
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
        folds.apply(connection, event.seq, body)
    except Exception as error:
        cause = of_error(error)
        values = {"cause": cause.code, "reason": cause.message}
        return [
            Problem(
                row=event.seq, column=event.kind, code="event-contradicts-journal", values=values
            )
        ]
    for digest in contents(body):
        named.setdefault(digest, event.seq)
    return []


def contents(body: Body) -> Iterator[str]:
    """The digests of content that an event names."""
    if isinstance(body, BackupProved):
        return  # its proof lies on the backup's store
    for field in _CONTENT_FIELDS:
        digest = getattr(body, field, None)
        if isinstance(digest, str) and len(digest) == 64:
            yield digest
    yield from (one.content for one in getattr(body, "attached", ()))


def _differences(journal: Journal, fresh: sa.Connection) -> Iterator[Problem]:
    with journal.engine.connect() as kept:
        for table in projections.METADATA.sorted_tables:
            ours, folded = _rows(kept, table), _rows(fresh, table)
            for row in sorted(ours ^ folded, key=repr)[:3]:
                code = "projection-row-unfounded" if row in ours else "projection-row-missing"
                yield Problem(sheet=table.name, value=str(row[0]), code=code)


def _rows(connection: sa.Connection, table: sa.Table) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.execute(sa.select(table))}


def require(verdict: Verdict) -> None:
    """Raises JournalBroken unless the verdict is clean."""
    if not verdict.ok:
        raise JournalBroken(
            "journal-not-valid", verdict.problems, problems_count=len(verdict.problems)
        )
