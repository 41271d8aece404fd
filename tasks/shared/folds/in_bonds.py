"""In-bond numbers on recorded bills: used while an entry names them, issued again when a revision
takes the last one off. Several entries may come out of one in-bond movement."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tasks.shared.kinds.entries import EntryLine
from tasks.shared.projections import IN_BONDS, NUMBERS, among

SERIES, USED, ISSUED = "in-bond", "used", "issued"


def carry(connection: sa.Connection, seq: int, entries: Sequence[EntryLine]) -> None:
    """Put these entries' in-bond numbers in the place of those that they named before."""
    named = {line.number: line.in_bonds for line in entries}
    before = among(connection.execute, sa.select(IN_BONDS), IN_BONDS.c.entry, list(named))
    touched = {row.number for row in before}
    if touched:
        own = sa.delete(IN_BONDS).where(IN_BONDS.c.entry == sa.bindparam("n"))
        connection.execute(own, [{"n": entry} for entry in named])
    rows = [{"number": one, "entry": entry} for entry, some in named.items() for one in some]
    if rows:
        connection.execute(sa.insert(IN_BONDS), rows)
    if touched := touched | {row["number"] for row in rows}:
        _stand(connection, seq, sorted(touched))


def _stand(connection: sa.Connection, seq: int, numbers: list[str]) -> None:
    """Only numbers that were issued here move; others belong to a carrier, or are void."""
    users: dict[str, list[str]] = {number: [] for number in numbers}
    for row in among(connection.execute, sa.select(IN_BONDS), IN_BONDS.c.number, numbers):
        users[row.number].append(row.entry)
    rows = [
        {
            "n": number,
            "into": USED if entries else ISSUED,
            "why": f"on the bills of {', '.join(sorted(entries))}" if entries else "",
        }
        for number, entries in users.items()
    ]
    change = (
        sa.update(NUMBERS)
        .where(NUMBERS.c.number == sa.bindparam("n"), NUMBERS.c.series == SERIES)
        .where(sa.or_(NUMBERS.c.state == ISSUED, NUMBERS.c.state == USED))
        .where(NUMBERS.c.note != sa.bindparam("why"))
    )
    into, why = sa.bindparam("into"), sa.bindparam("why")
    connection.execute(change.values(state=into, seq=seq, note=why), rows)
