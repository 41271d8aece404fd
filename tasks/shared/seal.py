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

from tasks.shared import seal_keys
from tasks.shared.errors import BadInput, HostileFile, JournalBroken, NotOpened, Problem
from tasks.shared.files import digest_of, flush_folder, write_atomic
from tasks.shared.hostile import unsafe
from tasks.shared.seal_keys import Cost

SUFFIX = ".sealed"
PIECE = 1 << 20
_MAGIC = b"CONTINUITY-SEAL-1\n"
_INFO = b"continuity-seal/1"
_MOST_HEAD = 1 << 20
_PUBLIC = "continuity-public-key-1"
USUAL = Cost()
LEAST = 12
"""Signs of a passphrase: what is sealed may be tried at leisure by whoever finds it."""


@dataclass(frozen=True)
class To:
    """Who can open it. `recipients`: public keys; `passphrase`: empty for none."""

    recipients: Sequence[bytes] = ()
    passphrase: str = field(default="", repr=False)
    cost: Cost = USUAL

    def __bool__(self) -> bool:
        return bool(self.recipients or self.passphrase)


@dataclass(frozen=True)
class By:
    """What opens it: the seed of a recipient's key, or the passphrase."""

    seed: bytes = field(default=b"", repr=False)
    passphrase: str = field(default="", repr=False)


class Sealer:
    """Takes bytes and writes them sealed: a file object for `tarfile`."""

    def __init__(self, out: BinaryIO, to: To) -> None:
        key = os.urandom(32)
        head = json.dumps(_slots(key, to), sort_keys=True, separators=(",", ":")).encode()
        self._out, self._cipher = out, AESGCM(key)
        self._bound, self._count, self._held = sha256(head).digest(), 0, bytearray()
        out.write(_MAGIC + len(head).to_bytes(4, "big") + head)

    def write(self, data: bytes) -> int:
        self._held += data
        # The last piece is marked, so one is kept back until the end is known.
        while len(self._held) > PIECE:
            self._piece(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(data)

    def finish(self) -> None:
        self._piece(bytes(self._held), last=True)

    def _piece(self, data: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._count, last), data, self._bound))
        self._count += 1


def write(path: Path, to: To, fill: Callable[[Sealer], None]) -> str:
    """Seal what `fill` writes into a new file; returns its SHA-256. Raises BadInput without anybody
    to seal to, or for a passphrase that is too short."""
    require(to)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("wb") as out:
            sealer = Sealer(out, to)
            fill(sealer)
            sealer.finish()
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    flush_folder(path.parent)
    return digest_of(path)


def require(to: To) -> None:
    """Raises BadInput unless somebody can open what is sealed to them, and nobody guess it."""
    if not to:
        raise BadInput("seal-recipient-missing")
    if to.passphrase and len(to.passphrase) < LEAST:
        problem = Problem(
            column="passphrase",
            code="passphrase-length-too-short",
            values={"passphrase_count": len(to.passphrase), "least": LEAST},
        )
        raise BadInput("seal-passphrase-too-short", [problem])


def pieces(path: Path, by: By) -> Iterator[bytes]:
    """The bytes that were sealed, piece by piece; each was checked before it is given. Raises
    NotOpened, HostileFile for a file of another kind, JournalBroken for an altered or cut one."""
    try:
        opened = path.open("rb")
    except OSError as fault:
        raise unsafe(path, "sealed-file-not-opened", reason=fault.strerror or str(fault)) from None
    with opened as source:
        head = _head(path, source)
        cipher, bound = AESGCM(_file_key(path, head, by)), sha256(head).digest()
        count, held = 0, source.read(PIECE + 16)
        while held:
            following = source.read(PIECE + 16)
            try:
                yield cipher.decrypt(_nonce(count, not following), held, bound)
            except InvalidTag:
                raise JournalBroken(
                    "sealed-file-altered", name=path.name, count=count + 1
                ) from None
            count, held = count + 1, following
        if not count:
            raise JournalBroken("sealed-file-truncated", name=path.name)


