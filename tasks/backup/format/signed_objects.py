"""Small structures of the repository: canonical JSON, compressed, signed, named by their digest."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tasks.backup.faults import DamagedData, ForeignObject, NewerFormat

FORMAT = 1
LIMIT = 256 << 20  # no structure of a sane repository expands beyond this
MOST_STORED = 64 << 20  # nor is one larger as it is stored: what is, is never read
_MIB = 1 << 20
# Bytes of a signed structure as stored and expanded. A manifest of 64 MiB names 25 TB of packs, a hold of
# 8 MiB 120,000 snapshots.
MOST_OF = {
    "config": (_MIB, 4 * _MIB),
    "manifest": (32 * _MIB, 64 * _MIB),
    "proof": (_MIB // 16, _MIB // 4),
    "hold": (4 * _MIB, 8 * _MIB),
    "prune-plan": (32 * _MIB, 64 * _MIB),
    "pruned": (32 * _MIB, 64 * _MIB),
}
# Digests in hex shrink to half and hardly further. What expands 16 times beyond the first MiB is none of
# ours, and a planted object costs no more memory than 16 times the bytes that somebody had to write.
_RATIO, _FLOOR = 16, _MIB
_DOMAIN = b"continuity-backup/1/"
_NAME = re.compile(r"^(?:(\d{8})-)?([0-9a-f]{64})(?:\.(\d{1,2}))?$")


def canonical_json(value: object) -> bytes:
    """One byte form for one value: sorted keys, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def digest(*parts: bytes | bytearray | memoryview) -> str:
    """SHA-256 of the parts in hex: the name of everything in a repository."""
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest()


# Content is compressed for speed. On a broker's mix (PDF, EDI, CSV, Parquet, SQLite) two small hash
# tables and matches of at least seven bytes expand 15 % sooner than matches of five from one table, and
# are 0.7 % smaller for a fifth more time to compress; a window of 256 KiB stays in the second cache.
_CONTENT = zstandard.ZstdCompressionParameters(
    window_log=18, hash_log=14, chain_log=13, search_log=1, min_match=7, strategy=zstandard.STRATEGY_DFAST
)


class _ThreadCompressors(threading.local):
    """Compressors and a decompressor of each thread: making one costs as much as it takes to work
    through a hundred kilobytes."""

    def __init__(self) -> None:
        self.careful = zstandard.ZstdCompressor(level=3)
        self.quick = zstandard.ZstdCompressor(compression_params=_CONTENT)
        self.decompressor = zstandard.ZstdDecompressor()


_thread_compressors = _ThreadCompressors()


def compress_json(data: bytes | memoryview) -> bytes:
    """One zstd frame whose head states its expanded size."""
    return _thread_compressors.careful.compress(data)


def compress_content(data: bytes | memoryview) -> bytes:
    """The same for the bulk: quicker."""
    return _thread_compressors.quick.compress(data)


def decompress(data: bytes | memoryview, limit: int = LIMIT) -> bytes:
    """Expand one zstd frame of at most `limit` bytes. Raises Damaged."""
    try:
        # the size in the frame's head is allocated before anything is checked
        if not 0 <= zstandard.frame_content_size(data) <= limit:
            raise DamagedData("compressed-data-too-large", limit=limit)
        return _thread_compressors.decompressor.decompress(data, max_output_size=limit)
    except zstandard.ZstdError as error:
        raise DamagedData("decompression-failed", reason=error) from error


@dataclass(frozen=True, order=True)
class ObjectName:
    """`[<seq>-]<sha256>[.<attempt>]`: sequence -1 where the folder has none."""

    sequence: int
    digest: str
    attempt: int

    @classmethod
    def parse(cls, text: str) -> ObjectName | None:
        match = _NAME.match(text)
        if not match:
            return None
        sequence, name, attempt = match.groups()
        return cls(int(sequence) if sequence else -1, name, int(attempt or 0))

    def __str__(self) -> str:
        head = f"{self.sequence:08d}-" if self.sequence >= 0 else ""
        return f"{head}{self.digest}{f'.{self.attempt}' if self.attempt else ''}"


