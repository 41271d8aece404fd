"""The evidence pack: a folder that anybody can verify with the public key alone.

cover.pdf, evidence.json (items, files with digest and origin), files/, events.jsonl (events of the incident),
head.json (the journal's signed head), public-key.txt, manifest.json (signed).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.core import clock
from tasks.core.clock import local_text
from tasks.core.errors import Refused
from tasks.core.files import digest_of, write_atomic
from tasks.core.journal.copies import event_line, signed_head
from tasks.core.journal.journal import Event, JournalHead
from tasks.core.settings import BrokerSettings
from tasks.core.signatures import key_id
from tasks.documents.api import INNER_WIDTH, PageFrame, Paper, PaperColumn
from tasks.incident.events import Attached, EvidenceBuilt
from tasks.incident.evidence.remediation_checklist import ItemEvidence, checklist_state
from tasks.incident.timeline.incident_state import Incident
from tasks.security.api import write_manifest
from tasks.workspace import Workspace

_COLUMNS = (
    PaperColumn("Item", 26),
    PaperColumn("What it shows", 60),
    PaperColumn("Evidence, where it came from", 74),
    PaperColumn("SHA-256", INNER_WIDTH - 160),
)


def render_cover(
    workspace: Workspace, incident: Incident, listed: Mapping[str, Any], head: JournalHead, key: str
) -> bytes:
    """The PDF. Raises MissingPart without fpdf2 or its fonts."""
    broker = workspace.settings(BrokerSettings)
    paper = Paper(
        PageFrame(
            title="Evidence of remediation",
            left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
            right=f"incident {incident.id} · key {key}",
            foot=f"Book at event {head.seq}, SHA-256 {head.digest}",
            mark=f"{incident.mark}: an exercise" if incident.drill else "",
            made=clock.parse(listed["made"]),
        )
    )
    paper.page()
    paper.title("Evidence of remediation")
    open_ = [entry["id"] for entry in listed["items"] if entry["open"]]
    paper.text(f"{_state(listed, open_)}. Made {listed['made'][:16]}Z for incident {incident.id}.", 10, style="B")
    paper.text(
        "Each file lies in the folder files under the first digits of its SHA-256. manifest.json names "
        "every file of this folder and is signed (Ed25519). To verify it with the public key alone: "
        f"continuity incident evidence verify FOLDER --key KEY. The key's fingerprint is {key}; ask the "
        "broker for it by telephone. head.json is the signed head of the broker's journal: later copies "
        "must hold the same event at that place, or their tail was cut."
    )
    paper.heading("The checklist")
    paper.table(_COLUMNS, list(_rows(listed)), 7.5, red=lambda row: row[2] == "MISSING")
    paper.heading("What happened")
    steps = [
        [
            step.state.replace("_", " "),
            local_text(step.happened, workspace.zone),
            step.by,
            " ".join(filter(None, (step.reference, step.note))),
        ]
        for step in incident.steps
    ]
    columns = (
        PaperColumn("Step", 45),
        PaperColumn("When", 50),
        PaperColumn("By", 30),
        PaperColumn("Reference, note", INNER_WIDTH - 125),
    )
    paper.table(columns, steps, 7.5)
    return paper.bytes()


def _state(listed: Mapping[str, Any], open_: Sequence[str]) -> str:
    """Complete is only a pack in which each required item has its evidence; a waiver is none."""
    if open_:
        return f"INCOMPLETE, missing: {', '.join(open_)}"
    waived = [entry["id"] for entry in listed["items"] if entry["waived_required"]]
    return f"NOT COMPLETE, waived: {', '.join(waived)}" if waived else "Complete"


def _rows(listed: Mapping[str, Any]) -> Iterator[list[str]]:
    for entry in listed["items"]:
        head, under = [entry["id"], entry["what"]], entry["rule"]
        if not entry["files"]:
            yield [*head, entry["words"], "", under]
        for index, file in enumerate(entry["files"]):
            text = f"{file['given_as']} ({file['origin']}, {file['size']:,} bytes)"
            text += f"; {file['shared']}" if file["shared"] else ""
            yield [*(head if not index else ["", ""]), text, file["sha256"], "" if index else under]


COVER, LIST, EVENTS, HEAD, KEY, FILES = (
    "cover.pdf",
    "evidence.json",
    "events.jsonl",
    "head.json",
    "public-key.txt",
    "files",
)
_PRIVATE = ("incident.work_taken", "incident.work_closed")
"""Events that name clients and have no place in a pack for CBP."""


def build_pack(
    workspace: Workspace, incident: Incident, out: Path, actor: str, *, incomplete: bool = False
) -> list[Path]:
    """Write the pack into a folder. Raises Refused, naming the items that lack, unless `incomplete`:
    then the cover says so; and for a folder that holds something already."""
    if out.exists() and any(out.iterdir()):
        raise Refused("pack-folder-not-empty", out=out)
    checklist = checklist_state(workspace, incident)
    open_ = [evidence.item.id for evidence in checklist if evidence.is_open]
    if open_ and not incomplete:
        raise Refused("evidence-items-missing", open__count=len(open_), open=", ".join(open_))
    written = list(_write(workspace, incident, checklist, out))
    what = f"{workspace.mark} evidence of remediation, incident {incident.id}".strip()
    written.append(write_manifest(out, workspace.settings.home, what))
    body = EvidenceBuilt(incident=incident.id, manifest=digest_of(written[-1]), open=open_)
    workspace.journal.append(body, f"incident/{incident.id}", actor)
    return written


def _write(workspace: Workspace, incident: Incident, checklist: Sequence[ItemEvidence], out: Path) -> Iterator[Path]:
    signer, head = workspace.signer, workspace.journal.head()
    listed = _listed(incident, checklist)
    for name, digest in _files(checklist).items():
        yield write_atomic(out / FILES / name, workspace.content.get(digest))
    yield write_atomic(out / LIST, _text(listed))
    proof_events = {piece.event for evidence in checklist for piece in evidence.pieces}
    events = [event for event in workspace.journal.events() if _tells(event, incident, proof_events)]
    yield write_atomic(out / EVENTS, [event_line(event) for event in events])
    yield write_atomic(out / HEAD, _text(signed_head(head, signer)))
    key = base64.b64encode(signer.public_key).decode()
    yield write_atomic(out / KEY, f"{key}\n".encode())
    page = render_cover(workspace, incident, listed, head, key_id(signer.public_key))
    yield write_atomic(out / COVER, page)


def _tells(event: Event, incident: Incident, proof_events: set[int]) -> bool:
    if event.seq in proof_events:
        return True
    of_incident = event.subject == f"incident/{incident.id}" and event.kind not in _PRIVATE
    return of_incident or event.subject.startswith(f"notice/{incident.id}/")


def _listed(incident: Incident, checklist: Sequence[ItemEvidence]) -> dict[str, Any]:
    return {
        "incident": incident.id,
        "drill": incident.drill,
        "made": clock.text(),
        "items": [
            {
                "id": evidence.item.id,
                "what": evidence.item.what,
                "required": evidence.item.required,
                "rule": f"{evidence.item.source} [{evidence.item.mark}]",
                "open": evidence.is_open,
                "state": str(evidence.state),
                "words": evidence.text,
                "waived": evidence.waived,
                "waived_required": evidence.item.required and bool(evidence.waived),
                "files": [
                    _file(piece.attached) | {"shared": piece.shared} for piece in evidence.pieces if piece.attached
                ],
                "events": [piece.event for piece in evidence.pieces if piece.event],
            }
            for evidence in checklist
        ],
    }


def _file(attached: Attached) -> dict[str, Any]:
    return {
        "name": f"{FILES}/{_name(attached)}",
        "given_as": attached.name,
        "size": attached.size,
        "sha256": attached.content,
        "origin": attached.origin,
    }


def _files(checklist: Sequence[ItemEvidence]) -> dict[str, str]:
    """Name in the pack to digest."""
    all_ = [piece.attached for evidence in checklist for piece in evidence.pieces if piece.attached]
    return {_name(attached): attached.content for attached in all_}


def _name(attached: Attached) -> str:
    """A name that every system takes, and that no two contents share."""
    from anyascii import anyascii

    safe_name = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in anyascii(attached.name))
    return f"{attached.content[:12]}-{safe_name.strip('._')[-60:] or 'file'}"


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
