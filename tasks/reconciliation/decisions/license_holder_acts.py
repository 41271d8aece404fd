"""Acts that only a licence holder may let happen: settling by hand, a batch that ACE never got, an entry
that another filer took over, a number that is burnt; and the batches and the accounting.

Each binds to its proof and to the state that it was asked for in. It is carried out from its payload once
it is approved: by `continuity approve`, or by the next cycle.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from tasks import approved_acts
from tasks.approved_acts import ActFacts, ActHandler, ActOutcome, load_struct
from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, NotApproved, NumberUnavailable, Problem, Refused
from tasks.core.journal.journal import Pen
from tasks.core.messages import message_text
from tasks.core.settings import BrokerSettings
from tasks.entries.api import SENT, WITH_ANOTHER, Difference, EntryBurnt, EntryHandedOver, EntrySettled
from tasks.incident.api import prepared_for_broker, presented_under_other_number
from tasks.reconciliation.accounting import sign_off
from tasks.reconciliation.accounting.number_account import stray_numbers
from tasks.reconciliation.decisions.classification import classify
from tasks.reconciliation.decisions.entry_facts import (
    HELD,
    EntryFacts,
    ReleaseStatus,
    SendingStatus,
    SummaryStatus,
    derive_facts,
)
from tasks.reconciliation.decisions.other_filer_number import doubt_number, read_number
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.events import BatchNotReceived, ReleaseKept, SendAgain
from tasks.reconciliation.plan.eligibility import drop_plan, plan_lapse_reason
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.plan.plan_store import SendingPlan, load_plan
from tasks.reconciliation.sending.batch_writing import outbound_folder, write_plan_batches
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import SUMMARY, EntryState
from tasks.reconciliation.state.rejections import is_record_fault
from tasks.reconciliation.tables import BATCHES
from tasks.security.api import Act, ApprovalState
from tasks.workspace import Workspace

IN_ACE = (
    NextStep.SETTLE,
    NextStep.DIFFERS,
    NextStep.DATE,
    NextStep.PERSON,
    NextStep.TASK,
    NextStep.MEND,
    NextStep.CANCEL,
    NextStep.NO_FILING,
)
"""Steps at which ACE has something, or nothing is due: a licence holder may accept that."""


class SettledEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an approver of a settlement sees of an entry: everything that ACE has otherwise than our
    record. `since`: the event of its state."""

    difference: list[Difference]
    since: int


class SettleEntries(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="settle-entries"):
    """`numbers`: each entry as it was when this was asked for. `proof`: content."""

    numbers: dict[str, SettledEntry]
    how: str
    not_in_ace: bool
    proof: str


class LoseBatch(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="batch-not-received"):
    """ACE never got `batch` with these `numbers`. `proof`: content."""

    batch: str
    numbers: list[str]
    reason: str
    proof: str


class HandOver(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="hand-over"):
    """Another filer filed `number` as `other`. `since`: the event of its state; `proof`: content."""

    number: str
    other: str
    since: int
    proof: str


class CancelNumber(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="cancel-number"):
    """`number` was canceled in ACE. `since`: the event of its state, None if nobody recorded it;
    `proof`: content."""

    number: str
    reason: str
    since: int | None
    proof: str


def carry_out_approved(workspace: Workspace, actor: str) -> list[ActOutcome]:
    """Carry out what is approved and was not carried out yet, but batches and the accounting: they have
    stages of their own. An act that is refused keeps no other back."""
    return approved_acts.carry_out_ready(workspace, actor)


def _require_same(now: Any, payload: Any) -> None:
    """Raises Refused, with the names of what changed, unless an act asked for now is the one that was
    asked for."""
    before, after = msgspec.to_builtins(payload), msgspec.to_builtins(now)
    changed = [name for name, value in before.items() if after[name] != value]
    if changed:
        raise Refused("act-state-changed", act=before["act"], changed=", ".join(changed))


