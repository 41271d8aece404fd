"""How long a snapshot is kept: by time held, never by count; legal holds above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import FORMAT, ObjectName, digest, public_hex, sign
from tasks.backup.format.structures import SignedHold, encode_structure
from tasks.core import clock
from tasks.core.errors import BadInput


@dataclass(frozen=True)
class Retention:
    """A class of things kept equally long from their basis date."""

    name: str
    years: int = 0
    days: int = 0
    source: str = ""

    def until(self, basis: date) -> date:
        """The first day on which a snapshot of this class may go."""
        try:
            end = basis.replace(year=basis.year + self.years)
        except ValueError:  # 29 February
            end = date(basis.year + self.years, 3, 1)
        return end + timedelta(days=self.days + 1)


CLASSES = {
    "records": Retention("records", years=5, source="19 CFR 111.23(b), 163.4(a)"),
    "screening": Retention("screening", years=10, source="31 CFR 501.601"),
    "private": Retention("private", days=90, source="a destroyed key must not live on in backups"),
}


def place_hold(repository: Repository, key: Ed25519PrivateKey, by: str, manifests: Sequence[str], reason: str) -> str:
    """Keep snapshots, whatever their age, until the officer releases the hold. A host may hold: it
    takes nothing away. Returns the hold's digest."""
    if not manifests or not reason:
        raise BadInput("hold-incomplete")
    return _store(repository, key, by, sorted(manifests), reason, [])


def release_hold(repository: Repository, officer: Ed25519PrivateKey, holds: Sequence[str], reason: str) -> str:
    """End holds. Only the officer's signature counts. Raises BadInput."""
    if public_hex(officer) != repository.officer:
        raise BadInput("officer-key-required")
    return _store(repository, officer, "officer", [], reason, sorted(holds))


def _store(
    repository: Repository, key: Ed25519PrivateKey, by: str, manifests: list[str], reason: str, released: list[str]
) -> str:
    body = SignedHold(FORMAT, repository.id, clock.text(), by, manifests, reason, released)
    data = sign("hold", encode_structure(body), key)
    name = ObjectName(-1, digest(data), 0)
    repository.put("holds", name, [data])
    return name.digest
