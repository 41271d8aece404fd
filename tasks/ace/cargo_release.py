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
import pyarrow.compute as pc

from tasks.ace.batch import Batch, BatchLimits
from tasks.ace.cargo.bills import bill_groups
from tasks.ace.cargo.header import header, references
from tasks.ace.cargo.lines import lines
from tasks.ace.cargo.parties import parties
from tasks.ace.cargo.source import read_slices
from tasks.ace.envelope import Envelope
from tasks.ace.envelope_rules import FilerProfile
from tasks.ace.wire.assembly import Assembly
from tasks.ace.wire.pipeline import in_turn, slices
from tasks.ace.wire.slices import CHILDREN, COLUMNS, Part, Slice
from tasks.ace.wire.vectors import numpy
from tasks.entries import codes
from tasks.entries.number import Offsets
from tasks.entries.record import Record
from tasks.shared.errors import Problem, RouteRefused

SE_ROUTE = "se_then_ae"
SLICE = 4096
"""Entries built at a time: small enough for the processor's caches, large enough to be quick."""

_SUSPENDED = "86"


def write_batches(
    record: Record,
    envelope: Envelope,
    limits: BatchLimits | None = None,
    sequence_from: int = 1,
    *,
    accept_86: bool = False,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
) -> Iterator[Batch]:
    """SE batches of all entries of a record, by port of entry, numbered from `sequence_from`.

    Nothing is yielded if an entry's route has no SE (RouteRefused). Raises BadInput with every
    fault of a slice before any batch of that slice is yielded.
    """
    refuse_routes(record.entries, accept_86=accept_86)
    entries, *children = (getattr(record, name).select(held) for name, held in COLUMNS.items())
    build = _assembly(envelope, limits, profile, offsets)
    tables = dict(zip(CHILDREN, children, strict=True))
    yield from in_turn(job for _, job in slices(entries, tables, build, sequence_from))


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
) -> Iterator[Batch]:
    """SE batches from one Parquet file a table, each sorted by entry number, memory staying flat.

    Routes are judged before anything is built. A port's last batch of each portion may be short.
    """
    import pyarrow.parquet as pq

    wanted = ["entry_number", "entry_type", "filing_route"]
    with pq.ParquetFile(paths["entries"]) as file:
        for portion in file.iter_batches(batch_size=1 << 16, columns=wanted):
            refuse_routes(pa.Table.from_batches([portion]), accept_86=accept_86)
    build = _assembly(envelope, limits, profile, offsets)
    yield from in_turn(_portions(paths, entries_at_once, build, sequence_from))


def _portions(
    paths: Mapping[str, Path], entries_at_once: int, build: Assembly, sequence: int
) -> Iterator[Callable[[], list[Batch]]]:
    for entries, tables in read_slices(paths, entries_at_once):
        for following, job in slices(entries, tables, build, sequence):
            sequence = following
            yield job


def refuse_routes(entries: pa.Table, *, accept_86: bool = False) -> None:
    """Raises RouteRefused naming each entry that must not be sent as SE, and why."""
    taken = list(codes.having("entry_type", "se"))
    if not accept_86 and _SUSPENDED in taken:
        taken.remove(_SUSPENDED)
    routed = pc.fill_null(pc.equal(entries["filing_route"], SE_ROUTE), False)
    typed = pc.fill_null(pc.is_in(entries["entry_type"], value_set=pa.array(taken)), False)
    wrong = np.flatnonzero(~numpy(pc.and_(routed, typed), np.bool_))
    if not len(wrong):
        return
    rows = entries.select(["entry_number", "entry_type", "filing_route"]).take(pa.array(wrong))
    problems = [
        Problem(
            subject=row["entry_number"],
            code="route-without-cargo-release",
            values={"entry_type": row["entry_type"], "route": row["filing_route"]},
        )
        for row in rows.to_pylist()
    ]
    raise RouteRefused("cargo-release-not-applicable", problems, count=len(problems))


def records(part: Slice) -> list[Part]:
    """All SE records of a slice."""
    return [
        *header(part), *bill_groups(part), *references(part), *parties(part), *lines(part)
    ]  # fmt: skip


def _assembly(
    envelope: Envelope,
    limits: BatchLimits | None,
    profile: FilerProfile | None,
    offsets: Offsets | None,
) -> Assembly:
    sized = limits or BatchLimits()
    return Assembly(envelope, sized, records, Slice.of, SLICE, profile, offsets)
