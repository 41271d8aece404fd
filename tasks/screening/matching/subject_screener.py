"""Subjects against records: by names and identifiers, and by manufacturer ids built from addresses.

What a change of lists or partners does to the hits: only what changed is screened anew.

The result equals that of a full screening, because a score depends on the two names and the model
alone: changed partners are held against all records, all others against changed records, and hits
between an unchanged partner and an unchanged record stay as they are. A second opinion is asked about
a partner's best pair, so with one every partner near a changed record is screened anew.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.core.content import ContentStore
from tasks.core.journal.bodies import canonical
from tasks.screening.lists.list_schema import identifiers_table, names_table, places_table
from tasks.screening.lists.list_versions import record_changes, select_records
from tasks.screening.matching.manufacturer_id import MidIndex
from tasks.screening.matching.match_hits import HITS
from tasks.screening.matching.matcher import build_index
from tasks.screening.matching.model_version import MODEL
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
    (were, known), (subjects, records) = before, after
    touched, gone = _touched(were, subjects)
    added, removed, changed = record_changes(known, records)
    news = select_records(records, added | changed)
    rest = subjects.without(touched)
    near = by.near(rest, select_records(known, removed | changed)) | by.near(rest, news)
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
FEW = 0.1
"""Share of partners who may read otherwise than on the shelf: they alone are prepared."""

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, pa.ArrowException)

MID_SCORE, MID_PRIORITY = 0.8, 2
"""A manufacturer id is built from parts of name and address: many makers share one."""

FOUND = pa.schema(
    [
        *((name, HITS.field(name).type) for name in HITS.names),
        ("partner_digest", pa.string()),
        ("record_digest", pa.string()),
    ]
)


@dataclass(frozen=True)
class Screener:
    """Matching by names and identifiers, and by manufacturer ids built from list addresses.

    `opinion`: a second scorer, asked about the pairs that the model is not sure of. `shelf`: the
    folder where many prepared partners are kept for the next list change.
    """

    threads: int
    opinion: Opinion | None = None
    shelf: Path | None = None
    version: str = MODEL

    @property
    def model(self) -> str:
        """What a score follows from: the model's version, and the second opinion's if it is asked."""
        return f"{self.version}, {self.opinion.name}" if self.opinion else self.version

    def screen(self, subjects: ScreeningSubjects, records: pa.Table) -> pa.Table:
        """The hits of these subjects on these records (schema FOUND)."""
        found = self._match(subjects, records, None)
        return _with_digests(_with_mids(found, subjects, records, self.version), subjects, records)

    def near(self, subjects: ScreeningSubjects, records: pa.Table) -> set[str]:
        """Subjects whose other hits may turn on these records: a second opinion is asked about a
        subject's best pair alone. Nobody without a second opinion."""
        if self.opinion is None or not records.num_rows or not len(subjects):
            return set()
        grey = load_model(self.version).grey
        return set(self._match(subjects, records, grey)["partner"].to_pylist())

    def everyone(self, content: ContentStore, digest: str) -> ScreeningSubjects:
        """Everyone of a register (its content digest): as kept, or read anew."""
        kept = self._kept()
        if kept is not None and digest and kept.register == digest:
            return kept
        return subjects_of(read_register(content, digest), digest)

    def _match(self, subjects: ScreeningSubjects, records: pa.Table, least: float | None) -> pa.Table:
        names = names_table(records)
        index = build_index(names, identifiers_table(records), places_table(records), self.version)
        if not len(index):
            return HITS.empty_table()
        asked = self.opinion if least is None else None
        parts = [
            _of(index.screen(prepared, threads=self.threads, least=least, opinion=asked), wanted)
            for prepared, wanted in self._prepared(subjects)
        ]
        return pa.concat_tables(parts)

    def _prepared(self, subjects: ScreeningSubjects) -> list[tuple[PartnerIndex, pa.Array | None]]:
        """The partners' side of matching, in parts: those prepared, and whose hits count (None:
        everyone's). The shelf is a copy: if it fails, they are made anew."""
        if self.shelf is None or len(subjects) < WORTH_KEEPING:
            return [(_prepare(subjects, self.version), None)]
        if (kept := self._kept()) is not None and (parts := self._from(kept, subjects)):
            return parts
        made = _prepare(subjects, self.version)
        if subjects.register:
            with suppress(*_UNREADABLE):
                store_partners(self.shelf, subjects, made)
        return [(made, None)]

    def _from(self, kept: ScreeningSubjects, subjects: ScreeningSubjects) -> list[tuple[PartnerIndex, pa.Array | None]]:
        """The parts out of those on the shelf; none if too many of them read otherwise."""
        same, rest = None, None
        if not subjects.register or kept.register != subjects.register:
            same = subjects.same_as(kept)
            rest = subjects.without(same)
            if len(rest) > FEW * len(subjects) or len(same) < len(kept) // 2:
                return []
        if (ready := self._ready(kept)) is None:
            return []
        return [(ready, same), *([(_prepare(rest, self.version), None)] if rest else [])]

    def _kept(self) -> ScreeningSubjects | None:
        with suppress(*_UNREADABLE):
            return cached_subjects(self.shelf, self.version) if self.shelf else None
        return None

    def _ready(self, kept: ScreeningSubjects) -> PartnerIndex | None:
        with suppress(*_UNREADABLE):
            return cached_partners(self.shelf, kept, self.version) if self.shelf else None
        return None


def _prepare(subjects: ScreeningSubjects, version: str) -> PartnerIndex:
    return prepare_partners(subjects.partners, subjects.identifiers, subjects.names, version)


def _of(hits: pa.Table, partners: pa.Array | None) -> pa.Table:
    if partners is None or not len(hits):
        return hits
    return hits.filter(pc.is_in(hits["partner"], value_set=partners))


def _with_mids(found: pa.Table, subjects: ScreeningSubjects, records: pa.Table, version: str) -> pa.Table:
    """Hits by MID beside those by name: a pair found both ways says so and keeps the better score."""
    index = MidIndex(records)
    held = subject_mids(subjects)
    held = held.filter(pc.is_in(pc.utf8_upper(held["mid"]), pa.array(index, pa.string())))
    mids: dict[str, list[str]] = {}
    for partner, one in zip(*(held[name].to_pylist() for name in held.column_names), strict=True):
        mids.setdefault(partner, []).append(one)
    pairs = {(partner, record): by for partner, given in mids.items() for record, by in index.find(given).items()}
    if not pairs:
        return found
    rows = {(row["partner"], row["record"]): row for row in found.to_pylist()}
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


def _with_digests(found: pa.Table, subjects: ScreeningSubjects, records: pa.Table) -> pa.Table:
    columns = [
        side["digest"].take(pc.index_in(found[name], value_set=side[name].combine_chunks()))
        for name, side in (("partner", subjects.partners), ("record", records))
    ]
    return pa.table([*found.columns, *columns], schema=FOUND)
