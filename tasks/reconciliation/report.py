"""The accounting report for CBP and the client: its facts, gathered once, and its folder.

    build(journal, content, settings, incident) -> Report     facts only, the same for the same book
    write(report, folder, home) -> the files                  PDF, workbook, Parquet, signed manifest
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tasks.reconciliation import report_audit, report_book, report_matters, report_rows
from tasks.reconciliation.account import FREE, PLACES, RELEASED, UNACCOUNTED, account
from tasks.reconciliation.report_audit import Proof
from tasks.reconciliation.report_rows import LATE, LATE_OPEN, UNKNOWN
from tasks.reconciliation.view import standings
from tasks.shared import clock, manifest
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadInput, Refused
from tasks.shared.journal import Head, Journal, is_drill
from tasks.shared.settings import Broker, Settings

RESERVE, NO_IMPORTER = "(reserve)", "(not recorded)"
SUMS = ("in all", "released on paper", "summary in ACE", "late", "differ", "paper value", "ACE value")
"""Columns of every totals table after its own keys and the places: counts, then whole dollars."""

_TRIES = 5


@dataclass(frozen=True)
class Report:
    """The facts. Tables have the schemas of the modules that make them; `head` is the place in the
    book that all of it was read at."""

    incident: str
    made: str
    drill: bool
    broker: Broker
    head: Head
    numbers: pa.Table
    desks: pa.Table
    ports: pa.Table
    importers: pa.Table
    matters: pa.Table
    proofs: tuple[Proof, ...]
    approvals: pa.Table
    refusals: tuple[str, ...]
    batches: pa.Table
    deeds: pa.Table
    signed: tuple[str, ...]
    authorised: pa.Table
    discretion: pa.Table
    letters: pa.Table
    stamped: int
    unstamped: tuple[str, ...]

    @property
    def used(self) -> pa.Table:
        """The numbers that left the reserve."""
        return self.numbers.filter(pc.not_equal(self.numbers["place"], FREE))

    @property
    def places(self) -> dict[str, int]:
        """Numbers in each place that is used, in the accounting's order."""
        found = _counts(self.numbers["place"])
        return {place: found[place] for place in PLACES if place in found}

    @property
    def lateness(self) -> dict[str, int]:
        """Entries with a summary to file, by how it stands against its due day."""
        return {word: count for word, count in _counts(self.numbers["lateness"]).items() if word}

    @property
    def status(self) -> str:
        """Whether the accounting is signed, in words that go on the first page."""
        return self.signed[-1] if self.signed else "NOT SIGNED: this accounting is a draft"

    def figures(self) -> list[dict[str, str]]:
        """The summary: rows of `what` and `figure`, also for a Prefect table artifact."""
        late, places = self.lateness, self.places
        told = [("numbers reserved", len(self.numbers)), *places.items()]
        told += [("unaccounted for", 0)] if UNACCOUNTED not in places else []
        told += [
            ("released on paper", _sum(_among(self.numbers["outcome"], RELEASED))),
            ("summaries late", late.get(LATE, 0) + late.get(LATE_OPEN, 0)),
            ("of these still open", late.get(LATE_OPEN, 0)),
            ("lateness not known", late.get(UNKNOWN, 0)),
            ("late by CBP's own flag", _sum(self.numbers["cbp_late"])),
            ("matters found", len(self.matters)),
            ("matters open", _sum(self.matters["open"])),
            ("proofs that fail", sum(not proof.holds for proof in self.proofs)),
        ]
        return [{"what": what, "figure": f"{figure:,}"} for what, figure in told]


