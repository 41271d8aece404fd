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

PACKAGE = "broker-continuity"


def startup_problems(street: RuntimeFolder, pool: str = POOL) -> list[Problem]:
    """Everything that would keep `up` from running here, with a worker for this pool."""
    found = [*pin_problems(), *_home(street), *_auth(street), *_authority(street), *_pool(pool)]
    found += [*_extras(street), *_dask(street)]
    return [*found, *_port(street), *_room(street), *_database(street)] if street.serves else found


def pin_problems() -> Iterator[Problem]:
    """Each library that is missing or of another version than this program was tried with: with
    others Prefect's server does not start, or starts and its schedules never fire."""
    for line in metadata.requires(PACKAGE) or []:
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            there = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            yield Problem(column=wanted.name, right=_INSTALL, code="package-not-installed")
            continue
        if not wanted.specifier.contains(there, prereleases=True):
            yield Problem(
                column=wanted.name,
                value=there,
                code="package-version-unsupported",
                values={"specifier": wanted.specifier, "install": _INSTALL},
            )


_INSTALL = "install with -c deployments/constraints.txt"


def _extras(street: RuntimeFolder) -> Iterator[Problem]:
    """Parts that the settings ask for and that a run would miss at night."""
    given = street.settings
    asked = {
        "operations.dask": (bool(given.operations.dask), "prefect_dask", "dask"),
        "screening.second_opinion": (given.screening.second_opinion, "nomenklatura", "second-opinion"),
    }
    for setting, (wanted, module, extra) in asked.items():
        if wanted and find_spec(module) is None:
            yield Problem(column=setting, code="extra-not-installed", values={"extra": extra})


def _dask(street: RuntimeFolder) -> Iterator[Problem]:
    """A scheduler that nobody answers for keeps backups and screenings from running at all."""
    where = urlsplit(street.settings(OperationsSettings).dask)
    if where.scheme not in ("tcp", "tls"):
        return
    try:
        socket.create_connection((where.hostname or "", where.port or 8786), timeout=5).close()
    except (OSError, ValueError) as wrong:
        yield Problem(
            column="operations.dask", value=where.geturl(), code="scheduler-not-reachable", values={"reason": wrong}
        )


def _home(street: RuntimeFolder) -> Iterator[Problem]:
    try:
        open_journal(street.settings).close()
    except ContinuityError as wrong:
        yield Problem(
            column="home",
            value=str(street.settings.home),
            code="home-not-usable",
            values={"error": wrong.code, "reason": wrong},
        )


def _pool(pool: str) -> Iterator[Problem]:
    """A worker of a pool that no deployment goes to stands there and never has anything to do."""
    if pool not in work_pools():
        yield Problem(column="--pool", value=pool, right=" or ".join(work_pools()), code="pool-without-worker")


def _auth(street: RuntimeFolder) -> Iterator[Problem]:
    try:
        _ = street.access
    except ContinuityError as wrong:
        yield Problem(
            column="operations.auth_file",
            code="server-password-unusable",
            values={"error": wrong.code, "reason": wrong},
        )


def _authority(street: RuntimeFolder) -> Iterator[Problem]:
    path = street.settings(OperationsSettings).ca_file
    try:
        if path:
            ssl.create_default_context(cafile=path)
    except OSError as wrong:
        yield Problem(column="operations.ca_file", value=str(path), code="ca-file-unreadable", values={"reason": wrong})


def _port(street: RuntimeFolder) -> Iterator[Problem]:
    try:
        kind = socket.AF_INET6 if ":" in street.host else socket.AF_INET
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((street.host, street.port))
    except OSError as wrong:
        yield Problem(
            column="port",
            value=f"{street.host}:{street.port}",
            code="port-not-available",
            values={"strerror": wrong.strerror or wrong},
        )


ROOM = 100_000_000
"""Bytes free that the server's database and logs need to begin with."""


def _room(street: RuntimeFolder) -> Iterator[Problem]:
    # a folder that is not made yet will lie where the one above it does
    place = street.folder / "prefect"
    there = next(one for one in (place, *place.parents) if one.exists())
    if (free := shutil.disk_usage(there).free) < ROOM:
        yield Problem(
            column="disk",
            value=str(there),
            code="disk-space-low",
            values={"free": free / 1000000.0, "room": ROOM / 1000000.0},
        )


def _database(street: RuntimeFolder) -> Iterator[Problem]:
    url = street.settings(OperationsSettings).database.get_secret_value()
    if not url:
        return
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as wrong:
        yield Problem(column="operations.database", code="database-not-usable", values={"reason": wrong})


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
    """A street, or one worker on it, is held by one `up` at a time, until its process ends, however
    it ends."""

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
