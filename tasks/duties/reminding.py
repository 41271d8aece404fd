"""Reminders: each rung told once, by a letter to the owner and those it escalates to.

What is due is found under the writer's lock and goes into the journal together with the letter, so
that neither a crash nor a second process can tell a rung twice or lose one. A letter that nobody has
got by the next day is superseded by one that tells everything anew: after a week without mail one
letter arrives, not seven.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from tasks.duties import ladder, letters
from tasks.duties.letters import Told
from tasks.duties.records import Rows, catalogue_of, unreached
from tasks.duties.terms import Standing, standings, subject, with_rungs
from tasks.shared import board, clock, status
from tasks.shared.journal import Pen, is_drill
from tasks.shared.kinds.duties import DutyReminded
from tasks.shared.kinds.mail import MailSuperseded
from tasks.shared.mail import Letter, Post
from tasks.workspace import Workspace


@dataclass
class Reminded:
    """What one run told: `rungs` new ones as (duty and item, rung), `letters` their titles.
    `waiting`: letters not yet sent, and why: `reason` for a person, `codes` for a program."""

    rungs: list[tuple[str, str]] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    sent: int = 0
    waiting: list[str] = field(default_factory=list)
    reason: str = ""
    codes: list[str] = field(default_factory=list)


def remind(workspace: Workspace, actor: str) -> Reminded:
    """Queue what is due and deliver what waits. Safe to run at any time, and by several at once."""
    done = Reminded()
    post = Post(workspace.journal, workspace.content, workspace.settings)
    rows = workspace.journal.rows
    if _pending(workspace, rows) or _stale(workspace, rows):
        with workspace.journal.write(actor) as pen:
            _tell(workspace, post, pen, done)
    delivery = post.deliver(actor)
    done.sent, done.waiting = len(delivery.sent), delivery.waiting
    done.reason, done.codes = delivery.reason, delivery.codes
    return done


def _pending(workspace: Workspace, rows: Rows) -> list[Told]:
    """What is to be told now: new rungs, and those whose letter from an earlier day reached nobody."""
    today, stale = workspace.today(), _stale(workspace, rows)
    found = []
    for standing in [
        *standings(rows, catalogue_of(workspace), workspace.zone),
        *_alarms(workspace, rows),
    ]:
        steps = ladder.due(standing, today)
        names = {name for name, rung in standing.rungs.items() if rung.mail in stale}
        again = [step for step in ladder.reached(standing, today) if step.name in names]
        if steps or again:
            found.append(Told(standing, steps, again))
    return found


def _stale(workspace: Workspace, rows: Rows) -> set[str]:
    def day(at: str) -> date:
        return clock.parse(at).astimezone(workspace.zone).date()

    return {mail for mail, at in unreached(rows).items() if day(at) < workspace.today()}


def _alarms(workspace: Workspace, rows: Rows) -> list[Standing]:
    """Duties that the house watches, while they are not green: each day is a term of its own."""
    today, found = workspace.today(), []
    for duty in catalogue_of(workspace).duties.values():
        if duty.watched and status.reserve(rows, workspace.settings).light != board.GREEN:
            bare = Standing(duty, "", today, today, today.isoformat())
            found.append(bare)
    return with_rungs(rows, found)


def _tell(workspace: Workspace, post: Post, pen: Pen, done: Reminded) -> None:
    stale, by = _stale(workspace, pen.rows), ""
    groups: dict[tuple[str, ...], list[Told]] = defaultdict(list)
    for told in _pending(workspace, pen.rows):
        groups[told.recipients].append(told)
    for roles, some in sorted(groups.items()):
        letter = letters.compose(workspace, some, roles, drill=is_drill(workspace.journal))
        post.queue(pen, letter)
        done.letters.append(letter.title)
        for told in some:
            _write(pen, told, letter, done)
        by = letter.id
    for mail in sorted(stale):  # what still matters of it was told anew
        body = MailSuperseded(mail=mail, by=by)
        pen.append(body, f"mail/{mail}", f"mail.superseded:{mail}")


def _write(pen: Pen, told: Told, letter: Letter, done: Reminded) -> None:
    duty, item = told.standing.key
    body = DutyReminded(
        duty=duty,
        item=item,
        term=told.standing.term,
        rungs=[step.name for step in told.steps],
        again=[step.name for step in told.again],
        mail=letter.id,
    )
    pen.append(body, subject(told.standing))
    done.rungs += [(told.standing.name, rung) for rung in body.rungs]
