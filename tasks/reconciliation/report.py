"""The accounting report for CBP and the client: its facts, gathered once, and its folder.

`build` gathers the facts, the same for the same book; `write` makes PDF, workbook, Parquet and the
signed manifest of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tasks.reconciliation import (
    report_audit,
    report_book,
    report_deeds,
    report_leave,
    report_letters,
    report_matters,
    report_restore,
    report_rows,
    report_work,
)
from tasks.reconciliation.account import FREE, PLACES, RELEASED, UNACCOUNTED, account
from tasks.reconciliation.report_audit import Proof
from tasks.reconciliation.report_book import Story
from tasks.reconciliation.report_restore import Restored
from tasks.reconciliation.report_rows import LATE, LATE_OPEN, MASK, UNKNOWN
from tasks.reconciliation.report_totals import among, count, counts, every
from tasks.reconciliation.standings import standings
from tasks.shared import clock, manifest
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadInput, Busy
from tasks.shared.journal import Head, Journal, is_drill
from tasks.shared.kinds.people import ApprovalRefused, PersonCodeFailed
from tasks.shared.settings import Broker, Settings
from tasks.workspace import Workspace

_TRIES = 5
CURRENT = "current"
"""Stands for the incident's name where there never was one: a word for file names, not for people."""


@dataclass(frozen=True)
class Report:
    """The facts. Tables have the schemas of the modules that make them; `head` is the place in the
    book that all of it was read at."""

    incident: str
    made: str
    drill: bool
    client: str
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
    work: pa.Table
    stamped: int
    unstamped: tuple[str, ...]
    restore: Restored
    story: Story = field(repr=False)

    @property
    def about(self) -> str:
        """Of which incident, in words."""
        return self.name if self.incident == CURRENT else f"incident {self.name}"

    @property
    def name(self) -> str:
        return "no incident" if self.incident == CURRENT else self.incident

    @property
    def used(self) -> pa.Table:
        """The numbers that left the reserve."""
        return self.numbers.filter(pc.not_equal(self.numbers["place"], FREE))

    @property
    def places(self) -> dict[str, int]:
        """Numbers in each place that is used, in the accounting's order."""
        found = counts(self.numbers["place"])
        return {place: found[place] for place in PLACES if place in found}

    @property
    def lateness(self) -> dict[str, int]:
        """Entries with a summary to file, by how it stands against its due day."""
        return {word: count for word, count in counts(self.numbers["lateness"]).items() if word}

    @property
    def status(self) -> str:
        """Whether the accounting is signed, in words that go on the first page."""
        return self.signed[-1] if self.signed else "NOT SIGNED: this accounting is a draft"

    def figures(self) -> list[dict[str, str]]:
        """The summary: rows of `what` and `figure`, also for a Prefect table artifact."""
        late, places = self.lateness, self.places
        told = [("numbers reserved", len(self.numbers)), *places.items()]
        told += [(UNACCOUNTED, 0)] if UNACCOUNTED not in places else []
        told += [
            ("released on paper", count(among(self.numbers["outcome"], RELEASED))),
            ("summaries late", late.get(LATE, 0) + late.get(LATE_OPEN, 0)),
            ("of these not in ACE yet", late.get(LATE_OPEN, 0)),
            ("lateness not known", late.get(UNKNOWN, 0)),
            ("late by CBP's own flag", count(self.numbers["cbp_late"])),
            ("differences and mishaps found", len(self.matters)),
            ("of these open", count(self.matters["open"])),
            ("open at hour zero", len(self.work)),
            ("of this work still open", count(among(self.work["ended"], (report_work.OPEN,)))),
            ("proofs that fail", sum(not proof.holds for proof in self.proofs)),
        ]
        return [{"what": what, "figure": f"{figure:,}"} for what, figure in told]


