"""Signing the accounting: possible only when every number has its final place."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec

from tasks import approved_acts
from tasks.ace.api import AceSettings
from tasks.approved_acts import ActFacts, ActHandler, ask_approval, load_struct
from tasks.core.content import ContentStore
from tasks.core.errors import NotApproved, Refused, Unaccounted
from tasks.core.journal.journal import Journal, Pen
from tasks.core.messages import message_text
from tasks.core.settings import Settings
from tasks.entries.api import EntrySettled
from tasks.reconciliation.accounting.number_account import (
    FREE,
    NO_FILING,
    STRAY,
    AccountLine,
    account_numbers,
    as_content,
    stray_text,
    unaccounted,
    unsettled,
)
from tasks.reconciliation.decisions.classification import classify, reversal_reason
from tasks.reconciliation.decisions.entry_facts import PaperOutcome, paper_outcome
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.events import AccountingSigned
from tasks.reconciliation.state.entry_reader import list_entry_states
from tasks.security.api import Act, ApprovalSettings, ApprovalState, approval_error
from tasks.workspace import Workspace


def require_accounted(lines: list[AccountLine]) -> None:
    """Raises Unaccounted, naming desks and numbers, while a number has no place or a recorded
    entry is neither settled nor handed over nor canceled nor in need of no filing."""
    if stray := [line.number for line in lines if line.place == STRAY]:
        raise Unaccounted("numbers-in-ace-not-in-record", reason=stray_text(stray), numbers=stray)
    missing = unaccounted(lines)
    if missing:
        listed = "; ".join(
            f"{desk}: {len(numbers)} ({', '.join(numbers[:3])}{', ...' if numbers[3:] else ''})"
            for desk, numbers in sorted(missing.items())
        )
        numbers = [number for desk_numbers in missing.values() for number in desk_numbers]
        raise Unaccounted("numbers-unaccounted-for", numbers_count=len(numbers), reason=listed, numbers=numbers)
    if open_lines := unsettled(lines):
        first = ", ".join(f"{line.number} ({line.place})" for line in open_lines[:3])
        raise Unaccounted(
            "entries-not-settled",
            still_count=len(open_lines),
            first=first,
            numbers=[line.number for line in open_lines],
        )


def require_asked(journal: Journal) -> None:
    """Raises Unaccounted while ACE was not asked for an entry that needs no filing, or has it, or
    took a settled one back: nothing is final that ACE does not bear out."""
    open_entries = {}
    for entry in list_entry_states(journal):
        decision = classify(entry)
        if reason := reversal_reason(entry):
            open_entries[entry.number] = reason
        elif paper_outcome(entry) is PaperOutcome.CLOSED and decision.step not in (NextStep.NO_FILING, NextStep.SETTLE):
            open_entries[entry.number] = f"{decision.step}: {decision.why}"
    if open_entries:
        first = "; ".join(f"{number} ({why})" for number, why in [*open_entries.items()][:3])
        raise Unaccounted(
            "entries-not-final-in-ace", open__count=len(open_entries), first=first, numbers=[*open_entries]
        )


class SignAccounting(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="sign-accounting"):
    """`accounting`: its lines, in content. `closed`: entries that need no filing, which become settled
    by the same act: outcome and event of the state of each."""

    accounting: str
    numbers: int
    closed: dict[str, tuple[str, int]]


TOPIC = "accounting"
"""A later accounting replaces the earlier ones."""


def sign_final_accounting(
    journal: Journal, content: ContentStore, settings: Settings, preparer: str
) -> AccountingSigned:
    """Sign the accounting as it stands. Raises Unaccounted, or NotApproved after asking for the
    approval. Entries that need no filing become settled by the same act."""
    workspace = Workspace(settings, journal=journal)
    lines, payload = _payload(workspace)
    content.put(as_content(lines))
    approval = ask_approval(workspace, payload, preparer, TOPIC)
    if error := approval_error(journal, approval, settings(ApprovalSettings).persons):
        raise error
    approved_acts.carry_out(workspace, approval.plan, preparer)
    return _signed(payload, approval.plan)


def _payload(workspace: Workspace) -> tuple[list[AccountLine], SignAccounting]:
    """The accounting as it stands. Raises Unaccounted while it cannot be signed."""
    lines = account_numbers(workspace.journal)
    require_accounted(lines)
    if workspace.settings(AceSettings).ask_first:
        require_asked(workspace.journal)
    since = {entry.number: entry.since for entry in list_entry_states(workspace.journal)}
    closed = {
        line.number: (line.outcome or "no filing", since[line.number]) for line in lines if line.place == NO_FILING
    }
    digest = sha256(as_content(lines)).hexdigest()
    return lines, SignAccounting(accounting=digest, numbers=len(lines), closed=closed)


def _require_current(workspace: Workspace, payload: SignAccounting) -> None:
    if _payload(workspace)[1] != payload:
        raise Refused("accounting-changed", accounting=payload.accounting[:12])


def _sign(pen: Pen, payload: SignAccounting, approval: ApprovalState, actor: str) -> ActFacts:
    for number, (outcome, since) in payload.closed.items():
        body = EntrySettled(number=number, how=outcome, proof=payload.accounting, approval=approval.plan)
        pen.append(body, f"entry/{number}", key=f"settled:{number}:{since}", actor=actor)
    key = f"signed:{payload.accounting}"
    pen.append(_signed(payload, approval.plan), "accounting", key=key, actor=actor)
    return {"signed": payload.accounting, "numbers": payload.numbers}


def _signed(payload: SignAccounting, plan: str) -> AccountingSigned:
    return AccountingSigned(accounting=payload.accounting, plan=plan, numbers=payload.numbers)


HANDLERS: dict[Act, ActHandler[SignAccounting]] = {
    Act.SIGN_ACCOUNTING: ActHandler(
        load_struct(SignAccounting),
        lambda _, payload: [payload.accounting],
        lambda _, payload: message_text("title-sign-accounting", {"count": payload.numbers}),
        _require_current,
        _sign,
    )
}


def try_to_end(workspace: Workspace, actor: str) -> dict[str, Any]:
    """What of the end is reached: `signed`; the `plan` of an accounting that waits for its approval;
    or only `words` on what is open. A book in which no number was used has no end."""
    lines = account_numbers(workspace.journal)
    if all(line.place == FREE for line in lines):
        return {"words": "no number was used"}
    try:
        signed = sign_final_accounting(workspace.journal, workspace.content, workspace.settings, actor)
    except Unaccounted as unaccounted_error:
        return {"words": str(unaccounted_error)}
    except NotApproved as waiting:
        return {"words": str(waiting), "plan": waiting.plan}
    text = f"the accounting is signed: {signed.numbers} numbers, each in its final place"
    return {"words": text, "signed": signed.accounting}
