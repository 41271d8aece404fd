"""Whom to tell: what ships, the broker's own `contacts.csv` in the home folder, and when each was tried.

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
    found = {one.id: one for one in _read(shipped_text(CONTACTS_FILE), f"data/incident/{CONTACTS_FILE}", workspace)}
    path = workspace.settings.home / CONTACTS_FILE
    if path.is_file():
        found |= {one.id: one for one in _read(untrusted_input.read_text(path), path.name, workspace)}
    tried = {row.contact: row for row in workspace.journal.rows(sa.select(CONTACTS))}
    return {name: _tried(one, tried) for name, one in found.items()}


def _tried(one: Contact, tried: Mapping[str, sa.Row]) -> Contact:
    row = tried.get(one.id)
    if row is None or row.digest != one.digest:
        return one
    known = {name: getattr(one, name) for name in one.__dataclass_fields__}
    on = date.fromisoformat(row._mapping["on"])
    return Contact(**known | {"tried": on, "works": row.works})


def _read(text: str, name: str, workspace: Workspace) -> list[Contact]:
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        problem = Problem(file=name, code="contacts-csv-unreadable", values={"reason": error})
        raise BadInput("contacts-csv-malformed", [problem]) from None
    if missing := [one for one in COLUMNS[:6] if rows and one not in rows[0]]:
        right = f"headings {', '.join(COLUMNS)}"
        raise BadInput(
            "csv-headings-missing",
            [Problem(file=name, row=1, column=one, right=right, code="csv-heading-missing") for one in missing],
        )
    problems: list[Problem] = []
    found, seen = [], dict[str, int]()
    for number, row in enumerate(rows, 2):
        cells = {one: (row.get(one) or "").strip() for one in COLUMNS}
        faults = list(_faults(cells, seen, workspace))
        problems += [replace(fault, file=name, row=number) for fault in faults]
        seen.setdefault(cells["id"], number)
        if not faults:
            found.append(Contact(**cells | {"ports": tuple(cells["ports"].split())}))  # type: ignore[arg-type]
    if problems:
        raise BadInput("contacts-invalid", problems)
    return found


def _faults(cells: Mapping[str, str], seen: Mapping[str, int], workspace: Workspace) -> Iterator[Problem]:
    shown = {name: cell[:60] for name, cell in cells.items()}
    if not _ID.fullmatch(cells["id"]):
        yield Problem(column="id", value=shown["id"], code="contact-id-malformed")
    elif cells["id"] in seen:
        yield Problem(column="id", value=shown["id"], code="contact-id-duplicated", values={"row": seen[cells["id"]]})
    if cells["role"] not in ROLES:
        yield Problem(
            column="role", value=shown["role"], code="contact-role-unknown", values={"roles": ", ".join(ROLES)}
        )
    if not cells["name"]:
        yield Problem(column="name", code="contact-name-missing")
    if cells["mail"] and not _MAIL.fullmatch(cells["mail"]):
        yield Problem(column="mail", value=shown["mail"], code="contact-mail-malformed")
    if cells["phone"] and not _PHONE.fullmatch(cells["phone"]):
        yield Problem(column="phone", value=shown["phone"], code="contact-phone-malformed")
    known = code_meanings("port").keys() | set(workspace.settings(EntrySettings).further_ports)
    for port in cells["ports"].split():
        if port not in known:
            yield Problem(column="ports", value=port, code="port-code-malformed")


def check(workspace: Workspace, name: str, actor: str, *, works: bool, how: str, on: date | None = None) -> Contact:
    """Write down that a contact was tried. Raises BadInput for an unknown one, one that nothing can be
    tried of, or a day to come."""
    one = contact_ids(load_contacts(workspace), name)
    if not (one.phone or one.mail):
        raise BadInput("contact-details-missing", name=name, file=CONTACTS_FILE)
    today = clock.now().astimezone(workspace.zone).date()
    if on and on > today:
        raise BadInput("date-not-reached", on=on)
    body = ContactChecked(contact=name, digest=one.digest, on=(on or today).isoformat(), works=works, how=how)
    workspace.journal.append(body, f"contact/{name}", actor)
    return load_contacts(workspace)[name]


def contact_ids(found: Mapping[str, Contact], name: str) -> Contact:
    """Raises BadInput for an id that there is not."""
    if name in found:
        return found[name]
    raise BadInput("contact-id-unknown", name=name, names=", ".join(found))


def contacts_with_roles(found: Iterable[Contact], roles: Iterable[str]) -> list[Contact]:
    wanted = set(roles)
    return [one for one in found if one.role in wanted]
