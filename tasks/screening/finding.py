"""Subjects against records: by names and identifiers, and by manufacturer ids built from addresses."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pyarrow as pa

from tasks.screening import match, shelf
from tasks.screening.lists import tables
from tasks.screening.mid import ReverseIndex
from tasks.screening.second import Opinion
from tasks.screening.subjects import Subjects
from tasks.shared import kinds

WORTH_KEEPING = 2000
"""So many partners take longer to prepare than to read back."""

_UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile, pa.ArrowException)

MID_SCORE, MID_PRIORITY = 0.8, 2
"""A manufacturer id is built from parts of name and address: many makers share one."""

FOUND = pa.schema(
    [
        *((name, match.HITS.field(name).type) for name in match.HITS.names),
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

    @property
    def model(self) -> str:
        """What a score follows from: the model's version, and the second opinion's if it is asked."""
        return f"{match.MODEL}, {self.opinion.name}" if self.opinion else match.MODEL

    def screen(self, subjects: Subjects, records: pa.Table) -> pa.Table:
        """The hits of these subjects on these records (schema FOUND)."""
        found = self._match(subjects, records, None)
        return _with_digests(_with_mids(found, subjects, records), subjects, records)

    def near(self, subjects: Subjects, records: pa.Table) -> set[str]:
        """Subjects whose other hits may turn on these records: a second opinion is asked about a
        subject's best pair alone. Nobody without a second opinion."""
        if self.opinion is None or not records.num_rows or not subjects.digests:
            return set()
        grey = match.load_model(match.MODEL).grey
        return set(self._match(subjects, records, grey)["partner"].to_pylist())

    def _match(self, subjects: Subjects, records: pa.Table, least: float | None) -> pa.Table:
        names = tables.names(records)
        index = match.build(names, tables.identifiers(records), tables.places(records))
        if not len(index):
            return match.HITS.empty_table()
        prepared = self._prepared(subjects)
        asked = self.opinion if least is None else None
        return index.screen(prepared, threads=self.threads, least=least, opinion=asked)

    def _prepared(self, subjects: Subjects) -> match.Partners:
        """The partners' side of matching. The shelf is a copy: if it fails, they are made anew."""
        many = self.shelf is not None and len(subjects.digests) >= WORTH_KEEPING
        if self.shelf is None or not many:
            return match.prepare(subjects.partners, subjects.identifiers, subjects.names)
        key = sha256(kinds.canonical(dict(subjects.digests)).encode()).hexdigest()
        with suppress(*_UNREADABLE):
            if (kept := shelf.get(self.shelf, key, match.MODEL)) is not None:
                return kept
        made = match.prepare(subjects.partners, subjects.identifiers, subjects.names)
        with suppress(*_UNREADABLE):
            shelf.put(self.shelf, key, made)
        return made


def _with_mids(found: pa.Table, subjects: Subjects, records: pa.Table) -> pa.Table:
    """Hits by MID beside those by name: a pair found both ways says so and keeps the better score."""
    if not subjects.mids:
        return found
    index = ReverseIndex(records)
    holders = sorted(
        one for one, mids in subjects.mids.items() if any(mid in index for mid in mids)
    )
    pairs = {
        (partner, record): by
        for partner in holders
        for record, by in index.find(subjects.mids[partner]).items()
    }
    if not pairs:
        return found
    rows = {(row["partner"], row["record"]): row for row in found.to_pylist()}
    bare = _Bare(subjects, records)
    for pair, by in pairs.items():
        row = rows.get(pair) or bare.row(*pair, by)
        rows[pair] = row
        row["score"] = max(row["score"], MID_SCORE)
        row["reasons"] = [*row["reasons"], f"mid:{by}"]
    return pa.Table.from_pylist(list(rows.values()), schema=match.HITS)


class _Bare:
    """Rows of hits whose names say nothing: the MID alone led to the record."""

    def __init__(self, subjects: Subjects, records: pa.Table) -> None:
        partners = subjects.partners
        self._names = dict(
            zip(partners["partner"].to_pylist(), partners["name"].to_pylist(), strict=True)
        )
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
            "explanation": kinds.canonical({"mid": by}),
            "model": match.MODEL,
        }


def _with_digests(found: pa.Table, subjects: Subjects, records: pa.Table) -> pa.Table:
    digest = dict(zip(records["record"].to_pylist(), records["digest"].to_pylist(), strict=True))
    partners = [subjects.digests[one] for one in found["partner"].to_pylist()]
    listed = [digest[one] for one in found["record"].to_pylist()]
    columns = [*found.columns, pa.array(partners, pa.string()), pa.array(listed, pa.string())]
    return pa.table(columns, schema=FOUND)
