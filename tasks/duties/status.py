"""The duties' lines of the status page: light, the fact behind it, and what to do."""

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
    duties = [status_line(standing, today) for standing in duty_states(rows, catalogue, workspace.zone)]
    return [*faults, *duties]


def usable_catalog(workspace: Workspace) -> tuple[DutyCatalog, list[StatusLine]]:
    """The house's catalogue; with faults in the broker's own part what ships, and a line that says so:
    in an incident nobody mends a catalogue before she sees what bites."""
    try:
        return catalog_of(workspace), []
    except BadInput as wrong:
        first, more = wrong.problems[0], len(wrong.problems) - 1
        fact = f"{first}{f' (and {more} more)' if more else ''}"
        fault = StatusLine(
            "duty-catalog-unusable",
            "P1",
            "own catalogue of duties",
            RED,
            f"not used, what ships counts: {fact}",
            "mend it, then continuity duties list",
            values={"problems": [problem.as_dict() for problem in wrong.problems]},
        )
        return shipped_catalog(), [fault]


def status_line(standing: DutyState, today: date) -> StatusLine:
    """One duty or item. `values["reasons"]`: the findings of its light, with their codes."""
    every = status_findings(standing, today)
    light = worst_light(finding.light for finding in every)
    shown = [finding for finding in every if finding.light == light]
    shared = standing.last.shared if standing.last else ""
    duty = standing.duty
    return StatusLine(
        DUTY,
        duty.about,
        standing.name,
        light,
        "; ".join([*(finding.text for finding in shown), *([shared] if shared else [])]),
        "" if light == GREEN else _command(standing),
        _since(standing, today),
        duty.mark,
        subject=standing.name,
        values={
            "duty": duty.id,
            "item": standing.item,
            "by_hand": not duty.by,
            "due": standing.due.isoformat(),
            "reasons": [finding.facts for finding in shown],
            "shared": shared,
        },
    )


def _since(standing: DutyState, today: date) -> str:
    """The day on which it came to need a person, else that of the last proof."""
    turns = [standing.due + _DAY, standing.due - timedelta(days=standing.duty.lead)]
    turns += [standing.submit_by + _DAY] if standing.submit_by else []
    turns += [standing.opened] if standing.never or standing.change else []
    turns += [day + _DAY for _, day in _limits(standing).values()]
    past = [day for day in turns if day <= today]
    if standing.never:
        past = [standing.opened]
    if past:
        return max(past).isoformat()
    return clock.text(standing.last.at) if standing.last else ""


def status_findings(standing: DutyState, today: date) -> list[StatusReason]:
    """Every reason for its light, the date first."""
    found = [*_when(standing, today)]
    if standing.last:
        found += [*_scan(standing, today), *_facts(standing)]
    return found


def _when(standing: DutyState, today: date) -> Iterator[StatusReason]:
    """What the date alone gives."""
    due, days, submit = standing.due, (standing.due - today).days, standing.submit_by
    if standing.never:
        yield StatusReason("duty-never-done", RED, due=due.isoformat())
    elif standing.change:
        late = list(_late_besides(standing, today))
        light = RED if late or days < 0 else AMBER
        yield StatusReason(
            "duty-due-again",
            light,
            due=due.isoformat(),
            change=standing.change.what,
            changed=standing.change.on.isoformat(),
        )
        yield from late
    elif days < 0:
        code = "proof-ended" if _ends(standing) else "duty-overdue"
        yield StatusReason(code, RED, days=DayCount(-days), due=due.isoformat())
    else:
        late = bool(submit and today > submit)
        light = AMBER if days <= standing.duty.lead else GREEN
        if late:
            light = AMBER if standing.submitted and days > 30 else RED
        code = "proof-ends" if _ends(standing) else "duty-due"
        yield StatusReason(code, light, days=DayCount(days), due=due.isoformat())
        if submit:
            yield StatusReason(_submission(standing, late), light, submit=submit.isoformat())


def _submission(standing: DutyState, late: bool) -> str:
    if not late:
        return "submit-by"
    return "submitted-not-accepted" if standing.submitted else "submission-late"


