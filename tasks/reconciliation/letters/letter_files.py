"""Drafts into a folder: a PDF each, workbooks where a list is worked with, the signed manifest, and
an event for each in the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from tasks.core import clock
from tasks.core.errors import BadInput, Refused
from tasks.core.files import write_atomic
from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import is_drill
from tasks.core.settings import BrokerSettings
from tasks.documents.api import write_listing
from tasks.reconciliation.events import PaperWritten
from tasks.reconciliation.letters.bond_letters import bond_drafts
from tasks.reconciliation.letters.form_5106 import form_5106_drafts
from tasks.reconciliation.letters.hold_letters import hold_drafts
from tasks.reconciliation.letters.importer_letters import importer_drafts
from tasks.reconciliation.letters.letter_cases import all_cases
from tasks.reconciliation.letters.letter_layout import (
    BONDS,
    FORMS,
    IMPORTERS,
    KINDS,
    PORTS,
    SURETIES,
    TODAY,
    CorrespondenceDraft,
    render_letter,
)
from tasks.reconciliation.letters.port_letters import port_drafts
from tasks.reconciliation.letters.surety_letters import surety_drafts
from tasks.security.api import write_manifest
from tasks.workspace import Workspace


@dataclass(frozen=True)
class WrittenLetter:
    """One document in the folder."""

    path: Path
    kind: str
    to: str
    subject: str
    entries: int


def drafts(workspace: Workspace, day: date, only: Collection[str] = ()) -> Iterator[CorrespondenceDraft]:
    """All that is to be written now, or only these kinds. Raises BadInput for an unknown one."""
    if unknown := set(only) - set(KINDS):
        raise BadInput("letter-kind-unknown", unknown=", ".join(sorted(unknown)), kinds=", ".join(KINDS))
    cases = all_cases(workspace)
    makers = {
        TODAY: lambda: hold_drafts(cases),
        FORMS: lambda: form_5106_drafts(cases),
        BONDS: lambda: bond_drafts(cases),
        IMPORTERS: lambda: importer_drafts(cases, day),
        SURETIES: lambda: surety_drafts(cases),
        PORTS: lambda: port_drafts(cases),
    }
    for kind in KINDS:
        if kind in (only or KINDS):
            yield from makers[kind]()


def write_letter_files(
    workspace: Workspace, folder: Path, actor: str, only: Collection[str] = ()
) -> list[WrittenLetter]:
    """Write what is to be sent now. The same letter on the same day is one event; nothing is sent
    by this. Raises Refused if the folder holds something already, since a letter of yesterday must
    not be sent for one of today; MissingPart without fpdf2 or its fonts."""
    if folder.exists() and any(folder.iterdir()):
        raise Refused("status-letter-folder-not-empty", folder=folder)
    day, drill = clock.washington().date(), is_drill(workspace.journal)
    letters = []
    for draft in drafts(workspace, day, only):
        data = render_letter(draft, workspace.settings(BrokerSettings), clock.now(), str(day), drill=drill)
        path = write_atomic(folder / draft.kind / f"{draft.name}.pdf", data)
        if draft.listed:
            rows = [dict(zip((head.title for head in draft.columns), row, strict=True)) for row in draft.rows]
            write_listing(path.with_suffix(".xlsx"), {"Entries": rows}, drill=drill)
        _note(workspace, draft, data, str(day), actor)
        addressee = next(filter(None, draft.to), "")
        letters.append(WrittenLetter(path, draft.kind, addressee, draft.subject, len(draft.numbers)))
    if letters:
        write_manifest(folder, workspace.settings.home, f"{'DRILL ' if drill else ''}letters of {day}")
    return letters


def _note(workspace: Workspace, draft: CorrespondenceDraft, data: bytes, day: str, actor: str) -> None:
    identity = canonical([draft.kind, draft.name, draft.to, draft.rows, day])
    body = PaperWritten(
        what=draft.kind,
        addressee=next(filter(None, draft.to), ""),
        numbers=list(draft.numbers),
        content=workspace.content.put(data),
    )
    key = f"paper:{sha256(identity.encode()).hexdigest()}"
    workspace.journal.append(body, f"paper/{draft.kind}", actor, key=key)
