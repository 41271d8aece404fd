"""The password of the Prefect server: where it is kept, and what to say when the server refuses it.

`continuity up` makes one for the server of a home, in `<home>/street/password`. The backup leaves
that folder out; the password is in no journal, kit, log or process argument.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tasks.core.errors import BadSettings
from tasks.core.files import write_atomic
from tasks.core.messages import Reason
from tasks.core.settings import Settings
from tasks.operations.settings import OperationsSettings

VARIABLE = "PREFECT_API_AUTH_STRING"
USER = "continuity"


def password_file(home: Path) -> Path:
    """The password file of the server that `continuity up` starts on this home."""
    return home / "street" / "password"


def ensure_password(home: Path) -> Path:
    """Make the password file if it is missing: one line `user:password`, mode 0600. Returns it."""
    path = password_file(home)
    if not path.is_file():
        line = f"{USER}:{secrets.token_urlsafe(32)}"
        write_atomic(path, line.encode("ascii"), mode=0o600)
    path.chmod(0o600)
    return path


@dataclass(frozen=True)
class ServerAccess:
    """`line`: `user:password`, or empty where there is none. `source`: the file or variable that it
    comes from."""

    line: str = field(default="", repr=False)
    source: str = ""

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> ServerAccess:
        """The password by the first that is there: `[operations] auth_file`, this home's own file,
        the variable PREFECT_API_AUTH_STRING. Raises BadSettings for an `auth_file` that cannot be
        read, and for a line that is not ASCII `user:password`."""
        if path := settings(OperationsSettings).auth_file:
            return cls._checked(_text(path, f"[operations] auth_file {path}"), str(path))
        path = password_file(settings.home)
        # another user's home is one without a server of ours
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            line = path.read_text(encoding="ascii", errors="replace").strip()
            return cls._checked(line, str(path), "; delete it, and continuity up makes another")
        if line := environment.get(VARIABLE, "").strip():
            return cls._checked(line, VARIABLE)
        return cls()

    @classmethod
    def _checked(cls, line: str, source: str, remedy: str = "") -> ServerAccess:
        user, colon, password = line.partition(":")
        # Prefect's server compares the two as ASCII, and answers 500 to every call otherwise
        if not (user and colon and password and line.isascii() and len(line.splitlines()) == 1):
            raise BadSettings("password-file-wrong-form", source=source, remedy=remedy)
        return cls(line, source)

    def headers(self) -> dict[str, str]:
        """The HTTP header that carries it; none without a password."""
        if not self.line:
            return {}
        return {"Authorization": f"Basic {base64.b64encode(self.line.encode()).decode()}"}

    def refused_by(self, address: str) -> Reason:
        """Why the server at `address` answered 401, and what to do."""
        if self.line:
            return Reason("server-password-refused", address=address, source=self.source, variable=VARIABLE)
        return Reason("server-password-not-set", address=address, variable=VARIABLE)


def _text(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings("file-unreadable", name=name, reason=error) from error