def _late_besides(standing: DutyState, today: date) -> Iterator[StatusReason]:
    """What is late without the change too: it must not make that look better."""
    regular, submit = standing.regular, standing.duty.submit
    if regular is None or today <= regular - timedelta(days=submit or 0):
        return
    code = "term-also-ends" if today <= regular else "term-also-ended"
    yield StatusReason(code, RED, regular=regular.isoformat())
    if submit:
        day = regular - timedelta(days=submit)
        yield StatusReason("submission-late", RED, submit=day.isoformat())


def _ends(standing: DutyState) -> bool:
    """Whether what was proved ends that day; else the duty is to be done by then."""
    return bool(standing.submit_by or (standing.last and standing.last.until == standing.due))


def fold_lines(needs: Sequence[StatusLine]) -> list[StatusLine]:
    """The same for a page: duties of which nothing was ever shown are one line, so that a new
    workspace's many do not push what happened off the page."""
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
    """The codes of the findings that give a duty's line its light."""
    return [reason["code"] for reason in cast("list[dict[str, str]]", duty.values["reasons"])]


class DayCount(int):
    """A count that reads as `1 day` or `3 days` in a text; a number in JSON."""

    def __format__(self, spec: str) -> str:
        return f"{int(self):{spec}} day{'' if self == 1 else 's'}"


def _scan(standing: DutyState, today: date) -> Iterator[StatusReason]:
    """Open findings past their limit: a critical one turns the duty red, others amber."""
    scan = standing.last.scan if standing.last else None
    if scan is None:
        return
    for severity, (limit, last) in _limits(standing).items():
        if today > last:
            light = RED if severity == "critical" else AMBER
            yield StatusReason(
                "scan-finding-past-limit",
                light,
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


def _limits(standing: DutyState) -> dict[str, tuple[int, date]]:
    """Per severity that has open findings and a limit: its days, and the last on which the oldest may
    be open."""
    scan = standing.last.scan if standing.last else None
    limits = {str(severity): limit for severity, limit in standing.duty.limits.items()}
    return {
        one: (limits[one], date.fromisoformat(scan.oldest[one]) + timedelta(days=limits[one]))
        for one in SEVERITIES
        if scan and one in limits and scan.oldest.get(one)
    }


def _facts(standing: DutyState) -> Iterator[StatusReason]:
    """What was said with the proof, where the catalogue warns of it."""
    said = (standing.last.facts if standing.last else None) or {}
    for fact in standing.duty.facts:
        value = said.get(fact.name, "")
        if value in fact.warn:
            yield StatusReason("proof-fact-warns", AMBER, fact=fact.name, value=value)
        if fact.most is not None and value and float(value) > fact.most:
            yield StatusReason("proof-fact-too-large", AMBER, fact=fact.name, value=value, most=fact.most)


def _command(standing: DutyState) -> str:
    if standing.duty.by:
        return _BY.get(standing.duty.by[0], "")
    return next_duty_command(standing)


def next_duty_command(standing: DutyState) -> str:
    """How its proof is given, with everything that the duty asks: words in capitals and dots are to be
    filled in. Double quotes, which both a Windows prompt and a shell understand."""
    duty, item = standing.duty, standing.item
    given = f' --for "{item}"' if item else f" --for {duty.each.upper()}" if duty.each else ""
    given += "".join(f" --fact {fact.name}=..." for fact in duty.facts if fact.required)
    given += " --until DAY" if duty.until == "required" else ""
    return f"{_FULFIL} {duty.id}{given} --proof FILE"


_BY = {
    "backup.done": "continuity backup run",
    "backup.proved": "continuity backup prove",
    "backup.examined": "continuity backup doctor",
    "kit.built": "continuity kit build",
    "list.loaded": "continuity screen lists update DIR, or --download",
}


def states_table(found: Sequence[DutyState], today: date) -> list[dict[str, str]]:
    """A row a duty or item, for a listing."""
    rows = []
    for standing in found:
        said = status_line(standing, today)
        rows.append(
            {
                "about": said.about,
                "duty": standing.duty.id,
                "for": standing.item,
                "code": said.code,
                "light": said.light,
                "due": standing.due.isoformat(),
                "fact": said.fact,
                "owner": standing.duty.owner,
                "mark": said.mark,
            }
        )
    return rows
