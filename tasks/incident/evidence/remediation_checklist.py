"""Evidence of remediation: the checklist as data, and what stands for each item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import Field

from tasks.backup.api import BackupProved
from tasks.core.errors import BadInput
from tasks.core.journal.journal import Event
from tasks.core.journal.verification import verify_journal
from tasks.core.messages import message_text
from tasks.duties.api import PROOFS, evidence_proof_name, other_proofs, proof_problems, reuse_note
from tasks.incident import toml_data
from tasks.incident.events import Attached, EvidenceAttached, EvidenceWaived
from tasks.incident.evidence import file_attachments
from tasks.incident.evidence.file_attachments import file_problems
from tasks.incident.notices.notice_listing import notices_of
from tasks.incident.timeline.incident_state import Incident, require_incident
from tasks.incident.toml_data import Mark, TomlTable, Words, merge_tables, parse_table, shipped_text
from tasks.workspace import Workspace

FILE = "evidence.toml"


class ChecklistItem(TomlTable):
    """One item. `auto`: what of the journal stands for it by itself."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z-]{1,29}$")]
    what: Words
    required: bool
    auto: Literal["", "restore", "scan", "isa", "notices", "journal"] = ""
    source: Words
    mark: Mark
    replaces: bool = False


class _ChecklistFile(TomlTable):
    title: str = ""
    source: str = ""
    dated: date | None = None
    item: tuple[ChecklistItem, ...] = ()


@dataclass(frozen=True)
class EvidencePiece:
    """One thing that stands for an item: in words, with the file (`attached`) or the event behind it.
    `shared`: what else the file proves, and why."""

    title: str
    attached: Attached | None = None
    event: int = 0
    shared: str = ""


class ItemState(StrEnum):
    """Whether an item has its evidence; `NONE`: it has none and needs none."""

    PROVED = "proved"
    WAIVED = "waived"
    MISSING = "missing"
    NONE = "none"


_STATES = {ItemState.WAIVED: "evidence-waived", ItemState.MISSING: "evidence-missing", ItemState.NONE: "evidence-none"}


@dataclass(frozen=True)
class ItemEvidence:
    """An item with all that stands for it; `waived`: why it does not apply."""

    item: ChecklistItem
    pieces: tuple[EvidencePiece, ...]
    waived: str = ""

    @property
    def is_open(self) -> bool:
        return self.item.required and not (self.pieces or self.waived)

    @property
    def state(self) -> ItemState:
        if self.pieces:
            return ItemState.PROVED
        if self.waived:
            return ItemState.WAIVED
        return ItemState.MISSING if self.item.required else ItemState.NONE

    @property
    def text(self) -> str:
        """For a page or a table."""
        if self.pieces:
            return "; ".join(piece.title for piece in self.pieces)
        return message_text(_STATES[self.state], {"reason": self.waived})


@cache
def _shipped() -> tuple[ChecklistItem, ...]:
    return parse_table(shipped_text(FILE), f"data/incident/{FILE}", _ChecklistFile).item


def checklist(home: Path) -> dict[str, ChecklistItem]:
    """The shipped items with the broker's own. Raises BadInput, naming every fault."""
    path = home / FILE
    text = toml_data.own_text(path)
    replaced = parse_table(text, str(path), _ChecklistFile)
    return merge_tables(_shipped(), replaced.item, "item", text, str(path))


def attach_evidence(
    workspace: Workspace, name: str, files: Sequence[Path], note: str, actor: str, reason: str = ""
) -> list[Attached]:
    """Files stand for an item. `reason`: why one of them also proves another item or a duty. Raises
    BadInput for an unknown item, a file that cannot be kept or is too small for a proof, and without
    `reason` for one that proves something else already; then nothing is kept."""
    _require_item(workspace, name)
    incident = require_incident(workspace.journal.rows)
    proves = evidence_proof_name(incident.id, name)
    rows = workspace.journal.rows
    regular = [path for path in files if not list(file_problems(path))]
    unfit = list(proof_problems(rows, proves, regular, reason))
    if unfit:
        unfit = [fault for path in files for fault in file_problems(path)] + unfit
        raise BadInput("evidence-not-attached", unfit)
    attached = file_attachments.attach(workspace.content, files, note or f"evidence, {name}")
    contents = [each.content for each in attached]
    with workspace.journal.write(actor) as pen:
        # another process may have used the file since it was checked
        if unfit := list(proof_problems(pen.rows, proves, files, reason)):
            raise BadInput("evidence-not-attached", unfit)
        reused = other_proofs(pen.rows, proves, contents)
        body = EvidenceAttached(
            incident=incident.id,
            item=name,
            note=note,
            attached=tuple(attached),
            also=reused,
            reason=reason.strip() if reused else "",
        )
        key = f"evidence:{incident.id}:{name}:{','.join(contents)}"
        pen.append(body, f"incident/{incident.id}", key)
    return attached


