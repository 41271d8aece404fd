"""What a change of lists or partners does to the hits: only what changed is screened anew.

The result equals that of a full screening, because a score depends on the two names and the model
alone: changed partners are held against all records, all others against changed records, and hits
between an unchanged partner and an unchanged record stay as they are.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.screening.finding import Screen
from tasks.screening.lists import versions
from tasks.screening.subjects import Subjects


def delta(
    hits: pa.Table,
    before: tuple[Subjects, pa.Table],
    after: tuple[Subjects, pa.Table],
    screened_by: Screen,
) -> tuple[pa.Table, int]:
    """The hits after a change of partners, lists or both, out of those before it, and how many
    subjects were held against something: changed partners against all records, all others against
    changed records."""
    (were, known), (subjects, records) = before, after
    touched = {one for one, d in subjects.digests.items() if were.digests.get(one) != d}
    touched |= {one for one, mids in subjects.mids.items() if were.mids.get(one) != mids}
    gone = were.digests.keys() - subjects.digests.keys()
    added, removed, changed = versions.difference(known, records)
    kept = hits.filter(
        pc.invert(
            pc.or_(_among(hits["partner"], touched | gone),
                   _among(hits["record"], removed | changed))
        )
    )  # fmt: skip
    parts = [kept]
    if touched:
        parts.append(screened_by(subjects.only(touched), records))
    rest = subjects.digests.keys() - touched
    if rest and (added or changed):
        parts.append(screened_by(subjects.only(rest), versions.some(records, added | changed)))
    screened = len(subjects.digests) if added or changed else len(touched)
    return in_order(pa.concat_tables(parts)), screened


def _among(column: pa.ChunkedArray, some: set[str]) -> pa.ChunkedArray:
    return pc.is_in(column, pa.array(sorted(some), pa.string()))


def in_order(hits: pa.Table) -> pa.Table:
    return hits.sort_by([("partner", "ascending"), ("record", "ascending")]).combine_chunks()
