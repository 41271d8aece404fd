"""A folder on an SMB share as a store: SMB 3.1.1, encrypted, without any mount."""

from __future__ import annotations

import contextlib
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from smbprotocol.exceptions import NoMoreFiles, SMBException, SMBResponseException
from smbprotocol.file_info import FileInformationClass
from smbprotocol.open import (
    CreateDisposition,
    CreateOptions,
    Open,
    SMB2QueryDirectoryResponse,
    SMB2ReadResponse,
    SMB2WriteResponse,
)

from tasks.core.errors import Exists, Missing, StoreLost
from tasks.transport.smb.connection import (
    APPEND,
    LIST,
    READ_ATTRIBUTES,
    READ_DATA,
    REQUEST,
    WRITE_DATA,
    SmbConnection,
    SmbPlace,
    as_fault,
)

Buffer = bytes | bytearray | memoryview


@dataclass(frozen=True, order=True)
class StoreItem:
    """One object: name within its folder, bytes, and the store's own time of its last change."""

    name: str
    size: int
    modified: float


T = TypeVar("T")
_ENTRY = struct.Struct("<II8x8xQ8xQ8xII")  # MS-FSCC 2.4.10 FileDirectoryInformation
_FOLDER, _LINK = 0x10, 0x400
_EPOCH = 116_444_736_000_000_000  # 1970 in units of 100 ns since 1601
_LISTING = 1 << 20


class SmbStore:
    """Objects are files below `place.folder`. Each is flushed before `create` returns.

    A connection that fails is dropped, never repaired; the next call makes a new one. Calls from
    several threads use a connection each.
    """

    stride = 16 << 20

    def __init__(self, target: SmbPlace) -> None:
        self.target = target
        self.label = target.label
        self._idle: list[SmbConnection] = []
        self._lock = threading.Lock()

    def with_link(self, what: str, call: Callable[[SmbConnection], T]) -> T:
        """Run a call on an idle or new connection. Only answers of the server keep it alive."""
        with self._lock:
            link = self._idle.pop() if self._idle else None
        link = link or SmbConnection(self.target)
        try:
            result = call(link)
        except SMBResponseException as error:
            self._give_back(link)
            raise as_fault(error, f"{what} on {self.label}") from error
        except (Exists, Missing):
            self._give_back(link)
            raise
        except (SMBException, OSError, ValueError, KeyError) as error:
            link.close()
            raise StoreLost("share-connection-failed", subject=what, label=self.label, reason=error) from error
        except BaseException:
            link.close()
            raise
        self._give_back(link)
        return result

    def _give_back(self, link: SmbConnection) -> None:
        with self._lock:
            self._idle.append(link)

    def path(self, name: str) -> str:
        path = f"{self.target.folder}/{name}" if name else self.target.folder
        return path.strip("/").replace("/", "\\")

    # -- the four verbs

    def create(self, name: str, parts: Sequence[Buffer]) -> None:
        def call(link: SmbConnection) -> None:
            handle = self._open_new(link, name)
            try:
                counts: list[int] = []
                link.pump(_writes(handle, parts), lambda answer: counts.append(_bytes_written(answer)))
                _require_all(sum(counts), sum(memoryview(part).nbytes for part in parts))
                message, _ = handle.flush(send=False)
                link.ask(message)
            except SMBResponseException:
                with contextlib.suppress(SMBException):
                    link.finish(handle)
                raise
            link.finish(handle)

        self.with_link(f"create {name}", call)

    def _open_new(self, link: SmbConnection, name: str) -> Open:
        access = WRITE_DATA | APPEND | READ_ATTRIBUTES
        for attempt in range(2):
            try:
                return link.open(self.path(name), access, CreateDisposition.FILE_CREATE, share=0)
            except SMBResponseException as error:
                fault = as_fault(error, f"create {name}")
                if attempt or not isinstance(fault, Missing):
                    raise
                self._make(link, name.rpartition("/")[0])
        raise AssertionError("unreachable")

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        def call(link: SmbConnection) -> bytes:
            handle = link.open(self.path(name), READ_DATA | READ_ATTRIBUTES)
            try:
                left = max(0, (handle.end_of_file or 0) - offset)
                return _read(link, handle, offset, left if length is None else min(left, length))
            finally:
                link.finish(handle)

        return self.with_link(f"read {name}", call)

    def list(self, folder: str) -> list[StoreItem]:
        entries = self._entries(folder)
        return sorted(entry for entry, kind in entries if not kind & (_FOLDER | _LINK))

    def folders(self, folder: str) -> list[str]:
        return sorted(entry.name for entry, kind in self._entries(folder) if kind & _FOLDER)

    def _entries(self, folder: str) -> list[tuple[StoreItem, int]]:
        def call(link: SmbConnection) -> list[tuple[StoreItem, int]]:
            try:
                handle = link.open(self.path(folder), LIST | READ_ATTRIBUTES, options=CreateOptions.FILE_DIRECTORY_FILE)
            except SMBResponseException as error:
                if isinstance(as_fault(error, folder), Missing):
                    return []
                raise
            try:
                return _listing(link, handle)
            finally:
                link.finish(handle)

        return self.with_link(f"list {folder}", call)

    def stat(self, name: str) -> StoreItem:
        def call(link: SmbConnection) -> StoreItem:
            handle = link.open(self.path(name), READ_ATTRIBUTES, options=0)
            link.finish(handle)
            last = name.rpartition("/")[2]
            written = handle.last_write_time
            return StoreItem(last, handle.end_of_file or 0, written.timestamp() if written else 0.0)

        return self.with_link(f"look at {name}", call)

    def make_folder(self, name: str) -> None:
        self.with_link(f"make the folder {name}", lambda link: self._make(link, name))

    def _make(self, link: SmbConnection, name: str) -> None:
        parts = self.path(name).split("\\")
        for count in range(1, len(parts) + 1):
            try:
                handle = link.open(
                    "\\".join(parts[:count]),
                    READ_ATTRIBUTES,
                    CreateDisposition.FILE_OPEN_IF,
                    CreateOptions.FILE_DIRECTORY_FILE,
                )
                link.finish(handle)
            except SMBResponseException:
                if count == len(parts):
                    raise  # above, a folder may be closed to us and yet be there

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for link in idle:
            link.close()


