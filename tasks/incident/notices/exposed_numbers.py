"""Which importer numbers stood in which system: the list that 19 CFR 111.21(b) wants within 72 hours.

The inventory is `[incident] systems` of the settings. Numbers that are SSNs are sealed before anything is
written down; only the notice that needs them opens them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from tasks.core import untrusted_input
from tasks.core.errors import BadInput, HostileFile, Problem, Refused
from tasks.core.journal.bodies import canonical
from tasks.core.messages import message_text
from tasks.core.status_lines import last_event
from tasks.entries.api import (
    ENTRIES,
    IMPORTER_MASK,
    IMPORTER_NUMBER_FORMATS,
    entry_table_rows,
    is_importer_number,
    is_ssn_importer,
)
from tasks.incident.data_tables import csv_bytes
from tasks.incident.events import ExposureListed
from tasks.incident.settings import ClientSystemSettings, IncidentSettings
from tasks.incident.timeline.incident_state import require_incident
from tasks.security.api import REFERENCE_PREFIX
from tasks.workspace import Workspace

BOOK = "book"
"""The system that is always there: our own ledger of paper entries. It was begun after the breach, on a
machine apart: a notice lists its numbers only where somebody says that it was compromised too."""
_MOST = 1_000_000
_UNREAD = {"all": "exposure-unread-all", "part": "exposure-unread-part", "rows": "exposure-unread-rows"}


@dataclass(frozen=True)
class UnreadSystem:
    """What of a system could not be read. `scope`: `all`, `part` (the reading broke off) or `rows`;
    `rows`: how many faulty rows were passed over."""

    scope: str
    rows: int = 0

    @property
    def text(self) -> str:
        return message_text(_UNREAD[self.scope], {"rows": self.rows})


@dataclass
class InventoryFile:
    """What one system held: number to the importer's name, empty where it has none."""

    system: str
    holds: str
    numbers: dict[str, str] = field(default_factory=dict[str, str])
    problems: list[Problem] = field(default_factory=list[Problem])
    faulty: int = 0

    @property
    def unread(self) -> UnreadSystem | None:
        """What of it could not be read; None if all was."""
        if len(self.problems) > self.faulty:
            return UnreadSystem("part" if self.numbers else "all", self.faulty)
        return UnreadSystem("rows", self.faulty) if self.faulty else None


@dataclass(frozen=True)
class ExposedNumber:
    """One importer number, or the reference of one that is an SSN, and the systems that held it."""

    number: str
    importer: str
    systems: tuple[str, ...]


def inventory(workspace: Workspace) -> dict[str, str]:
    """System to what it holds."""
    listed = {system.name: system.holds for system in workspace.settings(IncidentSettings).systems}
    return {**listed, BOOK: "paper entries of this outage, in our own book"}


def read_inventory(workspace: Workspace, names: Sequence[str] = ()) -> list[InventoryFile]:
    """What the systems of the settings held, or those named. Raises BadInput for an unknown one, and
    if none is named and the settings have none."""
    listed = inventory(workspace)
    systems = {system.name: system for system in workspace.settings(IncidentSettings).systems}
    if not names and not systems:
        raise BadInput("inventory-not-set", book=BOOK)
    if unknown := [name for name in names if name not in listed]:
        problems = [
            Problem(value=name, code="inventory-system-unknown", values={"allowed": ", ".join(listed)})
            for name in unknown
        ]
        raise BadInput("systems-unknown", problems)
    return [_read(workspace, systems.get(name), listed[name]) for name in names or systems]


def _read(workspace: Workspace, system: ClientSystemSettings | None, holds: str) -> InventoryFile:
    inventory_file = InventoryFile(system.name if system else BOOK, holds)
    if system and system.elsewhere:
        inventory_file.problems.append(Problem(file=system.name, code="system-not-on-this-machine"))
        return inventory_file
    try:
        for row, number, name in _rows(workspace, system, inventory_file):
            _keep(inventory_file, row, number.strip(), name.strip())
    except (HostileFile, BadInput) as refused:
        inventory_file.problems += refused.problems
    except ImportError as wrong:
        # A database whose driver is not here must not hold up the other systems either.
        inventory_file.problems.append(
            Problem(file=inventory_file.system, code="database-driver-missing", values={"reason": wrong})
        )
    except (OSError, csv.Error, SQLAlchemyError, UnicodeDecodeError) as wrong:
        reason = str(wrong).splitlines()[0][:200]
        inventory_file.problems.append(
            Problem(file=inventory_file.system, code="inventory-system-unreadable", values={"reason": reason})
        )
    return inventory_file


