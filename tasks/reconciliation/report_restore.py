"""What the report says of a restore of production: what ACE held that its books had lost, the next
number, and what was handed to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from tasks.reconciliation.production import LACKING, STRAY
from tasks.reconciliation.report_rows import scrubbed
from tasks.shared.content import ContentStore
from tasks.shared.journal import Event, Journal
from tasks.shared.kinds.settling import ProductionExported, ProductionNumbered, ProductionRestored

_NAMES = ("number", "what", "books", "entry_type", "port", "importer", "accepted", "version",
          "summary", "release", "release_date", "owed", "seen_in")  # fmt: skip
SCHEMA = pa.schema([(name, pa.string()) for name in _NAMES])


@dataclass(frozen=True)
class Restored:
    """`words` for the auditor's page; `rows`: what the books lacked when the next number was named
    last, with `SCHEMA`."""

    words: tuple[str, ...]
    rows: pa.Table


NOTHING = Restored((), SCHEMA.empty_table())


def read(journal: Journal, content: ContentStore) -> Restored:
    """All that the book says of restores. Raises ContentMissing."""
    events = [*journal.events(kind="production.")]
    numbered = [one.said for one in events if isinstance(one.said, ProductionNumbered)]
    rows = json.loads(content.get(numbered[-1].content)) if numbered else []
    lacking = [{name: row[name] for name in _NAMES} for row in rows
               if row["books"] in (LACKING, STRAY)]  # fmt: skip
    table = scrubbed(pa.Table.from_pylist(lacking, SCHEMA))
    return Restored(tuple(text for event in events for text in _words(event)), table)


def _words(event: Event) -> Iterator[str]:
    said, at = event.said, f"{event.at[:16]}Z ({event.actor})"
    if isinstance(said, ProductionRestored):
        counter = f", its counter at {said.counter}" if said.counter is not None else ""
        yield (f"{at}: production restored from the backup of {said.last_backup}, ACE asked up to "
               f"{said.cut_off}{counter}")  # fmt: skip
    if isinstance(said, ProductionNumbered):
        yield (f"{at}: ACE holds {said.lacking} number(s) that our books lack; production goes on "
               f"with {said.number}, above {said.highest or 'none'} ({said.seen_in})")  # fmt: skip
    if isinstance(said, ProductionExported):
        private = ", private values in the clear" if said.private else ""
        yield f"{at}: {len(said.numbers)} settled entries handed to production{private}"
