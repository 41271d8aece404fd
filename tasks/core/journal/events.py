"""Events about the journal itself."""

from __future__ import annotations

from typing import ClassVar

from tasks.core.findings import Finding
from tasks.core.journal.bodies import AdoptionRule, Body


class JournalStarted(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "journal.started"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("of-that-copy-alone")
    filer: str
    drill: bool = False


class JournalContinued(Body, frozen=True, kw_only=True):
    """This journal goes on from a copy whose signed head was `head` at `seq`."""

    kind: ClassVar[str] = "journal.continued"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("of-that-copy-alone", keys=("continued",))
    seq: int
    head: str


class JournalAdopted(Body, frozen=True, kw_only=True):
    """Events of another journal, after the common prefix `seq`, were appended here anew. `listed`: digests of
    those that were only listed; `content` holds that journal's events as they were given, one a line."""

    kind: ClassVar[str] = "journal.adopted"
    adoption: ClassVar[AdoptionRule] = AdoptionRule("of-that-copy-alone", keys=("adopted", "adoption"))
    seq: int
    head: str
    events: int
    conflicts: list[Finding]
    listed: tuple[str, ...] = ()
    content: str = ""
