"""Keys: post-quantum sealing to recipients, passphrase protection, the text that a safe keeps.

The key pairs themselves and the passphrases are `tasks/security/sealing_keys.py`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from tasks.backup.faults import BadKeyText, WrongKey, WrongPassphrase
from tasks.core.errors import Problem
from tasks.security.api import SEAL_SUITE, StretchCost, derive_key, seal_public_key, stretch_passphrase

KINDS = ("recovery", "officer", "drill")
_GROUP, _LINE, _LINES = 4, 20, 11
_MISREAD = str.maketrans("018", "OIB")  # base32 has none of these digits


def backup_signer(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(derive_key(seed, "ed25519", 32))


@dataclass(frozen=True)
class LockedKey:
    """A private seed under a passphrase, with what it takes to know its repository again."""

    kind: str
    repository: bytes  # 16
    officer: bytes  # Ed25519 public key, 32
    cost: StretchCost
    salt: bytes
    nonce: bytes
    sealed: bytes  # seed 32 + tag 16

    def head(self) -> bytes:
        cost = bytes((self.cost.memory, self.cost.passes, self.cost.lanes))
        start = bytes((1, KINDS.index(self.kind)))
        return start + self.repository + self.officer + cost + self.salt + self.nonce

    def open(self, passphrase: str) -> bytes:
        """The seed. Raises WrongPassphrase."""
        # systems differ in how they put an accented letter together
        forms = [unicodedata.normalize(form, passphrase) for form in ("NFC", "NFD")]
        for spelling in dict.fromkeys((passphrase, *forms)):
            key = stretch_passphrase(spelling, self.salt, self.cost)
            with contextlib.suppress(InvalidTag):
                return AESGCM(key).decrypt(self.nonce, self.sealed, self.head())
        raise WrongPassphrase("key-passphrase-wrong", kind=self.kind, hex=self.repository.hex()[:8])


def lock(kind: str, seed: bytes, passphrase: str, repository: bytes, officer: bytes, cost: StretchCost) -> LockedKey:
    bare = LockedKey(kind, repository, officer, cost, os.urandom(16), os.urandom(12), b"")
    key = stretch_passphrase(passphrase, bare.salt, cost)
    sealed = AESGCM(key).encrypt(bare.nonce, seed, bare.head())
    return LockedKey(kind, repository, officer, cost, bare.salt, bare.nonce, sealed)


def _check(number: int, text: str) -> str:
    return base64.b32encode(hashlib.sha256(f"{number}:{text}".encode()).digest())[:2].decode()


def to_text(key: LockedKey) -> str:
    """The key as lines that can be typed: number, five groups of four, two check letters."""
    raw = base64.b32encode(key.head() + key.sealed).decode().rstrip("=")
    lines = [f"continuity backup key: {key.kind}", f"repository: {key.repository.hex()}"]
    for number, start in enumerate(range(0, len(raw), _LINE), 1):
        part = raw[start : start + _LINE]
        groups = " ".join(part[i : i + _GROUP] for i in range(0, len(part), _GROUP))
        lines.append(f"{number:2d}  {groups}  {_check(number, part)}")
    return "\n".join(lines) + "\n"


def from_text(text: str, source: str = "key") -> LockedKey:
    """Read a key file or a typed sheet. Raises BadKeyText naming each line that does not check."""
    parts: list[str] = []
    problems: list[Problem] = []
    due = 1
    for row, line in enumerate(text.splitlines(), 1):
        # blanks of any kind, dots, dashes: only letters and digits count
        plain = " ".join(re.findall("[A-Za-z0-9]+", line))
        number = int(number_match[1]) if (number_match := re.match(r"(\d{1,2})(?: |$)", plain)) else 0
        if not number:
            continue
        line_match = re.match(r"\d+ (.+) (\w\w)$", plain)
        letters, check = (
            part.replace(" ", "").upper().translate(_MISREAD)
            for part in (line_match.groups() if line_match else ("", ""))
        )
        if _check(number, letters) != check:
            problems.append(_line_problem(source, row, line, "key-line-mistyped"))
        elif number != due:
            problems.append(_line_problem(source, row, line, "key-line-out-of-order", due=due))
        due = number + 1
        parts.append(letters)
    if 0 < len(parts) < _LINES and not problems:
        values = {"last": due - 1, "lines": _LINES}
        problems.append(Problem(source, code="key-lines-missing", values=values))
    if problems:
        raise BadKeyText("typed-key-has-errors", problems)
    raw = "".join(parts)
    try:
        data = base64.b32decode(raw + "=" * (-len(raw) % 8))
        return _from_bytes(data)
    except (ValueError, IndexError) as error:
        problem = Problem(source, code="key-not-whole")
        raise BadKeyText("typed-key-unreadable", [problem]) from error


def _line_problem(source: str, row: int, line: str, code: str, **values: object) -> Problem:
    return Problem(source, row=row, value=line.strip(), code=code, values=values)


def _from_bytes(data: bytes) -> LockedKey:
    if len(data) != 129 or data[0] != 1:
        raise ValueError("length or version")
    cost = StretchCost(data[50], data[51], data[52])
    if not cost.sane:
        raise ValueError("cost out of bounds")
    kind = KINDS[data[1]]
    return LockedKey(kind, data[2:18], data[18:50], cost, data[53:69], data[69:81], data[81:129])


def seal(secret: bytes, public: bytes, context: bytes) -> bytes:
    return SEAL_SUITE.encrypt(secret, seal_public_key(public), context)


def unseal(sealed: bytes, private: MLKEM768X25519PrivateKey, context: bytes) -> bytes:
    """Raises WrongKey."""
    try:
        return SEAL_SUITE.decrypt(sealed, private, context)
    except (InvalidTag, ValueError) as error:
        raise WrongKey("pack-key-wrong") from error
