"""Packs: sealed containers of frames that prove themselves. The layout is written down in README.md.

magic 8 | header length 4 | header | frame ... frame | sealed directory | trailer 24

Header, directory and frames are compared with their bounds when a pack is opened: its maker is not trusted.
"""

from __future__ import annotations

import base64
import json
import os
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from tasks.backup.faults import DamagedData, ForeignRepository, NewerFormat, WrongKey
from tasks.backup.format.sealing import seal, unseal
from tasks.backup.format.signed_objects import FORMAT, canonical_json, compress_content, compress_json, decompress
from tasks.security.api import seal_key_id

HEAD_GUESS, TAIL_GUESS = 8192, 65536
# Both are bounded before they are parsed: anybody can seal a pack to the public keys of a config. A header
# holds 2 KiB for each recipient, a directory 16,384 blobs of 75 bytes.
MOST_HEADER, MOST_DIRECTORY = 1 << 18, 8 << 20
ReadRange = Callable[[int, int], bytes]
_Row = tuple[int, int, int, int, list[tuple[str, int]]]  # as written down in README.md


class _Directory(msgspec.Struct):
    frames: list[_Row]


_decode_directory = msgspec.json.Decoder(_Directory).decode


class _UnpackBuffers(threading.local):
    """Buffers of each thread for what lies between opening and expanding: making it anew would cost
    as much as opening."""

    def __init__(self) -> None:
        self._buffer = bytearray(1 << 20)

    def reserve_bytes(self, size: int) -> memoryview:
        if len(self._buffer) < size:
            self._buffer = bytearray(size)
        return memoryview(self._buffer)[: max(0, size)]


_thread_buffers = _UnpackBuffers()


@dataclass
class PackReader:
    """A pack opened with a private key: its directory, and frames on demand."""

    repository: str
    salt: str
    frames: list[PackFrame]
    cipher: AESGCM

    def plain(self, counter: int, stored: bytes | memoryview) -> bytes:
        """Open one frame. Raises Damaged."""
        frame = self.frames[counter]
        bond = frame_bond(self.repository, self.salt, [name for name, _ in frame.blobs])
        try:
            if frame.method == ZSTD:
                small = _thread_buffers.reserve_bytes(len(stored) - TAG)
                self.cipher.decrypt_into(frame_nonce(counter), stored, bond, small)
                data = decompress(small, frame.plain)
            else:
                data = self.cipher.decrypt(frame_nonce(counter), stored, bond)
        except (InvalidTag, ValueError):
            raise DamagedData("frame-not-decryptable", counter=counter) from None
        if len(data) != frame.plain:
            raise DamagedData("frame-length-wrong", counter=counter)
        return data


