"""Drafts into a folder: a PDF each, workbooks where a list is worked with, the signed manifest, and
an event for each in the book."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from tasks.reconciliation import workbook
from tasks.reconciliation.letters import bonds, forms, importers, ports, sureties, today
from tasks.reconciliation.letters.cases import all_cases
from tasks.reconciliation.letters.draft import KINDS, Draft
from tasks.reconciliation.letters.page import render
from tasks.shared import clock, manifest
from tasks.shared.errors import BadInput, Refused
from tasks.shared.files import write_atomic
from tasks.shared.journal import is_drill
from tasks.shared.kinds.base import canonical
from tasks.shared.kinds.settling import PaperWritten
from tasks.workspace import Workspace


@dataclass(frozen=True)
class Letter:
    """One document in the folder."""

    path: Path
    kind: str
    to: str
    subject: str
    entries: int


def drafts(workspace: Workspace, day: date, only: Collection[str] = ()) -> Iterator[Draft]:
    """All that is to be written now, or only these kinds. Raises BadInput for an unknown one."""
    if unknown := set(only) - set(KINDS):
        raise BadInput(
            "letter-kind-unknown", unknown=", ".join(sorted(unknown)), kinds=", ".join(KINDS)
        )
    cases = all_cases(workspace)
    makers = {
        today.TODAY: lambda: today.drafts(cases),
        forms.FORMS: lambda: forms.drafts(cases),
        bonds.BONDS: lambda: bonds.drafts(cases),
        importers.IMPORTERS: lambda: importers.drafts(cases, day),
        sureties.SURETIES: lambda: sureties.drafts(cases),
        ports.PORTS: lambda: ports.drafts(cases),
    }
    for kind in KINDS:
        if kind in (only or KINDS):
            yield from makers[kind]()


def write(
    workspace: Workspace, folder: Path, actor: str, only: Collection[str] = ()
) -> list[Letter]:
    """Write what is to be sent now. The same letter on the same day is one event; nothing is sent
    by this. Raises Refused if the folder holds something already, since a letter of yesterday must
    not be sent for one of today; MissingPart without fpdf2 or its fonts."""
    if folder.exists() and any(folder.iterdir()):
        raise Refused("status-letter-folder-not-empty", folder=folder)
    day, drill = clock.washington().date(), is_drill(workspace.journal)
    made = []
    for draft in drafts(workspace, day, only):
        data = render(draft, workspace.settings.broker, clock.now(), str(day), drill=drill)
        path = write_atomic(folder / draft.kind / f"{draft.name}.pdf", data)
        if draft.listed:
            rows = [dict(zip((head.title for head in draft.columns), row, strict=True))
                    for row in draft.rows]  # fmt: skip
            workbook.write(path.with_suffix(".xlsx"), {"Entries": rows}, drill=drill)
        _note(workspace, draft, data, str(day), actor)
        addressee = next(filter(None, draft.to), "")
        made.append(Letter(path, draft.kind, addressee, draft.subject, len(draft.numbers)))
    if made:
        manifest.write(
            folder, workspace.settings.home, f"{'DRILL ' if drill else ''}letters of {day}"
        )
    return made


def _note(workspace: Workspace, draft: Draft, data: bytes, day: str, actor: str) -> None:
    said = canonical([draft.kind, draft.name, draft.to, draft.rows, day])
    body = PaperWritten(
        what=draft.kind, addressee=next(filter(None, draft.to), ""), numbers=list(draft.numbers),
        content=workspace.content.put(data),
    )  # fmt: skip
    key = f"paper:{sha256(said.encode()).hexdigest()}"
    workspace.journal.append(body, f"paper/{draft.kind}", actor, key=key)
