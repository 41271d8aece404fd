"""Asking ACE: EQ for entry summaries, CQ for entries and bills, KI for importers and bonds.

Each query is a batch of one block, kept small enough that its answer is not cut: ACE returns at
most 5,000 summaries or 8 MB (EQ v26 p.51). What is to be asked is split by `QueryLimits`.
Times are ACE's own, without a zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tasks.ace.queries.query_records import (
    BillQuery,
    QueryRecords,
    bill_records,
    check_bills,
    enclose_records,
    entry_records,
    importer_records,
    month_ranges,
    number_records,
    range_records,
)
from tasks.ace.wire.batch_envelope import Envelope
from tasks.ace.wire.outbound_batch import OutboundBatch
from tasks.core.errors import BadInput, BadNumber, Problem
from tasks.entries.api import EntryNumber, Offsets, parse_entry_number

EVERY = "EES"
"""Criteria query type for every summary accepted in the range (EQ v26 p.19)."""

_RECORD = 80
_HEADER_RECORDS, _LINE_RECORDS, _STATE_RECORDS = 24, 9, 12
_USUAL_LINES = 20


@dataclass(frozen=True)
class QueryLimits:
    """How much is asked in one batch. `fill`: share of ACE's output limit that is planned for."""

    numbers_per_batch: int = 500
    bills_per_batch: int = 100
    importers_per_batch: int = 120
    output_bytes: int = 8_000_000
    summaries: int = 5_000
    fill: float = 0.8

    def __post_init__(self) -> None:
        counts = (self.numbers_per_batch, self.bills_per_batch, self.importers_per_batch)
        if min(counts) < 1 or not 0 < self.fill <= 1:
            problem = Problem(column="query limits", value=str(self), code="query-limits-out-of-range")
            raise BadInput("query-limits-invalid", [problem])


@dataclass(frozen=True)
class QueryBatch:
    """One batch that asks. `asked`: entry numbers, bills or importers, in the order of the file;
    begin and end: the range of a query by date. The answer echoes `batch.batch_id` in A 60-80."""

    application: str
    kind: str
    asked: tuple[str, ...]
    batch: OutboundBatch
    begin: datetime | None = None
    end: datetime | None = None
    image: bool = False


@dataclass(frozen=True)
class QuerySender:
    """Who asks: the sender, the port of the block, and the number of the next batch."""

    envelope: Envelope
    port: str
    sequence: int
    limits: QueryLimits = QueryLimits()
    offsets: Offsets | None = None

    def after(self, queries: Sequence[QueryBatch]) -> QuerySender:
        """The asker of the batches that follow."""
        return replace(self, sequence=self.sequence + len(queries))


def summary_queries(
    sender: QuerySender, numbers: Iterable[str], image: bool = True, lines: Mapping[str, int] | None = None
) -> list[QueryBatch]:
    """EQ by entry number, with the stored image (J0Y) unless it is not wanted.

    `lines`: how many lines each summary is thought to have, to keep answers below the limit.
    Raises BadNumber for what is no entry number.
    """
    entries = _numbers(numbers, sender.offsets)
    sizes = [_output_bytes(image, (lines or {}).get(str(entry), _USUAL_LINES)) for entry in entries]
    return [
        _query(sender, number, "EQ", "summaries", part, number_records(part, image), image)
        for number, part in enumerate(_by_size(entries, sizes, sender.limits))
    ]


def summary_range_queries(
    sender: QuerySender, begin: datetime, end: datetime, image: bool = False, kind: str = EVERY
) -> list[QueryBatch]:
    """EQ by acceptance time, in ranges of at most 31 days (EQ v26 p.20).

    `end` must not lie in ACE's future (error 017). Raises BadInput for a range turned round.
    """
    queries = []
    for number, (first, last) in enumerate(month_ranges(begin, end)):
        records = range_records(first, last, kind, image)
        query = _query(sender, number, "EQ", "summaries by date", (), records, image)
        queries.append(replace(query, begin=first, end=last))
    return queries