def settle_by_proof(
    workspace: Workspace, numbers: list[str], how: str, proof: bytes, actor: str, *, not_in_ace: bool = False
) -> str:
    """Ask to settle recorded entries by proof; returns its digest if that was approved already.

    Raises BadInput without words or proof, NumberUnavailable if a number is not recorded, Refused
    for an entry that ACE does not show unless `not_in_ace` says so, NotApproved until approved.
    """
    _worded(how, proof)
    payload = _settlement(workspace, numbers, how, _digest(proof), not_in_ace)
    workspace.content.put(proof)
    approved_acts.ask_or_carry_out(workspace, payload, actor)
    return payload.proof


def _settlement(workspace: Workspace, numbers: Sequence[str], how: str, proof: str, not_in_ace: bool) -> SettleEntries:
    known = {one.number: one for one in list_entry_states(workspace.journal)}
    for number in numbers:
        _may_be_settled(known.get(number), number, not_in_ace)
    bound = {number: _bound(known[number]) for number in numbers}
    return SettleEntries(numbers=bound, how=how, not_in_ace=not_in_ace, proof=proof)


def _require_settlement(workspace: Workspace, payload: SettleEntries) -> None:
    numbers = list(payload.numbers)
    now = _settlement(workspace, numbers, payload.how, payload.proof, payload.not_in_ace)
    _require_same(now, payload)


def _settle(pen: Pen, payload: SettleEntries, asked: ApprovalState, actor: str) -> ActFacts:
    for number, entry in payload.numbers.items():
        body = EntrySettled(number=number, how=payload.how, proof=payload.proof, approval=asked.plan)
        key = f"settled:{number}:{entry.since}"
        pen.append(body, f"entry/{number}", key=key, actor=actor)
    return {"settled": list(payload.numbers), "proof": payload.proof}


def _settlement_title(workspace: Workspace, payload: SettleEntries) -> str:
    numbers = list(payload.numbers)
    if numbers[3:]:
        return message_text("title-settle-entries", {"count": len(numbers), "how": payload.how})
    return message_text("title-settle-numbers", {"numbers": ", ".join(numbers), "how": payload.how})


def _bound(one: EntryState) -> SettledEntry:
    view, dated = one.views.get(SUMMARY), derive_facts(one).dated
    shown = view is not None and view.disposition in HELD
    missing = Difference(code="no-summary-in-ace")
    differences = list(view.differs) if view is not None and shown else [missing]
    if dated and one.released and dated != one.released:
        differences.append(Difference(code="field-differs", field="release_date", paper=one.released, ace=dated))
    return SettledEntry(difference=differences, since=one.since)


def _may_be_settled(one: EntryState | None, number: str, not_in_ace: bool) -> None:
    if one is None or one.state != "recorded":
        state = one.state if one else "in no record"
        raise NumberUnavailable("entry-not-recorded", number=number, state=state)
    verdict = classify(one)
    if verdict.step not in IN_ACE and not not_in_ace:
        raise Refused("entry-not-in-ace", number=number, step=verdict.step, why=verdict.why)


def lose_batch(workspace: Workspace, batch: str, reason: str, proof: bytes, actor: str) -> list[str]:
    """Ask to note that ACE never got a batch; returns its numbers if that was approved already. They
    may go again after ACE was asked anew.

    Raises BadInput without words or proof, Refused for a batch that is not waiting for its answer
    or whose file still lies in the outbound folder, NotApproved until approved.
    """
    _worded(reason, proof)
    payload = _lost_batch(workspace, batch, reason, _digest(proof))
    workspace.content.put(proof)
    approved_acts.ask_or_carry_out(workspace, payload, actor)
    return payload.numbers


def _lost_batch(workspace: Workspace, batch: str, reason: str, proof: str) -> LoseBatch:
    query = sa.select(SENT.c.number).where(SENT.c.batch == batch, SENT.c.state == "waiting")
    numbers = sorted(row.number for row in workspace.journal.rows(query))
    if not numbers:
        raise Refused("batch-not-awaiting-answer", batch=batch)
    (file,) = (row.file for row in workspace.journal.rows(sa.select(BATCHES).where(BATCHES.c.batch == batch)))
    with outbound_folder(workspace.settings, workspace.journal) as folder:
        if folder.size(file) is not None or folder.hides(file):
            raise Refused("outbound-file-not-removed", file=file, label=folder.label)
    return LoseBatch(batch=batch, numbers=numbers, reason=reason, proof=proof)


