"""Sealing to a public key so that only its holder can read: HPKE (RFC 9180) with the hybrid KEM
MLKEM768-X25519, HKDF-SHA256 and AES-256-GCM. A private key is a 32-byte seed; the real keys are
derived from it under a realm, so that one seed never serves two uses.

A sealed file: `BCSEAL1`, a newline, the key's id (16 hex digits), a newline, the HPKE ciphertext.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tasks.shared.errors import BadInput, Problem, Refused
from tasks.shared.files import write_atomic

SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
EXCHANGE = b"continuity-exchange/1/"
"""Realm of keys by which brokers exchange files."""

MAGIC = b"BCSEAL1\n"
_MLKEM_PUBLIC, _PUBLIC, _SEED = 1184, 1216, 32
_PUBLIC_HEAD, _PRIVATE_HEAD = "continuity public key 1", "continuity PRIVATE key 1"
_LINE = 76


def derive(seed: bytes, realm: bytes, label: str, length: int) -> bytes:
    """HKDF-SHA256 over a seed; realm and label keep the uses apart."""
    info = realm + label.encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(seed)


def _halves(seed: bytes, realm: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    return (
        MLKEM768PrivateKey.from_seed_bytes(derive(seed, realm, "mlkem768", 64)),
        X25519PrivateKey.from_private_bytes(derive(seed, realm, "x25519", 32)),
    )


def opener(seed: bytes, realm: bytes) -> MLKEM768X25519PrivateKey:
    """The private half."""
    return MLKEM768X25519PrivateKey(*_halves(seed, realm))


def public_bytes(seed: bytes, realm: bytes) -> bytes:
    """ML-KEM-768 public key (1184) then X25519 public key (32)."""
    kem, curve = _halves(seed, realm)
    return kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()


def public_key(raw: bytes) -> MLKEM768X25519PublicKey:
    return MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]),
        X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:]),
    )


def key_id(public: bytes) -> str:
    """Sixteen hex digits by which what is sealed names its recipient."""
    return hashlib.sha256(public).hexdigest()[:16]


@dataclass(frozen=True)
class Recipient:
    """Somebody's public key. `id` is to be compared with its owner by telephone."""

    public: bytes

    @property
    def id(self) -> str:
        return key_id(self.public)


def sealed(data: bytes, to: Recipient, info: bytes) -> bytes:
    """A sealed file of `data`; `info` must be given again to open it."""
    return MAGIC + f"{to.id}\n".encode() + SUITE.encrypt(data, public_key(to.public), info)


def opened(blob: bytes, seed: bytes, info: bytes) -> bytes:
    """What a sealed file holds. Raises BadInput if it is none, Refused if it is for another key or
    was altered."""
    head, own = len(MAGIC) + 17, key_id(public_bytes(seed, EXCHANGE))
    if not blob.startswith(MAGIC) or len(blob) <= head:
        raise BadInput("This is no sealed file: it begins otherwise")
    named = blob[len(MAGIC) : head - 1].decode("ascii", "replace")
    if named != own:
        raise Refused(f"The file is sealed to the key {named}, not to {own}")
    try:
        return SUITE.decrypt(blob[head:], opener(seed, EXCHANGE), info)
    except (InvalidTag, ValueError):
        raise Refused("The sealed file was altered, or is of another kind than expected") from None


def make_key(private: Path, public: Path) -> Recipient:
    """A new key pair in two files; the private one is readable by its owner only. Raises BadInput if
    either file stands there."""
    for path in (private, public):
        if path.exists():
            raise BadInput(f"{path} stands there already")
    seed = secrets.token_bytes(_SEED)
    recipient = Recipient(public_bytes(seed, EXCHANGE))
    write_atomic(private, _text(_PRIVATE_HEAD, seed).encode(), mode=0o600)
    write_atomic(public, _text(_PUBLIC_HEAD, recipient.public).encode())
    return recipient


def read_public(path: Path) -> Recipient:
    """Raises BadInput for a file that holds no public key, in words if it is the private one."""
    return Recipient(_read(path, _PUBLIC_HEAD, _PUBLIC))


def read_private(path: Path) -> bytes:
    """The seed. Raises BadInput for a file that holds no private key."""
    return _read(path, _PRIVATE_HEAD, _SEED)


def _text(head: str, raw: bytes) -> str:
    body = base64.b64encode(raw).decode()
    lines = [body[at : at + _LINE] for at in range(0, len(body), _LINE)]
    return "\n".join([head, *lines, f"check {hashlib.sha256(raw).hexdigest()[:8]}"]) + "\n"


def _read(path: Path, head: str, size: int) -> bytes:
    lines = _lines(path)
    found, check = b"", ""
    if lines and lines[0] == head:
        check = lines[-1].removeprefix("check ")
        try:
            found = base64.b64decode("".join(lines[1:-1]), validate=True)
        except (binascii.Error, ValueError):
            found = b""
    if len(found) != size or hashlib.sha256(found).hexdigest()[:8] != check:
        other = lines[0] if lines and lines[0] in (_PUBLIC_HEAD, _PRIVATE_HEAD) else ""
        wrong = (
            f"holds a {other.removeprefix('continuity ')[:-2]}" if other and other != head else ""
        )
        problem = Problem(file=path.name, wrong=wrong or "is cut, altered or no key at all",
                          right=f"the file that begins with {head!r}, as it was made")  # fmt: skip
        raise BadInput("The key does not read", [problem])
    return found


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > 8192:
            return []
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as wrong:
        raise BadInput(f"{path} cannot be read: {wrong.strerror}") from None
    return [line.strip() for line in text.splitlines() if line.strip()]
