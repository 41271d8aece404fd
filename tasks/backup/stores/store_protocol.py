"""The four verbs that the engine asks of a store, and patience with one that does not answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from tasks.core.errors import StoreLost
from tasks.transport.api import Buffer, StoreItem

T = TypeVar("T")


@runtime_checkable
class Store(Protocol):
    """A flat tree of objects named `folder/name` with `/` between parts.

    Every verb may raise StoreLost, NoRight and StoreFull; several threads may call at once.
    """

    label: str
    stride: int  # bytes that are best read at one go

    def create(self, name: str, parts: Sequence[Buffer]) -> None:
        """Write a new object durably, making its folder if need be. Raises Exists."""
        ...

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """A range of an object, shorter only at its end. Raises Missing."""
        ...

    def list(self, folder: str) -> list[StoreItem]:
        """The objects in one folder, sorted by name; an absent folder is empty."""
        ...

    def stat(self, name: str) -> StoreItem:
        """Raises Missing."""
        ...

    def folders(self, folder: str) -> list[str]:
        """The folders within one folder, sorted (part of the verb list)."""
        ...

    def make_folder(self, name: str) -> None:
        """Make a folder and those above it (part of the verb create)."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class StorePatience:
    """How long to go on trying a store that does not answer (seconds)."""

    total: float = 300.0
    first: float = 0.5
    longest: float = 20.0


def patiently(call: Callable[[], T], patience: StorePatience) -> T:
    """Call again after StoreLost with growing pauses, until the patience is used up."""
    until, pause = time.monotonic() + patience.total, patience.first
    while True:
        try:
            return call()
        except StoreLost as error:
            if time.monotonic() + pause > until:
                raise
            import logging  # seldom needed

            logging.getLogger(__name__).warning("%s; trying again", error)
            time.sleep(pause)
            pause = min(pause * 2, patience.longest)
