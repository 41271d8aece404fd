"""How an entry ends, what is written about it for others, and production after a restore."""

from __future__ import annotations

from typing import ClassVar

from tasks.shared.kinds.base import Body


class ProductionRestored(Body, frozen=True, kw_only=True):
    """The production system runs again from a backup. Days and times are Washington's, without a
    zone, as ACE counts them. `counter`: the serial that it would issue next, where that is known.
    """

    kind: ClassVar[str] = "production.restored"
    last_backup: str
    cut_off: str
    counter: int | None = None


class ProductionNumbered(Body, frozen=True, kw_only=True):
    """Production's next number, named after ACE and the ledger were looked at.

    `highest` is the highest number seen, `seen_in` where; `lacking` how many numbers ACE has and
    our books lack, which are listed in `content`.
    """

    kind: ClassVar[str] = "production.numbered"
    number: str
    highest: str
    seen_in: str
    lacking: int
    content: str


class ProductionExported(Body, frozen=True, kw_only=True):
    """Settled entries were written for the production system. `private`: with private values in
    the clear; `manifest` is the digest of the folder's manifest."""

    kind: ClassVar[str] = "production.exported"
    numbers: list[str]
    private: bool
    manifest: str


class PaperWritten(Body, frozen=True, kw_only=True):
    """A letter, list or data sheet of the reconciliation was written, for a person to sign and send.

    `what` is its kind, `addressee` in words (never a private number), `content` the PDF.
    """

    kind: ClassVar[str] = "paper.written"
    what: str
    addressee: str
    numbers: list[str]
    content: str


class EntrySettled(Body, frozen=True, kw_only=True):
    """The entry's place is final: `how` names it, `proof` is content or a reference. `approval` is the
    plan by which a person settled it; empty where ACE did."""

    kind: ClassVar[str] = "entry.settled"
    number: str
    how: str
    proof: str
    approval: str = ""


class EntryReopened(Body, frozen=True, kw_only=True):
    """ACE said something after the entry was settled that takes the settlement away."""

    kind: ClassVar[str] = "entry.reopened"
    number: str
    reason: str


class RequestAnswered(Body, frozen=True, kw_only=True):
    """What CBP asked of an entry's summary until then was answered; `proof` is content."""

    kind: ClassVar[str] = "request.answered"
    number: str
    how: str
    proof: str


class EntryHandedOver(Body, frozen=True, kw_only=True):
    """Another filer filed it under a number of its own; `proof` is content."""

    kind: ClassVar[str] = "entry.handed_over"
    number: str
    filer: str
    other_number: str
    proof: str = ""
    approval: str = ""


class EntryBurnt(Body, frozen=True, kw_only=True):
    """Cancelled in ACE: the number can never be used again (CATAIR SE v40 p.32)."""

    kind: ClassVar[str] = "entry.burnt"
    number: str
    reason: str
    proof: str = ""
    approval: str = ""


class AccountingSigned(Body, frozen=True, kw_only=True):
    kind: ClassVar[str] = "accounting.signed"
    accounting: str
    plan: str
    numbers: int
