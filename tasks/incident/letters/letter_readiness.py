"""What keeps an entry off a letter: its number, missing data (`data/letters/fields.csv`), an agency, CBP."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import sqlalchemy as sa

from tasks.core.errors import BadInput, Problem
from tasks.core.journal.journal import Journal
from tasks.core.journal.table_columns import rows_among
from tasks.core.messages import Reason
from tasks.entries.api import ENTRIES, NUMBERS, SENT, WITH_ANOTHER, EntrySettings, code_meanings
from tasks.incident.agencies.agency_requirements import AgencyDemand, AgencyRules, agency_demands, agency_holds
from tasks.incident.data_tables import DataTable, require_known, table
from tasks.incident.letters.entry_case import GONE, EntryCase, cases
from tasks.incident.letters.entry_documents import EntryDocument, documents_of, missing_documents
from tasks.incident.letters.letter_draft import LetterPart
from tasks.incident.letters.letter_events import LetterGap
from tasks.incident.letters.letter_values import NAMES, release_request, text_of
from tasks.incident.tables import LETTERS
from tasks.incident.timeline.downtime_authorization import LetterAuthorization
from tasks.workspace import Workspace

REQUIRED, LATER, USEFUL, NOT = "R", "A", "O", "-"
MODES = ("truck", "rail", "air", "ocean", "other")


@dataclass(frozen=True)
class LetterGaps:
    """`missing`: problems, by title of the field, without which no letter goes out; `follows`: what
    is to be chased."""

    missing: tuple[Problem, ...]
    follows: tuple[LetterGap, ...]


def mode_fields(home: Path) -> DataTable:
    """Raises BadInput if the broker's own file names a field or a need that there is not."""
    fields = table(home, "letters", "fields.csv")
    require_known(fields, "field", NAMES)
    for mode in MODES:
        require_known(fields, mode, (REQUIRED, LATER, USEFUL, NOT))
    return fields


def letter_gaps(case: EntryCase, fields: DataTable) -> LetterGaps:
    """What this entry lacks for its mode and port."""
    missing, follows = list[Problem](), list[LetterGap]()
    for row in required_fields(fields, case.port):
        need = row[case.mode]
        if need in (REQUIRED, LATER) and not text_of(case, row["field"]):
            if need == REQUIRED:
                missing.append(_missing(case, row))
            else:
                follows.append(LetterGap(kind="value", name=row["title"]))
    return LetterGaps(tuple(missing), tuple(follows))


def _missing(case: EntryCase, row: dict[str, str]) -> Problem:
    if case.opened.get(row["field"]) == GONE:
        return Problem(file=case.number, column=row["title"], code="letter-value-purged")
    return Problem(
        file=case.number,
        column=row["title"],
        code="letter-value-missing",
        values={"field": row["field"], "mode": case.mode, "mark": row["mark"], "source": row["source"]},
    )


def required_fields(fields: DataTable, port: str) -> list[dict[str, str]]:
    """A row a field: the one for this port where there is one, in the order of the file."""
    rows: dict[str, dict[str, str]] = {}
    for row in fields.rows:
        ports = row["ports"].split()
        if port in ports or (not ports and row["field"] not in rows):
            rows[row["field"]] = row
    return list(rows.values())


_NUMBER = "Entry number"
CLOSED = ("refused", "exported", "cleared otherwise")
RELEASED = ("released", "provisional")


