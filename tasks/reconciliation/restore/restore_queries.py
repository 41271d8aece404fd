"""After a restore of production: ACE is asked what it took since the last good backup.

EQ by acceptance time, at most 31 days a query, tells every summary (EQ v26 p.19-22); an answer
that was cut is asked on from its last one (p.51). Where production's counter is known, CQ is asked
for each number from it on, until a whole day's numbers beyond the highest known are not visible:
that shows releases that have no summary yet, as far as CQ shows them (CQ v21 p.12-13).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa

from tasks.ace.api import AceAnswer, entry_queries, month_ranges, resume_at, summary_range_queries
from tasks.core import clock
from tasks.core.errors import BadInput, BadSettings
from tasks.core.journal.journal import Journal
from tasks.core.settings import BrokerSettings
from tasks.entries.api import ENTRIES, NUMBERS, VIEWS, FilerSettings, NumberSettings, make_entry_number
from tasks.reconciliation.events import AnswerLine, ProductionRestored
from tasks.reconciliation.restore.ace_numbers import last_answers, numbers_with_summary, production_serials
from tasks.reconciliation.sending.query_writing import finish_queries, next_query_sender, stale_before, write_query
from tasks.reconciliation.state.entry_state import PROBE, RANGE
from tasks.reconciliation.tables import ASKED
from tasks.workspace import Workspace

ANSWERED, CUT, REFUSED = "answered", "cut at its limit", "refused by ACE"
NONE_FOUND, AT_LIMIT = "015", "016"
MOST_PROBES = 5_000
"""Numbers that CQ is asked for, one by one."""


@dataclass(frozen=True)
class Restore:
    """The last restore in the journal. Times are Washington's; `counter` is a serial or None."""

    last_backup: datetime
    cut_off: datetime
    counter: int | None


@dataclass(frozen=True)
class RangeQuery:
    """One range to be asked for. `state`: empty while ACE has not answered."""

    begin: datetime
    end: datetime
    state: str
    text: str

    @property
    def known(self) -> bool:
        return self.state in (ANSWERED, CUT)

    def __str__(self) -> str:
        refusal = f": {self.state}, {self.text}" if self.state == REFUSED else ""
        return f"summaries of {self.begin} to {self.end}{refusal}"


def record_restore(
    workspace: Workspace, last_backup: datetime, cut_off: datetime | None, counter: int | None, actor: str
) -> Restore:
    """Note a restore in the journal, once. Without `cut_off` that of the same restore is kept, else
    it is now; midnight stands for the whole day. Raises BadInput for a range turned round, or one
    that begins in the future."""
    earlier, now = current_restore(workspace.journal), clock.washington()
    begin = datetime.combine(last_backup.date(), time())
    same = earlier is not None and earlier.last_backup == begin
    end = cut_off or (earlier.cut_off if earlier and same else now)
    if end.time() == time():
        end = datetime.combine(end.date(), time(23, 59, 59))
    # ACE refuses a query that ends in its future (EQ 017).
    end = min(end, now)
    if end <= begin:
        raise BadInput("cutoff-before-last-backup", end=end, begin=begin)
    counter = earlier.counter if earlier and same and counter is None else counter
    restore = Restore(begin, end.replace(microsecond=0), counter)
    if restore != earlier:
        body = ProductionRestored(last_backup=begin.isoformat(), cut_off=restore.cut_off.isoformat(), counter=counter)
        workspace.journal.append(body, "production", actor)
    return restore


def current_restore(journal: Journal) -> Restore | None:
    """The last restore that the journal knows of."""
    for event in reversed([*journal.events(kind="production.restored")]):
        body = event.said
        assert isinstance(body, ProductionRestored)
        ends = (datetime.fromisoformat(body.last_backup), datetime.fromisoformat(body.cut_off))
        return Restore(*ends, body.counter)
    return None


def write_restore_queries(workspace: Workspace, restore: Restore, actor: str, today: date) -> list[str]:
    """Write the queries that are due; returns their files' names. Those without an answer are put again
    only after the settings' `ask_again_minutes`."""
    written = finish_queries(workspace, actor)
    written += _ask_ranges(workspace, restore, actor, today)
    return [*written, *_ask_numbers(workspace, restore, actor, today)]


def _ask_ranges(workspace: Workspace, restore: Restore, actor: str, today: date) -> list[str]:
    stale, put = stale_before(workspace), _last_asked(workspace.journal, RANGE)
    due = [
        range_query
        for range_query in range_queries(workspace.journal, restore)
        if not range_query.known and put.get(_key(range_query.begin, range_query.end), 0) <= stale
    ]
    written = []
    for range_query in due:
        asker = next_query_sender(workspace, _port(workspace), today)
        for query in summary_range_queries(asker, range_query.begin, range_query.end):
            key = _key(range_query.begin, range_query.end)
            written.append(write_query(workspace, RANGE, query, (key,), actor))
    return written


