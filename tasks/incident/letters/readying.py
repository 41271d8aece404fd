"""What stands in the way of a letter, entry by entry: a number that cannot be used, data that CBP wants on
it, an agency whose paper is missing, CBP's leave. Everything else follows later and is chased."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import sqlalchemy as sa

from tasks.entries import codes
from tasks.incident.letters import documents, needs
from tasks.incident.letters.authorisation import Leave
from tasks.incident.letters.case import Case, cases
from tasks.incident.letters.draft import Part
from tasks.incident.letters.tables import Table, table
from tasks.incident.letters.values import asks
from tasks.incident.pga.demands import Agencies, Demand, demands, held
from tasks.shared.ace_tables import SENT
from tasks.shared.errors import BadInput, Problem
from tasks.shared.journal import Journal
from tasks.shared.kinds.letters import LetterGap
from tasks.shared.messages import Reason
from tasks.shared.projections import ENTRIES, LETTERS, NUMBERS, WITH_ANOTHER, among
from tasks.workspace import Workspace

_NUMBER = "Entry number"
CLOSED = ("refused", "exported", "cleared otherwise")
RELEASED = ("released", "provisional")


@dataclass(frozen=True)
class Ready:
    """One entry and what keeps it back. `live`: the letter that counts for it now, empty if none."""

    number: str
    port: str
    live: str
    problems: tuple[Problem, ...]
    part: Part | None = field(repr=False, default=None)

    @property
    def clean(self) -> bool:
        return not self.problems


@dataclass(frozen=True)
class Rules:
    """The tables that letters rest on, and what is known of agencies; read once."""

    workspace: Workspace
    fields: Table
    documents: Table
    office: Agencies

    @classmethod
    def of(cls, workspace: Workspace) -> Rules:
        home = workspace.settings.home
        return cls(
            workspace,
            needs.fields(home),
            table(home, "letters", "documents.csv"),
            Agencies(workspace),
        )


def ready(rules: Rules, numbers: Sequence[str], again: bool) -> list[Ready]:
    """Each number with its part of a letter, or why it cannot be on one. `again`: a letter that is
    there already is no hindrance."""
    book = rules.workspace
    known = {case.number: case for case in cases(book, numbers)}
    live = letters_of(book.journal, numbers)
    have = documents.attached(book.journal, numbers)
    accepted = _accepted(book.journal, numbers)
    found = []
    for number in dict.fromkeys(numbers):
        if (case := known.get(number)) is None:
            found.append(Ready(number, "", "", (_unrecorded(book, number),)))
            continue
        wanted = tuple(demands(rules.office, case))
        problems = [
            *_unusable(case, live.get(number, ""), again),
            *needs.gaps(case, rules.fields).missing,
            *_held(number, wanted),
        ]
        part = _part(rules, case, wanted, have[number], number in accepted)
        found.append(Ready(number, case.port, live.get(number, ""), tuple(problems), part))
    return found


def waiting(journal: Journal, port: str) -> list[str]:
    """The entries of a port that are recorded, and that it neither released nor closed, on no letter
    yet: what a letter for the whole port asks for. A released one goes on a letter only by name."""
    query = _waiting().where(ENTRIES.c.port == port, ENTRIES.c.outcome.not_in(RELEASED))
    return [row.number for row in journal.rows(query)]


@dataclass(frozen=True)
class Decided:
    """Entries without a letter that a letter for the whole port leaves out: what the port did."""

    outcome: str
    numbers: tuple[str, ...]

    @property
    def reason(self) -> Reason:
        numbers = ", ".join(self.numbers)
        if self.outcome in RELEASED:
            return Reason("port-entries-released", outcome=self.outcome, numbers=numbers)
        return Reason("port-entries-closed", outcome=self.outcome, numbers=numbers)


def decided(journal: Journal, port: str) -> list[Decided]:
    """What `waiting` leaves out of the port's entries that are recorded and on no letter, by what the
    port did."""
    query = _unlettered().where(ENTRIES.c.port == port, ENTRIES.c.outcome.in_((*RELEASED, *CLOSED)))
    found: dict[str, list[str]] = {}
    for row in journal.rows(query.add_columns(ENTRIES.c.outcome)):
        found.setdefault(row.outcome, []).append(row.number)
    return [Decided(outcome, tuple(some)) for outcome, some in sorted(found.items())]


def without(journal: Journal) -> dict[str, list[str]]:
    """All of them that are not released either, by port; those without a port under an empty one."""
    found: dict[str, list[str]] = {}
    for row in journal.rows(_waiting().where(ENTRIES.c.outcome.not_in(RELEASED))):
        found.setdefault(row.port, []).append(row.number)
    return dict(sorted(found.items()))


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
    if port not in codes.meanings("port") and port not in workspace.settings.entries.further_ports:
        problem = Problem(column="port", code="grant-port-not-listed", values={"port": port})  # fmt: skip
        raise BadInput("letter-not-drafted", [problem])


def leave_problems(leave: Leave, ports: Iterable[str], day: date) -> list[Problem]:
    """Why CBP's leave does not cover these ports today."""
    problems = (leave.lacking(port, day) for port in sorted(set(ports)))
    return [problem for problem in problems if problem is not None]


