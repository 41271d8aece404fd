"""The broker's own deny list: kept in the journal itself, a version a change, each with its reason."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.screening.lists import tables, versions
from tasks.screening.lists.catalogue import OWN
from tasks.shared import clock
from tasks.shared.errors import BadInput, Refused
from tasks.shared.kinds.screening import ListLoaded
from tasks.workspace import Workspace


def deny(workspace: Workspace, actor: str, draft: tables.Draft, reason: str) -> str:
    """Put a party on the own deny list. Returns its record."""
    old = versions.records_of(workspace, OWN)
    taken = [int(one.rpartition("/")[2]) for one in old["record"].to_pylist()]
    draft.record = f"{OWN}/{max(taken, default=0) + 1:04d}"
    draft.remarks, draft.programs = reason, ["own"]
    draft.listed = clock.now().date().isoformat()
    _put_own(workspace, actor, tables.concat([old, tables.records([draft])]), reason)
    return draft.record


def allow(workspace: Workspace, actor: str, record: str, reason: str) -> None:
    """Take a party off the own deny list. Raises Refused if it is not on it."""
    old = versions.records_of(workspace, OWN)
    left = old.filter(pc.not_equal(old["record"], record))
    if left.num_rows == old.num_rows:
        raise Refused("deny-record-not-found", record=record)
    _put_own(workspace, actor, left, reason)


def _put_own(workspace: Workspace, actor: str, table: pa.Table, reason: str) -> None:
    if not reason:
        raise BadInput("reason-missing")
    body = ListLoaded(
        list_id=OWN,
        content=workspace.content.put(tables.to_bytes(table)),
        sources=[],
        as_of=clock.now().date().isoformat(),
        records=table.num_rows,
        names=tables.names(table).num_rows,
        reason=reason,
    )
    workspace.journal.append(body, f"list/{OWN}", actor)
