"""The signed list of what is in a folder that leaves: `manifest.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from tasks.core import clock
from tasks.core.errors import JournalBroken, Problem
from tasks.core.files import digest_of, write_atomic
from tasks.core.signatures import sign_statement, verify_statement
from tasks.security.host_keys import HostSigner

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
    statement = {"what": what, "at": clock.text(), "files": listed}
    return json.dumps(sign_statement(statement, HostSigner(home)), indent=1).encode()


def verify_manifest(folder: Path, public_key: bytes | None = None) -> list[Problem]:
    """What differs from the manifest, one problem a file: `file-missing`, `file-changed` or
    `file-not-listed`; empty if nothing. Raises JournalBroken if the signature does not hold, or is
    not by `public_key` where one is given."""
    signed = json.loads((folder / MANIFEST_FILE).read_bytes())
    statement, signer_key = verify_statement(signed, "what", "at", "files")
    if public_key is not None and signer_key != public_key:
        raise JournalBroken("manifest-signer-mismatch")
    listed = {str(file["name"]): file for file in statement["files"]}
    present = {str(file["name"]): file for file in _files(folder)}
    return [
        Problem(file=name, code=_difference(listed.get(name), present.get(name)))
        for name in sorted(listed.keys() | present.keys())
        if listed.get(name) != present.get(name)
    ]


def _difference(listed: Mapping[str, object] | None, present: Mapping[str, object] | None) -> str:
    if listed is None:
        return "file-not-listed"
    return "file-missing" if present is None else "file-changed"


def _files(folder: Path) -> list[dict[str, object]]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        {"name": path.relative_to(folder).as_posix(), "size": path.stat().st_size, "sha256": digest_of(path)}
        for path in paths
        if path != folder / MANIFEST_FILE
    ]
