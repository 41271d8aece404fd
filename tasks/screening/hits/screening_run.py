"""Holds the register against the lists in force: the whole, or only what changed since last time.

What was found is content named in the journal, with the lists, the register and the model behind it:
a screening can be done again years later. A run over the changes leaves the same hits as a run over
the whole, because a score depends on the two names and the model alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import sqlalchemy as sa

from tasks.core import arrow_compute as pc, clock
from tasks.core.arrow_compute import to_list
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
from tasks.screening.matching.name_words import MODEL
from tasks.screening.matching.scoring_model import load_model
from tasks.screening.matching.subject_screener import HITS_WITH_DIGESTS, Screener, screen_changes, sorted_hits
from tasks.screening.partners.partner_register import current_digest, read_register
from tasks.screening.partners.screening_subjects import ScreeningSubjects, subjects_of
from tasks.screening.risk.ownership_rules import OWNER_SEPARATOR
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
    row = register_.filter(pc.equal(register_["partner"], partner_of(subject)))
    everyone = subjects_of(row).partners
    digests = to_list(everyone.filter(pc.equal(everyone["partner"], subject))["digest"])
    return digests[0] if digests else ""


def _record(workspace: Workspace, record: str) -> str:
    version = contents_in_force(workspace.journal).get(record.partition("/")[0], "")
    return record_row(workspace.content, version, record).get("digest", "")


CACHE_FOLDER = "screening-shelf"
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
    """`new`: hits that are new or rest on other content than before; `removed`: ids of hits that are
    no more. `screened`: how many subjects were held against something."""

    scope: str
    basis: ScreeningBasis
    content: str
    screened: int
    hits: int
    new: tuple[HitLine, ...]
    removed: tuple[str, ...]


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
    hits, screened = _find(workspace, by, sides, basis, before)
    result = _ScreeningResult(CHANGES if before else FULL, basis, hits, _lines(workspace, sides, hits), screened)
    return _write(workspace, actor, result)


def configured_screener(workspace: Workspace) -> Screener:
    """The matching that the settings ask for. Raises MissingPart for a second opinion that is not
    installed."""
    settings = workspace.settings(ScreeningSettings)
    opinion = second_opinion.logic_v2() if settings.second_opinion else None
    return Screener(settings.threads, opinion, workspace.settings.home / CACHE_FOLDER)


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
    """The hits of a screening, with explanations (schema HITS_WITH_DIGESTS)."""
    return parquet_content.from_bytes(workspace.content.get(content), HITS_WITH_DIGESTS)


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
    were, old_records = sides
    if rested.partners != basis.partners:
        were = by.everyone(workspace.content, rested.partners)
    if rested.lists != basis.lists:
        old_records = records_screened(workspace.content, rested.lists)
    return screen_changes(hits, (were, old_records), sides, by)


def partner_of(subject: str) -> str:
    """The partner itself, of a subject that may be one of its owners."""
    return subject.split(OWNER_SEPARATOR)[0]


def hit_id(partner: str, record: str) -> str:
    """The id of a hit: the same for this partner and record in every screening."""
    return "h" + sha256(f"{partner}\n{record}".encode()).hexdigest()[:11]


@dataclass(frozen=True)
class _ScreeningResult:
    """A screening before it is written down: the hits as a table (HITS_WITH_DIGESTS) and as journal lines."""

    scope: str
    basis: ScreeningBasis
    hits: pa.Table
    lines: list[HitLine]
    screened: int


def _write(workspace: Workspace, actor: str, result: _ScreeningResult) -> ScreeningOutcome:
    """Write down what was found, in one transaction with the hits that are new or gone."""
    basis, count = result.basis, result.hits.num_rows
    content = workspace.content.put(parquet_content.to_bytes(result.hits, HITS_WITH_DIGESTS))
    body = ScreeningDone(
        scope=result.scope,
        model=basis.model,
        lists=basis.lists,
        partners=basis.partners,
        content=content,
        screened=result.screened,
        hits=count,
    )
    with workspace.journal.write(actor) as pen:
        new, removed = _news(pen, result.lines)
        if new or removed:
            pen.append(HitFound(hits=list(new), gone=list(removed)), "screening")
            _drop_proposals(pen)
        if not _written(pen, basis, content):
            pen.append(body, "screening")
    return ScreeningOutcome(result.scope, basis, content, result.screened, count, new, removed)


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
    """The hits that the journal does not have so, and the ids of those that are no more."""
    recorded = {row.hit: row for row in pen.rows(sa.select(HITS))}
    present = {line.hit for line in lines}
    removed = sorted(hit for hit, row in recorded.items() if row.present and hit not in present)
    return tuple(line for line in lines if _is_news(line, recorded.get(line.hit))), tuple(removed)


def _written(pen: Pen, basis: ScreeningBasis, content: str) -> bool:
    """Whether the last screening is of today, rests on the same and found the same: it is written
    down once a day. An earlier one does not count: what stands last is what the next rests on."""
    at = store.EVENTS.c
    query = sa.select(SCREENED, at.at).where(SCREENED.c.what == "hits", at.seq == SCREENED.c.seq)
    return any(
        (_basis(row), row.content) == (basis, content) and row.at[:10] == clock.text()[:10] for row in pen.rows(query)
    )


def _lines(workspace: Workspace, sides: tuple[ScreeningSubjects, pa.Table], hits: pa.Table) -> list[HitLine]:
    """The journal's line for each hit: with what the policy says of it today."""
    subjects, every = sides
    matched = subjects.only(pc.unique(hits["partner"])).partners
    roles = dict(zip(*(to_list(matched[name]) for name in ("partner", "role")), strict=True))
    records = select_records(every, set(to_list(hits["record"])))
    listed = {row["record"]: row for row in to_list(records)}
    today = clock.now().date().isoformat()
    least = _strong(workspace)
    lines = []
    for row in to_list(hits.select(_IN_LINE)):
        record, role = listed[row["record"]], roles[row["partner"]]
        effect = role_effect(role, record["list"], tuple(record["programs"]), record["ends"], today)
        strong = row["score"] >= least and effect != role_policy.NOTE
        hit = hit_id(row["partner"], row["record"])
        lines.append(HitLine(hit=hit, strong=strong, effect=effect, **row))
    return lines


def _strong(workspace: Workspace) -> float:
    """The score from which two persons decide."""
    configured = workspace.settings(ScreeningSettings).strong_score
    return load_model(MODEL).strong if configured is None else configured


_IN_LINE = ["partner", "record", "score", "partner_digest", "record_digest"]


def _is_news(line: HitLine, before: sa.Row | None) -> bool:
    if before is None or not before.present:
        return True
    facts_before = (before.partner_digest, before.record_digest, before.effect, before.strong, before.score)
    return facts_before != (line.partner_digest, line.record_digest, line.effect, line.strong, line.score)
