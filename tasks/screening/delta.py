"""What a change of lists or partners does to the hits: only what changed is screened anew.

The result equals that of a full screening, because a score depends on the two names and the model
alone: changed partners are held against all records, all others against changed records, and hits
between an unchanged partner and an unchanged record stay as they are. A second opinion is asked about
a partner's best pair, so with one every partner near a changed record is screened anew.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.screening.finding import Screener
from tasks.screening.lists import versions
from tasks.screening.subjects import Subjects


def delta(
    hits: pa.Table,
    before: tuple[Subjects, pa.Table],
    after: tuple[Subjects, pa.Table],
    by: Screener,
) -> tuple[pa.Table, int]:
    """The hits after a change of partners, lists or both, out of those before it, and how many
    subjects were held against something."""
    (were, known), (subjects, records) = before, after
    touched, gone = _touched(were, subjects)
    added, removed, changed = versions.difference(known, records)
    rest = subjects.only(subjects.digests.keys() - touched)
    news = versions.some(records, added | changed)
    near = by.near(rest, versions.some(known, removed | changed)) | by.near(rest, news)
    touched, rest = touched | near, rest.only(rest.digests.keys() - near)
    old = pc.or_(_among(hits["partner"], touched | gone), _among(hits["record"], removed | changed))
    parts = [hits.filter(pc.invert(old))]
    if touched:
        parts.append(by.screen(subjects.only(touched), records))
    if rest.digests and news.num_rows:
        parts.append(by.screen(rest, news))
    screened = len(subjects.digests) if news.num_rows else len(touched)
    return in_order(pa.concat_tables(parts)), screened


def _touched(were: Subjects, are: Subjects) -> tuple[set[str], set[str]]:
    """Subjects that are new or read otherwise, and subjects that are gone."""
    touched = {one for one, digest in are.digests.items() if were.digests.get(one) != digest}
    touched |= {one for one, mids in are.mids.items() if were.mids.get(one) != mids}
    touched |= {one for one in were.mids.keys() - are.mids.keys() if one in are.digests}
    return touched, were.digests.keys() - are.digests.keys()


def _among(column: pa.ChunkedArray, some: set[str]) -> pa.ChunkedArray:
    return pc.is_in(column, pa.array(sorted(some), pa.string()))


def in_order(hits: pa.Table) -> pa.Table:
    return hits.sort_by([("partner", "ascending"), ("record", "ascending")]).combine_chunks()
