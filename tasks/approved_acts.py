"""Acts that take an approval: asked for with a payload, approved by its digest, carried out from it.

Each package declares its acts (`Handler`). The CLI and the reconciliation cycle carry an act out once no
approval is missing. Its events name the plan, so an act is carried out once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

import msgspec

from tasks.core.content import ContentStore
from tasks.core.errors import Busy, ContentMissing, ContinuityError, Refused
from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import Journal, JournalHead, Pen
from tasks.core.registry import packages
from tasks.security.api import (
    Act,
    ApprovalRequest,
    ApprovalSettings,
    ApprovalState,
    approval_error,
    ask_for_approval,
    find_approval,
    grant_approval,
    ready_approvals,
    refuse_revoked,
    require_approval,
)
from tasks.workspace import Workspace

P = TypeVar("P")
ActFacts = dict[str, Any]

RUN_WAITS = frozenset({Act.SEND_BATCHES, Act.SIGN_ACCOUNTING})
"""Acts for which a run of the reconciliation can wait: if one does, it carries the act out."""


@dataclass(frozen=True)
class ActHandler(Generic[P]):
    """How an act is loaded, shown and carried out.

    `title`: one line for a person. `require_current` raises what keeps the act from being done now,
    Refused if the state is no longer as it was asked for. `append` adds the act's events, with
    `approval` set to the plan, in one transaction and returns facts for a caller. `perform` is in its
    place where an act does more than that.
    """

    load: Callable[[ContentStore, str], P]
    binds: Callable[[str, P], list[str]]
    title: Callable[[Workspace, P], str]
    require_current: Callable[[Workspace, P], None]
    append: Callable[[Pen, P, ApprovalState, str], ActFacts] | None = None
    perform: Callable[[Workspace, P, ApprovalState, str], ActFacts] | None = None


@dataclass(frozen=True)
class ActOutcome:
    """What became of an approved act: `facts` of it, or why it was not carried out."""

    plan: str
    act: Act
    facts: ActFacts
    refused: ContinuityError | None = None

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: plan, act, facts, and the error that refused it."""
        refused = self.refused.as_dict() if self.refused else None
        return {"plan": self.plan, "act": str(self.act), "facts": self.facts, "refused": refused}


@dataclass(frozen=True)
class Approved:
    """A plan after an approval. `facts` of the act, None if it was not carried out by this."""

    approval: ApprovalState
    facts: ActFacts | None = None


def act_handler(act: Act) -> ActHandler[Any]:
    """How this act is handled."""
    modules = (package.acts[act] for package in packages() if act in package.acts)
    return cast("ActHandler[Any]", import_module(next(modules)).HANDLERS[act])


def load_struct(struct: type[P]) -> Callable[[ContentStore, str], P]:
    """A loader of payloads of this type. It raises ContentMissing, and Refused for other content."""

    def load(content: ContentStore, digest: str) -> P:
        try:
            return msgspec.json.decode(content.get(digest), type=struct)
        except msgspec.MsgspecError:
            raise Refused("act-payload-unreadable", plan=digest[:12]) from None

    return load


def act_title(workspace: Workspace, approval: ApprovalState) -> str:
    """An act in one line, from its payload; its type alone where the payload is lost."""
    handler = act_handler(approval.act)
    try:
        return handler.title(workspace, handler.load(workspace.content, approval.plan))
    except (ContentMissing, Refused):
        return approval.act


def act_request(workspace: Workspace, payload: Any, preparer: str, topic: str = "") -> ApprovalRequest:
    """Store the payload of an act and make the request for its approval. Nothing is asked yet."""
    act = Act(msgspec.to_builtins(payload)["act"])
    text = canonical(msgspec.to_builtins(payload))
    plan = workspace.content.put(text.encode())
    return ApprovalRequest(plan, act, tuple(act_handler(act).binds(plan, payload)), preparer, topic)


def ask_approval(workspace: Workspace, payload: Any, preparer: str, topic: str = "") -> ApprovalState:
    """Ask for the approval of an act. Raises Refused for a preparer who was revoked."""
    request = act_request(workspace, payload, preparer, topic)
    ask_for_approval(workspace.journal, request.plan, request.act, request.binds, preparer, topic)
    return find_approval(workspace.journal, request.plan)


