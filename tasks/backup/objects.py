"""Small structures of the repository: canonical JSON, compressed, signed, named by their digest."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import zstandard
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tasks.backup.faults import Damaged, NewerFormat

FORMAT = 1
LIMIT = 256 << 20  # no structure of a sane repository expands beyond this
MOST_STORED = 64 << 20  # nor is one larger as it is stored: what is, is never read
_DOMAIN = b"continuity-backup/1/"
_NAME = re.compile(r"^(?:(\d{8})-)?([0-9a-f]{64})(?:\.(\d{1,2}))?$")


def canonical(value: object) -> bytes:
    """One byte form for one value: sorted keys, no blanks, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def digest(*parts: bytes | bytearray | memoryview) -> str:
    """SHA-256 of the parts in hex: the name of everything in a repository."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part)
    return whole.hexdigest()


# Content is compressed for speed. On a broker's mix (PDF, EDI, CSV, Parquet, SQLite) two small hash
# tables and matches of at least seven bytes expand 15 % sooner than matches of five from one table, and
# are 0.7 % smaller for a fifth more time to compress; a window of 256 KiB stays in the second cache.
_CONTENT = zstandard.ZstdCompressionParameters(
    window_log=18,
    hash_log=14,
    chain_log=13,
    search_log=1,
    min_match=7,
    strategy=zstandard.STRATEGY_DFAST,
)


class _Own(threading.local):
    """Compressors and a decompressor of each thread: making one costs as much as it takes to work
    through a hundred kilobytes."""

    def __init__(self) -> None:
        self.careful = zstandard.ZstdCompressor(level=3)
        self.quick = zstandard.ZstdCompressor(compression_params=_CONTENT)
        self.decompressor = zstandard.ZstdDecompressor()


_own = _Own()


def shrink(data: bytes | memoryview) -> bytes:
    """One zstd frame whose head tells its expanded size."""
    return _own.careful.compress(data)


def shrink_content(data: bytes | memoryview) -> bytes:
    """The same for the bulk: quicker."""
    return _own.quick.compress(data)


def inflate(data: bytes | memoryview, limit: int = LIMIT) -> bytes:
    """Expand one zstd frame of at most `limit` bytes. Raises Damaged."""
    try:
        # the size in the frame's head is allocated before anything is checked
        if not 0 <= zstandard.frame_content_size(data) <= limit:
            raise Damaged(f"compressed data claims more than {limit} bytes")
        return _own.decompressor.decompress(data, max_output_size=limit)
    except zstandard.ZstdError as error:
        raise Damaged(f"compressed data does not expand: {error}") from error


@dataclass(frozen=True, order=True)
class ObjectName:
    """`[<seq>-]<sha256>[.<attempt>]`: sequence -1 where the folder has none."""

    sequence: int
    digest: str
    attempt: int

    @classmethod
    def parse(cls, text: str) -> ObjectName | None:
        found = _NAME.match(text)
        if not found:
            return None
        sequence, name, attempt = found.groups()
        return cls(int(sequence) if sequence else -1, name, int(attempt or 0))

    def __str__(self) -> str:
        head = f"{self.sequence:08d}-" if self.sequence >= 0 else ""
        return f"{head}{self.digest}{f'.{self.attempt}' if self.attempt else ''}"


def public_hex(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes_raw().hex()


def sign(kind: str, body: dict[str, Any], key: Ed25519PrivateKey) -> bytes:
    """The stored bytes of a signed structure. The kind is signed too: no structure passes for another."""
    signature = key.sign(_DOMAIN + kind.encode() + b"\n" + canonical(body))
    whole = {"body": body, "kind": kind, "signature": signature.hex(), "signer": public_hex(key)}
    return shrink(canonical(whole))


def signature_holds(kind: str, body: object, signature: str, signer: str) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer))
        public.verify(bytes.fromhex(signature), _DOMAIN + kind.encode() + b"\n" + canonical(body))
    except (InvalidSignature, ValueError):
        return False
    return signature == signature.lower()  # one form only: a flipped bit must not go unseen


@dataclass(frozen=True)
class Signed:
    """A structure whose signature holds, with the key that made it."""

    kind: str
    body: dict[str, Any]
    signer: str


def read_signed(data: bytes, kinds: Sequence[str], signers: Iterable[str] | None = None) -> Signed:
    """Open a signed structure of one of `kinds`; `signers` are the public keys (hex) that may.

    Raises Damaged, or NewerFormat for a structure of a later format, signed as it must be: what
    anybody wrote counts for nothing, whatever format it claims.
    """
    try:
        whole = json.loads(inflate(data))
        found = Signed(whole["kind"], whole["body"], whole["signer"])
        signature = str(whole["signature"])
        version = found.body.get("format", FORMAT)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Damaged(f"not a signed structure: {error}") from error
    if found.kind not in kinds:
        raise Damaged(f"a {found.kind} stands where a {' or '.join(kinds)} belongs")
    if not signature_holds(found.kind, found.body, signature, found.signer):
        raise Damaged(f"the signature of this {found.kind} does not hold")
    if signers is not None and found.signer not in set(signers):
        raise Damaged(f"this {found.kind} is signed by an unknown key {found.signer[:16]}")
    if isinstance(version, int) and version > FORMAT:
        raise NewerFormat(f"format {version} is newer than {FORMAT}: use a newer program")
    return found
