"""The host's own keys, in `<home>/keys`, readable by their owner only. Never in the journal."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tasks.core.errors import BadSettings
from tasks.core.files import write_atomic
from tasks.core.signatures import key_id

_SIGNING = "signing.key"
_TAG = "private-tag.key"


def keys_folder(home: Path) -> Path:
    return home / "keys"


def make_host_keys(home: Path) -> None:
    """Make the signing key and the tag key of private data where they are missing."""
    keys_folder(home).mkdir(parents=True, exist_ok=True)
    keys_folder(home).chmod(0o700)
    fresh = Ed25519PrivateKey.generate()
    raw = fresh.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    for name, secret in ((_SIGNING, raw), (_TAG, secrets.token_bytes(32))):
        if not (keys_folder(home) / name).exists():
            write_atomic(keys_folder(home) / name, secret, mode=0o600)


def rotate_host_key(home: Path) -> str:
    """Replace the signing key; the old one stays as `signing-<id>.key`, so that what it signed
    can still be checked. Returns the new key's id."""
    old = keys_folder(home) / _SIGNING
    old.rename(old.with_name(f"signing-{key_id(host_public_key(home))}.key"))
    make_host_keys(home)
    return key_id(host_public_key(home))


def read_secret(home: Path, name: str) -> bytes:
    """Raises BadSettings if the key is not there."""
    path = keys_folder(home) / name
    if not path.is_file():
        raise BadSettings("home-file-missing", path=path)
    return path.read_bytes()


def tag_key(home: Path) -> bytes:
    return read_secret(home, _TAG)


def _private(home: Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(read_secret(home, _SIGNING))


def host_public_key(home: Path) -> bytes:
    """The 32 bytes by which anyone verifies what this host signed."""
    return _private(home).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


@dataclass(frozen=True)
class HostSigner:
    """Signs with the key of a home."""

    home: Path

    @property
    def public_key(self) -> bytes:
        return host_public_key(self.home)

    def sign(self, message: bytes) -> str:
        return base64.b64encode(_private(self.home).sign(message)).decode()
