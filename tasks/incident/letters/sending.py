"""What becomes of a letter: it went to the port, it was taken back, it is printed again; and its documents
written out for CBP's image system (DIS), which asks for a reference that is unique for the entry."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from tasks.incident.letters import private_copy
from tasks.incident.letters.documents import Attached, attached
from tasks.incident.letters.tables import table
from tasks.shared import clock, manifest
from tasks.shared.errors import BadInput, JournalBroken, Refused
from tasks.shared.files import digest_of, write_atomic
from tasks.shared.hostile import MIB
from tasks.shared.journal import Event, is_drill
from tasks.shared.kinds.letters import (
    LetterIssued,
    LetterReissued,
    LetterSent,
    LetterWithdrawn,
    PacketExported,
)
from tasks.shared.projections import LETTERS
from tasks.workspace import Workspace

ISSUED, SENT = "issued", "sent"
_SUFFIX = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/tiff": "tif"}


@dataclass(frozen=True)
class Letter:
    """A letter as the book has it. `state`: issued, sent, replaced or withdrawn; of a letter that is
    replaced in part, what holds for the rest."""

    said: LetterIssued
    at: str
    actor: str
    state: str

    def as_dict(self) -> dict[str, object]:
        one = self.said
        return {"letter": one.letter, "at": self.at[:16] + "Z", "port": one.port, "per": one.per,
                "entries": len(one.entries), "state": self.state, "signer": one.signer_name,
                "licence": one.licence, "authorisation": one.authorisation, "override": one.override,
                "replaces": list(getattr(one, "replaces", [])), "by": self.actor}  # fmt: skip


def letters(workspace: Workspace) -> list[Letter]:
    """Every letter, in the order of issue."""
    states: dict[str, set[str]] = {}
    for row in workspace.journal.rows(sa.select(LETTERS.c.letter, LETTERS.c.state)):
        states.setdefault(row.letter, set()).add(row.state)
    return [_letter(event, states) for event in _events(workspace)]


def _events(workspace: Workspace) -> Iterator[Event]:
    for event in workspace.journal.events(kind="letter."):
        if event.kind in (LetterIssued.kind, LetterReissued.kind):
            yield event


def _letter(event: Event, states: dict[str, set[str]]) -> Letter:
    said = event.said
    if not isinstance(said, LetterIssued):
        raise JournalBroken("letter-event-invalid", kind=event.kind)
    order = (SENT, ISSUED, "replaced", "withdrawn")
    return Letter(said, event.at, event.actor, min(states[said.letter], key=order.index))


def find(workspace: Workspace, letter: str) -> Letter:
    """Raises Refused if there is no letter of that id."""
    for one in letters(workspace):
        if one.said.letter == letter.strip().upper():
            return one
    raise Refused("letter-unknown", letter=letter)


def sent(
    workspace: Workspace, letter: str, way: str, to: str, on: date, proof: Path, actor: str
) -> str:
    """Note that a letter went to the port; returns the proof's digest. Raises BadInput without way,
    addressee or a usable proof, or for a day to come or before its issue; Refused if it does not count
    any more."""
    one = _live(workspace, letter)
    if not way.strip() or not to.strip():
        raise BadInput("delivery-details-missing")
    # Days are Washington's: in its evening the journal's own time is the next day already.
    issued = clock.washington(clock.parse(one.at)).date()
    if not issued <= on <= clock.washington().date():
        raise BadInput("letter-date-out-of-range", on=on, letter=letter, issued=issued)
    data = _proof(workspace, proof)
    kept = workspace.content.put(data)
    body = LetterSent(letter=one.said.letter, way=way.strip(), to=to.strip(), on=on.isoformat(),
                            proof=kept, file=proof.name)  # fmt: skip
    workspace.journal.append(
        body, f"letter/{one.said.letter}", actor, key=f"sent:{one.said.letter}:{kept}"
    )
    return kept


def _proof(workspace: Workspace, path: Path) -> bytes:
    most = workspace.settings.letters.attachment_mib
    if not path.is_file():
        raise BadInput("delivery-proof-not-found", path=path)
    size = path.stat().st_size
    if not 0 < size <= most * MIB:
        raise BadInput("delivery-proof-size-invalid", name=path.name, size=size / MIB, most=most)  # fmt: skip
    return path.read_bytes()


def withdraw(workspace: Workspace, letter: str, reason: str, actor: str) -> list[str]:
    """Take a letter back before the port has it; returns the numbers that are free for another.
    Raises BadInput without a reason, Refused if it went to the port or no longer counts."""
    if not reason.strip():
        raise BadInput("withdrawal-reason-missing")
    one = _live(workspace, letter)
    if one.state == SENT:
        raise Refused("letter-already-sent", letter=letter)
    body = LetterWithdrawn(letter=one.said.letter, reason=reason.strip())
    query = sa.select(LETTERS.c.live).where(LETTERS.c.letter == one.said.letter)
    numbers = [row.live for row in workspace.journal.rows(query) if row.live]
    workspace.journal.append(body, f"letter/{one.said.letter}", actor)
    return numbers


def _live(workspace: Workspace, letter: str) -> Letter:
    one = find(workspace, letter)
    if one.state not in (ISSUED, SENT):
        raise Refused("letter-not-in-force", letter=one.said.letter, state=one.state)
    return one


def reprint(workspace: Workspace, letter: str, path: Path) -> tuple[Path, bool]:
    """Write a letter out once more, as printed; where its private data was purged, with these hidden
    (then False). Raises BadInput if the file stands there."""
    if path.exists():
        raise BadInput("output-already-exists", path=path)
    one = find(workspace, letter).said
    whole, data = True, b""
    try:
        data = private_copy.get(workspace, one.letter, one.sealed, one.key) if one.sealed else b""
    except Refused:
        whole = False
    write_atomic(path, data or workspace.content.get(one.content), mode=0o600)
    return path, whole


def export(workspace: Workspace, letter: str, folder: Path, actor: str) -> list[dict[str, object]]:
    """Write the documents of a letter's entries for the image system: a file each, named by entry and
    reference, `index.csv` and `index.json` with document, entry number and reference, a signed
    manifest. Nothing is sent. Raises BadInput if the folder is not empty, Refused without documents."""
    one = find(workspace, letter)
    if folder.exists() and any(folder.iterdir()):
        raise BadInput("export-folder-not-empty", folder=folder)
    numbers = [entry.number for entry in one.said.entries]
    found = [doc for number in numbers for doc in attached(workspace.journal, numbers)[number]]
    if not found:
        raise Refused("letter-without-documents", letter=one.said.letter)
    labels = {row["document"]: row["label"] for row in
              table(workspace.settings.home, "letters", "dis_documents.csv").rows}  # fmt: skip
    mark = {"drill": "DRILL"} if is_drill(workspace.journal) else {}
    rows = [_exported(workspace, folder, doc, labels) | mark for doc in found]
    write_atomic(folder / "index.csv", _csv(rows).encode())
    write_atomic(folder / "index.json", json.dumps(rows, indent=1, ensure_ascii=False).encode())
    drill = "DRILL " if is_drill(workspace.journal) else ""
    made = manifest.write(folder, workspace.settings.home, f"{drill}documents of {one.said.letter}")
    body = PacketExported(letter=one.said.letter, references=[doc.reference for doc in found],
                                manifest=digest_of(made))  # fmt: skip
    workspace.journal.append(body, f"letter/{one.said.letter}", actor)
    return rows


def _exported(
    workspace: Workspace, folder: Path, doc: Attached, labels: dict[str, str]
) -> dict[str, object]:
    name = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in doc.reference)
    path = folder / f"{doc.number}-{name}.{_SUFFIX[doc.media]}"
    write_atomic(path, workspace.content.get(doc.content))
    return {"entry_number": doc.number, "filer_code": doc.number[:3],
            "document": labels.get(doc.document, doc.document), "reference": doc.reference,
            "file": path.name, "original_name": doc.file, "media": doc.media, "pages": doc.pages,
            "size": doc.size, "sha256": doc.content}  # fmt: skip


def _csv(rows: Sequence[dict[str, object]]) -> str:
    """A cell that a spreadsheet would run as a formula is quoted."""
    sink = io.StringIO()
    out = csv.writer(sink, lineterminator="\n")
    out.writerow(rows[0])
    for row in rows:
        texts = [str(value) for value in row.values()]
        out.writerow([f"'{text}" if text[:1] in "=+-@" and text else text for text in texts])
    return sink.getvalue()
