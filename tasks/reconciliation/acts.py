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
from tasks.approved_acts import Facts, Handler, Outcome, load_struct
from tasks.reconciliation import other_number, outbound, planned, sign_off
from tasks.reconciliation.account import strays
from tasks.reconciliation.classify import Step, classify
from tasks.reconciliation.facts import HELD, Facts as EntryFacts, Release, Summary, Way, facts_of
from tasks.reconciliation.pending import fallen
from tasks.reconciliation.rejections import own_fault
from tasks.reconciliation.standings import standings
from tasks.reconciliation.terms import sending_day
from tasks.reconciliation.view import SUMMARY, Standing
from tasks.shared.ace_tables import BATCHES, SENT
from tasks.shared.approval import Asked
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadInput, NotApproved, NumberUnavailable, Problem, Refused
from tasks.shared.journal import Pen
from tasks.shared.kinds.ace import BatchNotReceived, Difference, ReleaseKept, SendAgain
from tasks.shared.kinds.people import Act
from tasks.shared.kinds.settling import EntryBurnt, EntryHandedOver, EntrySettled
from tasks.shared.messages import text
from tasks.shared.presented import prepared_for, presented
from tasks.shared.projections import WITH_ANOTHER
from tasks.workspace import Workspace

IN_ACE = (
    Step.SETTLE,
    Step.DIFFERS,
    Step.DATE,
    Step.PERSON,
    Step.TASK,
    Step.MEND,
    Step.CANCEL,
    Step.NO_FILING,
)
"""Steps at which ACE has something, or nothing is due: a licence holder may accept that."""


class SettledEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What an approver of a settlement sees of an entry: everything that ACE has otherwise than our
    record. `since`: the event of its state."""

    difference: list[Difference]
    since: int


class SettleEntries(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="settle-entries"
):
    """`numbers`: each entry as it was when this was asked for. `proof`: content."""

    numbers: dict[str, SettledEntry]
    how: str
    not_in_ace: bool
    proof: str


class LoseBatch(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="batch-not-received"
):
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


def carry_out_approved(workspace: Workspace, actor: str) -> list[Outcome]:
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


def settle(
    workspace: Workspace,
    numbers: list[str],
    how: str,
    proof: bytes,
    actor: str,
    *,
    not_in_ace: bool = False,
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


def _settlement(
    workspace: Workspace, numbers: Sequence[str], how: str, proof: str, not_in_ace: bool
) -> SettleEntries:
    known = {one.number: one for one in standings(workspace.journal)}
    for number in numbers:
        _may_be_settled(known.get(number), number, not_in_ace)
    bound = {number: _bound(known[number]) for number in numbers}
    return SettleEntries(numbers=bound, how=how, not_in_ace=not_in_ace, proof=proof)


def _require_settlement(workspace: Workspace, payload: SettleEntries) -> None:
    numbers = list(payload.numbers)
    now = _settlement(workspace, numbers, payload.how, payload.proof, payload.not_in_ace)
    _require_same(now, payload)


def _settle(pen: Pen, payload: SettleEntries, asked: Asked, actor: str) -> Facts:
    for number, entry in payload.numbers.items():
        body = EntrySettled(
            number=number, how=payload.how, proof=payload.proof, approval=asked.plan
        )
        key = f"settled:{number}:{entry.since}"
        pen.append(body, f"entry/{number}", key=key, actor=actor)
    return {"settled": list(payload.numbers), "proof": payload.proof}


def _settlement_title(workspace: Workspace, payload: SettleEntries) -> str:
    numbers = list(payload.numbers)
    if numbers[3:]:
        return text("title-settle-entries", {"count": len(numbers), "how": payload.how})
    return text("title-settle-numbers", {"numbers": ", ".join(numbers), "how": payload.how})


def _bound(one: Standing) -> SettledEntry:
    view, dated = one.views.get(SUMMARY), facts_of(one).dated
    shown = view is not None and view.disposition in HELD
    missing = Difference(code="no-summary-in-ace")
    differences = list(view.differs) if view is not None and shown else [missing]
    if dated and one.released and dated != one.released:
        differences.append(
            Difference(code="field-differs", field="release_date", paper=one.released, ace=dated)
        )
    return SettledEntry(difference=differences, since=one.since)


def _may_be_settled(one: Standing | None, number: str, not_in_ace: bool) -> None:
    if one is None or one.state != "recorded":
        state = one.state if one else "in no record"
        raise NumberUnavailable("entry-not-recorded", number=number, state=state)
    verdict = classify(one)
    if verdict.step not in IN_ACE and not not_in_ace:
        raise Refused("entry-not-in-ace", number=number, step=verdict.step, why=verdict.why)


def not_received(
    workspace: Workspace, batch: str, reason: str, proof: bytes, actor: str
) -> list[str]:
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
    (file,) = (row.file for row in workspace.journal.rows(sa.select(BATCHES).where(
        BATCHES.c.batch == batch)))  # fmt: skip
    with outbound.outbound(workspace.settings, workspace.journal) as folder:
        if folder.size(file) is not None or folder.hides(file):
            raise Refused("outbound-file-not-removed", file=file, label=folder.label)  # fmt: skip
    return LoseBatch(batch=batch, numbers=numbers, reason=reason, proof=proof)


def _require_lost_batch(workspace: Workspace, payload: LoseBatch) -> None:
    now = _lost_batch(workspace, payload.batch, payload.reason, payload.proof)
    _require_same(now, payload)


def _lose_batch(pen: Pen, payload: LoseBatch, asked: Asked, actor: str) -> Facts:
    body = BatchNotReceived(
        batch=payload.batch, reason=payload.reason, proof=payload.proof, approval=asked.plan
    )
    key = f"not received:{payload.batch}"
    pen.append(body, f"batch/{payload.batch}", key=key, actor=actor)
    return {"not_received": payload.batch, "numbers": payload.numbers}


def _lost_batch_title(workspace: Workspace, payload: LoseBatch) -> str:
    values = {"batch": payload.batch, "count": len(payload.numbers), "reason": payload.reason}
    return text("title-batch-not-received", values)


def hand_over(workspace: Workspace, number: str, other: str, proof: bytes, actor: str) -> str:
    """Ask to note that another filer filed a recorded entry under a number of its own; returns that
    number if this was approved already.

    Raises BadInput for a number of ours or without proof, NumberUnavailable if it is not recorded,
    Refused while it stands in ACE under our number or may still do so, if it was presented to CBP
    under our number, or if it was sealed for another filer than this; NotApproved until approved.
    """
    _worded("handed over", proof)
    taken = other_number.read(other)
    ours = workspace.settings.broker.filer_code
    if taken.filer == ours:
        raise BadInput("handover-to-own-filer", taken=taken)
    payload = _handover(workspace, number, str(taken), _digest(proof))
    workspace.content.put(proof)
    try:
        approved_acts.ask_or_carry_out(workspace, payload, actor, f"hand-over/{number}")
    except NotApproved as waits:
        if doubt := other_number.doubt(workspace.journal, taken, number):
            raise NotApproved(
                "filed-elsewhere-needs-approval", waits=waits, doubt=doubt, plan=waits.plan
            ) from None
        raise
    return payload.other


def _handover(workspace: Workspace, number: str, other: str, proof: str) -> HandOver:
    filer = other_number.read(other).filer
    one = _may_be_handed_over(workspace, number, filer)
    return HandOver(number=number, other=other, since=one.since, proof=proof)


def _require_handover(workspace: Workspace, payload: HandOver) -> None:
    now = _handover(workspace, payload.number, payload.other, payload.proof)
    _require_same(now, payload)


def _hand_over(pen: Pen, payload: HandOver, asked: Asked, actor: str) -> Facts:
    body = EntryHandedOver(
        number=payload.number, filer=other_number.read(payload.other).filer,
        other_number=payload.other, proof=payload.proof, approval=asked.plan,
    )  # fmt: skip
    key = f"handed over:{payload.number}"
    pen.append(body, f"entry/{payload.number}", key=key, actor=actor)
    return {"handed_over": payload.number, "filed": payload.other}


def _handover_title(workspace: Workspace, payload: HandOver) -> str:
    taken = other_number.read(payload.other)
    values = {"number": payload.number, "filer": taken.filer, "other": payload.other}
    if doubt := other_number.doubt(workspace.journal, taken, payload.number):
        return text("title-hand-over-doubtful", values | {"doubt": doubt})
    return text("title-hand-over", values)


def require_ours_alone(workspace: Workspace, numbers: Sequence[str]) -> None:
    """Raises Refused, with every reason, unless ACE has nothing under these numbers, nor may have,
    and none was presented to CBP: only then may another broker take them over."""
    known = {one.number: one for one in standings(workspace.journal)}
    problems = [
        Problem(
            column="Entry number",
            value=number,
            code="entry-not-transferable",
            values={"reason": reason},
        )
        for number in numbers
        if (reason := _in_ace(facts_of(known[number])) if number in known else "")
        or (reason := presented(workspace.journal, number))
    ]
    if problems:
        raise Refused("entries-already-with-cbp", problems)


def _may_be_handed_over(workspace: Workspace, number: str, filer: str) -> Standing:
    one = _recorded(workspace, number, "handed over", WITH_ANOTHER)
    if standing := _in_ace(facts_of(one)):
        raise Refused("entry-active-in-ace", number=number, standing=standing)
    if reason := presented(workspace.journal, number):
        raise Refused("entry-presented-to-cbp", number=number, reason=reason)
    given = prepared_for(workspace.journal, number) if one.state == WITH_ANOTHER else None
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
    if facts.summary in (Summary.GOOD, Summary.DIFFERENT):
        return "has a summary in ACE"
    if facts.release in (Release.PENDING, Release.FREE, Release.OTHER_DAY, Release.STOPPED):
        return "has an entry in ACE"
    return "may stand in ACE" if {facts.se, facts.ae} & {Way.OUT, Way.FOUND} else ""


def burn(workspace: Workspace, number: str, reason: str, proof: bytes, actor: str) -> None:
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
    if number not in strays(workspace.journal):
        one = _recorded(workspace, number, "burnt")
        facts = facts_of(one)
        gone = facts.summary is Summary.CANCELLED or facts.release is Release.GONE
        if not gone and (standing := _in_ace(facts)):
            raise Refused("entry-not-canceled-in-ace", number=number, standing=standing)
        since = one.since
    return CancelNumber(number=number, reason=reason, since=since, proof=proof)


def _require_cancellation(workspace: Workspace, payload: CancelNumber) -> None:
    now = _cancellation(workspace, payload.number, payload.reason, payload.proof)
    _require_same(now, payload)


def _cancel(pen: Pen, payload: CancelNumber, asked: Asked, actor: str) -> Facts:
    body = EntryBurnt(
        number=payload.number, reason=payload.reason, proof=payload.proof, approval=asked.plan
    )
    key = f"burnt:{payload.number}"
    pen.append(body, f"entry/{payload.number}", key=key, actor=actor)
    return {"burnt": payload.number}


def _cancellation_title(workspace: Workspace, payload: CancelNumber) -> str:
    return text("title-cancel-number", {"number": payload.number, "reason": payload.reason})


def _recorded(workspace: Workspace, number: str, wanted: str, also: str = "recorded") -> Standing:
    one = next((one for one in standings(workspace.journal) if one.number == number), None)
    if one is None or one.state not in ("recorded", also):
        state = one.state if one else "in no record"
        raise NumberUnavailable("entry-state-not-recorded", number=number, state=state, name=wanted)
    return one


def send_again(workspace: Workspace, numbers: list[str], reason: str, actor: str) -> None:
    """Let entries go again unchanged that ACE rejected for a cause outside the record, now mended.
    What goes out is asked about and approved as ever. Raises BadInput without a reason, Refused
    for an entry that was not rejected."""
    if not reason.strip():
        raise BadInput("correction-note-missing")
    known = {one.number: one for one in standings(workspace.journal)}
    with workspace.journal.write(actor) as pen:
        for number in numbers:
            one = known.get(number)
            step = classify(one).step if one else None
            if one is None or step not in (Step.OUTSIDE, Step.DESK):
                raise Refused("entry-not-rejected", number=number, step=step or "in no record")
            name = next(n for n in ("AE", "SE") if n in one.sent and own_fault(one.sent[n]))
            body = SendAgain(number=number, application=name, reason=reason)
            pen.append(body, f"entry/{number}", key=f"again:{number}:{one.sent[name].seq}")


def keep_release(workspace: Workspace, numbers: list[str], reason: str, actor: str) -> None:
    """Note that the release in ACE stands although the entry was revised since: a person looked at
    the difference or had CBP mend it. Raises BadInput without a reason, Refused where ACE took no
    release of ours."""
    if not reason.strip():
        raise BadInput("review-note-missing")
    known = {one.number: one for one in standings(workspace.journal)}
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


def _load_batches(content: ContentStore, digest: str) -> planned.Plan:
    try:
        return planned.load(content, digest)
    except (ValueError, LookupError, TypeError):
        raise Refused("act-payload-unreadable", plan=digest[:12]) from None


def _require_sendable(workspace: Workspace, plan: planned.Plan) -> None:
    today = sending_day(workspace.settings)
    if reason := fallen(workspace.journal, workspace.settings, plan, today):
        raise Refused("plan-out-of-date", digest=plan.digest[:12], reason=reason)


def _send(workspace: Workspace, plan: planned.Plan, asked: Asked, actor: str) -> Facts:
    """Write the files of a plan, as many as the pace allows now. A plan that is out of date is dropped.
    Raises what `outbound.write` raises."""
    journal, content, settings = workspace.journal, workspace.content, workspace.settings
    try:
        written = outbound.write(journal, content, workspace.vault, settings, plan, actor)
    except Refused as error:
        if error.code == "plan-out-of-date":
            outbound.drop(journal, plan, str(error), actor)
        raise
    return {"written": [batch.where for batch in written], "batches": len(plan.batches)}


def _batches_title(workspace: Workspace, plan: planned.Plan) -> str:
    values = {"count": len(plan.numbers), "files": len(plan.batches)}
    return text("title-send-batches", values)


def _by_proof(plan: str, payload: Any) -> list[str]:
    return [payload.proof]


HANDLERS: dict[Act, Handler[Any]] = {
    Act.SEND_BATCHES: Handler(
        _load_batches, lambda _, plan: plan.binds, _batches_title, _require_sendable, perform=_send
    ),
    Act.SIGN_ACCOUNTING: sign_off.HANDLER,
    Act.SETTLE_ENTRIES: Handler(
        load_struct(SettleEntries), _by_proof, _settlement_title, _require_settlement, _settle
    ),
    Act.BATCH_NOT_RECEIVED: Handler(
        load_struct(LoseBatch), _by_proof, _lost_batch_title, _require_lost_batch, _lose_batch
    ),
    Act.HAND_OVER: Handler(
        load_struct(HandOver), _by_proof, _handover_title, _require_handover, _hand_over
    ),
    Act.CANCEL_NUMBER: Handler(
        load_struct(CancelNumber), _by_proof, _cancellation_title, _require_cancellation, _cancel
    ),
}  # fmt: skip
