"""After a restore of production: ACE is asked what it took since the last good backup.

EQ by acceptance time, at most 31 days a question, tells every summary (EQ v26 p.19-22); an answer
that was cut is asked on from its last one (p.51). Where production's counter is known, CQ is asked
for each number from it on, until a whole day's numbers beyond the highest known are not visible:
that shows releases that have no summary yet, as far as CQ shows them (CQ v21 p.12-13).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

import sqlalchemy as sa

from tasks.ace.api import AceAnswer, AceSettings, entry_queries, month_ranges, resume_at, summary_range_queries
from tasks.core import clock
from tasks.core.errors import BadInput, BadSettings
from tasks.core.journal.journal import Journal
from tasks.core.settings import BrokerSettings
from tasks.entries.api import ENTRIES, NUMBERS, VIEWS, NumberSettings, make_entry_number
from tasks.reconciliation.events import AnswerLine, ProductionRestored
from tasks.reconciliation.restore.ace_numbers import last_answers, numbers_with_summary, production_serials
from tasks.reconciliation.sending.query_writing import finish_queries, next_asker, stale_before, write_query
from tasks.reconciliation.state.entry_state import PROBE, RANGE
from tasks.reconciliation.tables import ASKED
from tasks.workspace import Workspace

ANSWERED, CUT, REFUSED = "answered", "cut at its limit", "refused by ACE"
NONE_FOUND, AT_LIMIT = "015", "016"
MOST_PROBES = 5_000
"""Numbers that CQ is asked for, one by one."""


@dataclass(frozen=True)
class Restore:
    """The last restore in the book. Times are Washington's; `counter` is a serial or None."""

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
        said = f": {self.state}, {self.text}" if self.state == REFUSED else ""
        return f"summaries of {self.begin} to {self.end}{said}"


def record_restore(
    workspace: Workspace, last_backup: datetime, cut_off: datetime | None, counter: int | None, actor: str
) -> Restore:
    """Note a restore in the book, once. Without `cut_off` that of the same restore is kept, else
    it is now; midnight stands for the whole day. Raises BadInput for a range turned round, or one
    that begins in the future."""
    known, now = current_restore(workspace.journal), clock.washington()
    begin = datetime.combine(last_backup.date(), time())
    same = known is not None and known.last_backup == begin
    end = cut_off or (known.cut_off if known and same else now)
    if end.time() == time():
        end = datetime.combine(end.date(), time(23, 59, 59))
    # ACE refuses a question that ends in its future (EQ 017).
    end = min(end, now)
    if end <= begin:
        raise BadInput("cutoff-before-last-backup", end=end, begin=begin)
    counter = known.counter if known and same and counter is None else counter
    made = Restore(begin, end.replace(microsecond=0), counter)
    if made != known:
        body = ProductionRestored(last_backup=begin.isoformat(), cut_off=made.cut_off.isoformat(), counter=counter)
        workspace.journal.append(body, "production", actor)
    return made


def current_restore(journal: Journal) -> Restore | None:
    """The last restore that the book knows of."""
    for event in reversed([*journal.events(kind="production.restored")]):
        said = event.said
        assert isinstance(said, ProductionRestored)
        ends = (datetime.fromisoformat(said.last_backup), datetime.fromisoformat(said.cut_off))
        return Restore(*ends, said.counter)
    return None


def write_restore_queries(workspace: Workspace, restore: Restore, actor: str, today: date) -> list[str]:
    """Write the questions that are due; returns their files' names. Those without an answer are put again
    only after the settings' `ask_again_minutes`."""
    written = finish_queries(workspace, actor)
    written += _ask_ranges(workspace, restore, actor, today)
    return [*written, *_ask_numbers(workspace, restore, actor, today)]


def _ask_ranges(workspace: Workspace, restore: Restore, actor: str, today: date) -> list[str]:
    stale, put = stale_before(workspace), _put(workspace.journal, RANGE)
    due = [
        one
        for one in wanted(workspace.journal, restore)
        if not one.known and put.get(_key(one.begin, one.end), 0) <= stale
    ]
    written = []
    for one in due:
        asker = next_asker(workspace, _port(workspace), today)
        for query in summary_range_queries(asker, one.begin, one.end):
            key = _key(one.begin, one.end)
            written.append(write_query(workspace, RANGE, query, (key,), actor))
    return written