def letters_of(journal: Journal, numbers: Sequence[str]) -> dict[str, str]:
    """The letter that counts for each number that has one."""
    query = sa.select(LETTERS.c.live, LETTERS.c.letter)
    return {
        row.live: row.letter for row in among(journal.rows, query, LETTERS.c.live, list(numbers))
    }


def follows(rules: Rules, case: Case, have: Sequence[documents.Attached]) -> tuple[LetterGap, ...]:
    """What is still to come of an entry."""
    titles = needs.gaps(case, rules.fields).follows
    return (*titles, *documents.lacking(case, have, rules.documents.rows))


def _part(rules: Rules, case: Case, wanted: tuple[Demand, ...],
          have: Sequence[documents.Attached], accepted: bool) -> Part:  # fmt: skip
    return Part(case, asks(case), follows(rules, case, have), wanted, tuple(have), accepted)


def _unrecorded(workspace: Workspace, number: str) -> Problem:
    rows = workspace.journal.rows(sa.select(NUMBERS).where(NUMBERS.c.number == number))
    at = Problem(file=number, column=_NUMBER, value=number)
    if not rows:
        return replace(at, code="letter-number-not-in-reserve")
    row = rows[0]
    if row.state == "issued":
        return replace(at, code="letter-entry-not-recorded", values={"desk": row.desk})
    return replace(
        at,
        code="letter-number-not-usable",
        values={"state": row.state, "desk": row.desk, "note": row.note},
    )


def _unusable(case: Case, live: str, again: bool) -> Iterable[Problem]:
    if case.state == WITH_ANOTHER:
        yield Problem(
            file=case.number,
            column=_NUMBER,
            code="letter-entry-with-other-broker",
            values={"note": case.note},
        )
    elif case.state != "recorded":
        yield Problem(
            file=case.number,
            column=_NUMBER,
            code="letter-not-needed",
            values={"state": case.state},
        )
    elif case.outcome in CLOSED:
        yield Problem(
            file=case.number,
            column="What the port did",
            value=case.outcome,
            code="letter-port-done",
        )
    if live and not again:
        yield Problem(
            file=case.number, column="Letter", value=live, code="letter-already-issued-for-entry"
        )


def _held(number: str, demands_: Iterable[Demand]) -> Iterable[Problem]:
    for hold in held(demands_):
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
                "mark": hold.mark,
            },
        )


def _accepted(journal: Journal, numbers: Sequence[str]) -> set[str]:
    query = sa.select(SENT.c.number).where(SENT.c.application == "SE")
    query = query.where(SENT.c.state.in_(("taken", "found")))
    return {row.number for row in among(journal.rows, query, SENT.c.number, list(numbers))}
