"""The cargo release writer: release-complete entries to checked SE batches (CATAIR SE v40).

Only action A (add). Entries whose filing route has no SE are refused, each by its number: a wrong
SE burns the number (B67, 230; SE v40 p.32). Every batch has been through the same checker that
`continuity ace check` uses before it is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.ace.batch_assembly import BatchAssembly, build_batches, slice_builders
from tasks.ace.cargo_release.se_bills import bill_groups
from tasks.ace.cargo_release.se_header import header_parts, party_parts, reference_parts
from tasks.ace.cargo_release.se_lines import line_parts
from tasks.ace.wire.array_tools import as_mask
from tasks.ace.wire.batch_envelope import Envelope
from tasks.ace.wire.entry_slices import CHILDREN, COLUMNS, EntrySlice, RecordPart, read_slices
from tasks.ace.wire.envelope_rules import FilerProfile
from tasks.ace.wire.outbound_batch import BatchLimits, OutboundBatch
from tasks.core import arrow_compute as pc
from tasks.core.errors import Problem, RouteRefused
from tasks.entries.api import EntryRecord, Offsets, codes_where

SE_ROUTE = "se_then_ae"
SLICE = 4096
"""Entries built at a time: small enough for the processor's caches, large enough to be quick."""

_SUSPENDED = "86"


def write_batches(
    record: EntryRecord,
    envelope: Envelope,
    limits: BatchLimits | None = None,
    sequence_from: int = 1,
    *,
    accept_86: bool = False,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
) -> Iterator[OutboundBatch]:
    """SE batches of all entries of a record, by port of entry, numbered from `sequence_from`.

    Nothing is yielded if an entry's route has no SE (RouteRefused). Raises BadInput with every
    fault of a slice before any batch of that slice is yielded.
    """
    refuse_routes(record.entries, accept_86=accept_86)
    entries, *children = (getattr(record, name).select(names) for name, names in COLUMNS.items())
    build = _assembly(envelope, limits, profile, offsets)
    tables = dict(zip(CHILDREN, children, strict=True))
    yield from build_batches(job for _, job in slice_builders(entries, tables, build, sequence_from))


def stream_batches(
    paths: Mapping[str, Path],
    envelope: Envelope,
    limits: BatchLimits | None = None,
    sequence_from: int = 1,
    *,
    accept_86: bool = False,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
    entries_at_once: int = 4 * SLICE,
) -> Iterator[OutboundBatch]:
    """SE batches from one Parquet file a table, each sorted by entry number, memory staying flat.

    Routes are judged before anything is built. A port's last batch of each portion may be short.
    """
    import pyarrow.parquet as pq

    names = ["entry_number", "entry_type", "filing_route"]
    with pq.ParquetFile(paths["entries"]) as file:
        for portion in file.iter_batches(batch_size=1 << 16, columns=names):
            refuse_routes(pa.Table.from_batches([portion]), accept_86=accept_86)
    build = _assembly(envelope, limits, profile, offsets)
    yield from build_batches(_portions(paths, entries_at_once, build, sequence_from))


def _portions(
    paths: Mapping[str, Path], entries_at_once: int, build: BatchAssembly, sequence: int
) -> Iterator[Callable[[], list[OutboundBatch]]]:
    for entries, tables in read_slices(paths, entries_at_once):
        for following, job in slice_builders(entries, tables, build, sequence):
            sequence = following
            yield job


def refuse_routes(entries: pa.Table, *, accept_86: bool = False) -> None:
    """Raises RouteRefused naming each entry that must not be sent as SE, and why."""
    types = list(codes_where("entry_type", "se"))
    if not accept_86 and _SUSPENDED in types:
        types.remove(_SUSPENDED)
    routed = pc.fill_null(pc.equal(entries["filing_route"], SE_ROUTE), False)
    typed = pc.fill_null(pc.is_in(entries["entry_type"], value_set=pa.array(types)), False)
    refused = np.flatnonzero(~as_mask(pc.and_(routed, typed)))
    if not len(refused):
        return
    rows = entries.select(["entry_number", "entry_type", "filing_route"]).take(refused)
    problems = [
        Problem(
            subject=row["entry_number"],
            code="route-without-cargo-release",
            values={"entry_type": row["entry_type"], "route": row["filing_route"]},
        )
        for row in rows.to_pylist()
    ]
    raise RouteRefused("cargo-release-not-applicable", problems, count=len(problems))


def records(part: EntrySlice) -> list[RecordPart]:
    """All SE records of a slice."""
    return [*header_parts(part), *bill_groups(part), *reference_parts(part), *party_parts(part), *line_parts(part)]


def _assembly(
    envelope: Envelope, limits: BatchLimits | None, profile: FilerProfile | None, offsets: Offsets | None
) -> BatchAssembly:
    sized = limits or BatchLimits()
    return BatchAssembly(envelope, sized, records, EntrySlice.of, SLICE, profile, offsets)
