"""Tables that only the broker can get: which tariff number carries which flag, and what each client
had to show before. Each load replaces the one before it and keeps its day and source."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from tasks.entries import codes, tariff_number
from tasks.incident.letters.tables import table
from tasks.incident.pga import sheet
from tasks.shared import clock
from tasks.shared.board import AMBER, GREEN, RED, Line
from tasks.shared.errors import BadInput, Problem
from tasks.shared.kinds.base import canonical
from tasks.shared.kinds.pga import PgaLoaded
from tasks.shared.private import masked
from tasks.shared.projections import ENTRIES
from tasks.workspace import Workspace

FLAGS, HISTORY = "flags", "history"
_HTS = re.compile(r"\d{2}(\d{2}){0,4}")
Row = dict[str, str]

_LOAD = "continuity incident pga load {} FILE --as-of DAY --source WORDS"

MATRIX_AGE = 40
"""Days after which the loaded tables count as old: the broker exports them monthly."""


@dataclass(frozen=True)
class Loaded:
    """A table in force. `rows` are empty where nothing was ever loaded."""

    what: str
    rows: tuple[Row, ...] = ()
    as_of: str = ""
    source: str = ""
    file: str = ""
    at: str = ""


def load(
    workspace: Workspace, what: str, path: Path, as_of: date, source: str, actor: str
) -> Loaded:
    """Take a table into the book. Raises BadInput with every faulty row, or for a day to come or no
    source; HostileFile for a file that is not opened. Loading the same again changes nothing."""
    if what not in _SHAPES:
        raise BadInput("agency-table-unknown", subject=what, shapes=" and ".join(_SHAPES))
    if not source.strip():
        raise BadInput("table-source-missing")
    if as_of > clock.washington().date():
        raise BadInput("source-date-in-future", as_of=as_of)
    rows = _checked(workspace, what, path)
    original = workspace.content.put(path.read_bytes()) if what == FLAGS else ""
    content = workspace.content.put(canonical(rows).encode())
    body = PgaLoaded(what=what, content=content, original=original, file=path.name,
                           source=source.strip(), as_of=as_of.isoformat(), rows=len(rows))  # fmt: skip
    last = newest(workspace, what)
    if last is None or last[0] != body:
        workspace.journal.append(body, f"pga/{what}", actor)
    return loaded(workspace, what)


def loaded(workspace: Workspace, what: str) -> Loaded:
    """The table in force. Raises ContentMissing if its rows are gone."""
    found = newest(workspace, what)
    if found is None:
        return Loaded(what)
    said, at = found
    rows = tuple(json.loads(workspace.content.get(said.content)))
    return Loaded(what, rows, said.as_of, said.source, said.file, at)


def newest(workspace: Workspace, what: str) -> tuple[PgaLoaded, str] | None:
    """The last time that a table was loaded, and when; None if it never was."""
    found = None
    for event in workspace.journal.events(kind=PgaLoaded.kind, subject=f"pga/{what}"):
        if isinstance(event.said, PgaLoaded):
            found = event.said, event.at
    return found


def _checked(workspace: Workspace, what: str, path: Path) -> list[Row]:
    needed, known, faults = _SHAPES[what]
    found = sheet.read(path, needed, known)
    flags = {row["flag"] for row in table(workspace.settings.home, "pga", "flags.csv").rows}
    problems, rows = [], []
    for place, row in found.rows:
        row["hts"] = tariff_number.canonical(re.sub(r"[.\s]", "", row["hts"]))
        problems += [replace(fault, file=path.name, row=place) for fault in faults(row, flags)]
        rows.append(row)
    if not rows:
        problems.append(Problem(file=path.name, code="agency-table-empty"))
    if problems:
        raise BadInput("agency-table-not-accepted", problems)
    # A Social Security number is never kept here: such a client is known by name.
    return [{**row, **({"importer": _plain(row["importer"])} if "importer" in row else {})}
            for row in rows]  # fmt: skip


def _plain(number: str) -> str:
    return number if masked(number) == number else ""


def _flag_faults(row: Row, flags: set[str]) -> Iterable[Problem]:
    yield from _hts_fault(row)
    if row["flag"] not in flags:
        yield Problem(column="flag", value=row["flag"], code="tariff-flag-unknown")


def _history_faults(row: Row, flags: set[str]) -> Iterable[Problem]:
    yield from _hts_fault(row)
    if not row["importer"] and not row["client"]:
        yield Problem(column="client", code="agency-history-client-missing")
    if row["agency"] not in codes.meanings("agency"):
        yield Problem(column="agency", value=row["agency"], code="agency-code-unknown")
    if row["last"]:
        try:
            date.fromisoformat(row["last"])
        except ValueError:
            yield Problem(column="last", value=row["last"], code="agency-history-date-invalid")


def _hts_fault(row: Row) -> Iterable[Problem]:
    if not _HTS.fullmatch(row["hts"]):
        yield Problem(column="hts", value=row["hts"], code="agency-tariff-number-invalid")


_SHAPES: dict[str, tuple[tuple[str, ...], tuple[str, ...],
                         Callable[[Row, set[str]], Iterable[Problem]]]] = {
    FLAGS: (("hts", "flag"), (), _flag_faults),
    HISTORY: (("client", "hts", "agency"), ("importer", "program", "form", "last"), _history_faults),
}  # fmt: skip


def readiness(workspace: Workspace) -> list[Line]:
    """The board's lines for P10: whether there is anything to make a matrix of, and how old the tables
    behind it are. Reads no content: the page is looked at all the time."""
    recorded = workspace.journal.rows(sa.select(sa.func.count()).select_from(ENTRIES))[0][0]
    given = newest(workspace, HISTORY)
    facts = [f"{recorded} recorded entries"] if recorded else []
    facts += (
        [f"{given[0].rows} rows as of {given[0].as_of} from {given[0].source}"] if given else []
    )
    lines = [Line("agency-requirements", "P10", "clients' agency requirements", GREEN if facts else RED,
                  "; ".join(facts) or "nothing known of any client",
                  "" if facts else _LOAD.format("history"))]  # fmt: skip
    flags = newest(workspace, FLAGS)
    if flags is None:
        return [*lines, Line("tariff-flags", "P10", "tariff flags", RED, "never loaded",
                             _LOAD.format("flags"), "", "W")]  # fmt: skip
    said, at = flags
    age = (clock.now() - clock.parse(at)).days
    old = age > MATRIX_AGE
    fact = f"as of {said.as_of}, loaded {age} days ago"
    return [*lines, Line("tariff-flags", "P10", "tariff flags", AMBER if old else GREEN, fact,
                         _LOAD.format("flags") if old else "", at, "W")]  # fmt: skip
