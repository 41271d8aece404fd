"""Entries that CBP has not seen, for a substitute broker: it files them under its own filer code, numbers,
power of attorney and bond data. Our number is then void: filed by another broker. What was presented under
our number stays ours.

A client's records are disclosed only with its written authorization (19 CFR 111.24), so each client's authorization
and the other broker's own power of attorney from that client are recorded first. Then workbook, documents and
manifest are sealed to the other broker's public key.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, NumberUnavailable, Problem, Refused
from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import Journal, is_drill
from tasks.core.journal.table_columns import rows_among
from tasks.core.settings import BrokerSettings
from tasks.core.signatures import key_id
from tasks.entries.api import (
    ENTRIES,
    NUMBERS,
    WITH_ANOTHER,
    EntryRecord,
    is_filer,
    make_workbook,
    record_of_entries as record_of,
    unseal_record,
)
from tasks.incident.after_release.release_events import HandoverPrepared, HandoverRecalled
from tasks.incident.evidence.file_attachments import keep_proof
from tasks.incident.letters.entry_documents import documents_of
from tasks.incident.tables import LETTERS
from tasks.security.api import (
    MANIFEST_FILE,
    SEALED_SUFFIX,
    SealRecipient,
    SealWriter,
    manifest_of,
    masked_value,
    seal_key_id,
    write_sealed,
)
from tasks.workspace import Workspace


@dataclass(frozen=True)
class SubstituteBroker:
    """The substitute broker: name, filer code, and the public key that it gave us."""

    name: str
    filer: str
    key: bytes

    @property
    def key_id(self) -> str:
        """To be read out by it on the telephone, so that the key is known to be its own."""
        return seal_key_id(self.key)


@dataclass(frozen=True)
class HandoverResult:
    """What was sealed. `recipient`, `signer`: ids of the other broker's key and of ours, to be compared by
    telephone."""

    handover: str
    path: Path
    numbers: tuple[str, ...]
    documents: int
    recipient: str
    signer: str


def prepare_handover(
    workspace: Workspace,
    numbers: Sequence[str],
    broker: SubstituteBroker,
    authorised: Mapping[str, Path],
    power: Mapping[str, Path],
    folder: Path,
    actor: str,
) -> HandoverResult:
    """Seal entries for another broker; from then on they are not ours to file. `authorised` and `power`:
    by importer number as recorded (the name where that is a Social Security number), the client's
    written authorization and the other broker's power of attorney.

    Raises Refused with every entry that CBP has seen, BadInput for a client without authorization or power of
    attorney, for our own filer code, or a folder that is not empty; NumberUnavailable.
    """
    numbers = list(dict.fromkeys(numbers))
    _require_other(workspace, broker, folder)
    _require_unseen(workspace, numbers)
    record = unseal_record(_record(workspace, numbers), workspace.vault)
    clients = _clients(record)
    _require_papers(clients, authorised, power)
    authorizations = {
        client: keep_proof(workspace, authorised[client], "the client's written authorisation") for client in clients
    }
    powers = {client: keep_proof(workspace, power[client], "the power of attorney") for client in clients}
    name = _name(workspace, numbers, broker)
    data, digest, count = _bundle(workspace, name, numbers, record, broker)
    # Written before the book says so: a file too many does no harm, only its addressee can read it.
    path = folder / f"{clock.stamp()}-{name}{SEALED_SUFFIX}"
    package = write_sealed(path, SealRecipient(recipients=[broker.key]), lambda out: _fill(out, data))
    body = HandoverPrepared(
        handover=name,
        numbers=numbers,
        broker=broker.name,
        filer=broker.filer,
        recipient=broker.key_id,
        authorised={masked_value(client): digest_ for client, digest_ in authorizations.items()},
        power={masked_value(client): digest_ for client, digest_ in powers.items()},
        manifest=digest,
        package=package,
    )
    with workspace.journal.write(actor) as pen:
        pen.append(body, f"handover/{name}")
    signer = key_id(workspace.signer.public_key)
    return HandoverResult(name, path, tuple(numbers), count, broker.key_id, signer)


def recall_handover(workspace: Workspace, handover: str, reason: str, proof: Path, actor: str) -> list[str]:
    """Take back what the other broker did not file and will not; returns the numbers that are ours again.
    Raises BadInput without reason or its written word, Refused if there is nothing to take back."""
    if not reason.strip():
        raise BadInput("recall-reason-missing")
    prepared = next((body for body in handovers(workspace) if body.handover == handover), None)
    if prepared is None:
        raise Refused("handover-unknown", handover=handover)
    # A number that came back and was sealed anew is with the broker of the later hand-over.
    newest = _newest(workspace)
    back = [
        number
        for number, state in _states(workspace, prepared.numbers).items()
        if state == WITH_ANOTHER and newest[number] == handover
    ]
    if not back:
        raise Refused("handover-already-returned", handover=handover, broker=prepared.broker)
    statement = keep_proof(workspace, proof, "the other broker's word that it filed none")
    body = HandoverRecalled(handover=handover, numbers=back, reason=reason.strip(), proof=statement)
    workspace.journal.append(body, f"handover/{handover}", actor)
    return back


def handovers(workspace: Workspace) -> list[HandoverPrepared]:
    events = workspace.journal.events(kind=HandoverPrepared.kind)
    return [event.said for event in events if isinstance(event.said, HandoverPrepared)]


def handover_rows(workspace: Workspace) -> list[dict[str, object]]:
    """A row an entry: to whom it was sealed, and where its number stands now; of an earlier hand-over
    only that it came back."""
    listed, newest = list[dict[str, object]](), _newest(workspace)
    for prepared in handovers(workspace):
        query = sa.select(NUMBERS.c.number, NUMBERS.c.state, NUMBERS.c.note)
        rows = {
            row.number: row for row in rows_among(workspace.journal.rows, query, NUMBERS.c.number, prepared.numbers)
        }
        for number in prepared.numbers:
            now = rows[number].state, rows[number].note
            later = newest[number] != prepared.handover
            state, note = ("taken back", f"sealed anew: {newest[number]}") if later else now
            listed.append(
                {
                    "handover": prepared.handover,
                    "number": number,
                    "broker": prepared.broker,
                    "filer": prepared.filer,
                    "state": state,
                    "note": note,
                    "key": prepared.recipient,
                }
            )
    return listed


def _newest(workspace: Workspace) -> dict[str, str]:
    """Number to the last hand-over that it was sealed for."""
    return {number: prepared.handover for prepared in handovers(workspace) for number in prepared.numbers}


def _fill(out: SealWriter, data: bytes) -> None:
    out.write(data)


def _require_other(workspace: Workspace, broker: SubstituteBroker, folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise BadInput("handover-folder-not-empty", folder=folder)
    problems: list[Problem] = []
    if not broker.name.strip():
        problems.append(Problem(column="broker", code="broker-name-missing"))
    if not is_filer(broker.filer):
        problems.append(Problem(column="filer", value=broker.filer, code="filer-code-invalid"))
    elif broker.filer == workspace.settings(BrokerSettings).filer_code:
        problems.append(Problem(column="filer", value=broker.filer, code="filer-code-is-own"))
    if problems:
        raise BadInput("handover-not-sealed", problems)


def _require_unseen(workspace: Workspace, numbers: Sequence[str]) -> None:
    if not numbers:
        raise BadInput("entry-not-named")
    states = _states(workspace, numbers)
    problems = [
        Problem(
            column="Entry number",
            value=number,
            code="handover-number-not-recorded",
            values={"state": states.get(number, "in no reserve")},
        )
        for number in numbers
        if states.get(number) != "recorded"
    ]
    if problems:
        raise NumberUnavailable("handover-entry-not-recorded", problems)
    problems = [
        Problem(column="Entry number", value=number, code="handover-entry-presented", values={"reason": reason})
        for number in numbers
        if (reason := presented_under_other_number(workspace.journal, number))
    ]
    if problems:
        raise Refused("entries-not-transferable", problems)


def _states(workspace: Workspace, numbers: Sequence[str]) -> dict[str, str]:
    query = sa.select(NUMBERS.c.number, NUMBERS.c.state)
    return dict(rows_among(workspace.journal.rows, query, NUMBERS.c.number, list(numbers)))


def _record(workspace: Workspace, numbers: Sequence[str]) -> EntryRecord:
    query = sa.select(ENTRIES.c.number, ENTRIES.c.content)
    return record_of(
        workspace.content, dict(rows_among(workspace.journal.rows, query, ENTRIES.c.number, list(numbers)))
    )


def _clients(record: EntryRecord) -> list[str]:
    """Each importer once: by number, or by name where that is a Social Security number or purged."""
    entries = cast(Any, record).entries.select(["importer_number", "importer_name"])
    names = [_client(row["importer_number"], row["importer_name"]) for row in entries.to_pylist()]
    return list(dict.fromkeys(names))


def _client(number: str | None, name: str | None) -> str:
    return number if number and masked_value(number) == number else name or ""


def _require_papers(clients: Sequence[str], authorised: Mapping[str, Path], power: Mapping[str, Path]) -> None:
    required = (
        ("authorised", authorised, "client-authorization-missing"),
        ("power", power, "power-of-attorney-missing"),
    )
    problems: list[Problem] = []
    for option, papers, code in required:
        problems += [Problem(column=option, value=client, code=code) for client in clients if client not in papers]
        problems += [
            Problem(
                column=option,
                value=masked_value(client),
                code="importer-not-on-entries",
                values={"clients": ", ".join(clients)},
            )
            for client in papers
            if client not in clients
        ]
    if problems:
        raise BadInput("handover-not-sealed", problems)


def _name(workspace: Workspace, numbers: Sequence[str], broker: SubstituteBroker) -> str:
    before = len(handovers(workspace))
    content = canonical([list(numbers), broker.filer, broker.key_id, before])
    return f"HO-{sha256(content.encode()).hexdigest()[:8].upper()}"


def _bundle(
    workspace: Workspace, name: str, numbers: Sequence[str], record: EntryRecord, receiver: SubstituteBroker
) -> tuple[bytes, str, int]:
    """The package in the clear, the digest of its manifest, and how many documents are in it. Nothing of it
    touches the disk: a hand-over that is killed would leave Social Security numbers lying in a folder."""
    broker, drill = workspace.settings(BrokerSettings), is_drill(workspace.journal)
    filer = {
        "name": broker.name,
        "filer_code": broker.filer_code,
        "licence": broker.licence,
        "contact_name": broker.contact_name,
        "contact_phone": broker.contact_phone,
    }
    port = str(cast(Any, record).entries["port_of_entry"][0].as_py() or "")
    files = {
        f"{name}.xlsx": make_workbook(
            f"for {receiver.filer}"[:20], port, [], filer, drill=drill, record=record, handed_to=f"for {receiver.name}"
        )
    }
    listed: list[dict[str, str]] = []
    for number, attached in documents_of(workspace.journal, numbers).items():
        for document in attached:
            file = f"{len(listed) + 1:03d}-{number}-{document.file}"
            files[file] = workspace.content.get(document.content)
            listed.append({"entry": number, "document": document.document, "file": file})
    about = {
        "handover": name,
        "from": broker.name,
        "to": receiver.name,
        "filer": receiver.filer,
        "entries": list(numbers),
        "documents": listed,
        "drill": drill,
    }
    files["about.json"] = json.dumps(about, indent=1, ensure_ascii=False).encode()
    manifest = manifest_of(files, workspace.settings.home, f"hand-over {name}")
    data = _zipped({**files, MANIFEST_FILE: manifest})
    return data, sha256(manifest).hexdigest(), len(listed)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(name, data)
    return sink.getvalue()


NOT_PRESENTED = "not presented"


def presented_under_other_number(journal: Journal, number: str) -> str:
    """Why the entry counts as presented to CBP, in words; empty if nothing says so."""
    for row in journal.rows(sa.select(ENTRIES.c.outcome).where(ENTRIES.c.number == number)):
        if row.outcome != NOT_PRESENTED:
            return f"was presented under our number: its desk says {row.outcome}"
    query = sa.select(LETTERS.c.letter, LETTERS.c.state).where(LETTERS.c.live == number)
    for row in journal.rows(query):
        if row.state == "sent":
            return f"went to the port with downtime letter {row.letter}"
        return (
            f"stands on downtime letter {row.letter}, which may be at the port: take it back first "
            "(continuity incident letters withdraw)"
        )
    return ""


def prepared_for_broker(journal: Journal, number: str) -> HandoverPrepared | None:
    """The last hand-over that this number was sealed for, whatever became of it since."""
    newest = None
    for event in journal.events(kind=HandoverPrepared.kind):
        body = event.said
        if isinstance(body, HandoverPrepared) and number in body.numbers:
            newest = body
    return newest
