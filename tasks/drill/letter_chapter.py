"""The drill's chapter: letters for the three desks, what holds them back, what follows, and what agencies
want. Made-up documents stand in for scans; nothing leaves the house."""

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
    EntryCase,
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
    told = [_flags(workspace, actor), f"agencies' matrix: {_matrix(workspace, out / 'pga')}"]
    for desk, port in PORTS:
        numbers = entries_to_letter(workspace.journal, port)
        _scan(workspace, out / "scans", numbers[:_SCANNED], actor)
        told += _letters(workspace, desk, port, numbers, out, actor)
    told += [_paper_came(workspace, out, actor), _again(workspace, out, actor), _sent(workspace, out, actor)]
    return [*told, *_left(workspace)]


def _flags(workspace: Workspace, actor: str) -> str:
    """The sample's few flags: real ones come from CBP's guide or an ACE report."""
    with as_file(files("continuity_data") / "sample" / "pga-flags.csv") as path:
        made = load_table(workspace, FLAGS, path, date(2026, 11, 1), "made up for an exercise", actor)
    return f"{len(made.rows)} tariff flags loaded, as of {made.as_of}: {made.source}"


def _matrix(workspace: Workspace, folder: Path) -> str:
    for name, data in api.files(workspace).items():
        write_atomic(folder / name, data)
    rows = matrix_rows(AgencyRules(workspace))
    return f"{len(rows)} rows for {len({row['client'] for row in rows})} clients"


def _letters(workspace: Workspace, desk: str, port: str, numbers: Sequence[str], out: Path, actor: str) -> list[str]:
    wish = LetterRequest(tuple(numbers), PORT, without=_without(workspace, port), leave_out=True)
    if not numbers:
        raise BadInput("drill-desk-without-entries", desk=desk)
    without = [f"  left out, {some.reason}" for some in entries_decided_by_port(workspace.journal, port)]
    outcome = issue_letters(workspace, wish, out / FOLDER / desk, actor)
    left = [f"  not on it: {problem}" for problem in outcome.left]
    return [*_issued(desk, outcome), *left, *without]


def _issued(desk: str, outcome: IssueOutcome) -> list[str]:
    return [
        f"{desk}: {one.letter} to port {one.port}, {len(one.numbers)} entries, {one.pages} pages; of "
        f"{len(one.follows)} something is to follow"
        for one in outcome.issued
    ]


def _scan(workspace: Workspace, folder: Path, numbers: Sequence[str], actor: str) -> None:
    """The desks scan the documents of a few entries."""
    for case in cases(workspace, numbers):
        for row in case.rows("documents"):
            if row["document_type"] not in OWN:
                write_atomic(folder / row["file_name"], _paper(case, row["document_type"]))
    attach_folder(workspace, folder, numbers, actor)


def _paper(case: EntryCase, what: str) -> bytes:
    from fpdf import FPDF

    made = FPDF(format="letter")
    made.set_creation_date(clock.now())
    made.add_page()
    made.set_font("helvetica", size=16)
    made.set_xy(20, 40)
    made.multi_cell(170, 9, f"{what.upper()}\n{case.number}\nMade up for an exercise")
    return bytes(made.output())


def _paper_came(workspace: Workspace, out: Path, actor: str) -> str:
    """An agency's paper comes for an entry that it held. The port released the goods meanwhile, so the
    letter that brings the paper names the entry."""
    port = PORTS[0][1]
    some = [
        *entries_to_letter(workspace.journal, port),
        *(number for one in entries_decided_by_port(workspace.journal, port) for number in one.numbers),
    ]
    number = next(
        case.number for case in cases(workspace, some) if agency_holds(agency_demands(AgencyRules(workspace), case))
    )
    record_paper(workspace, number, "NHT", actor, form="HS-7 declaration", reference="BOX 2A")
    wish = LetterRequest((number,), without=_without(workspace, PORTS[0][1]))
    (one,) = issue_letters(workspace, wish, out / FOLDER / "held", actor).issued
    return f"{number}: the HS-7 came, letter {one.letter}"


def _without(workspace: Workspace, port: str) -> str:
    return WITHOUT if letter_authorization(workspace.journal).lacking(port, clock.washington().date()) else ""


def _again(workspace: Workspace, out: Path, actor: str) -> str:
    """A letter of one entry is issued again, and says so."""
    number = issued_letters(workspace)[0].said.entries[0].number
    words = "the seal was broken and renewed"
    wish = LetterRequest((number,), without=_without(workspace, PORTS[0][1]), again=words)
    (one,) = issue_letters(workspace, wish, out / FOLDER / "again", actor).issued
    return f"{number}: issued again as {one.letter}, in place of {', '.join(one.replaces)}"


def _sent(workspace: Workspace, out: Path, actor: str) -> str:
    """The ocean desk's letter came back stamped."""
    letter = issued_letters(workspace)[1].said.letter
    stamp = write_atomic(out / "scans" / f"stamped-{letter}.pdf", _stamp(letter))
    record_sending(workspace, letter, "messenger", "port 2704", clock.washington().date(), stamp, actor)
    rows = export_documents(workspace, letter, out / FOLDER / "for-dis", actor)
    return f"{letter} was handed in, with its proof; {len(rows)} documents written for the image system"


def _stamp(letter: str) -> bytes:
    from fpdf import FPDF

    made = FPDF(format="letter")
    made.add_page()
    made.set_font("helvetica", size=16)
    made.text(20, 40, f"{letter}: received (made up for an exercise)")
    return bytes(made.output())


def _left(workspace: Workspace) -> list[str]:
    chased = chase_list(workspace)
    watched = [one for one in watches(workspace) if one.state == CONDITIONAL]
    return [
        f"{len(chased)} entries of {len({row['importer'] for row in chased})} importers have papers to follow",
        f"{len(watched)} were let go under a condition: their importers must be able to bring the goods back",
    ]