def build(
    journal: Journal,
    content: ContentStore,
    settings: Settings,
    incident: str = CURRENT,
    importer: str = "",
) -> Report:
    """The facts of the whole book, read at one head, for CBP; or one client's part of them, by the
    importer's number or (where that is private) name: one client's records are not another's to
    see (19 CFR 111.24).

    Raises BadInput for a name that no file can have, or an importer without an entry,
    ContentMissing, and Busy while others write without a pause.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", incident):
        raise BadInput("incident-name-invalid", incident=incident)
    for _ in range(_TRIES):
        head = journal.head()
        report = _gather(journal, content, settings, incident, head)
        report = one_client(report, importer) if importer else report
        if journal.head() == head:
            return report
    raise Busy("journal-busy")


def _gather(
    journal: Journal, content: ContentStore, settings: Settings, incident: str, head: Head
) -> Report:
    standing = {one.number: one for one in standings(journal)}
    story, made = report_book.read(journal), clock.text()
    rows = report_rows.table(
        account(journal), standing, report_rows.papers(content, standing), story,
        report_book.day(made),
    )  # fmt: skip
    approvals = report_audit.approvals(Workspace(settings, journal=journal))
    stamped, unstamped = report_audit.stamped(rows)
    return Report(
        incident=incident, made=made, drill=is_drill(journal), client="", broker=settings.broker, head=head,
        numbers=rows,
        **every(rows),
        matters=report_matters.table(story, standing),
        proofs=tuple(report_audit.proofs(head, story, rows)),
        approvals=approvals,
        refusals=tuple(f"{mark.at[:16]}Z {_refusal(body)}" for mark, body in story.refusals),
        batches=report_audit.batches(story),
        deeds=report_deeds.deeds(story, rows),
        signed=tuple(_signature(mark, body, approvals) for mark, body in story.signed),
        authorised=report_leave.authorised(journal),
        discretion=report_leave.discretion(journal),
        letters=report_letters.letters(journal), work=report_work.table(journal),
        stamped=stamped, unstamped=tuple(unstamped), story=story,
        restore=report_restore.read(journal, content),
    )  # fmt: skip


def one_client(report: Report, importer: str) -> Report:
    """What of a report may go to one client. The proofs stay those of the whole book. Raises
    BadInput if no entry is this importer's."""
    rows = report.numbers
    own = pc.or_kleene(pc.equal(rows["importer_number"], importer),
                       pc.equal(rows["importer_name"], importer))  # fmt: skip
    rows = rows.filter(own)
    if not len(rows) or importer == MASK:
        raise BadInput("importer-without-entries", importer=importer)
    name = next((one for one in rows["importer_name"].to_pylist() if one), importer)
    sendings = (report.story.sent.get(number, ()) for number in rows["number"].to_pylist())
    batches = {sending.batch for own in sendings for sending in own}
    subjects = pa.array([*rows["number"].to_pylist(), *batches])
    sent = _only(report.batches, "batch", pa.array(sorted(batches), pa.string()))
    stamped, unstamped = report_audit.stamped(rows)
    return replace(
        report, client=name, numbers=rows, **every(rows),
        matters=_only(report.matters, "subject", subjects), batches=sent,
        approvals=_only(report.approvals, "plan", sent["plan"].combine_chunks()),
        deeds=report_deeds.deeds_of(report.story, rows), refusals=(),
        work=report_work.of_client(report.work, importer, name),
        letters=report_letters.of_client(report.letters, rows["number"].to_pylist()),
        discretion=report_leave.of_client(report.discretion, rows["number"].to_pylist()),
        stamped=stamped, unstamped=tuple(unstamped), restore=report_restore.NOTHING,
    )  # fmt: skip


def _only(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table[column], value_set=values))


def _refusal(body: ApprovalRefused | PersonCodeFailed) -> str:
    purpose = f" ({body.purpose})" if isinstance(body, PersonCodeFailed) else ""
    return f"{body.person}: {body.reason}{purpose}"


def _signature(mark: report_book.Mark, body, approvals: pa.Table) -> str:
    own = approvals.filter(pc.equal(approvals["plan"], body.plan)).to_pylist()
    who = ", ".join(f"{row['approved_by']} (licence {row['licence']})" for row in own
                    if row["approved_by"])  # fmt: skip
    return (f"Signed {mark.at[:16]}Z as event {mark.seq}: {body.numbers:,} numbers, approved by "
            f"{who or 'nobody'}, accounting {body.accounting[:16]}")  # fmt: skip


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
    what = f"{mark}accounting {report.name}, book at {report.head.seq} {report.head.digest}"
    return [*paths, manifest.write(folder, home, what)]