def entry_queries(sender: QuerySender, numbers: Iterable[str], bills: bool = True) -> list[QueryBatch]:
    """CQ by entry number: all notifications, with the entry's bills unless they are not wanted.

    CQ answers for the block's own filer and for entries up to six months old (CQ v21 p.13, 15).
    Raises BadInput for numbers of another filer.
    """
    entries = _numbers(numbers, sender.offsets)
    _require_filer(entries, sender.envelope.filer_code)
    parts = _parts(entries, sender.limits.numbers_per_batch)
    return [
        _query(sender, number, "CQ", "entries", part, entry_records(part, bills)) for number, part in enumerate(parts)
    ]


def bill_queries(sender: QuerySender, bills: Iterable[BillQuery]) -> list[QueryBatch]:
    """CQ by bill: whether it is on file, and what was released against it.

    Raises BadInput for bills that CQ cannot ask for (a number over 12, no issuer, two kinds).
    """
    unique = list(dict.fromkeys(bills))
    check_bills(unique)
    parts = _parts(unique, sender.limits.bills_per_batch)
    return [_query(sender, number, "CQ", "bills", part, bill_records(part)) for number, part in enumerate(parts)]


def importer_queries(sender: QuerySender, numbers: Iterable[str], addresses: bool = True) -> list[QueryBatch]:
    """KI for importers, consignees and their continuous bonds, six to a record.

    A private reference (`~...`) is asked for with the placeholder in its place; the batch's slots
    say where the Social Security number belongs when the file is written.
    """
    unique = list(dict.fromkeys(numbers))
    parts = _parts(unique, sender.limits.importers_per_batch)
    return [
        _query(sender, number, "KI", "importers", part, importer_records(part, addresses))
        for number, part in enumerate(parts)
    ]


def remaining(query: QueryBatch, returned: Sequence[str]) -> tuple[str, ...]:
    """The numbers of a cut answer that are still to be asked: those after the last one returned,
    which stand in the order of the question (EQ v26 p.51)."""
    answered = set(returned)
    last = max((index for index, number in enumerate(query.asked) if number in answered), default=-1)
    return query.asked[last + 1 :]


def _numbers(numbers: Iterable[str], offsets: Offsets | None) -> list[EntryNumber]:
    entries, problems = {}, []
    for text in numbers:
        try:
            entries[parse_entry_number(text, offsets=offsets)] = None
        except BadNumber as wrong:
            problems.extend(wrong.problems)
    if problems:
        raise BadNumber("numbers-not-queryable", problems, problems_count=len(problems))
    return list(entries)


def _require_filer(entries: Iterable[EntryNumber], filer: str) -> None:
    foreign = [str(entry) for entry in entries if entry.filer != filer]
    problems = [Problem(value=entry, wrong="is not of the block's filer", right=filer, code="X17") for entry in foreign]
    if problems:
        raise BadInput("cargo-query-other-filer", problems)


def _parts(items: Sequence, size: int) -> list[list]:
    return [list(items[low : low + size]) for low in range(0, len(items), size)]


def _output_bytes(image: bool, lines: int) -> int:
    """Bytes that ACE is thought to return for one summary."""
    records = _STATE_RECORDS + ((_HEADER_RECORDS + _LINE_RECORDS * lines) if image else 0)
    return records * _RECORD


def _by_size(entries: Sequence[EntryNumber], sizes: Sequence[int], limits: QueryLimits) -> Iterator[list[EntryNumber]]:
    """Parts that stay below the number asked for and the output that ACE returns."""
    most = min(limits.numbers_per_batch, int(limits.summaries * limits.fill))
    capacity = limits.output_bytes * limits.fill
    part: list[EntryNumber] = []
    used = 0
    for entry, size in zip(entries, sizes, strict=True):
        if part and (len(part) >= most or used + size > capacity):
            yield part
            part, used = [], 0
        part.append(entry)
        used += size
    if part:
        yield part


def _query(
    sender: QuerySender,
    offset: int,
    application: str,
    kind: str,
    part: Sequence,
    records: QueryRecords,
    image: bool = False,
) -> QueryBatch:
    """A batch of one block around the records."""
    envelope = replace(sender.envelope, application=application)
    names = tuple(str(subject) for subject in part)
    sequence = sender.sequence + offset
    batch = enclose_records(envelope, sender.port, sequence, names, records, sender.offsets)
    return QueryBatch(application, kind, names, batch, image=image)
