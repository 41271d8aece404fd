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

from tasks.ace.batch import Batch, BatchLimits
from tasks.ace.cargo.source import read_slices
from tasks.ace.envelope import Envelope
from tasks.ace.envelope_rules import FilerProfile
from tasks.ace.money.payment import Payment
from tasks.ace.summary import prepare as ae_prepare
from tasks.ace.summary.header import header
from tasks.ace.summary.lines import lines
from tasks.ace.summary.manifest import manifest
from tasks.ace.summary.parties import cargo_parties
from tasks.ace.summary.prepare import Known, Prepared, Run, Survey, covered, divided, planned
from tasks.ace.summary.references import references
from tasks.ace.summary.slice import APPLICATION, SummarySlice, tables_of, trimmed
from tasks.ace.summary.totals import totals
from tasks.ace.wire.assembly import Assembly
from tasks.ace.wire.pipeline import in_turn, slices
from tasks.ace.wire.slices import CHILDREN, Part, Slice
from tasks.entries.number import Offsets
from tasks.entries.record import Record, schema

__all__ = ["Known", "Prepared", "prepare", "stream_summaries", "write_prepared", "write_summaries"]

SLICE = 2048
"""Summaries built at a time."""


def write_summaries(
    record: Record,
    envelope: Envelope,
    limits: BatchLimits | None,
    payment: Payment,
    sequence_from: int = 1,
    *,
    quota_one_step: bool = True,
    known: Known | None = None,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
) -> Iterator[Batch]:
    """AE batches of all summaries of a record, by port of entry, numbered from `sequence_from`.

    Releases that name a consolidating summary in the record become its 32 records. Raises
    RouteRefused if an entry has no such summary, BadInput if one cannot be paid, or with every
    fault of a slice before any batch of that slice is yielded.
    """
    ready = prepare(record, payment, quota_one_step=quota_one_step, known=known)
    yield from write_prepared(
        ready, envelope, limits, sequence_from, profile=profile, offsets=offsets
    )


def prepare(
    record: Record,
    payment: Payment,
    *,
    quota_one_step: bool = True,
    known: Known | None = None,
    releases: pa.Table | None = None,
) -> Prepared:
    """Summaries with fees, totals and statement dates: what approval is asked for. releases: what the
    consolidating ones cover (`prepare.RELEASES`), where that does not stand in the record. Raises as
    `write_summaries` does."""
    run = Run(payment, quota_one_step, known or Known())
    return ae_prepare.prepare(tables_of(record), run, releases)


def write_prepared(
    ready: Prepared,
    envelope: Envelope,
    limits: BatchLimits | None = None,
    sequence_from: int = 1,
    *,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
) -> Iterator[Batch]:
    """The batches of prepared summaries. Raises BadInput as `write_summaries` does."""
    build = _assembly(envelope, limits, profile, offsets)
    jobs = slices(ready.entries, ready.tables, build, sequence_from)
    yield from in_turn(job for _, job in jobs)


def stream_summaries(
    paths: Mapping[str, Path],
    envelope: Envelope,
    limits: BatchLimits | None,
    payment: Payment,
    sequence_from: int = 1,
    *,
    quota_one_step: bool = True,
    known: Known | None = None,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
    entries_at_once: int = 2 * SLICE,
) -> Iterator[Batch]:
    """AE batches from one Parquet file a table, each sorted by entry number, memory staying flat.

    Read twice: all routes, amounts and statement dates come first. A port's last batch of each
    portion may be short. Raises as `write_summaries` does.
    """
    survey = Survey(Run(payment, quota_one_step, known or Known()))
    releases = _releases(paths["entries"])
    for part in _portions(paths, releases, entries_at_once):
        survey.see(part)
    plan = survey.plan()
    build = _assembly(envelope, limits, profile, offsets)
    yield from in_turn(
        _jobs(_portions(paths, releases, entries_at_once), survey, plan, build, sequence_from)
    )


def _releases(path: Path) -> pa.Table:
    """The releases of a whole file and the summaries that cover them."""
    entries = pq.ParquetFile(path).read(["entry_number", "consolidated_summary"])
    return covered(entries, entries["entry_number"])


def _portions(
    paths: Mapping[str, Path], releases: pa.Table, entries_at_once: int
) -> Iterator[SummarySlice]:
    columns = {name: schema(name).names for name in ("entries", *CHILDREN)}
    for entries, tables in read_slices(paths, entries_at_once, columns):
        kept, children = divided(trimmed({"entries": entries, **tables}), releases)
        if kept.num_rows:
            yield SummarySlice.of(kept, children)


def _jobs(
    parts: Iterator[SummarySlice], survey: Survey, plan: pa.Table, build: Assembly, sequence: int
) -> Iterator[Callable[[], list[Batch]]]:
    seen = 0
    for part in parts:
        entries, owed = survey.see(part)
        survey.asked.clear()
        ready = planned(entries, plan.slice(seen, len(part)))
        seen += len(part)
        for following, job in slices(ready, {**part.tables, "lines": owed}, build, sequence):
            sequence = following
            yield job


def _assembly(
    envelope: Envelope,
    limits: BatchLimits | None,
    profile: FilerProfile | None,
    offsets: Offsets | None,
) -> Assembly:
    sent = replace(envelope, application=APPLICATION)
    sized = limits or BatchLimits()
    return Assembly(sent, sized, records, SummarySlice.of, SLICE, profile, offsets)


def records(part: Slice) -> list[Part]:
    """All AE records of a slice of the kind that this writer makes."""
    if not isinstance(part, SummarySlice):
        raise TypeError("a slice of another writer")
    certified = part.certified_part(part.yes("certified"))
    return [
        *header(part),
        *manifest(part, certified),
        *references(part),
        *cargo_parties(certified),
        *lines(part),
        *totals(part),
    ]
