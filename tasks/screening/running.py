"""Holds the register against the lists in force: the whole, or only what changed since last time.

What was found is content named in the journal, with the lists, the register and the model behind it:
a screening can be done again years later. A run over the changes leaves the same hits as a run over
the whole, because a score depends on the two names and the model alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from tasks.screening import match, policy, register
from tasks.screening.house import House
from tasks.screening.lists import tables, versions
from tasks.screening.lists.loading import load_embedded
from tasks.screening.mid import ReverseIndex
from tasks.screening.subjects import Subjects, of
from tasks.shared import clock, kinds
from tasks.shared.projections import HITS, SCREENED

FULL, CHANGES, NAME = "full", "changes", "name"
MID_SCORE, MID_PRIORITY = 0.8, 2
"""A manufacturer id is built from parts of name and address: many makers share one."""

FOUND = pa.schema(
    [
        *((name, match.HITS.field(name).type) for name in match.HITS.names),
        ("partner_digest", pa.string()),
        ("record_digest", pa.string()),
    ]
)
Screen = Callable[[Subjects, pa.Table], pa.Table]


@dataclass(frozen=True)
class Basis:
    """What a screening rests on: digests of each list and of the register, and the model."""

    lists: dict[str, str]
    partners: str
    model: str


@dataclass(frozen=True)
class Outcome:
    """`new`: hits that are new or rest on other content than before; `gone`: ids of hits that are
    no more. `screened`: how many subjects were held against something."""

    scope: str
    basis: Basis
    content: str
    screened: int
    hits: int
    new: tuple[kinds.HitLine, ...]
    gone: tuple[str, ...]


def screen(house: House, actor: str, *, full: bool = False) -> Outcome:
    """Screen what changed since the last time, or everything. Loads the embedded subset if no list
    was ever loaded. Running it again changes nothing."""
    if not versions.in_force(house.journal):
        load_embedded(house.journal, house.content, actor)
    basis = Basis(versions.used(house.journal), register.current(house.journal), match.MODEL)
    before = None if full else last(house)
    if before is not None and before[0].model != basis.model:
        before = None
    found, screened = _find(house, basis, before)
    return _write(house, actor, basis, found, screened, CHANGES if before else FULL)


def last(house: House) -> tuple[Basis, pa.Table] | None:
    """What the last screening of the register rested on, and its hits; None if there was none."""
    rows = house.journal.rows(sa.select(SCREENED).where(SCREENED.c.what == "hits"))
    if not rows:
        return None
    one = rows[0]
    basis = Basis(versions.contents_of(one.lists), one.partners, one.model)
    return basis, hits_of(house, one.content)


def hits_of(house: House, content: str) -> pa.Table:
    """The hits of a screening, with explanations (schema FOUND)."""
    return pq.read_table(io.BytesIO(house.content.get(content)))


def _find(
    house: House, basis: Basis, before: tuple[Basis, pa.Table] | None
) -> tuple[pa.Table, int]:
    subjects = of(register.read(house.content, basis.partners))
    records = versions.records(house.content, basis.lists)
    screened_by = screener(house)
    if before is None:
        return in_order(screened_by(subjects, records)), len(subjects.digests)
    rested, hits = before
    old = rested.lists if rested.lists == basis.lists else None
    known = records if old else versions.records(house.content, rested.lists)
    were = subjects
    if rested.partners != basis.partners:
        were = of(register.read(house.content, rested.partners))
    return delta(hits, (were, known), (subjects, records), screened_by)


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


def screener(house: House) -> Screen:
    """Matching by names and identifiers, and by manufacturer ids built from list addresses."""
    threads = house.settings.screening.threads

    def screen_(subjects: Subjects, records: pa.Table) -> pa.Table:
        names = tables.names(records)
        index = match.build(names, tables.identifiers(records), tables.places(records))
        prepared = match.prepare(subjects.partners, subjects.identifiers, subjects.names)
        found = index.screen(prepared, threads=threads) if len(index) else match.HITS.empty_table()
        return _with_digests(_with_mids(found, subjects, records), subjects, records)

    return screen_


def _with_mids(found: pa.Table, subjects: Subjects, records: pa.Table) -> pa.Table:
    """Hits by MID beside those by name: a pair found both ways says so and keeps the better score."""
    if not subjects.mids:
        return found
    index = ReverseIndex(records)
    pairs = {
        (partner, record): by
        for partner, mids in sorted(subjects.mids.items())
        for record, by in index.find(mids).items()
    }
    if not pairs:
        return found
    rows = {(row["partner"], row["record"]): row for row in found.to_pylist()}
    names = dict(zip(subjects.partners["partner"].to_pylist(),
                     subjects.partners["name"].to_pylist(), strict=True))  # fmt: skip
    listed = {row["record"]: row["names"] for row in records.select(["record", "names"]).to_pylist()}
    for (partner, record), by in pairs.items():
        row = rows.setdefault(
            (partner, record),
            {
                "partner": partner,
                "record": record,
                "name_matched": listed[record][0]["name"] if listed[record] else "",
                "partner_name": names[partner],
                "score": MID_SCORE,
                "priority": MID_PRIORITY,
                "reasons": [],
                "explanation": kinds.canonical({"mid": by}),
                "model": match.MODEL,
            },
        )
        row["score"] = max(row["score"], MID_SCORE)
        row["reasons"] = [*row["reasons"], f"mid:{by}"]
    return pa.Table.from_pylist(list(rows.values()), schema=match.HITS)


def _with_digests(found: pa.Table, subjects: Subjects, records: pa.Table) -> pa.Table:
    digest = dict(zip(records["record"].to_pylist(), records["digest"].to_pylist(), strict=True))
    partners = [subjects.digests[one] for one in found["partner"].to_pylist()]
    listed = [digest[one] for one in found["record"].to_pylist()]
    columns = [*found.columns, pa.array(partners, pa.string()), pa.array(listed, pa.string())]
    return pa.table(columns, schema=FOUND)


def hit_id(partner: str, record: str) -> str:
    """The id of a hit: the same for this partner and record in every screening."""
    return "h" + sha256(f"{partner}\n{record}".encode()).hexdigest()[:11]


def to_bytes(hits: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(hits, out, compression="zstd")
    return out.getvalue()


def _write(
    house: House, actor: str, basis: Basis, found: pa.Table, screened: int, scope: str
) -> Outcome:
    """Write down what was found, in one transaction with the hits that are new or gone."""
    content = house.content.put(to_bytes(found))
    lines = lines_of(house, basis, found)
    today = clock.now().date().isoformat()
    resting = kinds.canonical([basis.model, basis.lists, basis.partners, content, today])
    done = kinds.ScreeningDone(
        scope=scope,
        model=basis.model,
        lists=basis.lists,
        partners=basis.partners,
        content=content,
        screened=screened,
        hits=found.num_rows,
    )
    with house.journal.write(actor) as pen:
        known = {row.hit: row for row in pen.rows(sa.select(HITS))}
        new = tuple(line for line in lines if _is_news(line, known.get(line.hit)))
        standing = {line.hit for line in lines}
        gone = tuple(sorted(h for h, row in known.items() if row.present and h not in standing))
        if new or gone:
            pen.append(kinds.HitFound(hits=list(new), gone=list(gone)), "screening")
        pen.append(done, "screening", f"screening:{sha256(resting.encode()).hexdigest()}")
    return Outcome(scope, basis, content, screened, found.num_rows, new, gone)


def lines_of(house: House, basis: Basis, found: pa.Table) -> list[kinds.HitLine]:
    """The journal's line for each hit: with what the policy says of it today."""
    subjects = of(register.read(house.content, basis.partners))
    records = versions.some(
        versions.records(house.content, basis.lists), set(found["record"].to_pylist())
    )
    return _lines(house, found, subjects.roles, records)


def _lines(
    house: House, found: pa.Table, roles: dict[str, str] | object, records: pa.Table
) -> list[kinds.HitLine]:
    listed = {row["record"]: row for row in records.to_pylist()}
    today = clock.now().date().isoformat()
    least = house.settings.screening.strong_score
    lines = []
    for row in found.select(["partner", "record", "score", "partner_digest", "record_digest"]).to_pylist():
        one = listed[row["record"]]
        role = roles[row["partner"]]  # type: ignore[index]
        effect = policy.effect(role, one["list"], tuple(one["programs"]), one["ends"], today)
        strong = row["score"] >= least and effect != policy.NOTE
        lines.append(
            kinds.HitLine(hit=hit_id(row["partner"], row["record"]), strong=strong, effect=effect, **row)
        )
    return lines


def _is_news(line: kinds.HitLine, known: sa.Row | None) -> bool:  # type: ignore[type-arg]
    if known is None or not known.present:
        return True
    said = (known.partner_digest, known.record_digest, known.effect, known.strong, known.score)
    return said != (line.partner_digest, line.record_digest, line.effect, line.strong, line.score)
