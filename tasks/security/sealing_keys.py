"""Keys that seal: post-quantum pairs from a 32-byte seed, and passphrases stretched by Argon2id.

HPKE (RFC 9180) with the hybrid KEM MLKEM768-X25519, HKDF-SHA256 and AES-256-GCM. A private key is
its seed alone, so that a sheet of paper can hold it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SEAL_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_MLKEM_PUBLIC = 1184
PUBLIC_SIZE = _MLKEM_PUBLIC + 32


def derive_key(seed: bytes, label: str, length: int) -> bytes:
    """HKDF-SHA256 over a seed; the label keeps the uses apart."""
    context = b"continuity-backup/1/" + label.encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=context).derive(seed)


def seal_key_opener(seed: bytes) -> MLKEM768X25519PrivateKey:
    """The private half, which opens."""
    return MLKEM768X25519PrivateKey(
        MLKEM768PrivateKey.from_seed_bytes(derive_key(seed, "mlkem768", 64)),
        X25519PrivateKey.from_private_bytes(derive_key(seed, "x25519", 32)),
    )


def seal_public_bytes(seed: bytes) -> bytes:
    """ML-KEM-768 public key (1184) then X25519 public key (32)."""
    kem = MLKEM768PrivateKey.from_seed_bytes(derive_key(seed, "mlkem768", 64)).public_key()
    curve = X25519PrivateKey.from_private_bytes(derive_key(seed, "x25519", 32)).public_key()
    return kem.public_bytes_raw() + curve.public_bytes_raw()


def seal_public_key(raw: bytes) -> MLKEM768X25519PublicKey:
    return MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]), X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:])
    )


def seal_key_id(public: bytes) -> str:
    """Sixteen hex digits by which a sealed key names its recipient."""
    return hashlib.sha256(public).hexdigest()[:16]


@dataclass(frozen=True)
class StretchCost:
    """Argon2id: memory as a power of two of KiB, passes, lanes."""

    memory: int = 18
    passes: int = 3
    lanes: int = 4

    @property
    def sane(self) -> bool:
        """False for what an untrusted file asks for to exhaust the machine."""
        return 3 <= self.memory <= 21 and 1 <= self.passes <= 16 and 1 <= self.lanes <= 16


def stretch_passphrase(passphrase: str, salt: bytes, cost: StretchCost) -> bytes:
    """A key of 32 bytes."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    return Argon2id(
        salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=1 << cost.memory
    ).derive(passphrase.encode())
