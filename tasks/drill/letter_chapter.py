"""The letters' chapter of the drill: letters for the three desks, what holds them back, what follows, and
what agencies want. The scans are made up; nothing is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path

from tasks.core import clock
from tasks.core.errors import BadInput, Refused
from tasks.core.files import write_atomic
from tasks.core.journal.journal import is_drill
from tasks.incident import api
from tasks.incident.api import (
    CONDITIONAL,
    FLAGS,
    OWN,
    PORT,
    AgencyRules,
    IssueOutcome,
    LetterRequest,
    agency_demands,
    agency_holds,
    attach_folder,
    cases,
    chase_list,
    entries_decided_by_port,
    entries_to_letter,
    export_documents,
    issue_letters,
    issued_letters,
    letter_authorization,
    load_table,
    matrix_rows,
    record_paper,
    record_sending,
    watches,
)
from tasks.workspace import Workspace

FOLDER = "downtime-letters"
"""Not `letters`, where the reconciliation's go."""

PORTS = (("truck", "2304"), ("ocean", "2704"), ("air", "4701"))
WITHOUT = "exercise: CBP was not asked"
_SCANNED = 3


def play_letters(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Issue the letters into `out/letters`, write the agencies' matrix; says what came of it. Raises
    Refused outside a drill: a made-up document must never stand behind a real entry."""
    if not is_drill(workspace.journal):
        raise Refused("simulated-documents-drill-only")
    lines = [_flags(workspace, actor), f"agencies' matrix: {_matrix(workspace, out / 'pga')}"]
    for desk, port in PORTS:
        numbers = entries_to_letter(workspace.journal, port)
        _scan(workspace, out / "scans", numbers[:_SCANNED], actor)
        lines += _letters(workspace, desk, port, numbers, out, actor)
    lines += [_paper_came(workspace, out, actor), _issue_again(workspace, out, actor), _send(workspace, out, actor)]
    return [*lines, *_follow_up(workspace)]


def _flags(workspace: Workspace, actor: str) -> str:
    """The sample's few flags: real ones come from CBP's guide or an ACE report."""
    with as_file(files("continuity_data") / "sample" / "pga-flags.csv") as path:
        table = load_table(workspace, FLAGS, path, date(2026, 11, 1), "made up for an exercise", actor)
    return f"{len(table.rows)} tariff flags loaded, as of {table.as_of}: {table.source}"


def _matrix(workspace: Workspace, folder: Path) -> str:
    for name, data in api.files(workspace).items():
        write_atomic(folder / name, data)
    rows = matrix_rows(AgencyRules(workspace))
    return f"{len(rows)} rows for {len({row['client'] for row in rows})} clients"


def _letters(workspace: Workspace, desk: str, port: str, numbers: Sequence[str], out: Path, actor: str) -> list[str]:
    request = LetterRequest(tuple(numbers), PORT, without=_without(workspace, port), leave_out=True)
    if not numbers:
        raise BadInput("drill-desk-without-entries", desk=desk)
    decided_lines = [f"  left out, {decided.reason}" for decided in entries_decided_by_port(workspace.journal, port)]
    outcome = issue_letters(workspace, request, out / FOLDER / desk, actor)
    left_lines = [f"  not on it: {problem}" for problem in outcome.left]
    return [*_issued(desk, outcome), *left_lines, *decided_lines]


def _issued(desk: str, outcome: IssueOutcome) -> list[str]:
    return [
        f"{desk}: {letter.letter} to port {letter.port}, {len(letter.numbers)} entries, {letter.pages} pages; of "
        f"{len(letter.follows)} something is to follow"
        for letter in outcome.issued
    ]


def _scan(workspace: Workspace, folder: Path, numbers: Sequence[str], actor: str) -> None:
    """The desks scan the documents of a few entries."""
    for case in cases(workspace, numbers):
        for row in case.rows("documents"):
            if row["document_type"] not in OWN:
                text = f"{row['document_type'].upper()}\n{case.number}\nMade up for an exercise"
                write_atomic(folder / row["file_name"], _pdf(text))
    attach_folder(workspace, folder, numbers, actor)


def _pdf(text: str) -> bytes:
    from fpdf import FPDF

    document = FPDF(format="letter")
    document.set_creation_date(clock.now())
    document.add_page()
    document.set_font("helvetica", size=16)
    document.set_xy(20, 40)
    document.multi_cell(170, 9, text)
    return bytes(document.output())


def _paper_came(workspace: Workspace, out: Path, actor: str) -> str:
    """An agency's paper comes for an entry that it held. The port released the goods meanwhile, so the
    letter that brings the paper names the entry."""
    port = PORTS[0][1]
    numbers = [
        *entries_to_letter(workspace.journal, port),
        *(number for decided in entries_decided_by_port(workspace.journal, port) for number in decided.numbers),
    ]
    number = next(
        case.number for case in cases(workspace, numbers) if agency_holds(agency_demands(AgencyRules(workspace), case))
    )
    record_paper(workspace, number, "NHT", actor, form="HS-7 declaration", reference="BOX 2A")
    request = LetterRequest((number,), without=_without(workspace, PORTS[0][1]))
    (decided,) = issue_letters(workspace, request, out / FOLDER / "held", actor).issued
    return f"{number}: the HS-7 came, letter {decided.letter}"


def _without(workspace: Workspace, port: str) -> str:
    return WITHOUT if letter_authorization(workspace.journal).lacking(port, clock.washington().date()) else ""


def _issue_again(workspace: Workspace, out: Path, actor: str) -> str:
    """A letter of one entry is issued again, and says so."""
    number = issued_letters(workspace)[0].said.entries[0].number
    reason = "the seal was broken and renewed"
    request = LetterRequest((number,), without=_without(workspace, PORTS[0][1]), again=reason)
    (letter,) = issue_letters(workspace, request, out / FOLDER / "again", actor).issued
    return f"{number}: issued again as {letter.letter}, in place of {', '.join(letter.replaces)}"


def _send(workspace: Workspace, out: Path, actor: str) -> str:
    """The ocean desk's letter came back stamped."""
    letter = issued_letters(workspace)[1].said.letter
    stamp = write_atomic(out / "scans" / f"stamped-{letter}.pdf", _pdf(f"{letter}: received (made up for an exercise)"))
    record_sending(workspace, letter, "messenger", "port 2704", clock.washington().date(), stamp, actor)
    rows = export_documents(workspace, letter, out / FOLDER / "for-dis", actor)
    return f"{letter} was handed in, with its proof; {len(rows)} documents written for the image system"


def _follow_up(workspace: Workspace) -> list[str]:
    chased = chase_list(workspace)
    conditional = [watch for watch in watches(workspace) if watch.state == CONDITIONAL]
    return [
        f"{len(chased)} entries of {len({row['importer'] for row in chased})} importers have papers to follow",
        f"{len(conditional)} were let go under a condition: their importers must be able to bring the goods back",
    ]
