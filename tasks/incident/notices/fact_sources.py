"""The facts that a notice states: from the journal, the settings, or a person.

A fact that nobody knows is stated as unknown: no notice waits for it. Where both the journal and a person give
a fact, the notice shows which is which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from tasks.backup.api import BackupProved
from tasks.core.clock import local_text
from tasks.core.messages import message_text
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import last_event
from tasks.entries.api import ENTRIES, NUMBERS, NumberSettings, code_meanings, latest_history
from tasks.incident.after_release.discretion_grants import grant_uses, grants_recorded
from tasks.incident.agencies.agency_requirements import HINT, NOTED, AgencyRules, agency_demands
from tasks.incident.agencies.client_history import client_of
from tasks.incident.events import EvidenceAttached, FactsNoted
from tasks.incident.letters.entry_case import cases
from tasks.incident.notices import proof_of_notice
from tasks.incident.notices.exposed_numbers import newest_exposure, unread_systems
from tasks.incident.settings import IncidentSettings
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.downtime_authorization import DowntimePermission
from tasks.incident.timeline.incident_state import Incident, StepRecord
from tasks.incident.timeline.step_graph import STEPS
from tasks.workspace import Workspace

PROOF = "restore-proof"
"""The item of the checklist (`evidence.toml`) under which a person attaches proof of a restore."""
_BEGUN = "remediating"
_TOLD = ("disconnected", _BEGUN, "remediated", "evidence_submitted", "reconnected", "keying_backlog")


def remediation_progress(workspace: Workspace, incident: Incident) -> str:
    """The recorded steps of remediation, each with when it was; empty before it has begun."""
    if _BEGUN not in incident.states:
        return ""
    return "; ".join(_step_text(step, workspace) for step in incident.steps if step.state in _TOLD)


def _step_text(step: StepRecord, workspace: Workspace) -> str:
    note = f" ({step.note})" if step.note else ""
    return f"{local_text(step.happened, workspace.zone)}: {STEPS[step.state].title}{note}"


def restore_proof(workspace: Workspace, incident: Incident) -> str:
    """What proves the restore since the incident began: the test of the backup, files that a person
    attached, or both; empty without either. A proof from before the incident shows nothing."""
    return "; ".join((*_tested(workspace, incident), *_attached(workspace, incident)))


def _tested(workspace: Workspace, incident: Incident) -> Iterator[str]:
    *_, last = [None, *workspace.journal.events(after=incident.opened, kind=BackupProved.kind)]
    if last is not None:
        body = last.said
        assert isinstance(body, BackupProved)
        yield (f"{body.files:,} files restored and compared by the backup's own test, {last.at[:10]}")


def _attached(workspace: Workspace, incident: Incident) -> Iterator[str]:
    subject, kind = f"incident/{incident.id}", EvidenceAttached.kind
    for event in workspace.journal.events(kind=kind, subject=subject):
        body = event.said
        assert isinstance(body, EvidenceAttached)
        if body.item == PROOF and body.attached:
            names = ", ".join(file.name for file in body.attached)
            note = f" ({body.note})" if body.note else ""
            yield f"{names}{note}, attached as evidence {event.at[:10]}"


class FactOrigin(StrEnum):
    """Whose word a fact of a notice is."""

    NOBODY = "nobody"
    HAND = "hand"
    PLAN = "plan"
    JOURNAL = "journal"
    BOTH = "journal-and-hand"


SILENT: Mapping[str, str] = {"agency-share": "", "discretion": "none on record"}
"""Facts in which the journal's word goes first, and what is said where nobody knows anything."""


def combined_fact(name: str, computed: str, stated: str) -> tuple[str, FactOrigin]:
    """The journal's words, a person's words, or both, each to be told from the other; and whose."""
    if computed and stated:
        text = message_text("fact-of-journal-and-hand", {"journal": computed, "stated": stated})
        return text, FactOrigin.BOTH
    if computed:
        return computed, FactOrigin.JOURNAL
    if stated:
        return message_text("fact-stated-by-hand", {"stated": stated}), FactOrigin.HAND
    return SILENT[name], FactOrigin.NOBODY