def range_queries(journal: Journal, restore: Restore) -> list[RangeQuery]:
    """The ranges from backup to cut-off, each with its answer; where one was cut, the rest of it
    follows."""
    answers = {row.number: row for row in journal.rows(sa.select(VIEWS).where(VIEWS.c.about == RANGE))}
    queries: list[RangeQuery] = []
    for begin, end in month_ranges(restore.last_backup, restore.cut_off):
        while True:
            answer = answers.get(_key(begin, end))
            state = answer.disposition if answer else ""
            queries.append(RangeQuery(begin, end, state, answer.text if answer else ""))
            resume = datetime.fromisoformat(answer.resume_at) if answer and state == CUT else begin
            if resume <= begin:
                break
            begin = resume
    return queries


def _ask_numbers(workspace: Workspace, restore: Restore, actor: str, today: date) -> list[str]:
    stale, put = stale_before(workspace), _last_asked(workspace.journal, PROBE)
    answered = set(last_answers(workspace.journal, PROBE))
    due = [number for number in probes(workspace, restore) if number not in answered and put.get(number, 0) <= stale]
    if not due:
        return []
    asker = next_query_sender(workspace, _port(workspace), today)
    return [
        write_query(workspace, PROBE, query, query.asked, actor) for query in entry_queries(asker, due, bills=False)
    ]


def probes(workspace: Workspace, restore: Restore) -> list[str]:
    """The numbers that CQ is to be asked for: from the counter on, until a day's volume beyond the
    highest that is known; those with a summary, and our own, need no query. Raises BadInput if
    they are too many to be asked one by one."""
    if restore.counter is None:
        return []
    ours = workspace.settings(NumberSettings)
    serials = production_serials(workspace)
    top = max([restore.counter - 1, *serials]) + ours.daily_volume
    last = min(top, ours.production_last)
    if last - restore.counter >= MOST_PROBES:
        raise BadInput("counter-range-too-large", counter=restore.counter, last=last, most_probes=MOST_PROBES)
    filer = workspace.settings(BrokerSettings).filer_code
    summaries = numbers_with_summary(workspace)
    every = (make_entry_number(filer, serial, ours.check_digit_offset) for serial in range(restore.counter, last + 1))
    return [str(number) for number in every if str(number) not in summaries]


def waiting_queries(workspace: Workspace, restore: Restore) -> list[str]:
    """What ACE has not answered yet, in words; empty when all is known."""
    ranges_ = [str(range_query) for range_query in range_queries(workspace.journal, restore) if not range_query.known]
    answered = set(last_answers(workspace.journal, PROBE))
    open_ = [number for number in probes(workspace, restore) if number not in answered]
    numbers = [f"{len(open_)} numbers from {open_[0]} to {open_[-1]}"] if open_ else []
    return [*ranges_, *numbers]


def _last_asked(journal: Journal, about: str) -> dict[str, int]:
    """When each was asked last, as its place in the journal."""
    rows = journal.rows(sa.select(ASKED).where(ASKED.c.about == about))
    return {row.number: row.seq for row in rows}


def _key(begin: datetime, end: datetime) -> str:
    return f"{begin.isoformat()}/{end.isoformat()}"


def parse_range(key: str) -> tuple[datetime, datetime]:
    """The range that a query by acceptance time names in the journal (ISO 8601 interval)."""
    begin, end = key.split("/")
    return datetime.fromisoformat(begin), datetime.fromisoformat(end)


def _port(workspace: Workspace) -> str:
    """A port of this filer for the block of a query. Raises BadSettings if none is known."""
    queries = (sa.select(table.c.port).where(table.c.port != "") for table in (ENTRIES, NUMBERS))
    rows = (row.port for query in queries for row in workspace.journal.rows(query.limit(1)))
    port = next(iter([*workspace.settings(FilerSettings).ports, *rows]), "")
    if not port:
        raise BadSettings("ace-ports-not-set")
    return port


def range_lines(answer: AceAnswer, keys: Sequence[str]) -> Iterator[AnswerLine]:
    """One line for the range that was asked: answered, cut (and from where on), or refused."""
    wrong = [
        condition
        for condition in answer.conditions
        if condition.level == "query" and condition.code not in (NONE_FOUND, AT_LIMIT)
    ]
    state, code, text, resume = ANSWERED, "", "", ""
    if wrong:
        state, code, text = REFUSED, wrong[0].code or "", wrong[0].text or ""
    elif answer.more:
        last = resume_at(answer.table("entries"))
        resume = last.isoformat() if isinstance(last, datetime) else ""
        state = CUT
    for key in keys:
        yield AnswerLine(number=key, disposition=state, code=code, text=text, resume_at=resume)
