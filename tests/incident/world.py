"""A brokerage in an incident: contacts, systems with importer numbers, and the way through its steps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from tasks.incident.settings import ClientSystemSettings, IncidentSettings
from tasks.incident.timeline import incident_state
from tasks.incident.timeline.incident_state import StepDetails, declare_incident, require_incident, take_step
from tasks.reconciliation.events import AccountingSigned
from tasks.workspace import Workspace

CONTACTS = """id,role,name,organisation,phone,mail,hours,ports,mark,source
cbp-hq,hq,Downtime desk,CBP headquarters,202-555-0101,hq@cbp.example,,,,letter of 2026
laredo,port,"Chief, cargo branch",CBP Laredo,956-555-0102,laredo@cbp.example,,2304,,
longbeach,port,Watch commander,CBP Los Angeles,562-555-0103,lalb@cbp.example,,2704,,
acme,client,José Müller-Lüdenscheidt,Acme Übersee Import & Export,,import@acme.example,,,,
vendor,vendor,Support,Entry Systems Inc.,800-555-0104,support@entry.example,,,,
fda,agency,Import desk,FDA,,fda@agency.example,,,,
"""
PROVED = StepDetails(reference="HQ-2026-117")


def with_contacts(office: Workspace, text: str = CONTACTS) -> Workspace:
    (office.settings.home / "contacts.csv").write_text(text, encoding="utf-8")
    return office


def with_systems(office: Workspace, *systems: ClientSystemSettings, **mail: Any) -> Workspace:
    room = office.settings(IncidentSettings).model_copy(update={"systems": systems})
    return office.with_settings(office.settings.model_copy(update={"incident": room, **mail}))


def crm(office: Workspace, rows: int = 0) -> ClientSystemSettings:
    """A system with an SSN, an IRS number, one given by CBP, and as many more as wanted."""
    lines = ["IOR,Client", "123-45-6789,Abe Doe", "12-3456789AB,Acme Übersee",
             "261234-56789,Tiny Imports"]  # fmt: skip
    lines += [f"{n // 10_000_000:02d}-{n:07d},Importer {n} of the made-up kind" for n in range(rows)]
    (office.settings.home / "crm.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ClientSystemSettings(name="crm", holds="clients", file=Path("crm.csv"), number="IOR", importer="Client")


def declared(office: Workspace, at: datetime | None, breach: bool = True) -> incident_state.Incident:
    return declare_incident(office, StepDetails(happened=at), "ada", breach=at if breach else None)[0]


def through(office: Workspace, *names: str) -> incident_state.Incident:
    for name in names:
        take_step(office, name, PROVED, "ada")
    return require_incident(office.journal.rows)


def signed(office: Workspace, accounting: bytes = b"accounting") -> str:
    """The accounting as the reconciliation room signs it."""
    digest = office.content.put(accounting)
    body = AccountingSigned(accounting=digest, plan=digest, numbers=3)
    office.journal.append(body, "accounting", "ada", f"signed:{digest}")
    return digest
