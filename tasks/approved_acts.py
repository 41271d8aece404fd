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

from tasks.shared import approval, people
from tasks.shared.approval import Asked, Request
from tasks.shared.content import ContentStore
from tasks.shared.errors import Busy, ContentMissing, ContinuityError, Refused
from tasks.shared.journal import Head, Journal, Pen
from tasks.shared.kinds.base import canonical
from tasks.shared.kinds.people import Act
from tasks.workspace import Workspace

P = TypeVar("P")
Facts = dict[str, Any]

_OWNERS = {
    Act.SEND_BATCHES: "tasks.reconciliation.acts",
    Act.SIGN_ACCOUNTING: "tasks.reconciliation.acts",
    Act.SETTLE_ENTRIES: "tasks.reconciliation.acts",
    Act.BATCH_NOT_RECEIVED: "tasks.reconciliation.acts",
    Act.HAND_OVER: "tasks.reconciliation.acts",
    Act.CANCEL_NUMBER: "tasks.reconciliation.acts",
    Act.VOID_NUMBERS: "tasks.entries.voiding",
    Act.DECIDE_HIT: "tasks.screening.decisions",
}
"""The module that declares an act in its `HANDLERS`; imported when the act is first used."""

RUN_WAITS = frozenset({Act.SEND_BATCHES, Act.SIGN_ACCOUNTING})
"""Acts for which a run of the reconciliation can wait: if one does, it carries the act out."""


