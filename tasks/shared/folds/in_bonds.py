"""In-bond numbers on recorded bills: used while an entry names them, issued again when a revision
takes the last one off. Several entries may come out of one in-bond movement."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tasks.shared import kinds
from tasks.shared.projections import IN_BONDS, NUMBERS

SERIES, USED, ISSUED = "in-bond", "used", "issued"


def carry(connection: sa.Connection, seq: int, entries: Sequence[kinds.EntryLine]) -> None:
    """Put these entries' in-bond numbers in the place of those that they named before."""
    touched: set[str] = set()
    for line in entries:
        own = IN_BONDS.c.entry == line.number
        touched |= {row.number for row in connection.execute(sa.select(IN_BONDS).where(own))}
        connection.execute(sa.delete(IN_BONDS).where(own))
        if line.in_bonds:
            rows = [{"number": number, "entry": line.number} for number in line.in_bonds]
            connection.execute(sa.insert(IN_BONDS), rows)
    touched |= {number for line in entries for number in line.in_bonds}
    for number in sorted(touched):
        _stand(connection, seq, number)


def _stand(connection: sa.Connection, seq: int, number: str) -> None:
    """Only numbers that were issued here move; others belong to a carrier, or are void."""
    query = sa.select(IN_BONDS.c.entry).where(IN_BONDS.c.number == number)
    entries = [row.entry for row in connection.execute(query.order_by(IN_BONDS.c.entry))]
    note = f"on the bills of {', '.join(entries)}" if entries else ""
    change = (
        sa.update(NUMBERS)
        .where(NUMBERS.c.number == number, NUMBERS.c.series == SERIES)
        .where(sa.or_(NUMBERS.c.state == ISSUED, NUMBERS.c.state == USED))
        .where(NUMBERS.c.note != note)
    )
    connection.execute(change.values(state=USED if entries else ISSUED, seq=seq, note=note))
