"""The evidence pack: a folder that leaves the house, which anybody can verify with the public key alone.

cover.pdf, evidence.json (items, files with digest and origin), files/, events.jsonl (what the book says
of the incident), head.json (the book's signed head and count), public-key.txt, manifest.json (signed).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tasks.incident import evidence, evidence_page
from tasks.incident.evidence import Standing
from tasks.incident.state import Incident
from tasks.shared import clock, keys, manifest
from tasks.shared.errors import Refused
from tasks.shared.files import digest_of, write_atomic
from tasks.shared.journal import Event
from tasks.shared.journal_copy import line, signed
from tasks.shared.kinds.incident import Attached, EvidenceBuilt
from tasks.workspace import Workspace

COVER, LIST, EVENTS, HEAD, KEY, FILES = (
    "cover.pdf", "evidence.json", "events.jsonl", "head.json", "public-key.txt", "files",
)  # fmt: skip
_PRIVATE = ("incident.work_taken", "incident.work_closed")
"""Events that name clients and have no place in a pack for CBP."""


def build(workspace: Workspace, incident: Incident, out: Path, actor: str, *, incomplete: bool = False
          ) -> list[Path]:  # fmt: skip
    """Write the pack into a folder. Raises Refused, naming the items that lack, unless `incomplete`:
    then the cover says so; and for a folder that holds something already."""
    if out.exists() and any(out.iterdir()):
        raise Refused("pack-folder-not-empty", out=out)
    found = evidence.standing(workspace, incident)
    open_ = [one.item.id for one in found if one.is_open]
    if open_ and not incomplete:
        raise Refused("evidence-items-missing", open__count=len(open_), open=', '.join(open_))  # fmt: skip
    written = list(_write(workspace, incident, found, out))
    what = f"{workspace.mark} evidence of remediation, incident {incident.id}".strip()
    written.append(manifest.write(out, workspace.settings.home, what))
    body = EvidenceBuilt(incident=incident.id, manifest=digest_of(written[-1]), open=open_)
    workspace.journal.append(body, f"incident/{incident.id}", actor)
    return written


def _write(
    workspace: Workspace, incident: Incident, found: Sequence[Standing], out: Path
) -> Iterator[Path]:
    home, head = workspace.settings.home, workspace.journal.head()
    listed = _listed(incident, found)
    for name, digest in _files(found).items():
        yield write_atomic(out / FILES / name, workspace.content.get(digest))
    yield write_atomic(out / LIST, _text(listed))
    wanted = {piece.event for one in found for piece in one.pieces}
    told = [one for one in workspace.journal.events() if _tells(one, incident, wanted)]
    yield write_atomic(out / EVENTS, [line(one) for one in told])
    yield write_atomic(out / HEAD, _text(signed(head, home)))
    key = base64.b64encode(keys.public(home)).decode()
    yield write_atomic(out / KEY, f"{key}\n".encode())
    page = evidence_page.render(workspace, incident, listed, head, keys.key_id(keys.public(home)))
    yield write_atomic(out / COVER, page)


def _tells(event: Event, incident: Incident, wanted: set[int]) -> bool:
    if event.seq in wanted:
        return True
    own = event.subject == f"incident/{incident.id}" and event.kind not in _PRIVATE
    return own or event.subject.startswith(f"notice/{incident.id}/")


def _listed(incident: Incident, found: Sequence[Standing]) -> dict[str, Any]:
    return {
        "incident": incident.id,
        "drill": incident.drill,
        "made": clock.text(),
        "items": [
            {"id": one.item.id, "what": one.item.what, "required": one.item.required,
             "rule": f"{one.item.source} [{one.item.mark}]", "open": one.is_open,
             "state": str(one.state), "words": one.words, "waived": one.waived,
             "waived_required": one.item.required and bool(one.waived),
             "files": [_file(piece.attached) | {"shared": piece.shared}
                       for piece in one.pieces if piece.attached],
             "events": [piece.event for piece in one.pieces if piece.event]}
            for one in found
        ],
    }  # fmt: skip


def _file(attached: Attached) -> dict[str, Any]:
    return {"name": f"{FILES}/{_name(attached)}", "given_as": attached.name, "size": attached.size,
            "sha256": attached.content, "origin": attached.origin}  # fmt: skip


def _files(found: Sequence[Standing]) -> dict[str, str]:
    """Name in the pack to digest."""
    all_ = [piece.attached for one in found for piece in one.pieces if piece.attached]
    return {_name(one): one.content for one in all_}


def _name(attached: Attached) -> str:
    """A name that every system takes, and that no two contents share."""
    from anyascii import anyascii

    kept = "".join(
        sign if sign.isalnum() or sign in "._-" else "_" for sign in anyascii(attached.name)
    )
    return f"{attached.content[:12]}-{kept.strip('._')[-60:] or 'file'}"


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()
