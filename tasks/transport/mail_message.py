"""A letter as it is written, before anybody knows to which addresses it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import policy, utils
from email.message import EmailMessage
from hashlib import sha256

from tasks.core import clock
from tasks.core.settings import BrokerSettings, Settings
from tasks.transport.settings import MailSettings


@dataclass(frozen=True)
class MailAttachment:
    """A file of a letter; `type` is a media type with parameters, `text/calendar; method=PUBLISH`."""

    name: str
    data: bytes
    type: str = "application/octet-stream"


@dataclass(frozen=True)
class MailLetter:
    """`key` names what is told: a second letter with it is never queued. `to`: roles of the
    settings' `[mail.recipients]`, or addresses. `html` may be empty. `private`: the private values
    that it shows to whom it goes, as aliases of `mail_private.alias` in its texts -> references."""

    key: str
    to: Sequence[str]
    title: str
    text: str
    html: str = ""
    attachments: Sequence[MailAttachment] = ()
    private: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return sha256(self.key.encode()).hexdigest()[:24]


def composed(letter: MailLetter, settings: Settings) -> EmailMessage:
    """The message without its recipients, which the settings name when it is sent."""
    message = EmailMessage(policy=policy.SMTP)
    sender = settings(MailSettings).sender
    if sender:
        message["From"] = utils.formataddr((one_line(settings(BrokerSettings).name), sender))
    message["Subject"] = one_line(letter.title)
    message["Date"] = utils.format_datetime(clock.now())
    domain = sender.partition("@")[2] or "continuity.invalid"
    message["Message-ID"] = f"<{letter.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    for one in letter.attachments:
        _attach(message, one)
    return message


def _attach(message: EmailMessage, one: MailAttachment) -> None:
    kind, _, parameters = one.type.partition(";")
    main, _, sub = kind.strip().partition("/")
    given = dict(part.strip().split("=", 1) for part in parameters.split(";") if "=" in part)
    message.add_attachment(one.data, maintype=main, subtype=sub, filename=one.name, params=given)


def one_line(text: str) -> str:
    """A header is one line: what somebody wrote into a name cannot begin another."""
    return " ".join(text.split())