def wanted(journal: Journal, restore: Restore) -> list[RangeQuery]:
    """The ranges from backup to cut-off, each with its answer; where one was cut, the rest of it
    follows."""
    views = {row.number: row for row in journal.rows(sa.select(VIEWS).where(VIEWS.c.about == RANGE))}
    found: list[RangeQuery] = []
    for begin, end in month_ranges(restore.last_backup, restore.cut_off):
        while True:
            view = views.get(_key(begin, end))
            state = view.disposition if view else ""
            found.append(RangeQuery(begin, end, state, view.text if view else ""))
            resume = datetime.fromisoformat(view.resume_at) if view and state == CUT else begin
            if resume <= begin:
                break
            begin = resume
    return found


def _ask_numbers(workspace: Workspace, restore: Restore, actor: str, today: date) -> list[str]:
    stale, put = stale_before(workspace), _put(workspace.journal, PROBE)
    answered = set(last_answers(workspace.journal, PROBE))
    due = [number for number in probes(workspace, restore) if number not in answered and put.get(number, 0) <= stale]
    if not due:
        return []
    asker = next_asker(workspace, _port(workspace), today)
    return [
        write_query(workspace, PROBE, query, query.asked, actor) for query in entry_queries(asker, due, bills=False)
    ]


def probes(workspace: Workspace, restore: Restore) -> list[str]:
    """The numbers that CQ is to be asked for: from the counter on, until a day's volume beyond the
    highest that is known; those with a summary, and our own, need no question. Raises BadInput if
    they are too many to be asked one by one."""
    if restore.counter is None:
        return []
    ours = workspace.settings(NumberSettings)
    known = production_serials(workspace)
    top = max([restore.counter - 1, *known]) + ours.daily_volume
    last = min(top, ours.production_last)
    if last - restore.counter >= MOST_PROBES:
        raise BadInput("counter-range-too-large", counter=restore.counter, last=last, most_probes=MOST_PROBES)
    filer = workspace.settings(BrokerSettings).filer_code
    summaries = numbers_with_summary(workspace)
    every = (make_entry_number(filer, serial, ours.check_digit_offset) for serial in range(restore.counter, last + 1))
    return [str(number) for number in every if str(number) not in summaries]


def waiting_queries(workspace: Workspace, restore: Restore) -> list[str]:
    """What ACE has not answered yet, in words; empty when all is known."""
    ranges_ = [str(one) for one in wanted(workspace.journal, restore) if not one.known]
    answered = set(last_answers(workspace.journal, PROBE))
    open_ = [number for number in probes(workspace, restore) if number not in answered]
    numbers = [f"{len(open_)} numbers from {open_[0]} to {open_[-1]}"] if open_ else []
    return [*ranges_, *numbers]


def _put(journal: Journal, about: str) -> dict[str, int]:
    """When each was asked last, as its place in the book."""
    rows = journal.rows(sa.select(ASKED).where(ASKED.c.about == about))
    return {row.number: row.seq for row in rows}


def _key(begin: datetime, end: datetime) -> str:
    return f"{begin.isoformat()}/{end.isoformat()}"


def parse_range(key: str) -> tuple[datetime, datetime]:
    """The range that a question by acceptance time names in the journal (ISO 8601 interval)."""
    begin, end = key.split("/")
    return datetime.fromisoformat(begin), datetime.fromisoformat(end)


def _port(workspace: Workspace) -> str:
    """A port of this filer for the block of a question. Raises BadSettings if none is known."""
    queries = (sa.select(table.c.port).where(table.c.port != "") for table in (ENTRIES, NUMBERS))
    rows = (row.port for query in queries for row in workspace.journal.rows(query.limit(1)))
    port = next(iter([*workspace.settings(AceSettings).ports, *rows]), "")
    if not port:
        raise BadSettings("ace-ports-not-set")
    return port


def range_lines(answer: AceAnswer, asked: Sequence[str]) -> Iterator[AnswerLine]:
    """One line for the range that was asked: answered, cut (and from where on), or refused."""
    wrong = [one for one in answer.conditions if one.level == "query" and one.code not in (NONE_FOUND, AT_LIMIT)]
    state, code, text, resume = ANSWERED, "", "", ""
    if wrong:
        state, code, text = REFUSED, wrong[0].code or "", wrong[0].text or ""
    elif answer.more:
        last = resume_at(answer.table("entries"))
        resume = last.isoformat() if isinstance(last, datetime) else ""
        state = CUT
    for key in asked:
        yield AnswerLine(number=key, disposition=state, code=code, text=text, resume_at=resume)
