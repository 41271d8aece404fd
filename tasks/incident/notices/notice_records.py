"""Notices: drafted for each contact of the plan, sent or told by hand, acknowledged. A breach notice is
sent only electronically (19 CFR 111.21(b)): what was told otherwise is logged beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import BadInput, Problem, Refused
from tasks.core.journal.journal import Pen
from tasks.incident.events import NoticeAcknowledged, NoticeCalled, NoticeDrafted, NoticeSent
from tasks.incident.evidence import file_attachments
from tasks.incident.notices import drafting, proof_of_notice
from tasks.incident.notices.contact_list import CONTACTS_FILE, Contact, contact_ids, contacts_with_roles, load_contacts
from tasks.incident.notices.drafting import (
    DraftingContext,
    NoticeDraft,
    draft_bytes,
    draft_from_bytes,
    drafting_context,
)
from tasks.incident.notices.notice_listing import NoticeRecord, find_notice, notices_of
from tasks.incident.notices.notice_plan import (
    NoticePlan,
    PlanNotice,
    contacts_without_notice,
    due_notices,
    load_notice_plan,
)
from tasks.incident.notices.proof_of_notice import logged_calls
from tasks.incident.tables import NOTICES
from tasks.incident.timeline.deadline_rules import load_deadlines
from tasks.incident.timeline.incident_state import Incident, require_incident
from tasks.workspace import Workspace

HOW = ("mail", "call", "portal", "letter", "hand")
"""Ways in which a notice is told."""


def recipients(workspace: Workspace, notice: PlanNotice, only: Sequence[str] = ()) -> list[Contact]:
    """Whom a notice goes to. Raises BadInput where nobody has its role, or a contact asked for is not
    there or dead."""
    contacts = load_contacts(workspace)
    if only:
        chosen = [contact_ids(contacts, name) for name in only]
        if dead := [contact for contact in chosen if contact.dead]:
            raise BadInput(
                "contacts-not-reachable",
                [
                    Problem(
                        value=contact.id,
                        code="contact-not-reachable",
                        values={"tried": contact.tried, "file": CONTACTS_FILE},
                    )
                    for contact in dead
                ],
            )
        return chosen
    chosen = contacts_with_roles(contacts.values(), notice.to)
    if not chosen:
        right = f"add one of role {' or '.join(notice.to)} to {CONTACTS_FILE} in the home folder"
        raise BadInput(
            "notice-recipient-missing", [Problem(column=notice.id, right=right, code="notice-without-contact")]
        )
    return chosen


@dataclass(frozen=True)
class DraftResult:
    """A draft of the journal and what it says. `new`: it was written now. `instead`: what was asked for,
    where that only adds to a notice which nobody sent, and which this is; `written`: whether only
    electronic notice counts."""

    notice: str
    draft: NoticeDraft
    contact: Contact
    new: bool
    instead: str = ""
    written: bool = False


def draft(
    workspace: Workspace,
    incident: Incident,
    notice: PlanNotice,
    to: Sequence[Contact],
    actor: str,
    plan: NoticePlan | None = None,
) -> list[DraftResult]:
    """Write the notice for each contact. What says the same as a draft that waits is not written
    again; what was sent and says the same is written anew only if the plan repeats it. A notice that adds
    to one which was never sent is written as that one: its sending meets the clock that runs."""
    desk = drafting_context(workspace, incident, plan or load_notice_plan(workspace.settings.home))
    written = _first(desk, notice)
    instead = notice.id if written.id != notice.id else ""
    only_written = written.id in proof_of_notice.electronic(load_deadlines(workspace.settings.home))
    results: list[DraftResult] = []
    for contact in to:
        composed = drafting.compose(desk, written, contact)
        content = workspace.content.put(draft_bytes(composed))
        with workspace.journal.write(actor) as pen:
            noted = _note(pen, workspace, composed, content, contact)
            results.append(replace(noted, instead=instead, written=only_written))
    return results


def _first(desk: DraftingContext, notice: PlanNotice) -> PlanNotice:
    """The notice that this one adds to, with what persons said for this one too, if it was never sent;
    else this one."""
    before = desk.plan.notices.get(notice.follows)
    if before is None or desk.sent(before.id):
        return notice
    further = [fact for fact in notice.facts if fact in desk.stated_facts and fact not in before.facts]
    return before.model_copy(update={"facts": (*before.facts, *further)})


def _note(pen: Pen, workspace: Workspace, composed: NoticeDraft, content: str, to: Contact) -> DraftResult:
    earlier = [
        earlier_notice
        for earlier_notice in notices_of(pen.rows, composed.incident)
        if (earlier_notice.template, earlier_notice.contact) == (composed.template, to.id)
    ]
    query = sa.select(NOTICES.c.telling).where(NOTICES.c.notice == (earlier[-1].id if earlier else ""))
    same = [row.telling for row in pen.rows(query)] == [composed.telling]
    if same and not earlier[-1].sent:
        stands = draft_from_bytes(workspace.content.get(earlier[-1].content))
        return DraftResult(earlier[-1].id, stands, to, new=False)
    name = f"{composed.incident}/{composed.template}/{to.id}/{len(earlier) + 1}"
    body = NoticeDrafted(
        incident=composed.incident,
        notice=name,
        template=composed.template,
        contact=to.id,
        channel=composed.channel,
        title=composed.title,
        telling=composed.telling,
        content=content,
    )
    pen.append(body, f"notice/{name}", f"notice:{name}")
    return DraftResult(name, composed, to, new=True)


def draft_due(workspace: Workspace, actor: str) -> tuple[list[DraftResult], list[Problem]]:
    """Write all notices whose time it is. Returns them, and why somebody cannot be notified."""
    incident, plan = (require_incident(workspace.journal.rows), load_notice_plan(workspace.settings.home))
    drafted, missing = list[DraftResult](), list[Problem]()
    for notice in due_notices(workspace, incident, plan):
        try:
            to = contacts_without_notice(workspace, incident, notice, recipients(workspace, notice))
        except BadInput as nobody:
            missing.append(nobody.problems[0])
            continue
        drafted += draft(workspace, incident, notice, to, actor, plan)
    return drafted, [*missing, *unreachable_contacts(drafted)]


def unreachable_contacts(drafted: Sequence[DraftResult]) -> list[Problem]:
    """Each contact that was dead when tried, or has nothing to reach it by. Its notice stands written
    all the same, since a clock runs; it must be notified in another way."""
    notified = {result.contact.id: result.contact for result in drafted}.values()
    dead = [
        Problem(
            file=CONTACTS_FILE,
            value=contact.id,
            code="contact-did-not-answer",
            values={"tried": contact.tried, "role": contact.role, "contact": contact.id},
        )
        for contact in notified
        if contact.dead
    ]
    return dead + [
        Problem(
            file=CONTACTS_FILE,
            value=contact.id,
            code="contact-without-number-or-address",
            values={"role": contact.role},
        )
        for contact in notified
        if not (contact.phone or contact.mail)
    ]


def record_notice(
    workspace: Workspace,
    name: str,
    how: str,
    actor: str,
    *,
    happened: datetime | None = None,
    reference: str = "",
    files: Sequence[Path] = (),
) -> NoticeRecord:
    """A person told it: by telephone, in a portal, on paper. What a breach notice does not count as
    sent by (a call, a letter) is logged beside it, and it stays unsent. Raises BadInput for an unknown
    way, or a breach notice by mail or portal without its proof; Refused if it is sent already."""
    if how not in HOW:
        raise BadInput("notice-method-unknown", how=how, how2=", ".join(HOW))
    notice = find_notice(workspace, name)
    only_written = requires_written_notice(workspace, notice)
    if notice.sent:
        _refuse_again(workspace, notice, only_written)
    if only_written and how in proof_of_notice.WRITTEN and not files:
        raise BadInput(
            "notice-not-recorded",
            [Problem(column="--evidence", code="breach-notice-proof-missing", values={"how": how})],
            id=notice.id,
        )
    attached = tuple(file_attachments.attach(workspace.content, files, f"sending of {notice.id}"))
    if only_written and how not in proof_of_notice.WRITTEN:
        call = NoticeCalled(
            notice=notice.id, happened=clock.text(happened), how=how, reference=reference, attached=attached
        )
        workspace.journal.append(call, f"notice/{notice.id}", actor)
        return find_notice(workspace, notice.id)
    body = NoticeSent(notice=notice.id, happened=clock.text(happened), how=how, reference=reference, attached=attached)
    workspace.journal.append(body, f"notice/{notice.id}", actor, f"notice.sent:{notice.id}")
    return find_notice(workspace, notice.id)


def requires_written_notice(workspace: Workspace, notice: NoticeRecord) -> bool:
    """Whether only electronic notice counts as sending it (19 CFR 111.21(b))."""
    return notice.template in proof_of_notice.electronic(load_deadlines(workspace.settings.home))


def _refuse_again(workspace: Workspace, notice: NoticeRecord, only_written: bool) -> None:
    """Raises Refused: it was sent already, or a call is logged where only electronic notice counts."""
    assert notice.sent
    calls = logged_calls(workspace.journal.rows, notice.id.split("/")[0], load_deadlines(workspace.settings.home))
    if only_written and any(call.notice == notice.id and call.how == notice.how for call in calls):
        raise Refused("notice-without-proof", id=notice.id, how=notice.how, template=notice.template)
    raise Refused("notice-already-recorded-as-sent", id=notice.id, sent=clock.text(notice.sent)[:16])


def acknowledge(
    workspace: Workspace,
    name: str,
    who: str,
    actor: str,
    *,
    happened: datetime | None = None,
    reference: str = "",
    files: Sequence[Path] = (),
) -> NoticeRecord:
    """The other side has it. Raises Refused for a notice that nobody sent."""
    notice = find_notice(workspace, name)
    if not notice.sent:
        options = "mail --evidence FILE" if requires_written_notice(workspace, notice) else "call"
        raise Refused("notice-not-sent-yet", id=notice.id, way=options)
    attached = file_attachments.attach(workspace.content, files, f"acknowledgement of {notice.id}")
    body = NoticeAcknowledged(
        notice=notice.id, happened=clock.text(happened), who=who, reference=reference, attached=tuple(attached)
    )
    workspace.journal.append(body, f"notice/{notice.id}", actor)
    return find_notice(workspace, notice.id)
