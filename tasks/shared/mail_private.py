"""Private values in letters: the stored letter holds references, which are opened only in what is handed
to the mail server, and masked in the copy that a person sees."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage

REFERENCE = re.compile(r"~[0-9A-Z]{11}(?![0-9A-Z])")
MASK = "***-**-****"


def replaced(message: EmailMessage, value: Callable[[str], str]) -> EmailMessage:
    """The message with each reference in its texts replaced; the message itself is changed."""
    for part in message.walk():
        if part.get_content_maintype() != "text" or not isinstance(part, EmailMessage):
            continue
        words = part.get_content()
        if REFERENCE.search(words):
            name, place = part.get_filename(), part.get_content_disposition()
            subtype = part.get_content_subtype()
            fresh = REFERENCE.sub(lambda found: value(found[0]), words)
            if place:
                part.set_content(fresh, subtype=subtype, disposition=place, filename=name)
            else:
                part.set_content(fresh, subtype=subtype)
    return message


def masked(message: EmailMessage) -> EmailMessage:
    return replaced(message, lambda reference: MASK)
