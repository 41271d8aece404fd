"""Private values in letters. The stored letter holds an alias for each value that it declares: only
these are opened, and only in what is handed to the mail server. The copy that a person sees masks them."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Mapping
from email.message import EmailMessage

from tasks.security.api import REFERENCE_PREFIX

REFERENCE = re.compile(r"~[0-9A-Z]{11}(?![0-9A-Z])")
MASK = "***-**-****"
_ALPHABET = string.ascii_uppercase + string.digits


def private_alias() -> str:
    """A fresh stand-in for a reference, of the same form. It is random, so that no name, note or
    partner that somebody typed before can hold it."""
    return REFERENCE_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(11))


def opened(message: EmailMessage, private: Mapping[str, str], value: Callable[[str], str]) -> EmailMessage:
    """The message with the values of `private` (alias -> reference) in its texts; every other text
    of that form stays as it is. The message itself is changed. Raises what `value` raises."""
    return _replaced(message, lambda found: value(private[found]) if found in private else found)


def masked(message: EmailMessage) -> EmailMessage:
    """The message with everything that has the form of a reference hidden. Changes the message."""
    return _replaced(message, lambda found: MASK)


def _replaced(message: EmailMessage, value: Callable[[str], str]) -> EmailMessage:
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
