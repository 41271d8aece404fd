"""A letter for a truck names the driver's birth date and plate. The book keeps it with these hidden, and
once more as printed under a key that is destroyed with the driver's data: then nobody can read it again,
in no backup either, while its digest still tells a copy from another."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tasks.shared import clock
from tasks.shared.errors import JournalBroken
from tasks.workspace import Workspace

_NONCE, _FIELD = 12, "letter.packet"


def put(workspace: Workspace, number: str, letter: str, data: bytes) -> tuple[str, str]:
    """The digest of the encrypted packet in content, and the private reference of its key."""
    key, nonce = AESGCM.generate_key(256), secrets.token_bytes(_NONCE)
    purge = clock.now().date() + timedelta(days=workspace.settings.private.keep_days)
    told = base64.b64encode(key).decode()
    (reference,) = workspace.vault.seal([(number, f"{_FIELD}:{letter}", told)], purge)
    return workspace.content.put(
        nonce + AESGCM(key).encrypt(nonce, data, letter.encode())
    ), reference


def get(workspace: Workspace, letter: str, sealed: str, reference: str) -> bytes:
    """The packet as printed. Raises Refused once the key was purged, JournalBroken if it was altered."""
    key, blob = base64.b64decode(workspace.vault.open(reference)), workspace.content.get(sealed)
    try:
        return AESGCM(key).decrypt(blob[:_NONCE], blob[_NONCE:], letter.encode())
    except InvalidTag:
        raise JournalBroken("letter-packet-altered", letter=letter) from None
