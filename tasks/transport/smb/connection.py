"""One encrypted SMB 3.1.1 connection with time limits of its own, and the requests that go over it.

The library's blocking calls have none that help (a silent server holds them for minutes), so every
answer is waited for with a limit, and a guard cuts the socket while a session is being set up.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import struct
import threading
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from smbprotocol.connection import Capabilities, Ciphers, Connection, Dialects
from smbprotocol.exceptions import LogonFailure, SMBAuthenticationError, SMBException, SMBResponseException
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    ImpersonationLevel,
    Open,
    ShareAccess,
    SMB2CloseRequest,
    SMB2CreateResponse,
)
from smbprotocol.session import Session
from smbprotocol.tree import TreeConnect

from tasks.core.errors import Exists, Missing, NoRight, StoreFault, StoreFull, StoreLost

# what goes wrong comes back as an error of ours; the library would print it besides
logging.getLogger("smbprotocol").setLevel(logging.CRITICAL)

REQUEST = 1 << 20  # the fastest size by far; the server's maximum of 8 MiB is three times slower
DEPTH = 4
_CREDITS = 16 * (DEPTH + 2)  # a request of 1 MiB costs sixteen
READ_DATA, WRITE_DATA, APPEND, LIST = 0x1, 0x2, 0x4, 0x1
READ_ATTRIBUTES, WRITE_ATTRIBUTES, DELETE = 0x80, 0x100, 0x10000
ALL_SHARES = ShareAccess.FILE_SHARE_READ | ShareAccess.FILE_SHARE_WRITE | ShareAccess.FILE_SHARE_DELETE
T = TypeVar("T")

_EXISTS = {0xC0000035}
_MISSING = {0xC0000034, 0xC000003A, 0xC000000F}
_DENIED = {0xC0000022, 0xC00000A2, 0xC0000061, 0xC00000BA, 0xC0000121}
_FULL = {0xC000007F, 0xC0000044, 0xC0000802}
_LOGON = {0xC000006D, 0xC000006E, 0xC0000064, 0xC000006A}
_ACCOUNT = {
    0xC0000071: "share-password-expired",
    0xC0000224: "share-password-change-due",
    0xC0000234: "share-account-locked",
    0xC0000072: "share-account-disabled",
    0xC0000193: "share-account-expired",
    0xC000006F: "share-account-wrong-hour",
    0xC0000070: "share-account-wrong-machine",
    0xC000015B: "share-account-not-remote",
}
_NO_SHARE = 0xC00000CC


@dataclass(frozen=True)
class SmbPlace:
    """Where a share is and who asks. `timeout` in seconds, for each answer."""

    server: str
    share: str
    user: str
    password: str = field(repr=False)
    folder: str = ""
    port: int = 445
    timeout: float = 30.0
    auth: str = "negotiate"

    @property
    def label(self) -> str:
        port = "" if self.port == 445 else f":{self.port}"
        return f"//{self.server}{port}/{self.share}" + (f"/{self.folder}" if self.folder else "")


def as_fault(error: Exception, what: str) -> StoreFault:
    """Our own error for one of the protocol's."""
    if isinstance(error, StoreFault):
        return error
    if isinstance(error, SMBAuthenticationError | LogonFailure):
        return NoRight("share-login-refused", subject=what)
    if isinstance(error, SMBResponseException):
        status = error.status & 0xFFFFFFFF
        if status in _ACCOUNT:  # trying on would not help, and lock the account for longer
            return NoRight(_ACCOUNT[status], subject=what)
        if status in _EXISTS:
            return Exists("share-item-already-exists", subject=what)
        if status in _MISSING:
            return Missing("share-item-missing", subject=what)
        if status in _DENIED:
            return NoRight("share-access-denied", subject=what)
        if status in _FULL:
            return StoreFull("share-full", subject=what)
        if status in _LOGON:
            return NoRight("share-login-refused", subject=what)
        if status == _NO_SHARE:
            return StoreLost("share-name-unknown", subject=what)
        return StoreLost("share-server-error", subject=what, status=status)
    return StoreLost("share-call-failed", subject=what, reason=error)


