"""Contacts with the day on which each was last tried: on paper, and as the broker's own file for the new home."""

from __future__ import annotations

from tasks.core.status_lines import AMBER, GREEN, RED
from tasks.documents.api import Paper, PaperColumn
from tasks.incident.api import CONTACTS_FILE, ROLES, Contact, IncidentSettings, load_contacts
from tasks.kit.part_model import HOME_FOLDER, Fault, KitFile, KitPage, KitPart, Provider, state_of
from tasks.kit.parts import sheet_workbook
from tasks.workspace import Workspace

_HEADING = ("Role", "Name", "Organisation", "Phone", "Mail", "Hours", "Ports", "Verified", "Mark")
_CALLERS = (
    "Call only these numbers: people have called who only claimed to be from CBP (CSMS 60040952) [S]. "
    "A number that nobody tried is to be tried before it is needed. W and G: verify before relying."
)


def _contact_checks(workspace: Workspace) -> list[tuple[Contact, str, str]]:
    """Each contact with its status and why, in the order of roles."""
    today, days = workspace.today(), workspace.settings(IncidentSettings).contact_days
    contacts = sorted(load_contacts(workspace).values(), key=lambda contact: ROLES.index(contact.role))
    statuses = [(contact, *contact.light(today, days)) for contact in contacts]
    return [(contact, status, reason.text) for contact, status, reason in statuses]


def make(workspace: Workspace) -> KitPart:
    checks = _contact_checks(workspace)
    rows = [
        (
            contact.role,
            contact.name,
            contact.organisation,
            contact.phone,
            contact.mail,
            contact.hours,
            " ".join(contact.ports),
            why,
            contact.mark,
        )
        for contact, _, why in checks
    ]
    files = [KitFile("contacts/contacts.xlsx", sheet_workbook.workbook({"Contacts": (_CALLERS, _HEADING, rows)}))]
    path = workspace.settings.home / CONTACTS_FILE
    if path.is_file():
        files.append(KitFile(HOME_FOLDER + CONTACTS_FILE, path.read_bytes()))
    verified = sum(status == GREEN for _, status, _ in checks)
    return KitPart(
        f"{len(checks)} contacts, {verified} of them verified",
        files,
        [KitPage("Whom to call", lambda paper: _page(paper, checks))],
    )


def _page(paper: Paper, checks: list[tuple[Contact, str, str]]) -> None:
    paper.text(_CALLERS, 8.5)
    columns = [
        PaperColumn("Who", 50),
        PaperColumn("Phone", 28),
        PaperColumn("Mail, hours", 44),
        PaperColumn("Verified", paper.sheet.inner - 148),
        PaperColumn("Called, by whom", 26),
    ]
    rows = [
        (
            f"{contact.name}, {contact.organisation}".strip(", ")
            + f" ({contact.role})"
            + (f", ports {' '.join(contact.ports)}" if contact.ports else ""),
            contact.phone,
            " ".join(filter(None, (contact.mail, contact.hours))),
            f"{why}{f' [{contact.mark}]' if contact.mark in ('W', 'G') else ''}",
            "",
            status,
        )
        for contact, status, why in checks
    ]
    dead = {row[:5] for row in rows if row[5] == RED}
    paper.table(columns, [row[:5] for row in rows], 8.5, lines=2, red=lambda row: tuple(row) in dead)


def state(workspace: Workspace) -> str:
    """The state of numbers and addresses: a contact that was tried again makes no kit stale."""
    return state_of(
        [
            (contact.id, contact.role, contact.name, contact.reach, contact.ports)
            for contact, _, _ in _contact_checks(workspace)
        ]
    )


_CORRECT = "correct contacts.csv"
_VERIFY = "continuity incident contacts --verify NAME --how HOW"


def faults(workspace: Workspace) -> list[Fault]:
    """Dead contacts and those without a number, by name; how many nobody verified."""
    checks = _contact_checks(workspace)
    dead = [contact.id for contact, status, _ in checks if status == RED]
    old = sum(status == AMBER for _, status, _ in checks)
    problems: list[Fault] = []
    if dead:
        problems.append(Fault("kit-contacts-unreachable", AMBER, command=_CORRECT, contacts=", ".join(dead)))
    if old:
        problems.append(Fault("kit-contacts-not-verified", AMBER, command=_VERIFY, count=old))
    return problems


PROVIDER = Provider("contacts", make, state, "contacts changed since", faults)
