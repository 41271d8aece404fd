"""Signatures of a home's key (Ed25519), as anyone can check them.

What `core` needs of the packages above it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tasks.core.errors import JournalBroken
from tasks.core.journal.bodies import canonical


class Signer(Protocol):
    """Signs with a home's own key (Ed25519)."""

    @property
    def public_key(self) -> bytes:
        """The 32 bytes by which anyone verifies what it signed."""
        ...

    def sign(self, message: bytes) -> str:
        """The signature of `message`, as base64."""
        ...


def key_id(public_key: bytes) -> str:
    """The 16 hex digits by which people compare keys."""
    return sha256(public_key).hexdigest()[:16]


def verify_signature(public_key: bytes, message: bytes, signature: str) -> None:
    """Raises JournalBroken if the signature (base64) is not that key's over that message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(base64.b64decode(signature), message)
    except (InvalidSignature, ValueError):
        raise JournalBroken("signature-mismatch") from None


def require_signer(public_key: bytes, signed_by: str, subject: str) -> None:
    """Raises JournalBroken unless the key has the id `signed_by`; an empty id asks for nothing."""
    signer_id, expected = key_id(public_key), signed_by.strip()
    if signed_by and expected.lower() != signer_id:
        raise JournalBroken("signed-by-another-key", subject=subject, signer_id=signer_id, signed_by=expected)


def sign_statement(statement: Mapping[str, object], signer: Signer) -> dict[str, object]:
    """A statement with its signature and the public key that checks it."""
    return {
        **statement,
        "signature": signer.sign(canonical(statement).encode()),
        "public_key": base64.b64encode(signer.public_key).decode(),
    }


def verify_statement(signed: Mapping[str, Any], *fields: str) -> tuple[dict[str, Any], bytes]:
    """These fields of a signed statement, and the key that signed them. Raises JournalBroken, and KeyError,
    TypeError or ValueError for what is no signed statement."""
    statement = {name: signed[name] for name in fields}
    public_key, signature = base64.b64decode(signed["public_key"]), str(signed["signature"])
    verify_signature(public_key, canonical(statement).encode(), signature)
    return statement, public_key
