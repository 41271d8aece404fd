"""Stores that can also remove: for prune, with the administrator's credentials. Hosts never use it."""

from __future__ import annotations

import time
from typing import Protocol

from tasks.backup.stores.local_store import LocalStore, store_fault
from tasks.backup.stores.store_protocol import Store
from tasks.transport.api import SmbFolder


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
            raise store_fault(error, f"delete {name} in {self.label}") from error


SmbAdmin = SmbFolder


def server_now(store: AdminStore) -> float:
    """The store's own clock, in seconds since 1970: this machine's may be anybody's."""
    name = f"canary/clock-{time.time_ns():x}"
    store.create(name, [b"clock"])
    try:
        return store.stat(name).modified
    finally:
        store.delete(name)
