"""A letter as it is written, before its addresses are known.

The stored letter holds an alias for each private value that it declares: only these are opened, and only in
what is handed to the mail server. The copy that a person sees masks them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email import policy, utils
from email.message import EmailMessage
from hashlib import sha256

from tasks.core import clock
from tasks.core.settings import BrokerSettings, Settings
from tasks.core.ssn import HIDDEN_TEXT
from tasks.security.api import random_reference
from tasks.transport.settings import MailSettings


@dataclass(frozen=True)
class MailAttachment:
    """A file of a letter; `type` is a media type with parameters, `text/calendar; method=PUBLISH`."""

    name: str
    data: bytes
    type: str = "application/octet-stream"


@dataclass(frozen=True)
class MailLetter:
    """`key` names the occasion: a second letter with it is never queued. `to`: roles of the
    settings' `[mail.recipients]`, or addresses. `html` may be empty. `private`: the private values
    that it shows to whom it goes, as aliases (`private_alias`) in its texts -> references."""

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
    for attachment in letter.attachments:
        _attach(message, attachment)
    return message


def _attach(message: EmailMessage, attachment: MailAttachment) -> None:
    kind, _, parameters = attachment.type.partition(";")
    main, _, sub = kind.strip().partition("/")
    params = dict(part.strip().split("=", 1) for part in parameters.split(";") if "=" in part)
    message.add_attachment(attachment.data, maintype=main, subtype=sub, filename=attachment.name, params=params)


def one_line(text: str) -> str:
    """A header is one line: what somebody wrote into a name cannot begin another."""
    return " ".join(text.split())


_REFERENCE = re.compile(r"~[0-9A-Z]{11}(?![0-9A-Z])")


def private_alias() -> str:
    """A fresh stand-in for a reference, of the same form. It is random, so that no name, note or
    partner that somebody typed before can hold it."""
    return random_reference()


def with_private_values(message: EmailMessage, private: Mapping[str, str], value: Callable[[str], str]) -> EmailMessage:
    """The message with the values of `private` (alias -> reference) in its texts; every other text
    of that form stays as it is. The message itself is changed. Raises what `value` raises."""
    return _replaced(message, lambda alias: value(private[alias]) if alias in private else alias)


def masked_message(message: EmailMessage) -> EmailMessage:
    """The message with everything that has the form of a reference hidden. Changes the message."""
    return _replaced(message, lambda reference: HIDDEN_TEXT)


def _replaced(message: EmailMessage, value: Callable[[str], str]) -> EmailMessage:
    for part in message.walk():
        if part.get_content_maintype() != "text" or not isinstance(part, EmailMessage):
            continue
        text = part.get_content()
        if _REFERENCE.search(text):
            name, disposition = part.get_filename(), part.get_content_disposition()
            subtype = part.get_content_subtype()
            replaced = _REFERENCE.sub(lambda match: value(match[0]), text)
            if disposition:
                part.set_content(replaced, subtype=subtype, disposition=disposition, filename=name)
            else:
                part.set_content(replaced, subtype=subtype)
    return message
