"""Packs: sealed containers of frames that prove themselves. The layout is written down in README.md.

magic 8 | header length 4 | header | frame ... frame | sealed directory | trailer 24
"""

from __future__ import annotations

import base64
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tasks.backup.objects import FORMAT, canonical, shrink, shrink_content
from tasks.backup.sealing import key_id, seal

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


def nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "big")


def compress(plain: memoryview) -> tuple[int, bytes | memoryview]:
    """Method and bytes to seal; data that does not shrink by 2 % is stored as it is."""
    small = shrink_content(plain)
    if len(small) > len(plain) * 49 // 50:
        return RAW, plain
    return ZSTD, small


@dataclass
class Frame:
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
    frames: list[Frame] = field(default_factory=list)
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
        self.frames.append(Frame(self.at, stored + TAG, plain, method, blobs))
        self.at += stored + TAG
        self.blobs += len(blobs)
        self.pending += 1
        return counter

    def fill(self, counter: int, data: bytes | memoryview) -> None:
        frame = self.frames[counter]
        place = memoryview(self.buffer)[frame.offset : frame.offset + frame.length]
        bond = frame_bond(self.repository, self.salt, [name for name, _ in frame.blobs])
        self._cipher.encrypt_into(nonce(counter), data, bond, place)

    def finish(self) -> list[memoryview | bytes]:
        """The whole pack as buffers to be written one after the other."""
        count = len(self.frames)
        rows = canonical({"frames": [frame.row() for frame in self.frames]})
        bond = directory_bond(self.header, count)
        directory = self._cipher.encrypt(nonce(count), shrink(rows), bond)
        trailer = TRAILER.pack(self.at, len(directory), count, END)
        return [memoryview(self.buffer)[: self.at], directory, trailer]


def new_pack(
    repository: str,
    host: str,
    kind: str,
    bin_name: str,
    recipients: Sequence[bytes],
    buffer: bytearray,
) -> PackBuilder:
    """Start a pack with a key of its own, sealed to each recipient's public key and then forgotten."""
    key, salt = AESGCM.generate_key(256), os.urandom(16).hex()
    info = sealing_info(repository, salt)
    sealed = [
        {"key": base64.b64encode(seal(key, public, info)).decode(), "to": key_id(public)}
        for public in recipients
    ]
    header = canonical(
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
