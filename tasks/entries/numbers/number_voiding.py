"""Voiding issued numbers for good: a reason, and two persons, the second with a one-time code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from tasks import approved_acts
from tasks.approved_acts import ActFacts, ActHandler, act_request, approve_act, load_struct
from tasks.core.errors import BadInput, NumberUnavailable, Refused
from tasks.core.journal.journal import Pen
from tasks.core.journal.table_columns import rows_among
from tasks.core.messages import message_text
from tasks.entries.events import NumbersVoided
from tasks.entries.tables import NUMBERS
from tasks.security.api import Act, ApprovalState, find_person
from tasks.workspace import Workspace


class VoidedNumber(msgspec.Struct, frozen=True, kw_only=True):
    """Why a number will not be used."""

    reason: str


class VoidNumbers(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="void-numbers"):
    """Issued numbers that will not be used, as `requested_by` the first person."""

    requested_by: str
    numbers: dict[str, VoidedNumber]


def request_voiding(workspace: Workspace, reasons: Mapping[str, str], first: str) -> None:
    """Ask a second person to void issued numbers, each with its reason; void them if that was approved
    already. Raises BadInput without a reason, NumberUnavailable for a number that is not issued, Refused
    for an unknown person, NotApproved with the plan until approved."""
    approved_acts.ask_or_carry_out(workspace, _payload(workspace, reasons, first), first)


def void_numbers(
    workspace: Workspace,
    reasons: Mapping[str, str],
    first: str,
    second: str,
    code: str,
    given_at: datetime | None = None,
) -> None:
    """Void issued numbers at once, with the one-time code of the second person.

    Code and voiding are one transaction: a code that voids nothing is not spent. Raises what `ask`
    raises, Refused if both are one person, CodeRefused for a bad code.
    """
    payload = _payload(workspace, reasons, first)
    if find_person(workspace.journal, second).person == first:
        raise Refused("void-needs-two-people")
    request = act_request(workspace, payload, first)
    approved = approve_act(workspace, request, second, code, given_at=given_at)
    if approved.facts is None:
        approved_acts.carry_out(workspace, request.plan, first)


def _payload(workspace: Workspace, reasons: Mapping[str, str], first: str) -> VoidNumbers:
    find_person(workspace.journal, first)
    if not all(reason.strip() for reason in reasons.values()):
        raise BadInput("void-reason-missing")
    voided = {number: VoidedNumber(reason=reason) for number, reason in reasons.items()}
    payload = VoidNumbers(requested_by=first, numbers=voided)
    _require_issued(workspace, payload)
    return payload


def _require_issued(workspace: Workspace, payload: VoidNumbers) -> None:
    query = sa.select(NUMBERS.c.number, NUMBERS.c.state, NUMBERS.c.desk)
    rows = rows_among(workspace.journal.rows, query, NUMBERS.c.number, list(payload.numbers))
    states = {row.number: row for row in rows}
    for number in payload.numbers:
        row = states.get(number)
        if row is None:
            raise NumberUnavailable("number-not-in-reserve", number=number)
        if row.state != "issued":
            raise NumberUnavailable(
                "number-in-another-state",
                number=number,
                state=row.state,
                desk=f" for {row.desk}" if row.desk else "",
                to="void",
                needed="issued",
            )


def _void(pen: Pen, payload: VoidNumbers, approval: ApprovalState, actor: str) -> ActFacts:
    by_reason: dict[str, list[str]] = {}
    for number, voided in payload.numbers.items():
        by_reason.setdefault(voided.reason, []).append(number)
    persons = [approval.preparer, *approval.granted_by]
    for part, (reason, numbers) in enumerate(by_reason.items()):
        body = NumbersVoided(numbers=numbers, reason=reason, persons=persons, approval=approval.plan)
        key = f"void:{approval.plan}:{part}"
        pen.append(body, f"numbers/{numbers[0][:3]}", key=key, actor=approval.preparer)
    return {"voided": list(payload.numbers)}


def _title(workspace: Workspace, payload: VoidNumbers) -> str:
    reasons = dict.fromkeys(voided.reason for voided in payload.numbers.values())
    values = {"numbers": ", ".join(payload.numbers), "reasons": "; ".join(reasons)}
    return message_text("title-void-numbers", values)


HANDLERS: dict[Act, ActHandler[Any]] = {
    Act.VOID_NUMBERS: ActHandler(load_struct(VoidNumbers), lambda *_: [], _title, _require_issued, _void)
}
