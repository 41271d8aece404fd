from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from tasks.core import clock
from tasks.core.errors import JournalBroken, Refused
from tasks.security.private_data import Vault, is_reference
from tests.errors import refused

SECRETS = [
    ("ABC-1234567-6", "driver_birth_date", "1980-02-29"),
    ("ABC-1234567-6", "importer_number", "123-45-6789"),
    ("ABC-1234568-4", "driver_birth_date", "1980-02-29"),
]


def everything(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_a_value_comes_back_by_its_reference(home: Path) -> None:
    vault = Vault(home)
    references = vault.seal(SECRETS, None)
    assert [vault.open(one) for one in references] == [value for _, _, value in SECRETS]
    assert len(set(references)) == 3 and all(map(is_reference, references))


def test_the_same_value_of_the_same_entry_keeps_its_reference(home: Path) -> None:
    assert Vault(home).seal(SECRETS, None) == Vault(home).seal(SECRETS, None)


def test_nothing_readable_lies_in_the_home(home: Path) -> None:
    Vault(home).seal(SECRETS, None)
    for secret in (b"1980-02-29", b"123-45-6789"):
        assert secret not in everything(home)


def test_purging_destroys_the_key_for_good(home: Path) -> None:
    vault = Vault(home)
    (early,) = vault.seal(SECRETS[:1], date(2027, 1, 1))
    (kept,) = vault.seal(SECRETS[1:2], None)
    assert vault.purge_due(date(2026, 12, 31)) == 0
    key_file = home / "private-keys" / "keys.sqlite"
    before = key_file.read_bytes()
    assert vault.purge_due(date(2027, 1, 1)) == 1
    with refused("private-value-missing", Refused):
        vault.open(early)
    assert vault.open(kept) == "123-45-6789"
    assert early.encode() in before and early.encode() not in key_file.read_bytes()


def test_a_purged_value_can_be_recorded_anew(home: Path) -> None:
    vault = Vault(home)
    (first,) = vault.seal(SECRETS[:1], date(2027, 1, 1))
    vault.purge_due(date(2027, 1, 1))
    with clock.held(datetime(2027, 6, 1, tzinfo=UTC)):
        (again,) = vault.seal(SECRETS[:1], date(2028, 1, 1))
        assert again != first and vault.open(again) == "1980-02-29"


def test_a_restore_of_older_keys_does_not_undo_a_purge(home: Path) -> None:
    vault, keys = Vault(home), home / "private-keys" / "keys.sqlite"
    (gone,) = vault.seal(SECRETS[:1], date(2027, 1, 1))
    backup = keys.read_bytes()
    vault.purge_due(date(2027, 1, 1))
    with clock.held(datetime(2027, 2, 1, tzinfo=UTC)):
        keys.write_bytes(backup)
        with refused("private-value-missing", Refused):
            vault.open(gone)
        assert list(vault.rows()) == []
        (anew,) = vault.seal(SECRETS[:1], date(2028, 1, 1))
        assert vault.open(anew) == "1980-02-29"


def test_an_altered_value_is_told_from_a_purged_one(home: Path) -> None:
    import sqlite3

    vault = Vault(home)
    (reference,) = vault.seal(SECRETS[:1], None)
    store = sqlite3.connect(home / "private" / "sealed.sqlite")
    store.execute("UPDATE sealed SET data = zeroblob(40)")
    store.commit()
    store.close()
    with refused("private-value-altered", JournalBroken):
        vault.open(reference)
