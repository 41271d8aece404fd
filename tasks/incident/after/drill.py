"""The drill's chapter on discretion (R8): asked of CBP for what production owes after release, granted in
a made-up letter, kept in the book, and relied on by an entry of production and one that went on paper."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa

from tasks.incident import deadlines, hour_zero, notice_sending, notices, plan, state
from tasks.incident.after import discretion
from tasks.incident.letters.drawing import LetterPaper
from tasks.shared import clock
from tasks.shared.errors import BadInput, Refused
from tasks.shared.files import write_atomic
from tasks.shared.paper import Frame
from tasks.shared.projections import ENTRIES
from tasks.workspace import Workspace

PORT, REFERENCE, ACT = "2304", "DRILL-2304-26", "late-summary"
REASON = "cyber incident: the broker cannot transmit (made up)"
DAYS = 21
FOLDER = "discretion"


def chapter(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """From asking to the record, into `out/incident/discretion`; says what came of it. Raises Refused
    outside a drill: a made-up grant must never stand behind a real entry."""
    if not workspace.drill:
        raise Refused("simulated-grant-drill-only")
    return list(_chapter(workspace, out / "incident", actor))


def _chapter(workspace: Workspace, out: Path, actor: str) -> Iterator[str]:
    yield _ask(workspace, out, actor)
    first, last = _days(workspace)
    letter = write_atomic(
        out / FOLDER / f"granted-{REFERENCE}.pdf", _letter(workspace, first, last)
    )
    term = (REFERENCE, first, last, REASON)
    try:
        discretion.grant(workspace, *term, ["psc"], letter, actor)
        yield "discretion for a post-summary correction WAS RECORDED"
    except BadInput as refused:
        yield f"refused, as it must be: {refused.problems[0]}"
    discretion.grant(workspace, *term, [ACT], letter, actor)
    yield f"port {PORT} grants it: {REFERENCE}, {ACT}, {term[1]} to {term[2]}; its letter is kept"
    numbers = [_production(workspace), _on_paper(workspace)]
    for one in discretion.rely(
        workspace, numbers, REFERENCE, ACT, out / FOLDER / "attachments", actor
    ):
        what = f"attachment {one.path.name}" if one.path else "no attachment: released on downtime"
        yield f"  {one.number} rests on it, {what}"


def _ask(workspace: Workspace, out: Path, actor: str) -> str:
    """The request, written for headquarters and ports, and recorded as told by hand."""
    found = plan.load(workspace.settings.home)
    notice = found.notice("discretion-request")
    incident = state.require(workspace.journal.rows)
    to = notices.recipients(workspace, notice)
    made = notices.draft(workspace, incident, notice, to, actor, found)
    known = [notices.one_of(workspace, one.notice) for one in made]
    notice_sending.write(workspace, known, out / "notices")
    for one in known:
        notices.told(workspace, one.id, "hand", actor, reference="DRILL: not sent")
    return f"asked of {', '.join(one.contact for one in known)}: what falls due after release will be late"


def _days(workspace: Workspace) -> tuple[date, date]:
    """The outage, from the first entry that was released on paper, and some weeks to come."""
    query = sa.select(sa.func.min(ENTRIES.c.released)).where(ENTRIES.c.released != "")
    today, first = clock.washington().date(), workspace.journal.rows(query)[0][0]
    return min(today, date.fromisoformat(first)), today + timedelta(days=DAYS)


def _letter(workspace: Workspace, first: date, last: date) -> bytes:
    """CBP's answer, as a drill has it."""
    paper = LetterPaper(Frame(
        title="Enforcement discretion granted", left="Port director (made up)", right=f"port {PORT}",
        foot=REFERENCE, mark="DRILL: made-up entries", made=clock.now(),
    ))  # fmt: skip
    paper.page()
    name = workspace.settings.broker.name
    paper.text(f"{name}: discretion is used for entry summaries that are late because of the incident, for "
               f"the days from {first} to {last}. Reason: {REASON}. Interest is not affected.", 11)  # fmt: skip
    return paper.bytes()


def _production(workspace: Workspace) -> str:
    """An entry that production had released before, whose summary falls due. Its number is ours."""
    incident = state.require(workspace.journal.rows)
    rules = deadlines.load(workspace.settings.home)
    return next(
        one.reference
        for one in hour_zero.items(workspace.journal.rows, incident.id, rules)
        if one.is_open and one.work == "summary" and one.port == PORT
    )


def _on_paper(workspace: Workspace) -> str:
    query = sa.select(ENTRIES.c.number).where(
        ENTRIES.c.port == PORT, ENTRIES.c.outcome.in_(discretion.ON_PAPER)
    )
    return str(workspace.journal.rows(query.order_by(ENTRIES.c.number).limit(1))[0].number)
