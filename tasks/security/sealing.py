"""One sealed file for people who are named beforehand: by their public keys, a passphrase, or both.

    CONTINUITY-SEAL-1 LF | length of the head, 4 bytes | head, JSON | pieces

The head holds the file's own key of 32 bytes, once for each recipient (HPKE) and once under the
passphrase (Argon2id, AES-256-GCM). A piece is up to 1 MiB of AES-256-GCM; its nonce counts the
pieces and marks the last one, so that none can be left out, moved or cut off, and the SHA-256 of
the head is bound to each.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tasks.core.errors import BadInput, HostileFile, JournalBroken, NotOpened, Problem
from tasks.core.files import digest_of, flush_folder, write_atomic
from tasks.core.untrusted_input import unsafe_name_reason
from tasks.security import sealing_keys
from tasks.security.sealing_keys import (
    SEAL_SUITE,
    StretchCost,
    seal_key_id,
    seal_key_opener,
    seal_public_bytes,
    seal_public_key,
    stretch_passphrase,
)

SEALED_SUFFIX = ".sealed"
PIECE = 1 << 20
_MAGIC = b"CONTINUITY-SEAL-1\n"
_INFO = b"continuity-seal/1"
_MOST_HEAD = 1 << 20
_PUBLIC = "continuity-public-key-1"
USUAL_COST = StretchCost()
MIN_PASSPHRASE = 12
"""Signs of a passphrase: what is sealed may be tried at leisure by whoever finds it."""


@dataclass(frozen=True)
class SealRecipient:
    """Who can open it. `recipients`: public keys; `passphrase`: empty for none."""

    recipients: Sequence[bytes] = ()
    passphrase: str = field(default="", repr=False)
    cost: StretchCost = USUAL_COST

    def __bool__(self) -> bool:
        return bool(self.recipients or self.passphrase)


@dataclass(frozen=True)
class SealOpener:
    """What opens it: the seed of a recipient's key, or the passphrase."""

    seed: bytes = field(default=b"", repr=False)
    passphrase: str = field(default="", repr=False)


class SealWriter:
    """Takes bytes and writes them sealed: a file object for `tarfile`."""

    def __init__(self, out: BinaryIO, to: SealRecipient) -> None:
        key = os.urandom(32)
        head = json.dumps(_slots(key, to), sort_keys=True, separators=(",", ":")).encode()
        self._out, self._cipher = out, AESGCM(key)
        self._bound, self._count, self._pending = sha256(head).digest(), 0, bytearray()
        out.write(_MAGIC + len(head).to_bytes(4, "big") + head)

    def write(self, data: bytes) -> int:
        self._pending += data
        # The last piece is marked, so one is kept back until the end is known.
        while len(self._pending) > PIECE:
            self._piece(bytes(self._pending[:PIECE]), last=False)
            del self._pending[:PIECE]
        return len(data)

    def finish(self) -> None:
        self._piece(bytes(self._pending), last=True)

    def _piece(self, data: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._count, last), data, self._bound))
        self._count += 1


def write_sealed(path: Path, to: SealRecipient, fill: Callable[[SealWriter], None]) -> str:
    """Seal what `fill` writes into a new file; returns its SHA-256. Raises BadInput without anybody
    to seal to, or for a passphrase that is too short."""
    require_seal_recipients(to)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("wb") as out:
            sealer = SealWriter(out, to)
            fill(sealer)
            sealer.finish()
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    flush_folder(path.parent)
    return digest_of(path)


def require_seal_recipients(to: SealRecipient) -> None:
    """Raises BadInput unless somebody can open what is sealed to them, and nobody guess it."""
    if not to:
        raise BadInput("seal-recipient-missing")
    if to.passphrase and len(to.passphrase) < MIN_PASSPHRASE:
        problem = Problem(
            column="passphrase",
            code="passphrase-length-too-short",
            values={"passphrase_count": len(to.passphrase), "least": MIN_PASSPHRASE},
        )
        raise BadInput("seal-passphrase-too-short", [problem])


def sealed_pieces(path: Path, by: SealOpener) -> Iterator[bytes]:
    """The bytes that were sealed, piece by piece; each was checked before it is given. Raises
    NotOpened, HostileFile for a file of another kind, JournalBroken for an altered or cut one."""
    try:
        opened = path.open("rb")
    except OSError as fault:
        raise unsafe_name_reason(path, "sealed-file-not-opened", reason=fault.strerror or str(fault)) from None
    with opened as source:
        head = _head(path, source)
        cipher, bound = AESGCM(_file_key(path, head, by)), sha256(head).digest()
        count, piece = 0, source.read(PIECE + 16)
        while piece:
            following = source.read(PIECE + 16)
            try:
                yield cipher.decrypt(_nonce(count, not following), piece, bound)
            except InvalidTag:
                raise JournalBroken("sealed-file-altered", name=path.name, count=count + 1) from None
            count, piece = count + 1, following
        if not count:
            raise JournalBroken("sealed-file-truncated", name=path.name)