def agency_share(workspace: Workspace, incident: Incident) -> str:
    """`7 of 20 entries recorded (35%): FDA 5, NHT 2`; before anything is recorded, the same of the goods in
    the clients' trade history; empty where there is neither. Counted is what the desk recorded, what a
    flag requires or may ask, and what the client had to show before; a hint of the tariff's chapter is
    not."""
    rules = AgencyRules(workspace)
    agencies, of_what = list(_of_entries(rules)), "entries recorded"
    if not agencies:
        agencies, of_what = _of_history(rules), "goods in our clients' history, no entry is recorded yet"
    if not agencies:
        return ""
    regulated = sum(map(bool, agencies))
    counted = Counter(agency for entry_agencies in agencies for agency in entry_agencies)
    by = ", ".join(f"{agency} {count:,}" for agency, count in counted.most_common())
    flags = rules.flags
    basis = f"tariff flags as of {flags.as_of}" if flags.rows else "no tariff flags are loaded"
    share = f"{regulated:,} of {len(agencies):,} {of_what} ({regulated / len(agencies):.0%})"
    return f"{share}{': ' if by else ''}{by}; {basis}"


def _of_entries(rules: AgencyRules) -> Iterator[set[str]]:
    """The agencies that have a say in each recorded entry."""
    numbers = [row.number for row in rules.workspace.journal.rows(sa.select(ENTRIES.c.number))]
    for case in cases(rules.workspace, numbers):
        yield {demand.agency for demand in agency_demands(rules, case) if demand.need not in (HINT, NOTED)}


def _of_history(rules: AgencyRules) -> list[set[str]]:
    """The agencies of each client's goods: a tariff number and origin a row."""
    history: Any = latest_history(rules.workspace.journal, rules.workspace.content)
    return [
        {flag["agency"] for flag in rules.flags_of(row["hts_number"] or "") if flag["need"] != "N"}
        | {past.agency for past in rules.past_of(_client(row), row["hts_number"] or "")}
        for row in (history.to_pylist() if history is not None else ())
    ]


def _client(row: Mapping[str, str]) -> str:
    return client_of({"importer_number": row["importer_number"], "importer_name": row["importer"]})


def discretion_text(workspace: Workspace, incident: Incident) -> str:
    """Each grant with its dates and how many entries rest on it; empty where none is recorded."""
    uses = Counter(str(row["reference"]) for row in grant_uses(workspace))
    return "; ".join(
        f"{grant.reference} ({', '.join(grant.acts)}, {grant.first} to {grant.last}): "
        f"{uses[grant.reference]:,} entries rest on it"
        for grant in grants_recorded(workspace)
    )


def relied_rows(workspace: Workspace) -> list[list[str]]:
    """A row an entry and act: number, what was done late, CBP's reference."""
    return [[str(row["number"]), str(row["act"]), str(row["reference"])] for row in grant_uses(workspace)]


UNKNOWN = "not known yet"
Fact = tuple[str, Callable[[Workspace, Incident], str]]
"""Its label, and how it is found; empty text where the journal does not know it."""


def recorded_facts(workspace: Workspace, incident: Incident) -> dict[str, str]:
    """Facts that persons gave, the newest of each."""
    facts: dict[str, str] = {}
    for event in workspace.journal.events(kind=FactsNoted.kind, subject=f"incident/{incident.id}"):
        body = event.said
        assert isinstance(body, FactsNoted)
        facts |= body.facts
    return facts


def record_facts(workspace: Workspace, incident: Incident, facts: Mapping[str, str], actor: str) -> None:
    body = FactsNoted(incident=incident.id, facts=dict(facts))
    workspace.journal.append(body, f"incident/{incident.id}", actor)


def _when(moment: datetime | None, workspace: Workspace) -> str:
    return local_text(moment, workspace.zone) if moment else ""


def _step(name: str) -> Callable[[Workspace, Incident], str]:
    def happened(workspace: Workspace, incident: Incident) -> str:
        last = incident.last(name)
        return _when(last.happened, workspace) if last else ""

    return happened


def _broker(workspace: Workspace, incident: Incident) -> str:
    broker = workspace.settings(BrokerSettings)
    return f"{broker.name}, filer code {broker.filer_code}, licence {broker.licence or UNKNOWN}"


def _contact(workspace: Workspace, incident: Incident) -> str:
    broker = workspace.settings(BrokerSettings)
    return ", ".join(filter(None, (broker.contact_name, broker.contact_phone)))


def _discovered(workspace: Workspace, incident: Incident) -> str:
    first = incident.discovered
    if first is None:
        return "no breach of records is known"
    return _when(first.discovered, workspace)


def _breach_sent(workspace: Workspace, incident: Incident) -> str:
    rules = load_deadlines(workspace.settings.home)
    times = proof_of_notice.sent_times(workspace.journal.rows, incident.id, rules)["breach"]
    return _when(min(times, default=None), workspace)


def _authorisation(workspace: Workspace, incident: Incident) -> str:
    if not incident.authorisations:
        return "refused or ended" if incident.last("downtime_refused") else "not authorised yet"
    return "; ".join(_granted(step, where, workspace) for step, where in incident.authorisations)


