"""Opening packs: header, directory and frames, each held against its bounds: its maker may be hostile."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from tasks.backup.faults import Damaged, ForeignRepository, NewerFormat, WrongKey
from tasks.backup.objects import FORMAT, inflate
from tasks.backup.pack import (
    END,
    MAGIC,
    MOST_PLAIN,
    RAW,
    START,
    TAG,
    TRAILER,
    ZSTD,
    Frame,
    directory_bond,
    frame_bond,
    nonce,
    sealing_info,
)
from tasks.backup.sealing import unseal

HEAD_GUESS, TAIL_GUESS = 8192, 65536
# Both are bounded before they are parsed: anybody can seal a pack to the public keys of a config. A header
# holds 2 KiB for each recipient, a directory 16,384 blobs of 75 bytes.
MOST_HEADER, MOST_DIRECTORY = 1 << 18, 8 << 20
ReadRange = Callable[[int, int], bytes]
_Row = tuple[int, int, int, int, list[tuple[str, int]]]  # as written down in README.md


class _Directory(msgspec.Struct):
    frames: list[_Row]


_decode_directory = msgspec.json.Decoder(_Directory).decode


class _Own(threading.local):
    """Room of each thread for what lies between opening and expanding: making it anew would cost
    as much as opening."""

    def __init__(self) -> None:
        self._buffer = bytearray(1 << 20)

    def room(self, size: int) -> memoryview:
        if len(self._buffer) < size:
            self._buffer = bytearray(size)
        return memoryview(self._buffer)[: max(0, size)]


_own = _Own()


@dataclass
class PackReader:
    """A pack opened with a private key: its directory, and frames on demand."""

    repository: str
    salt: str
    frames: list[Frame]
    cipher: AESGCM

    def plain(self, counter: int, stored: bytes | memoryview) -> bytes:
        """Open one frame. Raises Damaged."""
        frame = self.frames[counter]
        bond = frame_bond(self.repository, self.salt, [name for name, _ in frame.blobs])
        try:
            if frame.method == ZSTD:
                small = _own.room(len(stored) - TAG)
                self.cipher.decrypt_into(nonce(counter), stored, bond, small)
                data = inflate(small, frame.plain)
            else:
                data = self.cipher.decrypt(nonce(counter), stored, bond)
        except (InvalidTag, ValueError):
            raise Damaged("frame-not-decryptable", counter=counter) from None
        if len(data) != frame.plain:
            raise Damaged("frame-length-wrong", counter=counter)
        return data


def open_pack(
    read: ReadRange, size: int, repository: str, private: MLKEM768X25519PrivateKey, own: str
) -> PackReader:
    """Read header and directory. `own` is the key id of `private`.

    Raises Damaged, WrongKey (sealed to others only), ForeignRepository, NewerFormat.
    """
    header = _read_header(read, size)
    head = _parse(header)
    version = head.get("format")
    if not isinstance(version, int) or version > FORMAT:
        raise NewerFormat("pack-format-unsupported", version=version, format=FORMAT)
    if head.get("repository") != repository:
        raise ForeignRepository("pack-of-another-repository")
    try:
        salt = str(head["salt"])
        sealed = {entry["to"]: base64.b64decode(entry["key"]) for entry in head["sealed"]}
        info = sealing_info(repository, salt)
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged("pack-header-invalid", reason=error) from error
    if own not in sealed:
        raise WrongKey("pack-sealed-to-other-key", sealed=", ".join(sealed))
    key = unseal(sealed[own], private, info)
    if len(key) != 32:
        raise Damaged("pack-sealed-key-length-wrong")
    cipher = AESGCM(key)
    return PackReader(repository, salt, _read_directory(read, size, header, cipher), cipher)


def _read_header(read: ReadRange, size: int) -> bytes:
    if size < START.size + TRAILER.size:
        raise Damaged("pack-too-short")
    start = read(0, min(HEAD_GUESS, size))
    if len(start) < START.size:
        raise Damaged("pack-header-truncated")
    magic, length = START.unpack_from(start)
    if magic != MAGIC or length > min(MOST_HEADER, size):
        raise Damaged("pack-header-not-found")
    if len(start) < START.size + length:
        start = read(0, START.size + length)
    return start[START.size : START.size + length]


def _parse(header: bytes) -> dict[str, Any]:
    try:
        head = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise Damaged("pack-header-invalid", reason=error) from error
    if not isinstance(head, dict):
        raise Damaged("pack-header-not-an-object")
    return head


def _read_directory(read: ReadRange, size: int, header: bytes, cipher: AESGCM) -> list[Frame]:
    guess = min(TAIL_GUESS, size)
    tail = read(size - guess, guess)
    if len(tail) != guess:
        raise Damaged("pack-shorter-than-listing")
    offset, length, count, end = TRAILER.unpack_from(tail, guess - TRAILER.size)
    if end != END or offset + length + TRAILER.size != size:
        raise Damaged("pack-trailer-truncated")
    if length > MOST_DIRECTORY:
        raise Damaged("pack-directory-too-large")
    if length + TRAILER.size > guess:
        tail = read(offset, length + TRAILER.size)
    sealed = tail[len(tail) - TRAILER.size - length : len(tail) - TRAILER.size]
    try:
        plain = cipher.decrypt(nonce(count), sealed, directory_bond(header, count))
        rows = inflate(plain, MOST_DIRECTORY)
        return [_frame(row, offset) for row in _decode_directory(rows).frames]
    except InvalidTag:
        raise Damaged("pack-directory-not-decryptable") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Damaged("pack-directory-invalid", reason=error) from error


def _frame(row: _Row, end: int) -> Frame:
    """One directory row, held against the bounds of the pack: its maker may be hostile."""
    offset, length, plain, method, blobs = row
    sizes = [(bytes.fromhex(name), size) for name, size in blobs]
    frame = Frame(offset, length, plain, method, sizes)
    inside = frame.offset > 0 and frame.length >= TAG and frame.offset + frame.length <= end
    lengths = [size for _, size in blobs]
    fits = min(lengths, default=0) >= 0 and sum(lengths) == frame.plain
    if not (inside and fits and frame.plain <= MOST_PLAIN and frame.method in (RAW, ZSTD)):
        raise ValueError("a frame lies outside the pack or expands too far")
    return frame