def _slots(key: bytes, to: To) -> dict[str, Any]:
    slots: dict[str, Any] = {
        "recipients": {
            seal_keys.key_id(public): _text(
                seal_keys.SUITE.encrypt(key, seal_keys.public_key(public), _INFO)
            )
            for public in to.recipients
        }
    }
    if to.passphrase:
        salt, nonce = os.urandom(16), os.urandom(12)
        stretched = seal_keys.stretch(to.passphrase, salt, to.cost)
        sealed = AESGCM(stretched).encrypt(nonce, key, _INFO)
        slots["passphrase"] = {"salt": _text(salt), "nonce": _text(nonce), "sealed": _text(sealed),
                               "cost": asdict(to.cost)}  # fmt: skip
    return slots


def _file_key(path: Path, head: bytes, by: By) -> bytes:
    try:
        slots = json.loads(head)
        if by.seed:
            return _by_seed(path, slots["recipients"], by.seed)
        if "passphrase" in slots:
            return _by_passphrase(slots["passphrase"], by.passphrase)
        wanted = ", ".join(slots["recipients"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _other(path) from None
    raise NotOpened("file-sealed-to-keys-only", name=path.name, name2=wanted)


def _by_seed(path: Path, recipients: Mapping[str, str], seed: bytes) -> bytes:
    own = seal_keys.key_id(seal_keys.public_bytes(seed))
    if own not in recipients:
        raise NotOpened("file-not-sealed-to-key", name=path.name, own=own)
    try:
        return seal_keys.SUITE.decrypt(_raw(recipients[own]), seal_keys.opener(seed), _INFO)
    except InvalidTag:
        raise NotOpened("seal-key-wrong", own=own, name=path.name) from None


def _by_passphrase(slot: Mapping[str, Any], passphrase: str) -> bytes:
    cost = Cost(**slot["cost"])
    if not cost.sane:
        raise ValueError("cost out of bounds")
    try:
        stretched = seal_keys.stretch(passphrase, _raw(slot["salt"]), cost)
        return AESGCM(stretched).decrypt(_raw(slot["nonce"]), _raw(slot["sealed"]), _INFO)
    except InvalidTag:
        raise NotOpened("seal-passphrase-wrong") from None


def _head(path: Path, source: BinaryIO) -> bytes:
    magic, size = source.read(len(_MAGIC)), int.from_bytes(source.read(4), "big")
    if magic != _MAGIC or not 2 <= size <= _MOST_HEAD:
        raise _other(path)
    return source.read(size)


def _other(path: Path) -> HostileFile:
    problem = Problem(file=path.name, code="sealed-file-invalid", values={"suffix": SUFFIX})  # fmt: skip
    return HostileFile("untrusted-file-refused", [problem])


def _nonce(count: int, last: bool) -> bytes:
    return bytes(3) + count.to_bytes(8, "big") + bytes([last])


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _raw(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def make_key(folder: Path, name: str, passphrase: str, cost: Cost | None = None) -> str:
    """A recipient's key pair: `<name>.key`, sealed under the passphrase, and `<name>.pub` for those
    who seal. Returns the key's id. Raises BadInput if a key of that name stands there."""
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    if private.exists() or public.exists():
        raise BadInput("seal-key-already-exists", with_suffix=private.with_suffix(""))
    seed = os.urandom(32)
    raw = seal_keys.public_bytes(seed)
    write(private, To(passphrase=passphrase, cost=cost or USUAL), lambda out: _put(out, seed))
    own = seal_keys.key_id(raw)
    write_atomic(public, f"{_PUBLIC} {own} {_text(raw)}\n".encode())
    return own


def _put(out: Sealer, data: bytes) -> None:
    out.write(data)


def read_key(path: Path, passphrase: str) -> bytes:
    """The seed in a `.key` file. Raises NotOpened, HostileFile."""
    seed = b"".join(pieces(path, By(passphrase=passphrase)))
    if len(seed) != 32:
        raise _other(path)
    return seed


def read_public(path: Path) -> bytes:
    """The public key in a `.pub` file. Raises BadInput."""
    try:
        kind, own, text = path.read_text(encoding="utf-8").split()
        raw = _raw(text)
        if kind == _PUBLIC and len(raw) == seal_keys.PUBLIC_SIZE and seal_keys.key_id(raw) == own:
            return raw
        problem = Problem(file=str(path), code="public-key-not-whole")
    except OSError as fault:
        reason = fault.strerror or str(fault)
        problem = Problem(file=str(path), code="public-key-unreadable", values={"reason": reason})
    except ValueError:
        problem = Problem(file=str(path), code="seal-public-key-invalid")
    raise BadInput("recipient-key-invalid", [problem])