def _limit_sends(sock: socket.socket, seconds: float) -> None:
    """The library sends without limit: a frozen server would hold a send for ever. A limit of the
    system, not of Python's: that one makes every send a partial one, and the library copies."""
    limit = struct.pack("ll", int(seconds), 0)
    if os.name == "nt":
        limit = struct.pack("L", int(seconds * 1000))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * REQUEST)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class SmbConnection:
    """One connection, session and share. Used by one thread at a time."""

    def __init__(self, target: SmbPlace) -> None:
        self.target = target
        self.connection = Connection(uuid.uuid4(), target.server, target.port, require_signing=True)
        # read by the receiving thread: a silent server is asked once, then given up
        self.connection._receive_timeout = max(1, int(target.timeout / 2))
        try:
            self._connect()
        except (SMBException, OSError, ValueError) as error:
            self.close()
            raise as_fault(error, f"connect to {target.label}") from error

    def _connect(self) -> None:
        target, connection = self.target, self.connection
        connection.connect(
            Dialects.SMB_3_1_1,
            timeout=int(target.timeout),
            preferred_encryption_algos=[Ciphers.AES_256_GCM, Ciphers.AES_128_GCM],
        )
        self._sock: Any = connection.transport._sock  # type: ignore[union-attr]
        _limit_sends(self._sock, target.timeout)
        self.session = Session(
            connection,
            target.user,
            target.password,
            require_encryption=True,
            auth_protocol=target.auth,  # type: ignore[arg-type]
        )
        share = rf"\\{target.server}\{target.share}"
        self.tree = TreeConnect(self.session, share)
        with self._guard():
            self.session.connect()
            self.tree.connect()
        connection.client_capabilities &= ~Capabilities.SMB2_GLOBAL_CAP_DFS
        self._ask_credits()

    @contextmanager
    def _guard(self) -> Generator[None, None, None]:
        """Cut the socket when the time is up: these calls of the library wait without limit."""
        timer = threading.Timer(self.target.timeout, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Drop the connection without waiting for anybody."""
        self._cut()
        with contextlib.suppress(SMBException, OSError, AttributeError):
            self.connection.disconnect(close=False)

    # -- requests

    def credits(self) -> int:
        window = self.connection.sequence_window
        return window["high"] - window["low"]

    def _ask_credits(self) -> None:
        for _ in range(8):
            if self.credits() >= _CREDITS:
                return
            session, limit = self.session.session_id or 0, int(self.target.timeout)
            self.connection.echo(session, timeout=limit, credit_request=1024)

    def send(self, message: Any, charge: int = 1) -> Any:
        return self.connection.send(
            message, self.session.session_id, self.tree.tree_connect_id, credit_request=max(1, charge)
        )

    def receive(self, request: Any) -> Any:
        return self.connection.receive(request, timeout=self.target.timeout, resolve_symlinks=False)

    def ask(self, message: Any) -> Any:
        return self.receive(self.send(message))

    def open(
        self,
        path: str,
        access: int,
        disposition: int = CreateDisposition.FILE_OPEN,
        options: int = CreateOptions.FILE_NON_DIRECTORY_FILE,
        share: int = ALL_SHARES,
        attributes: int = 0,
    ) -> Open:
        handle = Open(self.tree, path)
        messages: Any = handle.create(
            ImpersonationLevel.Impersonation, access, attributes, share, disposition, options, send=False
        )
        answer = SMB2CreateResponse()
        answer.unpack(self.ask(messages[0])["data"].get_value())
        handle.file_id = answer["file_id"].get_value()
        handle.end_of_file = answer["end_of_file"].get_value()
        handle.last_write_time = answer["last_write_time"].get_value()
        return handle

    def finish(self, handle: Open) -> None:
        """Close a handle; the server's word that all went well belongs to a write."""
        message = SMB2CloseRequest()
        message["file_id"] = handle.file_id
        self.ask(message)

    def pump(self, messages: Iterable[tuple[Any, int]], answered: Callable[[Any], None]) -> None:
        """Send requests with several under way at once, never more than there are credits for."""
        waiting: deque[Any] = deque()
        for message, charge in messages:
            while waiting and (len(waiting) >= DEPTH or self.credits() < charge):
                answered(self.receive(waiting.popleft()))
            if self.credits() < charge:
                self._ask_credits()
            waiting.append(self.send(message, charge))
        while waiting:
            answered(self.receive(waiting.popleft()))