def _keep(file: InventoryFile, row: int, number: str, name: str) -> None:
    if not number:
        if name:
            # A client that is passed over is not told of its breach: a person looks its number up.
            file.faulty += 1
            file.problems.append(
                Problem(
                    file=file.system,
                    row=row,
                    value=name[:40],
                    right=IMPORTER_NUMBER_FORMATS,
                    code="entry-without-importer-number",
                )
            )
        return
    if not is_importer_number(number) and not number.startswith(REFERENCE_PREFIX):
        file.faulty += 1
        file.problems.append(
            Problem(
                file=file.system,
                row=row,
                value=number[:3] + "...",
                right=IMPORTER_NUMBER_FORMATS,
                code="importer-number-invalid",
            )
        )
    elif name or number not in file.numbers:
        file.numbers[number] = name


def _rows(
    workspace: Workspace, system: ClientSystemSettings | None, file: InventoryFile
) -> Iterator[tuple[int, str, str]]:
    """(row, importer number, name) as the source has them."""
    if system is None:
        yield from _of_journal(workspace)
    elif system.file:
        yield from _csv(workspace, system, file)
    else:
        yield from _query(system)


def _of_journal(workspace: Workspace) -> Iterator[tuple[int, str, str]]:
    """Of our own journal: each recorded entry's importer, with its name."""
    query = sa.select(ENTRIES.c.number, ENTRIES.c.importer, ENTRIES.c.content)
    rows = list(workspace.journal.rows(query.order_by(ENTRIES.c.importer, ENTRIES.c.number)))
    where = {row.number: row.content for row in rows}
    columns = ("entry_number", "importer_name")
    named: Any = entry_table_rows(workspace.content, where, "entries", columns)
    names = {row["entry_number"]: row["importer_name"] or "" for row in named.to_pylist()}
    for row in rows:
        yield 0, _opened(workspace, row.importer), names[row.number]


def _opened(workspace: Workspace, number: str) -> str:
    """So that a person who stands in another system too is listed once."""
    try:
        return workspace.vault.open(number) if number.startswith(REFERENCE_PREFIX) else number
    except Refused:
        return number


def _csv(workspace: Workspace, system: ClientSystemSettings, file: InventoryFile) -> Iterator[tuple[int, str, str]]:
    assert system.file is not None
    path = workspace.settings.home / system.file
    reader = csv.DictReader(io.StringIO(untrusted_input.read_text(path), newline=""), strict=True)
    headings = reader.fieldnames or []
    columns = [column for column in (system.number, system.importer) if column]
    right = f"set it under [incident] systems; one of {', '.join(headings)[:80]}"
    problems = [
        Problem(file=path.name, row=1, column=column, right=right, code="csv-heading-missing")
        for column in columns
        if column not in headings
    ]
    if problems:
        raise BadInput("csv-headings-missing", problems)
    for number, row in enumerate(reader, 2):
        if number > _MOST:
            raise BadInput(
                "inventory-too-long", [Problem(file=path.name, code="inventory-file-too-long", values={"most": _MOST})]
            )
        yield number, row.get(system.number) or "", row.get(system.importer) or ""


def _query(system: ClientSystemSettings) -> Iterator[tuple[int, str, str]]:
    """The first column of a row is the number, the second, if there is one, the name."""
    url = system.database.get_secret_value().replace("postgresql://", "postgresql+psycopg://", 1)
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            for number, row in enumerate(connection.exec_driver_sql(system.query), 1):
                yield number, str(row[0] or ""), str(row[1] or "") if len(row) > 1 else ""
    finally:
        engine.dispose()


