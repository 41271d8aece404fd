"""Workbooks for desks: issued numbers to fill in, or recorded entries to correct."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from tasks.entries import reserve
from tasks.entries.number import parse
from tasks.entries.private_fields import unseal
from tasks.entries.record import Record, concat, from_bytes
from tasks.entries.standing import objection, standings
from tasks.entries.workbook import workbook
from tasks.shared.content import ContentStore
from tasks.shared.errors import NumberUnavailable, Problem, Refused
from tasks.shared.journal import Journal, is_drill
from tasks.shared.private import Vault
from tasks.shared.projections import ENTRIES, NUMBERS
from tasks.shared.settings import Settings
from tasks.shared.targets import Target, require_workbook_name, stamped, write_targets


def file_name(desk: str) -> str:
    """The name of a desk as part of a file name, on every system."""
    kept = "".join(sign if sign.isalnum() or sign in "-_ " else "-" for sign in desk)
    return kept.strip() or "desk"


def write(
    journal: Journal, settings: Settings, desk: str, path: Path, *, force: bool = False
) -> int:
    """Write the workbook of a desk with its unused numbers; returns how many. Raises
    NumberUnavailable if the desk holds none; BadInput for a name that no workbook has; Refused if
    the file stands there and somebody may have filled it in, unless with `force`."""
    require_workbook_name(path)
    numbers = reserve.issued_to(journal, desk)
    if not numbers:
        raise NumberUnavailable("desk-without-unused-numbers", desk=desk)
    port = _port(journal, desk)
    data = workbook(desk, port, numbers, _house(settings), drill=is_drill(journal))
    instead = (
        f"if it was filled in, hand it in first: continuity entries record {path}; "
        "else take another name with --out"
    )
    write_targets([_target(path, data, f"desk {desk}", instead)], force=force)
    return len(numbers)


def hand_back(
    journal: Journal,
    content: ContentStore,
    vault: Vault,
    settings: Settings,
    numbers: Iterable[str],
    folder: Path,
    problems: Mapping[str, Sequence[Problem]] | None = None,
    *,
    force: bool = False,
) -> list[Path]:
    """One workbook a desk with just these recorded entries, filled in, and why each comes back.
    Raises Refused, writing none, that names each number that is not recorded, each entry whose
    correction would not be taken, or each workbook that stands there and that somebody may have
    corrected, unless with `force`."""
    offsets = {settings.broker.filer_code: settings.numbers.check_digit_offset}
    wanted = [str(parse(text, offsets=offsets)) for text in numbers]
    rows = journal.rows(sa.select(ENTRIES).where(ENTRIES.c.number.in_(wanted)))
    if missing := sorted(set(wanted) - {row.number for row in rows}):
        raise Refused("entries-not-recorded", missing=", ".join(missing))
    if problems_found := list(_not_correctable(journal, wanted)):
        raise Refused("entries-not-correctable", problems_found)
    by_desk: dict[str, list[sa.Row]] = {}
    for row in rows:
        by_desk.setdefault(row.desk, []).append(row)
    targets = []
    for desk, some in sorted(by_desk.items()):
        path = folder / f"{file_name(desk)}-correct.xlsx"
        data = workbook(
            desk, _port(journal, desk), [], _house(settings), drill=is_drill(journal),
            record=unseal(_record(content, some), vault), problems=problems,
        )  # fmt: skip
        listed = " ".join(sorted(row.number for row in some))
        instead = (
            f"if it was corrected, hand it in first: continuity entries record {path}; "
            "else take another folder with --out"
        )
        targets.append(_target(path, data, f"corrections of {desk}: {listed}", instead))
    return write_targets(targets, force=force)


def _not_correctable(journal: Journal, numbers: list[str]) -> Iterator[Problem]:
    """What recording would refuse afterwards, said before somebody corrects it."""
    for row in standings(journal, numbers):
        if reason := objection(row.number, row.desk, row, ""):
            code, values = reason
            yield Problem(column="Entry number", value=row.number, code=code, values=values)


def _target(path: Path, data: bytes, purpose: str, instead: str) -> Target:
    return Target(path, stamped(data, purpose), purpose, instead)


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
