"""What must hold before anything is started: versions, home, port, and that it is not running yet."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import Requirement

from tasks.core.errors import ContinuityError, Problem
from tasks.core.messages import Reason
from tasks.opening import open_journal
from tasks.operations.runtime.deployment_registration import work_pools
from tasks.operations.runtime.server_environment import POOL, RuntimeFolder
from tasks.operations.server_access import ServerAccess
from tasks.operations.settings import OperationsSettings
from tasks.screening.api import ScreeningSettings

PACKAGE = "broker-continuity"


def startup_problems(runtime: RuntimeFolder, pool: str = POOL) -> list[Problem]:
    """Everything that would keep `up` from running here, with a worker for this pool."""
    problems = [*pin_problems(), *_home(runtime), *_auth(runtime), *_authority(runtime), *_pool(pool)]
    problems += [*_extras(runtime), *_dask(runtime)]
    return [*problems, *_port(runtime), *_disk_space(runtime), *_database(runtime)] if runtime.serves else problems


def pin_problems() -> Iterator[Problem]:
    """Each library that is missing or of another version than this program was tried with: with
    others Prefect's server does not start, or starts and its schedules never fire."""
    for line in metadata.requires(PACKAGE) or []:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield Problem(column=requirement.name, right=_INSTALL, code="package-not-installed")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            yield Problem(
                column=requirement.name,
                value=version,
                code="package-version-unsupported",
                values={"specifier": requirement.specifier, "install": _INSTALL},
            )


_INSTALL = "install with -c deployments/constraints.txt"


def _extras(runtime: RuntimeFolder) -> Iterator[Problem]:
    """Parts that the settings ask for and that a run would miss at night."""
    dask, second_opinion = runtime.settings(OperationsSettings).dask, runtime.settings(ScreeningSettings).second_opinion
    for setting, is_enabled, module, extra in (
        ("operations.dask", bool(dask), "prefect_dask", "dask"),
        ("screening.second_opinion", second_opinion, "nomenklatura", "second-opinion"),
    ):
        if is_enabled and find_spec(module) is None:
            yield Problem(column=setting, code="extra-not-installed", values={"extra": extra})


def _dask(runtime: RuntimeFolder) -> Iterator[Problem]:
    """A scheduler that nobody answers for keeps backups and screenings from running at all."""
    address = urlsplit(runtime.settings(OperationsSettings).dask)
    if address.scheme not in ("tcp", "tls"):
        return
    try:
        socket.create_connection((address.hostname or "", address.port or 8786), timeout=5).close()
    except (OSError, ValueError) as error:
        yield Problem(
            column="operations.dask", value=address.geturl(), code="scheduler-not-reachable", values={"reason": error}
        )


def _home(runtime: RuntimeFolder) -> Iterator[Problem]:
    try:
        open_journal(runtime.settings).close()
    except ContinuityError as error:
        yield Problem(
            column="home",
            value=str(runtime.settings.home),
            code="home-not-usable",
            values={"error": error.code, "reason": error},
        )


def _pool(pool: str) -> Iterator[Problem]:
    """A worker of a pool that no deployment goes to stands there and never has anything to do."""
    if pool not in work_pools():
        yield Problem(column="--pool", value=pool, right=" or ".join(work_pools()), code="pool-without-worker")


def _auth(runtime: RuntimeFolder) -> Iterator[Problem]:
    try:
        _ = runtime.access
    except ContinuityError as error:
        yield Problem(
            column="operations.auth_file",
            code="server-password-unusable",
            values={"error": error.code, "reason": error},
        )


def _authority(runtime: RuntimeFolder) -> Iterator[Problem]:
    path = runtime.settings(OperationsSettings).ca_file
    try:
        if path:
            ssl.create_default_context(cafile=path)
    except OSError as error:
        yield Problem(column="operations.ca_file", value=str(path), code="ca-file-unreadable", values={"reason": error})


def _port(runtime: RuntimeFolder) -> Iterator[Problem]:
    try:
        family = socket.AF_INET6 if ":" in runtime.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((runtime.host, runtime.port))
    except OSError as error:
        yield Problem(
            column="port",
            value=f"{runtime.host}:{runtime.port}",
            code="port-not-available",
            values={"strerror": error.strerror or error},
        )


LEAST_FREE_BYTES = 100_000_000
"""Bytes free that the server's database and logs need to begin with."""


def _disk_space(runtime: RuntimeFolder) -> Iterator[Problem]:
    # a folder that is not made yet will lie where the one above it does
    folder = runtime.folder / "prefect"
    existing = next(candidate for candidate in (folder, *folder.parents) if candidate.exists())
    if (free := shutil.disk_usage(existing).free) < LEAST_FREE_BYTES:
        yield Problem(
            column="disk",
            value=str(existing),
            code="disk-space-low",
            values={"free": free / 1000000.0, "room": LEAST_FREE_BYTES / 1000000.0},
        )


def _database(runtime: RuntimeFolder) -> Iterator[Problem]:
    url = runtime.settings(OperationsSettings).database.get_secret_value()
    if not url:
        return
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        yield Problem(column="operations.database", code="database-not-usable", values={"reason": error})


def server_unanswered(address: str, ca_file: Path | None = None) -> Reason | None:
    """Why no server is well at this API address; None if one is. `ca_file`: who signed its
    certificate."""
    try:
        trust = ssl.create_default_context(cafile=ca_file) if ca_file else None
        with urllib.request.urlopen(f"{address}/health", timeout=2, context=trust) as answer:
            if answer.status == 200:
                return None
            return Reason("server-answers-status", status=answer.status)
    except OSError as error:
        return Reason("server-call-failed", reason=str(error))


def access_refusal(address: str, access: ServerAccess, ca_file: Path | None = None) -> Reason | None:
    """Why the server at this API address takes no call with this password; None if it takes one.
    Its health, which needs no password, says nothing of that."""
    call = urllib.request.Request(f"{address}/admin/version", headers=access.headers())
    try:
        trust = ssl.create_default_context(cafile=ca_file) if ca_file else None
        with urllib.request.urlopen(call, timeout=10, context=trust):
            return None
    except urllib.error.HTTPError as error:
        if error.code == 401:
            return access.refused_by(address)
        return Reason("server-call-failed", reason=str(error))
    except OSError as error:
        return Reason("server-call-failed", reason=str(error))


class RuntimeLock:
    """A runtime folder, or one worker on it, is held by one `up` at a time, until its process ends,
    however it ends."""

    def __init__(self, folder: Path, name: str) -> None:
        # SQLite's lock goes with the process and works alike on Linux and Windows
        self._lock = sqlite3.connect(folder / f"{name}.lock", timeout=0, isolation_level=None)

    def take(self) -> bool:
        """Whether this process holds it now."""
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return False
        return True

    def free(self) -> None:
        self._lock.close()
