"""The entry summary writer: summary-complete entries to checked AE batches (AE July 2026, rev 109).

Action A with the ledger key as broker reference, never R as a first send: sending the same again
is then a guard against overwriting somebody else's filing (p.132). Every batch has been through
the checker of `continuity ace check` before it is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.ace.batch_assembly import BatchAssembly, build_batches, slice_builders
from tasks.ace.entry_summary import preparation as ae_prepare
from tasks.ace.entry_summary.ae_header import header_parts, manifest_parts
from tasks.ace.entry_summary.ae_lines import line_parts
from tasks.ace.entry_summary.ae_references import cargo_party_parts, reference_parts
from tasks.ace.entry_summary.ae_totals import total_parts
from tasks.ace.entry_summary.preparation import (
    AceHoldings,
    PreparationSurvey,
    PreparedSummaries,
    SummaryRun,
    covered_releases,
    split_summaries,
    with_plan,
)
from tasks.ace.entry_summary.summary_slices import APPLICATION, SummarySlice, drop_unused_columns, tables_of
from tasks.ace.fees.payment_terms import PaymentSetup
from tasks.ace.wire.batch_envelope import Envelope
from tasks.ace.wire.entry_slices import CHILDREN, EntrySlice, RecordPart, read_slices
from tasks.ace.wire.envelope_rules import FilerProfile
from tasks.ace.wire.outbound_batch import BatchLimits, OutboundBatch
from tasks.entries.api import EntryRecord, Offsets, record_schema

SLICE = 2048
"""Summaries built at a time."""


def write_summaries(
    record: EntryRecord,
    envelope: Envelope,
    limits: BatchLimits | None,
    payment: PaymentSetup,
    sequence_from: int = 1,
    *,
    quota_one_step: bool = True,
    known: AceHoldings | None = None,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
) -> Iterator[OutboundBatch]:
    """AE batches of all summaries of a record, by port of entry, numbered from `sequence_from`.

    Releases that name a consolidating summary in the record become its 32 records. Raises
    RouteRefused if an entry has no such summary, BadInput if one cannot be paid, or with every
    fault of a slice before any batch of that slice is yielded.
    """
    ready = prepare_summaries(record, payment, quota_one_step=quota_one_step, known=known)
    yield from write_prepared(ready, envelope, limits, sequence_from, profile=profile, offsets=offsets)


def prepare_summaries(
    record: EntryRecord,
    payment: PaymentSetup,
    *,
    quota_one_step: bool = True,
    known: AceHoldings | None = None,
    releases: pa.Table | None = None,
) -> PreparedSummaries:
    """Summaries with fees, totals and statement dates: what approval is asked for. releases: what the
    consolidating ones cover (`RELEASE_TABLES`), where that does not stand in the record. Raises as
    `write_summaries` does."""
    run = SummaryRun(payment, quota_one_step, known or AceHoldings())
    return ae_prepare.prepare(tables_of(record), run, releases)


def write_prepared(
    ready: PreparedSummaries,
    envelope: Envelope,
    limits: BatchLimits | None = None,
    sequence_from: int = 1,
    *,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
) -> Iterator[OutboundBatch]:
    """The batches of prepared summaries. Raises BadInput as `write_summaries` does."""
    build = _assembly(envelope, limits, profile, offsets)
    jobs = slice_builders(ready.entries, ready.tables, build, sequence_from)
    yield from build_batches(job for _, job in jobs)


def stream_summaries(
    paths: Mapping[str, Path],
    envelope: Envelope,
    limits: BatchLimits | None,
    payment: PaymentSetup,
    sequence_from: int = 1,
    *,
    quota_one_step: bool = True,
    known: AceHoldings | None = None,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
    entries_at_once: int = 2 * SLICE,
) -> Iterator[OutboundBatch]:
    """AE batches from one Parquet file a table, each sorted by entry number, memory staying flat.

    Read twice: all routes, amounts and statement dates come first. A port's last batch of each
    portion may be short. Raises as `write_summaries` does.
    """
    survey = PreparationSurvey(SummaryRun(payment, quota_one_step, known or AceHoldings()))
    releases = _releases(paths["entries"])
    for part in _portions(paths, releases, entries_at_once):
        survey.add(part)
    plan = survey.plan()
    build = _assembly(envelope, limits, profile, offsets)
    yield from build_batches(_jobs(_portions(paths, releases, entries_at_once), survey, plan, build, sequence_from))


def _releases(path: Path) -> pa.Table:
    """The releases of a whole file and the summaries that cover them."""
    entries = pq.ParquetFile(path).read(["entry_number", "consolidated_summary"])
    return covered_releases(entries, entries["entry_number"])


def _portions(paths: Mapping[str, Path], releases: pa.Table, entries_at_once: int) -> Iterator[SummarySlice]:
    columns = {name: record_schema(name).names for name in ("entries", *CHILDREN)}
    for entries, tables in read_slices(paths, entries_at_once, columns):
        summaries, children = split_summaries(drop_unused_columns({"entries": entries, **tables}), releases)
        if summaries.num_rows:
            yield SummarySlice.of(summaries, children)


def _jobs(
    parts: Iterator[SummarySlice], survey: PreparationSurvey, plan: pa.Table, build: BatchAssembly, sequence: int
) -> Iterator[Callable[[], list[OutboundBatch]]]:
    start = 0
    for part in parts:
        entries, owed = survey.add(part)
        survey.requests.clear()
        ready = with_plan(entries, plan.slice(start, len(part)))
        start += len(part)
        for following, job in slice_builders(ready, {**part.tables, "lines": owed}, build, sequence):
            sequence = following
            yield job


def _assembly(
    envelope: Envelope, limits: BatchLimits | None, profile: FilerProfile | None, offsets: Offsets | None
) -> BatchAssembly:
    sent = replace(envelope, application=APPLICATION)
    sized = limits or BatchLimits()
    return BatchAssembly(sent, sized, records, SummarySlice.of, SLICE, profile, offsets)


def records(part: EntrySlice) -> list[RecordPart]:
    """All AE records of a slice of the kind that this writer makes."""
    if not isinstance(part, SummarySlice):
        raise TypeError("a slice of another writer")
    certified = part.certified_part(part.yes("certified"))
    return [
        *header_parts(part),
        *manifest_parts(part, certified),
        *reference_parts(part),
        *cargo_party_parts(certified),
        *line_parts(part),
        *total_parts(part),
    ]
