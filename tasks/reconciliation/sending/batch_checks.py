"""Checks of batches that wait for an answer: whether their files in the outbound folder are what was approved,
byte for byte, and which have no answer long after they were written. The sender may have taken such a file,
or somebody removed it: ACE is asked, and a person looks at the sender.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import Missing
from tasks.core.journal.journal import Journal
from tasks.core.journal.store import EVENTS
from tasks.core.messages import message_text
from tasks.entries.api import SENT
from tasks.reconciliation.plan.plan_store import load_plan
from tasks.reconciliation.sending.batch_writing import final_bytes, outbound_folder, password
from tasks.reconciliation.tables import BATCHES
from tasks.transport.api import ExchangeFolder
from tasks.workspace import Workspace

LONG = timedelta(hours=1)
"""ACE answers in minutes; after an hour CBP wants to be called (AE 2026-07, `ZZZ`)."""


@dataclass(frozen=True)
class UnansweredBatch:
    """A batch without an answer, since when (as the journal writes it), and whose entries wait."""

    batch: str
    file: str
    since: str
    numbers: tuple[str, ...]

    @property
    def words(self) -> str:
        since = self.since[:16].replace("T", " ")
        values = {"file": self.file, "since": since, "batch": self.batch}
        return message_text("batch-not-answered", values)


def unanswered_batches(journal: Journal) -> list[UnansweredBatch]:
    """Those written more than an hour ago of which an entry still waits, oldest first."""
    before = clock.text(clock.now() - LONG)
    query = (
        sa.select(BATCHES.c.batch, BATCHES.c.file, EVENTS.c.at, SENT.c.number)
        .join(SENT, SENT.c.batch == BATCHES.c.batch)
        .join(EVENTS, EVENTS.c.seq == BATCHES.c.seq)
        .where(BATCHES.c.written, SENT.c.state == "waiting", EVENTS.c.at < before)
        .order_by(EVENTS.c.at, SENT.c.number)
    )
    numbers_by_batch: dict[tuple[str, str, str], list[str]] = {}
    for row in journal.rows(query):
        numbers_by_batch.setdefault((row.batch, row.file, row.at), []).append(row.number)
    return [UnansweredBatch(*key, tuple(numbers)) for key, numbers in numbers_by_batch.items()]


def unanswered_entries(batches: Iterable[UnansweredBatch]) -> dict[str, str]:
    """What is to be said of each entry of these."""
    return {number: batch.words for batch in batches for number in batch.numbers}


_PASSWORD = slice(8, 14)


def tampered_files(workspace: Workspace) -> dict[str, str]:
    """File by file what is wrong with batches that wait for an answer, and what to do: edited, or also
    there under another name. One that is gone was taken by the sender; files of other programs are
    none of ours."""
    ours = {file: (batch, data) for file, batch, data in _waiting_files(workspace)}
    if not ours:
        return {}
    with outbound_folder(workspace.settings, workspace.journal) as folder:
        names = set(folder.names())
        return {**dict(_edited_files(folder, names, ours)), **dict(_renamed_files(folder, names, ours))}


WaitingFiles = dict[str, tuple[str, bytes]]


def _edited_files(folder: ExchangeFolder, names: set[str], ours: WaitingFiles) -> Iterator[tuple[str, str]]:
    for file in sorted(names.intersection(ours)):
        batch, data = ours[file]
        with suppress(Missing):
            if _without_password(folder.read(file)) != _without_password(data):
                yield (
                    file,
                    (
                        "it is not what was approved and written. Stop the sender and move it away; "
                        "if ACE got nothing of it: continuity reconcile not-received "
                        f"{batch}"
                    ),
                )


def _renamed_files(folder: ExchangeFolder, names: set[str], ours: WaitingFiles) -> Iterator[tuple[str, str]]:
    originals = {_without_password(data): file for file, (_, data) in ours.items()}
    sizes = set(map(len, (data for _, data in ours.values())))
    for name in sorted(names.difference(ours)):
        with suppress(Missing):
            twin = originals.get(_without_password(folder.read(name))) if folder.size(name) in sizes else None
            if twin:
                yield (
                    name,
                    (
                        f"it is {twin} under another name: sent twice if the sender took that one. "
                        "If it did, move this away; if not, give it its name back"
                    ),
                )


def _waiting_files(workspace: Workspace) -> Iterator[tuple[str, str, bytes]]:
    """(file, batch, bytes) of the batches that wait for an answer."""
    waits = sa.select(SENT.c.batch).where(SENT.c.state == "waiting")
    rows = workspace.journal.rows(sa.select(BATCHES).where(BATCHES.c.written, BATCHES.c.batch.in_(waits)))
    secret = password(workspace.settings) if rows else ""
    for digest in sorted({row.plan for row in rows}):
        waiting = {row.batch for row in rows if row.plan == digest}
        for batch in load_plan(workspace.content, digest).batches:
            if batch.batch in waiting:
                yield (
                    batch.file,
                    batch.batch,
                    final_bytes(workspace.content, workspace.vault, workspace.settings, batch, secret),
                )


def _without_password(data: bytes) -> bytes:
    """Without the password, which may have been changed meanwhile."""
    return data[: _PASSWORD.start] + data[_PASSWORD.stop :]