@dataclass(frozen=True)
class EntryReadiness:
    """One entry and what keeps it back. `live`: the letter that counts for it now, empty if none."""

    number: str
    port: str
    live: str
    problems: tuple[Problem, ...]
    part: LetterPart | None = field(repr=False, default=None)

    @property
    def clean(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class LetterRules:
    """The tables that letters rest on, and what is known of agencies; read once."""

    workspace: Workspace
    fields: DataTable
    documents: DataTable
    agencies: AgencyRules

    @classmethod
    def of(cls, workspace: Workspace) -> LetterRules:
        home = workspace.settings.home
        return cls(workspace, mode_fields(home), table(home, "letters", "documents.csv"), AgencyRules(workspace))


def entry_readiness(rules: LetterRules, numbers: Sequence[str], again: bool) -> list[EntryReadiness]:
    """Each number with its part of a letter, or why it cannot be on one. `again`: a letter that is
    there already is no hindrance."""
    workspace = rules.workspace
    recorded = {case.number: case for case in cases(workspace, numbers)}
    live = letters_of(workspace.journal, numbers)
    have = documents_of(workspace.journal, numbers)
    accepted = _accepted(workspace.journal, numbers)
    readiness: list[EntryReadiness] = []
    for number in dict.fromkeys(numbers):
        if (case := recorded.get(number)) is None:
            readiness.append(EntryReadiness(number, "", "", (_unrecorded(workspace, number),)))
            continue
        demands = tuple(agency_demands(rules.agencies, case))
        problems = [
            *_unusable(case, live.get(number, ""), again),
            *letter_gaps(case, rules.fields).missing,
            *_agency_problems(number, demands),
        ]
        part = _part(rules, case, demands, have[number], number in accepted)
        readiness.append(EntryReadiness(number, case.port, live.get(number, ""), tuple(problems), part))
    return readiness


def entries_to_letter(journal: Journal, port: str) -> list[str]:
    """The entries of a port that are recorded, and that it neither released nor closed, on no letter
    yet: what a letter for the whole port asks for. A released one goes on a letter only by name."""
    query = _waiting().where(ENTRIES.c.port == port, ENTRIES.c.outcome.not_in(RELEASED))
    return [row.number for row in journal.rows(query)]


@dataclass(frozen=True)
class PortDecision:
    """Entries without a letter that a letter for the whole port leaves out: what the port did."""

    outcome: str
    numbers: tuple[str, ...]

    @property
    def reason(self) -> Reason:
        numbers = ", ".join(self.numbers)
        if self.outcome in RELEASED:
            return Reason("port-entries-released", outcome=self.outcome, numbers=numbers)
        return Reason("port-entries-closed", outcome=self.outcome, numbers=numbers)


def entries_decided_by_port(journal: Journal, port: str) -> list[PortDecision]:
    """What `waiting` leaves out of the port's entries that are recorded and on no letter, by what the
    port did."""
    query = _unlettered().where(ENTRIES.c.port == port, ENTRIES.c.outcome.in_((*RELEASED, *CLOSED)))
    by_outcome: dict[str, list[str]] = {}
    for row in journal.rows(query.add_columns(ENTRIES.c.outcome)):
        by_outcome.setdefault(row.outcome, []).append(row.number)
    return [PortDecision(outcome, tuple(numbers)) for outcome, numbers in sorted(by_outcome.items())]


def entries_without_letter(journal: Journal) -> dict[str, list[str]]:
    """All of them that are not released either, by port; those without a port under an empty one."""
    by_port: dict[str, list[str]] = {}
    for row in journal.rows(_waiting().where(ENTRIES.c.outcome.not_in(RELEASED))):
        by_port.setdefault(row.port, []).append(row.number)
    return dict(sorted(by_port.items()))


def _waiting() -> sa.Select[tuple[str, str]]:
    return _unlettered().where(ENTRIES.c.outcome.not_in(CLOSED))


def _unlettered() -> sa.Select[tuple[str, str]]:
    return (
        sa.select(ENTRIES.c.number, ENTRIES.c.port)
        .join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
        .outerjoin(LETTERS, LETTERS.c.live == ENTRIES.c.number)
        .where(NUMBERS.c.state == "recorded", LETTERS.c.live.is_(None))
        .order_by(ENTRIES.c.number)
    )


def require_port(workspace: Workspace, port: str) -> None:
    """Raises BadInput for a port that neither the list nor the settings know."""
    if port not in code_meanings("port") and port not in workspace.settings(EntrySettings).further_ports:
        problem = Problem(column="port", code="grant-port-not-listed", values={"port": port})
        raise BadInput("letter-not-drafted", [problem])


def leave_problems(authorization: LetterAuthorization, ports: Iterable[str], day: date) -> list[Problem]:
    """Why CBP's authorization does not cover these ports today."""
    problems = (authorization.lacking(port, day) for port in sorted(set(ports)))
    return [problem for problem in problems if problem is not None]


def letters_of(journal: Journal, numbers: Sequence[str]) -> dict[str, str]:
    """The letter that counts for each number that has one."""
    query = sa.select(LETTERS.c.live, LETTERS.c.letter)
    return {row.live: row.letter for row in rows_among(journal.rows, query, LETTERS.c.live, list(numbers))}


def follow_up_gaps(rules: LetterRules, case: EntryCase, have: Sequence[EntryDocument]) -> tuple[LetterGap, ...]:
    """What is still to come of an entry."""
    titles = letter_gaps(case, rules.fields).follows
    return (*titles, *missing_documents(case, have, rules.documents.rows))


def _part(
    rules: LetterRules,
    case: EntryCase,
    demands: tuple[AgencyDemand, ...],
    have: Sequence[EntryDocument],
    accepted: bool,
) -> LetterPart:
    return LetterPart(case, release_request(case), follow_up_gaps(rules, case, have), demands, tuple(have), accepted)


def _unrecorded(workspace: Workspace, number: str) -> Problem:
    rows = workspace.journal.rows(sa.select(NUMBERS).where(NUMBERS.c.number == number))
    at = Problem(file=number, column=_NUMBER, value=number)
    if not rows:
        return replace(at, code="letter-number-not-in-reserve")
    row = rows[0]
    if row.state == "issued":
        return replace(at, code="letter-entry-not-recorded", values={"desk": row.desk})
    return replace(at, code="letter-number-not-usable", values={"state": row.state, "desk": row.desk, "note": row.note})


def _unusable(case: EntryCase, live: str, again: bool) -> Iterable[Problem]:
    if case.state == WITH_ANOTHER:
        yield Problem(
            file=case.number, column=_NUMBER, code="letter-entry-with-other-broker", values={"note": case.note}
        )
    elif case.state != "recorded":
        yield Problem(file=case.number, column=_NUMBER, code="letter-not-needed", values={"state": case.state})
    elif case.outcome in CLOSED:
        yield Problem(file=case.number, column="What the port did", value=case.outcome, code="letter-port-done")
    if live and not again:
        yield Problem(file=case.number, column="Letter", value=live, code="letter-already-issued-for-entry")


def _agency_problems(number: str, demands_: Iterable[AgencyDemand]) -> Iterable[Problem]:
    for hold in agency_holds(demands_):
        yield Problem(
            file=number,
            column="Agency",
            value=hold.agency,
            code="agency-holds-entry",
            values={
                "number": number,
                "agency": hold.agency,
                "program": hold.program,
                "lines": hold.lines,
                "reason": hold.reason,
                "paper": hold.paper,
                "route": hold.route,
                "mark": hold.confidence,
            },
        )


def _accepted(journal: Journal, numbers: Sequence[str]) -> set[str]:
    query = sa.select(SENT.c.number).where(SENT.c.application == "SE")
    query = query.where(SENT.c.state.in_(("taken", "found")))
    return {row.number for row in rows_among(journal.rows, query, SENT.c.number, list(numbers))}