def open_pack(
    read: ReadRange, size: int, repository: str, private: MLKEM768X25519PrivateKey, key_id: str
) -> PackReader:
    """Read header and directory. `key_id` is that of `private`.

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
        context = sealing_info(repository, salt)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedData("pack-header-invalid", reason=error) from error
    if key_id not in sealed:
        raise WrongKey("pack-sealed-to-other-key", sealed=", ".join(sealed))
    key = unseal(sealed[key_id], private, context)
    if len(key) != 32:
        raise DamagedData("pack-sealed-key-length-wrong")
    cipher = AESGCM(key)
    return PackReader(repository, salt, _read_directory(read, size, header, cipher), cipher)


def _read_header(read: ReadRange, size: int) -> bytes:
    if size < START.size + TRAILER.size:
        raise DamagedData("pack-too-short")
    start = read(0, min(HEAD_GUESS, size))
    if len(start) < START.size:
        raise DamagedData("pack-header-truncated")
    magic, length = START.unpack_from(start)
    if magic != MAGIC or length > min(MOST_HEADER, size):
        raise DamagedData("pack-header-not-found")
    if len(start) < START.size + length:
        start = read(0, START.size + length)
    return start[START.size : START.size + length]


def _parse(header: bytes) -> dict[str, Any]:
    try:
        head = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise DamagedData("pack-header-invalid", reason=error) from error
    if not isinstance(head, dict):
        raise DamagedData("pack-header-not-an-object")
    return head


def _read_directory(read: ReadRange, size: int, header: bytes, cipher: AESGCM) -> list[PackFrame]:
    guess = min(TAIL_GUESS, size)
    tail = read(size - guess, guess)
    if len(tail) != guess:
        raise DamagedData("pack-shorter-than-listing")
    offset, length, count, end = TRAILER.unpack_from(tail, guess - TRAILER.size)
    if end != END or offset + length + TRAILER.size != size:
        raise DamagedData("pack-trailer-truncated")
    if length > MOST_DIRECTORY:
        raise DamagedData("pack-directory-too-large")
    if length + TRAILER.size > guess:
        tail = read(offset, length + TRAILER.size)
    sealed = tail[len(tail) - TRAILER.size - length : len(tail) - TRAILER.size]
    try:
        plain = cipher.decrypt(frame_nonce(count), sealed, directory_bond(header, count))
        rows = decompress(plain, MOST_DIRECTORY)
        return [_frame(row, offset) for row in _decode_directory(rows).frames]
    except InvalidTag:
        raise DamagedData("pack-directory-not-decryptable") from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DamagedData("pack-directory-invalid", reason=error) from error


def _frame(row: _Row, end: int) -> PackFrame:
    """One directory row, held against the bounds of the pack: its maker is not trusted."""
    offset, length, plain, method, blobs = row
    sizes = [(bytes.fromhex(name), size) for name, size in blobs]
    frame = PackFrame(offset, length, plain, method, sizes)
    inside = frame.offset > 0 and frame.length >= TAG and frame.offset + frame.length <= end
    lengths = [size for _, size in blobs]
    fits = min(lengths, default=0) >= 0 and sum(lengths) == frame.plain
    if not (inside and fits and frame.plain <= MOST_PLAIN and frame.method in (RAW, ZSTD)):
        raise ValueError("a frame lies outside the pack or expands too far")
    return frame


MAGIC, END = b"CBKPACK1", b"CBKEND1\n"
TAG, TRAILER = 16, struct.Struct("<QII8s")
START = struct.Struct("<8sI")
RAW, ZSTD = 0, 1
PACK_BYTES = 32 << 20
MOST_BLOBS = 16384  # keeps a pack's directory below about 1.5 MB
MOST_PLAIN = 16 << 20  # no frame expands beyond this


def sealing_info(repository: str, salt: str) -> bytes:
    """Binds a sealed pack key to its repository and pack."""
    return b"continuity-backup/1/pack\n" + bytes.fromhex(repository) + bytes.fromhex(salt)


def frame_bond(repository: str, salt: str, ids: Sequence[bytes]) -> bytes:
    """Associated data of a frame: where it belongs and the ids that it holds."""
    return b"frame\n" + bytes.fromhex(repository) + bytes.fromhex(salt) + b"".join(ids)


def directory_bond(header: bytes, frames: int) -> bytes:
    return b"directory\n" + struct.pack("<I", frames) + header


def frame_nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "big")


def compress_frame(plain: memoryview) -> tuple[int, bytes | memoryview]:
    """Method and bytes to seal; data that does not shrink by 2 % is stored as it is."""
    small = compress_content(plain)
    if len(small) > len(plain) * 49 // 50:
        return RAW, plain
    return ZSTD, small


@dataclass
class PackFrame:
    """One sealed unit: `length` stored bytes at `offset` that open to `plain` bytes of blobs."""

    offset: int
    length: int
    plain: int
    method: int
    blobs: list[tuple[bytes, int]]

    def row(self) -> list[object]:
        blobs = [[name.hex(), size] for name, size in self.blobs]
        return [self.offset, self.length, self.plain, self.method, blobs]


@dataclass
class PackBuilder:
    """A pack in the making. Places are given out under a lock of the caller, filled without one."""

    repository: str
    header: bytes
    key: bytes
    salt: str
    buffer: bytearray
    bin: str = ""
    ordinal: int = 0
    frames: list[PackFrame] = field(default_factory=list)
    blobs: int = 0
    pending: int = 0
    closing: bool = False
    at: int = 0

    def __post_init__(self) -> None:
        start = START.pack(MAGIC, len(self.header)) + self.header
        self.buffer[: len(start)] = start
        self.at = len(start)
        self._cipher = AESGCM(self.key)

    def room_for(self, stored: int, blobs: int) -> bool:
        if not self.frames:
            return True
        return self.at + stored + TAG <= PACK_BYTES and self.blobs + blobs <= MOST_BLOBS

    def reserve(self, stored: int, plain: int, method: int, blobs: list[tuple[bytes, int]]) -> int:
        """Give out the next place; the counter is the nonce, so no two frames share one."""
        counter = len(self.frames)
        self.frames.append(PackFrame(self.at, stored + TAG, plain, method, blobs))
        self.at += stored + TAG
        self.blobs += len(blobs)
        self.pending += 1
        return counter

    def fill(self, counter: int, data: bytes | memoryview) -> None:
        frame = self.frames[counter]
        target = memoryview(self.buffer)[frame.offset : frame.offset + frame.length]
        bond = frame_bond(self.repository, self.salt, [name for name, _ in frame.blobs])
        self._cipher.encrypt_into(frame_nonce(counter), data, bond, target)

    def finish(self) -> list[memoryview | bytes]:
        """The whole pack as buffers to be written one after the other."""
        count = len(self.frames)
        rows = canonical_json({"frames": [frame.row() for frame in self.frames]})
        bond = directory_bond(self.header, count)
        directory = self._cipher.encrypt(frame_nonce(count), compress_json(rows), bond)
        trailer = TRAILER.pack(self.at, len(directory), count, END)
        return [memoryview(self.buffer)[: self.at], directory, trailer]


def new_pack(
    repository: str, host: str, kind: str, bin_name: str, recipients: Sequence[bytes], buffer: bytearray
) -> PackBuilder:
    """Start a pack with a key of its own, sealed to each recipient's public key and then forgotten."""
    key, salt = AESGCM.generate_key(256), os.urandom(16).hex()
    context = sealing_info(repository, salt)
    sealed = [
        {"key": base64.b64encode(seal(key, public, context)).decode(), "to": seal_key_id(public)}
        for public in recipients
    ]
    header = canonical_json(
        {
            "bin": bin_name,
            "class": kind,
            "format": FORMAT,
            "host": host,
            "repository": repository,
            "salt": salt,
            "sealed": sealed,
        }
    )
    return PackBuilder(repository, header, key, salt, buffer, bin_name)
