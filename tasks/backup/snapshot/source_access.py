"""Where content comes from: databases are never copied as they lie, but through their own interface;
a PostgreSQL database as a stream of SQL, its password out of everybody's sight.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from tasks.backup.faults import SourceFault
from tasks.backup.file_access import short_path


def _without_password(url: str) -> tuple[str, dict[str, str]]:
    """A database's URL as pg_dump takes it, and the environment that carries its password: what
    stands in a command line all users of the machine can read."""
    parts, environment = urlsplit(url), dict(os.environ)
    if not parts.scheme:
        return url, environment
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)
    user, _, host = parts.netloc.rpartition("@")
    user = user.partition(":")[0] + "@" if user else ""
    scheme = parts.scheme.partition("+")[0]  # SQLAlchemy names its driver there
    return urlunsplit(parts._replace(scheme=scheme, netloc=user + host)), environment


class PostgresDump:
    """`pg_dump` of one database as a stream; plain SQL, which dedups better than its own archive."""

    def __init__(self, url: str, program: str = "pg_dump") -> None:
        address, environment = _without_password(url)
        command = [program, "--no-password", "--format=plain", f"--dbname={address}"]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in finish
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._errors, env=environment
            )
        except OSError as error:
            self._errors.close()
            raise SourceFault("backup-program-not-started", program=program, strerror=error.strerror) from error

    def read_into(self, view: memoryview) -> int:
        assert self._process.stdout is not None
        return self._process.stdout.readinto(view)  # type: ignore[attr-defined] - a pipe of bytes is a BufferedReader

    def finish(self) -> None:
        """Raises SourceFault when the dump did not end well: a cut dump is no backup."""
        code = self._process.wait()
        self._errors.seek(0)
        message = self._errors.read(500).decode(errors="replace").strip()
        self._close()
        if code:
            raise SourceFault("pg-dump-failed", code_given=code, reason=message)

    def abort(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        self._errors.close()
        if self._process.stdout:
            self._process.stdout.close()


SQLITE_MAGIC = b"SQLite format 3\0"
COMPANIONS = (b"-wal", b"-shm", b"-journal")
_WAL_MODE = 2  # bytes 18 and 19 of the file


@dataclass(frozen=True)
class SnapshotSource:
    """One thing to back up. `kind` is `folder` or `postgresql` (then `location` is a URL or DSN).

    `retention` names the class; `skip` are patterns of relative paths; `objective_hours` is the
    longest that the newest snapshot may lie back.
    """

    name: str
    location: str
    retention: str = "records"
    kind: str = "folder"
    skip: tuple[str, ...] = ()
    objective_hours: float = 26.0


def require_readable(root: bytes) -> None:
    """A source that is not there, or a share that went away, is no empty one. Raises SourceFault."""
    try:
        if stat.S_ISDIR(os.stat(root).st_mode):  # noqa: PTH116 - bytes
            os.scandir(root).close()
    except OSError as error:
        raise SourceFault("source-file-unreadable", fsdecode=os.fsdecode(root), strerror=error.strerror) from error


def lies_beneath(root: bytes, real: Sequence[bytes]) -> set[bytes]:
    """Those of some real paths that lie in `root`, as a walk of it spells them: a source that leads
    there through a link or `..` must not take along what is left out by name."""
    top = os.path.realpath(root).rstrip(os.fsencode(os.sep))
    inner = [path[len(top) :] for path in real if path.startswith(top + os.fsencode(os.sep))]
    return {root.rstrip(b"/") + path.replace(os.fsencode(os.sep), b"/") for path in inner}


def sqlite_state(path: bytes, head: bytes) -> str:
    """How a file must be read: empty for no SQLite file and for one in WAL mode that nobody has
    open (asking SQLite would leave new files beside it), `wal`, or `rollback`.

    The calling process must not have the same database open itself: on POSIX, closing any handle
    of a file drops all locks that the process holds on it.
    """
    if not head.startswith(SQLITE_MAGIC):
        return ""
    if len(head) > 18 and head[18] == _WAL_MODE:
        with short_path(path + b"-wal") as log:
            return "wal" if Path(os.fsdecode(log)).exists() else ""
    return "rollback"


@contextmanager
def sqlite_quiet(path: bytes) -> Iterator[None]:
    """Hold a shared lock, under which nobody writes a database in rollback mode: it can be read
    as it lies, bit for bit. Raises sqlite3.Error."""
    address = f"file:{quote(os.fsdecode(path))}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=20)) as connection:
        connection.isolation_level = None
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield
        connection.execute("COMMIT")


@contextmanager
def sqlite_copy(path: bytes, scratch: Path) -> Iterator[Path]:
    """A consistent copy by the online backup API, removed afterwards. Raises sqlite3.Error."""
    import tempfile

    scratch.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="sqlite-", dir=scratch)
    os.close(handle)
    try:
        address = f"file:{quote(os.fsdecode(path))}?mode=ro"
        with (
            contextlib.closing(sqlite3.connect(address, uri=True, timeout=20)) as connection,
            contextlib.closing(sqlite3.connect(name)) as copy,
        ):
            connection.backup(copy)
        yield Path(name)
    finally:
        for leftover in (name, name + "-journal", name + "-wal", name + "-shm"):
            Path(leftover).unlink(missing_ok=True)