def _require_lost_batch(workspace: Workspace, payload: LoseBatch) -> None:
    now = _lost_batch(workspace, payload.batch, payload.reason, payload.proof)
    _require_same(now, payload)


def _lose_batch(pen: Pen, payload: LoseBatch, asked: ApprovalState, actor: str) -> ActFacts:
    body = BatchNotReceived(batch=payload.batch, reason=payload.reason, proof=payload.proof, approval=asked.plan)
    key = f"not received:{payload.batch}"
    pen.append(body, f"batch/{payload.batch}", key=key, actor=actor)
    return {"not_received": payload.batch, "numbers": payload.numbers}


def _lost_batch_title(workspace: Workspace, payload: LoseBatch) -> str:
    values = {"batch": payload.batch, "count": len(payload.numbers), "reason": payload.reason}
    return message_text("title-batch-not-received", values)


def hand_over(workspace: Workspace, number: str, other: str, proof: bytes, actor: str) -> str:
    """Ask to note that another filer filed a recorded entry under a number of its own; returns that
    number if this was approved already.

    Raises BadInput for a number of ours or without proof, NumberUnavailable if it is not recorded,
    Refused while it stands in ACE under our number or may still do so, if it was presented to CBP
    under our number, or if it was sealed for another filer than this; NotApproved until approved.
    """
    _worded("handed over", proof)
    taken = read_number(other)
    ours = workspace.settings(BrokerSettings).filer_code
    if taken.filer == ours:
        raise BadInput("handover-to-own-filer", taken=taken)
    payload = _handover(workspace, number, str(taken), _digest(proof))
    workspace.content.put(proof)
    try:
        approved_acts.ask_or_carry_out(workspace, payload, actor, f"hand-over/{number}")
    except NotApproved as waits:
        if doubt := doubt_number(workspace.journal, taken, number):
            raise NotApproved("filed-elsewhere-needs-approval", waits=waits, doubt=doubt, plan=waits.plan) from None
        raise
    return payload.other


def _handover(workspace: Workspace, number: str, other: str, proof: str) -> HandOver:
    filer = read_number(other).filer
    one = _may_be_handed_over(workspace, number, filer)
    return HandOver(number=number, other=other, since=one.since, proof=proof)


def _require_handover(workspace: Workspace, payload: HandOver) -> None:
    now = _handover(workspace, payload.number, payload.other, payload.proof)
    _require_same(now, payload)


def _hand_over(pen: Pen, payload: HandOver, asked: ApprovalState, actor: str) -> ActFacts:
    body = EntryHandedOver(
        number=payload.number,
        filer=read_number(payload.other).filer,
        other_number=payload.other,
        proof=payload.proof,
        approval=asked.plan,
    )
    key = f"handed over:{payload.number}"
    pen.append(body, f"entry/{payload.number}", key=key, actor=actor)
    return {"handed_over": payload.number, "filed": payload.other}


def _handover_title(workspace: Workspace, payload: HandOver) -> str:
    taken = read_number(payload.other)
    values = {"number": payload.number, "filer": taken.filer, "other": payload.other}
    if doubt := doubt_number(workspace.journal, taken, payload.number):
        return message_text("title-hand-over-doubtful", values | {"doubt": doubt})
    return message_text("title-hand-over", values)


def require_ours_alone(workspace: Workspace, numbers: Sequence[str]) -> None:
    """Raises Refused, with every reason, unless ACE has nothing under these numbers, nor may have,
    and none was presented to CBP: only then may another broker take them over."""
    known = {one.number: one for one in list_entry_states(workspace.journal)}
    problems = [
        Problem(column="Entry number", value=number, code="entry-not-transferable", values={"reason": reason})
        for number in numbers
        if (reason := _in_ace(derive_facts(known[number])) if number in known else "")
        or (reason := presented_under_other_number(workspace.journal, number))
    ]
    if problems:
        raise Refused("entries-already-with-cbp", problems)


