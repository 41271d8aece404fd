"""Trees of every kind of file that a backup must bring back, and a comparison that misses nothing."""
# Paths are bytes here, since not all names are text, and pathlib takes no bytes.

# ruff: noqa: PTH118, PTH123, PTH211

from __future__ import annotations

import os
import random
import sqlite3
import stat
from pathlib import Path


def write(path: Path, data: bytes, mtime: int = 1_700_000_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(mtime * 10**9 + 123_456_789, mtime * 10**9 + 123_456_789))
    return path


def plain_tree(top: Path, seed: int = 1, files: int = 60, large: int = 2) -> None:
    """Small and large, compressible and not, copies, empty ones."""
    dice = random.Random(seed)
    for number in range(files):
        data = dice.randbytes(dice.randrange(1, 30_000))
        if number % 3:
            data = (f"entry {number} ".encode() * 400)[: dice.randrange(10, 6000)]
        write(top / f"folder{number % 7}" / f"file{number}.dat", data)
    for number in range(large):
        write(top / f"large{number}.bin", dice.randbytes(3_000_000) + bytes(1_500_000))
    write(top / "copies" / "large.bin", (top / "large0.bin").read_bytes() if large else b"x")
    write(top / "empty.txt", b"")
    (top / "empty folder").mkdir(exist_ok=True)


def odd_tree(top: Path) -> None:
    """Links, modes, holes, long names, names that are no text, a database, a hard link."""
    write(top / "modes" / "secret", b"x").chmod(0o600)
    write(top / "modes" / "program", b"#!/bin/sh\n").chmod(0o755)
    write(top / "modes" / "setuid", b"y").chmod(0o4755)
    os.symlink("modes/secret", top / "link")
    os.symlink("/nowhere/at/all", top / "dangling")
    os.symlink(b"\xff\xfe", os.fsencode(top) + b"/link to no text")
    write(top / "first", b"shared content" * 100)
    os.link(top / "first", top / "modes" / "second")
    with (top / "sparse").open("wb") as file:
        file.seek(5_000_000)
        file.write(b"middle" * 1000)
        file.truncate(20_000_000)
    with (top / "hole").open("wb") as file:
        file.truncate(3_000_000)
    write(top / ("n" * 255), b"long name")
    deep = top.joinpath(*["d" * 60] * 20)
    write(deep / "deep.txt", b"deep")
    with open(os.fsencode(top) + b"/caf\xe9.txt", "wb") as file:
        file.write(b"latin-1 name")
    write(top / "Ünï↔ code 文件.txt", b"text")
    write(top / 'with\nnewline "quote" \\ back', b"odd")
    write(top / "Case", b"1")
    write(top / "case", b"2")
    database(top / "book.sqlite", 500)
    os.mkfifo(top / "pipe")
    (top / "modes").chmod(0o750)


def deep_tree(top: Path) -> None:
    """Folders deeper than a path may be long: made, as programs do that walk, one within the other."""
    handle = os.open(top, os.O_RDONLY)
    for level in range(90):
        name = f"{level:02d}" + "e" * 58
        os.mkdir(name, dir_fd=handle)
        inner = os.open(name, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
        if level % 30 == 29:
            _deep_files(handle, level)
    os.close(handle)


def _deep_files(handle: int, level: int) -> None:
    dice = random.Random(level)
    sizes = {"small": 5000, "large": 2_500_000, "empty": 0, "s" * 250: 10}
    for name, size in sizes.items():
        with os.fdopen(os.open(name, os.O_CREAT | os.O_WRONLY, 0o640, dir_fd=handle), "wb") as file:
            file.write(dice.randbytes(size))
    os.link("small", "twin", src_dir_fd=handle, dst_dir_fd=handle)
    os.symlink("large", "link", dir_fd=handle)


def database(path: Path, rows: int) -> None:
    book = sqlite3.connect(path)
    book.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, text TEXT)")
    book.executemany("INSERT INTO t (text) VALUES (?)", ((f"row {i}" * 5,) for i in range(rows)))
    book.commit()
    book.close()


def picture(top: Path, special: bool = False) -> dict[bytes, tuple]:
    """Everything about a tree that a restore must bring back, by relative path. Looks from folder to
    folder, so that no path is too long."""
    root, found = os.fsencode(top), {}
    for place, folders, files, handle in os.fwalk(root, onerror=_raise):
        for name in [*folders, *files, b"."]:
            shown = os.path.relpath(os.path.join(place, name), root)
            seen = _seen(name, handle, special)
            if seen:
                found[shown] = seen
    return found


def _raise(error: OSError) -> None:
    raise error


def _seen(name: bytes, handle: int, special: bool) -> tuple:
    st = os.stat(name, dir_fd=handle, follow_symlinks=False)
    kind, mode = stat.S_IFMT(st.st_mode), stat.S_IMODE(st.st_mode) & (0o7777 if special else 0o777)
    if stat.S_ISLNK(st.st_mode):
        return kind, os.readlink(name, dir_fd=handle)
    if stat.S_ISREG(st.st_mode):
        with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=handle), "rb") as file:
            return kind, mode, st.st_mtime_ns, file.read()
    return (kind, mode, st.st_mtime_ns, b"") if stat.S_ISDIR(st.st_mode) else ()


def differences(before: dict[bytes, tuple], after: dict[bytes, tuple]) -> list[str]:
    names = sorted(set(before) | set(after))
    return [os.fsdecode(n) for n in names if before.get(n) != after.get(n)]