def exposures(workspace: Workspace, files: Sequence[InventoryFile]) -> list[ExposedNumber]:
    """Each number once, with all systems that held it; SSNs sealed."""
    numbers: dict[str, ExposedNumber] = {}
    for system in files:
        for number, name in system.numbers.items():
            before = numbers.get(number, ExposedNumber(number, name, ()))
            numbers[number] = ExposedNumber(number, before.importer or name, (*before.systems, system.system))
    social = [number for number in numbers if is_ssn_importer(number)]
    triples = [("exposure", "importer_number", number) for number in social]
    sealed = dict(zip(social, workspace.vault.seal(triples, None), strict=True)) if social else {}
    ordered = sorted(numbers.values(), key=lambda exposure: (exposure.importer.lower(), exposure.number))
    return [
        ExposedNumber(sealed.get(exposure.number, exposure.number), exposure.importer, exposure.systems)
        for exposure in ordered
    ]


def record_exposure(
    workspace: Workspace, names: Sequence[str], actor: str, *, accept_faulty: bool = False
) -> tuple[list[ExposedNumber], list[InventoryFile]]:
    """Write down the list of compromised importer numbers: those of the systems named, or of all
    of the settings.

    Raises BadInput, naming every fault, unless `accept_faulty`: the 72 hours do not wait for a clean
    file, and what could not be read is told by the answer. The same list again is no new event.
    """
    incident = require_incident(workspace.journal.rows)
    files = read_inventory(workspace, names)
    problems = [problem for file in files for problem in file.problems]
    if problems and not accept_faulty:
        raise BadInput("faulty-rows-not-accepted", problems)
    exposed = exposures(workspace, files)
    systems = [file.system for file in files]
    listed = [[exposure.number, exposure.importer, list(exposure.systems)] for exposure in exposed]
    unread = {part.system: asdict(part.unread) for part in files if part.unread}
    stored = {"systems": systems, "numbers": listed, **({"unread": unread} if unread else {})}
    content = workspace.content.put(canonical(stored).encode())
    body = ExposureListed(incident=incident.id, systems=systems, numbers=len(exposed), content=content)
    with workspace.journal.write(actor) as pen:
        before = last_event(pen.rows, body.kind)
        if before is None or (before[1]["incident"], before[1]["content"]) != (incident.id, content):
            pen.append(body, f"incident/{incident.id}")
    return exposed, files


def newest_exposure(workspace: Workspace, incident: str) -> list[ExposedNumber] | None:
    """The list as it was written down last for this incident; None if it never was."""
    listed = _newest_list(workspace, incident)
    if listed is None:
        return None
    return [ExposedNumber(number, name, tuple(systems)) for number, name, systems in listed["numbers"]]


def unread_systems(workspace: Workspace, incident: str) -> dict[str, UnreadSystem]:
    """System to what of it could not be read for that list: more numbers may follow."""
    listed = (_newest_list(workspace, incident) or {}).get("unread", {})
    return {system: UnreadSystem(**fields) for system, fields in listed.items()}


def _newest_list(workspace: Workspace, incident: str) -> dict[str, Any] | None:
    event = last_event(workspace.journal.rows, ExposureListed.kind)
    if event is None or event[1]["incident"] != incident:
        return None
    return json.loads(workspace.content.get(event[1]["content"]))


def as_csv(exposed: Sequence[ExposedNumber], opened: bool, workspace: Workspace) -> bytes:
    """The list as CSV with a byte order mark; SSNs in the clear only if `opened`, and never in a
    drill."""
    drill_cells = [workspace.mark] if workspace.drill else []
    rows: list[list[str]] = [["importer_number", "importer", "systems", *drill_cells]]
    for exposure in exposed:
        number = exposure.number
        if number.startswith(REFERENCE_PREFIX):
            clear = opened and not workspace.drill
            number = workspace.vault.open(number) if clear else IMPORTER_MASK
        rows.append([number, exposure.importer, " ".join(exposure.systems), *drill_cells])
    return csv_bytes(rows)