def _may_be_handed_over(workspace: Workspace, number: str, filer: str) -> EntryState:
    one = _recorded(workspace, number, "handed over", WITH_ANOTHER)
    if standing := _in_ace(derive_facts(one)):
        raise Refused("entry-active-in-ace", number=number, standing=standing)
    if reason := presented_under_other_number(workspace.journal, number):
        raise Refused("entry-presented-to-cbp", number=number, reason=reason)
    given = prepared_for_broker(workspace.journal, number) if one.state == WITH_ANOTHER else None
    if given is not None and given.filer != filer:
        raise Refused(
            "handover-sealed-for-other-filer",
            number=number,
            broker=given.broker,
            filer=given.filer,
            filer2=filer,
            handover=given.handover,
        )
    return one


def _in_ace(facts: EntryFacts) -> str:
    """Where it stands in ACE under our number, or may: silence on a sending is no absence."""
    if facts.summary in (SummaryStatus.GOOD, SummaryStatus.DIFFERENT):
        return "has a summary in ACE"
    if facts.release in (ReleaseStatus.PENDING, ReleaseStatus.FREE, ReleaseStatus.OTHER_DAY, ReleaseStatus.STOPPED):
        return "has an entry in ACE"
    return "may stand in ACE" if {facts.se, facts.ae} & {SendingStatus.OUT, SendingStatus.FOUND} else ""


def cancel_number(workspace: Workspace, number: str, reason: str, proof: bytes, actor: str) -> None:
    """Ask to note that a number was canceled in ACE and is never used again (CATAIR SE v40 p.32).

    Nobody asks ACE about a number that nobody recorded: there the proof is all. Raises BadInput without
    words or proof, NumberUnavailable for a number that is neither recorded nor in ACE without us,
    Refused while ACE, as far as we know, still has something under it, NotApproved until approved.
    """
    _worded(reason, proof)
    payload = _cancellation(workspace, number, reason, _digest(proof))
    workspace.content.put(proof)
    approved_acts.ask_or_carry_out(workspace, payload, actor)


def _cancellation(workspace: Workspace, number: str, reason: str, proof: str) -> CancelNumber:
    since = None
    if number not in stray_numbers(workspace.journal):
        one = _recorded(workspace, number, "burnt")
        facts = derive_facts(one)
        gone = facts.summary is SummaryStatus.CANCELLED or facts.release is ReleaseStatus.GONE
        if not gone and (standing := _in_ace(facts)):
            raise Refused("entry-not-canceled-in-ace", number=number, standing=standing)
        since = one.since
    return CancelNumber(number=number, reason=reason, since=since, proof=proof)


def _require_cancellation(workspace: Workspace, payload: CancelNumber) -> None:
    now = _cancellation(workspace, payload.number, payload.reason, payload.proof)
    _require_same(now, payload)


def _cancel(pen: Pen, payload: CancelNumber, asked: ApprovalState, actor: str) -> ActFacts:
    body = EntryBurnt(number=payload.number, reason=payload.reason, proof=payload.proof, approval=asked.plan)
    key = f"burnt:{payload.number}"
    pen.append(body, f"entry/{payload.number}", key=key, actor=actor)
    return {"burnt": payload.number}


def _cancellation_title(workspace: Workspace, payload: CancelNumber) -> str:
    return message_text("title-cancel-number", {"number": payload.number, "reason": payload.reason})


def _recorded(workspace: Workspace, number: str, wanted: str, also: str = "recorded") -> EntryState:
    one = next((one for one in list_entry_states(workspace.journal) if one.number == number), None)
    if one is None or one.state not in ("recorded", also):
        state = one.state if one else "in no record"
        raise NumberUnavailable("entry-state-not-recorded", number=number, state=state, name=wanted)
    return one


