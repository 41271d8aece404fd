"""A folder that leaves the house says what is in it: `manifest.json`, signed with the host's key."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from tasks.core import clock
from tasks.core.errors import JournalBroken, Problem
from tasks.core.files import digest_of, write_atomic
from tasks.core.journal.bodies import canonical
from tasks.security.host_keys import host_public_key, sign_with_host_key, verify_signature

MANIFEST_FILE = "manifest.json"


def write_manifest(folder: Path, home: Path, what: str) -> Path:
    """List every file of `folder` with size and SHA-256, sign the list, write it there."""
    return write_atomic(folder / MANIFEST_FILE, _signed(_files(folder), home, what))


def manifest_of(files: Mapping[str, bytes], home: Path, what: str) -> bytes:
    """The same for files that are not written anywhere, by name."""
    listed = [
        {"name": name, "size": len(data), "sha256": sha256(data).hexdigest()} for name, data in sorted(files.items())
    ]
    return _signed(listed, home, what)


def _signed(listed: Sequence[Mapping[str, object]], home: Path, what: str) -> bytes:
    said = {"what": what, "at": clock.text(), "files": listed}
    signed = {
        **said,
        "signature": sign_with_host_key(home, canonical(said).encode()),
        "public_key": base64.b64encode(host_public_key(home)).decode(),
    }
    return json.dumps(signed, indent=1).encode()


def verify_manifest(folder: Path, public_key: bytes | None = None) -> list[Problem]:
    """What differs from the manifest, one problem a file: `file-missing`, `file-changed` or
    `file-not-listed`; empty if nothing. Raises JournalBroken if the signature does not hold, or is
    not by `public_key` where one is given."""
    signed = json.loads((folder / MANIFEST_FILE).read_bytes())
    said = {name: signed[name] for name in ("what", "at", "files")}
    own = base64.b64decode(signed["public_key"])
    if public_key is not None and own != public_key:
        raise JournalBroken("manifest-signer-mismatch")
    verify_signature(own, canonical(said).encode(), signed["signature"])
    listed = {str(one["name"]): one for one in said["files"]}
    found = {str(one["name"]): one for one in _files(folder)}
    return [
        Problem(file=name, code=_difference(listed.get(name), found.get(name)))
        for name in sorted(listed.keys() | found.keys())
        if listed.get(name) != found.get(name)
    ]


def _difference(listed: dict[str, object] | None, found: dict[str, object] | None) -> str:
    if listed is None:
        return "file-not-listed"
    return "file-missing" if found is None else "file-changed"


def _files(folder: Path) -> list[dict[str, object]]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        {"name": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "sha256": digest_of(path)}
        for path in paths
        if path != folder / MANIFEST_FILE
    ]
