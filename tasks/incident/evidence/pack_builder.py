"""The evidence pack: a folder that leaves the house, which anybody can verify with the public key alone.

cover.pdf, evidence.json (items, files with digest and origin), files/, events.jsonl (what the book says
of the incident), head.json (the book's signed head and count), public-key.txt, manifest.json (signed).

The cover of an evidence pack: each item with its files, digests and origin, and how to verify it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.core import clock
from tasks.core.errors import Refused
from tasks.core.files import digest_of, write_atomic
from tasks.core.journal.copies import event_line, signed_head
from tasks.core.journal.journal import Event, JournalHead
from tasks.core.local_time import local_text
from tasks.core.settings import BrokerSettings
from tasks.documents.api import INNER_WIDTH, PageFrame, Paper, PaperColumn
from tasks.incident.events import Attached, EvidenceBuilt
from tasks.incident.evidence.remediation_checklist import ItemEvidence, checklist_state
from tasks.incident.timeline.incident_state import Incident
from tasks.security.api import host_public_key, key_id, write_manifest
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
    open_ = [one["id"] for one in listed["items"] if one["open"]]
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
            one.state.replace("_", " "),
            local_text(one.happened, workspace.zone),
            one.by,
            " ".join(filter(None, (one.reference, one.note))),
        ]
        for one in incident.steps
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
    waived = [item["id"] for item in listed["items"] if item["waived_required"]]
    return f"NOT COMPLETE, waived: {', '.join(waived)}" if waived else "Complete"


def _rows(listed: Mapping[str, Any]) -> Iterator[list[str]]:
    for one in listed["items"]:
        head, under = [one["id"], one["what"]], one["rule"]
        if not one["files"]:
            yield [*head, one["words"], "", under]
        for place, file in enumerate(one["files"]):
            told = f"{file['given_as']} ({file['origin']}, {file['size']:,} bytes)"
            told += f"; {file['shared']}" if file["shared"] else ""
            yield [*(head if not place else ["", ""]), told, file["sha256"], "" if place else under]


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
    found = checklist_state(workspace, incident)
    open_ = [one.item.id for one in found if one.is_open]
    if open_ and not incomplete:
        raise Refused("evidence-items-missing", open__count=len(open_), open=", ".join(open_))
    written = list(_write(workspace, incident, found, out))
    what = f"{workspace.mark} evidence of remediation, incident {incident.id}".strip()
    written.append(write_manifest(out, workspace.settings.home, what))
    body = EvidenceBuilt(incident=incident.id, manifest=digest_of(written[-1]), open=open_)
    workspace.journal.append(body, f"incident/{incident.id}", actor)
    return written


def _write(workspace: Workspace, incident: Incident, found: Sequence[ItemEvidence], out: Path) -> Iterator[Path]:
    home, head = workspace.settings.home, workspace.journal.head()
    listed = _listed(incident, found)
    for name, digest in _files(found).items():
        yield write_atomic(out / FILES / name, workspace.content.get(digest))
    yield write_atomic(out / LIST, _text(listed))
    wanted = {piece.event for one in found for piece in one.pieces}
    told = [one for one in workspace.journal.events() if _tells(one, incident, wanted)]
    yield write_atomic(out / EVENTS, [event_line(one) for one in told])
    yield write_atomic(out / HEAD, _text(signed_head(head, home)))
    key = base64.b64encode(host_public_key(home)).decode()
    yield write_atomic(out / KEY, f"{key}\n".encode())
    page = render_cover(workspace, incident, listed, head, key_id(host_public_key(home)))
    yield write_atomic(out / COVER, page)


def _tells(event: Event, incident: Incident, wanted: set[int]) -> bool:
    if event.seq in wanted:
        return True
    own = event.subject == f"incident/{incident.id}" and event.kind not in _PRIVATE
    return own or event.subject.startswith(f"notice/{incident.id}/")


def _listed(incident: Incident, found: Sequence[ItemEvidence]) -> dict[str, Any]:
    return {
        "incident": incident.id,
        "drill": incident.drill,
        "made": clock.text(),
        "items": [
            {
                "id": one.item.id,
                "what": one.item.what,
                "required": one.item.required,
                "rule": f"{one.item.source} [{one.item.mark}]",
                "open": one.is_open,
                "state": str(one.state),
                "words": one.words,
                "waived": one.waived,
                "waived_required": one.item.required and bool(one.waived),
                "files": [_file(piece.attached) | {"shared": piece.shared} for piece in one.pieces if piece.attached],
                "events": [piece.event for piece in one.pieces if piece.event],
            }
            for one in found
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


def _files(found: Sequence[ItemEvidence]) -> dict[str, str]:
    """Name in the pack to digest."""
    all_ = [piece.attached for one in found for piece in one.pieces if piece.attached]
    return {_name(one): one.content for one in all_}


def _name(attached: Attached) -> str:
    """A name that every system takes, and that no two contents share."""
    from anyascii import anyascii

    kept = "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in anyascii(attached.name))
    return f"{attached.content[:12]}-{kept.strip('._')[-60:] or 'file'}"


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
