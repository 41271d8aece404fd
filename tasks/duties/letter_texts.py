"""The letter of a reminder: plain text, HTML, and the dates as a calendar file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import RED
from tasks.duties import term_schedule
from tasks.duties.calendar_file import calendar_file
from tasks.duties.status import next_duty_command, status_line
from tasks.duties.term_schedule import DutyState, ReminderStep, step_text
from tasks.transport.api import MailAttachment, MailLetter
from tasks.workspace import Workspace

MARKS = {
    "P": "read in CBP's own text",
    "S": "from a reliable secondary source",
    "W": "from a weak source: look it up before relying on it",
    "G": "general knowledge or our own default: verify it",
}
_STYLE = "font-family:Segoe UI,Helvetica,Arial,sans-serif;color:#141414"
_RED, _AMBER, _GREY = "#b00020", "#9a6700", "#5f5f5f"


@dataclass(frozen=True)
class LetterItem:
    """What a letter tells of one duty: new rungs, and those that an earlier letter failed to."""

    standing: DutyState
    steps: Sequence[ReminderStep]
    again: Sequence[ReminderStep] = ()

    @property
    def newest(self) -> ReminderStep:
        return min([*self.steps, *self.again], key=lambda step: step.days)

    @property
    def missed(self) -> list[ReminderStep]:
        """Rungs before the newest that are told only now."""
        return sorted((step for step in [*self.steps, *self.again] if step != self.newest), key=lambda step: -step.days)

    @property
    def recipients(self) -> tuple[str, ...]:
        return term_schedule.recipients(self.standing, self.newest)


def compose_letter(
    workspace: Workspace, told: Sequence[LetterItem], roles: Sequence[str], *, drill: bool
) -> MailLetter:
    """One letter to these roles about all of this, the most urgent first."""
    today = workspace.today()
    ranked = sorted(told, key=lambda one: (_first_day(one.standing), one.standing.name))
    names = ",".join(f"{one.standing.name}:{one.standing.term}:{one.newest.name}" for one in ranked)
    broker = workspace.settings(BrokerSettings)
    mark = "DRILL: " if drill else ""
    return MailLetter(
        key=f"duties:{today}:{','.join(roles)}:{names}",
        to=roles,
        title=mark + _title(ranked, today),
        text="\n".join(_text(ranked, today, broker.name)),
        html="".join(_html(ranked, today, broker.name)),
        attachments=[
            MailAttachment(
                "duties.ics",
                calendar_file([one.standing for one in ranked], broker.filer_code),
                "text/calendar; method=PUBLISH; charset=utf-8",
            )
        ],
    )


def _title(ranked: Sequence[LetterItem], today: date) -> str:
    first, more = ranked[0].standing, len(ranked) - 1
    also = f" (and {more} more)" if more else ""
    return f"{_when(first, today)}: {first.title}{also}"


def _first_day(standing: DutyState) -> date:
    """The next day that counts: that of submission, until it is submitted."""
    return standing.due if standing.submitted else standing.submit_by or standing.due


def _when(standing: DutyState, today: date) -> str:
    days = (standing.due - today).days
    if standing.duty.watched:
        return "Alarm"
    if days >= 0 and (submit := standing.submit_by) and not standing.submitted:
        return _submit((submit - today).days)
    if days < 0:
        return f"OVERDUE by {-days} day{'s' if days < -1 else ''}"
    if standing.never:
        return f"First proof wanted by {standing.due}"
    return "Due today" if days == 0 else f"Due in {days} day{'s' if days > 1 else ''}"


def _submit(days: int) -> str:
    if days < 0:
        return f"SUBMIT NOW, {-days} day{'s' if days < -1 else ''} late"
    return f"Submit in {days} day{'s' if days > 1 else ''}" if days else "Submit today"


def _points(one: LetterItem, today: date) -> Iterator[tuple[str, str]]:
    """What there is to say of a duty, as (label, text)."""
    standing, duty = one.standing, one.standing.duty
    if not duty.watched:
        yield "Where it stands", status_line(standing, today).fact
    if standing.submit_by:
        yield "Submit by", standing.submit_by.isoformat()
    if standing.never:
        yield "To do", "Nothing is recorded of it yet: show what there is, or do it."
    elif step := step_text(standing, one.newest):
        yield "To do", step
    facts = (standing.last.facts if standing.last else None) or {}
    yield from (("Note", when.say) for when in duty.when if facts.get(when.fact) == when.is_)
    yield "Counts as proof", duty.proof
    yield "Rule", duty.source
    yield "How sure", f"[{duty.mark}] {MARKS[duty.mark]}"
    if not duty.watched:
        yield "Reminder", _steps([one.newest])
    if one.missed:
        yield "Not told before", _steps(one.missed)
    if not duty.by and not duty.watched:
        yield "When done", f"{next_duty_command(standing)} --by YOU"


def _steps(steps: Sequence[ReminderStep]) -> str:
    """Each rung with its day; the daily ones after the last day as one span."""
    late = [step for step in steps if step.days < 0]
    single = [step for step in steps if step.days >= 0] + (late if len(late) < 3 else [])
    words = [f"{step.name} of {step.on}" for step in single]
    if len(late) > 2:
        first, last = late[0], late[-1]
        words.append(f"{first.name} to {last.name}, daily from {first.on} to {last.on}")
    return ", ".join(words)


def _text(ranked: Sequence[LetterItem], today: date, broker: str) -> Iterator[str]:
    yield f"{broker}: recurring duties, {today:%A %d %B %Y}"
    for one in ranked:
        heading = f"{_when(one.standing, today)}: {one.standing.title}"
        yield ""
        yield heading
        yield "-" * len(heading)
        for label, words in _points(one, today):
            yield f"{label}: {words}"
    yield ""
    yield _FOOT


_FOOT = (
    "The attached calendar file moves the dates that your calendar has of these duties. "
    "'continuity duties acknowledge ID' says that you have it in hand; only proof ends the reminders."
)


def _html(ranked: Sequence[LetterItem], today: date, broker: str) -> Iterator[str]:
    yield f'<div style="{_STYLE};max-width:680px">'
    yield (f'<p style="color:{_GREY};font-size:13px">{escape(broker)} · recurring duties · {today:%A %d %B %Y}</p>')
    for one in ranked:
        colour = _RED if status_line(one.standing, today).light == RED else _AMBER
        yield (
            f'<div style="border-left:4px solid {colour};padding:2px 12px;margin:0 0 18px">'
            f'<p style="margin:4px 0;font-size:17px"><b style="color:{colour}">'
            f"{escape(_when(one.standing, today))}</b> &nbsp;{escape(one.standing.title)}</p>"
            '<table style="border-collapse:collapse;font-size:14px">'
        )
        for label, words in _points(one, today):
            yield (
                f'<tr><td style="padding:2px 12px 2px 0;color:{_GREY};vertical-align:top;'
                f'white-space:nowrap">{escape(label)}</td><td style="padding:2px 0">'
                f"{escape(words)}</td></tr>"
            )
        yield "</table></div>"
    yield f'<p style="color:{_GREY};font-size:12px">{escape(_FOOT)}</p></div>'
