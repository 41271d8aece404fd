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
    news = versions.some(records, added | changed)
    rest = subjects.without(touched)
    near = by.near(rest, versions.some(known, removed | changed)) | by.near(rest, news)
    touched = pa.concat_arrays([touched, pa.array(sorted(near), pa.string())])
    rest = subjects.without(touched)
    unlisted = pa.array(sorted(removed | changed), pa.string())
    old = pc.or_(
        pc.is_in(hits["partner"], value_set=pa.concat_arrays([touched, gone])),
        pc.is_in(hits["record"], value_set=unlisted),
    )
    parts = [hits.filter(pc.invert(old))]
    if len(touched):
        parts.append(by.screen(subjects.only(touched), records))
    if len(rest) and news.num_rows:
        parts.append(by.screen(rest, news))
    screened = len(subjects) if news.num_rows else len(touched)
    return in_order(pa.concat_tables(parts)), screened


def _touched(were: Subjects, are: Subjects) -> tuple[pa.Array, pa.Array]:
    """Ids of subjects that are new or read otherwise, and of subjects that are gone."""
    if were is are:
        none = pa.array([], pa.string())
        return none, none
    touched = are.without(are.same_as(were)).ids
    return touched, were.without(are.ids).ids


def in_order(hits: pa.Table) -> pa.Table:
    return hits.sort_by([("partner", "ascending"), ("record", "ascending")]).combine_chunks()
