"""Stores that can also remove: for prune, with the administrator's credentials. Hosts never use it."""

from __future__ import annotations

import time
from typing import Protocol

from smbprotocol.open import CreateDisposition, CreateOptions

from tasks.backup.stores.base import Store
from tasks.backup.stores.local import LocalStore, as_fault
from tasks.backup.stores.smb import SmbStore
from tasks.backup.stores.smb_link import DELETE


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


class SmbAdmin(SmbStore):
    def delete(self, name: str) -> None:
        options = CreateOptions.FILE_NON_DIRECTORY_FILE | CreateOptions.FILE_DELETE_ON_CLOSE

        def call(link) -> None:
            link.finish(link.open(self.path(name), DELETE, CreateDisposition.FILE_OPEN, options))

        self.with_link(f"delete {name}", call)


def server_now(store: AdminStore) -> float:
    """The store's own clock, in seconds since 1970: this machine's may be anybody's."""
    name = f"canary/clock-{time.time_ns():x}"
    store.create(name, [b"clock"])
    try:
        return store.stat(name).modified
    finally:
        store.delete(name)
