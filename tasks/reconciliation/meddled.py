"""Files of the outbound folder that are not as we put them there: what the sender takes must be what was
approved, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import sqlalchemy as sa

from tasks.reconciliation.outbound import outbound, password, real
from tasks.reconciliation.planned import load
from tasks.shared.ace_tables import BATCHES, SENT
from tasks.shared.errors import Missing
from tasks.shared.exchange import Exchange
from tasks.workspace import Workspace

_PASSWORD = slice(8, 14)


def meddled(workspace: Workspace) -> dict[str, str]:
    """File by file what is wrong with batches that wait for an answer, and what to do: edited, or also
    there under another name. One that is gone was taken by the sender; files of other programs are
    none of ours."""
    ours = {file: (batch, data) for file, batch, data in _waiting(workspace)}
    if not ours:
        return {}
    with outbound(workspace.settings, workspace.journal) as folder:
        names = set(folder.names())
        return {
            **dict(_edited(folder, names, ours)),
            **dict(_renamed(folder, names, ours)),
        }


Ours = dict[str, tuple[str, bytes]]


def _edited(folder: Exchange, names: set[str], ours: Ours) -> Iterator[tuple[str, str]]:
    for file in sorted(names.intersection(ours)):
        batch, data = ours[file]
        with suppress(Missing):
            if _plain(folder.read(file)) != _plain(data):
                yield file, ("it is not what was approved and written. Stop the sender and move it away; "
                             "if ACE got nothing of it: continuity reconcile not-received "
                             f"{batch}")  # fmt: skip


def _renamed(folder: Exchange, names: set[str], ours: Ours) -> Iterator[tuple[str, str]]:
    known = {_plain(data): file for file, (_, data) in ours.items()}
    sizes = set(map(len, (data for _, data in ours.values())))
    for name in sorted(names.difference(ours)):
        with suppress(Missing):
            twin = known.get(_plain(folder.read(name))) if folder.size(name) in sizes else None
            if twin:
                yield name, (f"it is {twin} under another name: sent twice if the sender took that one. "
                             "If it did, move this away; if not, give it its name back")  # fmt: skip


def _waiting(workspace: Workspace) -> Iterator[tuple[str, str, bytes]]:
    """(file, batch, bytes) of the batches that wait for an answer."""
    waits = sa.select(SENT.c.batch).where(SENT.c.state == "waiting")
    rows = workspace.journal.rows(
        sa.select(BATCHES).where(BATCHES.c.written, BATCHES.c.batch.in_(waits))
    )
    secret = password(workspace.settings) if rows else ""
    for digest in sorted({row.plan for row in rows}):
        wanted = {row.batch for row in rows if row.plan == digest}
        for batch in load(workspace.content, digest).batches:
            if batch.batch in wanted:
                yield (
                    batch.file,
                    batch.batch,
                    real(workspace.content, workspace.vault, workspace.settings, batch, secret),
                )


def _plain(data: bytes) -> bytes:
    """Without the password, which may have been changed meanwhile."""
    return data[: _PASSWORD.start] + data[_PASSWORD.stop :]
