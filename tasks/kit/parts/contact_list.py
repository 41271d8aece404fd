"""Whom to call, with the day on which each contact was last tried: on paper, and as the broker's own
file for the new home."""

from __future__ import annotations

from tasks.core import clock
from tasks.core.status_lines import AMBER, GREEN, RED
from tasks.documents.api import Paper, PaperColumn
from tasks.incident.api import CONTACTS_FILE, ROLES, Contact, IncidentSettings, load_contacts
from tasks.kit.part_model import HOME, Fault, KitFile, KitPage, KitPart, Provider, state_of
from tasks.kit.parts import sheet_workbook
from tasks.workspace import Workspace

_HEADING = ("Role", "Name", "Organisation", "Phone", "Mail", "Hours", "Ports", "Verified", "Mark")
_CALLERS = (
    "Call only these numbers: people have called who only claimed to be from CBP (CSMS 60040952) [S]. "
    "A number that nobody tried is to be tried before it is needed. W and G: verify before relying."
)


def _listed(workspace: Workspace) -> list[tuple[Contact, str, str]]:
    """Each contact with its light and why, in the order in which they are told."""
    today = clock.now().astimezone(workspace.zone).date()
    days = workspace.settings(IncidentSettings).contact_days
    found = sorted(load_contacts(workspace).values(), key=lambda one: ROLES.index(one.role))
    lights = [(contact, *contact.light(today, days)) for contact in found]
    return [(contact, light, reason.text) for contact, light, reason in lights]


def make(workspace: Workspace) -> KitPart:
    listed = _listed(workspace)
    rows = [
        (one.role, one.name, one.organisation, one.phone, one.mail, one.hours, " ".join(one.ports), why, one.mark)
        for one, _, why in listed
    ]
    files = [KitFile("contacts/contacts.xlsx", sheet_workbook.workbook({"Contacts": (_CALLERS, _HEADING, rows)}))]
    own = workspace.settings.home / CONTACTS_FILE
    if own.is_file():
        files.append(KitFile(HOME + CONTACTS_FILE, own.read_bytes()))
    good = sum(light == GREEN for _, light, _ in listed)
    return KitPart(
        f"{len(listed)} contacts, {good} of them verified",
        files,
        [KitPage("Whom to call", lambda paper: _page(paper, listed))],
    )


def _page(paper: Paper, listed: list[tuple[Contact, str, str]]) -> None:
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
            f"{one.name}, {one.organisation}".strip(", ")
            + f" ({one.role})"
            + (f", ports {' '.join(one.ports)}" if one.ports else ""),
            one.phone,
            " ".join(filter(None, (one.mail, one.hours))),
            f"{why}{f' [{one.mark}]' if one.mark in ('W', 'G') else ''}",
            "",
            light,
        )
        for one, light, why in listed
    ]
    dead = {row[:5] for row in rows if row[5] == RED}
    paper.table(columns, [row[:5] for row in rows], 8.5, lines=2, red=lambda row: tuple(row) in dead)


def state(workspace: Workspace) -> str:
    """Of numbers and addresses: a contact that was tried again makes no kit stale."""
    return state_of([(one.id, one.role, one.name, one.reach, one.ports) for one, _, _ in _listed(workspace)])


_CORRECT = "correct contacts.csv"
_VERIFY = "continuity incident contacts --verify NAME --how HOW"


def faults(workspace: Workspace) -> list[Fault]:
    """Dead contacts and those without a number, by name; how many nobody verified."""
    listed = _listed(workspace)
    dead = [one.id for one, light, _ in listed if light == RED]
    old = sum(light == AMBER for _, light, _ in listed)
    found = []
    if dead:
        found.append(Fault("kit-contacts-unreachable", AMBER, command=_CORRECT, contacts=", ".join(dead)))
    if old:
        found.append(Fault("kit-contacts-not-verified", AMBER, command=_VERIFY, count=old))
    return found


PROVIDER = Provider("contacts", make, state, "contacts changed since", faults)