def _slots(key: bytes, to: SealRecipient) -> dict[str, Any]:
    slots: dict[str, Any] = {
        "recipients": {
            seal_key_id(public): _text(SEAL_SUITE.encrypt(key, seal_public_key(public), _INFO))
            for public in to.recipients
        }
    }
    if to.passphrase:
        salt, nonce = os.urandom(16), os.urandom(12)
        stretched = stretch_passphrase(to.passphrase, salt, to.cost)
        sealed = AESGCM(stretched).encrypt(nonce, key, _INFO)
        slots["passphrase"] = {
            "salt": _text(salt),
            "nonce": _text(nonce),
            "sealed": _text(sealed),
            "cost": asdict(to.cost),
        }
    return slots


def _file_key(path: Path, head: bytes, by: SealOpener) -> bytes:
    try:
        slots = json.loads(head)
        if by.seed:
            return _key_by_seed(path, slots["recipients"], by.seed)
        if "passphrase" in slots:
            return _by_passphrase(slots["passphrase"], by.passphrase)
        key_ids = ", ".join(slots["recipients"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _not_sealed_file(path) from None
    raise NotOpened("file-sealed-to-keys-only", name=path.name, name2=key_ids)


def _key_by_seed(path: Path, recipients: Mapping[str, str], seed: bytes) -> bytes:
    key_id = seal_key_id(seal_public_bytes(seed))
    if key_id not in recipients:
        raise NotOpened("file-not-sealed-to-key", name=path.name, own=key_id)
    try:
        return SEAL_SUITE.decrypt(_raw(recipients[key_id]), seal_key_opener(seed), _INFO)
    except InvalidTag:
        raise NotOpened("seal-key-wrong", own=key_id, name=path.name) from None


def _by_passphrase(slot: Mapping[str, Any], passphrase: str) -> bytes:
    cost = StretchCost(**slot["cost"])
    if not cost.sane:
        raise ValueError("cost out of bounds")
    try:
        stretched = stretch_passphrase(passphrase, _raw(slot["salt"]), cost)
        return AESGCM(stretched).decrypt(_raw(slot["nonce"]), _raw(slot["sealed"]), _INFO)
    except InvalidTag:
        raise NotOpened("seal-passphrase-wrong") from None


def _head(path: Path, source: BinaryIO) -> bytes:
    magic, size = source.read(len(_MAGIC)), int.from_bytes(source.read(4), "big")
    if magic != _MAGIC or not 2 <= size <= _MOST_HEAD:
        raise _not_sealed_file(path)
    return source.read(size)


def _not_sealed_file(path: Path) -> HostileFile:
    problem = Problem(file=path.name, code="sealed-file-invalid", values={"suffix": SEALED_SUFFIX})
    return HostileFile("untrusted-file-refused", [problem])


def _nonce(count: int, last: bool) -> bytes:
    return bytes(3) + count.to_bytes(8, "big") + bytes([last])


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def make_seal_key(folder: Path, name: str, passphrase: str, cost: StretchCost | None = None) -> str:
    """A recipient's key pair: `<name>.key`, sealed under the passphrase, and `<name>.pub` for those
    who seal. Returns the key's id. Raises BadInput if a key of that name stands there."""
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    if private.exists() or public.exists():
        raise BadInput("seal-key-already-exists", with_suffix=private.with_suffix(""))
    seed = os.urandom(32)
    raw = seal_public_bytes(seed)
    write_sealed(private, SealRecipient(passphrase=passphrase, cost=cost or USUAL_COST), lambda out: _put(out, seed))
    key_id = seal_key_id(raw)
    write_atomic(public, f"{_PUBLIC} {key_id} {_text(raw)}\n".encode())
    return key_id


def _put(out: SealWriter, data: bytes) -> None:
    out.write(data)


def read_seal_key(path: Path, passphrase: str) -> bytes:
    """The seed in a `.key` file. Raises NotOpened, HostileFile."""
    seed = b"".join(sealed_pieces(path, SealOpener(passphrase=passphrase)))
    if len(seed) != 32:
        raise _not_sealed_file(path)
    return seed


def read_seal_public_key(path: Path) -> bytes:
    """The public key in a `.pub` file. Raises BadInput."""
    try:
        kind, key_id, text = path.read_text(encoding="utf-8").split()
        raw = _raw(text)
        if kind == _PUBLIC and len(raw) == sealing_keys.PUBLIC_SIZE and seal_key_id(raw) == key_id:
            return raw
        problem = Problem(file=str(path), code="public-key-not-whole")
    except OSError as fault:
        reason = fault.strerror or str(fault)
        problem = Problem(file=str(path), code="public-key-unreadable", values={"reason": reason})
    except ValueError:
        problem = Problem(file=str(path), code="seal-public-key-invalid")
    raise BadInput("recipient-key-invalid", [problem])
