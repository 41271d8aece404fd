"""What production lacks after a restore, and the number that it may go on with."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date

import sqlalchemy as sa

from tasks.core.errors import BadNumber, Refused
from tasks.core.journal.bodies import canonical
from tasks.core.settings import BrokerSettings
from tasks.entries.api import NUMBERS, EntryNumber, NumberSettings, make_entry_number, parse_entry_number
from tasks.reconciliation.decisions.entry_facts import HELD
from tasks.reconciliation.events import ProductionNumbered
from tasks.reconciliation.restore import ace_numbers
from tasks.reconciliation.restore.ace_numbers import (
    ace_numbers_shown,
    last_answers,
    ledger_serials,
    own_numbers,
    range_rows,
)
from tasks.reconciliation.restore.restore_queries import Restore
from tasks.reconciliation.state.entry_state import NOTICE, PROBE
from tasks.workspace import Workspace

LACKING, OURS, STRAY, KNOWN = ("lacking", "recorded", "NOT RECORDED, of our reserve", "in production")
"""How our records stand to a number that ACE has."""

SUMMARY_SEEN, RELEASE_SEEN = "summary", "release only"
RESERVED = ("reserved", "issued", "void")


@dataclass(frozen=True)
class AceNumber:
    """One number that ACE has. Days are `YYYY-MM-DD`, moments ACE's own, amounts dollars; `importer`
    may be a private reference. Of a release only what CQ tells is there."""

    number: str
    what: str
    books: str
    entry_type: str
    port: str
    importer: str
    accepted: str
    version: str
    summary: str
    release: str
    release_date: str
    lines: int | None
    owed: str
    seen_in: str

    @property
    def lacking(self) -> bool:
        return self.books in (LACKING, STRAY)


@dataclass(frozen=True)
class NextNumber:
    """`number` is the next that production may issue; `highest` the highest that was seen, or
    empty; `outside` numbers of this filer's that ACE showed, that we lack and production could not
    issue."""

    number: str
    highest: str
    seen_in: str
    margin: int
    outside: tuple[str, ...]


def recovered_numbers(workspace: Workspace, in_production: Collection[str] = ()) -> list[AceNumber]:
    """All that ACE showed since the backup, by number: summaries, then releases that CQ or a notice
    told of. `in_production`: numbers that the restored production has."""
    states = {row.number: row.state for row in workspace.journal.rows(sa.select(NUMBERS))}
    rows: dict[str, AceNumber] = {}
    for row in range_rows(workspace):
        number = str(row["entry_number"] or "")
        if number:
            rows[number] = _summary_number(row, _book_status(number, states, in_production))
    for about in (PROBE, NOTICE):
        for number, status in last_answers(workspace.journal, about).items():
            if status.disposition in HELD and number not in rows and _is_number(number):
                rows[number] = _release_number(
                    status, _book_status(number, states, in_production), ace_numbers.SOURCES[about]
                )
    return [rows[number] for number in sorted(rows)]


def _book_status(number: str, states: dict[str, str], in_production: Collection[str]) -> str:
    state = states.get(number)
    if state is not None:
        return STRAY if state in RESERVED else OURS
    return KNOWN if number in in_production else LACKING


def _summary_number(row: dict, books: str) -> AceNumber:
    amounts = [row[name] for name in ("duty", "tax", "fees", "ad_cvd") if row[name] is not None]
    return AceNumber(
        number=row["entry_number"],
        what=SUMMARY_SEEN,
        books=books,
        **{name: _text(row[column]) for name, column in _COLUMNS.items()},
        lines=row["lines"],
        owed=f"{sum(amounts):.2f}" if amounts else "",
        seen_in="EQ by date",
    )


_COLUMNS = {
    "entry_type": "entry_type",
    "port": "port",
    "importer": "importer_number",
    "accepted": "accepted_at",
    "version": "version",
    "summary": "summary",
    "release": "release",
    "release_date": "release_date",
}


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _release_number(status, books: str, where: str) -> AceNumber:
    return AceNumber(
        number=status.number,
        what=RELEASE_SEEN,
        books=books,
        entry_type="",
        port="",
        importer="",
        accepted="",
        version="",
        summary=status.summary,
        release=status.release,
        release_date=status.release_date,
        lines=None,
        owed="",
        seen_in=where,
    )


def _is_number(text: str) -> bool:
    try:
        parse_entry_number(text, offsets={text[:3]: range(10)})
    except BadNumber:
        return False
    return True


def next_number(
    workspace: Workspace, restore: Restore, margin: int | None = None, in_production: Collection[str] = ()
) -> NextNumber:
    """The number above all that were seen in ACE, in our ledger, in the restored system and at its
    counter, after `margin` numbers that are left out (a day's volume, if none is given): production
    may have printed numbers before it could send them.

    Raises Refused where that is not in production's range, or a number of our reserve lies there.
    """
    ours, filer = workspace.settings(NumberSettings), workspace.settings(BrokerSettings).filer_code
    margin = ours.daily_volume if margin is None else margin
    places = dict(_seen_serials(workspace, restore, in_production))
    top = max(places, default=ours.production_first - 1)
    serial = top + 1 + margin
    _require_free(workspace, serial)
    highest = str(make_entry_number(filer, top, ours.check_digit_offset)) if places else ""
    number = str(make_entry_number(filer, serial, ours.check_digit_offset))
    return NextNumber(number, highest, places.get(top, "nothing was seen"), margin, _numbers_outside_range(workspace))


def _seen_serials(workspace: Workspace, restore: Restore, in_production: Collection[str]) -> Iterator[tuple[int, str]]:
    """(serial, where), the surest last."""
    ours, filer = workspace.settings(NumberSettings), workspace.settings(BrokerSettings).filer_code
    if restore.counter is not None and restore.counter > ours.production_first:
        yield restore.counter - 1, "the counter of the restored system"
    for text in in_production:
        number = _own_number(text, filer)
        if number and ours.production_first <= number.serial <= ours.production_last:
            yield number.serial, "the restored system"
    yield from ((serial, "our ledger") for serial in ledger_serials(workspace))
    yield from ((number.serial, f"ACE, {where}") for number, where in own_numbers(workspace))


def _own_number(text: str, filer: str) -> EntryNumber | None:
    number = parse_entry_number(text, offsets={text[:3]: range(10)})
    return number if number.filer == filer else None


def _require_free(workspace: Workspace, serial: int) -> None:
    ours, column = workspace.settings(NumberSettings), NUMBERS.c
    if serial > ours.production_last:
        raise Refused("production-range-exhausted", serial=serial, production_last=ours.production_last)
    query = sa.select(sa.func.min(column.serial)).where(
        column.series == "entry",
        column.filer == workspace.settings(BrokerSettings).filer_code,
        column.serial.between(serial, ours.production_last),
    )
    lowest = workspace.journal.rows(query)[0][0]
    if lowest is not None:
        raise Refused("reserve-overlaps-production", lowest=lowest, serial=serial, production_last=ours.production_last)


def _numbers_outside_range(workspace: Workspace) -> tuple[str, ...]:
    """Numbers of this filer's that ACE has, outside of production's range and of our ledger."""
    ledger = {row.number for row in workspace.journal.rows(sa.select(NUMBERS.c.number))}
    inside = {str(number) for number, _ in own_numbers(workspace)}
    filer = workspace.settings(BrokerSettings).filer_code
    every = {number for number, _ in ace_numbers_shown(workspace) if number.startswith(f"{filer}-")}
    return tuple(sorted(every - inside - ledger))


def record_next_number(workspace: Workspace, rows: list[AceNumber], following: NextNumber, actor: str) -> None:
    """Write the next number and what our records lack into the journal, once."""
    lacking = [row for row in rows if row.lacking]
    content = workspace.content.put(canonical([asdict(row) for row in rows]).encode())
    body = ProductionNumbered(
        number=following.number,
        highest=following.highest,
        seen_in=following.seen_in,
        lacking=len(lacking),
        content=content,
    )
    key = f"numbered:{following.number}:{content}"
    workspace.journal.append(body, "production", actor, key=key)


def parse_numbers(text: str, name: str) -> list[str]:
    """Entry numbers out of a listing of the restored system: one a line, or the first column of a
    CSV; a heading is passed over. Raises BadNumber, naming every line that is none."""
    listed, problems = [], []
    for row, line in enumerate(text.splitlines(), start=1):
        cell = line.split(",")[0].split(";")[0].strip().strip('"')
        if not cell or (row == 1 and not any(sign.isdigit() for sign in cell)):
            continue
        try:
            listed.append(str(parse_entry_number(cell, offsets={cell[:3].upper(): range(10)})))
        except BadNumber as wrong:
            problems += [replace(problem, file=name, row=row, value=cell) for problem in wrong.problems]
    if problems:
        raise BadNumber("lines-without-entry-number", problems, problems_count=len(problems))
    return listed
