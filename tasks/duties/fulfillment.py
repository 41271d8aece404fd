"""What people say of duties: done, in hand, changed, ended, or said by mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import msgspec
import sqlalchemy as sa

from tasks.core.errors import BadInput, Problem, Refused
from tasks.documents.api import duty_proof_name, other_proofs, proof_problems
from tasks.duties.duty_definition import Duty, fact_problems, spelled_facts
from tasks.duties.duty_history import Rows, catalog_of, read_history
from tasks.duties.events import DutyAcknowledged, DutyChanged, DutyEnded, DutyFulfilled, DutyWithdrawn
from tasks.duties.scans.report_reading import count_findings, date_findings, first_seen, read_report
from tasks.duties.scans.scan_findings import ScanReport
from tasks.duties.tables import PROOFS
from tasks.duties.term_schedule import DutyState, add_period, duty_state, duty_subject, reached_steps, with_reminders
from tasks.workspace import Workspace

MOST = 256 << 20
"""Bytes of a proof."""


@dataclass(frozen=True)
class FulfillmentInput:
    """What comes with a fulfilment. `again`: a further proof of the term that is done already; `reason`:
    why the same file also proves something else."""

    proof: Path | None = None
    statement: str = ""
    item: str = ""
    on: date | None = None
    until: date | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    again: bool = False
    reason: str = ""


def fulfill_duty(workspace: Workspace, name: str, given: FulfillmentInput, actor: str) -> DutyState:
    """Store the proof and write that the duty was done. Returns where it stands then.

    Raises BadInput with everything that is wrong with what was given, Refused for a proof that was
    given before, HostileFile for a scan report that cannot be read. Nothing is changed by these.
    """
    duty = catalog_of(workspace).duty(name)
    report = read_report(given.proof) if duty.scan and given.proof and given.proof.is_file() else None
    if report and not (report.taken or given.on):
        raise BadInput("duty-proof-refused", [_UNDATED], name=name)
    given = replace(
        given,
        item=_as_known(workspace, name, given.item),
        on=_day(workspace, given, report),
        facts=spelled_facts(duty, given.facts),
    )
    if problems := list(_problems(workspace, duty, given, report)):
        raise BadInput("duty-proof-refused", problems, name=name)
    before = current_state(workspace.journal.rows, workspace, duty, given.item)
    body = _body(workspace, duty, given, before, report)
    withdrawn = _withdrawn(workspace.journal.rows, duty.id, given.item)
    key = f"duty.fulfilled:{name}/{given.item}:{body.on}:{body.proof or body.statement}:{withdrawn}"
    with workspace.journal.write(actor) as pen:
        own = [given.proof] if given.proof else []
        proves = duty_proof_name(duty.id, given.item)
        # another process may have used the file since it was checked
        if taken := list(proof_problems(pen.rows, proves, own, given.reason, "--proof")):
            raise BadInput("duty-proof-refused", taken, name=name)
        event = pen.append(body, duty_subject(before), key)
    if event is None:
        raise Refused("duty-proof-already-recorded", name=before.name, on=body.on)
    return current_state(workspace.journal.rows, workspace, duty, given.item)


def _as_known(workspace: Workspace, name: str, item: str) -> str:
    """An item as the book spells it, whatever letters were typed: else one provider were two, and the
    reminders of one of them would never end."""
    item = " ".join(item.split())
    query = sa.select(PROOFS.c.item).where(PROOFS.c.duty == name, ~PROOFS.c.withdrawn, ~PROOFS.c.ended)
    known = {row.item for row in workspace.journal.rows(query)}
    same = sorted(one for one in known if one.casefold() == item.casefold())
    return item if item in known or not same else same[0]


def current_state(rows: Rows, workspace: Workspace, duty: Duty, item: str) -> DutyState:
    """Where one duty or item stands now."""
    bare = duty_state(read_history(rows, catalog_of(workspace), workspace.zone), duty, item)
    return with_reminders(rows, [bare])[0]


_UNDATED = Problem(column="--on", code="scan-date-missing")


def _day(workspace: Workspace, given: FulfillmentInput, report: ScanReport | None) -> date:
    return given.on or (report and report.taken) or workspace.today()


def _problems(
    workspace: Workspace, duty: Duty, given: FulfillmentInput, report: ScanReport | None
) -> Iterator[Problem]:
    today, on = workspace.today(), given.on
    assert on is not None
    if duty.watched:
        yield Problem(column="duty", value=duty.id, code="duty-counted-automatically")
    if given.item and not duty.each:
        yield Problem(column="--for", value=given.item, code="duty-without-items")
    if duty.each and not given.item and not duty.by:
        yield Problem(column="--for", code="duty-item-missing", values={"each": duty.each})
    if len(given.item) > 120 or "/" in given.item:
        yield Problem(column="--for", value=given.item[:60], code="duty-item-name-invalid")
    if on > today:
        yield Problem(column="--on", value=str(on), code="date-in-future", values={"today": today})
    if report and report.taken and on > report.taken:
        yield Problem(column="--on", value=str(on), right=str(report.taken), code="date-after-scan")
    yield from _until(duty, given, on)
    yield from _proof(workspace, duty, given)
    yield from fact_problems(duty, given.facts)


def _until(duty: Duty, given: FulfillmentInput, on: date) -> Iterator[Problem]:
    if duty.until == "required" and given.until is None:
        yield Problem(column="--until", code="end-date-missing")
    if given.until and not duty.until:
        yield Problem(
            column="--until", value=str(given.until), code="duty-has-fixed-interval", values={"every": duty.every}
        )
    if given.until and given.until <= on:
        yield Problem(column="--until", value=str(given.until), code="end-date-not-after-start", values={"on": on})


def _proof(workspace: Workspace, duty: Duty, given: FulfillmentInput) -> Iterator[Problem]:
    path = given.proof
    if path is None:
        if not (duty.statement and given.statement.strip()):
            right = duty.proof + ("; or --statement" if duty.statement else "")
            yield Problem(column="--proof", right=right, code="required-fact-missing")
        return
    if not path.is_file():
        yield Problem(file=str(path), column="--proof", code="proof-not-a-file")
    elif not 0 < path.stat().st_size <= MOST:
        yield Problem(
            file=str(path),
            column="--proof",
            code="proof-size-invalid",
            values={"st_size": path.stat().st_size, "most": MOST >> 20},
        )
    else:
        proves = duty_proof_name(duty.id, given.item)
        rows = workspace.journal.rows
        yield from proof_problems(rows, proves, [path], given.reason, "--proof")


def _body(
    workspace: Workspace, duty: Duty, given: FulfillmentInput, before: DutyState, report: ScanReport | None
) -> DutyFulfilled:
    on = given.on or workspace.today()
    content, scan, also = "", None, ()
    if given.proof:
        digest = sha256(given.proof.read_bytes()).hexdigest()
        proves = duty_proof_name(duty.id, given.item)
        also = other_proofs(workspace.journal.rows, proves, [digest])
    if report:
        seen = first_seen(workspace.content, before.proofs, report, on)
        findings = date_findings(report, on, seen)
        content = workspace.content.put(msgspec.json.encode(findings))
        scan = count_findings(report, findings)
    return DutyFulfilled(
        duty=duty.id,
        item=given.item,
        term=_term(duty, given, before, on),
        on=on.isoformat(),
        until=given.until.isoformat() if given.until else "",
        proof=workspace.content.put(given.proof.read_bytes()) if given.proof else "",
        file=given.proof.name if given.proof else "",
        statement=given.statement.strip(),
        facts=dict(given.facts),
        content=content,
        scan=scan,
        also=also,
        reason=given.reason.strip() if also else "",
    )


def _term(duty: Duty, given: FulfillmentInput, before: DutyState, on: date) -> str:
    """The term that this proof is of: the open one, or with fixed days the one before, if the
    proof is older than that day or is a further one."""
    if duty.due is None or duty.every is None:
        return before.term
    every = duty.every
    previous = add_period(before.due, type(every)(-every.months, -every.days))
    return (previous if given.again or on <= previous else before.due).isoformat()


def acknowledge_duty(workspace: Workspace, name: str, item: str, note: str, actor: str) -> list[str]:
    """Somebody has it in hand: silences the rungs reached so far. Returns them. Raises Refused if
    there is none, or all are acknowledged."""
    duty, item = catalog_of(workspace).duty(name), _as_known(workspace, name, item)
    now = current_state(workspace.journal.rows, workspace, duty, item)
    rungs = [
        step.name
        for step in reached_steps(now, workspace.today())
        if step.name not in now.rungs or now.rungs[step.name].acknowledged is None
    ]
    if not rungs:
        raise Refused("reminder-not-open", name=now.name, due=now.due)
    body = DutyAcknowledged(duty=name, item=item, term=now.term, rungs=rungs, note=note)
    workspace.journal.append(body, duty_subject(now), actor)
    return rungs


def change_duty(workspace: Workspace, name: str, item: str, what: str, on: date, actor: str) -> DutyState:
    """Something makes the duty due out of its turn. Raises Refused before there is a first proof."""
    duty, item = catalog_of(workspace).duty(name), _as_known(workspace, name, item)
    now = current_state(workspace.journal.rows, workspace, duty, item)
    if not now.proofs:
        raise Refused("duty-not-fulfilled-yet", name=now.name)
    known = [one.what for one in duty.triggers]
    if known and what not in known:
        right = ", ".join(f"{one.what!r}" for one in duty.triggers)
        problem = Problem(column="--what", value=what, right=right, code="duty-change-unknown")
        raise BadInput("duty-change-refused", [problem])
    body = DutyChanged(duty=name, item=item, what=what, on=on.isoformat())
    key = f"duty.changed:{name}/{item}:{what}:{on}"
    if not workspace.journal.append(body, duty_subject(now), actor, key):
        raise Refused("duty-change-already-recorded", name=now.name, on=on)
    return current_state(workspace.journal.rows, workspace, duty, item)


def end_duty(workspace: Workspace, name: str, item: str, reason: str, actor: str) -> None:
    """An item is no more: its proofs stay in the book, its reminders end. Raises Refused."""
    duty, item = catalog_of(workspace).duty(name), _as_known(workspace, name, item)
    now = _known(workspace, duty, item, lambda one: bool(one.proofs))
    workspace.journal.append(DutyEnded(duty=name, item=item, reason=reason), duty_subject(now), actor)


def withdraw_proof(workspace: Workspace, name: str, item: str, reason: str, actor: str) -> DutyState:
    """The newest proof was a mistake and does not count. Raises Refused if there is none."""
    duty, item = catalog_of(workspace).duty(name), _as_known(workspace, name, item)
    column = PROOFS.c
    own = (column.duty == name, column.item == item, ~column.withdrawn, ~column.ended)
    found = workspace.journal.rows(sa.select(sa.func.max(column.seq)).where(*own))[0][0]
    if found is None:
        raise Refused("no-proof-to-withdraw", duty=f"{name} {item}".strip())
    now = current_state(workspace.journal.rows, workspace, duty, item)
    body = DutyWithdrawn(duty=name, item=item, fulfilled=found, reason=reason)
    workspace.journal.append(body, duty_subject(now), actor, f"duty.withdrawn:{found}")
    return current_state(workspace.journal.rows, workspace, duty, item)


def _known(workspace: Workspace, duty: Duty, item: str, holds: Callable[[DutyState], bool]) -> DutyState:
    now = current_state(workspace.journal.rows, workspace, duty, item)
    if not duty.each or not holds(now):
        raise Refused("duty-item-unknown", id=duty.id, each=duty.each or "item", item=item)
    return now


def _withdrawn(rows: Rows, name: str, item: str) -> int:
    column = PROOFS.c
    own = (column.duty == name, column.item == item, sa.or_(column.withdrawn, column.ended))
    return rows(sa.select(sa.func.count()).where(*own))[0][0]
