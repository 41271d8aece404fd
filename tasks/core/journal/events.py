"""What the journal says of itself."""

from __future__ import annotations

from typing import ClassVar

from tasks.core.findings import Finding
from tasks.core.journal.bodies import Body


class JournalStarted(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "journal.started"
    filer: str
    drill: bool = False


class JournalContinued(Body, frozen=True, kw_only=True):
    """This book goes on from a copy whose signed head was `head` at `seq`."""

    kind: ClassVar[str] = "journal.continued"
    seq: int
    head: str


class JournalAdopted(Body, frozen=True, kw_only=True):
    """Events of another book, after the common prefix `seq`, were re-appended here. `listed`: digests of
    those that were only listed; `content` holds that book's events as they were given, one a line."""

    kind: ClassVar[str] = "journal.adopted"
    seq: int
    head: str
    events: int
    conflicts: list[Finding]
    listed: tuple[str, ...] = ()
    content: str = ""