def ask_or_carry_out(workspace: Workspace, payload: Any, actor: str, topic: str = "") -> ActFacts:
    """Ask for the approval of an act, or carry it out if it was approved before. Raises NotApproved
    with the plan while an approval is missing, and what `carry_out` raises."""
    approval = ask_approval(workspace, payload, actor, topic)
    if error := approval_error(workspace.journal, approval, _persons(workspace)):
        raise error
    return carry_out(workspace, approval.plan, actor)


def require_current_act(workspace: Workspace, approval: ApprovalState) -> None:
    """Raises what would keep the act from being carried out now."""
    handler = act_handler(approval.act)
    handler.require_current(workspace, handler.load(workspace.content, approval.plan))


def approve_act(
    workspace: Workspace,
    plan: str | ApprovalRequest,
    person: str,
    code: str,
    *,
    given_at: datetime | None = None,
    append: Callable[[Pen, Any, ApprovalState, str], ActFacts] | None = None,
) -> Approved:
    """Approve a plan, or a request, with a person's one-time code.

    Where no approval is missing after this, the act's events are in the same transaction: if they
    cannot be appended, the code is not spent. An act of `RUN_WAITS` is only approved. `append` is used in
    place of the handler's. Raises what `grant_approval` and the act's checks raise.
    """
    request = plan if isinstance(plan, ApprovalRequest) else find_approval(workspace.journal, plan)
    handler = act_handler(request.act)
    payload = handler.load(workspace.content, request.plan)
    append = append or handler.append
    facts: list[ActFacts] = []

    def attempt(guard: Callable[[Pen], None]) -> ApprovalState:
        def finish(pen: Pen, granted: ApprovalState) -> None:
            guard(pen)
            facts[:] = [append(pen, payload, granted, person)] if append else []

        handler.require_current(workspace, payload)
        return grant_approval(
            workspace.journal,
            workspace.home,
            plan,
            person,
            code,
            persons=_persons(workspace),
            given_at=given_at,
            finish=None if request.act in RUN_WAITS else finish,
        )

    granted = _undisturbed(workspace.journal, attempt)
    return Approved(granted, facts[0] if facts else None)


def carry_out(workspace: Workspace, plan: str, actor: str) -> ActFacts:
    """Carry out an approved act, loaded by its digest.

    Nothing happens for an act that was carried out before. Raises NotApproved while an approval is
    missing, Refused where the state is no longer as it was asked for or the actor was revoked.
    """
    refuse_revoked(workspace.journal, actor)
    approval = find_approval(workspace.journal, plan)
    handler = act_handler(approval.act)
    payload = handler.load(workspace.content, approval.plan)
    binds = handler.binds(approval.plan, payload)
    approval = require_approval(workspace.journal, approval.plan, binds, _persons(workspace))
    if handler.perform:
        return handler.perform(workspace, payload, approval, actor)
    if approval.carried_out or handler.append is None:
        return {}
    append = handler.append

    def attempt(guard: Callable[[Pen], None]) -> ActFacts:
        handler.require_current(workspace, payload)
        with workspace.journal.write(actor) as pen:
            guard(pen)
            return append(pen, payload, approval, actor)

    return _undisturbed(workspace.journal, attempt)


def carry_out_ready(workspace: Workspace, actor: str) -> list[ActOutcome]:
    """Carry out every act that is approved and was not carried out, but those of `RUN_WAITS`. One that
    is refused keeps no other back."""
    ready = ready_approvals(workspace.journal, _persons(workspace))
    return [_outcome(workspace, approval, actor) for approval in ready if approval.act not in RUN_WAITS]


def _outcome(workspace: Workspace, approval: ApprovalState, actor: str) -> ActOutcome:
    try:
        return ActOutcome(approval.plan, approval.act, carry_out(workspace, approval.plan, actor))
    except ContinuityError as refused:
        return ActOutcome(approval.plan, approval.act, {}, refused)


def _persons(workspace: Workspace) -> int:
    return workspace.settings(ApprovalSettings).persons


class _Moved(Exception):
    """The journal went on between the checks of an act and the writer's lock."""


_ATTEMPTS = 5
T = TypeVar("T")


def _undisturbed(journal: Journal, attempt: Callable[[Callable[[Pen], None]], T]) -> T:
    """What `attempt` returns. It calls the guard under the writer's lock: if another event was
    appended since the attempt began, all of it is undone and tried anew. Raises Busy after five."""
    for _ in range(_ATTEMPTS):
        try:
            return attempt(partial(_require_head, journal.head()))
        except _Moved:
            continue
    raise Busy("journal-changed-during-act")


def _require_head(head: JournalHead, pen: Pen) -> None:
    if pen.start != head:
        raise _Moved
