"""Notices: drafted for each contact of the plan, sent or told by hand, acknowledged. A breach notice is
sent only electronically (19 CFR 111.21(b)): what was told otherwise is logged beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from tasks.incident import attaching, contacts, deadlines, drafting, notice_due, tellings
from tasks.incident.contacts import Contact
from tasks.incident.drafting import Desk, Draft
from tasks.incident.plan import Notice, Plan, load
from tasks.incident.state import Incident, Rows, require
from tasks.shared import clock
from tasks.shared.errors import BadInput, Problem, Refused
from tasks.shared.incident_tables import NOTICES
from tasks.shared.journal import Pen
from tasks.shared.kinds.incident import NoticeAcknowledged, NoticeCalled, NoticeDrafted, NoticeSent
from tasks.shared.store import EVENTS
from tasks.workspace import Workspace

HOW = ("mail", "call", "portal", "letter", "hand")
"""Ways in which a notice is told."""


@dataclass(frozen=True)
class Known:
    """A notice of the book. `sent` and `acknowledged` are UTC, None while they did not happen."""

    id: str
    template: str
    contact: str
    channel: str
    title: str
    content: str
    drafted: datetime
    sent: datetime | None
    how: str
    reference: str
    acknowledged: datetime | None
    who: str

    @property
    def state(self) -> str:
        return "acknowledged" if self.acknowledged else "sent" if self.sent else "drafted"


def known(rows: Rows, incident: str) -> list[Known]:
    """The notices of an incident, oldest first."""
    query = (
        sa.select(NOTICES, EVENTS.c.at)
        .join(EVENTS, EVENTS.c.seq == NOTICES.c.drafted)
        .where(NOTICES.c.incident == incident)
        .order_by(NOTICES.c.drafted)
    )
    return [
        Known(row.notice, row.template, row.contact, row.channel, row.title, row.content,
              clock.parse(row.at), clock.parse(row.sent) if row.sent else None, row.how,
              row.reference, clock.parse(row.acknowledged) if row.acknowledged else None, row.who)
        for row in rows(query)
    ]  # fmt: skip


def current(rows: Rows, incident: str) -> list[Known]:
    """Those that count: all that were sent, and of the others the newest of each template and contact,
    if nothing of it was sent since."""
    newest: dict[tuple[str, str], Known] = {}
    kept = []
    for one in known(rows, incident):
        newest[one.template, one.contact] = one
        if one.sent:
            kept.append(one)
    return sorted({one.id: one for one in [*kept, *newest.values()]}.values(),
                  key=lambda one: one.drafted)  # fmt: skip


def unsent(rows: Rows) -> Iterator[Known]:
    """Notices of every incident that were not sent."""
    yield from (one for one in _everywhere(rows) if one.sent is None)


def recipients(workspace: Workspace, notice: Notice, only: Sequence[str] = ()) -> list[Contact]:
    """Whom a notice goes to. Raises BadInput where nobody has its role, or a contact asked for is not
    there or dead."""
    found = contacts.load(workspace)
    if only:
        chosen = [contacts.known(found, name) for name in only]
        if dead := [one for one in chosen if one.dead]:
            raise BadInput(
                "contacts-not-reachable",
                [
                    Problem(
                        value=one.id,
                        code="contact-not-reachable",
                        values={"tried": one.tried, "file": contacts.FILE},
                    )
                    for one in dead
                ],
            )
        return chosen
    chosen = contacts.of_roles(found.values(), notice.to)
    if not chosen:
        right = f"add one of role {' or '.join(notice.to)} to {contacts.FILE} in the home folder"
        raise BadInput(
            "notice-recipient-missing",
            [Problem(column=notice.id, right=right, code="notice-without-contact")],
        )
    return chosen


@dataclass(frozen=True)
class Drafted:
    """A draft of the book and what it says. `new`: it was written now. `instead`: what was asked for,
    where that only adds to a notice which nobody sent, and which this is; `written`: whether only
    electronic notice counts."""

    notice: str
    draft: Draft
    contact: Contact
    new: bool
    instead: str = ""
    written: bool = False


def draft(
    workspace: Workspace, incident: Incident, notice: Notice, to: Sequence[Contact], actor: str,
    plan: Plan | None = None,
) -> list[Drafted]:  # fmt: skip
    """Write the notice for each contact. What says the same as a draft that waits is not written
    again; what was sent and says the same is written anew only if the plan repeats it. A notice that adds
    to one which was never sent is written as that one: its sending meets the clock that runs."""
    desk = drafting.desk_of(workspace, incident, plan or load(workspace.settings.home))
    written = _first(desk, notice)
    instead = notice.id if written.id != notice.id else ""
    only_written = written.id in tellings.electronic(deadlines.load(workspace.settings.home))
    made = []
    for one in to:
        composed = drafting.compose(desk, written, one)
        content = workspace.content.put(drafting.stored(composed))
        with workspace.journal.write(actor) as pen:
            noted = _note(pen, workspace, composed, content, one)
            made.append(replace(noted, instead=instead, written=only_written))
    return made


def _first(desk: Desk, notice: Notice) -> Notice:
    """The notice that this one adds to, with what persons said for this one too, if it was never sent;
    else this one."""
    before = desk.plan.notices.get(notice.follows)
    if before is None or desk.sent(before.id):
        return notice
    more = [one for one in notice.facts if one in desk.said and one not in before.facts]
    return before.model_copy(update={"facts": (*before.facts, *more)})


def _note(pen: Pen, workspace: Workspace, composed: Draft, content: str, to: Contact) -> Drafted:
    earlier = [one for one in known(pen.rows, composed.incident)
               if (one.template, one.contact) == (composed.template, to.id)]  # fmt: skip
    query = sa.select(NOTICES.c.telling).where(
        NOTICES.c.notice == (earlier[-1].id if earlier else "")
    )
    same = [row.telling for row in pen.rows(query)] == [composed.telling]
    if same and not earlier[-1].sent:
        stands = drafting.loaded(workspace.content.get(earlier[-1].content))
        return Drafted(earlier[-1].id, stands, to, new=False)
    name = f"{composed.incident}/{composed.template}/{to.id}/{len(earlier) + 1}"
    body = NoticeDrafted(
        incident=composed.incident, notice=name, template=composed.template, contact=to.id,
        channel=composed.channel, title=composed.title, telling=composed.telling, content=content,
    )  # fmt: skip
    pen.append(body, f"notice/{name}", f"notice:{name}")
    return Drafted(name, composed, to, new=True)


def draft_due(workspace: Workspace, actor: str) -> tuple[list[Drafted], list[Problem]]:
    """Write all notices whose time it is. Returns them, and why somebody cannot be notified."""
    incident, plan = require(workspace.journal.rows), load(workspace.settings.home)
    made, missing = [], []
    for notice in notice_due.due(workspace, incident, plan):
        try:
            to = notice_due.still(workspace, incident, notice, recipients(workspace, notice))
        except BadInput as nobody:
            missing.append(nobody.problems[0])
            continue
        made += draft(workspace, incident, notice, to, actor, plan)
    return made, [*missing, *unreachable(made)]


def unreachable(made: Sequence[Drafted]) -> list[Problem]:
    """Each contact that was dead when tried, or has nothing to reach it by. Its notice stands written
    all the same, since a clock runs; it must be notified in another way."""
    notified = {one.contact.id: one.contact for one in made}.values()
    dead = [
        Problem(
            file=contacts.FILE,
            value=contact.id,
            code="contact-did-not-answer",
            values={"tried": contact.tried, "role": contact.role, "contact": contact.id},
        )
        for contact in notified
        if contact.dead
    ]
    return dead + [
        Problem(
            file=contacts.FILE,
            value=contact.id,
            code="contact-without-number-or-address",
            values={"role": contact.role},
        )
        for contact in notified
        if not (contact.phone or contact.mail)
    ]


def one_of(workspace: Workspace, name: str) -> Known:
    """A notice by its id, or the newest whose id begins so. Raises BadInput."""
    found = [
        one for one in known(workspace.journal.rows, name.split("/")[0]) if one.id == name
    ] or [one for one in _everywhere(workspace.journal.rows) if one.id.startswith(name)]
    if found:
        return found[-1]
    raise BadInput("notice-unknown", name=name)


def _everywhere(rows: Rows) -> Iterator[Known]:
    for row in rows(sa.select(NOTICES.c.incident).distinct()):
        yield from known(rows, row.incident)


def told(
    workspace: Workspace, name: str, how: str, actor: str, *, happened: datetime | None = None,
    reference: str = "", files: Sequence[Path] = (),
) -> Known:  # fmt: skip
    """A person told it: by telephone, in a portal, on paper. What a breach notice does not count as
    sent by (a call, a letter) is logged beside it, and it stays unsent. Raises BadInput for an unknown
    way, or a breach notice by mail or portal without its proof; Refused if it is sent already."""
    if how not in HOW:
        raise BadInput("notice-method-unknown", how=how, how2=", ".join(HOW))
    one = one_of(workspace, name)
    only_written = must_be_written(workspace, one)
    if one.sent:
        _refuse_again(workspace, one, only_written)
    if only_written and how in tellings.WRITTEN and not files:
        raise BadInput(
            "notice-not-recorded",
            [Problem(column="--evidence", code="breach-notice-proof-missing", values={"how": how})],
            id=one.id,
        )
    attached = tuple(attaching.attach(workspace.content, files, f"sending of {one.id}"))
    if only_written and how not in tellings.WRITTEN:
        call = NoticeCalled(notice=one.id, happened=clock.text(happened), how=how,
                                  reference=reference, attached=attached)  # fmt: skip
        workspace.journal.append(call, f"notice/{one.id}", actor)
        return one_of(workspace, one.id)
    body = NoticeSent(notice=one.id, happened=clock.text(happened), how=how,
                            reference=reference, attached=attached)  # fmt: skip
    workspace.journal.append(body, f"notice/{one.id}", actor, f"notice.sent:{one.id}")
    return one_of(workspace, one.id)


def must_be_written(workspace: Workspace, one: Known) -> bool:
    """Whether only electronic notice counts as sending it (19 CFR 111.21(b))."""
    return one.template in tellings.electronic(deadlines.load(workspace.settings.home))


def _refuse_again(workspace: Workspace, one: Known, only_written: bool) -> None:
    """Raises Refused: it was sent already, or a call is logged where only electronic notice counts."""
    assert one.sent
    calls = tellings.calls(workspace.journal.rows, one.id.split("/")[0],
                           deadlines.load(workspace.settings.home))  # fmt: skip
    if only_written and any(call.notice == one.id and call.how == one.how for call in calls):
        raise Refused("notice-without-proof", id=one.id, how=one.how, template=one.template)
    raise Refused("notice-already-recorded-as-sent", id=one.id, sent=clock.text(one.sent)[:16])


def acknowledge(
    workspace: Workspace, name: str, who: str, actor: str, *, happened: datetime | None = None,
    reference: str = "", files: Sequence[Path] = (),
) -> Known:  # fmt: skip
    """The other side has it. Raises Refused for a notice that nobody sent."""
    one = one_of(workspace, name)
    if not one.sent:
        way = "mail --evidence FILE" if must_be_written(workspace, one) else "call"
        raise Refused("notice-not-sent-yet", id=one.id, way=way)
    attached = attaching.attach(workspace.content, files, f"acknowledgement of {one.id}")
    body = NoticeAcknowledged(notice=one.id, happened=clock.text(happened), who=who,
                                    reference=reference, attached=tuple(attached))  # fmt: skip
    workspace.journal.append(body, f"notice/{one.id}", actor)
    return one_of(workspace, one.id)
