"""The sample brokerage of `data/sample/`: a home with people, a reserve and issued numbers, and
what its desks hand in. For drills and for leafing through; nothing in it belongs to anybody.
"""

from __future__ import annotations

import json
import re
import secrets
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pyotp.totp import TOTP

from tasks import opening
from tasks.core import clock
from tasks.core.errors import Refused
from tasks.core.files import write_atomic
from tasks.core.journal.journal import Journal, is_drill
from tasks.core.settings import Settings, load_settings
from tasks.entries.api import ENTRY_SERIES, NUMBERS, issue_block, reserve_block, void_numbers
from tasks.opening import open_journal
from tasks.security.api import CODE_SECONDS, add_person, enroll_person
from tasks.workspace import Workspace

PREPARER, APPROVER, CLERK = "mlopez", "avance", "bharbor"
PEOPLE = (
    (PREPARER, "Maria Lopez", "", ["preparer", "compliance"]),
    (APPROVER, "Ada Vance", "98765", ["approver"]),
    (CLERK, "Ben Harbor", "", ["desk"]),
)
DESKS = (("truck", "2304", 24), ("ocean", "2704", 21), ("air", "4701", 19), ("rail", "3801", 6))
"""Desk, its port, and how many numbers it holds, in the order of issue. Rail hands in nothing."""
HANDED_IN = ("truck.xlsx", "ocean.xlsx", "air.xlsx", "truck-again.xlsx", "air-corrected.xlsx")
LATER = {
    "after": ("truck-final.xlsx", "ocean-final.xlsx", "air-final.xlsx"),
    "rejected": ("truck-rejected.xlsx", "ocean-rejected.xlsx"),
}
"""Handed in after the incident: what the summaries lacked and what became of the entries that
waited; and the two that ACE rejects, corrected."""

PAYMENT, ACE_FACTS = "payment.csv", "ace.toml"
INCIDENT = ("contacts.csv", "clients.csv", "open-work.csv")
"""What an incident needs: whom to tell, whose numbers a system held, what was open last night."""

_OUTAGE = date(2026, 11, 24)
"""The day on which the sample's open work was exported; in a home it is today."""
BLOCKS = (("entry", 9_000_000, 506), ("in-bond", 90_000_000, 300))
CHECKED = "Ada Vance, 2026-10-30: the entry system's counter ends at 8999999"
_PASSWORD_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


@dataclass(frozen=True)
class SampleHome:
    """The home, as made. `inbox`: the folder with the workbooks; `handed_in`: these, in the
    order they came; `later`: those that come afterwards, in a folder of it, by the keys of LATER;
    `answers`: where ACE's answers are put; `issued`: each desk's entry numbers, in order."""

    settings: Settings
    inbox: Path
    handed_in: list[Path]
    later: dict[str, list[Path]]
    answers: Path
    issued: dict[str, list[str]]


def make_sample_home(home: Path, actor: str) -> SampleHome:
    """Make the sample brokerage in `home`, which is absent or empty. Raises BadInput if a home
    stands there. Numbers are the same each time; keys and passwords are not."""
    home = home.absolute()
    outbound, answers = home / "outbound", home / "answers"
    password = home / "keys" / "ace-password"
    text = _shipped("continuity.toml").read_text(encoding="utf-8")
    for name, path in (("outbound", outbound), ("inbox", answers), ("password_file", password)):
        text += f"{name} = {json.dumps(str(path), ensure_ascii=False)}\n"
    settings = opening.make_home(home, text, actor, drill=True)
    for folder in (outbound, answers):
        folder.mkdir(exist_ok=True)
    write_atomic(home / PAYMENT, _shipped(PAYMENT).read_bytes(), mode=0o600)
    for name in INCIDENT:
        text = _shipped(name).read_text(encoding="utf-8")
        write_atomic(home / name, _moved(text).encode(), mode=0o600)
    password_text = "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(6))
    write_atomic(password, password_text.encode(), mode=0o600)
    journal = open_journal(settings)
    try:
        _employ(journal, home, actor)
        issued = _issue(journal, settings, actor)
    finally:
        journal.close()
    inbox = home / "inbox"
    handed_in = _copied(inbox, HANDED_IN)
    later = {when: _copied(inbox / "later", names) for when, names in LATER.items()}
    return SampleHome(settings, inbox, handed_in, later, answers, issued)


