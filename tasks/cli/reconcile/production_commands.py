"""`continuity reconcile restored` and `export`: the production system runs again from a backup."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tasks.cli.context import Force, Json, invocation, print_files, print_table, print_text

if TYPE_CHECKING:
    from tasks.reconciliation.api import Restore, RestoreCycle

_SHOWN = {
    "number": "number",
    "what": "what",
    "books": "our books",
    "entry_type": "type",
    "port": "port",
    "accepted": "accepted",
    "summary": "summary",
    "release_date": "released",
    "owed": "owed",
}
_TIMES = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
_BACKUP = "The last good backup, Washington time; its whole day is asked for. Left out: as before."
_COUNTER = "The serial that the restored system would issue next: ACE is asked for releases too."
_KNOWN = "Numbers that the restored system has: one a line, or the first column of a CSV."


def add_to(app: typer.Typer) -> None:
    app.command("restored")(restored)
    app.command("export")(export)


def restored(
    last_backup: Annotated[datetime | None, typer.Option(formats=_TIMES, help=_BACKUP)] = None,
    cut_off: Annotated[datetime | None, typer.Option(formats=_TIMES, help="When ACE was cut off; else now.")] = None,
    counter: Annotated[int | None, typer.Option(min=0, help=_COUNTER)] = None,
    known: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help=_KNOWN)] = None,
    margin: Annotated[int | None, typer.Option(min=0, help="Numbers left out; else a day's volume.")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write it as a workbook (.xlsx).")] = None,
    force: Force = False,
    every: Annotated[bool, typer.Option("--every", help="Also what our books have.")] = False,
    as_json: Json = False,
) -> None:
    """After a restore: ask ACE what it took since the backup, list what our books lack, and name
    production's next number. Run it again when ACE has answered; exit 1 until then."""
    from tasks.reconciliation.api import parse_numbers, run_restore_cycle, sending_day, write_restore_workbook

    restore = _restore(last_backup, cut_off, counter)
    have = parse_numbers(known.read_text("utf-8-sig"), known.name) if known else []
    today = sending_day(invocation.workspace.settings)
    cycle = run_restore_cycle(invocation.workspace, restore, have, margin, invocation.actor, today)
    if as_json:
        print(json.dumps(cycle.as_dict(every=every), indent=1))
    else:
        _say(cycle, every)
    if out:
        written = write_restore_workbook(invocation.workspace, cycle, out, force=force)
        print_text("" if as_json else f"Written: {written}")
    raise typer.Exit(1 if cycle.waiting else 0)


def _restore(last_backup: datetime | None, cut_off: datetime | None, counter: int | None) -> Restore:
    from tasks.core.errors import BadInput
    from tasks.reconciliation.api import current_restore, record_restore

    current = current_restore(invocation.workspace.journal)
    begin = last_backup or (current.last_backup if current else None)
    if begin is None:
        raise BadInput("restore-not-recorded")
    return record_restore(invocation.workspace, begin, cut_off, counter, invocation.actor)


def _say(cycle: RestoreCycle, every: bool) -> None:
    listed = [asdict(one) for one in (cycle.rows if every else cycle.lacking)]
    title = "ACE has" if every else "ACE has, our books lack"
    print_table(
        [{title: row[name] for name, title in _SHOWN.items()} for row in listed],
        as_json=False,
        title=f"{title} (from {cycle.restore.last_backup} to {cycle.restore.cut_off})",
    )
    for path in cycle.asked:
        print_text(f"Question written: {path}")
    for reason in cycle.waiting:
        print_text(f"Waiting for ACE: {reason}")
    print_text(f"{len(cycle.rows)} number(s) in ACE so far, {len(cycle.lacking)} not in our books.")
    _say_next(cycle)


def _say_next(cycle: RestoreCycle) -> None:
    following = cycle.following
    if following is None:
        print_text(
            "Production's next number is named when ACE has answered: run this again then. Until "
            "then production must issue none."
        )
        return
    for number in following.outside:
        print_text(f"OUTSIDE production's range, and not in our books: {number}. Find out who issued it.")
    print_text(
        f"Production's next number: {following.number}. Highest seen: {following.highest or 'none'} "
        f"({following.seen_in}); {following.margin} left out above it."
    )


def export(
    out: Annotated[Path, typer.Option(help="A new folder.")],
    private: Annotated[
        bool, typer.Option("--private", help="With private values in the clear; recorded as such.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write settled entries for the production system: CSV, a workbook, a signed manifest."""
    from tasks.core.status_lines import last_event
    from tasks.reconciliation.api import write_export

    paths = write_export(invocation.workspace, out, invocation.actor, private=private)
    last = last_event(invocation.workspace.journal.rows, "production.exported")
    entries = len(last[1]["numbers"]) if last else 0
    print_files(paths, as_json=as_json, entries=entries, private=private)
