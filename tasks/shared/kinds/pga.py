"""What other agencies want of an entry, and the paper that was got for them."""

from __future__ import annotations

from typing import ClassVar

from tasks.shared.kinds.base import Body


class PgaLoaded(Body, frozen=True, kw_only=True):
    """A table came in from outside: `what` is `flags` (tariff number x flag) or `history` (client x
    tariff number x agency). `content`: the rows as canonical JSON; `as_of`: their day by the source."""

    kind: ClassVar[str] = "pga.loaded"
    what: str
    content: str
    original: str
    file: str
    source: str
    as_of: str
    rows: int


class PgaPaper(Body, frozen=True, kw_only=True):
    """A form or confirmation for an agency is in hand, for one line or (0) the whole entry.
    `document`: the reference of the attached document, empty where only a number was given."""

    kind: ClassVar[str] = "pga.paper"
    number: str
    line: int
    agency: str
    program: str
    form: str
    reference: str
    document: str


class PgaLetGo(Body, frozen=True, kw_only=True):
    """The entry goes to the port without this agency's paper; the reason is on record (R5)."""

    kind: ClassVar[str] = "pga.let_go"
    number: str
    line: int
    agency: str
    reason: str
