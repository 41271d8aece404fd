"""A real SMTP server on loopback: STARTTLS with a certificate of its own, a login, and recipients
that it refuses."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "continuity", "a mail password"


@dataclass
class MailServer:
    """What arrived, and how the server behaves: `refused` address -> answer, `breaks` cuts the line
    in the middle of a letter, `hangs_up_at` only in those with that subject, `busy` answers the letter
    itself with that."""

    port: int = 0
    certificate: Path = Path()
    refused: dict[str, str] = field(default_factory=dict)
    busy: str = ""
    breaks: bool = False
    hangs_up_at: str = ""
    received: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    logins: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        message = cast("EmailMessage", message_from_bytes(cast(bytes, envelope.content), policy=policy.default))
        breaks = self.breaks or bool(self.hangs_up_at and message["Subject"] == self.hangs_up_at)
        if breaks:
            server.transport.close()
        if breaks or self.busy:
            return self.busy
        sealed = session.ssl or server.transport.get_extra_info("ssl_object")
        assert sealed, "a letter came in the clear"
        self.received.append((list(envelope.rcpt_tos), message))
        return "250 taken"

    def authenticate(self, *given: Any) -> AuthResult:
        data = cast("LoginPassword", given[-1])
        self.logins += 1
        success = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=success, handled=False)

    def settings(self, folder: Path, recipients: str) -> str:
        """The `[mail]` table of a home that uses this server."""
        (folder / "mail-password").write_text(PASSWORD)
        return f"""
[mail]
server = "127.0.0.1"
port = {self.port}
user = "{USER}"
password_file = "{folder}/mail-password"
ca_file = "{self.certificate}"
sender = "continuity@harborvance.example"
timeout_seconds = 5
recipients = {recipients}
"""


@contextmanager
def mail_server(folder: Path, port: int = 0, *, tls: bool = False) -> Iterator[MailServer]:
    """Runs while the block does. `tls`: from the first byte, without STARTTLS."""
    state = MailServer(port or _free_port(), folder / "mail-server.pem")
    if not state.certificate.exists():
        _certify(state.certificate)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(state.certificate)
    ways: dict[str, Any] = {"tls_context": context, "require_starttls": True}
    if tls:
        ways = {"ssl_context": context, "auth_require_tls": False}
    controller = Controller(
        state, hostname="127.0.0.1", port=state.port, auth_required=True, authenticator=state.authenticate, **ways
    )
    controller.start()
    try:
        yield state
    finally:
        controller.stop()


def _certify(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
