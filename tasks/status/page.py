"""What `continuity status` says: CBP's ten recommendations, and what needs a person, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tasks.approved_acts import title
from tasks.duties.readiness import lines as readiness_lines
from tasks.entries import reserve
from tasks.operations import alerts, upkeep
from tasks.reconciliation.classify import Step, classify
from tasks.reconciliation.covering import without_summary
from tasks.reconciliation.filers import kept_back
from tasks.reconciliation.requests import requests
from tasks.reconciliation.silent import silent
from tasks.reconciliation.standings import standings
from tasks.shared import approval, board, clock
from tasks.shared.ace_tables import BATCHES
from tasks.shared.board import AMBER, RED, Line
from tasks.shared.errors import ContentMissing
from tasks.shared.house_lines import RESERVE
from tasks.shared.journal import Journal
from tasks.shared.kinds import Act
from tasks.shared.projections import APPROVALS, NUMBERS
from tasks.shared.settings import Settings
from tasks.shared.store import EVENTS
from tasks.workspace import Workspace

if TYPE_CHECKING:
    from tasks.workspace import Workspace


def lines(workspace: Workspace) -> list[Line]:
    """The whole board, with what waits in the rooms."""
    journal, settings = workspace.journal, workspace.settings
    found = [
        *_tasks(journal, settings),
        *_uncovered(journal),
        *_requests(journal),
        *_plans(workspace),
        *_batches(journal),
        *_desks(journal),
    ]
    found += [
        *_screening(workspace),
        *_kit(workspace),
        *alerts.lines(journal),
        *upkeep.lines(journal),
    ]
    found += [*_incident(workspace), *_papers(workspace)]
    return [*found, *_other_reserves(journal, settings), *readiness_lines(workspace)]


_NEEDS = (
    (Step.TASK, RED, "released on paper, held in ACE: today"),
    (Step.MEND, RED, "ACE will drop the entry unless it is mended: today"),
    (Step.CANCEL, RED, "did not come in, but stand in ACE: cancel them"),
    (Step.DESK, AMBER, "entries go back to their desks"),
    (Step.OUTSIDE, AMBER, "rejected for a cause outside the record: mend it, then send again"),
    (Step.FORM, AMBER, "entries wait for CBP Form 5106"),
    (Step.CHASE, AMBER, "summaries wait for the importer's data"),
    (Step.SURETY, AMBER, "entries wait for the surety's eBond"),
    (Step.DATE, AMBER, "release dates differ: the port is to post them"),
    (Step.DIFFERS, AMBER, "entries differ from what ACE holds"),
    (Step.PERSON, AMBER, "entries wait for a person's decision"),
)
"""Steps that wait for somebody, what is most urgent first."""

_BY_LETTER = (Step.TASK, Step.FORM, Step.CHASE, Step.SURETY, Step.DATE)


def _tasks(journal: Journal, settings: Settings) -> Iterator[Line]:
    """What entries wait for, since ACE last spoke or a desk last handed in."""
    at: dict[Step, list[str]] = {}
    known = [(one, classify(one)) for one in standings(journal)]
    for one, verdict in known:
        at.setdefault(verdict.step, []).append(one.number)
    if others := kept_back(known, settings):
        first = next(iter(others.values()))
        yield Line("", "entries of another filer code than the settings'", RED,
                   f"{len(others)}: {first.wrong}", "continuity reconcile turn")  # fmt: skip
    spoke = [board.last(journal.rows, kind) for kind in ("answer.read", "entries.recorded")]
    since = max((clock.text(found[0]) for found in spoke if found), default="")
    for step, light, words in _NEEDS:
        if numbers := at.get(step, []):
            fact = f"{len(numbers)}: {', '.join(numbers[:3])}{', ...' if numbers[3:] else ''}"
            letter = step in _BY_LETTER
            command = "letters --out FOLDER" if letter else f'next --step "{step}"'
            yield Line("", words, light, fact, f"continuity reconcile {command}", since)


def _uncovered(journal: Journal) -> Iterator[Line]:
    """Releases that no summary of the book can take."""
    if lines := without_summary(standings(journal)):
        yield Line("", "releases without the summary that is to cover them", AMBER, "; ".join(lines),
                   "continuity entries record FILE, or entries correct")  # fmt: skip


def _requests(journal: Journal) -> Iterator[Line]:
    """What CBP asks of summaries, since it asked last."""
    if open_ := requests(journal):
        numbers = list(dict.fromkeys(one.number for one in open_))
        fact = f"{len(numbers)}: {', '.join(numbers[:3])}{', ...' if numbers[3:] else ''}"
        yield Line("", "CBP asks for papers or acts on summaries", RED, fact,
                   "continuity reconcile requests", max(one.since for one in open_))  # fmt: skip


def _other_reserves(journal: Journal, settings: Settings) -> Iterator[Line]:
    """Series besides entry numbers, which the board has."""
    for one in reserve.standings(journal, settings):
        if one.series != reserve.ENTRY and one.alarm:
            fact = f"{one.free} free, {one.days_left} days at {settings.numbers.daily_volume} a day"
            yield Line(
                "",
                f"reserve of {one.series} numbers",
                RED,
                fact,
                f"{RESERVE} --series {one.series}",
            )


def _plans(workspace: Workspace) -> Iterator[Line]:
    """Plans that wait for approval, and approved acts that were not carried out. Batches that are
    approved go at the pace of the outbound folder."""
    journal, persons = workspace.journal, workspace.settings.approval.persons
    at = _moments(journal, APPROVALS.c.plan, APPROVALS.c.seq)
    for asked in approval.current(journal, persons):
        fact = f"{title(workspace, asked)}, prepared by {asked.preparer}"
        yield Line("", "plan waits for approval", AMBER, fact,
                   f"continuity approve {asked.plan[:12]} --by ID", at[asked.plan])  # fmt: skip
    for asked in approval.ready(journal, persons):
        if asked.act is not Act.SEND_BATCHES:
            fact = f"{title(workspace, asked)}, approved by {', '.join(asked.granted_by)}"
            yield Line("", "approved and not carried out", AMBER, fact,
                       f"continuity approve {asked.plan[:12]} --by ID", at[asked.plan])  # fmt: skip


def _batches(journal: Journal) -> Iterator[Line]:
    query = (
        sa.select(BATCHES.c.batch, EVENTS.c.at)
        .join(EVENTS, EVENTS.c.seq == BATCHES.c.seq)
        .where(~BATCHES.c.written)
    )
    for row in journal.rows(query):
        yield Line(
            "", "batch named but not written", RED, row.batch, "continuity ace batch", row.at
        )
    for one in silent(journal):
        fact = f"{len(one.numbers)} entries: {one.words}"
        yield Line("", "batch without an answer", RED, fact, 'continuity reconcile next --step "wait for ACE"',
                   one.since)  # fmt: skip


def _desks(journal: Journal) -> Iterator[Line]:
    column = NUMBERS.c
    query = (
        sa.select(column.desk, sa.func.count().label("n"), sa.func.max(column.seq).label("seq"))
        .where(column.state == "issued")
        .group_by(column.desk)
        .order_by(column.desk)
    )
    rows = journal.rows(query)
    at = _at(journal, [row.seq for row in rows])
    for row in rows:
        fact = f"{row.n} issued, nothing recorded or voided"
        yield Line("", f"numbers at the desk {row.desk}", AMBER, fact,
                   "continuity entries record FILE, or numbers void", at[row.seq])  # fmt: skip


def _moments(
    journal: Journal, name: sa.ColumnElement[str], seq: sa.ColumnElement[int]
) -> dict[str, str]:
    query = sa.select(name.label("name"), EVENTS.c.at).join(EVENTS, EVENTS.c.seq == seq)
    return {row.name: row.at for row in journal.rows(query)}


def _at(journal: Journal, places: list[int]) -> dict[int, str]:
    query = sa.select(EVENTS.c.seq, EVENTS.c.at).where(EVENTS.c.seq.in_(places))
    return {row.seq: row.at for row in journal.rows(query)}


def _kit(workspace: Workspace) -> list[Line]:
    from tasks.kit.check import watch

    return watch(workspace)


def _papers(workspace: Workspace) -> Iterator[Line]:
    """Letters, agencies and redelivery, once there is something to say of them."""
    from tasks.incident.after import redelivery
    from tasks.incident.letters import chasing, outdated
    from tasks.incident.pga import matrix

    yield from matrix.readiness(workspace)
    yield from chasing.unlettered(workspace)
    if next(workspace.journal.events(kind="letter."), None):
        yield from chasing.readiness(workspace)
        yield from outdated.readiness(workspace)
    yield from redelivery.readiness(workspace)


def _screening(workspace: Workspace) -> Iterator[Line]:
    """Hits that wait for a person, lists that are red or not screened against yet, reviews that fell
    due or were never made of a risky partner; once partners are screened here."""
    from tasks.screening.reasons import text_of
    from tasks.screening.watch import red_lists, red_since, undecided, unscreened

    journal = workspace.journal
    if count := undecided(journal):
        fact = f"{count.undecided} undecided, {count.blocking} of them block a partner"
        yield Line("P9", "screening hits", RED if count.blocking else AMBER, fact,
                   "continuity screen hits", count.since)  # fmt: skip
    if red := red_lists(journal):
        yield Line("P9", "screening lists", RED, text_of(red),
                   "continuity screen lists update DIR, or --download", red_since(journal))  # fmt: skip
    changed, since = unscreened(journal)
    if changed:
        yield Line("P9", "screening", AMBER, f"partners not screened against: {', '.join(changed)}",
                   "continuity screen run", since)  # fmt: skip
    try:
        yield from _not_screened(workspace)
        yield from _reviews(workspace)
    except ContentMissing as lost:
        yield Line("P9", "partner register", RED, str(lost), "continuity journal verify")


def _not_screened(workspace: Workspace) -> Iterator[Line]:
    from tasks.screening.coverage import RUN, waiting
    from tasks.screening.reasons import text_of
    from tasks.screening.watch import red_since, registered

    if registered(workspace.journal) and (found := waiting(workspace)).count:
        next_ = "continuity screen lists update DIR, or --download" if found.red else RUN
        fact = f"{found.count} of {found.partners} not screened: {text_of(found.reasons)}"
        since = red_since(workspace.journal) if found.red else registered(workspace.journal)
        yield Line("P9", "partners", RED, fact, next_, since)


def _reviews(workspace: Workspace) -> Iterator[Line]:
    from tasks.screening.watch import overdue_reviews, unseen

    count, day = overdue_reviews(workspace)
    if count:
        yield Line("P9", "partner reviews", AMBER, f"{count} fell due", "continuity screen risk --due",
                   day)  # fmt: skip
    count, since = unseen(workspace)
    if count:
        yield Line("P9", "risky partners", AMBER, f"{count} of high risk wait for a review, no list names "
                   "them", "continuity screen risk, then screen review", since)  # fmt: skip


def _incident(workspace: Workspace) -> list[Line]:
    """The open incident with its clocks, and whom to tell in one."""
    from tasks.incident import watch

    return watch.lines(workspace)
