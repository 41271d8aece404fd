"""Refuses a home folder on a network share or a stick, where SQLite's write-ahead log is unsafe."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tasks.core.errors import BadSettings

_REMOTE = {"cifs", "smb3", "smbfs", "nfs", "nfs4", "9p", "afs", "ceph", "sshfs", "davfs"}
_STICK = {"vfat", "exfat", "msdos"}


def require_local(folder: Path) -> None:
    """Raises BadSettings if `folder` lies on a share or on removable storage."""
    kind = _windows_kind(folder) if sys.platform == "win32" else _linux_kind(folder)
    if kind:
        raise BadSettings("home-not-on-local-disk", folder=folder, kind=kind)


def _linux_kind(folder: Path) -> str:
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return kind_among(mounts, os.path.realpath(folder))


def kind_among(mounts: str, folder: str) -> str:
    """What `folder` lies on, told from the text of a mount table; empty for a local disk."""
    best, kind = "", ""
    for line in mounts.splitlines():
        _, point, system, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = folder == point or folder.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, system
    if kind in _REMOTE or kind.startswith("fuse.sshfs") or kind == "fuse.rclone":
        return f"a network share ({kind})"
    return f"a stick or memory card ({kind})" if kind in _STICK else ""


def _windows_kind(folder: Path) -> str:
    import ctypes

    anchor = folder.resolve().anchor
    if anchor.startswith("\\\\"):
        return "a network share"
    drive = ctypes.windll.kernel32.GetDriveTypeW(anchor)
    return {2: "a stick or memory card", 4: "a network share"}.get(drive, "")
