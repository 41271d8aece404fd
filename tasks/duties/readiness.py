"""What each duty says on the board: its light, the fact behind it, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from tasks.duties.catalogue import Catalogue, shipped
from tasks.duties.duty import SEVERITIES
from tasks.duties.records import catalogue_of
from tasks.duties.terms import Standing, standings
from tasks.shared import board, clock
from tasks.shared.board import AMBER, GREEN, RED, Line
from tasks.shared.errors import BadInput
from tasks.shared.house_lines import house_lines
from tasks.workspace import Workspace

_FULFIL = "continuity duties fulfil"
_DAY = timedelta(days=1)
NEVER = "never done; first proof wanted by"
Finding = tuple[str, str]
"""A light and the words for it."""


def lines(workspace: Workspace) -> list[Line]:
    """The whole board: every duty, and what the house counts itself."""
    rows = workspace.journal.rows
    catalogue, faults = usable(workspace)
    found = [
        line(standing, workspace.today()) for standing in standings(rows, catalogue, workspace.zone)
    ]
    return [*faults, *found, *house_lines(rows, workspace.settings)]


def usable(workspace: Workspace) -> tuple[Catalogue, list[Line]]:
    """The house's catalogue; with faults in the broker's own part what ships, and a line that says so:
    in an incident nobody mends a catalogue before she sees what bites."""
    try:
        return catalogue_of(workspace), []
    except BadInput as wrong:
        first, more = wrong.problems[0], len(wrong.problems) - 1
        fact = f"{first}{f' (and {more} more)' if more else ''}"
        fault = Line("P1", "own catalogue of duties", RED, f"not used, what ships counts: {fact}",
                     "mend it, then continuity duties list")  # fmt: skip
        return shipped(), [fault]


def line(standing: Standing, today: date) -> Line:
    """One duty or item."""
    findings = list(_findings(standing, today))
    light = board.worst(one for one, _ in findings)
    facts = [words for found, words in findings if found == light]
    shared = standing.last.shared if standing.last else ""
    fact = "; ".join([*facts, shared] if shared else facts)
    command = "" if light == GREEN else _command(standing)
    duty = standing.duty
    return Line(duty.about, standing.name, light, fact, command, _since(standing, today), duty.mark)


def _since(standing: Standing, today: date) -> str:
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


def _findings(standing: Standing, today: date) -> Iterator[Finding]:
    yield _when(standing, today)
    if standing.last:
        yield from _scan(standing, today)
        yield from _facts(standing)


def _when(standing: Standing, today: date) -> Finding:
    """The light of the date alone."""
    due, days = standing.due, (standing.due - today).days
    if standing.never:
        return RED, f"{NEVER} {due}"
    if standing.change:
        told = f"to be done again by {due}: {standing.change.what} on {standing.change.on}"
        late = _late_besides(standing, today)
        return (RED if late or days < 0 else AMBER), told + late
    if days < 0:
        return RED, f"{_over(standing)} {_days(-days)} ago, on {due}"
    submit = standing.submit_by
    told = f"{_ends(standing)} in {_days(days)}, on {due}"
    if submit and today > submit:
        if not standing.submitted:
            return RED, f"{told}; was to be submitted by {submit}"
        return (RED if days <= 30 else AMBER), f"{told}; submitted, not yet accepted"
    light = AMBER if days <= standing.duty.lead else GREEN
    return light, told + (f"; submit by {submit}" if submit else "")


def _late_besides(standing: Standing, today: date) -> str:
    """What is late without the change too: it must not make that look better."""
    regular, submit = standing.regular, standing.duty.submit
    if regular is None or today <= regular - timedelta(days=submit or 0):
        return ""
    return f"; besides, {'ends' if today <= regular else 'ended'} on {regular}" + (
        f" and was to be submitted by {regular - timedelta(days=submit)}" if submit else "")  # fmt: skip


def _ends(standing: Standing) -> str:
    ends = standing.submit_by or (standing.last and standing.last.until == standing.due)
    return "ends" if ends else "due"


def _over(standing: Standing) -> str:
    return "ended" if _ends(standing) == "ends" else "was due"


def folded(needs: Sequence[board.Line]) -> list[board.Line]:
    """The same for a page: duties of which nothing was ever shown are one line, so that a new house's
    many do not push what happened off the page."""
    never = [one for one in needs if one.fact.startswith(NEVER) and _FULFIL in one.next]
    if len(never) < 3:
        return list(needs)
    names = ", ".join(one.label for one in never)
    days = min(one.fact for one in never)
    told = f"{days}: {names}"
    first = replace(never[0], what=f"{len(never)} duties", light=board.worst(one.light for one in never),
                    fact=told, next="continuity duties list", mark="")  # fmt: skip
    return [
        first if one is never[0] else one for one in needs if one is never[0] or one not in never
    ]


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _scan(standing: Standing, today: date) -> Iterator[Finding]:
    """Open findings past their limit: a critical one turns the duty red, others amber."""
    scan = standing.last.scan if standing.last else None
    if scan is None:
        return
    for severity, (limit, last) in _limits(standing).items():
        if today > last:
            light = RED if severity == "critical" else AMBER
            age = (today - last).days + limit
            yield light, f"{severity} finding open {_days(age)}, limit {limit}"
    counts = ", ".join(f"{scan.open[one]} {one}" for one in SEVERITIES if scan.open.get(one))
    oldest = min((scan.oldest[one] for one in SEVERITIES[:-1] if one in scan.oldest), default="")
    age = f"; oldest open {_days((today - date.fromisoformat(oldest)).days)}" if oldest else ""
    yield GREEN, f"open findings: {counts or 'none'}{age}"


def _limits(standing: Standing) -> dict[str, tuple[int, date]]:
    """Per severity that has open findings and a limit: its days, and the last on which the oldest may
    be open."""
    scan = standing.last.scan if standing.last else None
    limits = {str(severity): limit for severity, limit in standing.duty.limits.items()}
    return {
        one: (limits[one], date.fromisoformat(scan.oldest[one]) + timedelta(days=limits[one]))
        for one in SEVERITIES
        if scan and one in limits and scan.oldest.get(one)
    }


def _facts(standing: Standing) -> Iterator[Finding]:
    """What was said with the proof, where the catalogue warns of it."""
    said = (standing.last.facts if standing.last else None) or {}
    for fact in standing.duty.facts:
        value = said.get(fact.name, "")
        if value in fact.warn:
            yield AMBER, f"{fact.name} is {value}"
        if fact.most is not None and value and float(value) > fact.most:
            yield AMBER, f"{fact.name} {value}, more than {fact.most:g}"


def _command(standing: Standing) -> str:
    if standing.duty.by:
        return _BY.get(standing.duty.by[0], "")
    return command(standing)


def command(standing: Standing) -> str:
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


def table(found: Sequence[Standing], today: date) -> list[dict[str, str]]:
    """A row a duty or item, for a listing."""
    rows = []
    for standing in found:
        said = line(standing, today)
        rows.append(
            {"about": said.about, "duty": standing.duty.id, "for": standing.item,
             "light": said.light, "due": standing.due.isoformat(), "fact": said.fact,
             "owner": standing.duty.owner, "mark": said.mark}
        )  # fmt: skip
    return rows
