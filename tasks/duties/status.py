"""The duties' lines of the status page: status, the fact behind it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import cast

from tasks.core import clock
from tasks.core.errors import BadInput
from tasks.core.messages import Reason
from tasks.core.status_lines import AMBER, GREEN, RED, StatusLine, StatusReason, worst_light
from tasks.duties.duty_catalog import DutyCatalog, shipped_catalog
from tasks.duties.duty_definition import SEVERITIES
from tasks.duties.duty_history import catalog_of
from tasks.duties.term_schedule import DutyState, duty_states
from tasks.workspace import Workspace

DUTY = "duty"
"""The code of a duty's line; its subject is the duty's id and the item."""
_FULFIL = "continuity duties fulfil"
_DAY = timedelta(days=1)


def lines(workspace: Workspace) -> list[StatusLine]:
    """Every duty, and the broker's own catalog if it cannot be used."""
    rows = workspace.journal.rows
    catalogue, faults = usable_catalog(workspace)
    today = workspace.today()
    duties = [status_line(state, today) for state in duty_states(rows, catalogue, workspace.zone)]
    return [*faults, *duties]


def usable_catalog(workspace: Workspace) -> tuple[DutyCatalog, list[StatusLine]]:
    """The workspace's catalog; with faults in the broker's own part the shipped one, and a line that says so,
    for nobody corrects a catalog in an incident."""
    try:
        return catalog_of(workspace), []
    except BadInput as error:
        first, count = error.problems[0], len(error.problems) - 1
        fact = f"{first}{f' (and {count} more)' if count else ''}"
        fault = StatusLine(
            "duty-catalog-unusable",
            "P1",
            "own catalogue of duties",
            RED,
            f"not used, what ships counts: {fact}",
            "mend it, then continuity duties list",
            values={"problems": [problem.as_dict() for problem in error.problems]},
        )
        return shipped_catalog(), [fault]


def status_line(state: DutyState, today: date) -> StatusLine:
    """One duty or item. `values["reasons"]`: the findings behind its status, with their codes."""
    findings = status_findings(state, today)
    status = worst_light(finding.light for finding in findings)
    reasons = [finding for finding in findings if finding.light == status]
    shared = state.last.shared if state.last else ""
    duty = state.duty
    return StatusLine(
        DUTY,
        duty.about,
        state.name,
        status,
        "; ".join([*(finding.text for finding in reasons), *([shared] if shared else [])]),
        "" if status == GREEN else _command(state),
        _since(state, today),
        duty.mark,
        subject=state.name,
        values={
            "duty": duty.id,
            "item": state.item,
            "by_hand": not duty.by,
            "due": state.due.isoformat(),
            "reasons": [finding.facts for finding in reasons],
            "shared": shared,
        },
    )


def _since(state: DutyState, today: date) -> str:
    """The day on which it came to need a person, else that of the last proof."""
    turns = [state.due + _DAY, state.due - timedelta(days=state.duty.lead)]
    turns += [state.submit_by + _DAY] if state.submit_by else []
    turns += [state.opened] if state.never or state.change else []
    turns += [day + _DAY for _, day in _limits(state).values()]
    past = [day for day in turns if day <= today]
    if state.never:
        past = [state.opened]
    if past:
        return max(past).isoformat()
    return clock.text(state.last.at) if state.last else ""


def status_findings(state: DutyState, today: date) -> list[StatusReason]:
    """Every reason for its status, the date first."""
    findings = [*_date_findings(state, today)]
    if state.last:
        findings += [*_scan_findings(state, today), *_fact_findings(state)]
    return findings


def _date_findings(state: DutyState, today: date) -> Iterator[StatusReason]:
    """The findings of the date alone."""
    due, days, submit = state.due, (state.due - today).days, state.submit_by
    if state.never:
        yield StatusReason("duty-never-done", RED, due=due.isoformat())
    elif state.change:
        late = list(_late_besides(state, today))
        status = RED if late or days < 0 else AMBER
        yield StatusReason(
            "duty-due-again", status, due=due.isoformat(), change=state.change.what, changed=state.change.on.isoformat()
        )
        yield from late
    elif days < 0:
        code = "proof-ended" if _ends(state) else "duty-overdue"
        yield StatusReason(code, RED, days=DayCount(-days), due=due.isoformat())
    else:
        late = bool(submit and today > submit)
        status = AMBER if days <= state.duty.lead else GREEN
        if late:
            status = AMBER if state.submitted and days > 30 else RED
        code = "proof-ends" if _ends(state) else "duty-due"
        yield StatusReason(code, status, days=DayCount(days), due=due.isoformat())
        if submit:
            yield StatusReason(_submission(state, late), status, submit=submit.isoformat())


def _submission(state: DutyState, late: bool) -> str:
    if not late:
        return "submit-by"
    return "submitted-not-accepted" if state.submitted else "submission-late"


def _late_besides(state: DutyState, today: date) -> Iterator[StatusReason]:
    """What is late without the change too: it must not make that look better."""
    regular, submit = state.regular, state.duty.submit
    if regular is None or today <= regular - timedelta(days=submit or 0):
        return
    code = "term-also-ends" if today <= regular else "term-also-ended"
    yield StatusReason(code, RED, regular=regular.isoformat())
    if submit:
        day = regular - timedelta(days=submit)
        yield StatusReason("submission-late", RED, submit=day.isoformat())


