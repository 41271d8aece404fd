"""Issued letters: sent to the port, withdrawn, printed again, their documents exported, open papers chased.

Documents go to CBP's image system (DIS), which asks for a reference that is unique for the entry. A letter for a
truck names the driver's birth date and plate: the journal keeps it masked, and once more as printed, under a key
that is destroyed with the driver's data.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import msgspec
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tasks.core import clock, status_lines
from tasks.core.errors import BadInput, JournalBroken, Refused
from tasks.core.files import digest_of, write_atomic
from tasks.core.journal.journal import Event, is_drill
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import AMBER, StatusLine
from tasks.incident.data_tables import safe_cell, table
from tasks.incident.evidence.file_attachments import keep_proof
from tasks.incident.letters.entry_case import cases
from tasks.incident.letters.entry_documents import EntryDocument, documents_of
from tasks.incident.letters.letter_draft import missing_fields
from tasks.incident.letters.letter_events import (
    LetterIssued,
    LetterReissued,
    LetterSent,
    LetterWithdrawn,
    PacketExported,
)
from tasks.incident.letters.letter_readiness import LetterRules, entries_without_letter, follow_up_gaps
from tasks.incident.letters.letter_values import text_of
from tasks.incident.tables import LETTERS
from tasks.incident.timeline.deadline_clocks import ON_LINE
from tasks.incident.timeline.incident_state import find_incident
from tasks.security.api import PrivateDataSettings, masked_value, write_manifest
from tasks.workspace import Workspace


def chase_list(workspace: Workspace) -> list[dict[str, object]]:
    """A row an entry whose letter counts and of which something is still to come, by importer:
    `to_follow` (kind, name, file) and `without` (agency, line, reason). What came since the letter is no
    longer listed; what an entry was let go without, is."""
    rules, rows = LetterRules.of(workspace), list[dict[str, object]]()
    issued = {record.said.letter: record for record in issued_letters(workspace)}
    live = sa.select(LETTERS.c.live, LETTERS.c.letter).where(LETTERS.c.live.is_not(None))
    where = {row.live: issued[row.letter] for row in workspace.journal.rows(live)}
    have = documents_of(workspace.journal, list(where))
    for case in cases(workspace, where):
        letter = where[case.number].said
        released = next(entry.let_go for entry in letter.entries if entry.number == case.number)
        gaps = follow_up_gaps(rules, case, have[case.number])
        if (gaps or released) and case.state == "recorded":
            rows.append(
                {
                    "importer": text_of(case, "importer_name") or masked_value(case.entry["importer_number"]),
                    "entry": case.number,
                    "letter": letter.letter,
                    "port": case.port,
                    "since": where[case.number].at[:10],
                    "to_follow": [msgspec.to_builtins(gap) for gap in gaps],
                    "without": [msgspec.to_builtins(release) for release in released],
                }
            )
    return sorted(rows, key=lambda row: (str(row["importer"]), str(row["entry"])))


def entries_lacking_letters(workspace: Workspace) -> list[StatusLine]:
    """The status line on entries that went, or are to go, to a port without a letter while we are down."""
    incident = find_incident(workspace.journal.rows)
    if incident is None or incident.state in ON_LINE or not (left := entries_without_letter(workspace.journal)):
        return []
    ports = "; ".join(f"port {port or 'not given'}: {len(numbers)}" for port, numbers in left.items())
    return [
        StatusLine(
            "entries-without-letter",
            "",
            "entries on paper without a downtime letter",
            AMBER,
            ports,
            "continuity incident letters issue --port PORT --out FOLDER",
        )
    ]


def readiness(workspace: Workspace) -> list[StatusLine]:
    """The status lines: settings without which no letter is issued, entries of which papers are still
    to follow, letters that nobody sent."""
    lines: list[StatusLine] = []
    if names := missing_fields(workspace.settings(BrokerSettings)):
        fact = f"not set: [broker] {', '.join(names)}"
        lines.append(
            StatusLine(
                "letterhead-settings-missing",
                "",
                "settings that every downtime letter needs",
                AMBER,
                fact,
                "enter them in continuity.toml",
            )
        )
    if rows := chase_list(workspace):
        fact = f"{len(rows)} entries of {len({row['importer'] for row in rows})} importers"
        lines.append(
            StatusLine(
                "papers-to-follow",
                "",
                "papers to follow behind downtime letters",
                AMBER,
                fact,
                "continuity incident letters chase",
            )
        )
    unsent = [letter for letter in issued_letters(workspace) if letter.state == ISSUED]
    if unsent:
        fact = f"{len(unsent)}, the first issued {status_lines.ago(clock.parse(unsent[0].at))}"
        lines.append(
            StatusLine(
                "letters-without-proof-of-sending",
                "",
                "downtime letters without proof of sending",
                AMBER,
                fact,
                "continuity incident letters sent LETTER --way WAY --to OFFICER --proof FILE",
                unsent[-1].at,
            )
        )
    return lines


_NONCE, _FIELD = 12, "letter.packet"


def seal_packet(workspace: Workspace, number: str, letter: str, data: bytes) -> tuple[str, str]:
    """The digest of the encrypted packet in content, and the private reference of its key."""
    key, nonce = AESGCM.generate_key(256), secrets.token_bytes(_NONCE)
    purge = clock.now().date() + timedelta(days=workspace.settings(PrivateDataSettings).keep_days)
    secret = base64.b64encode(key).decode()
    (reference,) = workspace.vault.seal([(number, f"{_FIELD}:{letter}", secret)], purge)
    return workspace.content.put(nonce + AESGCM(key).encrypt(nonce, data, letter.encode())), reference


def open_packet(workspace: Workspace, letter: str, sealed: str, reference: str) -> bytes:
    """The packet as printed. Raises Refused once the key was purged, JournalBroken if it was altered."""
    key, blob = base64.b64decode(workspace.vault.open(reference)), workspace.content.get(sealed)
    try:
        return AESGCM(key).decrypt(blob[:_NONCE], blob[_NONCE:], letter.encode())
    except InvalidTag:
        raise JournalBroken("letter-packet-altered", letter=letter) from None


ISSUED, SENT = "issued", "sent"
_SUFFIX = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/tiff": "tif"}


@dataclass(frozen=True)
class LetterRecord:
    """A letter as the journal has it. `state`: issued, sent, replaced or withdrawn; of a letter that is
    replaced in part, what holds for the rest."""

    said: LetterIssued
    at: str
    actor: str
    state: str

    def as_dict(self) -> dict[str, object]:
        body = self.said
        return {
            "letter": body.letter,
            "at": self.at[:16] + "Z",
            "port": body.port,
            "per": body.per,
            "entries": len(body.entries),
            "state": self.state,
            "signer": body.signer_name,
            "licence": body.licence,
            "authorisation": body.authorisation,
            "override": body.override,
            "replaces": list(getattr(body, "replaces", [])),
            "by": self.actor,
        }


def issued_letters(workspace: Workspace) -> list[LetterRecord]:
    """Every letter, in the order of issue."""
    states: dict[str, set[str]] = {}
    for row in workspace.journal.rows(sa.select(LETTERS.c.letter, LETTERS.c.state)):
        states.setdefault(row.letter, set()).add(row.state)
    return [_letter(event, states) for event in _events(workspace)]


def _events(workspace: Workspace) -> Iterator[Event]:
    for event in workspace.journal.events(kind="letter."):
        if event.kind in (LetterIssued.kind, LetterReissued.kind):
            yield event


def _letter(event: Event, states: dict[str, set[str]]) -> LetterRecord:
    body = event.said
    if not isinstance(body, LetterIssued):
        raise JournalBroken("letter-event-invalid", kind=event.kind)
    order = (SENT, ISSUED, "replaced", "withdrawn")
    return LetterRecord(body, event.at, event.actor, min(states[body.letter], key=order.index))


def find_letter(workspace: Workspace, letter: str) -> LetterRecord:
    """Raises Refused if there is no letter of that id."""
    for record in issued_letters(workspace):
        if record.said.letter == letter.strip().upper():
            return record
    raise Refused("letter-unknown", letter=letter)


def record_sending(workspace: Workspace, letter: str, method: str, to: str, on: date, proof: Path, actor: str) -> str:
    """Note that a letter went to the port; returns the proof's digest. Raises BadInput without way,
    addressee or a usable proof, or for a day to come or before its issue; Refused if it does not count
    any more."""
    record = _live(workspace, letter)
    if not method.strip() or not to.strip():
        raise BadInput("delivery-details-missing")
    # Days are Washington's: in its evening the journal's own time is the next day already.
    issued = clock.washington(clock.parse(record.at)).date()
    if not issued <= on <= clock.washington().date():
        raise BadInput("letter-date-out-of-range", on=on, letter=letter, issued=issued)
    digest = keep_proof(workspace, proof, "the proof of sending")
    body = LetterSent(
        letter=record.said.letter, way=method.strip(), to=to.strip(), on=on.isoformat(), proof=digest, file=proof.name
    )
    workspace.journal.append(body, f"letter/{record.said.letter}", actor, key=f"sent:{record.said.letter}:{digest}")
    return digest


def withdraw_letter(workspace: Workspace, letter: str, reason: str, actor: str) -> list[str]:
    """Take a letter back before the port has it; returns the numbers that are free for another.
    Raises BadInput without a reason, Refused if it went to the port or no longer counts."""
    if not reason.strip():
        raise BadInput("withdrawal-reason-missing")
    record = _live(workspace, letter)
    if record.state == SENT:
        raise Refused("letter-already-sent", letter=letter)
    body = LetterWithdrawn(letter=record.said.letter, reason=reason.strip())
    query = sa.select(LETTERS.c.live).where(LETTERS.c.letter == record.said.letter)
    numbers = [row.live for row in workspace.journal.rows(query) if row.live]
    workspace.journal.append(body, f"letter/{record.said.letter}", actor)
    return numbers


def _live(workspace: Workspace, letter: str) -> LetterRecord:
    record = find_letter(workspace, letter)
    if record.state not in (ISSUED, SENT):
        raise Refused("letter-not-in-force", letter=record.said.letter, state=record.state)
    return record


def reprint_letter(workspace: Workspace, letter: str, path: Path) -> tuple[Path, bool]:
    """Write a letter out once more, as printed; where its private data was purged, with these hidden
    (then False). Raises BadInput if the file stands there."""
    if path.exists():
        raise BadInput("output-already-exists", path=path)
    body = find_letter(workspace, letter).said
    complete, data = True, b""
    try:
        data = open_packet(workspace, body.letter, body.sealed, body.key) if body.sealed else b""
    except Refused:
        complete = False
    write_atomic(path, data or workspace.content.get(body.content), mode=0o600)
    return path, complete


def export_documents(workspace: Workspace, letter: str, folder: Path, actor: str) -> list[dict[str, object]]:
    """Write the documents of a letter's entries for the image system: a file each, named by entry and
    reference, `index.csv` and `index.json` with document, entry number and reference, a signed
    manifest. Nothing is sent. Raises BadInput if the folder is not empty, Refused without documents."""
    record = find_letter(workspace, letter)
    if folder.exists() and any(folder.iterdir()):
        raise BadInput("export-folder-not-empty", folder=folder)
    numbers = [entry.number for entry in record.said.entries]
    documents = [doc for number in numbers for doc in documents_of(workspace.journal, numbers)[number]]
    if not documents:
        raise Refused("letter-without-documents", letter=record.said.letter)
    labels = {
        row["document"]: row["label"] for row in table(workspace.settings.home, "letters", "dis_documents.csv").rows
    }
    drill_column = {"drill": "DRILL"} if is_drill(workspace.journal) else {}
    rows = [_exported(workspace, folder, doc, labels) | drill_column for doc in documents]
    write_atomic(folder / "index.csv", _csv(rows).encode())
    write_atomic(folder / "index.json", json.dumps(rows, indent=1, ensure_ascii=False).encode())
    drill = "DRILL " if is_drill(workspace.journal) else ""
    manifest = write_manifest(folder, workspace.settings.home, f"{drill}documents of {record.said.letter}")
    body = PacketExported(
        letter=record.said.letter, references=[doc.reference for doc in documents], manifest=digest_of(manifest)
    )
    workspace.journal.append(body, f"letter/{record.said.letter}", actor)
    return rows


def _exported(workspace: Workspace, folder: Path, doc: EntryDocument, labels: dict[str, str]) -> dict[str, object]:
    name = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in doc.reference)
    path = folder / f"{doc.number}-{name}.{_SUFFIX[doc.media]}"
    write_atomic(path, workspace.content.get(doc.content))
    return {
        "entry_number": doc.number,
        "filer_code": doc.number[:3],
        "document": labels.get(doc.document, doc.document),
        "reference": doc.reference,
        "file": path.name,
        "original_name": doc.file,
        "media": doc.media,
        "pages": doc.pages,
        "size": doc.size,
        "sha256": doc.content,
    }


def _csv(rows: Sequence[dict[str, object]]) -> str:
    sink = io.StringIO()
    out = csv.writer(sink, lineterminator="\n")
    out.writerow(rows[0])
    for row in rows:
        out.writerow([safe_cell(str(value)) for value in row.values()])
    return sink.getvalue()
