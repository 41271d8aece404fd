"""Private data: driver birth date, licence and plate, and importer numbers that are SSNs.

Each value is encrypted under a data key of its own. Records, Parquet and journal hold only a
reference: `~` and 11 characters. Destroying the key purges the value everywhere at once, backups
of the ciphertext included. Keys lie in `<home>/private-keys`, ciphertexts in `<home>/private`.
"""

from __future__ import annotations

import hmac
import secrets
import sqlite3
import string
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tasks.core import clock
from tasks.core.errors import JournalBroken, Refused
from tasks.core.journal.journal import Journal
from tasks.core.ssn import HIDDEN_TEXT, is_ssn
from tasks.security import host_keys
from tasks.security.events import PrivatePurged

REFERENCE_PREFIX = "~"
_ALPHABET = string.ascii_uppercase + string.digits
_KEYS = "CREATE TABLE IF NOT EXISTS keys (ref TEXT PRIMARY KEY, key BLOB NOT NULL, purge TEXT)"
_NOT_DUE = "(purge IS NULL OR purge > ?)"
_VALUES = (
    "CREATE TABLE IF NOT EXISTS sealed "
    "(ref TEXT PRIMARY KEY, tag BLOB NOT NULL UNIQUE, nonce BLOB NOT NULL, data BLOB NOT NULL)"
)


class Row(NamedTuple):
    """A private value as it is kept: reference, data key, day from which it is purged (or empty), tag
    of the home that sealed it, nonce, ciphertext."""

    ref: str
    key: bytes
    purge: str
    tag: bytes
    nonce: bytes
    data: bytes


def random_reference() -> str:
    """A fresh reference."""
    return REFERENCE_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(11))


def is_reference(text: str | None) -> bool:
    return bool(text) and str(text).startswith(REFERENCE_PREFIX) and len(str(text)) == 12


def masked_value(number: str | None) -> str:
    """An importer's number as a letter or list may show it: a Social Security number, or the
    reference that stands for one, is hidden."""
    text = str(number or "")
    return HIDDEN_TEXT if is_reference(text) or is_ssn(text) else text


class Vault:
    """The private values of one home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._keys = home / "private-keys" / "keys.sqlite"
        self._sealed = home / "private" / "sealed.sqlite"

    def seal(self, values: Iterable[tuple[str, str, str]], purge: date | None) -> list[str]:
        """References for (entry number, field, value) triples, in order.

        The same triple gets the same reference again, so that recording a file twice changes
        nothing. `purge` is the day from which `purge_due` destroys the keys; None keeps them.
        """
        tag_key = host_keys.tag_key(self._home)
        with self._open(self._keys, _KEYS) as key_store, self._open(self._sealed, _VALUES) as store:
            references = [
                self._one(key_store, store, tag_key, triple, purge.isoformat() if purge else None) for triple in values
            ]
            # Keys first: a value whose key is missing would be lost, a key without value is idle.
            key_store.commit()
            store.commit()
        return references

    def open(self, reference: str) -> str:
        """The value behind a reference. Raises Refused if it was purged, JournalBroken if
        altered."""
        with self._open(self._keys, _KEYS) as key_store, self._open(self._sealed, _VALUES) as store:
            # a key that came back with a restore is past its day all the same
            key = key_store.execute(
                f"SELECT key FROM keys WHERE ref = ? AND {_NOT_DUE}", [reference, clock.now().date().isoformat()]
            ).fetchone()
            row = store.execute("SELECT nonce, data FROM sealed WHERE ref = ?", [reference]).fetchone()
        if key is None or row is None:
            raise Refused("private-value-missing", reference=reference)
        try:
            return AESGCM(key[0]).decrypt(row[0], row[1], reference.encode()).decode()
        except InvalidTag:
            raise JournalBroken("private-value-altered", reference=reference) from None

    def purge_due(self, today: date) -> int:
        """Destroy the keys whose day has come. Returns how many values can no longer be read."""
        with self._open(self._keys, _KEYS) as store:
            count = store.execute("DELETE FROM keys WHERE purge <= ?", [today.isoformat()]).rowcount
            store.commit()
            if count:
                store.execute("VACUUM")
        return count

    def rows(self) -> Iterator[Row]:
        """Every value that can still be read, with its key: for a sealed copy and nothing else."""
        with self._open(self._keys, _KEYS) as key_store, self._open(self._sealed, _VALUES) as store:
            today = [clock.now().date().isoformat()]
            keys = key_store.execute(f"SELECT ref, key, purge FROM keys WHERE {_NOT_DUE}", today)
            keyed = {row[0]: row for row in keys}
            for ref, tag, nonce, data in store.execute("SELECT ref, tag, nonce, data FROM sealed"):
                if ref in keyed:
                    yield Row(ref, keyed[ref][1], keyed[ref][2] or "", tag, nonce, data)

    def take(self, rows: Iterable[Row]) -> int:
        """Keep values of another home that this one has not; returns how many were new."""
        new = 0
        with self._open(self._keys, _KEYS) as key_store, self._open(self._sealed, _VALUES) as store:
            for row in rows:
                present = store.execute("SELECT 1 FROM sealed WHERE ref = ?", [row.ref]).fetchone()
                if not present:
                    key_store.execute(
                        "INSERT OR IGNORE INTO keys VALUES (?, ?, ?)", [row.ref, row.key, row.purge or None]
                    )
                    store.execute(
                        "INSERT OR IGNORE INTO sealed VALUES (?, ?, ?, ?)", [row.ref, row.tag, row.nonce, row.data]
                    )
                    new += 1
            key_store.commit()
            store.commit()
        return new

    def _one(
        self,
        key_store: sqlite3.Connection,
        store: sqlite3.Connection,
        tag_key: bytes,
        triple: tuple[str, str, str],
        purge: str | None,
    ) -> str:
        tag = hmac.digest(tag_key, "\0".join(triple).encode(), sha256)
        sealed = store.execute("SELECT ref FROM sealed WHERE tag = ?", [tag]).fetchone()
        key_query = f"SELECT 1 FROM keys WHERE ref = ? AND {_NOT_DUE}"
        today = clock.now().date().isoformat()
        if sealed and key_store.execute(key_query, [*sealed, today]).fetchone():
            return sealed[0]
        store.execute("DELETE FROM sealed WHERE tag = ?", [tag])
        reference = random_reference()
        key, nonce = AESGCM.generate_key(256), secrets.token_bytes(12)
        data = AESGCM(key).encrypt(nonce, triple[2].encode(), reference.encode())
        key_store.execute("INSERT INTO keys VALUES (?, ?, ?)", [reference, key, purge])
        store.execute("INSERT INTO sealed VALUES (?, ?, ?, ?)", [reference, tag, nonce, data])
        return reference

    @contextmanager
    def _open(self, path: Path, schema: str) -> Generator[sqlite3.Connection, None, None]:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, timeout=60)
        try:
            # No write-ahead log: a purged key must not linger in one.
            for pragma in ("journal_mode=DELETE", "secure_delete=ON", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(schema)
            path.chmod(0o600)
            yield connection
        finally:
            connection.close()


def purge_private_values(journal: Journal, vault: Vault, actor: str) -> int:
    """Destroy what is due ([private] keep_days after it was recorded); returns how many values. A crash
    between the two leaves values destroyed and not reported, never reported and still there."""
    day = clock.now().date()
    if count := vault.purge_due(day):
        journal.append(PrivatePurged(values=count, day=day.isoformat()), "private", actor)
    return count