def waive_item(workspace: Workspace, name: str, reason: str, actor: str) -> None:
    """An item does not apply. Raises BadInput for an unknown one."""
    _require_item(workspace, name)
    incident = require_incident(workspace.journal.rows)
    body = EvidenceWaived(incident=incident.id, item=name, reason=reason)
    workspace.journal.append(body, f"incident/{incident.id}", actor)


def _require_item(workspace: Workspace, name: str) -> None:
    listed = checklist(workspace.settings.home)
    if name not in listed:
        raise BadInput("checklist-item-unknown", item=name, allowed=", ".join(listed))


def checklist_state(workspace: Workspace, incident: Incident) -> list[ItemEvidence]:
    """Every item with what stands for it now."""
    attached: defaultdict[str, list[EvidencePiece]] = defaultdict(list)
    waived: dict[str, str] = {}
    for event in workspace.journal.events(kind="evidence.", subject=f"incident/{incident.id}"):
        body = event.said
        if isinstance(body, EvidenceAttached):
            attached[body.item] += _attached(workspace, body, event.seq)
        elif isinstance(body, EvidenceWaived):
            waived[body.item] = body.reason
    state: list[ItemEvidence] = []
    for listed in checklist(workspace.settings.home).values():
        pieces = [*attached[listed.id], *(_AUTO[listed.auto](workspace, incident) if listed.auto else ())]
        state.append(ItemEvidence(listed, tuple(pieces), "" if pieces else waived.get(listed.id, "")))
    return state


def _attached(workspace: Workspace, body: EvidenceAttached, event: int) -> Iterator[EvidencePiece]:
    """The files of an event; what else each proves is looked up, as the event names it for all of them."""
    proves = evidence_proof_name(body.incident, body.item)
    for attached in body.attached:
        proofs = other_proofs(workspace.journal.rows, proves, [attached.content]) if body.also else ()
        shared = reuse_note([proof for proof in proofs if proof in body.also], body.reason)
        title = f"{attached.name} ({shared})" if shared else attached.name
        yield EvidencePiece(title, attached, event, shared)


def _events(workspace: Workspace, incident: Incident, kind: str) -> Iterator[Event]:
    """Events of a kind since the incident was opened."""
    return workspace.journal.events(after=incident.opened, kind=kind)


def _restore(workspace: Workspace, incident: Incident) -> Iterator[EvidencePiece]:
    """The newest restore that was proved since the incident began."""
    *_, last = [None, *_events(workspace, incident, BackupProved.kind)]
    if last is not None:
        body = last.said
        assert isinstance(body, BackupProved)
        title = f"snapshot {body.sequence} of {body.host}: {body.files:,} files, {body.scope}"
        yield EvidencePiece(f"{title}, {last.at[:10]}", event=last.seq)


def _duty_proofs(workspace: Workspace, incident: Incident, where: sa.ColumnElement[bool]) -> Iterator[EvidencePiece]:
    query = sa.select(PROOFS).where(~PROOFS.c.withdrawn, where, PROOFS.c.seq > incident.opened)
    for row in workspace.journal.rows(query.order_by(PROOFS.c.seq)):
        origin = f"duty {row.duty} {row.item}".strip()
        if row.proof:
            size = workspace.content.path(row.proof).stat().st_size
            attached = Attached(name=row.file, content=row.proof, size=size, origin=origin)
            shared = f"; {row.shared}" if row.shared else ""
            yield EvidencePiece(f"{row.file} ({origin}{shared})", attached, row.seq, row.shared)
        else:
            yield EvidencePiece(f"{origin}: {row.statement}", event=row.seq)


def _scans(workspace: Workspace, incident: Incident) -> Iterator[EvidencePiece]:
    return _duty_proofs(workspace, incident, PROOFS.c.scan != "")


def _isa(workspace: Workspace, incident: Incident) -> Iterator[EvidencePiece]:
    return _duty_proofs(workspace, incident, PROOFS.c.duty == "isa")


def _notices(workspace: Workspace, incident: Incident) -> Iterator[EvidencePiece]:
    sent = [notice for notice in notices_of(workspace.journal.rows, incident.id) if notice.sent]
    if sent:
        heard = sum(notice.acknowledged is not None for notice in sent)
        yield EvidencePiece(f"{len(sent)} sent, {heard} acknowledged; see the events")


def _journal(workspace: Workspace, incident: Incident) -> Iterator[EvidencePiece]:
    verdict = verify_journal(workspace.journal, workspace.content)
    if verdict.ok:
        yield EvidencePiece(f"{verdict.head.seq:,} events hold, SHA-256 {verdict.head.digest[:16]}")


_AUTO: Mapping[str, Callable[[Workspace, Incident], Iterator[EvidencePiece]]] = {
    "restore": _restore,
    "scan": _scans,
    "isa": _isa,
    "notices": _notices,
    "journal": _journal,
}
