"""SMTP, always with TLS and a checked certificate. One connection carries many letters."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage

from tasks.core.errors import LetterFault, MailUndelivered
from tasks.transport.settings import MailSettings

PERMANENT, CLOSING = 500, 421


@contextmanager
def connection(settings: MailSettings) -> Generator[smtplib.SMTP, None, None]:
    """A session that is encrypted and logged in. Raises MailUndelivered, saying why not."""
    try:
        server = _open_session(settings)
    except (OSError, smtplib.SMTPException, ValueError) as wrong:
        facts = {"server": settings.server, "port": settings.port, "reason": _error_text(wrong)}
        if security := _other_security(settings, wrong):
            raise MailUndelivered("mail-security-mismatch", **facts, other=security) from wrong
        raise MailUndelivered("mail-server-not-reachable", **facts) from wrong
    try:
        yield server
    finally:
        server.close()


def _other_security(settings: MailSettings, wrong: Exception) -> str:
    """The other kind of TLS, where the two sides did not understand each other; else empty."""
    if settings.security == "tls" and isinstance(wrong, ssl.SSLError):
        mismatch, security = wrong.reason == "WRONG_VERSION_NUMBER", "starttls"
    else:
        mismatch, security = isinstance(wrong, smtplib.SMTPServerDisconnected), "tls"
    return security if mismatch and security != settings.security else ""


def _open_session(settings: MailSettings) -> smtplib.SMTP:
    trust = ssl.create_default_context(cafile=settings.ca_file)
    where = (settings.server, settings.port)
    if settings.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=settings.timeout_seconds, context=trust)
    else:
        server = smtplib.SMTP(*where, timeout=settings.timeout_seconds)
    try:
        if settings.security == "starttls":
            server.starttls(context=trust)
        if settings.user and settings.password_file:
            server.login(settings.user, settings.password_file.read_text(encoding="utf-8").strip())
    except BaseException:
        server.close()
        raise
    return server


def hand_over(
    server: smtplib.SMTP, message: EmailMessage, sender: str, to: Sequence[str]
) -> dict[str, tuple[int, str]]:
    """Give one letter to the server. Returns the addresses it refused: code and reason.

    Raises LetterFault if the server does not take this letter (its size, its sender, an address in
    a coding that it does not know), MailUndelivered if it says that it closes the line: it was not
    sent. Any other error (a connection that breaks) leaves it open whether it was.
    """
    try:
        refused = server.send_message(message, sender, list(to))
    except smtplib.SMTPRecipientsRefused as none_taken:
        refused = none_taken.recipients
    except smtplib.SMTPDataError as no:
        refused = dict.fromkeys(to, (no.smtp_code, no.smtp_error))
    except smtplib.SMTPSenderRefused as no:
        # The size of the letter goes with the sender: 552 to it is a fault of this letter.
        kind = MailUndelivered if no.smtp_code == CLOSING else LetterFault
        raise kind("mail-sender-not-taken", sender=sender, status=no.smtp_code, reason=_decoded(no.smtp_error)) from no
    except (smtplib.SMTPNotSupportedError, ValueError) as no:
        raise LetterFault("letter-not-accepted", reason=_error_text(no)) from no
    closing = [_decoded(why) for code, why in refused.values() if code == CLOSING]
    if closing:
        # The library hung up as well: no other letter can go by this line.
        raise MailUndelivered("mail-connection-closed", status=CLOSING, reason=closing[0])
    return {address: (code, _decoded(why)) for address, (code, why) in refused.items()}


def _error_text(wrong: Exception) -> str:
    if isinstance(wrong, smtplib.SMTPResponseException):
        return f"{wrong.smtp_code} {_decoded(wrong.smtp_error)}"
    return str(wrong) or type(wrong).__name__


def _decoded(text: bytes | str) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text
