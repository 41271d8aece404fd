"""Workbooks for desks: issued numbers to fill in, or recorded entries to correct."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from tasks.entries import reserve
from tasks.entries.number import parse
from tasks.entries.private_fields import unseal
from tasks.entries.record import Record, concat, from_bytes
from tasks.entries.workbook import write_workbook
from tasks.shared.content import ContentStore
from tasks.shared.errors import NumberUnavailable, Problem, Refused
from tasks.shared.journal import Journal, is_drill
from tasks.shared.private import Vault
from tasks.shared.projections import ENTRIES, NUMBERS
from tasks.shared.settings import Settings


def write(journal: Journal, settings: Settings, desk: str, path: Path) -> int:
    """Write the workbook of a desk with its unused numbers; returns how many. Raises
    NumberUnavailable if the desk holds none."""
    numbers = reserve.issued_to(journal, desk)
    if not numbers:
        raise NumberUnavailable(
            f"The desk {desk!r} holds no unused numbers: continuity numbers issue --desk {desk}"
        )
    port = _port(journal, desk)
    write_workbook(path, desk, port, numbers, _house(settings), drill=is_drill(journal))
    return len(numbers)


def hand_back(
    journal: Journal,
    content: ContentStore,
    vault: Vault,
    settings: Settings,
    numbers: Iterable[str],
    folder: Path,
    problems: Mapping[str, Sequence[Problem]] | None = None,
) -> list[Path]:
    """One workbook a desk with just these recorded entries, filled in, and why each comes back.
    Raises Refused, naming each number that is not recorded."""
    offsets = {settings.broker.filer_code: settings.numbers.check_digit_offset}
    wanted = [str(parse(text, offsets=offsets)) for text in numbers]
    rows = journal.rows(sa.select(ENTRIES).where(ENTRIES.c.number.in_(wanted)))
    if missing := sorted(set(wanted) - {row.number for row in rows}):
        raise Refused(f"Not recorded in this book: {', '.join(missing)}")
    by_desk: dict[str, list[sa.Row]] = {}
    for row in rows:
        by_desk.setdefault(row.desk, []).append(row)
    return [
        write_workbook(
            folder / f"{desk}-correct.xlsx", desk, _port(journal, desk), [], _house(settings),
            drill=is_drill(journal), record=unseal(_record(content, some), vault),
            problems=problems,
        )
        for desk, some in sorted(by_desk.items())
    ]  # fmt: skip


def _record(content: ContentStore, rows: Iterable[sa.Row]) -> Record:
    return concat([from_bytes(content.get(row.content)).take([row.number]) for row in rows])


def _port(journal: Journal, desk: str) -> str:
    query = sa.select(NUMBERS.c.port).where(NUMBERS.c.desk == desk).order_by(NUMBERS.c.serial)
    row = journal.rows(query.limit(1))
    return row[0].port if row else ""


def _house(settings: Settings) -> dict[str, str]:
    broker = settings.broker
    return {
        "name": broker.name,
        "filer_code": broker.filer_code,
        "licence": broker.licence,
        "contact_name": broker.contact_name,
        "contact_phone": broker.contact_phone,
    }
