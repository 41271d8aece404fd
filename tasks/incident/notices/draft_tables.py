"""Tables of notices, filled from the journal: exposed numbers, ports, blocks, open work, places, late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

import msgspec
import sqlalchemy as sa

from tasks.core import clock
from tasks.entries.api import ENTRIES, NUMBERS, VIEWS, masked_importer, printed_numbers
from tasks.incident.evidence.remediation_checklist import checklist_state
from tasks.incident.notices import fact_sources
from tasks.incident.notices.contact_list import Contact
from tasks.incident.notices.exposed_numbers import newest_exposure
from tasks.incident.notices.fact_sources import port_name
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.incident_state import Incident
from tasks.incident.timeline.open_work import open_work_items, work_counts
from tasks.workspace import Workspace


class DraftTable(msgspec.Struct, frozen=True):
    """`heads`: titles and shares of the width. `private`: the columns in which a reference stands for an
    importer number that is an SSN; it is opened only in a notice with `numbers`."""

    title: str
    heads: list[tuple[str, float]]
    rows: list[list[str]]
    private: tuple[int, ...] = ()

    def opened(self, value: Callable[[str], str]) -> list[list[str]]:
        """The rows with `value` of each cell of a private column, and all others masked."""
        return [
            [value(cell) if column in self.private else masked_importer(cell) for column, cell in enumerate(row)]
            for row in self.rows
        ]


Fill = Callable[[Workspace, Incident, Contact], DraftTable]


def _exposed(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    exposed = newest_exposure(workspace, incident.id) or []
    rows = [[exposure.number, exposure.importer, " ".join(exposure.systems)] for exposure in exposed]
    heads = [("Importer number", 3.0), ("Importer", 6.0), ("Systems", 4.0)]
    rows = rows or [["none known yet", "", ""]]
    return DraftTable("Compromised importer numbers", heads, rows, private=(0,))


def _ports(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    """Each port with what came of its paper entries."""
    query = (
        sa.select(ENTRIES.c.port, ENTRIES.c.outcome, NUMBERS.c.state, sa.func.count().label("n"))
        .join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
        .group_by(ENTRIES.c.port, ENTRIES.c.outcome, NUMBERS.c.state)
    )
    by_port: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in workspace.journal.rows(query):
        counts = by_port[row.port]
        counts["in all"] += row.n
        counts[_outcome(row.outcome)] += row.n
        counts["not in ACE"] += row.n if row.state == "recorded" else 0
    for port in _issued_ports(workspace):
        by_port[port]["in all"] += 0
    names = ("in all", "released", "held or waiting", "did not come in", "not in ACE")
    rows = [[port_name(port), *(str(by_port[port][name]) for name in names)] for port in sorted(by_port)]
    heads = [
        ("Port", 4.0),
        ("Entries", 1.3),
        ("Released", 1.4),
        ("Held, waiting", 1.4),
        ("Not come in", 1.4),
        ("Not in ACE yet", 1.4),
    ]
    return DraftTable("Ports", heads, rows or [["none yet", "", "", "", "", ""]])


def _outcome(outcome: str) -> str:
    if outcome in ("released", "provisional"):
        return "released"
    closed = ("refused", "exported", "cleared otherwise")
    return "did not come in" if outcome in closed else "held or waiting"


def _issued_ports(workspace: Workspace) -> Iterator[str]:
    query = sa.select(NUMBERS.c.port).where(NUMBERS.c.port != "").distinct()
    yield from (row.port for row in workspace.journal.rows(query))


def _blocks(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    return _blocks_of(workspace, "")


def _port_blocks(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    return _blocks_of(workspace, *to.ports)


def _blocks_of(workspace: Workspace, *ports: str) -> DraftTable:
    """Blocks as they were issued to desks; of these ports, or all for an empty one."""
    rows: list[list[str]] = []
    for event in workspace.journal.events(kind="numbers.issued"):
        body = event.said
        block = {name: getattr(body, name) for name in body.__struct_fields__}
        if block["series"] != "entry" or ("" not in ports and block["port"] not in ports):
            continue
        first, last = block["first"], block["last"]
        ends = [printed_numbers("entry", block["filer"], n, n, block["offset"])[0] for n in (first, last)]
        rows.append([block["desk"], block["port"] and port_name(block["port"]), *ends, str(last - first + 1)])
    heads = [("Desk", 2.0), ("Port", 3.5), ("From", 2.4), ("To", 2.4), ("Count", 1.0)]
    return DraftTable("Entry numbers in use", heads, rows or [["none issued yet", "", "", "", ""]])


def _port_entries(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    query = sa.select(ENTRIES).where(ENTRIES.c.port.in_(to.ports)).order_by(ENTRIES.c.number)
    rows = [[row.number, row.entry_type, row.outcome, row.released] for row in workspace.journal.rows(query)]
    heads = [("Entry number", 3.0), ("Type", 1.0), ("Result on paper", 3.0), ("Released", 2.0)]
    return DraftTable("Entries at your port so far", heads, rows or [["none yet", "", "", ""]])


def _work(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    rules = load_deadlines(workspace.settings.home)
    work_items = open_work_items(workspace.journal.rows, incident.id, rules)
    rows = [[str(value) for value in row.values()] for row in work_counts(work_items, clock.now())]
    heads = [
        ("Open when the systems went down", 3.5),
        ("In all", 1.0),
        ("Still open", 1.0),
        ("Overdue", 1.0),
        ("Closed", 4.0),
    ]
    return DraftTable("Work that was open", heads, rows or [["no list was taken", "", "", "", ""]])


_AFTER_RELEASE = ("summary", "unpaid", "statement")


def _after_release(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    """Open acts after release that production owes, at the ports of whom it goes to."""
    rules = load_deadlines(workspace.settings.home)
    rows = [
        [
            work_item.rule.what if work_item.rule else work_item.work,
            work_item.reference,
            work_item.port and port_name(work_item.port),
            work_item.due.day.isoformat() if work_item.due and work_item.due.day else "not known",
            work_item.amount,
        ]
        for work_item in open_work_items(workspace.journal.rows, incident.id, rules)
        if work_item.is_open and work_item.work in _AFTER_RELEASE and (not to.ports or work_item.port in to.ports)
    ]
    heads = [("Owed after release", 3.5), ("Reference", 2.5), ("Port", 2.5), ("Due", 1.5), ("Amount", 1.5)]
    return DraftTable("Acts after release that fall due", heads, rows or [["none known", "", "", "", ""]])


def _places(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    query = (
        sa.select(NUMBERS.c.state, sa.func.count().label("n"))
        .where(NUMBERS.c.series == "entry", NUMBERS.c.state != "reserved")
        .group_by(NUMBERS.c.state)
        .order_by(NUMBERS.c.state)
    )
    rows = [[row.state, str(row.n)] for row in workspace.journal.rows(query)]
    total = str(sum(int(row[1]) for row in rows))
    return DraftTable("Every number used, in its place", [("Place", 4.0), ("Numbers", 1.0)], [*rows, ["in all", total]])


def _late(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    query = sa.select(VIEWS.c.number, VIEWS.c.release_date).where(VIEWS.c.late).order_by(VIEWS.c.number)
    rows = [[row.number, row.release_date] for row in workspace.journal.rows(query)]
    heads = [("Entry summary filed late, as ACE says", 4.0), ("Released", 2.0)]
    return DraftTable("Late filings", heads, rows or [["none", ""]])


def _relied(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    heads = [("Entry that rests on discretion", 4.0), ("What was late", 3.0), ("CBP's reference", 3.0)]
    return DraftTable("Enforcement discretion", heads, fact_sources.relied_rows(workspace) or [["none", "", ""]])


def _evidence(workspace: Workspace, incident: Incident, to: Contact) -> DraftTable:
    rows = [[evidence.item.id, evidence.item.what, evidence.text] for evidence in checklist_state(workspace, incident)]
    heads = [("Item", 2.0), ("What it shows", 5.0), ("Evidence", 5.0)]
    return DraftTable("Evidence of remediation", heads, rows)


TABLES: Mapping[str, Fill] = {
    "exposed": _exposed,
    "ports": _ports,
    "blocks": _blocks,
    "port-blocks": _port_blocks,
    "port-entries": _port_entries,
    "work": _work,
    "after-release": _after_release,
    "places": _places,
    "late": _late,
    "relied": _relied,
    "evidence": _evidence,
}
