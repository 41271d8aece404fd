"""At the substitute broker's: what another broker sealed to our key, checked before it is written down."""

from __future__ import annotations

import base64
import io
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tasks.core.errors import BadInput, HostileFile, Problem, Refused
from tasks.core.files import write_atomic
from tasks.core.signatures import key_id
from tasks.core.untrusted_input import MIB, is_safe_name
from tasks.security.api import MANIFEST_FILE, SealOpener, sealed_pieces, verify_manifest

_MOST = 2048 * MIB


@dataclass(frozen=True)
class HandoverPackage:
    """`broker`: whose it is, as it says. `signer`: the id of the key that signed it. Anybody can seal to a
    public key, so only that id, read out by the broker, tells that it is its own."""

    names: tuple[str, ...]
    broker: str
    signer: str


def open_package(path: Path, seed: bytes, folder: Path) -> HandoverPackage:
    """Open a sealed file into an empty folder, which only we may read. `seed`: of our key
    (`seal.read_key`). Raises HostileFile if it is none or holds what it must not, NotOpened for another
    key, JournalBroken if it was altered, Refused if its own manifest does not hold: then nothing stays."""
    if folder.exists() and any(folder.iterdir()):
        raise BadInput("opening-folder-not-empty", folder=folder)
    if not path.is_file():
        raise BadInput("handover-package-not-found", path=path)
    data = b"".join(sealed_pieces(path, SealOpener(seed=seed)))
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        raise _no_package(path) from None
    with archive:
        _require_harmless(path, archive)
        try:
            for name in archive.namelist():
                write_atomic(folder / name, archive.read(name), mode=0o600)
            return _checked(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _checked(folder: Path) -> HandoverPackage:
    if problems := verify_manifest(folder):
        raise Refused("handover-package-mismatch", problems)
    manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
    about = json.loads((folder / "about.json").read_bytes())
    signer = key_id(base64.b64decode(manifest["public_key"]))
    return HandoverPackage(tuple(sorted(path.name for path in folder.iterdir())), str(about["from"]), signer)


def _require_harmless(path: Path, archive: zipfile.ZipFile) -> None:
    """Whoever has our public key can seal something to it: names and size are looked at first."""
    names = archive.namelist()
    unsafe = [name for name in names if "/" in name or not is_safe_name(name)]
    size = sum(member.file_size for member in archive.infolist())
    if unsafe or size > _MOST:
        if unsafe:
            raise Refused("handover-file-name-unsafe", name=unsafe[0])
        raise Refused("handover-package-too-large", size=size / MIB, most=_MOST // MIB)
    if not {MANIFEST_FILE, "about.json"} <= set(names):
        raise _no_package(path)


def _no_package(path: Path) -> HostileFile:
    problem = Problem(file=path.name, code="handover-file-invalid")
    return HostileFile("handover-file-refused", [problem])
