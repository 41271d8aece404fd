"""Evidence of remediation: the checklist as data, and what stands for each item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import Field

from tasks.incident import attaching, notices, toml_data
from tasks.incident.office import Office
from tasks.incident.state import Incident, require
from tasks.incident.toml_data import Mark, Table, Words
from tasks.shared import kinds
from tasks.shared.duty_tables import PROOFS
from tasks.shared.errors import BadInput
from tasks.shared.journal import Event
from tasks.shared.journal_check import verify

FILE = "evidence.toml"


class Item(Table):
    """One item. `auto`: what of the book stands for it by itself."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z-]{1,29}$")]
    what: Words
    required: bool
    auto: Literal["", "restore", "scan", "isa", "notices", "journal"] = ""
    source: Words
    mark: Mark
    replaces: bool = False


class _File(Table):
    title: str = ""
    source: str = ""
    dated: date | None = None
    item: tuple[Item, ...] = ()


@dataclass(frozen=True)
class Piece:
    """One thing that stands for an item: in words, with the file (`attached`) or the event behind it."""

    words: str
    attached: kinds.Attached | None = None
    event: int = 0


@dataclass(frozen=True)
class Standing:
    """An item with all that stands for it; `waived`: why it does not apply."""

    item: Item
    pieces: tuple[Piece, ...]
    waived: str = ""

    @property
    def is_open(self) -> bool:
        return self.item.required and not (self.pieces or self.waived)

    @property
    def words(self) -> str:
        if self.pieces:
            return "; ".join(piece.words for piece in self.pieces)
        if self.waived:
            return f"does not apply: {self.waived}"
        return "MISSING" if self.item.required else "none"


@cache
def _shipped() -> tuple[Item, ...]:
    return toml_data.read(toml_data.shipped(FILE), f"data/incident/{FILE}", _File).item


def checklist(home: Path) -> dict[str, Item]:
    """The shipped items with the broker's own. Raises BadInput, naming every fault."""
    path = home / FILE
    text = toml_data.own_text(path)
    own = toml_data.read(text, str(path), _File)
    return toml_data.merged(_shipped(), own.item, "item", text, str(path))


def attach(office: Office, item: str, files: Sequence[Path], note: str, actor: str
           ) -> list[kinds.Attached]:  # fmt: skip
    """Files stand for an item. Raises BadInput for an unknown item or a file that cannot be kept."""
    _known(office, item)
    attached = attaching.attach(office.content, files, note or f"evidence, {item}")
    incident = require(office.journal.rows)
    body = kinds.EvidenceAttached(
        incident=incident.id, item=item, note=note, attached=tuple(attached)
    )
    key = f"evidence:{incident.id}:{item}:{','.join(one.content for one in attached)}"
    office.journal.append(body, f"incident/{incident.id}", actor, key)
    return attached


def waive(office: Office, item: str, reason: str, actor: str) -> None:
    """An item does not apply. Raises BadInput for an unknown one."""
    _known(office, item)
    incident = require(office.journal.rows)
    body = kinds.EvidenceWaived(incident=incident.id, item=item, reason=reason)
    office.journal.append(body, f"incident/{incident.id}", actor)


def _known(office: Office, item: str) -> None:
    known = checklist(office.settings.home)
    if item not in known:
        raise BadInput(f"The checklist has no item {item!r}; there are {', '.join(known)}")


def standing(office: Office, incident: Incident) -> list[Standing]:
    """Every item with what stands for it now."""
    given: defaultdict[str, list[Piece]] = defaultdict(list)
    waived: dict[str, str] = {}
    for event in office.journal.events(kind="evidence.", subject=f"incident/{incident.id}"):
        body = event.said
        if isinstance(body, kinds.EvidenceAttached):
            given[body.item] += [Piece(one.name, one, event.seq) for one in body.attached]
        elif isinstance(body, kinds.EvidenceWaived):
            waived[body.item] = body.reason
    found = []
    for item in checklist(office.settings.home).values():
        own = [*given[item.id], *(_AUTO[item.auto](office, incident) if item.auto else ())]
        found.append(Standing(item, tuple(own), "" if own else waived.get(item.id, "")))
    return found


def _events(office: Office, incident: Incident, kind: str) -> Iterator[Event]:
    """Events of a kind since the incident was opened."""
    return office.journal.events(after=incident.opened, kind=kind)


def _restore(office: Office, incident: Incident) -> Iterator[Piece]:
    """The newest restore that was proved since the incident began."""
    *_, last = [None, *_events(office, incident, kinds.BackupProved.kind)]
    if last is not None:
        said = last.said
        assert isinstance(said, kinds.BackupProved)
        words = f"snapshot {said.sequence} of {said.host}: {said.files:,} files, {said.scope}"
        yield Piece(f"{words}, {last.at[:10]}", event=last.seq)


def _duty_proofs(
    office: Office, incident: Incident, where: sa.ColumnElement[bool]
) -> Iterator[Piece]:
    query = sa.select(PROOFS).where(~PROOFS.c.withdrawn, where, PROOFS.c.seq > incident.opened)
    for row in office.journal.rows(query.order_by(PROOFS.c.seq)):
        origin = f"duty {row.duty} {row.item}".strip()
        if row.proof:
            size = office.content.path(row.proof).stat().st_size
            kept = kinds.Attached(name=row.file, content=row.proof, size=size, origin=origin)
            yield Piece(f"{row.file} ({origin})", kept, row.seq)
        else:
            yield Piece(f"{origin}: {row.statement}", event=row.seq)


def _scans(office: Office, incident: Incident) -> Iterator[Piece]:
    return _duty_proofs(office, incident, PROOFS.c.scan != "")


def _isa(office: Office, incident: Incident) -> Iterator[Piece]:
    return _duty_proofs(office, incident, PROOFS.c.duty == "isa")


def _notices(office: Office, incident: Incident) -> Iterator[Piece]:
    sent = [one for one in notices.known(office.journal.rows, incident.id) if one.sent]
    if sent:
        heard = sum(one.acknowledged is not None for one in sent)
        yield Piece(f"{len(sent)} sent, {heard} acknowledged; see the events")


def _journal(office: Office, incident: Incident) -> Iterator[Piece]:
    found = verify(office.journal, office.content)
    if found.ok:
        yield Piece(f"{found.head.seq:,} events hold, SHA-256 {found.head.digest[:16]}")


_AUTO: Mapping[str, Callable[[Office, Incident], Iterator[Piece]]] = {
    "restore": _restore,
    "scan": _scans,
    "isa": _isa,
    "notices": _notices,
    "journal": _journal,
}
