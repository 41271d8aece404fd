"""Files that belong to an entry: checked, kept by digest, each with a reference of its own (R3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tasks.core.errors import BadInput, HostileFile, NumberUnavailable, Problem, Refused
from tasks.core.journal.journal import Journal
from tasks.core.journal.table_columns import rows_among
from tasks.entries.api import ENTRIES, code_meanings
from tasks.incident.document_checks import Document, name_fault, read_document
from tasks.incident.letters.entry_case import EntryCase, cases
from tasks.incident.letters.letter_events import DocumentAttached, DocumentDropped, LetterGap
from tasks.incident.settings import LetterSettings
from tasks.incident.tables import DOCUMENTS
from tasks.workspace import Workspace

OWN = ("CBP 3461", "Stamped copy")
"""Documents that no packet waits for: the letter brings the first, the port makes the second."""
Checked = tuple[str, Document, Mapping[str, str]]


@dataclass(frozen=True)
class EntryDocument:
    """One attached file."""

    number: str
    reference: str
    document: str
    file: str
    content: str
    size: int
    media: str
    pages: int

    def as_dict(self) -> dict[str, object]:
        return dict(vars(self))


def documents_of(journal: Journal, numbers: Sequence[str]) -> dict[str, list[EntryDocument]]:
    """Each entry's files, in the order they were attached."""
    query = sa.select(DOCUMENTS).order_by(DOCUMENTS.c.number, DOCUMENTS.c.seq)
    documents: dict[str, list[EntryDocument]] = {number: [] for number in numbers}
    for row in rows_among(journal.rows, query, DOCUMENTS.c.number, list(numbers)):
        documents[row.number].append(_document(row))
    return documents


def attach_document(
    workspace: Workspace, number: str, path: Path, document: str, actor: str, reference: str = ""
) -> EntryDocument:
    """Attach one file. The same file again changes nothing. Raises BadInput for an unknown kind of
    document or a reference that is taken, HostileFile, NumberUnavailable if it is not recorded."""
    if document not in code_meanings("document_type"):
        kinds_ = ", ".join(code_meanings("document_type"))
        problem = Problem(column="type", value=document, code="document-kind-unknown", values={"kinds": kinds_})
        raise BadInput("nothing-attached", [problem])
    _require_recorded(workspace.journal, [number])
    attached = _attach(
        workspace, number, read_document(path, workspace.settings(LetterSettings)), document, reference, actor
    )
    if attached.document != document:
        raise BadInput(
            "document-already-attached",
            name=path.name,
            document=attached.document,
            file=attached.file,
            reference=attached.reference,
            document2=document,
        )
    return attached


@dataclass(frozen=True)
class DocumentBatch:
    """What is attached now; (entry, file) of what is not in the folder; and scans that an entry has
    already under another name."""

    attached: list[EntryDocument]
    lacking: list[tuple[str, str]]
    twins: list[Problem]


def attach_folder(workspace: Workspace, folder: Path, numbers: Sequence[str], actor: str) -> DocumentBatch:
    """Attach every file of a folder that the sheet Documents of these entries names. Raises HostileFile
    with every file that is not taken, and then attaches none; BadInput if there is no such folder."""
    if not folder.is_dir():
        raise BadInput("folder-not-found", folder=folder)
    _require_recorded(workspace.journal, numbers)
    checked, lacking, problems = list[Checked](), list[tuple[str, str]](), list[Problem]()
    for case in cases(workspace, numbers):
        for row in case.rows("documents"):
            path = folder / row["file_name"]
            if name_fault(row["file_name"]) or not path.is_file():
                lacking.append((case.number, row["file_name"]))
                continue
            try:
                checked.append((case.number, read_document(path, workspace.settings(LetterSettings)), row))
            except HostileFile as bad:
                problems += bad.problems
    if problems:
        raise HostileFile("attachments-refused", sorted(problems))
    alone, twins = _apart(workspace.journal, checked)
    attached = [
        _attach(workspace, number, scan, row["document_type"], row["dis_reference"] or "", actor)
        for number, scan, row in alone
    ]
    return DocumentBatch(attached, lacking, twins)


