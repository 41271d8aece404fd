"""Reminders: one letter per rung, to the owner and those it escalates to.

What is due is found under the writer's lock and goes into the journal together with the letter, so
that neither a crash nor a second process can remind twice or lose a rung. A letter that is not delivered
by the next day is superseded by one that repeats all of it: after a week without mail one letter arrives,
not seven.

The letter of a reminder: plain text, HTML, and the dates as a calendar file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape

from tasks.core import clock, status_lines
from tasks.core.journal.journal import Pen, is_drill
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import RED
from tasks.duties import term_schedule
from tasks.duties.duty_history import Rows, catalog_of, undelivered_letters
from tasks.duties.events import DutyReminded
from tasks.duties.status import next_duty_command, status_line
from tasks.duties.term_schedule import (
    DutyState,
    ReminderStep,
    due_steps,
    duty_states,
    duty_subject,
    reached_steps,
    step_text,
    with_reminders,
)
from tasks.duties.year_overview import calendar_file
from tasks.entries.api import reserve_line
from tasks.transport.api import MailAttachment, MailLetter, MailService, MailSuperseded
from tasks.workspace import Workspace

CONFIDENCE_TEXTS = {
    "P": "read in CBP's own text",
    "S": "from a reliable secondary source",
    "W": "from a weak source: look it up before relying on it",
    "G": "general knowledge or our own default: verify it",
}
_STYLE = "font-family:Segoe UI,Helvetica,Arial,sans-serif;color:#141414"
_RED, _AMBER, _GREY = "#b00020", "#9a6700", "#5f5f5f"


@dataclass(frozen=True)
class LetterItem:
    """One duty of a letter: new rungs, and `repeated` ones whose earlier letter reached nobody."""

    state: DutyState
    steps: Sequence[ReminderStep]
    repeated: Sequence[ReminderStep] = ()

    @property
    def newest(self) -> ReminderStep:
        return min([*self.steps, *self.repeated], key=lambda step: step.days)

    @property
    def missed(self) -> list[ReminderStep]:
        """Rungs before the newest that no letter was sent for."""
        return sorted(
            (step for step in [*self.steps, *self.repeated] if step != self.newest), key=lambda step: -step.days
        )

    @property
    def recipients(self) -> tuple[str, ...]:
        return term_schedule.recipients(self.state, self.newest)


def compose_letter(
    workspace: Workspace, items: Sequence[LetterItem], roles: Sequence[str], *, drill: bool
) -> MailLetter:
    """One letter to these roles about all of this, the most urgent first."""
    today = workspace.today()
    ranked = sorted(items, key=lambda notice: (_first_day(notice.state), notice.state.name))
    names = ",".join(f"{notice.state.name}:{notice.state.term}:{notice.newest.name}" for notice in ranked)
    broker = workspace.settings(BrokerSettings)
    prefix = "DRILL: " if drill else ""
    return MailLetter(
        key=f"duties:{today}:{','.join(roles)}:{names}",
        to=roles,
        title=prefix + _title(ranked, today),
        text="\n".join(_text(ranked, today, broker.name)),
        html="".join(_html(ranked, today, broker.name)),
        attachments=[
            MailAttachment(
                "duties.ics",
                calendar_file([notice.state for notice in ranked], broker.filer_code),
                "text/calendar; method=PUBLISH; charset=utf-8",
            )
        ],
    )


def _title(ranked: Sequence[LetterItem], today: date) -> str:
    first, count = ranked[0].state, len(ranked) - 1
    suffix = f" (and {count} more)" if count else ""
    return f"{_when(first, today)}: {first.title}{suffix}"


def _first_day(state: DutyState) -> date:
    """The next day that counts: that of submission, until it is submitted."""
    return state.due if state.submitted else state.submit_by or state.due


def _when(state: DutyState, today: date) -> str:
    days = (state.due - today).days
    if state.duty.watched:
        return "Alarm"
    if days >= 0 and (submit := state.submit_by) and not state.submitted:
        return _submit((submit - today).days)
    if days < 0:
        return f"OVERDUE by {-days} day{'s' if days < -1 else ''}"
    if state.never:
        return f"First proof wanted by {state.due}"
    return "Due today" if days == 0 else f"Due in {days} day{'s' if days > 1 else ''}"


def _submit(days: int) -> str:
    if days < 0:
        return f"SUBMIT NOW, {-days} day{'s' if days < -1 else ''} late"
    return f"Submit in {days} day{'s' if days > 1 else ''}" if days else "Submit today"


def _points(notice: LetterItem, today: date) -> Iterator[tuple[str, str]]:
    """The facts of a duty, as (label, text)."""
    state, duty = notice.state, notice.state.duty
    if not duty.watched:
        yield "Where it stands", status_line(state, today).fact
    if state.submit_by:
        yield "Submit by", state.submit_by.isoformat()
    if state.never:
        yield "To do", "Nothing is recorded of it yet: show what there is, or do it."
    elif step := step_text(state, notice.newest):
        yield "To do", step
    facts = (state.last.facts if state.last else None) or {}
    yield from (("Note", when.say) for when in duty.when if facts.get(when.fact) == when.is_)
    yield "Counts as proof", duty.proof
    yield "Rule", duty.source
    yield "How sure", f"[{duty.mark}] {CONFIDENCE_TEXTS[duty.mark]}"
    if not duty.watched:
        yield "Reminder", _steps([notice.newest])
    if notice.missed:
        yield "Not told before", _steps(notice.missed)
    if not duty.by and not duty.watched:
        yield "When done", f"{next_duty_command(state)} --by YOU"


def _steps(steps: Sequence[ReminderStep]) -> str:
    """Each rung with its day; the daily ones after the last day as one span."""
    late = [step for step in steps if step.days < 0]
    single = [step for step in steps if step.days >= 0] + (late if len(late) < 3 else [])
    texts = [f"{step.name} of {step.on}" for step in single]
    if len(late) > 2:
        first, last = late[0], late[-1]
        texts.append(f"{first.name} to {last.name}, daily from {first.on} to {last.on}")
    return ", ".join(texts)


def _text(ranked: Sequence[LetterItem], today: date, broker: str) -> Iterator[str]:
    yield f"{broker}: recurring duties, {today:%A %d %B %Y}"
    for notice in ranked:
        heading = f"{_when(notice.state, today)}: {notice.state.title}"
        yield ""
        yield heading
        yield "-" * len(heading)
        for label, text in _points(notice, today):
            yield f"{label}: {text}"
    yield ""
    yield _FOOTER


_FOOTER = (
    "The attached calendar file moves the dates that your calendar has of these duties. "
    "'continuity duties acknowledge ID' says that you have it in hand; only proof ends the reminders."
)


def _html(ranked: Sequence[LetterItem], today: date, broker: str) -> Iterator[str]:
    yield f'<div style="{_STYLE};max-width:680px">'
    yield (f'<p style="color:{_GREY};font-size:13px">{escape(broker)} · recurring duties · {today:%A %d %B %Y}</p>')
    for notice in ranked:
        color = _RED if status_line(notice.state, today).light == RED else _AMBER
        yield (
            f'<div style="border-left:4px solid {color};padding:2px 12px;margin:0 0 18px">'
            f'<p style="margin:4px 0;font-size:17px"><b style="color:{color}">'
            f"{escape(_when(notice.state, today))}</b> &nbsp;{escape(notice.state.title)}</p>"
            '<table style="border-collapse:collapse;font-size:14px">'
        )
        for label, text in _points(notice, today):
            yield (
                f'<tr><td style="padding:2px 12px 2px 0;color:{_GREY};vertical-align:top;'
                f'white-space:nowrap">{escape(label)}</td><td style="padding:2px 0">'
                f"{escape(text)}</td></tr>"
            )
        yield "</table></div>"
    yield f'<p style="color:{_GREY};font-size:12px">{escape(_FOOTER)}</p></div>'


@dataclass
class ReminderResult:
    """One run: `rungs` new ones as (duty and item, rung), `letters` their titles. `waiting`: letters not
    yet sent, and why: `reason` for a person, `codes` for a program."""

    rungs: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    letters: list[str] = field(default_factory=list[str])
    sent: int = 0
    waiting: list[str] = field(default_factory=list[str])
    reason: str = ""
    codes: list[str] = field(default_factory=list[str])


def send_due_reminders(workspace: Workspace, actor: str) -> ReminderResult:
    """Queue what is due and deliver what waits. Safe to run at any time, and by several at once."""
    result = ReminderResult()
    mail_service = MailService(workspace.journal, workspace.content, workspace.settings)
    rows = workspace.journal.rows
    if _due_items(workspace, rows) or _stale_letters(workspace, rows):
        with workspace.journal.write(actor) as pen:
            _queue_letters(workspace, mail_service, pen, result)
    delivery = mail_service.deliver(actor)
    result.sent, result.waiting = len(delivery.sent), delivery.waiting
    result.reason, result.codes = delivery.reason, delivery.codes
    return result


def _due_items(workspace: Workspace, rows: Rows) -> list[LetterItem]:
    """The content of the letters due now: new rungs, and those whose letter from an earlier day reached nobody."""
    today, stale = workspace.today(), _stale_letters(workspace, rows)
    items: list[LetterItem] = []
    for state in [*duty_states(rows, catalog_of(workspace), workspace.zone), *_watched_alarms(workspace, rows)]:
        steps = due_steps(state, today)
        names = {name for name, rung in state.rungs.items() if rung.mail in stale}
        repeated = [step for step in reached_steps(state, today) if step.name in names]
        if steps or repeated:
            items.append(LetterItem(state, steps, repeated))
    return items


def _stale_letters(workspace: Workspace, rows: Rows) -> set[str]:
    def day(at: str) -> date:
        return clock.parse(at).astimezone(workspace.zone).date()

    return {mail for mail, at in undelivered_letters(rows).items() if day(at) < workspace.today()}


def _watched_alarms(workspace: Workspace, rows: Rows) -> list[DutyState]:
    """Watched duties while they are not green: each day is a term of its own."""
    today = workspace.today()
    states = [
        DutyState(duty, "", today, today, today.isoformat())
        for duty in catalog_of(workspace).duties.values()
        if duty.watched and reserve_line(rows, workspace.settings).light != status_lines.GREEN
    ]
    return with_reminders(rows, states)


def _queue_letters(workspace: Workspace, mail_service: MailService, pen: Pen, result: ReminderResult) -> None:
    stale, by = _stale_letters(workspace, pen.rows), ""
    groups: dict[tuple[str, ...], list[LetterItem]] = defaultdict(list)
    for notice in _due_items(workspace, pen.rows):
        groups[notice.recipients].append(notice)
    for roles, items in sorted(groups.items()):
        letter = compose_letter(workspace, items, roles, drill=is_drill(workspace.journal))
        mail_service.queue(pen, letter)
        result.letters.append(letter.title)
        for notice in items:
            _append_reminder(pen, notice, letter, result)
        by = letter.id
    for mail in sorted(stale):  # the new letters repeat what still matters
        body = MailSuperseded(mail=mail, by=by)
        pen.append(body, f"mail/{mail}", f"mail.superseded:{mail}")


def _append_reminder(pen: Pen, notice: LetterItem, letter: MailLetter, result: ReminderResult) -> None:
    duty, item = notice.state.key
    body = DutyReminded(
        duty=duty,
        item=item,
        term=notice.state.term,
        rungs=[step.name for step in notice.steps],
        again=[step.name for step in notice.repeated],
        mail=letter.id,
    )
    pen.append(body, duty_subject(notice.state))
    result.rungs += [(notice.state.name, rung) for rung in body.rungs]
