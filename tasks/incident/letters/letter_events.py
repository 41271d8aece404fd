"""Downtime letters to the ports, the documents behind them, and what became of both.

Not to be taken for the letters of the reconciliation (`paper.written`), which go out when the
systems are back.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from tasks.core.journal.bodies import AdoptedBody


class DocumentAttached(AdoptedBody, frozen=True, kw_only=True):
    """A file now belongs to an entry. `reference` is unique for the entry, as CBP's image system
    wants it; `document` a code of the list document_type; `pages` as the file has them."""

    kind: ClassVar[str] = "document.attached"
    number: str
    reference: str
    document: str
    file: str
    content: str
    size: int
    media: str
    pages: int


class DocumentDropped(AdoptedBody, frozen=True, kw_only=True):
    """The file was attached by mistake and goes with no letter from now on."""

    kind: ClassVar[str] = "document.dropped"
    number: str
    reference: str
    reason: str


class LetterGap(msgspec.Struct, frozen=True, kw_only=True):
    """What is still to come of an entry. `kind`: `value` (`name` is the title of a field), `document`
    (`name` is its type) or `file` (a document that the desk listed, with its `file`)."""

    kind: Literal["value", "document", "file"]
    name: str
    file: str = ""

    @property
    def text(self) -> str:
        """As a letter names it."""
        return f"{self.name} ({self.file})" if self.file else self.name


class LetterRelease(msgspec.Struct, frozen=True, kw_only=True):
    """An agency whose paper an entry went without, on which line, and why."""

    agency: str
    line: int
    reason: str


class LetterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry on a letter: the digest of its record, what is asked for (`entry` or `immediate
    delivery`), what follows later, and the agencies whose paper it goes without."""

    number: str
    digest: str
    asks: str
    follows: list[LetterGap] = []
    let_go: list[LetterRelease] = []


class LetterIssued(AdoptedBody, frozen=True, kw_only=True):
    """A downtime letter was made, for a person to sign and hand in.

    `content`: the packet with private values masked; `sealed`: the packet as printed, encrypted under
    a key of its own that stands behind the private reference `key` and is destroyed with the driver's
    data; `printed`: SHA-256 of the packet as printed. `signer` is the id of the person who is to sign,
    `licence` whose license it is signed under. `authorisation`: CBP's authorization for the downtime in words;
    `override`: why it was issued without.
    """

    kind: ClassVar[str] = "letter.issued"
    letter: str
    per: str
    port: str
    entries: list[LetterEntry]
    documents: list[str]
    content: str
    sealed: str
    key: str
    printed: str
    pages: int
    signer: str
    signer_name: str
    licence: str
    authorisation: str
    override: str = ""


class LetterReissued(LetterIssued, frozen=True, kw_only=True):
    """A letter that takes the place of earlier ones for the same entries, and says so."""

    kind: ClassVar[str] = "letter.reissued"
    replaces: list[str]
    reason: str


class LetterWithdrawn(AdoptedBody, frozen=True, kw_only=True):
    """The letter was taken back before the port had it: every copy is destroyed."""

    kind: ClassVar[str] = "letter.withdrawn"
    letter: str
    reason: str


class LetterSent(AdoptedBody, frozen=True, kw_only=True):
    """The letter went to the port: by whom or what (`way`), to whom, on which day; `proof` is the
    stamped or signed copy, the mail or the receipt, as content."""

    kind: ClassVar[str] = "letter.sent"
    letter: str
    way: str
    to: str
    on: str
    proof: str
    file: str


class PacketExported(AdoptedBody, frozen=True, kw_only=True):
    """The documents of a letter were written out, each with its reference, for the image system
    (DIS); `manifest` is the digest of the folder's manifest."""

    kind: ClassVar[str] = "packet.exported"
    letter: str
    references: list[str]
    manifest: str
