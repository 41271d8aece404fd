"""Asking ACE what it has: summaries (EQ), entries (CQ), bills (CQ), importers (KI).

A query changes nothing in ACE and may be put twice, so it needs no approval; what it answers
decides what may be sent. Queries are paced: so many batches a cycle.

A query is written in the order of a batch (`batch_writing`): everything that can be wrong is checked; the
file is hidden in the outbound folder and `query.named` appended, both under the journal's lock; a
rename makes it visible; `query.written`. A crash leaves a query that is named and hidden, which the
next cycle makes visible, or one that is named and not hidden, which was visible: it is not written
again, and what it asks is asked anew after `ask_again_minutes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice

import sqlalchemy as sa

from tasks.ace.api import (
    AceSettings,
    BillQuery,
    OutboundBatch,
    QueryBatch,
    QueryLimits,
    QuerySender,
    bill_queries,
    entry_queries,
    fill_private,
    importer_queries,
    summary_queries,
)
from tasks.core import clock
from tasks.core.errors import Busy
from tasks.core.journal.journal import Journal
from tasks.core.journal.store import EVENTS
from tasks.core.settings import BrokerSettings
from tasks.entries.api import EntryRecord, NumberSettings
from tasks.reconciliation.decisions.classification import EntryDecision
from tasks.reconciliation.decisions.exclusions import foreign_filer_entries
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.events import QueryNamed, QueryWritten
from tasks.reconciliation.plan.batch_building import envelope_of, load_records
from tasks.reconciliation.sending.batch_writing import outbound_folder, password, sending_pace
from tasks.reconciliation.state.entry_state import CONSIGNEE, IMPORTER, RELEASE, SUMMARY, EntryState
from tasks.reconciliation.tables import BATCHES, QUERIES
from tasks.transport.api import ExchangeFolder
from tasks.workspace import Workspace

BILL_WIDTH, WAYBILL = 12, 11


def write_due_queries(
    workspace: Workspace, decisions: Sequence[tuple[EntryState, EntryDecision]], actor: str, today: date
) -> list[str]:
    """Write the queries that are due, as many as the pace allows now, after those that a crash left
    unwritten; returns their names. What waits for an answer, or for another answer than the last, is
    asked again only after the settings' `ask_again_minutes`. Raises BadSettings, and appends nothing,
    where password or outbound folder are wrong."""
    finished = finish_queries(workspace, actor)
    due: dict[str, list[EntryState]] = {}
    stale = stale_before(workspace)
    foreign = foreign_filer_entries((entry for entry, _ in decisions), workspace.settings)
    for entry, decision in decisions:
        if entry.number in foreign:
            continue
        again = bool(decision.ask) and _may_ask_again(entry, decision.ask, stale)
        if decision.step is NextStep.ASK or again:
            about = IMPORTER if decision.ask == CONSIGNEE else decision.ask
            due.setdefault(about, []).append(entry)
    for about, entries in due.items():  # What was never asked goes before what is asked again.
        entries.sort(key=lambda entry: entry.queried.get(about, 0))
    most = sending_pace(workspace.journal, workspace.settings).left
    queries = (
        (about, *entry)
        for about, entries in sorted(due.items())
        for entry in _paced_queries(workspace, about, entries, today, stale)
    )
    return finished + [
        write_query(workspace, about, query, keys, actor) for about, query, keys in islice(queries, most)
    ]


def _paced_queries(
    workspace: Workspace, about: str, entries: list[EntryState], today: date, stale: int
) -> Iterable[tuple[QueryBatch, tuple[str, ...]]]:
    """The queries; one alone, and only when the last is old, while ACE rejects them all whole."""
    queries = iter(_queries(workspace, about, entries, today))
    if about not in entries[0].query_rejections:
        return queries
    newest = sa.select(sa.func.max(QUERIES.c.seq)).where(QUERIES.c.about == about)
    return islice(queries, 1 if workspace.journal.rows(newest)[0][0] <= stale else 0)


def stale_before(workspace: Workspace) -> int:
    """The last event that is older than the time after which a query may be put again."""
    before = clock.now() - timedelta(minutes=workspace.settings(AceSettings).ask_again_minutes)
    query = sa.select(sa.func.max(EVENTS.c.seq)).where(EVENTS.c.at <= clock.text(before))
    return workspace.journal.rows(query)[0][0] or 0


def _may_ask_again(entry: EntryState, about: str, stale: int) -> bool:
    return entry.queried.get(about, 0) <= stale


def _queries(
    workspace: Workspace, about: str, entries: list[EntryState], today: date
) -> Iterable[tuple[QueryBatch, tuple[str, ...]]]:
    """Each query with the keys under which its answer is looked up."""
    asker = next_query_sender(workspace, entries[0].port, today)
    numbers = [entry.number for entry in entries]
    if about == SUMMARY:
        queries = summary_queries(asker, numbers)
    elif about == RELEASE:
        queries = entry_queries(asker, numbers)
    elif about == IMPORTER:
        parties = {number for entry in entries for number in entry.parties.values()}
        queries = importer_queries(asker, sorted(parties))
    else:
        yield from _bill_queries(workspace, asker, entries)
        return
    yield from ((query, query.asked) for query in queries)


def next_query_sender(workspace: Workspace, port: str, today: date) -> QuerySender:
    """Who asks next: batches are numbered on from all queries and filings so far."""
    used = sum(
        workspace.journal.rows(sa.select(sa.func.count()).select_from(table))[0][0] for table in (QUERIES, BATCHES)
    )
    envelope = envelope_of(workspace.journal, workspace.settings, today)
    filer = workspace.settings(BrokerSettings).filer_code
    offsets = {filer: workspace.settings(NumberSettings).check_digit_offset}
    limits = QueryLimits(numbers_per_batch=workspace.settings(AceSettings).numbers_per_query)
    # Queries are numbered from 50,000 so that their batch ids never meet those of filings.
    return QuerySender(replace(envelope, application="EQ"), port, 50_000 + used, limits, offsets)


def _bill_queries(
    workspace: Workspace, asker: QuerySender, entries: list[EntryState]
) -> Iterable[tuple[QueryBatch, tuple[str, ...]]]:
    """All bills of an entry stand in one batch, so that one answer tells of all of them."""
    bills_by_entry = entry_bill_queries(workspace, {entry.number: entry.content for entry in entries})
    for numbers in _grouped_numbers(bills_by_entry, asker.limits.bills_per_batch):
        bills = list(dict.fromkeys(entry for number in numbers for entry in bills_by_entry[number]))
        limits = replace(asker.limits, bills_per_batch=len(bills))
        (query,) = bill_queries(replace(asker, limits=limits), bills)
        asker = asker.after([query])
        yield query, tuple(numbers)


def _grouped_numbers(bills_by_entry: Mapping[str, Sequence[BillQuery]], most: int) -> Iterator[list[str]]:
    part: list[str] = []
    used = 0
    for number, bills in bills_by_entry.items():
        if part and used + len(bills) > most:
            yield part
            part, used = [], 0
        if bills:
            part.append(number)
            used += len(bills)
    if part:
        yield part


def entry_bill_queries(workspace: Workspace, where: Mapping[str, str]) -> dict[str, list[BillQuery]]:
    """The same for entries of the journal, by number and the content that each stands in."""
    return record_bill_queries(load_records(workspace.content, where, ("entries", "bills")))


def record_bill_queries(record: EntryRecord) -> dict[str, list[BillQuery]]:
    """The bills of each entry that CQ can be asked for (CATAIR CQ v21 p.14-15)."""
    bills: dict[str, list[BillQuery]] = {number: [] for number in record.numbers}
    air = {
        row["entry_number"]
        for row in record.entries.select(["entry_number", "mode_of_transport"]).to_pylist()
        if (row["mode_of_transport"] or "")[:1] == "4"
    }
    groups: dict[tuple[str, int], dict[str, Mapping[str, str]]] = {}
    for row in record.bills.to_pylist():
        groups.setdefault((row["entry_number"], row["bill_group"]), {})[row["bill_type"]] = row
    for (number, _), group in groups.items():
        if question := _bill_query(group, number in air):
            bills[number].append(question)
    return bills


def _bill_query(group: Mapping[str, Mapping[str, str]], air: bool) -> BillQuery | None:
    head = group.get("M") or group.get("R")
    house_bill = group.get("H")
    if head is None or head.get("not_automated"):
        return None
    number = head["bill_number"] or ""
    if air:
        below = (house_bill or {}).get("bill_number") or ""
        fits = len(number) == WAYBILL and number.isdigit() and len(below) <= BILL_WIDTH
        return BillQuery(air_waybill=number, house_air_waybill=below) if fits else None
    low = house_bill or head
    number, issuer = low["bill_number"] or "", low["issuer"] or ""
    if not issuer or len(number) > BILL_WIDTH:
        return None
    return BillQuery(issuer=issuer, bill_number=number)


def write_query(workspace: Workspace, about: str, query: QueryBatch, keys: tuple[str, ...], actor: str) -> str:
    """Hide and name the query, then make it visible; returns the name of its file. Raises BadSettings,
    and appends nothing, where password or outbound folder are wrong; Busy if another run named a
    query of this id: an answer to it would be read as one to ours."""
    batch: OutboundBatch = query.batch
    name = f"{clock.stamp()}-{query.application.lower()}-{batch.port}-{batch.sequence:05d}.abi"
    line_ends = workspace.settings(AceSettings).line_ends == "lf"
    data = fill_private(batch.bytes(), password(workspace.settings), batch.slots, workspace.vault.open, line_ends)
    with outbound_folder(workspace.settings, workspace.journal) as folder:
        body = QueryNamed(
            batch=batch.batch_id,
            application=query.application,
            about=about,
            content=workspace.content.put(batch.bytes()),
            file=name,
            asked=list(keys),
        )
        _hide_and_name(workspace, folder, body, data, actor)
        _make_visible(workspace, folder, batch.batch_id, name, actor)
    return name


def _hide_and_name(workspace: Workspace, folder: ExchangeFolder, body: QueryNamed, data: bytes, actor: str) -> None:
    """Both under the journal's lock: whatever is named was hidden before, with its private values."""
    key = f"query:{body.batch}"
    if workspace.journal.holds(key):
        raise Busy("another-query-in-progress")
    with workspace.journal.write(actor) as pen:
        if pen.rows(sa.select(QUERIES.c.batch).where(QUERIES.c.batch == body.batch)):
            raise Busy("another-query-in-progress")
        folder.hide(body.file, data)
        pen.append(body, f"query/{body.batch}", key=key)