def _writes(handle: Open, parts: Sequence[Buffer]) -> Iterator[tuple[Any, int]]:
    offset = 0
    for part in parts:
        view = memoryview(part)
        for start in range(0, len(view), REQUEST):
            piece = bytes(view[start : start + REQUEST])
            message, _ = handle.write(piece, offset, send=False)
            offset += len(piece)
            yield message, -(-len(piece) // 65536)


def _bytes_written(response: Any) -> int:
    """How many bytes the server took of one request."""
    answer = SMB2WriteResponse()
    answer.unpack(response["data"].get_value())
    return int(answer["count"].get_value())


def _require_all(written: int, sent: int) -> None:
    """No server may take more of a request than it holds, so the sum is proof for each. Raises StoreLost
    where a file has a hole or lacks its end: it was not created."""
    if written != sent:
        raise StoreLost("share-write-incomplete", taken=written, sent=sent)


def _read(link: SmbConnection, handle: Open, offset: int, length: int) -> bytes:
    pieces: list[bytes] = []

    def messages() -> Iterator[tuple[Any, int]]:
        for start in range(offset, offset + length, REQUEST):
            size = min(REQUEST, offset + length - start)
            yield handle.read(start, size, send=False)[0], -(-size // 65536)

    def answered(response: Any) -> None:
        answer = SMB2ReadResponse()
        answer.unpack(response["data"].get_value())
        pieces.append(answer["buffer"].get_value())

    link.pump(messages(), answered)
    content = b"".join(pieces)
    if len(content) != length:
        raise StoreLost("file-shrank-while-read", file_name=handle.file_name)
    return content


def _listing(link: SmbConnection, handle: Open) -> list[tuple[StoreItem, int]]:
    entries: list[tuple[StoreItem, int]] = []
    while True:
        message, _ = handle.query_directory(
            "*", FileInformationClass.FILE_DIRECTORY_INFORMATION, max_output=_LISTING, send=False
        )
        try:
            response = link.receive(link.send(message, 16))
        except NoMoreFiles:
            return entries
        answer = SMB2QueryDirectoryResponse()
        answer.unpack(response["data"].get_value())
        entries += _parse_listing(answer["buffer"].get_value())


def _parse_listing(data: bytes) -> Iterator[tuple[StoreItem, int]]:
    at, following = 0, 1
    while following and data:
        following, _, written, size, kind, length = _ENTRY.unpack_from(data, at)
        start = at + _ENTRY.size
        name = data[start : start + length].decode("utf-16-le", "replace")
        if name not in (".", ".."):
            yield StoreItem(name, size, (written - _EPOCH) / 1e7), kind
        at += following
