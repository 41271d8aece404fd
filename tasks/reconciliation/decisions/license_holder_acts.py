"""Acts that a license holder approves on proof: what they share, a batch that ACE never got, and a number
that was canceled in ACE.

Each binds to its proof and to the state that it was asked for in. It is carried out from its payload once
it is approved: by `continuity approve`, or by the next cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from tasks.approved_acts import ActFacts, ActHandler, ask_or_carry_out, load_struct
from tasks.core.errors import BadInput, NumberUnavailable, Refused
from tasks.core.journal.journal import Pen
from tasks.core.messages import message_text
from tasks.entries.api import SENT, EntryBurnt
from tasks.reconciliation.accounting.number_account import stray_numbers
from tasks.reconciliation.decisions.entry_facts import (
    EntryFacts,
    ReleaseStatus,
    SendingStatus,
    SummaryStatus,
    derive_facts,
)
from tasks.reconciliation.events import BatchNotReceived
from tasks.reconciliation.sending.batch_writing import outbound_folder
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.reconciliation.state.entry_state import EntryState
from tasks.reconciliation.tables import BATCHES
from tasks.security.api import Act, ApprovalState
from tasks.workspace import Workspace

P = TypeVar("P")


def proof_handler(
    payload_type: type[P],
    rebuild: Callable[[Workspace, P], P],
    title: Callable[[Workspace, P], str],
    append: Callable[[Pen, P, ApprovalState, str], ActFacts],
) -> ActHandler[P]:
    """The handler of an act that binds to its `proof`. It is current while `rebuild`, which makes the
    payload anew from the state of now, makes the same."""

    def require_current(workspace: Workspace, payload: P) -> None:
        before, after = msgspec.to_builtins(payload), msgspec.to_builtins(rebuild(workspace, payload))
        changed = [name for name, value in before.items() if after[name] != value]
        if changed:
            raise Refused("act-state-changed", act=before["act"], changed=", ".join(changed))

    def bind_proof(plan: str, payload: Any) -> list[str]:
        return [payload.proof]

    return ActHandler(load_struct(payload_type), bind_proof, title, require_current, append)


def proof_digest(statement: str, proof: bytes) -> str:
    """The digest of a proof, which is stored once the act may be asked for. Raises BadInput without a
    statement or a proof."""
    if not statement.strip() or not proof:
        raise BadInput("statement-or-proof-missing")
    return sha256(proof).hexdigest()


def ask_with_proof(workspace: Workspace, payload: Any, proof: bytes, actor: str, topic: str = "") -> None:
    """Store the proof and ask for the approval, or carry the act out. Raises what `ask_or_carry_out` raises."""
    workspace.content.put(proof)
    ask_or_carry_out(workspace, payload, actor, topic)


def require_recorded(workspace: Workspace, number: str, act_name: str, other_state: str = "recorded") -> EntryState:
    """The entry, if it is recorded or in the other state. Raises NumberUnavailable."""
    entry = next((entry for entry in list_entry_states(workspace.journal) if entry.number == number), None)
    if entry is None or entry.state not in ("recorded", other_state):
        state = entry.state if entry else "in no record"
        raise NumberUnavailable("entry-state-not-recorded", number=number, state=state, name=act_name)
    return entry


def presence_in_ace(facts: EntryFacts) -> str:
    """What ACE has under our number, or may have; empty for nothing. Silence on a sending is no absence."""
    if facts.summary in (SummaryStatus.MATCHES, SummaryStatus.DIFFERS):
        return "has a summary in ACE"
    if facts.release in (ReleaseStatus.PENDING, ReleaseStatus.RELEASED, ReleaseStatus.OTHER_DAY, ReleaseStatus.STOPPED):
        return "has an entry in ACE"
    return "may stand in ACE" if {facts.se, facts.ae} & {SendingStatus.SENT, SendingStatus.ALREADY_ON_FILE} else ""


class LoseBatch(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="batch-not-received"):
    """ACE never got `batch` with these `numbers`. `proof`: content."""

    batch: str
    numbers: list[str]
    reason: str
    proof: str


def lose_batch(workspace: Workspace, batch: str, reason: str, proof: bytes, actor: str) -> list[str]:
    """Ask to note that ACE never got a batch; returns its numbers if that was approved already. They
    may go again after ACE was asked anew.

    Raises BadInput without words or proof, Refused for a batch that is not waiting for its answer
    or whose file still lies in the outbound folder, NotApproved until approved.
    """
    payload = _lost_batch(workspace, batch, reason, proof_digest(reason, proof))
    ask_with_proof(workspace, payload, proof, actor)
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


def _rebuild_lost_batch(workspace: Workspace, payload: LoseBatch) -> LoseBatch:
    return _lost_batch(workspace, payload.batch, payload.reason, payload.proof)


def _append_lost_batch(pen: Pen, payload: LoseBatch, approval: ApprovalState, actor: str) -> ActFacts:
    body = BatchNotReceived(batch=payload.batch, reason=payload.reason, proof=payload.proof, approval=approval.plan)
    key = f"not received:{payload.batch}"
    pen.append(body, f"batch/{payload.batch}", key=key, actor=actor)
    return {"not_received": payload.batch, "numbers": payload.numbers}


def _lost_batch_title(workspace: Workspace, payload: LoseBatch) -> str:
    values = {"batch": payload.batch, "count": len(payload.numbers), "reason": payload.reason}
    return message_text("title-batch-not-received", values)


class CancelNumber(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="cancel-number"):
    """`number` was canceled in ACE. `since`: the event of its state, None if nobody recorded it;
    `proof`: content."""

    number: str
    reason: str
    since: int | None
    proof: str


def cancel_number(workspace: Workspace, number: str, reason: str, proof: bytes, actor: str) -> None:
    """Ask to note that a number was canceled in ACE and is never used again (CATAIR SE v40 p.32).

    Nobody asks ACE about a number that nobody recorded: there the proof is all. Raises BadInput without
    words or proof, NumberUnavailable for a number that is neither recorded nor in ACE without us,
    Refused while ACE, as far as we know, still has something under it, NotApproved until approved.
    """
    payload = _cancellation(workspace, number, reason, proof_digest(reason, proof))
    ask_with_proof(workspace, payload, proof, actor)


def _cancellation(workspace: Workspace, number: str, reason: str, proof: str) -> CancelNumber:
    since = None
    if number not in stray_numbers(workspace.journal):
        entry = require_recorded(workspace, number, "burnt")
        facts = derive_facts(entry)
        canceled = facts.summary is SummaryStatus.CANCELED or facts.release is ReleaseStatus.CANCELED
        if not canceled and (presence := presence_in_ace(facts)):
            raise Refused("entry-not-canceled-in-ace", number=number, standing=presence)
        since = entry.since
    return CancelNumber(number=number, reason=reason, since=since, proof=proof)


def _rebuild_cancellation(workspace: Workspace, payload: CancelNumber) -> CancelNumber:
    return _cancellation(workspace, payload.number, payload.reason, payload.proof)


def _append_cancellation(pen: Pen, payload: CancelNumber, approval: ApprovalState, actor: str) -> ActFacts:
    body = EntryBurnt(number=payload.number, reason=payload.reason, proof=payload.proof, approval=approval.plan)
    key = f"burnt:{payload.number}"
    pen.append(body, f"entry/{payload.number}", key=key, actor=actor)
    return {"burnt": payload.number}


def _cancellation_title(workspace: Workspace, payload: CancelNumber) -> str:
    return message_text("title-cancel-number", {"number": payload.number, "reason": payload.reason})


HANDLERS: dict[Act, ActHandler[Any]] = {
    Act.BATCH_NOT_RECEIVED: proof_handler(LoseBatch, _rebuild_lost_batch, _lost_batch_title, _append_lost_batch),
    Act.CANCEL_NUMBER: proof_handler(CancelNumber, _rebuild_cancellation, _cancellation_title, _append_cancellation),
}
