"""The drill's chapter: letters for the three desks, what holds them back, what follows, and what agencies
want. Made-up documents stand in for scans; nothing leaves the house."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path

from tasks.entries.ledger import Book
from tasks.incident.after import redelivery
from tasks.incident.letters import documents, sending
from tasks.incident.letters.authorisation import leave
from tasks.incident.letters.case import Case, cases
from tasks.incident.letters.chasing import chase_list
from tasks.incident.letters.draft import PORT
from tasks.incident.letters.issuing import Outcome, Wish, issue
from tasks.incident.letters.readying import decided, waiting
from tasks.incident.pga import acts, loading, matrix
from tasks.incident.pga.demands import Office, demands, held
from tasks.shared import clock
from tasks.shared.errors import BadInput, Refused
from tasks.shared.files import write_atomic
from tasks.shared.journal import is_drill

FOLDER = "downtime-letters"
"""Not `letters`, where the reconciliation's go."""

PORTS = (("truck", "2304"), ("ocean", "2704"), ("air", "4701"))
WITHOUT = "exercise: CBP was not asked"
_SCANNED = 3


def chapter(book: Book, out: Path, actor: str) -> list[str]:
    """Issue the letters into `out/letters`, write the agencies' matrix; says what came of it. Raises
    Refused outside a drill: a made-up document must never stand behind a real entry."""
    if not is_drill(book.journal):
        raise Refused("Only a drill may make up documents")
    told = [_flags(book, actor), f"agencies' matrix: {_matrix(book, out / 'pga')}"]
    for desk, port in PORTS:
        numbers = waiting(book.journal, port)
        _scan(book, out / "scans", numbers[:_SCANNED], actor)
        told += _letters(book, desk, port, numbers, out, actor)
    told += [_paper_came(book, out, actor), _again(book, out, actor), _sent(book, out, actor)]
    return [*told, *_left(book)]


def _flags(book: Book, actor: str) -> str:
    """The sample's few flags: real ones come from CBP's guide or an ACE report."""
    with as_file(files("continuity_data") / "sample" / "pga-flags.csv") as path:
        made = loading.load(
            book, loading.FLAGS, path, date(2026, 11, 1), "made up for an exercise", actor
        )
    return f"{len(made.rows)} tariff flags loaded, as of {made.as_of}: {made.source}"


def _matrix(book: Book, folder: Path) -> str:
    for name, data in matrix.files(book).items():
        write_atomic(folder / name, data)
    rows = matrix.rows(Office(book))
    return f"{len(rows)} rows for {len({row['client'] for row in rows})} clients"


def _letters(
    book: Book, desk: str, port: str, numbers: Sequence[str], out: Path, actor: str
) -> list[str]:
    wish = Wish(tuple(numbers), PORT, without=_without(book, port), leave_out=True)
    if not numbers:
        raise BadInput(f"the drill's desk {desk} has recorded nothing")
    without = [f"  left out, {some.words}" for some in decided(book.journal, port)]
    outcome = issue(book, wish, out / FOLDER / desk, actor)
    left = [f"  not on it: {problem}" for problem in outcome.left]
    return [*_issued(desk, outcome), *left, *without]


def _issued(desk: str, outcome: Outcome) -> list[str]:
    return [
        f"{desk}: {one.letter} to port {one.port}, {len(one.numbers)} entries, {one.pages} pages; of "
        f"{len(one.follows)} something is to follow"
        for one in outcome.issued
    ]


def _scan(book: Book, folder: Path, numbers: Sequence[str], actor: str) -> None:
    """The desks scan the documents of a few entries."""
    for case in cases(book, numbers):
        for row in case.rows("documents"):
            if row["document_type"] not in documents.OWN:
                write_atomic(folder / row["file_name"], _paper(case, row["document_type"]))
    documents.attach_folder(book, folder, numbers, actor)


def _paper(case: Case, what: str) -> bytes:
    from fpdf import FPDF

    made = FPDF(format="letter")
    made.set_creation_date(clock.now())
    made.add_page()
    made.set_font("helvetica", size=16)
    made.set_xy(20, 40)
    made.multi_cell(170, 9, f"{what.upper()}\n{case.number}\nMade up for an exercise")
    return bytes(made.output())


def _paper_came(book: Book, out: Path, actor: str) -> str:
    """An agency's paper comes for an entry that it held. The port released the goods meanwhile, so the
    letter that brings the paper names the entry."""
    port = PORTS[0][1]
    some = [*waiting(book.journal, port),
            *(number for one in decided(book.journal, port) for number in one.numbers)]  # fmt: skip
    number = next(case.number for case in cases(book, some) if held(demands(Office(book), case)))
    acts.note_paper(book, number, "NHT", actor, form="HS-7 declaration", reference="BOX 2A")
    wish = Wish((number,), without=_without(book, PORTS[0][1]))
    (one,) = issue(book, wish, out / FOLDER / "held", actor).issued
    return f"{number}: the HS-7 came, letter {one.letter}"


def _without(book: Book, port: str) -> str:
    return WITHOUT if leave(book.journal).lacking(port, clock.washington().date()) else ""


def _again(book: Book, out: Path, actor: str) -> str:
    """A letter of one entry is issued again, and says so."""
    number = sending.letters(book)[0].said.entries[0].number
    words = "the seal was broken and renewed"
    wish = Wish((number,), without=_without(book, PORTS[0][1]), again=words)
    (one,) = issue(book, wish, out / FOLDER / "again", actor).issued
    return f"{number}: issued again as {one.letter}, in place of {', '.join(one.replaces)}"


def _sent(book: Book, out: Path, actor: str) -> str:
    """The ocean desk's letter came back stamped."""
    letter = sending.letters(book)[1].said.letter
    stamp = write_atomic(out / "scans" / f"stamped-{letter}.pdf", _stamp(letter))
    sending.sent(book, letter, "messenger", "port 2704", clock.washington().date(), stamp, actor)
    rows = sending.export(book, letter, out / FOLDER / "for-dis", actor)
    return f"{letter} was handed in, with its proof; {len(rows)} documents written for the image system"


def _stamp(letter: str) -> bytes:
    from fpdf import FPDF

    made = FPDF(format="letter")
    made.add_page()
    made.set_font("helvetica", size=16)
    made.text(20, 40, f"{letter}: received (made up for an exercise)")
    return bytes(made.output())


def _left(book: Book) -> list[str]:
    chased = chase_list(book)
    watched = [one for one in redelivery.watches(book) if one.state == redelivery.CONDITIONAL]
    return [
        f"{len(chased)} entries of {len({row['importer'] for row in chased})} importers have papers to follow",
        f"{len(watched)} were let go under a condition: their importers must be able to bring the goods back",
    ]