def _apart(journal: Journal, checked: Sequence[Checked]) -> tuple[list[Checked], list[Problem]]:
    """Scans, without those that an entry has already under another name or as another document: the
    letter says of these that they follow."""
    alone, twins = list[Checked](), list[Problem]()
    have = documents_of(journal, list(dict.fromkeys(number for number, _, _ in checked)))
    by_content = {
        (number, attached.content): (attached.file, attached.document)
        for number, documents in have.items()
        for attached in documents
    }
    for number, scan, row in checked:
        name_and_type = scan.file, row["document_type"]
        file, document = by_content.setdefault((number, sha256(scan.data).hexdigest()), name_and_type)
        if (file, document) == name_and_type:
            alone.append((number, scan, row))
            continue
        twins.append(
            Problem(
                file=scan.file,
                column=f"{number}, {name_and_type[1]}",
                code="scan-duplicated",
                values={"file": file, "document": document},
            )
        )
    return alone, twins


def drop_document(workspace: Workspace, number: str, reference: str, reason: str, actor: str) -> None:
    """Take a file off an entry; it stays in the journal. Raises BadInput without a reason, Refused if
    there is no such file."""
    if not reason.strip():
        raise BadInput("detach-reason-missing")
    if reference not in {document.reference for document in documents_of(workspace.journal, [number])[number]}:
        raise Refused("document-not-found", number=number, reference=reference)
    body = DocumentDropped(number=number, reference=reference, reason=reason)
    workspace.journal.append(body, f"entry/{number}", actor)


def missing_documents(
    case: EntryCase, have: Iterable[EntryDocument], required: Sequence[Mapping[str, str]]
) -> list[LetterGap]:
    """Documents that are to follow: those that its mode asks for (`documents.csv`) and those that its
    desk listed, as far as they are not attached."""
    files = {document.file for document in have}
    types = {document.document for document in have}
    listed = [row for row in case.rows("documents") if row["document_type"] not in OWN]
    named = {row["document_type"] for row in listed}
    gaps = [
        LetterGap(kind="file", name=row["document_type"], file=row["file_name"])
        for row in listed
        if row["file_name"] not in files
    ]
    gaps += [
        LetterGap(kind="document", name=row["document"])
        for row in required
        if row[case.mode] == "A" and row["document"] not in types | named
    ]
    return gaps


def _require_recorded(journal: Journal, numbers: Sequence[str]) -> None:
    rows = rows_among(journal.rows, sa.select(ENTRIES.c.number), ENTRIES.c.number, list(numbers))
    recorded = {row.number for row in rows}
    if unknown := [number for number in numbers if number not in recorded]:
        raise NumberUnavailable("case-entries-not-recorded", unknown=", ".join(unknown[:5]))


def _attach(
    workspace: Workspace, number: str, file: Document, document: str, reference: str, actor: str
) -> EntryDocument:
    content = workspace.content.put(file.data)
    with workspace.journal.write(actor) as pen:
        rows = pen.rows(sa.select(DOCUMENTS).where(DOCUMENTS.c.number == number))
        for row in rows:
            if row.content == content:
                return _document(row)
        references = {row.reference for row in rows}
        if reference and reference in references:
            raise BadInput("document-reference-taken", number=number, reference=reference)
        attached = EntryDocument(
            number,
            reference or _reference(number, references, content),
            document,
            file.file,
            content,
            len(file.data),
            file.media,
            file.pages,
        )
        pen.append(DocumentAttached(**vars(attached)), f"entry/{number}")
    return attached


def _document(row: sa.Row[Any]) -> EntryDocument:
    return EntryDocument(**{name: getattr(row, name) for name in EntryDocument.__dataclass_fields__})


def _reference(number: str, references: set[str], content: str) -> str:
    """Serial, check digit and the file's own digest: unique for the entry, the same on every machine."""
    serial = number[4:11] + number[12:]
    length = next(n for n in range(6, 65) if f"{serial}-{content[:n].upper()}" not in references)
    return f"{serial}-{content[:length].upper()}"
