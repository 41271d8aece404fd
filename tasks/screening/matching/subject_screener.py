"""Subjects against records: by names and identifiers, and by manufacturer ids built from addresses.

After a change of lists or partners only what changed is screened anew. The result equals that of a full
screening, because a score depends on the two names and the model alone: changed partners are compared
with all records, all others with changed records, and hits between an unchanged partner and an unchanged
record stay. A second opinion is asked about a partner's best pair, so with one every partner near a
changed record is screened anew.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.content import ContentStore
from tasks.core.journal.bodies import canonical
from tasks.screening.lists.list_schema import identifiers_table, names_table, places_table
from tasks.screening.lists.list_versions import record_changes, select_records
from tasks.screening.matching.manufacturer_id import MidIndex
from tasks.screening.matching.match_hits import HITS
from tasks.screening.matching.matcher import build_index
from tasks.screening.matching.name_words import MODEL
from tasks.screening.matching.partner_cache import cached_partners, cached_subjects, store_partners
from tasks.screening.matching.partner_index import PartnerIndex, prepare_partners
from tasks.screening.matching.scoring_model import load_model
from tasks.screening.matching.second_opinion import Opinion
from tasks.screening.partners.partner_register import read_register
from tasks.screening.partners.screening_subjects import ScreeningSubjects, subject_mids, subjects_of


def screen_changes(
    hits: pa.Table, before: tuple[ScreeningSubjects, pa.Table], after: tuple[ScreeningSubjects, pa.Table], by: Screener
) -> tuple[pa.Table, int]:
    """The hits after a change of partners, lists or both, out of those before it, and how many
    subjects were held against something."""
    (were, old_records), (subjects, records) = before, after
    touched, missing = _touched(were, subjects)
    added, removed, changed = record_changes(old_records, records)
    news = select_records(records, added | changed)
    unchanged = subjects.without(touched)
    near = by.near(unchanged, select_records(old_records, removed | changed)) | by.near(unchanged, news)
    touched = pa.concat_arrays([touched, pa.array(sorted(near), pa.string())])
    unchanged = subjects.without(touched)
    unlisted = pa.array(sorted(removed | changed), pa.string())
    old = pc.or_(
        pc.is_in(hits["partner"], value_set=pa.concat_arrays([touched, missing])),
        pc.is_in(hits["record"], value_set=unlisted),
    )
    parts = [hits.filter(pc.invert(old))]
    if len(touched):
        parts.append(by.screen(subjects.only(touched), records))
    if len(unchanged) and news.num_rows:
        parts.append(by.screen(unchanged, news))
    screened = len(subjects) if news.num_rows else len(touched)
    return sorted_hits(pa.concat_tables(parts)), screened


def _touched(were: ScreeningSubjects, are: ScreeningSubjects) -> tuple[pa.Array, pa.Array]:
    """Ids of subjects that are new or read otherwise, and of subjects that are gone."""
    if were is are:
        none = pa.array([], pa.string())
        return none, none
    touched = are.without(are.same_as(were)).ids
    return touched, were.without(are.ids).ids


def sorted_hits(hits: pa.Table) -> pa.Table:
    return hits.sort_by([("partner", "ascending"), ("record", "ascending")]).combine_chunks()


WORTH_KEEPING = 2000
"""So many partners take longer to prepare than to read back."""
CHANGED_SHARE = 0.1
"""Share of partners who may read otherwise than in the cache: they alone are prepared."""

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, pa.ArrowException)

MID_SCORE, MID_PRIORITY = 0.8, 2
"""A manufacturer id is built from parts of name and address: many makers share one."""

HITS_WITH_DIGESTS = pa.schema(
    [
        *((name, HITS.field(name).type) for name in HITS.names),
        ("partner_digest", pa.string()),
        ("record_digest", pa.string()),
    ]
)


@dataclass(frozen=True)
class Screener:
    """Matching by names and identifiers, and by manufacturer ids built from list addresses.

    `opinion`: a second scorer, asked about the pairs that the model is not sure of. `cache`: the
    folder where many prepared partners are kept for the next list change.
    """

    threads: int
    opinion: Opinion | None = None
    cache: Path | None = None
    version: str = MODEL

    @property
    def model(self) -> str:
        """What a score follows from: the model's version, and the second opinion's if it is asked."""
        return f"{self.version}, {self.opinion.name}" if self.opinion else self.version

    def screen(self, subjects: ScreeningSubjects, records: pa.Table) -> pa.Table:
        """The hits of these subjects on these records (schema HITS_WITH_DIGESTS)."""
        hits = self._match(subjects, records, None)
        return _with_digests(_with_mids(hits, subjects, records, self.version), subjects, records)

    def near(self, subjects: ScreeningSubjects, records: pa.Table) -> set[str]:
        """Subjects whose other hits may turn on these records: a second opinion is asked about a
        subject's best pair alone. Nobody without a second opinion."""
        if self.opinion is None or not records.num_rows or not len(subjects):
            return set()
        grey = load_model(self.version).grey
        return set(pc.to_list(self._match(subjects, records, grey)["partner"]))

    def everyone(self, content: ContentStore, digest: str) -> ScreeningSubjects:
        """Everyone of a register (its content digest): as kept, or read anew."""
        cached = self._cached_subjects()
        if cached is not None and digest and cached.register == digest:
            return cached
        return subjects_of(read_register(content, digest), digest)

    def _match(self, subjects: ScreeningSubjects, records: pa.Table, least: float | None) -> pa.Table:
        names = names_table(records)
        index = build_index(names, identifiers_table(records), places_table(records), self.version)
        if not len(index):
            return HITS.empty_table()
        opinion = self.opinion if least is None else None
        parts = [
            _of(index.screen(prepared, threads=self.threads, least=least, opinion=opinion), counted)
            for prepared, counted in self._prepared(subjects)
        ]
        return pa.concat_tables(parts)

    def _prepared(self, subjects: ScreeningSubjects) -> list[tuple[PartnerIndex, pa.Array | None]]:
        """The partners' side of matching, in parts: those prepared, and whose hits count (None:
        everyone's). The cache is a copy: if it fails, they are made anew."""
        if self.cache is None or len(subjects) < WORTH_KEEPING:
            return [(_prepare(subjects, self.version), None)]
        if (cached := self._cached_subjects()) is not None and (parts := self._cached_parts(cached, subjects)):
            return parts
        prepared = _prepare(subjects, self.version)
        if subjects.register:
            with suppress(*_UNREADABLE):
                store_partners(self.cache, subjects, prepared)
        return [(prepared, None)]

    def _cached_parts(
        self, cached: ScreeningSubjects, subjects: ScreeningSubjects
    ) -> list[tuple[PartnerIndex, pa.Array | None]]:
        """The parts out of those in the cache; none if too many of them read otherwise."""
        same, changed = None, None
        if not subjects.register or cached.register != subjects.register:
            same = subjects.same_as(cached)
            changed = subjects.without(same)
            if len(changed) > CHANGED_SHARE * len(subjects) or len(same) < len(cached) // 2:
                return []
        if (ready := self._cached_partners(cached)) is None:
            return []
        return [(ready, same), *([(_prepare(changed, self.version), None)] if changed else [])]

    def _cached_subjects(self) -> ScreeningSubjects | None:
        with suppress(*_UNREADABLE):
            return cached_subjects(self.cache, self.version) if self.cache else None
        return None

    def _cached_partners(self, cached: ScreeningSubjects) -> PartnerIndex | None:
        with suppress(*_UNREADABLE):
            return cached_partners(self.cache, cached, self.version) if self.cache else None
        return None