def _make_visible(workspace: Workspace, folder: ExchangeFolder, batch: str, file: str, actor: str) -> bool:
    """Show a named query and note it; False if it was visible before, fetched by now or not."""
    size = folder.show(file)
    body = QueryWritten(batch=batch, file=file, size=size if size is not None else folder.size(file) or 0)
    workspace.journal.append(body, f"query/{batch}", actor, key=f"query-written:{batch}")
    return size is not None


def finish_queries(workspace: Workspace, actor: str) -> list[str]:
    """Bring to its end what a crash left of queries; returns the files that became visible now.
    Raises BadSettings if there is one and the outbound folder is not set or not there."""
    query = sa.select(QUERIES.c.batch, QUERIES.c.file).where(~QUERIES.c.written)
    rows = workspace.journal.rows(query.order_by(QUERIES.c.seq))
    if not rows:
        return []
    with outbound_folder(workspace.settings, workspace.journal) as folder:
        return [row.file for row in rows if _make_visible(workspace, folder, row.batch, row.file, actor)]


def find_query(journal: Journal, batch: str) -> QueryNamed | None:
    """Our query that an answer belongs to, by the batch id that it echoes."""
    event = next(journal.events(key=f"query:{batch.strip()}"), None)
    body = event.said if event else None
    return body if isinstance(body, QueryNamed) else None


def entries_without_queries(workspace: Workspace, entries: Sequence[EntryState]) -> list[str]:
    """Entries whose bills CQ cannot be asked for; nothing stands in their way on that account."""
    if not entries:
        return []
    bills_by_entry = entry_bill_queries(workspace, {entry.number: entry.content for entry in entries})
    return [number for number, bills in bills_by_entry.items() if not bills]
