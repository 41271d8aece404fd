"""The facts of the accounting report for CBP and the client, gathered once: the same for the same journal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa

from tasks.core import arrow_compute as pc, clock
from tasks.core.arrow_compute import to_list
from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, Busy
from tasks.core.journal.journal import Event, Journal, JournalHead, is_drill
from tasks.core.settings import BrokerSettings, Settings
from tasks.reconciliation.accounting import open_work
from tasks.reconciliation.accounting.actor_activity import activity_of_entries, activity_table
from tasks.reconciliation.accounting.audit_tables import (
    AuditProof,
    approval_rows,
    audit_proofs,
    authorization_table,
    batch_rows,
    discretion_of_client,
    discretion_table,
    stamped_copies,
)
from tasks.reconciliation.accounting.discrepancy_table import discrepancy_rows
from tasks.reconciliation.accounting.downtime_letters import letter_table, letters_of_client
from tasks.reconciliation.accounting.number_account import FREE, PLACES, RELEASED, UNACCOUNTED, account_numbers
from tasks.reconciliation.accounting.number_history import EventPosition, NumberHistory, read_history, washington_day
from tasks.reconciliation.accounting.open_work import work_of_client, work_table
from tasks.reconciliation.accounting.report_rows import (
    LATE,
    LATE_OPEN,
    MASK,
    UNKNOWN,
    count_true,
    is_among,
    number_rows,
    paper_entries,
    scrub_private,
    totals_tables,
    value_counts,
)
from tasks.reconciliation.events import ProductionExported, ProductionNumbered, ProductionRestored
from tasks.reconciliation.restore.number_recovery import LACKING, STRAY
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.security.api import ApprovalRefused, PersonCodeFailed
from tasks.workspace import Workspace

_NAMES = (
    "number",
    "what",
    "books",
    "entry_type",
    "port",
    "importer",
    "accepted",
    "version",
    "summary",
    "release",
    "release_date",
    "owed",
    "seen_in",
)
SCHEMA = pa.schema([(name, pa.string()) for name in _NAMES])


@dataclass(frozen=True)
class ReportedRestores:
    """`lines` for the auditor's page; `rows`: what our records lacked when the next number was named
    last, with `SCHEMA`."""

    lines: tuple[str, ...]
    rows: pa.Table


NOTHING = ReportedRestores((), SCHEMA.empty_table())


def read_restores(journal: Journal, content: ContentStore) -> ReportedRestores:
    """All that the journal says of restores. Raises ContentMissing."""
    events = [*journal.events(kind="production.")]
    numbered = [event.said for event in events if isinstance(event.said, ProductionNumbered)]
    rows = json.loads(content.get(numbered[-1].content)) if numbered else []
    lacking = [{name: row[name] for name in _NAMES} for row in rows if row["books"] in (LACKING, STRAY)]
    table = scrub_private(pa.Table.from_pylist(lacking, SCHEMA))
    return ReportedRestores(tuple(text for event in events for text in _restore_lines(event)), table)


def _restore_lines(event: Event) -> Iterator[str]:
    body, at = event.said, f"{event.at[:16]}Z ({event.actor})"
    if isinstance(body, ProductionRestored):
        counter = f", its counter at {body.counter}" if body.counter is not None else ""
        yield (
            f"{at}: production restored from the backup of {body.last_backup}, ACE asked up to {body.cut_off}{counter}"
        )
    if isinstance(body, ProductionNumbered):
        yield (
            f"{at}: ACE holds {body.lacking} number(s) that our books lack; production goes on "
            f"with {body.number}, above {body.highest or 'none'} ({body.seen_in})"
        )
    if isinstance(body, ProductionExported):
        private = ", private values in the clear" if body.private else ""
        yield f"{at}: {len(body.numbers)} settled entries handed to production{private}"


_TRIES = 5
CURRENT = "current"
"""Stands for the incident's name where there never was one: a word for file names, not for people."""


@dataclass(frozen=True)
class AccountingReport:
    """The facts. Tables have the schemas of the modules that make them; `head` is the place in the
    book that all of it was read at."""

    incident: str
    made_at: str
    drill: bool
    client: str
    broker: BrokerSettings
    head: JournalHead
    numbers: pa.Table
    desks: pa.Table
    ports: pa.Table
    importers: pa.Table
    discrepancies: pa.Table
    proofs: tuple[AuditProof, ...]
    approvals: pa.Table
    refusals: tuple[str, ...]
    batches: pa.Table
    activities: pa.Table
    signed: tuple[str, ...]
    authorizations: pa.Table
    discretion: pa.Table
    letters: pa.Table
    work: pa.Table
    stamped: int
    unstamped: tuple[str, ...]
    restore: ReportedRestores
    history: NumberHistory = field(repr=False)

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
        counts = value_counts(self.numbers["place"])
        return {place: counts[place] for place in PLACES if place in counts}

    @property
    def lateness(self) -> dict[str, int]:
        """Entries with a summary to file, by how it stands against its due day."""
        return {status: count for status, count in value_counts(self.numbers["lateness"]).items() if status}

    @property
    def status(self) -> str:
        """Whether the accounting is signed, in words that go on the first page."""
        return self.signed[-1] if self.signed else "NOT SIGNED: this accounting is a draft"

    def figures(self) -> list[dict[str, str]]:
        """The summary: rows of `what` and `figure`, also for a Prefect table artifact."""
        late, places = self.lateness, self.places
        figures = [("numbers reserved", len(self.numbers)), *places.items()]
        figures += [(UNACCOUNTED, 0)] if UNACCOUNTED not in places else []
        figures += [
            ("released on paper", count_true(is_among(self.numbers["outcome"], RELEASED))),
            ("summaries late", late.get(LATE, 0) + late.get(LATE_OPEN, 0)),
            ("of these not in ACE yet", late.get(LATE_OPEN, 0)),
            ("lateness not known", late.get(UNKNOWN, 0)),
            ("late by CBP's own flag", count_true(self.numbers["cbp_late"])),
            ("differences and mishaps found", len(self.discrepancies)),
            ("of these open", count_true(self.discrepancies["open"])),
            ("open at hour zero", len(self.work)),
            ("of this work still open", count_true(is_among(self.work["ended"], (open_work.OPEN,)))),
            ("proofs that fail", sum(not proof.holds for proof in self.proofs)),
        ]
        return [{"what": what, "figure": f"{figure:,}"} for what, figure in figures]


