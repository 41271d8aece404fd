"""Holds the register against the lists in force: the whole, or only what changed since last time.

What was found is content named in the journal, with the lists, the register and the model behind it:
a screening can be done again years later. A run over the changes leaves the same hits as a run over
the whole, because a score depends on the two names and the model alone.

What became of a hit's partner and list record since the last screening, which alone brings hits up
to date: lists and partners may have been taken since.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tasks.core import clock
from tasks.core.journal import store
from tasks.core.journal.journal import Pen
from tasks.screening import parquet_content
from tasks.screening.events import HitFound, HitLine, ScreeningDone
from tasks.screening.hits import role_policy
from tasks.screening.hits.role_policy import role_effect
from tasks.screening.lists import list_versions
from tasks.screening.lists.list_loading import load_embedded
from tasks.screening.lists.list_versions import contents_in_force, record_row, records_screened, select_records
from tasks.screening.matching import second_opinion
from tasks.screening.matching.model_version import MODEL
from tasks.screening.matching.scoring_model import load_model
from tasks.screening.matching.subject_screener import FOUND, Screener, screen_changes, sorted_hits
from tasks.screening.partners.partner_register import current_digest, read_register
from tasks.screening.partners.screening_subjects import ScreeningSubjects, subjects_of
from tasks.screening.risk.ownership_rules import MARK
from tasks.screening.settings import ScreeningSettings
from tasks.screening.tables import HITS, SCREENED
from tasks.security.api import PlanDropped
from tasks.workspace import Workspace

NEXT = "continuity screen run"


def changed_sides(workspace: Workspace, hit: str) -> list[str]:
    """The sides of a hit, partner or list record, that read otherwise now, or are gone."""
    row = workspace.journal.rows(HITS.select().where(HITS.c.hit == hit))[0]
    now = {
        "partner": (_partner(workspace, row.partner), row.partner_digest),
        "list record": (_record(workspace, row.record), row.record_digest),
    }
    return [side for side, (digest, before) in now.items() if digest != before]


def _partner(workspace: Workspace, subject: str) -> str:
    register_ = read_register(workspace.content, current_digest(workspace.journal))
    one = register_.filter(pc.equal(register_["partner"], partner_of(subject)))
    everyone = subjects_of(one).partners
    found = everyone.filter(pc.equal(everyone["partner"], subject))["digest"].to_pylist()
    return found[0] if found else ""


def _record(workspace: Workspace, record: str) -> str:
    version = contents_in_force(workspace.journal).get(record.partition("/")[0], "")
    return record_row(workspace.content, version, record).get("digest", "")


SHELF = "screening-shelf"
"""Of the home: a copy of prepared partners, which may be deleted at any time."""

FULL, CHANGES, NAME = "full", "changes", "name"


@dataclass(frozen=True)
class ScreeningBasis:
    """What a screening rests on: digests of each list and of the register, and the model."""

    lists: dict[str, str]
    partners: str
    model: str


@dataclass(frozen=True)
class ScreeningOutcome:
    """`new`: hits that are new or rest on other content than before; `gone`: ids of hits that are
    no more. `screened`: how many subjects were held against something."""

    scope: str
    basis: ScreeningBasis
    content: str
    screened: int
    hits: int
    new: tuple[HitLine, ...]
    gone: tuple[str, ...]


def screen_register(workspace: Workspace, actor: str, *, full: bool = False) -> ScreeningOutcome:
    """Screen what changed since the last time, or everything. Loads the embedded subset if no list
    was ever loaded. Running it again changes nothing."""
    if not list_versions.in_force(workspace.journal):
        load_embedded(workspace, actor)
    by = configured_screener(workspace)
    basis = ScreeningBasis(contents_in_force(workspace.journal), current_digest(workspace.journal), by.model)
    before = None if full else last_screening(workspace)
    if before is not None and before[0].model != basis.model:
        before = None
    sides = _sides(workspace, by, basis)
    found, screened = _find(workspace, by, sides, basis, before)
    held = _ScreeningResult(CHANGES if before else FULL, basis, found, _lines(workspace, sides, found), screened)
    return _write(workspace, actor, held)


def configured_screener(workspace: Workspace) -> Screener:
    """The matching that the settings ask for. Raises MissingPart for a second opinion that is not
    installed."""
    given = workspace.settings(ScreeningSettings)
    opinion = second_opinion.logic_v2() if given.second_opinion else None
    return Screener(given.threads, opinion, workspace.settings.home / SHELF)


def last_screening(workspace: Workspace) -> tuple[ScreeningBasis, pa.Table] | None:
    """What the last screening of the register rested on, and its hits; None if there was none."""
    rows = workspace.journal.rows(sa.select(SCREENED).where(SCREENED.c.what == "hits"))
    if not rows:
        return None
    return _basis(rows[0]), hits_of(workspace, rows[0].content)


def last_content(workspace: Workspace) -> str:
    """The content digest of the hits of the last screening of the register; empty if there was none."""
    rows = workspace.journal.rows(sa.select(SCREENED.c.content).where(SCREENED.c.what == "hits"))
    return rows[0].content if rows else ""


def _basis(row: sa.Row) -> ScreeningBasis:
    return ScreeningBasis(list_versions.contents_of(row.lists), row.partners, row.model)


def hits_of(workspace: Workspace, content: str) -> pa.Table:
    """The hits of a screening, with explanations (schema FOUND)."""
    return parquet_content.from_bytes(workspace.content.get(content), FOUND)


def _sides(workspace: Workspace, by: Screener, basis: ScreeningBasis) -> tuple[ScreeningSubjects, pa.Table]:
    """Everyone to screen, and every record to screen against."""
    subjects = by.everyone(workspace.content, basis.partners)
    return subjects, records_screened(workspace.content, basis.lists)


def _find(
    workspace: Workspace,
    by: Screener,
    sides: tuple[ScreeningSubjects, pa.Table],
    basis: ScreeningBasis,
    before: tuple[ScreeningBasis, pa.Table] | None,
) -> tuple[pa.Table, int]:
    if before is None:
        return sorted_hits(by.screen(*sides)), len(sides[0])
    rested, hits = before
    were, known = sides
    if rested.partners != basis.partners:
        were = by.everyone(workspace.content, rested.partners)
    if rested.lists != basis.lists:
        known = records_screened(workspace.content, rested.lists)
    return screen_changes(hits, (were, known), sides, by)


def partner_of(subject: str) -> str:
    """The partner itself, of a subject that may be one of its owners."""
    return subject.split(MARK)[0]


def hit_id(partner: str, record: str) -> str:
    """The id of a hit: the same for this partner and record in every screening."""
    return "h" + sha256(f"{partner}\n{record}".encode()).hexdigest()[:11]


@dataclass(frozen=True)
class _ScreeningResult:
    """A screening before it is written down: the hits as a table (FOUND) and as journal lines."""

    scope: str
    basis: ScreeningBasis
    found: pa.Table
    lines: list[HitLine]
    screened: int


def _write(workspace: Workspace, actor: str, held: _ScreeningResult) -> ScreeningOutcome:
    """Write down what was found, in one transaction with the hits that are new or gone."""
    basis, count = held.basis, held.found.num_rows
    content = workspace.content.put(parquet_content.to_bytes(held.found, FOUND))
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
    return ScreeningOutcome(held.scope, basis, content, held.screened, count, new, gone)


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


def _written(pen: Pen, basis: ScreeningBasis, content: str) -> bool:
    """Whether the last screening is of today, rests on the same and found the same: it is written
    down once a day. An earlier one does not count: what stands last is what the next rests on."""
    at = store.EVENTS.c
    query = sa.select(SCREENED, at.at).where(SCREENED.c.what == "hits", at.seq == SCREENED.c.seq)
    return any(
        (_basis(row), row.content) == (basis, content) and row.at[:10] == clock.text()[:10] for row in pen.rows(query)
    )


def _lines(workspace: Workspace, sides: tuple[ScreeningSubjects, pa.Table], found: pa.Table) -> list[HitLine]:
    """The journal's line for each hit: with what the policy says of it today."""
    subjects, every = sides
    found_ones = subjects.only(pc.unique(found["partner"])).partners
    roles = dict(zip(*(found_ones[name].to_pylist() for name in ("partner", "role")), strict=True))
    records = select_records(every, set(found["record"].to_pylist()))
    listed = {row["record"]: row for row in records.to_pylist()}
    today = clock.now().date().isoformat()
    least = _strong(workspace)
    lines = []
    for row in found.select(_IN_LINE).to_pylist():
        one, role = listed[row["record"]], roles[row["partner"]]
        effect = role_effect(role, one["list"], tuple(one["programs"]), one["ends"], today)
        strong = row["score"] >= least and effect != role_policy.NOTE
        hit = hit_id(row["partner"], row["record"])
        lines.append(HitLine(hit=hit, strong=strong, effect=effect, **row))
    return lines


def _strong(workspace: Workspace) -> float:
    """The score from which two persons decide."""
    told = workspace.settings(ScreeningSettings).strong_score
    return load_model(MODEL).strong if told is None else told


_IN_LINE = ["partner", "record", "score", "partner_digest", "record_digest"]


def _is_news(line: HitLine, known: sa.Row | None) -> bool:
    if known is None or not known.present:
        return True
    said = (known.partner_digest, known.record_digest, known.effect, known.strong, known.score)
    return said != (line.partner_digest, line.record_digest, line.effect, line.strong, line.score)
