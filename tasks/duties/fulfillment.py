"""What people record of duties: fulfilled, acknowledged, changed, ended, withdrawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import msgspec
import sqlalchemy as sa

from tasks.core.errors import BadInput, Problem, Refused
from tasks.duties.duty_definition import Duty, fact_problems, spelled_facts
from tasks.duties.duty_history import Rows, catalog_of, read_history
from tasks.duties.events import DutyAcknowledged, DutyChanged, DutyEnded, DutyFulfilled, DutyWithdrawn
from tasks.duties.proof_files import duty_proof_name, other_proofs, proof_problems
from tasks.duties.scans.report_reading import count_findings, date_findings, first_seen, read_report
from tasks.duties.scans.scan_findings import ScanReport
from tasks.duties.tables import PROOFS
from tasks.duties.term_schedule import DutyState, add_period, duty_state, duty_subject, reached_steps, with_reminders
from tasks.workspace import Workspace

MAX_PROOF_BYTES = 256 << 20


@dataclass(frozen=True)
class FulfillmentInput:
    """What comes with a fulfillment. `again`: a further proof of the term that is done already; `reason`:
    why the same file also proves something else."""

    proof: Path | None = None
    statement: str = ""
    item: str = ""
    on: date | None = None
    until: date | None = None
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    again: bool = False
    reason: str = ""


def fulfill_duty(workspace: Workspace, name: str, fulfillment: FulfillmentInput, actor: str) -> DutyState:
    """Store the proof and record that the duty was done. Returns its state then.

    Raises, with nothing changed, BadInput with every problem of the input, Refused for a proof that was
    given before, HostileFile for a scan report that cannot be read.
    """
    duty = catalog_of(workspace).duty(name)
    report = read_report(fulfillment.proof) if duty.scan and fulfillment.proof and fulfillment.proof.is_file() else None
    if report and not (report.ended_on or fulfillment.on):
        raise BadInput("duty-proof-refused", [_UNDATED], name=name)
    fulfillment = replace(
        fulfillment,
        item=_known_spelling(workspace, name, fulfillment.item),
        on=_day(workspace, fulfillment, report),
        facts=spelled_facts(duty, fulfillment.facts),
    )
    if problems := list(_problems(workspace, duty, fulfillment, report)):
        raise BadInput("duty-proof-refused", problems, name=name)
    state = current_state(workspace.journal.rows, workspace, duty, fulfillment.item)
    body = _body(workspace, duty, fulfillment, state, report)
    withdrawn = _removed_count(workspace.journal.rows, duty.id, fulfillment.item)
    key = f"duty.fulfilled:{name}/{fulfillment.item}:{body.on}:{body.proof or body.statement}:{withdrawn}"
    with workspace.journal.write(actor) as pen:
        paths = [fulfillment.proof] if fulfillment.proof else []
        proves = duty_proof_name(duty.id, fulfillment.item)
        # another process may have used the file since it was checked
        if conflicts := list(proof_problems(pen.rows, proves, paths, fulfillment.reason, "--proof")):
            raise BadInput("duty-proof-refused", conflicts, name=name)
        event = pen.append(body, duty_subject(state), key)
    if event is None:
        raise Refused("duty-proof-already-recorded", name=state.name, on=body.on)
    return current_state(workspace.journal.rows, workspace, duty, fulfillment.item)


def _known_spelling(workspace: Workspace, name: str, item: str) -> str:
    """An item as the journal spells it, regardless of case: else one provider would become two."""
    item = " ".join(item.split())
    query = sa.select(PROOFS.c.item).where(PROOFS.c.duty == name, ~PROOFS.c.withdrawn, ~PROOFS.c.ended)
    items = {row.item for row in workspace.journal.rows(query)}
    matching = sorted(spelling for spelling in items if spelling.casefold() == item.casefold())
    return item if item in items or not matching else matching[0]


def current_state(rows: Rows, workspace: Workspace, duty: Duty, item: str) -> DutyState:
    """The state of one duty or item now."""
    state = duty_state(read_history(rows, catalog_of(workspace), workspace.zone), duty, item)
    return with_reminders(rows, [state])[0]


_UNDATED = Problem(column="--on", code="scan-date-missing")


def _day(workspace: Workspace, fulfillment: FulfillmentInput, report: ScanReport | None) -> date:
    return fulfillment.on or (report and report.ended_on) or workspace.today()


def _problems(
    workspace: Workspace, duty: Duty, fulfillment: FulfillmentInput, report: ScanReport | None
) -> Iterator[Problem]:
    today, on = workspace.today(), fulfillment.on
    assert on is not None
    if duty.watched:
        yield Problem(column="duty", value=duty.id, code="duty-counted-automatically")
    if fulfillment.item and not duty.each:
        yield Problem(column="--for", value=fulfillment.item, code="duty-without-items")
    if duty.each and not fulfillment.item and not duty.by:
        yield Problem(column="--for", code="duty-item-missing", values={"each": duty.each})
    if len(fulfillment.item) > 120 or "/" in fulfillment.item:
        yield Problem(column="--for", value=fulfillment.item[:60], code="duty-item-name-invalid")
    if on > today:
        yield Problem(column="--on", value=str(on), code="date-in-future", values={"today": today})
    if report and report.ended_on and on > report.ended_on:
        yield Problem(column="--on", value=str(on), right=str(report.ended_on), code="date-after-scan")
    yield from _until(duty, fulfillment, on)
    yield from _proof(workspace, duty, fulfillment)
    yield from fact_problems(duty, fulfillment.facts)


def _until(duty: Duty, fulfillment: FulfillmentInput, on: date) -> Iterator[Problem]:
    if duty.until == "required" and fulfillment.until is None:
        yield Problem(column="--until", code="end-date-missing")
    if fulfillment.until and not duty.until:
        yield Problem(
            column="--until", value=str(fulfillment.until), code="duty-has-fixed-interval", values={"every": duty.every}
        )
    if fulfillment.until and fulfillment.until <= on:
        yield Problem(
            column="--until", value=str(fulfillment.until), code="end-date-not-after-start", values={"on": on}
        )


def _proof(workspace: Workspace, duty: Duty, fulfillment: FulfillmentInput) -> Iterator[Problem]:
    path = fulfillment.proof
    if path is None:
        if not (duty.statement and fulfillment.statement.strip()):
            right = duty.proof + ("; or --statement" if duty.statement else "")
            yield Problem(column="--proof", right=right, code="required-fact-missing")
        return
    if not path.is_file():
        yield Problem(file=str(path), column="--proof", code="proof-not-a-file")
    elif not 0 < path.stat().st_size <= MAX_PROOF_BYTES:
        yield Problem(
            file=str(path),
            column="--proof",
            code="proof-size-invalid",
            values={"st_size": path.stat().st_size, "most": MAX_PROOF_BYTES >> 20},
        )
    else:
        proves = duty_proof_name(duty.id, fulfillment.item)
        rows = workspace.journal.rows
        yield from proof_problems(rows, proves, [path], fulfillment.reason, "--proof")


def _body(
    workspace: Workspace, duty: Duty, fulfillment: FulfillmentInput, state: DutyState, report: ScanReport | None
) -> DutyFulfilled:
    on = fulfillment.on or workspace.today()
    content, scan, other_uses = "", None, ()
    if fulfillment.proof:
        digest = sha256(fulfillment.proof.read_bytes()).hexdigest()
        proves = duty_proof_name(duty.id, fulfillment.item)
        other_uses = other_proofs(workspace.journal.rows, proves, [digest])
    if report:
        first_days = first_seen(workspace.content, state.proofs, report, on)
        findings = date_findings(report, on, first_days)
        content = workspace.content.put(msgspec.json.encode(findings))
        scan = count_findings(report, findings)
    return DutyFulfilled(
        duty=duty.id,
        item=fulfillment.item,
        term=_term(duty, fulfillment, state, on),
        on=on.isoformat(),
        until=fulfillment.until.isoformat() if fulfillment.until else "",
        proof=workspace.content.put(fulfillment.proof.read_bytes()) if fulfillment.proof else "",
        file=fulfillment.proof.name if fulfillment.proof else "",
        statement=fulfillment.statement.strip(),
        facts=dict(fulfillment.facts),
        content=content,
        scan=scan,
        also=other_uses,
        reason=fulfillment.reason.strip() if other_uses else "",
    )


def _term(duty: Duty, fulfillment: FulfillmentInput, state: DutyState, on: date) -> str:
    """The term that this proof is of: the open one, or with fixed days the one before, if the
    proof is older than that day or is a further one."""
    if duty.due is None or duty.every is None:
        return state.term
    period = duty.every
    previous = add_period(state.due, type(period)(-period.months, -period.days))
    return (previous if fulfillment.again or on <= previous else state.due).isoformat()


def acknowledge_duty(workspace: Workspace, name: str, item: str, note: str, actor: str) -> list[str]:
    """Silence the rungs reached so far. Returns them. Raises Refused if there is none, or all are acknowledged."""
    duty, item = catalog_of(workspace).duty(name), _known_spelling(workspace, name, item)
    state = current_state(workspace.journal.rows, workspace, duty, item)
    rungs = [
        step.name
        for step in reached_steps(state, workspace.today())
        if step.name not in state.rungs or state.rungs[step.name].acknowledged is None
    ]
    if not rungs:
        raise Refused("reminder-not-open", name=state.name, due=state.due)
    body = DutyAcknowledged(duty=name, item=item, term=state.term, rungs=rungs, note=note)
    workspace.journal.append(body, duty_subject(state), actor)
    return rungs


def change_duty(workspace: Workspace, name: str, item: str, what: str, on: date, actor: str) -> DutyState:
    """Something makes the duty due before its date. Raises Refused before there is a first proof."""
    duty, item = catalog_of(workspace).duty(name), _known_spelling(workspace, name, item)
    state = current_state(workspace.journal.rows, workspace, duty, item)
    if not state.proofs:
        raise Refused("duty-not-fulfilled-yet", name=state.name)
    changes = [trigger.what for trigger in duty.triggers]
    if changes and what not in changes:
        right = ", ".join(f"{trigger.what!r}" for trigger in duty.triggers)
        problem = Problem(column="--what", value=what, right=right, code="duty-change-unknown")
        raise BadInput("duty-change-refused", [problem])
    body = DutyChanged(duty=name, item=item, what=what, on=on.isoformat())
    key = f"duty.changed:{name}/{item}:{what}:{on}"
    if not workspace.journal.append(body, duty_subject(state), actor, key):
        raise Refused("duty-change-already-recorded", name=state.name, on=on)
    return current_state(workspace.journal.rows, workspace, duty, item)


def end_duty(workspace: Workspace, name: str, item: str, reason: str, actor: str) -> None:
    """An item ended: its proofs stay in the journal, its reminders end. Raises Refused for one without proofs."""
    duty, item = catalog_of(workspace).duty(name), _known_spelling(workspace, name, item)
    state = current_state(workspace.journal.rows, workspace, duty, item)
    if not duty.each or not state.proofs:
        raise Refused("duty-item-unknown", id=duty.id, each=duty.each or "item", item=item)
    workspace.journal.append(DutyEnded(duty=name, item=item, reason=reason), duty_subject(state), actor)


def withdraw_proof(workspace: Workspace, name: str, item: str, reason: str, actor: str) -> DutyState:
    """The newest proof was a mistake and does not count. Raises Refused if there is none."""
    duty, item = catalog_of(workspace).duty(name), _known_spelling(workspace, name, item)
    column = PROOFS.c
    is_counted = (column.duty == name, column.item == item, ~column.withdrawn, ~column.ended)
    seq = workspace.journal.rows(sa.select(sa.func.max(column.seq)).where(*is_counted))[0][0]
    if seq is None:
        raise Refused("no-proof-to-withdraw", duty=f"{name} {item}".strip())
    state = current_state(workspace.journal.rows, workspace, duty, item)
    body = DutyWithdrawn(duty=name, item=item, fulfilled=seq, reason=reason)
    workspace.journal.append(body, duty_subject(state), actor, f"duty.withdrawn:{seq}")
    return current_state(workspace.journal.rows, workspace, duty, item)


def _removed_count(rows: Rows, name: str, item: str) -> int:
    column = PROOFS.c
    is_removed = (column.duty == name, column.item == item, sa.or_(column.withdrawn, column.ended))
    return rows(sa.select(sa.func.count()).where(*is_removed))[0][0]