def build_report(
    journal: Journal, content: ContentStore, settings: Settings, incident: str = CURRENT, importer: str = ""
) -> AccountingReport:
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
        report = _gather_report(journal, content, settings, incident, head)
        report = one_client(report, importer) if importer else report
        if journal.head() == head:
            return report
    raise Busy("journal-busy")


def _gather_report(
    journal: Journal, content: ContentStore, settings: Settings, incident: str, head: JournalHead
) -> AccountingReport:
    entries = {entry.number: entry for entry in list_entry_states(journal)}
    history, made_at = read_history(journal), clock.text()
    rows = number_rows(
        account_numbers(journal), entries, paper_entries(content, entries), history, washington_day(made_at)
    )
    approvals = approval_rows(Workspace(settings, journal=journal))
    stamped, unstamped = stamped_copies(rows)
    return AccountingReport(
        incident=incident,
        made_at=made_at,
        drill=is_drill(journal),
        client="",
        broker=settings(BrokerSettings),
        head=head,
        numbers=rows,
        **totals_tables(rows),
        discrepancies=discrepancy_rows(history, entries),
        proofs=tuple(audit_proofs(head, history, rows)),
        approvals=approvals,
        refusals=tuple(f"{position.at[:16]}Z {_refusal_text(body)}" for position, body in history.refusals),
        batches=batch_rows(history),
        activities=activity_table(history, rows),
        signed=tuple(_signature_text(position, body, approvals) for position, body in history.signed),
        authorizations=authorization_table(journal),
        discretion=discretion_table(journal),
        letters=letter_table(journal),
        work=work_table(journal),
        stamped=stamped,
        unstamped=tuple(unstamped),
        history=history,
        restore=read_restores(journal, content),
    )


def one_client(report: AccountingReport, importer: str) -> AccountingReport:
    """What of a report may go to one client. The proofs stay those of the whole book. Raises
    BadInput if no entry is this importer's."""
    rows = report.numbers
    is_own = pc.or_kleene(pc.equal(rows["importer_number"], importer), pc.equal(rows["importer_name"], importer))
    rows = rows.filter(is_own)
    if not len(rows) or importer == MASK:
        raise BadInput("importer-without-entries", importer=importer)
    name = next((value for value in to_list(rows["importer_name"]) if value), importer)
    sendings = (report.history.sent.get(number, ()) for number in to_list(rows["number"]))
    batches = {sending.batch for is_own in sendings for sending in is_own}
    subjects = pa.array([*to_list(rows["number"]), *batches])
    sent = _rows_among(report.batches, "batch", pa.array(sorted(batches), pa.string()))
    stamped, unstamped = stamped_copies(rows)
    return replace(
        report,
        client=name,
        numbers=rows,
        **totals_tables(rows),
        discrepancies=_rows_among(report.discrepancies, "subject", subjects),
        batches=sent,
        approvals=_rows_among(report.approvals, "plan", sent["plan"].combine_chunks()),
        activities=activity_of_entries(report.history, rows),
        refusals=(),
        work=work_of_client(report.work, importer, name),
        letters=letters_of_client(report.letters, pc.to_list(rows["number"])),
        discretion=discretion_of_client(report.discretion, pc.to_list(rows["number"])),
        stamped=stamped,
        unstamped=tuple(unstamped),
        restore=NOTHING,
    )


def _rows_among(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table[column], value_set=values))


def _refusal_text(body: ApprovalRefused | PersonCodeFailed) -> str:
    purpose = f" ({body.purpose})" if isinstance(body, PersonCodeFailed) else ""
    return f"{body.person}: {body.reason}{purpose}"


def _signature_text(position: EventPosition, body, approvals: pa.Table) -> str:
    signatures = to_list(approvals.filter(pc.equal(approvals["plan"], body.plan)))
    who = ", ".join(f"{row['approved_by']} (licence {row['licence']})" for row in signatures if row["approved_by"])
    return (
        f"Signed {position.at[:16]}Z as event {position.seq}: {body.numbers:,} numbers, approved by "
        f"{who or 'nobody'}, accounting {body.accounting[:16]}"
    )
