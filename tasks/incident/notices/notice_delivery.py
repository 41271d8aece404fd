"""Notices leave by mail, or lie in a folder to be printed, read out and sent by hand.

A drill sends nothing: the post refuses it, and what it writes is marked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import JournalBroken, Problem, Refused
from tasks.core.files import write_atomic
from tasks.core.journal.journal import Pen
from tasks.incident.events import NoticeSent
from tasks.incident.notices import draft_formats
from tasks.incident.notices.contact_list import load_contacts
from tasks.incident.notices.drafting import draft_from_bytes
from tasks.incident.notices.notice_listing import NoticeRecord, notices_of, unsent_notices
from tasks.transport.api import MAIL, MailAnswered, MailAttachment, MailLetter, MailService, MailSuperseded
from tasks.workspace import Workspace


@dataclass
class NoticeSending:
    """What became of notices that were to go by mail; `by_hand`: those that no mail can carry."""

    sent: list[str] = field(default_factory=list[str])
    waiting: list[str] = field(default_factory=list[str])
    by_hand: list[str] = field(default_factory=list[str])
    reason: str = ""


def write_notices(workspace: Workspace, notices: Sequence[NoticeRecord], folder: Path) -> list[Path]:
    """Each notice as PDF, text and, where it goes by mail, as a mail file. Only the owner can read
    them: the breach notice holds the importer numbers in the clear, as its rule wants. A drill masks
    them all. Raises Refused, once all others are written, for those whose numbers cannot be opened."""
    written, kept_back = list[Path](), list[Problem]()
    for notice in notices:
        try:
            files = _files(workspace, notice)
        except Refused:
            # On a machine that goes on from a kit: what the old one sealed stays there.
            kept_back.append(Problem(file=notice.id, code="notice-numbers-not-opened"))
            continue
        written += [write_atomic(folder / name, data, mode=0o600) for name, data in files.items()]
    if kept_back:
        raise Refused("notices-not-sent", kept_back, made_count=len(written), folder=folder)
    return written


def _files(workspace: Workspace, notice: NoticeRecord) -> dict[str, bytes]:
    """By name. Raises Refused for a number that cannot be opened."""
    draft = draft_from_bytes(workspace.content.get(notice.content))
    clear = draft.numbers and not workspace.drill
    opened = draft_formats.opening(workspace.vault.open) if clear else draft_formats.masking
    stem = f"{clock.stamp(notice.drafted)}-{notice.template}-{notice.contact}"
    page = draft_formats.pdf(draft, workspace.settings, opened)
    text = draft_formats.text(draft, workspace.settings, opened)
    files = {f"{stem}.pdf": page, f"{stem}.txt": text.encode()}
    if draft.channel == "mail" and draft.mail:
        files[f"{stem}.eml"] = draft_formats.eml(draft, workspace.settings, opened, page)
    return files | {f"{stem}-{name}": data for name, data in draft_formats.lists(draft, opened)}


def letter_of(workspace: Workspace, notice: NoticeRecord) -> MailLetter:
    """The mail of a notice. SSNs in the tables of a breach notice stand as aliases, which the letter
    declares and the post opens when it hands the mail over; the PDF beside it masks them."""
    draft, private = draft_from_bytes(workspace.content.get(notice.content)), dict[str, str]()
    opened = draft_formats.aliasing(private) if draft.numbers else draft_formats.masking
    page = draft_formats.pdf(draft, workspace.settings)
    files = [MailAttachment(f"{draft.template}.pdf", page, "application/pdf")]
    files += [
        MailAttachment(name, data, "text/csv; charset=utf-8") for name, data in draft_formats.lists(draft, opened)
    ]
    return MailLetter(
        key=_key(notice),
        to=[draft.mail],
        title=draft_formats.title(draft),
        text=draft_formats.body(draft, workspace.settings, opened),
        attachments=files,
        private=private,
    )


def _key(notice: NoticeRecord) -> str:
    return f"notice:{notice.id}"


def send_notices(workspace: Workspace, notices: Sequence[NoticeRecord], actor: str) -> NoticeSending:
    """Send what goes by mail and was not sent. Raises Refused in a drill.

    Nothing goes to a contact that was dead when tried: that would stop a clock though nobody was told. A
    letter that the server does not take lies in the outbox and goes with the next call; it is sent,
    and its clock met, only when the server took it.
    """
    if workspace.drill:
        raise Refused("drill-sends-no-notice")
    sending = NoticeSending()
    dead = {contact.id for contact in load_contacts(workspace).values() if contact.dead}
    post = MailService(workspace.journal, workspace.content, workspace.settings)
    for notice in notices:
        draft = draft_from_bytes(workspace.content.get(notice.content))
        if notice.sent:
            continue
        if draft.channel != "mail" or not draft.mail or notice.contact in dead:
            sending.by_hand.append(notice.id)
            continue
        letter = letter_of(workspace, notice)
        with workspace.journal.write(actor) as pen:
            post.queue(pen, letter)
            _supersede(pen, notice, letter.id)
    sending.reason = post.deliver(actor).reason
    sending.sent = note_delivered(workspace, actor)
    waiting = {row.mail for row in workspace.journal.rows(_waiting())}
    sending.waiting = [notice.id for notice in notices if _mail_id(notice) in waiting]
    return sending


def _supersede(pen: Pen, notice: NoticeRecord, by: str) -> None:
    """An older draft of this notice that still waits would go as well, once a server is there, and tell
    what is outdated; one to an address that was corrected since would wait for ever."""
    for old in notices_of(pen.rows, notice.id.split("/", maxsplit=1)[0]):
        same = (old.template, old.contact) == (notice.template, notice.contact)
        if not same or old.sent or old.drafted >= notice.drafted:
            continue
        _withdraw(pen, old, by)


def _withdraw(pen: Pen, notice: NoticeRecord, by: str) -> bool:
    """Its mail does not go any more. False if none waits, or an attempt is in the air."""
    column, mail = MAIL.c, _mail_id(notice)
    idle = sa.and_(column.accepted == "[]", column.until <= clock.text())
    if not pen.rows(_waiting().where(column.mail == mail, idle)):
        return False
    pen.append(MailSuperseded(mail=mail, by=by), f"mail/{mail}", f"mail.superseded:{mail}")
    return True


def take_back(workspace: Workspace, notice: NoticeRecord, actor: str) -> bool:
    """A person told in writing what waits for the mail server, perhaps with the outbox's own copy: it
    does not go a second time. Returns whether one waited. After a call the mail still goes."""
    if not notice.sent or notice.how == "call":
        return False
    with workspace.journal.write(actor) as pen:
        waited = _withdraw(pen, notice, notice.id)
    if waited:
        MailService(workspace.journal, workspace.content, workspace.settings).tidy()
    return waited


def _waiting() -> sa.Select[tuple[str]]:
    return sa.select(MAIL.c.mail).where(MAIL.c.waiting != "[]")


def _mail_id(notice: NoticeRecord) -> str:
    return sha256(_key(notice).encode()).hexdigest()[:24]


def note_delivered(workspace: Workspace, actor: str) -> list[str]:
    """Write down as sent what the mail server took, whoever had the post deliver it. Returns their
    ids."""
    query = sa.select(MAIL.c.mail, MAIL.c.accepted).where(MAIL.c.waiting == "[]")
    delivered = {row.mail for row in workspace.journal.rows(query) if json.loads(row.accepted)}
    noted: list[str] = []
    for notice in unsent_notices(workspace.journal.rows):
        mail = _mail_id(notice)
        if mail in delivered:
            body = NoticeSent(notice=notice.id, happened=_taken_at(workspace, mail), how="mail", mail=mail)
            if workspace.journal.append(body, f"notice/{notice.id}", actor, f"notice.sent:{notice.id}"):
                noted.append(notice.id)
    return noted


def _taken_at(workspace: Workspace, mail: str) -> str:
    """The moment at which the server took it, which is when it was told."""
    for event in workspace.journal.events(kind=MailAnswered.kind, subject=f"mail/{mail}"):
        body = event.said
        if isinstance(body, MailAnswered) and body.accepted:
            return event.at
    raise JournalBroken("notice-mail-not-accepted", mail=mail)
