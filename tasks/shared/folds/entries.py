"""Entries: recorded, revised, and the ends that a number can have."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from tasks.shared.folds.in_bonds import carry
from tasks.shared.folds.numbers import move
from tasks.shared.folds.registry import fold
from tasks.shared.kinds.entries import EntriesRecorded, EntriesRevised, EntryLine, SingleBond
from tasks.shared.kinds.settling import EntryBurnt, EntryHandedOver, EntryReopened, EntrySettled
from tasks.shared.projections import ENTRIES, WITH_ANOTHER
from tasks.shared.struct_columns import cell


@fold(EntriesRecorded)
def _recorded(connection: sa.Connection, seq: int, body: EntriesRecorded) -> None:
    move(connection, seq, [line.number for line in body.entries], ("issued",), "recorded")
    rows = [{**_entry(line, body, seq), "revision": 1} for line in body.entries]
    connection.execute(sa.insert(ENTRIES), rows)
    carry(connection, seq, body.entries)


@fold(EntriesRevised)
def _revised(connection: sa.Connection, seq: int, body: EntriesRevised) -> None:
    move(connection, seq, [line.number for line in body.entries], ("recorded",), "recorded")
    change = (
        sa.update(ENTRIES)
        .where(ENTRIES.c.number == sa.bindparam("n"))
        .values(
            revision=ENTRIES.c.revision + 1,
            **{column.name: sa.bindparam(f"new_{column.name}") for column in _replaced()},
        )
    )
    rows = [_entry(line, body, seq) for line in body.entries]
    connection.execute(
        change,
        [{"n": row["number"], **{f"new_{k}": v for k, v in row.items() if k != "number"}}
         for row in rows],
    )  # fmt: skip
    carry(connection, seq, body.entries)


def _replaced() -> list[sa.Column[Any]]:
    return [column for column in ENTRIES.c if column.name not in ("number", "revision")]


def _entry(line: EntryLine, body: EntriesRecorded, seq: int) -> dict[str, Any]:
    return {
        "number": line.number,
        "content": body.content,
        "digest": line.digest,
        "desk": body.desk,
        "file": body.file,
        "entry_type": line.entry_type,
        "route": line.route,
        "outcome": line.outcome,
        "port": line.port,
        "importer": line.importer,
        "complete": line.complete,
        "covered_by": line.covered_by,
        "consolidating": line.consolidating,
        "released": line.released,
        "entered": line.entered,
        "bond_type": line.bond_type,
        "single_bonds": _single_bonds(line),
        "consignee": line.consignee,
        "release_digest": line.release_digest,
        "seq": seq,
    }


def _single_bonds(line: EntryLine) -> str:
    """A JSON list; empty if there is none. Bond type 9 is a single transaction bond of unknown terms."""
    unknown = [SingleBond()] if line.bond_type == "9" else []
    return cell(line.single_bonds or unknown)


@fold(EntrySettled)
def _settled(connection: sa.Connection, seq: int, body: EntrySettled) -> None:
    move(connection, seq, [body.number], ("recorded",), "settled", body.how)


@fold(EntryReopened)
def _reopened(connection: sa.Connection, seq: int, body: EntryReopened) -> None:
    move(connection, seq, [body.number], ("settled",), "recorded", body.reason)


@fold(EntryHandedOver)
def _handed_over(connection: sa.Connection, seq: int, body: EntryHandedOver) -> None:
    note = f"filed by other broker {body.filer} under {body.other_number}"
    allowed = ("issued", "recorded", WITH_ANOTHER)
    move(connection, seq, [body.number], allowed, "handed over", note)


@fold(EntryBurnt)
def _burnt(connection: sa.Connection, seq: int, body: EntryBurnt) -> None:
    # A number that is void or free can stand in ACE all the same, until CBP cancels it.
    allowed = ("issued", "recorded", "settled", "void", "reserved")
    move(connection, seq, [body.number], allowed, "burnt", body.reason)
