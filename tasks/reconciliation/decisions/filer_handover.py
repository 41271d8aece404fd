"""An entry that another filer filed under a number of its own.

That number is doubted where its check digit is not to be expected, or where it was given for another entry
already. CBP may have set that filer a factor that we do not know, and one entry may cover two shipments, so
a doubt is shown and does not refuse the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from tasks.approved_acts import ActFacts, ActHandler
from tasks.core.errors import BadInput, NotApproved, Problem, Refused
from tasks.core.journal.journal import Journal, Pen
from tasks.core.messages import message_text
from tasks.core.settings import BrokerSettings
from tasks.entries.api import WITH_ANOTHER, EntryHandedOver, EntryNumber, make_entry_number, parse_entry_number
from tasks.incident.api import prepared_for_broker, presented_under_other_number
from tasks.reconciliation.decisions.entry_facts import derive_facts
from tasks.reconciliation.decisions.license_holder_acts import (
    ask_with_proof,
    presence_in_ace,
    proof_digest,
    proof_handler,
    require_recorded,
)
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import EntryState
from tasks.security.api import Act, ApprovalState
from tasks.workspace import Workspace


class HandOver(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="hand-over"):
    """Another filer filed `number` as `other`. `since`: the event of its state; `proof`: content."""

    number: str
    other: str
    since: int
    proof: str


def hand_over(workspace: Workspace, number: str, other_text: str, proof: bytes, actor: str) -> str:
    """Ask to note that another filer filed a recorded entry under a number of its own; returns that
    number if this was approved already.

    Raises BadInput for a number of ours or without proof, NumberUnavailable if it is not recorded,
    Refused while it stands in ACE under our number or may still do so, if it was presented to CBP
    under our number, or if it was sealed for another filer than this; NotApproved until approved.
    """
    digest = proof_digest("handed over", proof)
    other_number = read_number(other_text)
    if other_number.filer == workspace.settings(BrokerSettings).filer_code:
        raise BadInput("handover-to-own-filer", taken=other_number)
    payload = _handover(workspace, number, str(other_number), digest)
    try:
        ask_with_proof(workspace, payload, proof, actor, f"hand-over/{number}")
    except NotApproved as waits:
        if doubt := doubt_number(workspace.journal, other_number, number):
            raise NotApproved("filed-elsewhere-needs-approval", waits=waits, doubt=doubt, plan=waits.plan) from None
        raise
    return payload.other


def _handover(workspace: Workspace, number: str, other: str, proof: str) -> HandOver:
    entry = _require_transferable(workspace, number, read_number(other).filer)
    return HandOver(number=number, other=other, since=entry.since, proof=proof)


def _require_transferable(workspace: Workspace, number: str, filer: str) -> EntryState:
    entry = require_recorded(workspace, number, "handed over", WITH_ANOTHER)
    if presence := presence_in_ace(derive_facts(entry)):
        raise Refused("entry-active-in-ace", number=number, standing=presence)
    if reason := presented_under_other_number(workspace.journal, number):
        raise Refused("entry-presented-to-cbp", number=number, reason=reason)
    prepared = prepared_for_broker(workspace.journal, number) if entry.state == WITH_ANOTHER else None
    if prepared is not None and prepared.filer != filer:
        raise Refused(
            "handover-sealed-for-other-filer",
            number=number,
            broker=prepared.broker,
            filer=prepared.filer,
            filer2=filer,
            handover=prepared.handover,
        )
    return entry


def _rebuild_handover(workspace: Workspace, payload: HandOver) -> HandOver:
    return _handover(workspace, payload.number, payload.other, payload.proof)


def _append_handover(pen: Pen, payload: HandOver, approval: ApprovalState, actor: str) -> ActFacts:
    body = EntryHandedOver(
        number=payload.number,
        filer=read_number(payload.other).filer,
        other_number=payload.other,
        proof=payload.proof,
        approval=approval.plan,
    )
    key = f"handed over:{payload.number}"
    pen.append(body, f"entry/{payload.number}", key=key, actor=actor)
    return {"handed_over": payload.number, "filed": payload.other}


def _handover_title(workspace: Workspace, payload: HandOver) -> str:
    other_number = read_number(payload.other)
    values = {"number": payload.number, "filer": other_number.filer, "other": payload.other}
    if doubt := doubt_number(workspace.journal, other_number, payload.number):
        return message_text("title-hand-over-doubtful", values | {"doubt": doubt})
    return message_text("title-hand-over", values)


HANDLERS: dict[Act, ActHandler[Any]] = {
    Act.HAND_OVER: proof_handler(HandOver, _rebuild_handover, _handover_title, _append_handover)
}


def require_ours_alone(workspace: Workspace, numbers: Sequence[str]) -> None:
    """Raises Refused, with every reason, unless ACE has nothing under these numbers, nor may have,
    and none was presented to CBP: only then may another broker take them over."""
    entries = {entry.number: entry for entry in list_entry_states(workspace.journal)}
    problems = [
        Problem(column="Entry number", value=number, code="entry-not-transferable", values={"reason": reason})
        for number in numbers
        if (reason := presence_in_ace(derive_facts(entries[number])) if number in entries else "")
        or (reason := presented_under_other_number(workspace.journal, number))
    ]
    if problems:
        raise Refused("entries-already-with-cbp", problems)


def read_number(text: str) -> EntryNumber:
    """The number, whatever its filer's factor is. Raises BadNumber."""
    return parse_entry_number(text, offsets={text.strip()[:3].upper(): range(10)})


def doubt_number(journal: Journal, other_number: EntryNumber, number: str) -> str:
    """In words why the number that another filer gave our entry `number` may be mistyped or copied;
    empty if it stands for no other entry of ours, and its check digit is as this filer's were before,
    or as those of most filers are."""
    earlier = [
        event.said
        for event in journal.events(kind=EntryHandedOver.kind)
        if isinstance(event.said, EntryHandedOver)
        and event.said.filer == other_number.filer
        and event.said.number != number
    ]
    same = [handover.number for handover in earlier if handover.other_number == str(other_number)]
    copied = f"{other_number} stands for {', '.join(same)} already: see on the proof that it covers both"
    digit = _check_digit_doubt(other_number, [handover.other_number for handover in earlier])
    return "; ".join(filter(None, [copied if same else "", digit]))


def _check_digit_doubt(other_number: EntryNumber, earlier: list[str]) -> str:
    offsets = [read_number(number).offset for number in earlier]
    usual = offsets[-1] if offsets else 0
    if other_number.offset in {usual, *offsets}:
        return ""
    filer = other_number.filer
    right = make_entry_number(filer, other_number.serial, usual)
    whose = f"as {filer}'s earlier ones" if offsets else f"unless CBP set {filer} a factor"
    return f"its check digit would be {right.check}, {whose}: read {other_number} on the proof once more"
