"""What notices say: facts that the book and the settings give, and those that a person gives. What is
not known is said to be so: a notice never waits for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import sqlalchemy as sa

from tasks.entries.codes import meanings
from tasks.incident import deadlines, exposure, notice_counts, notice_progress, tellings
from tasks.incident.downtime import InForce
from tasks.incident.moments import shown
from tasks.incident.state import Incident, Taken
from tasks.shared import board, clock
from tasks.shared.kinds.incident import FactsNoted
from tasks.shared.projections import ENTRIES, NUMBERS
from tasks.workspace import Workspace

UNKNOWN = "not known yet"
Fact = tuple[str, Callable[[Workspace, Incident], str]]
"""Its label, and how it is found; empty text where the book does not know it."""


def said(workspace: Workspace, incident: Incident) -> dict[str, str]:
    """Facts that persons gave, the newest of each."""
    found: dict[str, str] = {}
    for event in workspace.journal.events(kind=FactsNoted.kind, subject=f"incident/{incident.id}"):
        body = event.said
        assert isinstance(body, FactsNoted)
        found |= body.facts
    return found


def note(workspace: Workspace, incident: Incident, facts: Mapping[str, str], actor: str) -> None:
    body = FactsNoted(incident=incident.id, facts=dict(facts))
    workspace.journal.append(body, f"incident/{incident.id}", actor)


def _when(moment: datetime | None, workspace: Workspace) -> str:
    return shown(moment, workspace.zone) if moment else ""


def _step(name: str) -> Callable[[Workspace, Incident], str]:
    def found(workspace: Workspace, incident: Incident) -> str:
        last = incident.last(name)
        return _when(last.happened, workspace) if last else ""

    return found


def _broker(workspace: Workspace, incident: Incident) -> str:
    one = workspace.settings.broker
    return f"{one.name}, filer code {one.filer_code}, licence {one.licence or UNKNOWN}"


def _contact(workspace: Workspace, incident: Incident) -> str:
    one = workspace.settings.broker
    return ", ".join(filter(None, (one.contact_name, one.contact_phone)))


def _discovered(workspace: Workspace, incident: Incident) -> str:
    first = incident.discovered
    if first is None:
        return "no breach of records is known"
    return _when(first.discovered, workspace)


def _breach_sent(workspace: Workspace, incident: Incident) -> str:
    rules = deadlines.load(workspace.settings.home)
    times = tellings.sent_times(workspace.journal.rows, incident.id, rules)["breach"]
    return _when(min(times, default=None), workspace)


def _authorisation(workspace: Workspace, incident: Incident) -> str:
    if not incident.authorisations:
        return "refused or ended" if incident.last("downtime_refused") else "not authorised yet"
    return "; ".join(_granted(one, where, workspace) for one, where in incident.authorisations)


def _granted(one: Taken, where: InForce, workspace: Workspace) -> str:
    ports = f", ports {' '.join(where.ports)}" if where.ports else ""
    ports += f", but not {' '.join(where.but)}" if where.but else ""
    until = f", until {one.until}" if one.until else ""
    return f"{one.reference or 'on file'}, {_when(one.happened, workspace)}{ports}{until}"


def _connection(workspace: Workspace, incident: Incident) -> str:
    cut = incident.last("disconnected")
    if cut is None:
        return "not cut; our systems cannot transmit"
    note = f": {cut.note}" if cut.note else ""
    return f"cut {_when(cut.happened, workspace)}{note}"


def _exposed(workspace: Workspace, incident: Incident) -> str:
    found = exposure.newest(workspace, incident.id)
    if found is None:
        return "none known yet; the list is being made"
    social = sum(one.number.startswith("~") for one in found)
    left = exposure.unread(workspace, incident.id)
    unread = [f"{part.text} of {system}" for system, part in left.items()]
    more = f"; could not be read yet: {', '.join(unread)}" if unread else ""
    return f"{len(found):,}, of them {social:,} Social Security numbers{more}"


def _entries(workspace: Workspace, incident: Incident) -> str:
    """Numbers by where they are, reserve left out."""
    query = (
        sa.select(NUMBERS.c.state, sa.func.count().label("n"))
        .where(NUMBERS.c.series == "entry", NUMBERS.c.state != "reserved")
        .group_by(NUMBERS.c.state)
        .order_by(NUMBERS.c.state)
    )
    found = [f"{row.n} {row.state}" for row in workspace.journal.rows(query)]
    return ", ".join(found) or "none yet"


def _volume(workspace: Workspace, incident: Incident) -> str:
    ports = workspace.journal.rows(sa.select(ENTRIES.c.port).distinct())
    about = f", {len(ports)} ports so far" if ports else ""
    return f"about {workspace.settings.numbers.daily_volume} entries a day{about}"


def _signer(workspace: Workspace, incident: Incident) -> str:
    return workspace.settings.incident.signer or workspace.settings.broker.contact_name


def _evidence(workspace: Workspace, incident: Incident) -> str:
    built = board.last(workspace.journal.rows, "evidence.built")
    if built is None or built[1]["incident"] != incident.id:
        return ""
    open_ = built[1]["open"]
    return f"pack {built[1]['manifest'][:16]}, {len(open_)} item(s) open"


def _accounting(workspace: Workspace, incident: Incident) -> str:
    signed = board.last(workspace.journal.rows, "accounting.signed")
    return f"{signed[1]['numbers']:,} numbers, SHA-256 {signed[1]['accounting']}" if signed else ""


COMPUTED: Mapping[str, Fact] = {
    "broker": ("Broker", _broker),
    "broker-name": ("Broker", lambda office, incident: office.settings.broker.name),
    "filer": ("Filer code", lambda office, incident: office.settings.broker.filer_code),
    "contact": ("Contact, day and night", _contact),
    "declared": ("Systems down since", _step("declared")),
    "discovered": ("Breach discovered", _discovered),
    "breach-sent": ("Breach notice sent", _breach_sent),
    "state": ("Where it stands", lambda office, incident: incident.state.replace("_", " ")),
    "connection": ("Connection to ACE", _connection),
    "authorisation": ("Downtime authorised by CBP", _authorisation),
    "exposed-count": ("Compromised importer numbers", _exposed),
    "entries": ("Entry numbers used", _entries),
    "daily-volume": ("Volume", _volume),
    "agency-share": ("Share of entries that other agencies regulate", notice_counts.agency_share),
    "discretion": ("Enforcement discretion relied on", notice_counts.discretion),
    "signer": ("Who signs letters", _signer),
    "restore": ("Restore proved", notice_progress.restore),
    "evidence": ("Evidence", _evidence),
    "accounting": ("Accounting signed", _accounting),
    "remediated": ("Systems clean since", _step("remediated")),
    "reconnected": ("Connected again", _step("reconnected")),
}


UNTOLD: Mapping[str, Callable[[Workspace, Incident], str]] = {"progress": notice_progress.progress}
"""Facts of the plan that the book answers until a person does; empty text where it cannot."""


def port_name(code: str) -> str:
    name = meanings("port").get(code, "")
    return f"{code} {name.title()}" if name else code


def as_of() -> str:
    return clock.text()[:16].replace("T", " ") + "Z"