def ace_facts() -> dict[str, Any]:
    """What the simulated ACE of a drill knows of this brokerage: tables `importers`, `bonds`,
    `ebonds`, `bills`, `quota`, `officers`, `paper_releases` of `data/sample/ace.toml`."""
    return tomllib.loads(_shipped(ACE_FACTS).read_text(encoding="utf-8"))


def _copied(folder: Path, names: Iterable[str]) -> list[Path]:
    return [write_atomic(folder / name, _shipped("handed_in", name).read_bytes(), mode=0o600) for name in names]


def _moved(text: str) -> str:
    """Days of open work as far from today as they were from the day of the outage."""
    shift = clock.now().date() - _OUTAGE
    return _DAY.sub(lambda match: (date.fromisoformat(match[0]) + shift).isoformat(), text)


_DAY = re.compile(r"\b20\d\d-\d\d-\d\d(?!\d)")


def _shipped(*names: str) -> Traversable:
    return files("continuity_data").joinpath("sample", *names)


def _employ(journal: Journal, home: Path, actor: str) -> None:
    for person, name, licence, roles in PEOPLE:
        add_person(journal, person, name, licence, list(roles), actor)
    for person in (APPROVER, CLERK):
        enroll_person(journal, home, person, actor)


def _issue(journal: Journal, settings: Settings, actor: str) -> dict[str, list[str]]:
    for series, first, count in BLOCKS:
        reserve_block(journal, settings, series, first, count, CHECKED, actor)
    return {
        desk: issue_block(journal, settings, ENTRY_SERIES, count, desk, port, actor, desk)
        for desk, port, count in DESKS
    }


def void_sample_numbers(journal: Journal, home: Path, numbers: list[tuple[str, str]]) -> list[str]:
    """Void (number, reason) pairs by two persons: the preparer, and the clerk with a one-time code
    taken from this host. Returns the numbers voided; those that are void already are passed over.
    Raises Refused outside a drill, NumberUnavailable for a number that is not spoiled."""
    if not is_drill(journal):
        raise Refused("person-code-drill-only")
    reasons = dict(numbers)
    query = sa.select(NUMBERS.c.number).where(NUMBERS.c.number.in_(list(reasons)))
    voided = {row.number for row in journal.rows(query.where(NUMBERS.c.state == "void"))}
    spoiled = {number: reason for number, reason in reasons.items() if number not in voided}
    if spoiled:
        workspace = Workspace(load_settings(home), journal=journal)
        void_numbers(workspace, spoiled, PREPARER, CLERK, _code(journal, home))
    return list(spoiled)


def unused_code(workspace: Workspace, person: str) -> tuple[datetime, str]:
    """A one-time code of this person that was not used yet, and when it was read off: one of a little
    earlier is as good."""
    secret = (workspace.home / "keys" / "totp" / person).read_text(encoding="ascii")
    given_at = clock.now()
    while any(workspace.journal.events(key=f"code:{person}:{int(given_at.timestamp()) // CODE_SECONDS}")):
        given_at -= timedelta(seconds=CODE_SECONDS)
    return given_at, TOTP(secret).at(given_at)


def _code(journal: Journal, home: Path) -> str:
    """The clerk's code; the next one if that of this half minute was used."""
    secret = (home / "keys" / "totp" / CLERK).read_text(encoding="ascii")
    step = int(clock.now().timestamp()) // CODE_SECONDS
    is_used = any(journal.events(key=f"code:{CLERK}:{step}"))
    return TOTP(secret).at(clock.now() + timedelta(seconds=CODE_SECONDS * is_used))
