"""Settling entries by proof, and the two notes by which a person lets an entry go on: that a rejected one
may go again unchanged, and that a release in ACE stands although the entry was revised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tasks.approved_acts import ActFacts, ActHandler
from tasks.core.errors import BadInput, NumberUnavailable, Refused
from tasks.core.journal.journal import Pen
from tasks.core.messages import message_text
from tasks.entries.api import Difference, EntrySettled
from tasks.reconciliation.decisions.classification import classify
from tasks.reconciliation.decisions.entry_facts import HELD, derive_facts
from tasks.reconciliation.decisions.license_holder_acts import ask_with_proof, proof_digest, proof_handler
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.events import ReleaseKept, SendAgain
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import SUMMARY, EntryState
from tasks.reconciliation.state.rejections import is_record_fault
from tasks.security.api import Act, ApprovalState
from tasks.workspace import Workspace

IN_ACE = (
    NextStep.SETTLE,
    NextStep.DIFFERS,
    NextStep.DATE,
    NextStep.PERSON,
    NextStep.TASK,
    NextStep.CORRECT_IN_ACE,
    NextStep.CANCEL,
    NextStep.NO_FILING,
)
"""Steps at which ACE has something, or nothing is due: a license holder may accept that."""


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


def settle_by_proof(
    workspace: Workspace, numbers: list[str], how: str, proof: bytes, actor: str, *, not_in_ace: bool = False
) -> str:
    """Ask to settle recorded entries by proof; returns its digest if that was approved already.

    Raises BadInput without words or proof, NumberUnavailable if a number is not recorded, Refused
    for an entry that ACE does not show unless `not_in_ace` says so, NotApproved until approved.
    """
    payload = _settlement(workspace, numbers, how, proof_digest(how, proof), not_in_ace)
    ask_with_proof(workspace, payload, proof, actor)
    return payload.proof


def _settlement(workspace: Workspace, numbers: Sequence[str], how: str, proof: str, not_in_ace: bool) -> SettleEntries:
    entries = {entry.number: entry for entry in list_entry_states(workspace.journal)}
    for number in numbers:
        _require_settleable(entries.get(number), number, not_in_ace)
    settled = {number: _settled_entry(entries[number]) for number in numbers}
    return SettleEntries(numbers=settled, how=how, not_in_ace=not_in_ace, proof=proof)


def _require_settleable(entry: EntryState | None, number: str, not_in_ace: bool) -> None:
    if entry is None or entry.state != "recorded":
        state = entry.state if entry else "in no record"
        raise NumberUnavailable("entry-not-recorded", number=number, state=state)
    decision = classify(entry)
    if decision.step not in IN_ACE and not not_in_ace:
        raise Refused("entry-not-in-ace", number=number, step=decision.step, why=decision.why)


def _settled_entry(entry: EntryState) -> SettledEntry:
    status, dated = entry.ace_statuses.get(SUMMARY), derive_facts(entry).dated
    in_ace = status is not None and status.disposition in HELD
    differences = list(status.differs) if status is not None and in_ace else [Difference(code="no-summary-in-ace")]
    if dated and entry.released and dated != entry.released:
        differences.append(Difference(code="field-differs", field="release_date", paper=entry.released, ace=dated))
    return SettledEntry(difference=differences, since=entry.since)


def _rebuild_settlement(workspace: Workspace, payload: SettleEntries) -> SettleEntries:
    return _settlement(workspace, list(payload.numbers), payload.how, payload.proof, payload.not_in_ace)


def _append_settlement(pen: Pen, payload: SettleEntries, approval: ApprovalState, actor: str) -> ActFacts:
    for number, entry in payload.numbers.items():
        body = EntrySettled(number=number, how=payload.how, proof=payload.proof, approval=approval.plan)
        key = f"settled:{number}:{entry.since}"
        pen.append(body, f"entry/{number}", key=key, actor=actor)
    return {"settled": list(payload.numbers), "proof": payload.proof}


def _settlement_title(workspace: Workspace, payload: SettleEntries) -> str:
    numbers = list(payload.numbers)
    if numbers[3:]:
        return message_text("title-settle-entries", {"count": len(numbers), "how": payload.how})
    return message_text("title-settle-numbers", {"numbers": ", ".join(numbers), "how": payload.how})


HANDLERS: dict[Act, ActHandler[Any]] = {
    Act.SETTLE_ENTRIES: proof_handler(SettleEntries, _rebuild_settlement, _settlement_title, _append_settlement)
}


def allow_resend(workspace: Workspace, numbers: list[str], reason: str, actor: str) -> None:
    """Let entries go again unchanged that ACE rejected for a cause outside the record, now corrected.
    What goes out is asked about and approved as ever. Raises BadInput without a reason, Refused
    for an entry that was not rejected."""
    if not reason.strip():
        raise BadInput("correction-note-missing")
    entries = {entry.number: entry for entry in list_entry_states(workspace.journal)}
    with workspace.journal.write(actor) as pen:
        for number in numbers:
            entry = entries.get(number)
            step = classify(entry).step if entry else None
            if entry is None or step not in (NextStep.OUTSIDE, NextStep.DESK):
                raise Refused("entry-not-rejected", number=number, step=step or "in no record")
            name = next(n for n in ("AE", "SE") if n in entry.sent and is_record_fault(entry.sent[n]))
            body = SendAgain(number=number, application=name, reason=reason)
            pen.append(body, f"entry/{number}", key=f"again:{number}:{entry.sent[name].seq}")


def keep_release(workspace: Workspace, numbers: list[str], reason: str, actor: str) -> None:
    """Note that the release in ACE stands although the entry was revised since: a person looked at
    the difference or had CBP correct it. Raises BadInput without a reason, Refused where ACE took no
    release of ours."""
    if not reason.strip():
        raise BadInput("review-note-missing")
    entries = {entry.number: entry for entry in list_entry_states(workspace.journal)}
    with workspace.journal.write(actor) as pen:
        for number in numbers:
            entry = entries.get(number)
            if entry is None or "SE" not in entry.sent:
                raise Refused("release-not-accepted-by-ace", number=number)
            body = ReleaseKept(number=number, digest=entry.release_digest, reason=reason)
            pen.append(body, f"entry/{number}", key=f"kept:{number}:{entry.release_digest}")