def _prepare(subjects: ScreeningSubjects, version: str) -> PartnerIndex:
    return prepare_partners(subjects.partners, subjects.identifiers, subjects.names, version)


def _of(hits: pa.Table, partners: pa.Array | None) -> pa.Table:
    if partners is None or not len(hits):
        return hits
    return hits.filter(pc.is_in(hits["partner"], value_set=partners))


def _with_mids(hits: pa.Table, subjects: ScreeningSubjects, records: pa.Table, version: str) -> pa.Table:
    """Hits by MID beside those by name: a pair found both ways says so and keeps the better score."""
    index = MidIndex(records)
    given_mids = subject_mids(subjects)
    given_mids = given_mids.filter(pc.is_in(pc.utf8_upper(given_mids["mid"]), pa.array(index, pa.string())))
    mids: dict[str, list[str]] = {}
    for partner, mid in zip(*(given_mids[name].to_pylist() for name in given_mids.column_names), strict=True):
        mids.setdefault(partner, []).append(mid)
    pairs = {
        (partner, record): by for partner, of_partner in mids.items() for record, by in index.find(of_partner).items()
    }
    if not pairs:
        return hits
    rows = {(row["partner"], row["record"]): row for row in hits.to_pylist()}
    bare = _MidRows(subjects.only(pa.array(mids, pa.string())), records, version)
    for pair, by in pairs.items():
        row = rows.get(pair) or bare.row(*pair, by)
        rows[pair] = row
        row["score"] = max(row["score"], MID_SCORE)
        row["reasons"] = [*row["reasons"], f"mid:{by}"]
    return pa.Table.from_pylist(list(rows.values()), schema=HITS)


class _MidRows:
    """Rows of hits whose names say nothing: the MID alone led to the record."""

    def __init__(self, subjects: ScreeningSubjects, records: pa.Table, version: str) -> None:
        self._version = version
        partners = subjects.partners
        self._names = dict(zip(partners["partner"].to_pylist(), partners["name"].to_pylist(), strict=True))
        rows = records.select(["record", "names"]).to_pylist()
        self._listed = {row["record"]: row["names"][0]["name"] for row in rows if row["names"]}

    def row(self, partner: str, record: str, by: str) -> dict[str, Any]:
        return {
            "partner": partner,
            "record": record,
            "name_matched": self._listed[record],
            "partner_name": self._names[partner],
            "score": MID_SCORE,
            "priority": MID_PRIORITY,
            "reasons": [],
            "explanation": canonical({"mid": by}),
            "model": self._version,
        }


def _with_digests(hits: pa.Table, subjects: ScreeningSubjects, records: pa.Table) -> pa.Table:
    columns = [
        side["digest"].take(pc.index_in(hits[name], value_set=side[name].combine_chunks()))
        for name, side in (("partner", subjects.partners), ("record", records))
    ]
    return pa.table([*hits.columns, *columns], schema=HITS_WITH_DIGESTS)
