"""The runtime folder (`<home>/street`), which holds everything of Prefect's that may be thrown away,
and the settings with which its server, workers and clients are started.

Settings go by the environment, not by a file: a worker starts each run in a folder of its own, where
Prefect would find no file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tasks.core.files import write_atomic
from tasks.core.settings import Settings
from tasks.operations import server_access
from tasks.operations.server_access import ServerAccess
from tasks.operations.settings import OperationsSettings

POOL = "continuity"
HEARTBEAT = 30
"""Seconds between the signs of life of a run; Prefect takes no fewer."""


@dataclass(frozen=True)
class RuntimeFolder:
    """One home's runtime folder. `host` and `port`: where its server listens; `serves`: on this machine."""

    settings: Settings
    host: str
    port: int
    serves: bool = True

    @property
    def folder(self) -> Path:
        return self.settings.home / "street"

    @property
    def _here(self) -> str:
        return f"http://{self.host}:{self.port}/api"

    @property
    def address(self) -> str:
        """The API that workers and clients of this machine speak to. Where the server is they need no
        proxy."""
        return self._here if self.serves else self.settings(OperationsSettings).address or self._here

    @property
    def page(self) -> str:
        """The UI's address, as people elsewhere reach it too."""
        return (self.settings(OperationsSettings).address or self._here).removesuffix("/api")

    def make(self) -> None:
        """The folder, the key with which Prefect encrypts its blocks, and the server's password."""
        self._ui.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        # a link to nothing where it would be unpacked: the server then has no newer UI, which asks an
        # outside host from the browser, and offers nobody to change to it
        with suppress(OSError):  # it stands, or this is a Windows without links
            (self._ui / "v2").symlink_to("off")
        if not self._key.is_file():
            from cryptography.fernet import Fernet

            write_atomic(self._key, Fernet.generate_key(), mode=0o600)
        if self.serves and self.settings(OperationsSettings).auth_file is None:
            server_access.ensure_password(self.settings.home)

    @property
    def access(self) -> ServerAccess:
        """The password of the server. Raises BadSettings."""
        return ServerAccess.of(self.settings)

    @property
    def _origins(self) -> str:
        """Where the UI's own pages come from: the only pages whose scripts may read an answer."""
        parts = [urlsplit(url) for url in (self._here, self.page)]
        return ",".join(dict.fromkeys(f"{part.scheme}://{part.netloc}" for part in parts))

    @property
    def _key(self) -> Path:
        return self.settings.home / "keys" / "prefect-encryption-key"

    @property
    def _ui(self) -> Path:
        """The unpacked UI: the program's own folder is read-only to whoever runs the server."""
        return self.folder / "prefect" / "ui"

    def environment(self) -> dict[str, str]:
        """The environment of every process of the server and its workers. Raises BadSettings for a password file
        that cannot be used."""
        operations = self.settings(OperationsSettings)
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        variables = {
            **_QUIET,
            "CONTINUITY_HOME": str(self.settings.home),
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_API_URL": self.address,
            "PREFECT_UI_URL": self.page,
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(self._ui),
            "PREFECT_SERVER_API_HOST": self.host,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": self._origins,
            "PREFECT_SERVER_ENCRYPTION_KEY": self._key.read_text(encoding="ascii"),
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(operations.keep_days * 86_400),
            "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": f"P{operations.keep_days}D",
            "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": str(operations.late_seconds),
        }
        if operations.ca_file:
            variables["PREFECT_API_SSL_CERT_FILE"] = str(operations.ca_file)
        if url := operations.database.get_secret_value():
            variables["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = async_database_url(url)
        if line := self.access.line:
            variables |= {"PREFECT_SERVER_API_AUTH_STRING": line, server_access.VARIABLE: line}
        return {**outside, **variables}


_QUIET = {
    # nobody outside is asked for, by server, client or page
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # the page asks the server that it came from, on whatever port or proxy
    "PREFECT_SERVER_UI_API_URL": "/api",
    # a page of another site cannot make a browser change anything here
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT),
    # alerts that come at once wait for each other no longer than this
    "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "5",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_LOGGING_LEVEL": "INFO",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_CLASS": "tasks.operations.runtime.console_handler.SteadyConsole",
    "PYTHONUNBUFFERED": "1",
}


def async_database_url(url: str) -> str:
    """A PostgreSQL URL as Prefect's server wants it."""
    scheme, separator, remainder = url.partition("://")
    return f"postgresql+asyncpg{separator}{remainder}" if scheme.startswith("postgres") else url