def _ends(state: DutyState) -> bool:
    """Whether what was proved ends that day; else the duty is to be done by then."""
    return bool(state.submit_by or (state.last and state.last.until == state.due))


def fold_lines(needs: Sequence[StatusLine]) -> list[StatusLine]:
    """The same for a page: duties without any proof become one line, for a new workspace has many."""
    never = [need for need in needs if _by_hand_and_never(need)]
    if len(never) < 3:
        return list(needs)
    names = ", ".join(need.label for need in never)
    due = min(str(need.values["due"]) for need in never)
    reason = Reason("duty-never-done", due=due).text
    first = replace(
        never[0],
        code="duties-never-done",
        subject="",
        what=f"{len(never)} duties",
        light=worst_light(need.light for need in never),
        fact=f"{reason}: {names}",
        next="continuity duties list",
        mark="",
        values={"due": due, "duties": [need.subject for need in never]},
    )
    return [first if need is never[0] else need for need in needs if need is never[0] or need not in never]


def _by_hand_and_never(need: StatusLine) -> bool:
    """A duty that a person proves, and of which there is no proof."""
    return need.code == DUTY and bool(need.values["by_hand"]) and "duty-never-done" in reasons(need)


def reasons(duty: StatusLine) -> list[str]:
    """The codes of the findings behind the status of a duty's line."""
    return [reason["code"] for reason in cast("list[dict[str, str]]", duty.values["reasons"])]


class DayCount(int):
    """A count that reads as `1 day` or `3 days` in a text; a number in JSON."""

    def __format__(self, spec: str) -> str:
        return f"{int(self):{spec}} day{'' if self == 1 else 's'}"


def _scan_findings(state: DutyState, today: date) -> Iterator[StatusReason]:
    """Open findings past their limit: a critical one turns the duty red, others amber."""
    scan = state.last.scan if state.last else None
    if scan is None:
        return
    for severity, (limit, last) in _limits(state).items():
        if today > last:
            status = RED if severity == "critical" else AMBER
            yield StatusReason(
                "scan-finding-past-limit",
                status,
                severity=severity,
                days=DayCount((today - last).days + limit),
                limit=limit,
            )
    counts = {severity: scan.open[severity] for severity in SEVERITIES if scan.open.get(severity)}
    if not counts:
        yield StatusReason("scan-without-open-findings", GREEN)
        return
    texts = ", ".join(f"{count} {severity}" for severity, count in counts.items())
    yield StatusReason("scan-findings-open", GREEN, counts=texts)
    dated = [scan.oldest[severity] for severity in SEVERITIES[:-1] if severity in scan.oldest]
    if dated:
        days = DayCount((today - date.fromisoformat(min(dated))).days)
        yield StatusReason("scan-oldest-finding", GREEN, days=days)


def _limits(state: DutyState) -> dict[str, tuple[int, date]]:
    """Per severity that has open findings and a limit: its days, and the last on which the oldest may
    be open."""
    scan = state.last.scan if state.last else None
    limits = {str(severity): limit for severity, limit in state.duty.limits.items()}
    return {
        level: (limits[level], date.fromisoformat(scan.oldest[level]) + timedelta(days=limits[level]))
        for level in SEVERITIES
        if scan and level in limits and scan.oldest.get(level)
    }


def _fact_findings(state: DutyState) -> Iterator[StatusReason]:
    """Facts given with the proof that the catalog warns of."""
    facts = (state.last.facts if state.last else None) or {}
    for fact in state.duty.facts:
        value = facts.get(fact.name, "")
        if value in fact.warn:
            yield StatusReason("proof-fact-warns", AMBER, fact=fact.name, value=value)
        if fact.most is not None and value and float(value) > fact.most:
            yield StatusReason("proof-fact-too-large", AMBER, fact=fact.name, value=value, most=fact.most)


def _command(state: DutyState) -> str:
    if state.duty.by:
        return _COMMAND_BY_EVENT.get(state.duty.by[0], "")
    return next_duty_command(state)


def next_duty_command(state: DutyState) -> str:
    """How its proof is given, with everything that the duty asks: words in capitals and dots are to be
    filled in. Double quotes, which both a Windows prompt and a shell understand."""
    duty, item = state.duty, state.item
    options = f' --for "{item}"' if item else f" --for {duty.each.upper()}" if duty.each else ""
    options += "".join(f" --fact {fact.name}=..." for fact in duty.facts if fact.required)
    options += " --until DAY" if duty.until == "required" else ""
    return f"{_FULFIL} {duty.id}{options} --proof FILE"


_COMMAND_BY_EVENT = {
    "backup.done": "continuity backup run",
    "backup.proved": "continuity backup prove",
    "backup.examined": "continuity backup doctor",
    "kit.built": "continuity kit build",
    "list.loaded": "continuity screen lists update DIR, or --download",
}


def states_table(states: Sequence[DutyState], today: date) -> list[dict[str, str]]:
    """A row a duty or item, for a listing."""
    return [
        {
            "about": line.about,
            "duty": state.duty.id,
            "for": state.item,
            "code": line.code,
            "light": line.light,
            "due": state.due.isoformat(),
            "fact": line.fact,
            "owner": state.duty.owner,
            "mark": line.mark,
        }
        for state in states
        for line in [status_line(state, today)]
    ]