def allow_resend(workspace: Workspace, numbers: list[str], reason: str, actor: str) -> None:
    """Let entries go again unchanged that ACE rejected for a cause outside the record, now mended.
    What goes out is asked about and approved as ever. Raises BadInput without a reason, Refused
    for an entry that was not rejected."""
    if not reason.strip():
        raise BadInput("correction-note-missing")
    known = {one.number: one for one in list_entry_states(workspace.journal)}
    with workspace.journal.write(actor) as pen:
        for number in numbers:
            one = known.get(number)
            step = classify(one).step if one else None
            if one is None or step not in (NextStep.OUTSIDE, NextStep.DESK):
                raise Refused("entry-not-rejected", number=number, step=step or "in no record")
            name = next(n for n in ("AE", "SE") if n in one.sent and is_record_fault(one.sent[n]))
            body = SendAgain(number=number, application=name, reason=reason)
            pen.append(body, f"entry/{number}", key=f"again:{number}:{one.sent[name].seq}")


def keep_release(workspace: Workspace, numbers: list[str], reason: str, actor: str) -> None:
    """Note that the release in ACE stands although the entry was revised since: a person looked at
    the difference or had CBP mend it. Raises BadInput without a reason, Refused where ACE took no
    release of ours."""
    if not reason.strip():
        raise BadInput("review-note-missing")
    known = {one.number: one for one in list_entry_states(workspace.journal)}
    with workspace.journal.write(actor) as pen:
        for number in numbers:
            one = known.get(number)
            if one is None or "SE" not in one.sent:
                raise Refused("release-not-accepted-by-ace", number=number)
            body = ReleaseKept(number=number, digest=one.release_digest, reason=reason)
            pen.append(body, f"entry/{number}", key=f"kept:{number}:{one.release_digest}")


def _digest(proof: bytes) -> str:
    """The proof's digest: it is stored once the act may be asked for."""
    return sha256(proof).hexdigest()


def _worded(words: str, proof: bytes) -> None:
    if not words.strip() or not proof:
        raise BadInput("statement-or-proof-missing")


def _load_batches(content: ContentStore, digest: str) -> SendingPlan:
    try:
        return load_plan(content, digest)
    except (ValueError, LookupError, TypeError):
        raise Refused("act-payload-unreadable", plan=digest[:12]) from None


def _require_sendable(workspace: Workspace, plan: SendingPlan) -> None:
    today = sending_day(workspace.settings)
    if reason := plan_lapse_reason(workspace.journal, workspace.settings, plan, today):
        raise Refused("plan-out-of-date", digest=plan.digest[:12], reason=reason)


def _send(workspace: Workspace, plan: SendingPlan, asked: ApprovalState, actor: str) -> ActFacts:
    """Write the files of a plan, as many as the pace allows now. A plan that is out of date is dropped.
    Raises what `outbound.write` raises."""
    journal, content, settings = workspace.journal, workspace.content, workspace.settings
    try:
        written = write_plan_batches(journal, content, workspace.vault, settings, plan, actor)
    except Refused as error:
        if error.code == "plan-out-of-date":
            drop_plan(journal, plan, str(error), actor)
        raise
    return {"written": [batch.where for batch in written], "batches": len(plan.batches)}


def _batches_title(workspace: Workspace, plan: SendingPlan) -> str:
    values = {"count": len(plan.numbers), "files": len(plan.batches)}
    return message_text("title-send-batches", values)


def _by_proof(plan: str, payload: Any) -> list[str]:
    return [payload.proof]


HANDLERS: dict[Act, ActHandler[Any]] = {
    Act.SEND_BATCHES: ActHandler(
        _load_batches, lambda _, plan: plan.binds, _batches_title, _require_sendable, perform=_send
    ),
    Act.SIGN_ACCOUNTING: sign_off.HANDLER,
    Act.SETTLE_ENTRIES: ActHandler(
        load_struct(SettleEntries), _by_proof, _settlement_title, _require_settlement, _settle
    ),
    Act.BATCH_NOT_RECEIVED: ActHandler(
        load_struct(LoseBatch), _by_proof, _lost_batch_title, _require_lost_batch, _lose_batch
    ),
    Act.HAND_OVER: ActHandler(load_struct(HandOver), _by_proof, _handover_title, _require_handover, _hand_over),
    Act.CANCEL_NUMBER: ActHandler(
        load_struct(CancelNumber), _by_proof, _cancellation_title, _require_cancellation, _cancel
    ),
}
