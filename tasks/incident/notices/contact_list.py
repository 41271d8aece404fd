"""Whom to notify: what ships, the broker's own `contacts.csv` in the home folder, and when each was tried.

A contact that changed since it was tried counts as never tried.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from tasks.core import clock, untrusted_input
from tasks.core.errors import BadInput, Problem
from tasks.core.journal.bodies import canonical
from tasks.core.messages import Reason
from tasks.core.status_lines import AMBER, GREEN, RED
from tasks.entries.api import EntrySettings, code_meanings
from tasks.incident.events import ContactChecked
from tasks.incident.tables import CONTACTS
from tasks.incident.toml_data import shipped_text
from tasks.workspace import Workspace

CONTACTS_FILE = "contacts.csv"
COLUMNS = ("id", "role", "name", "organisation", "phone", "mail", "hours", "ports", "mark", "source")
ROLES = (
    "soc",
    "hq",
    "client-rep",
    "service-desk",
    "ctpat",
    "port",
    "centre",
    "agency",
    "client",
    "vendor",
    "surety",
    "counsel",
    "insurer",
)
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_MAIL = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[^@\s<>,;:\".]+")
_PHONE = re.compile(r"\+?[0-9][0-9 ().x/-]{5,30}")


@dataclass(frozen=True)
class Contact:
    """`ports`: Schedule D codes that it serves; `mark`: how sure a shipped one is, empty for the
    broker's own. `tried`: the day of the last try, None if never; `works`: what it showed."""

    id: str
    role: str
    name: str
    organisation: str
    phone: str
    mail: str
    hours: str
    ports: tuple[str, ...]
    mark: str
    source: str
    tried: date | None = None
    works: bool = True

    @property
    def digest(self) -> str:
        return sha256(canonical([self.phone, self.mail]).encode()).hexdigest()

    @property
    def dead(self) -> bool:
        """Somebody tried, and nobody was reached."""
        return self.tried is not None and not self.works

    @property
    def reach(self) -> str:
        return ", ".join(filter(None, (self.phone, self.mail, self.hours)))

    def light(self, today: date, days: int) -> tuple[str, Reason]:
        """Its light, and why."""
        if not (self.phone or self.mail):
            return RED, Reason("contact-details-empty", self.id)
        if self.tried is None:
            return AMBER, Reason("contact-never-tried", self.id)
        if not self.works:
            return RED, Reason("contact-dead-when-tried", self.id, tried=self.tried.isoformat())
        tried = self.tried.isoformat()
        if today - self.tried > timedelta(days=days):
            return AMBER, Reason("contact-verified-long-ago", self.id, tried=tried, days=days)
        return GREEN, Reason("contact-verified", self.id, tried=tried)


def load_contacts(workspace: Workspace) -> dict[str, Contact]:
    """Every contact by its id. Raises BadInput, naming every faulty row of the broker's file."""
    contacts = {
        contact.id: contact
        for contact in _read(shipped_text(CONTACTS_FILE), f"data/incident/{CONTACTS_FILE}", workspace)
    }
    path = workspace.settings.home / CONTACTS_FILE
    if path.is_file():
        contacts |= {contact.id: contact for contact in _read(untrusted_input.read_text(path), path.name, workspace)}
    tried = {row.contact: row for row in workspace.journal.rows(sa.select(CONTACTS))}
    return {name: _tried(contact, tried) for name, contact in contacts.items()}


def _tried(contact: Contact, tried: Mapping[str, sa.Row[Any]]) -> Contact:
    row = tried.get(contact.id)
    if row is None or row.digest != contact.digest:
        return contact
    return replace(contact, tried=date.fromisoformat(row.on), works=row.works)


def _read(text: str, name: str, workspace: Workspace) -> list[Contact]:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        problem = Problem(file=name, code="contacts-csv-unreadable", values={"reason": error})
        raise BadInput("contacts-csv-malformed", [problem]) from None
    if missing := [column for column in COLUMNS[:6] if rows and column not in rows[0]]:
        right = f"headings {', '.join(COLUMNS)}"
        raise BadInput(
            "csv-headings-missing",
            [Problem(file=name, row=1, column=column, right=right, code="csv-heading-missing") for column in missing],
        )
    problems: list[Problem] = []
    contacts, rows_by_id = list[Contact](), dict[str, int]()
    for number, row in enumerate(rows, 2):
        cells = {column: (row.get(column) or "").strip() for column in COLUMNS}
        faults = list(_faults(cells, rows_by_id, workspace))
        problems += [replace(fault, file=name, row=number) for fault in faults]
        rows_by_id.setdefault(cells["id"], number)
        if not faults:
            contacts.append(Contact(**cells | {"ports": tuple(cells["ports"].split())}))  # type: ignore[arg-type]
    if problems:
        raise BadInput("contacts-invalid", problems)
    return contacts


def _faults(cells: Mapping[str, str], rows_by_id: Mapping[str, int], workspace: Workspace) -> Iterator[Problem]:
    short = {name: cell[:60] for name, cell in cells.items()}
    if not _ID.fullmatch(cells["id"]):
        yield Problem(column="id", value=short["id"], code="contact-id-malformed")
    elif cells["id"] in rows_by_id:
        yield Problem(
            column="id", value=short["id"], code="contact-id-duplicated", values={"row": rows_by_id[cells["id"]]}
        )
    if cells["role"] not in ROLES:
        yield Problem(
            column="role", value=short["role"], code="contact-role-unknown", values={"roles": ", ".join(ROLES)}
        )
    if not cells["name"]:
        yield Problem(column="name", code="contact-name-missing")
    if cells["mail"] and not _MAIL.fullmatch(cells["mail"]):
        yield Problem(column="mail", value=short["mail"], code="contact-mail-malformed")
    if cells["phone"] and not _PHONE.fullmatch(cells["phone"]):
        yield Problem(column="phone", value=short["phone"], code="contact-phone-malformed")
    listed_ports = code_meanings("port").keys() | set(workspace.settings(EntrySettings).further_ports)
    for port in cells["ports"].split():
        if port not in listed_ports:
            yield Problem(column="ports", value=port, code="port-code-malformed")


def check(workspace: Workspace, name: str, actor: str, *, works: bool, how: str, on: date | None = None) -> Contact:
    """Write down that a contact was tried. Raises BadInput for an unknown one, one that nothing can be
    tried of, or a day to come."""
    contact = contact_ids(load_contacts(workspace), name)
    if not (contact.phone or contact.mail):
        raise BadInput("contact-details-missing", name=name, file=CONTACTS_FILE)
    today = clock.now().astimezone(workspace.zone).date()
    if on and on > today:
        raise BadInput("date-not-reached", on=on)
    body = ContactChecked(contact=name, digest=contact.digest, on=(on or today).isoformat(), works=works, how=how)
    workspace.journal.append(body, f"contact/{name}", actor)
    return load_contacts(workspace)[name]


def contact_ids(contacts: Mapping[str, Contact], name: str) -> Contact:
    """Raises BadInput for an id that there is not."""
    if name in contacts:
        return contacts[name]
    raise BadInput("contact-id-unknown", name=name, names=", ".join(contacts))


def contacts_with_roles(contacts: Iterable[Contact], roles: Iterable[str]) -> list[Contact]:
    allowed = set(roles)
    return [contact for contact in contacts if contact.role in allowed]
