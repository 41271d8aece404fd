"""What the host holds: public keys, an id key, an index key, a signing key. None opens a pack."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.backup.faults import WrongKey
from tasks.backup.format.signed_objects import canonical_json, public_hex

_MAKE = "continuity backup keys make --out FOLDER --host NAME"
_FIELDS = ("repository", "officer", "host", "id_key", "index_key", "sign_key")


@dataclass(frozen=True)
class HostKeys:
    """Keys of one host for one repository. Hex throughout; `sign_key` is an Ed25519 seed."""

    repository: str
    officer: str
    host: str
    id_key: str
    index_key: str
    sign_key: str

    @classmethod
    def make(cls, repository: str, officer: str, host: str) -> HostKeys:
        return cls(repository, officer, host, *(os.urandom(32).hex() for _ in range(3)))

    def id_bytes(self) -> bytes:
        return bytes.fromhex(self.id_key)

    def index_bytes(self) -> bytes:
        return bytes.fromhex(self.index_key)

    def signer(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.sign_key))

    def public(self) -> str:
        return public_hex(self.signer())

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(canonical_json({"format": 1, **{name: getattr(self, name) for name in _FIELDS}}))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> HostKeys:
        """Raises WrongKey when the file is absent or not a host's key file."""
        try:
            values = json.loads(path.read_bytes())
            return cls(**{name: str(values[name]) for name in _FIELDS})
        except OSError as error:
            raise WrongKey("host-keys-missing", path=path, make=_MAKE) from error
        except (ValueError, KeyError, TypeError) as error:
            raise WrongKey("host-key-file-invalid", path=path) from error
