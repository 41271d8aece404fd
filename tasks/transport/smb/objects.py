"""What a store says of an object, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, order=True)
class StoreItem:
    """One object: name within its folder, bytes, and the store's own time of its last change."""

    name: str
    size: int
    modified: float
