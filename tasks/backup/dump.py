"""A PostgreSQL database as a stream of SQL, its password out of everybody's sight."""

from __future__ import annotations

import os
import subprocess
import tempfile
from urllib.parse import unquote, urlsplit, urlunsplit

from tasks.backup.faults import SourceFault


def _without_password(place: str) -> tuple[str, dict[str, str]]:
    """A database's URL as pg_dump takes it, and the environment that carries its password: what
    stands in a command line all users of the machine can read."""
    parts, environment = urlsplit(place), dict(os.environ)
    if not parts.scheme:
        return place, environment
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)
    user, _, host = parts.netloc.rpartition("@")
    user = user.partition(":")[0] + "@" if user else ""
    scheme = parts.scheme.partition("+")[0]  # SQLAlchemy names its driver there
    return urlunsplit(parts._replace(scheme=scheme, netloc=user + host)), environment


class PostgresDump:
    """`pg_dump` of one database as a stream; plain SQL, which dedups better than its own archive."""

    def __init__(self, place: str, program: str = "pg_dump") -> None:
        address, environment = _without_password(place)
        command = [program, "--no-password", "--format=plain", f"--dbname={address}"]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in finish
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
            )
        except OSError as error:
            self._errors.close()
            raise SourceFault(
                "backup-program-not-started", program=program, strerror=error.strerror
            ) from error

    def read_into(self, view: memoryview) -> int:
        assert self._process.stdout is not None
        return self._process.stdout.readinto(view)

    def finish(self) -> None:
        """Raises SourceFault when the dump did not end well: a cut dump is no backup."""
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read(500).decode(errors="replace").strip()
        self._close()
        if code:
            raise SourceFault("pg-dump-failed", code_given=code, reason=said)

    def abort(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._close()

    def _close(self) -> None:
        self._errors.close()
        if self._process.stdout:
            self._process.stdout.close()