def build(
    journal: Journal, content: ContentStore, settings: Settings, incident: str = "current"
) -> Report:
    """The facts of the whole book, read at one head. Raises BadInput for a name that no file can
    have, ContentMissing, and Refused while others write without a pause."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", incident):
        raise BadInput(f"{incident!r} names no incident: lower case letters, digits and dashes")
    for _ in range(_TRIES):
        head = journal.head()
        report = _gather(journal, content, settings, incident, head)
        if journal.head() == head:
            return report
    raise Refused("The book is being written to all the time; make the report when it rests")


def _gather(
    journal: Journal, content: ContentStore, settings: Settings, incident: str, head: Head
) -> Report:
    standing = {one.number: one for one in standings(journal)}
    story, made = report_book.read(journal), clock.text()
    rows = report_rows.table(
        account(journal), standing, report_rows.papers(content, standing), story,
        report_book.day(made),
    )  # fmt: skip
    approvals = report_audit.approvals(journal)
    stamped, unstamped = report_audit.stamped(rows)
    return Report(
        incident=incident, made=made, drill=is_drill(journal), broker=settings.broker, head=head,
        numbers=rows,
        desks=totals(rows, {"desk": RESERVE, "port": ""}),
        ports=totals(rows, {"port": RESERVE}),
        importers=totals(rows, {"importer_number": NO_IMPORTER, "importer_name": ""}),
        matters=report_matters.table(story, standing),
        proofs=tuple(report_audit.proofs(journal, story, rows)),
        approvals=approvals,
        refusals=tuple(f"{mark.at[:16]}Z {why}" for mark, why in story.refusals),
        batches=report_audit.batches(story),
        deeds=report_audit.deeds(story, rows),
        signed=tuple(_signature(mark, body, approvals) for mark, body in story.signed),
        authorised=report_audit.recorded(journal, "incident.", "authoris"),
        discretion=report_audit.recorded(journal, "incident.", "discretion"),
        letters=report_audit.recorded(journal, "letter."),
        stamped=stamped, unstamped=tuple(unstamped),
    )  # fmt: skip


def _signature(mark: report_book.Mark, body, approvals: pa.Table) -> str:  # type: ignore[no-untyped-def]
    own = approvals.filter(pc.equal(approvals["plan"], body.plan)).to_pylist()
    who = ", ".join(f"{row['approved_by']} (licence {row['licence']})" for row in own
                    if row["approved_by"])  # fmt: skip
    return (f"Signed {mark.at[:16]}Z as event {mark.seq}: {body.numbers:,} numbers, approved by "
            f"{who or 'nobody'}, accounting {body.accounting[:16]}")  # fmt: skip


def totals(rows: pa.Table, keys: Mapping[str, str]) -> pa.Table:
    """One row for each value of the keys (each with the word for its absence): numbers in each
    place that is used, then `SUMS`. Every column sums to that of the rows."""
    import pandas as pd

    frame = pd.DataFrame(
        {key: pc.replace_with_mask(
            filled := pc.fill_null(rows[key], word).combine_chunks(), pc.equal(filled, ""), word
        ).to_pylist() for key, word in keys.items()}
    )  # fmt: skip
    places = [place for place in PLACES if place in set(rows["place"].to_pylist())]
    for place in places:
        frame[place] = pc.equal(rows["place"], place).to_numpy().astype("int64")
    for name, column in _sums(rows).items():
        frame[name] = column
    summed = frame.groupby(list(keys), sort=True, as_index=False).sum()
    return pa.Table.from_pandas(summed[[*keys, *places, *SUMS]], preserve_index=False)


def _sums(rows: pa.Table) -> dict[str, object]:
    flags = {
        "in all": pc.is_valid(rows["number"]),
        "released on paper": _among(rows["outcome"], RELEASED),
        "summary in ACE": pc.is_valid(rows["summary_in_ace"]),
        "late": _among(rows["lateness"], (LATE, LATE_OPEN)),
        "differ": pc.or_(pc.is_valid(rows["differences"]),
                         pc.fill_null(rows["release_differs"], False)),
        "paper value": pc.fill_null(rows["paper_value"], 0),
        "ACE value": pc.fill_null(rows["ace_value"], 0),
    }  # fmt: skip
    return {name: column.to_numpy().astype("int64") for name, column in flags.items()}


def _among(column: pa.ChunkedArray, values: tuple[str, ...]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(values))


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return {one["values"]: one["counts"] for one in pc.value_counts(column).to_pylist()}


def _sum(flags: pa.ChunkedArray) -> int:
    return int(pc.sum(flags).as_py() or 0)


def write(report: Report, folder: Path, home: Path) -> list[Path]:
    """Write `accounting-<incident>.pdf`, `.xlsx`, `.parquet` and the manifest that the host signs.
    Writing again replaces them. Returns the files, the manifest last."""
    from tasks.reconciliation import report_pdf, report_tables
    from tasks.shared.files import write_atomic

    name = f"accounting-{report.incident}"
    made = {
        f"{name}.pdf": report_pdf.render(report),
        f"{name}.xlsx": report_tables.workbook(report),
        f"{name}.parquet": report_tables.parquet(report),
    }
    paths = [write_atomic(folder / file, data) for file, data in made.items()]
    mark = "DRILL " if report.drill else ""
    what = f"{mark}accounting {report.incident}, book at {report.head.seq} {report.head.digest}"
    return [*paths, manifest.write(folder, home, what)]
