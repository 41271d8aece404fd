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

from tasks.core import clock, status_lines
from tasks.core.journal.journal import Pen, is_drill
from tasks.duties.duty_history import Rows, catalog_of, undelivered_letters
from tasks.duties.events import DutyReminded
from tasks.duties.letter_texts import LetterItem, compose_letter
from tasks.duties.term_schedule import DutyState, due_steps, duty_states, duty_subject, reached_steps, with_reminders
from tasks.entries.api import reserve_line
from tasks.transport.api import MailLetter, MailService, MailSuperseded
from tasks.workspace import Workspace


@dataclass
class ReminderResult:
    """What one run told: `rungs` new ones as (duty and item, rung), `letters` their titles.
    `waiting`: letters not yet sent, and why: `reason` for a person, `codes` for a program."""

    rungs: list[tuple[str, str]] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    sent: int = 0
    waiting: list[str] = field(default_factory=list)
    reason: str = ""
    codes: list[str] = field(default_factory=list)


def send_due_reminders(workspace: Workspace, actor: str) -> ReminderResult:
    """Queue what is due and deliver what waits. Safe to run at any time, and by several at once."""
    done = ReminderResult()
    post = MailService(workspace.journal, workspace.content, workspace.settings)
    rows = workspace.journal.rows
    if _pending(workspace, rows) or _stale(workspace, rows):
        with workspace.journal.write(actor) as pen:
            _tell(workspace, post, pen, done)
    delivery = post.deliver(actor)
    done.sent, done.waiting = len(delivery.sent), delivery.waiting
    done.reason, done.codes = delivery.reason, delivery.codes
    return done


def _pending(workspace: Workspace, rows: Rows) -> list[LetterItem]:
    """What is to be told now: new rungs, and those whose letter from an earlier day reached nobody."""
    today, stale = workspace.today(), _stale(workspace, rows)
    found = []
    for standing in [*duty_states(rows, catalog_of(workspace), workspace.zone), *_alarms(workspace, rows)]:
        steps = due_steps(standing, today)
        names = {name for name, rung in standing.rungs.items() if rung.mail in stale}
        again = [step for step in reached_steps(standing, today) if step.name in names]
        if steps or again:
            found.append(LetterItem(standing, steps, again))
    return found


def _stale(workspace: Workspace, rows: Rows) -> set[str]:
    def day(at: str) -> date:
        return clock.parse(at).astimezone(workspace.zone).date()

    return {mail for mail, at in undelivered_letters(rows).items() if day(at) < workspace.today()}


def _alarms(workspace: Workspace, rows: Rows) -> list[DutyState]:
    """Duties that the house watches, while they are not green: each day is a term of its own."""
    today, found = workspace.today(), []
    for duty in catalog_of(workspace).duties.values():
        if duty.watched and reserve_line(rows, workspace.settings).light != status_lines.GREEN:
            bare = DutyState(duty, "", today, today, today.isoformat())
            found.append(bare)
    return with_reminders(rows, found)


def _tell(workspace: Workspace, post: MailService, pen: Pen, done: ReminderResult) -> None:
    stale, by = _stale(workspace, pen.rows), ""
    groups: dict[tuple[str, ...], list[LetterItem]] = defaultdict(list)
    for told in _pending(workspace, pen.rows):
        groups[told.recipients].append(told)
    for roles, some in sorted(groups.items()):
        letter = compose_letter(workspace, some, roles, drill=is_drill(workspace.journal))
        post.queue(pen, letter)
        done.letters.append(letter.title)
        for told in some:
            _write(pen, told, letter, done)
        by = letter.id
    for mail in sorted(stale):  # what still matters of it was told anew
        body = MailSuperseded(mail=mail, by=by)
        pen.append(body, f"mail/{mail}", f"mail.superseded:{mail}")


def _write(pen: Pen, told: LetterItem, letter: MailLetter, done: ReminderResult) -> None:
    duty, item = told.standing.key
    body = DutyReminded(
        duty=duty,
        item=item,
        term=told.standing.term,
        rungs=[step.name for step in told.steps],
        again=[step.name for step in told.again],
        mail=letter.id,
    )
    pen.append(body, duty_subject(told.standing))
    done.rungs += [(told.standing.name, rung) for rung in body.rungs]