def _granted(step: StepRecord, where: DowntimePermission, workspace: Workspace) -> str:
    ports = f", ports {' '.join(where.ports)}" if where.ports else ""
    ports += f", but not {' '.join(where.but)}" if where.but else ""
    until = f", until {step.until}" if step.until else ""
    return f"{step.reference or 'on file'}, {_when(step.happened, workspace)}{ports}{until}"


def _connection(workspace: Workspace, incident: Incident) -> str:
    cut = incident.last("disconnected")
    if cut is None:
        return "not cut; our systems cannot transmit"
    note = f": {cut.note}" if cut.note else ""
    return f"cut {_when(cut.happened, workspace)}{note}"


def _exposed(workspace: Workspace, incident: Incident) -> str:
    exposed = newest_exposure(workspace, incident.id)
    if exposed is None:
        return "none known yet; the list is being made"
    social = sum(exposure.number.startswith("~") for exposure in exposed)
    left = unread_systems(workspace, incident.id)
    unread = [f"{part.text} of {system}" for system, part in left.items()]
    unread_text = f"; could not be read yet: {', '.join(unread)}" if unread else ""
    return f"{len(exposed):,}, of them {social:,} Social Security numbers{unread_text}"


def _entries(workspace: Workspace, incident: Incident) -> str:
    """Numbers by where they are, reserve left out."""
    query = (
        sa.select(NUMBERS.c.state, sa.func.count().label("n"))
        .where(NUMBERS.c.series == "entry", NUMBERS.c.state != "reserved")
        .group_by(NUMBERS.c.state)
        .order_by(NUMBERS.c.state)
    )
    counts = [f"{row.n} {row.state}" for row in workspace.journal.rows(query)]
    return ", ".join(counts) or "none yet"


def _volume(workspace: Workspace, incident: Incident) -> str:
    ports = workspace.journal.rows(sa.select(ENTRIES.c.port).distinct())
    about = f", {len(ports)} ports so far" if ports else ""
    return f"about {workspace.settings(NumberSettings).daily_volume} entries a day{about}"


def _signer(workspace: Workspace, incident: Incident) -> str:
    return workspace.settings(IncidentSettings).signer or workspace.settings(BrokerSettings).contact_name


def _evidence(workspace: Workspace, incident: Incident) -> str:
    built = last_event(workspace.journal.rows, "evidence.built")
    if built is None or built[1]["incident"] != incident.id:
        return ""
    open_ = built[1]["open"]
    return f"pack {built[1]['manifest'][:16]}, {len(open_)} item(s) open"


def _accounting(workspace: Workspace, incident: Incident) -> str:
    signed = last_event(workspace.journal.rows, "accounting.signed")
    return f"{signed[1]['numbers']:,} numbers, SHA-256 {signed[1]['accounting']}" if signed else ""


COMPUTED: Mapping[str, Fact] = {
    "broker": ("Broker", _broker),
    "broker-name": ("Broker", lambda workspace, incident: workspace.settings(BrokerSettings).name),
    "filer": ("Filer code", lambda workspace, incident: workspace.settings(BrokerSettings).filer_code),
    "contact": ("Contact, day and night", _contact),
    "declared": ("Systems down since", _step("declared")),
    "discovered": ("Breach discovered", _discovered),
    "breach-sent": ("Breach notice sent", _breach_sent),
    "state": ("Where it stands", lambda workspace, incident: incident.state.replace("_", " ")),
    "connection": ("Connection to ACE", _connection),
    "authorisation": ("Downtime authorised by CBP", _authorisation),
    "exposed-count": ("Compromised importer numbers", _exposed),
    "entries": ("Entry numbers used", _entries),
    "daily-volume": ("Volume", _volume),
    "agency-share": ("Share of entries that other agencies regulate", agency_share),
    "discretion": ("Enforcement discretion relied on", discretion_text),
    "signer": ("Who signs letters", _signer),
    "restore": ("Restore proved", restore_proof),
    "evidence": ("Evidence", _evidence),
    "accounting": ("Accounting signed", _accounting),
    "remediated": ("Systems clean since", _step("remediated")),
    "reconnected": ("Connected again", _step("reconnected")),
}


UNTOLD: Mapping[str, Callable[[Workspace, Incident], str]] = {"progress": remediation_progress}
"""Facts of the plan that the journal answers until a person does; empty text where it cannot."""


def port_name(code: str) -> str:
    name = code_meanings("port").get(code, "")
    return f"{code} {name.title()}" if name else code
