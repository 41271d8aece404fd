"""Who may act: id, name, licence, roles; and the one-time codes by which they prove it.

The secret of a person's codes lies in `<home>/keys/totp/<id>`, never in journal, kit or log.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, CodeRefused, Refused
from tasks.core.files import write_atomic
from tasks.core.journal import store
from tasks.core.journal.journal import Journal, Pen
from tasks.security.events import PersonAdded, PersonCodeFailed, PersonCodeUsed, PersonEnrolled, PersonRevoked
from tasks.security.tables import PEOPLE

APPROVER = "approver"
ROLES = ("approver", "preparer", "desk", "it", "compliance")
CODE_SECONDS = 30
MAX_CODE_AGE = timedelta(minutes=10)
LOCK_AFTER, LOCK_FOR = 5, timedelta(minutes=15)


@dataclass(frozen=True)
class Person:
    person: str
    name: str
    licence: str
    roles: tuple[str, ...]
    enrolled: bool
    revoked: bool


def all_people(journal: Journal) -> list[Person]:
    rows = journal.rows(sa.select(PEOPLE).order_by(PEOPLE.c.person))
    return [
        Person(row.person, row.name, row.licence, tuple(row.roles.split()), row.enrolled, row.revoked) for row in rows
    ]


def find_person(journal: Journal, person: str) -> Person:
    """Raises Refused for somebody who is not listed or was revoked."""
    for entry in all_people(journal):
        if entry.person == person:
            if entry.revoked:
                raise Refused("person-revoked", name=entry.name, person=person)
            return entry
    raise Refused("person-id-unknown", person=person)


def refuse_revoked(journal: Journal, person: str) -> None:
    """Raises Refused for somebody who was revoked; others need not be listed to do what needs no code."""
    if any(listed.person == person and listed.revoked for listed in all_people(journal)):
        find_person(journal, person)


def add_person(journal: Journal, person: str, name: str, licence: str, roles: list[str], actor: str) -> None:
    """Raises BadInput for an id or role that cannot be, or an id that is taken."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,30}", person):
        raise BadInput("person-id-invalid", person=person)
    if wrong := [role for role in roles if role not in ROLES]:
        raise BadInput("role-unknown", role=wrong[0], roles=", ".join(ROLES))
    if APPROVER in roles and not licence:
        raise BadInput("approver-license-missing")
    body = PersonAdded(person=person, name=name, licence=licence, roles=roles)
    if not journal.append(body, f"person/{person}", actor, key=f"person:{person}"):
        raise BadInput("person-id-taken", person=person)


def enroll_person(journal: Journal, home: Path, person: str, actor: str) -> str:
    """Make a new one-time-code secret. Returns the provisioning address for a phone's
    authenticator, to be shown once."""
    from pyotp import random_base32
    from pyotp.totp import TOTP

    holder = find_person(journal, person)
    secret = random_base32()
    write_atomic(_secret_path(home, person), secret.encode(), mode=0o600)
    journal.append(PersonEnrolled(person=person), f"person/{person}", actor)
    return TOTP(secret).provisioning_uri(name=holder.name, issuer_name="Broker Continuity")


def revoke_person(journal: Journal, home: Path, person: str, reason: str, actor: str) -> None:
    find_person(journal, person)
    journal.append(PersonRevoked(person=person, reason=reason), f"person/{person}", actor)
    _secret_path(home, person).unlink(missing_ok=True)


@contextmanager
def spending_code(
    journal: Journal, home: Path, person: str, code: str, given_at: datetime, purpose: str
) -> Generator[Pen, None, None]:
    """A transaction in which a one-time code is used up together with what it allows.

    An exception in the block leaves the code unused. A code is checked against the time it was
    given, which may lie 10 minutes back, no more. Each 30-second step counts once. Five failures
    lock the person for 15 minutes. Raises CodeRefused; every refusal is recorded.
    """
    holder = find_person(journal, person)
    reason = _refusal(journal, home, person, given_at)
    drift = None if reason else _drift(home, person, code, given_at)
    reason = reason or ("it is wrong" if drift is None else "")
    if drift is not None:
        step = int(given_at.timestamp()) // CODE_SECONDS + drift
        used = PersonCodeUsed(person=person, step=step, purpose=purpose)
        with journal.write(person) as pen:
            if pen.append(used, f"person/{person}", f"code:{person}:{step}"):
                yield pen
                return
        reason = "the code was used before; wait for the next one"
    failed = PersonCodeFailed(person=person, reason=reason, purpose=purpose)
    journal.append(failed, f"person/{person}", person)
    raise CodeRefused("code-refused", name=holder.name, reason=reason)


def _refusal(journal: Journal, home: Path, person: str, given_at: datetime) -> str:
    """Why no code of this person counts now; empty if one may."""
    if until := _locked_until(journal, person):
        return f"locked until {clock.text(until)[:16]}Z after {LOCK_AFTER} failures"
    age = clock.now() - given_at
    if age > MAX_CODE_AGE:
        return "the code was given more than 10 minutes ago"
    if age < -timedelta(seconds=CODE_SECONDS):
        return "the code claims to be given in the future; check the clock"
    if not _secret_path(home, person).is_file():
        return "no secret is enrolled on this machine"
    return ""


def _drift(home: Path, person: str, code: str, given_at: datetime) -> int | None:
    """0 for the step of `given_at`, -1 or +1 for its neighbours, None for no match."""
    from pyotp.totp import TOTP

    totp = TOTP(_secret_path(home, person).read_text(encoding="ascii"))
    for drift in (0, -1, 1):
        if totp.verify(code.strip(), for_time=given_at + timedelta(seconds=CODE_SECONDS * drift)):
            return drift
    return None


def _locked_until(journal: Journal, person: str) -> datetime | None:
    """Five failures without a success between them, the last not 15 minutes ago."""
    column = store.EVENTS.c
    query = (
        sa.select(column.kind, column.at)
        .where(column.subject == f"person/{person}", column.kind.startswith("person.code_"))
        .order_by(column.seq.desc())
        .limit(LOCK_AFTER)
    )
    last = journal.rows(query)
    if len(last) < LOCK_AFTER or any(row.kind != "person.code_failed" for row in last):
        return None
    until = clock.parse(last[0].at) + LOCK_FOR
    first = clock.parse(last[-1].at)
    return until if until > clock.now() and until - first < 2 * LOCK_FOR else None


def _secret_path(home: Path, person: str) -> Path:
    return home / "keys" / "totp" / person
