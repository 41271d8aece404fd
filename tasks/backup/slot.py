"""One entry of a listing in the making."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.backup.listing import line
from tasks.backup.scan import Row, Seen
from tasks.backup.structures import Entry


class Slot:
    """One entry that is being read; `row` stands when it is done. The thread that reads a large
    file sets `cut` when it is through: what stands before that may still be read again."""

    __slots__ = (
        "before",
        "cut",
        "digest",
        "entry",
        "fresh",
        "ids",
        "name",
        "others",
        "row",
        "seen",
    )

    def __init__(self, seen: Seen, name: bytes, before: bool = False) -> None:
        self.seen, self.name = seen, name
        self.before = before  # whether the last walk met it too
        self.entry: Entry | None = None
        self.ids: list[bytes | None] = []
        self.digest = ""
        self.row: Row | None = None
        self.cut = False
        self.fresh = False  # whether some of its content was stored for the first time
        self.others: list[Slot] = []

    def finished(self) -> bool:
        """Whether the row stands; makes it when the last chunk of a large file has its id."""
        if self.row is None and self.cut and None not in self.ids:
            self.finish([name for name in self.ids if name], self.digest)
        return self.row is not None and all(other.finished() for other in self.others)

    def finish(self, ids: Sequence[bytes], digest: str = "") -> None:
        entry = self.entry
        assert entry is not None
        entry.blobs = [name.hex() for name in ids]
        entry.digest = digest if len(ids) > 1 else ""
        self.row = self.seen.row(b"".join(ids), line(entry), entry.size, entry.mark)
