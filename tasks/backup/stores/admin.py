"""Stores that can also remove: for prune, with the administrator's credentials. Hosts never use it."""

from __future__ import annotations

import time
from typing import Protocol

from tasks.backup.stores.base import Store
from tasks.backup.stores.local import LocalStore, as_fault
from tasks.shared.smb.folder import SmbFolder


class AdminStore(Store, Protocol):
    """A store with the one verb that the engine lacks."""

    def delete(self, name: str) -> None:
        """Remove one object. Raises Missing, NoRight."""
        ...


class LocalAdmin(LocalStore):
    def delete(self, name: str) -> None:
        try:
            (self.root / name).unlink()
        except OSError as error:
            raise as_fault(error, f"delete {name} in {self.label}") from error


SmbAdmin = SmbFolder


def server_now(store: AdminStore) -> float:
    """The store's own clock, in seconds since 1970: this machine's may be anybody's."""
    name = f"canary/clock-{time.time_ns():x}"
    store.create(name, [b"clock"])
    try:
        return store.stat(name).modified
    finally:
        store.delete(name)