@dataclass(frozen=True)
class Handler(Generic[P]):
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
    append: Callable[[Pen, P, Asked, str], Facts] | None = None
    perform: Callable[[Workspace, P, Asked, str], Facts] | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of an approved act: `facts` of it, or why it was not carried out."""

    plan: str
    act: Act
    facts: Facts
    refused: ContinuityError | None = None

    def as_dict(self) -> dict[str, Any]:
        """For `--json`: plan, act, facts, and the error that refused it."""
        refused = self.refused.as_dict() if self.refused else None
        return {"plan": self.plan, "act": str(self.act), "facts": self.facts, "refused": refused}


@dataclass(frozen=True)
class Approved:
    """A plan after an approval. `facts` of the act, None if it was not carried out by this."""

    asked: Asked
    facts: Facts | None = None


def handler(act: Act) -> Handler[Any]:
    """How this act is handled."""
    return cast("Handler[Any]", import_module(_OWNERS[act]).HANDLERS[act])


def load_struct(struct: type[P]) -> Callable[[ContentStore, str], P]:
    """A loader of payloads of this type. It raises ContentMissing, and Refused for other content."""

    def load(content: ContentStore, digest: str) -> P:
        try:
            return msgspec.json.decode(content.get(digest), type=struct)
        except msgspec.MsgspecError:
            raise Refused("act-payload-unreadable", plan=digest[:12]) from None

    return load


def title(workspace: Workspace, asked: Asked) -> str:
    """An act in one line, from its payload; its type alone where the payload is lost."""
    own = handler(asked.act)
    try:
        return own.title(workspace, own.load(workspace.content, asked.plan))
    except (ContentMissing, Refused):
        return asked.act


def request(workspace: Workspace, payload: Any, preparer: str, topic: str = "") -> Request:
    """Store the payload of an act and make the request for its approval. Nothing is asked yet."""
    act = Act(msgspec.to_builtins(payload)["act"])
    text = canonical(msgspec.to_builtins(payload))
    plan = workspace.content.put(text.encode())
    return Request(plan, act, tuple(handler(act).binds(plan, payload)), preparer, topic)


def ask(workspace: Workspace, payload: Any, preparer: str, topic: str = "") -> Asked:
    """Ask for the approval of an act. Raises Refused for a preparer who was revoked."""
    made = request(workspace, payload, preparer, topic)
    approval.ask(workspace.journal, made.plan, made.act, made.binds, preparer, topic)
    return approval.find(workspace.journal, made.plan)


def ask_or_carry_out(workspace: Workspace, payload: Any, actor: str, topic: str = "") -> Facts:
    """Ask for the approval of an act, or carry it out if it was approved before. Raises NotApproved
    with the plan while an approval is missing, and what `carry_out` raises."""
    asked = ask(workspace, payload, actor, topic)
    if error := approval.lacking(workspace.journal, asked, _persons(workspace)):
        raise error
    return carry_out(workspace, asked.plan, actor)


def require_current(workspace: Workspace, asked: Asked) -> None:
    """Raises what would keep the act from being carried out now."""
    own = handler(asked.act)
    own.require_current(workspace, own.load(workspace.content, asked.plan))


def approve(
    workspace: Workspace,
    plan: str | Request,
    person: str,
    code: str,
    *,
    given_at: datetime | None = None,
    append: Callable[[Pen, Any, Asked, str], Facts] | None = None,
) -> Approved:
    """Approve a plan, or a request, with a person's one-time code.

    Where no approval is missing after this, the act's events are in the same transaction: if they
    cannot be appended, the code is not spent. An act of `RUN_WAITS` is only approved. `append` is used in
    place of the handler's. Raises what `approval.grant` and the act's checks raise.
    """
    asked = plan if isinstance(plan, Request) else approval.find(workspace.journal, plan)
    own = handler(asked.act)
    payload = own.load(workspace.content, asked.plan)
    append = append or own.append
    facts: list[Facts] = []

    def attempt(guard: Callable[[Pen], None]) -> Asked:
        def finish(pen: Pen, granted: Asked) -> None:
            guard(pen)
            facts[:] = [append(pen, payload, granted, person)] if append else []

        own.require_current(workspace, payload)
        return approval.grant(
            workspace.journal, workspace.home, plan, person, code, persons=_persons(workspace),
            given_at=given_at, finish=None if asked.act in RUN_WAITS else finish,
        )  # fmt: skip

    granted = _undisturbed(workspace.journal, attempt)
    return Approved(granted, facts[0] if facts else None)


def carry_out(workspace: Workspace, plan: str, actor: str) -> Facts:
    """Carry out an approved act, loaded by its digest.

    Nothing happens for an act that was carried out before. Raises NotApproved while an approval is
    missing, Refused where the state is no longer as it was asked for or the actor was revoked.
    """
    people.refuse_revoked(workspace.journal, actor)
    asked = approval.find(workspace.journal, plan)
    own = handler(asked.act)
    payload = own.load(workspace.content, asked.plan)
    binds = own.binds(asked.plan, payload)
    asked = approval.require(workspace.journal, asked.plan, binds, _persons(workspace))
    if own.perform:
        return own.perform(workspace, payload, asked, actor)
    if asked.carried_out or own.append is None:
        return {}
    append = own.append

    def attempt(guard: Callable[[Pen], None]) -> Facts:
        own.require_current(workspace, payload)
        with workspace.journal.write(actor) as pen:
            guard(pen)
            return append(pen, payload, asked, actor)

    return _undisturbed(workspace.journal, attempt)


def carry_out_ready(workspace: Workspace, actor: str) -> list[Outcome]:
    """Carry out every act that is approved and was not carried out, but those of `RUN_WAITS`. One that
    is refused keeps no other back."""
    ready = approval.ready(workspace.journal, _persons(workspace))
    return [_outcome(workspace, asked, actor) for asked in ready if asked.act not in RUN_WAITS]


def _outcome(workspace: Workspace, asked: Asked, actor: str) -> Outcome:
    try:
        return Outcome(asked.plan, asked.act, carry_out(workspace, asked.plan, actor))
    except ContinuityError as refused:
        return Outcome(asked.plan, asked.act, {}, refused)


def _persons(workspace: Workspace) -> int:
    return workspace.settings.approval.persons


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


def _require_head(head: Head, pen: Pen) -> None:
    if pen.start != head:
        raise _Moved
