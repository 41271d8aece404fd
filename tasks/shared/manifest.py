"""A folder that leaves the house says what is in it: `manifest.json`, signed with the host's key."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from tasks.shared import clock, keys, kinds
from tasks.shared.errors import JournalBroken, Problem
from tasks.shared.files import digest_of, write_atomic

FILE = "manifest.json"


def write(folder: Path, home: Path, what: str) -> Path:
    """List every file of `folder` with size and SHA-256, sign the list, write it there."""
    said = {"what": what, "at": clock.text(), "files": _files(folder)}
    signed = {
        **said,
        "signature": keys.sign(home, kinds.canonical(said).encode()),
        "public_key": base64.b64encode(keys.public(home)).decode(),
    }
    return write_atomic(folder / FILE, json.dumps(signed, indent=1).encode())


def verify(folder: Path, public_key: bytes | None = None) -> list[Problem]:
    """What differs from the manifest; empty if nothing. Raises JournalBroken if the signature
    does not hold, or is not by `public_key` where one is given."""
    signed = json.loads((folder / FILE).read_bytes())
    said = {name: signed[name] for name in ("what", "at", "files")}
    own = base64.b64decode(signed["public_key"])
    if public_key is not None and own != public_key:
        raise JournalBroken("The manifest was signed with another key than the one given")
    keys.verify(own, kinds.canonical(said).encode(), signed["signature"])
    listed = {str(one["name"]): one for one in said["files"]}
    found = {str(one["name"]): one for one in _files(folder)}
    return [
        Problem(file=name, wrong=_difference(listed.get(name), found.get(name)))
        for name in sorted(listed.keys() | found.keys())
        if listed.get(name) != found.get(name)
    ]


def _difference(listed: dict[str, object] | None, found: dict[str, object] | None) -> str:
    if listed is None:
        return "is not in the manifest"
    return "is missing" if found is None else "was changed"


def _files(folder: Path) -> list[dict[str, object]]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        {
            "name": path.relative_to(folder).as_posix(),
            "size": path.stat().st_size,
            "sha256": digest_of(path),
        }
        for path in paths
        if path != folder / FILE
    ]
