"""The host's own keys, in `<home>/keys`, readable by their owner only. Never in the journal."""

from __future__ import annotations

import base64
import secrets
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tasks.core.errors import BadSettings, JournalBroken
from tasks.core.files import write_atomic

_SIGNING = "signing.key"
_TAG = "private-tag.key"


def folder(home: Path) -> Path:
    return home / "keys"


def make_host_keys(home: Path) -> None:
    """Make the signing key and the tag key of private data where they are missing."""
    folder(home).mkdir(parents=True, exist_ok=True)
    folder(home).chmod(0o700)
    fresh = Ed25519PrivateKey.generate()
    raw = fresh.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    for name, secret in ((_SIGNING, raw), (_TAG, secrets.token_bytes(32))):
        if not (folder(home) / name).exists():
            write_atomic(folder(home) / name, secret, mode=0o600)


def rotate(home: Path) -> str:
    """Replace the signing key; the old one stays as `signing-<id>.key`, so that what it signed
    can still be told. Returns the new key's id."""
    old = folder(home) / _SIGNING
    old.rename(old.with_name(f"signing-{key_id(host_public_key(home))}.key"))
    make_host_keys(home)
    return key_id(host_public_key(home))


def secret(home: Path, name: str) -> bytes:
    """Raises BadSettings if the key is not there."""
    path = folder(home) / name
    if not path.is_file():
        raise BadSettings("home-file-missing", path=path)
    return path.read_bytes()


def tag_key(home: Path) -> bytes:
    return secret(home, _TAG)


def _private(home: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(secret(home, _SIGNING))


def host_public_key(home: Path) -> bytes:
    """The 32 bytes by which anyone verifies what this host signed."""
    return _private(home).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(public_key: bytes) -> str:
    return sha256(public_key).hexdigest()[:16]


def sign_with_host_key(home: Path, message: bytes) -> str:
    """Ed25519 over `message`, as base64."""
    return base64.b64encode(_private(home).sign(message)).decode()


def verify_signature(public_key: bytes, message: bytes, signature: str) -> None:
    """Raises JournalBroken if the signature is not that key's over that message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(base64.b64decode(signature), message)
    except (InvalidSignature, ValueError):
        raise JournalBroken("signature-mismatch") from None