def public_hex(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes_raw().hex()


def sign(kind: str, body: dict[str, Any], key: Ed25519PrivateKey) -> bytes:
    """The stored bytes of a signed structure. The kind is signed too: no structure passes for another."""
    signature = key.sign(_DOMAIN + kind.encode() + b"\n" + canonical_json(body))
    document = {"body": body, "kind": kind, "signature": signature.hex(), "signer": public_hex(key)}
    return compress_json(canonical_json(document))


def signature_holds(kind: str, body: bytes, signature: str, signer: str) -> bool:
    """Whether `signer` (hex) signed these canonical bytes as a structure of `kind`."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer))
        public.verify(bytes.fromhex(signature), _DOMAIN + kind.encode() + b"\n" + body)
    except (InvalidSignature, ValueError):
        return False
    return signature == signature.lower()  # one form only: a flipped bit must not go unseen


@dataclass(frozen=True)
class SignedStructure:
    """A structure whose signature holds: its body as canonical JSON, and the key that made it."""

    kind: str
    body: bytes
    signer: str


_HEAD = b'{"body":'
# keys are sorted, so what is signed ends where this begins: no parser is needed to find it
_TAIL = re.compile(rb',"kind":"([a-z-]{1,32})","signature":"([0-9a-f]{128})","signer":"([0-9a-f]{64})"\}\Z')
_MOST_TAIL = 320


class _Versioned(msgspec.Struct):
    format: int = FORMAT


def read_signed(data: bytes, kinds: Sequence[str], signers: Iterable[str] | None = None) -> SignedStructure:
    """Open a signed structure of one of `kinds`; `signers` are the public keys (hex) that may.

    Sizes are checked before anything expands, the signature before anything is parsed: whoever may
    create files on the store can write any bytes. Raises Junk for what none of `signers` signed, or
    signed as another kind; NewerFormat for a structure of a later format, signed as it must be;
    Damaged for one that was signed and is no JSON object.
    """
    document = _split(data, kinds)
    kind, signature, signer = (part.decode() for part in document.groups())
    if kind not in kinds:
        raise ForeignObject("structure-kind-wrong", kind=kind, kinds=" or ".join(kinds))
    if signers is not None and signer not in set(signers):
        raise ForeignObject("signing-key-unknown", kind=kind, signer=signer[:16])
    body = document.string[len(_HEAD) : document.start()]
    if not signature_holds(kind, body, signature, signer):
        raise ForeignObject("structure-signature-invalid", kind=kind)
    try:
        version = msgspec.json.decode(body, type=_Versioned).format
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DamagedData("signed-structure-invalid", reason=error) from error
    if version > FORMAT:
        raise NewerFormat("structure-format-too-new", version=version, format=FORMAT)
    return SignedStructure(kind, body, signer)


def largest_stored(kinds: Iterable[str]) -> int:
    """Bytes that a structure of one of `kinds` may have on the store: what is larger is never read."""
    return max(MOST_OF[kind][0] for kind in kinds)


def _split(data: bytes, kinds: Sequence[str]) -> re.Match[bytes]:
    """Kind, signature and signer, from the end of an expanded structure. Raises Junk."""
    stored, most = largest_stored(kinds), max(MOST_OF[kind][1] for kind in kinds)
    if len(data) > stored:
        raise ForeignObject("object-too-large-for-kind", stored=stored, kinds=" or ".join(kinds))
    try:
        text = decompress(data, min(most, max(_FLOOR, _RATIO * len(data))))
    except DamagedData as error:
        raise ForeignObject("signed-structure-invalid", reason=error) from error
    tail = _TAIL.search(text, max(0, len(text) - _MOST_TAIL))
    if tail is None or not text.startswith(_HEAD):
        raise ForeignObject("signature-absent-at-end")
    return tail
