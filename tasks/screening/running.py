"""Holds the register against the lists in force: the whole, or only what changed since last time.

What was found is content named in the journal, with the lists, the register and the model behind it:
a screening can be done again years later. A run over the changes leaves the same hits as a run over
the whole, because a score depends on the two names and the model alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tasks.screening import match, policy, register, second, stored
from tasks.screening.delta import delta, in_order
from tasks.screening.finding import FOUND, Screener
from tasks.screening.lists import versions
from tasks.screening.lists.loading import load_embedded
from tasks.screening.ownership import MARK
from tasks.screening.subjects import Subjects
from tasks.shared import clock, store
from tasks.shared.journal import Pen
from tasks.shared.kinds.ace import PlanDropped
from tasks.shared.kinds.screening import HitFound, HitLine, ScreeningDone
from tasks.shared.screening_tables import HITS, SCREENED
from tasks.workspace import Workspace

SHELF = "screening-shelf"
"""Of the home: a copy of prepared partners, which may be deleted at any time."""

FULL, CHANGES, NAME = "full", "changes", "name"


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
    new: tuple[HitLine, ...]
    gone: tuple[str, ...]


def screen(workspace: Workspace, actor: str, *, full: bool = False) -> Outcome:
    """Screen what changed since the last time, or everything. Loads the embedded subset if no list
    was ever loaded. Running it again changes nothing."""
    if not versions.in_force(workspace.journal):
        load_embedded(workspace, actor)
    by = screener(workspace)
    basis = Basis(versions.used(workspace.journal), register.current(workspace.journal), by.model)
    before = None if full else last(workspace)
    if before is not None and before[0].model != basis.model:
        before = None
    sides = _sides(workspace, by, basis)
    found, screened = _find(workspace, by, sides, basis, before)
    held = _Held(
        CHANGES if before else FULL, basis, found, _lines(workspace, sides, found), screened
    )
    return _write(workspace, actor, held)


def screener(workspace: Workspace) -> Screener:
    """The matching that the settings ask for. Raises MissingPart for a second opinion that is not
    installed."""
    given = workspace.settings.screening
    opinion = second.logic_v2() if given.second_opinion else None
    return Screener(given.threads, opinion, workspace.settings.home / SHELF)


def last(workspace: Workspace) -> tuple[Basis, pa.Table] | None:
    """What the last screening of the register rested on, and its hits; None if there was none."""
    rows = workspace.journal.rows(sa.select(SCREENED).where(SCREENED.c.what == "hits"))
    if not rows:
        return None
    return _basis(rows[0]), hits_of(workspace, rows[0].content)


def last_content(workspace: Workspace) -> str:
    """The content digest of the hits of the last screening of the register; empty if there was none."""
    rows = workspace.journal.rows(sa.select(SCREENED.c.content).where(SCREENED.c.what == "hits"))
    return rows[0].content if rows else ""


def _basis(row: sa.Row) -> Basis:
    return Basis(versions.contents_of(row.lists), row.partners, row.model)


def hits_of(workspace: Workspace, content: str) -> pa.Table:
    """The hits of a screening, with explanations (schema FOUND)."""
    return stored.from_bytes(workspace.content.get(content), FOUND)


def _sides(workspace: Workspace, by: Screener, basis: Basis) -> tuple[Subjects, pa.Table]:
    """Everyone to screen, and every record to screen against."""
    subjects = by.everyone(workspace.content, basis.partners)
    return subjects, versions.records(workspace.content, basis.lists)


def _find(
    workspace: Workspace,
    by: Screener,
    sides: tuple[Subjects, pa.Table],
    basis: Basis,
    before: tuple[Basis, pa.Table] | None,
) -> tuple[pa.Table, int]:
    if before is None:
        return in_order(by.screen(*sides)), len(sides[0])
    rested, hits = before
    were, known = sides
    if rested.partners != basis.partners:
        were = by.everyone(workspace.content, rested.partners)
    if rested.lists != basis.lists:
        known = versions.records(workspace.content, rested.lists)
    return delta(hits, (were, known), sides, by)


def partner_of(subject: str) -> str:
    """The partner itself, of a subject that may be one of its owners."""
    return subject.split(MARK)[0]


def hit_id(partner: str, record: str) -> str:
    """The id of a hit: the same for this partner and record in every screening."""
    return "h" + sha256(f"{partner}\n{record}".encode()).hexdigest()[:11]


@dataclass(frozen=True)
class _Held:
    """A screening before it is written down: the hits as a table (FOUND) and as journal lines."""

    scope: str
    basis: Basis
    found: pa.Table
    lines: list[HitLine]
    screened: int


def _write(workspace: Workspace, actor: str, held: _Held) -> Outcome:
    """Write down what was found, in one transaction with the hits that are new or gone."""
    basis, count = held.basis, held.found.num_rows
    content = workspace.content.put(stored.to_bytes(held.found, FOUND))
    done = ScreeningDone(
        scope=held.scope,
        model=basis.model,
        lists=basis.lists,
        partners=basis.partners,
        content=content,
        screened=held.screened,
        hits=count,
    )
    with workspace.journal.write(actor) as pen:
        new, gone = _news(pen, held.lines)
        if new or gone:
            pen.append(HitFound(hits=list(new), gone=list(gone)), "screening")
            _drop_proposals(pen)
        if not _written(pen, basis, content):
            pen.append(done, "screening")
    return Outcome(held.scope, basis, content, held.screened, count, new, gone)


def _drop_proposals(pen: Pen) -> None:
    """Drop what waits for a second person on a hit that is gone or changed since it was proposed."""
    column = HITS.c
    changed = sa.or_(
        ~column.present,
        column.partner_digest != column.proposed_partner_digest,
        column.record_digest != column.proposed_record_digest,
    )
    query = sa.select(column.proposed_plan).where(column.proposed_plan != "", changed)
    for row in pen.rows(query):
        drop_proposal(pen, row.proposed_plan)


def drop_proposal(pen: Pen, plan: str) -> None:
    """Note that a proposal no longer waits for its second person."""
    body = PlanDropped(plan=plan, reason="hit-changed-since-proposed")
    pen.append(body, f"plan/{plan}", key=f"dropped:{plan}")


def _news(pen: Pen, lines: list[HitLine]) -> tuple[tuple[HitLine, ...], tuple[str, ...]]:
    """The hits that the book does not know so, and the ids of those that are no more."""
    known = {row.hit: row for row in pen.rows(sa.select(HITS))}
    standing = {line.hit for line in lines}
    gone = sorted(hit for hit, row in known.items() if row.present and hit not in standing)
    return tuple(line for line in lines if _is_news(line, known.get(line.hit))), tuple(gone)


def _written(pen: Pen, basis: Basis, content: str) -> bool:
    """Whether the last screening is of today, rests on the same and found the same: it is written
    down once a day. An earlier one does not count: what stands last is what the next rests on."""
    at = store.EVENTS.c
    query = sa.select(SCREENED, at.at).where(SCREENED.c.what == "hits", at.seq == SCREENED.c.seq)
    return any(
        (_basis(row), row.content) == (basis, content) and row.at[:10] == clock.text()[:10]
        for row in pen.rows(query)
    )


def _lines(
    workspace: Workspace, sides: tuple[Subjects, pa.Table], found: pa.Table
) -> list[HitLine]:
    """The journal's line for each hit: with what the policy says of it today."""
    subjects, every = sides
    found_ones = subjects.only(pc.unique(found["partner"])).partners
    roles = dict(zip(*(found_ones[name].to_pylist() for name in ("partner", "role")), strict=True))
    records = versions.some(every, set(found["record"].to_pylist()))
    listed = {row["record"]: row for row in records.to_pylist()}
    today = clock.now().date().isoformat()
    least = _strong(workspace)
    lines = []
    for row in found.select(_IN_LINE).to_pylist():
        one, role = listed[row["record"]], roles[row["partner"]]
        effect = policy.effect(role, one["list"], tuple(one["programs"]), one["ends"], today)
        strong = row["score"] >= least and effect != policy.NOTE
        hit = hit_id(row["partner"], row["record"])
        lines.append(HitLine(hit=hit, strong=strong, effect=effect, **row))
    return lines


def _strong(workspace: Workspace) -> float:
    """The score from which two persons decide."""
    told = workspace.settings.screening.strong_score
    return match.load_model(match.MODEL).strong if told is None else told


_IN_LINE = ["partner", "record", "score", "partner_digest", "record_digest"]


def _is_news(line: HitLine, known: sa.Row | None) -> bool:
    if known is None or not known.present:
        return True
    said = (known.partner_digest, known.record_digest, known.effect, known.strong, known.score)
    return said != (line.partner_digest, line.record_digest, line.effect, line.strong, line.score)
