"""Tables of notices, filled from the book: exposed numbers, ports, blocks, open work, places, late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from tasks.core import clock
from tasks.entries.api import ENTRIES, NUMBERS, VIEWS, printed_numbers
from tasks.incident.notices import fact_sources
from tasks.incident.notices.contact_list import Contact
from tasks.incident.notices.exposed_numbers import newest_exposure
from tasks.incident.notices.fact_sources import port_name
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.incident_state import Incident
from tasks.incident.timeline.open_work import open_work_items, work_counts
from tasks.workspace import Workspace

Rows = list[list[str]]


class TableContent(NamedTuple):
    """A table: its heads with their share of the width, and its rows. `private`: the columns in which
    a reference stands for an importer number that is an SSN; in any other it is only text."""

    title: str
    heads: list[tuple[str, float]]
    rows: Rows
    private: tuple[int, ...] = ()


Fill = Callable[[Workspace, Incident, Contact], TableContent]


def _exposed(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    found = newest_exposure(workspace, incident.id) or []
    rows = [[one.number, one.importer, " ".join(one.systems)] for one in found]
    heads = [("Importer number", 3.0), ("Importer", 6.0), ("Systems", 4.0)]
    rows = rows or [["none known yet", "", ""]]
    return TableContent("Compromised importer numbers", heads, rows, private=(0,))


def _ports(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    """Each port with what came of its paper entries."""
    query = (
        sa.select(ENTRIES.c.port, ENTRIES.c.outcome, NUMBERS.c.state, sa.func.count().label("n"))
        .join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
        .group_by(ENTRIES.c.port, ENTRIES.c.outcome, NUMBERS.c.state)
    )
    found: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in workspace.journal.rows(query):
        said = found[row.port]
        said["in all"] += row.n
        said[_outcome(row.outcome)] += row.n
        said["not in ACE"] += row.n if row.state == "recorded" else 0
    for port in _issued_ports(workspace):
        found[port]["in all"] += 0
    names = ("in all", "released", "held or waiting", "did not come in", "not in ACE")
    rows = [[port_name(port), *(str(found[port][name]) for name in names)] for port in sorted(found)]
    heads = [
        ("Port", 4.0),
        ("Entries", 1.3),
        ("Released", 1.4),
        ("Held, waiting", 1.4),
        ("Not come in", 1.4),
        ("Not in ACE yet", 1.4),
    ]
    return TableContent("Ports", heads, rows or [["none yet", "", "", "", "", ""]])


def _outcome(outcome: str) -> str:
    if outcome in ("released", "provisional"):
        return "released"
    closed = ("refused", "exported", "cleared otherwise")
    return "did not come in" if outcome in closed else "held or waiting"


def _issued_ports(workspace: Workspace) -> Iterator[str]:
    query = sa.select(NUMBERS.c.port).where(NUMBERS.c.port != "").distinct()
    yield from (row.port for row in workspace.journal.rows(query))


def _blocks(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    return _blocks_of(workspace, "")


def _port_blocks(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    return _blocks_of(workspace, *to.ports)


def _blocks_of(workspace: Workspace, *ports: str) -> TableContent:
    """Blocks as they were issued to desks; of these ports, or all for an empty one."""
    rows = []
    for event in workspace.journal.events(kind="numbers.issued"):
        one = event.said
        said = {name: getattr(one, name) for name in one.__struct_fields__}
        if said["series"] != "entry" or ("" not in ports and said["port"] not in ports):
            continue
        first, last = said["first"], said["last"]
        ends = [printed_numbers("entry", said["filer"], n, n, said["offset"])[0] for n in (first, last)]
        rows.append([said["desk"], said["port"] and port_name(said["port"]), *ends, str(last - first + 1)])
    heads = [("Desk", 2.0), ("Port", 3.5), ("From", 2.4), ("To", 2.4), ("Count", 1.0)]
    return TableContent("Entry numbers in use", heads, rows or [["none issued yet", "", "", "", ""]])


def _port_entries(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    query = sa.select(ENTRIES).where(ENTRIES.c.port.in_(to.ports)).order_by(ENTRIES.c.number)
    rows = [[row.number, row.entry_type, row.outcome, row.released] for row in workspace.journal.rows(query)]
    heads = [("Entry number", 3.0), ("Type", 1.0), ("Result on paper", 3.0), ("Released", 2.0)]
    return TableContent("Entries at your port so far", heads, rows or [["none yet", "", "", ""]])


def _work(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    rules = load_deadlines(workspace.settings.home)
    found = open_work_items(workspace.journal.rows, incident.id, rules)
    rows = [[str(value) for value in row.values()] for row in work_counts(found, clock.now())]
    heads = [
        ("Open when the systems went down", 3.5),
        ("In all", 1.0),
        ("Still open", 1.0),
        ("Overdue", 1.0),
        ("Closed", 4.0),
    ]
    return TableContent("Work that was open", heads, rows or [["no list was taken", "", "", "", ""]])


_AFTER_RELEASE = ("summary", "unpaid", "statement")


def _after_release(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    """Open acts after release that production owes, at the ports of whom it goes to."""
    rules = load_deadlines(workspace.settings.home)
    rows = [
        [
            one.rule.what if one.rule else one.work,
            one.reference,
            one.port and port_name(one.port),
            one.due.day.isoformat() if one.due and one.due.day else "not known",
            one.amount,
        ]
        for one in open_work_items(workspace.journal.rows, incident.id, rules)
        if one.is_open and one.work in _AFTER_RELEASE and (not to.ports or one.port in to.ports)
    ]
    heads = [("Owed after release", 3.5), ("Reference", 2.5), ("Port", 2.5), ("Due", 1.5), ("Amount", 1.5)]
    return TableContent("Acts after release that fall due", heads, rows or [["none known", "", "", "", ""]])


def _places(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    query = (
        sa.select(NUMBERS.c.state, sa.func.count().label("n"))
        .where(NUMBERS.c.series == "entry", NUMBERS.c.state != "reserved")
        .group_by(NUMBERS.c.state)
        .order_by(NUMBERS.c.state)
    )
    rows = [[row.state, str(row.n)] for row in workspace.journal.rows(query)]
    total = str(sum(int(row[1]) for row in rows))
    return TableContent(
        "Every number used, in its place", [("Place", 4.0), ("Numbers", 1.0)], [*rows, ["in all", total]]
    )


def _late(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    query = sa.select(VIEWS.c.number, VIEWS.c.release_date).where(VIEWS.c.late).order_by(VIEWS.c.number)
    rows = [[row.number, row.release_date] for row in workspace.journal.rows(query)]
    heads = [("Entry summary filed late, as ACE says", 4.0), ("Released", 2.0)]
    return TableContent("Late filings", heads, rows or [["none", ""]])


def _relied(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    heads = [("Entry that rests on discretion", 4.0), ("What was late", 3.0), ("CBP's reference", 3.0)]
    return TableContent("Enforcement discretion", heads, fact_sources.relied_rows(workspace) or [["none", "", ""]])


def _evidence(workspace: Workspace, incident: Incident, to: Contact) -> TableContent:
    from tasks.incident.evidence.remediation_checklist import checklist_state

    rows = [[one.item.id, one.item.what, one.words] for one in checklist_state(workspace, incident)]
    heads = [("Item", 2.0), ("What it shows", 5.0), ("Evidence", 5.0)]
    return TableContent("Evidence of remediation", heads, rows)


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
