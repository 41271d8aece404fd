"""Real parts that many tests share, and the rule that in CI a missing part fails, never skips."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from tasks.core.content import ContentStore
from tasks.core.journal import store
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.opening import make_home
from tests.example_counts import examples
from tests.samba_server import Samba, missing_parts

SETTINGS = """
[broker]
name = "Harbor & Vance Customs Brokers"
filer_code = "ABC"
licence = "12345"
permit = "22-00417"
address = "400 Harbor Plaza, Long Beach CA 90802"
contact_name = "JO HARBOR"
contact_phone = "5625550100"
[numbers]
daily_volume = 20
alarm_days = 5
[ace]
site_code = "2704"
sender_id = "ABC"
"""


def in_zone(text: str, zone: str) -> str:
    """These settings with the broker in a time zone."""
    return text.replace("[broker]\n", f'[broker]\nzone = "{zone}"\n', 1)


settings.register_profile(
    "house",
    deadline=None,
    max_examples=examples(100),
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("house")


LONGEST = (
    "reconciliation/test_cycle_properties.py",
    "system/test_drill.py",
    "system/test_supervisor.py",
    "flows/test_deployments.py",
    "flows/test_approval.py",
    "reconciliation/test_sample_world.py",
)
"""Files that begin first: one of them at the end would keep a single process busy alone."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    # Thousands of tests are collected and live to the end: the garbage collector need not walk them
    # while they come, nor ever after.
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    place = {name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda one: place.get(one.path.relative_to(here).as_posix(), len(LONGEST)))


def missing_part(name: str) -> None:
    """Skip on a laptop, fail in CI: a check must never be left out in silence there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed, and CI must have it")
    pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="session", autouse=True)
def _statements_worded_once() -> Iterator[None]:
    """Nearly every test opens a new SQLite book: what SQLAlchemy has compiled for one does for all."""
    real, worded = store.engine, {}
    dialects: dict[str, sa.Dialect] = {}

    def engine(url: str) -> sa.Engine:
        made = real(url)
        if made.dialect.name == "sqlite":
            # The cache tells its statements apart by the dialect.
            made.dialect = dialects.setdefault("sqlite", made.dialect)
            made.update_execution_options(compiled_cache=worded)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "engine", engine)
        yield


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("CONTINUITY_"):
            monkeypatch.delenv(name)


@pytest.fixture
def house(tmp_path: Path) -> Settings:
    """A fresh home folder with an empty book."""
    return make_home(tmp_path / "home", SETTINGS, "tests")


@pytest.fixture
def home(house: Settings) -> Path:
    return house.home


@pytest.fixture
def content(house: Settings) -> ContentStore:
    return ContentStore(house.content_path)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL server of our own, on a free port."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        missing_part("PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="continuity-postgres-", dir="/tmp"))
    port = _free_port()
    server = _start_postgres(programs[-1], folder, port)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # at once: by SIGTERM it waits for its last client
        server.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)


def _start_postgres(programs: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    # The server refuses to run as root.
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    user = prefix if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    subprocess.run(
        [*user, programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
        check=True,
        capture_output=True,
    )
    settings_ = ["-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
    server = subprocess.Popen(
        [*user, programs / "postgres", "-D", data, *settings_, "-c", "fsync=off"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready = subprocess.run([programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)], capture_output=True)
        if ready.returncode == 0:
            return server
        time.sleep(0.1)
    server.kill()
    raise RuntimeError("PostgreSQL did not become ready")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(params=["sqlite", "postgres"])
def book_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database for a journal, on each of the two kinds."""
    if request.param == "sqlite":
        return f"sqlite+pysqlite:///{tmp_path / 'journal.sqlite'}"
    server = request.getfixturevalue("postgres")
    name = f"book_{time.time_ns()}"
    admin = sa.create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    return server.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def book(book_url: str) -> Iterator[Journal]:
    """An empty journal on SQLite, then on PostgreSQL."""
    journal = Journal.made(book_url)
    yield journal
    journal.close()


@pytest.fixture
def journal(house: Settings) -> Iterator[Journal]:
    """The SQLite journal of the fresh home."""
    from tasks.opening import open_journal

    opened = open_journal(house)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def samba() -> Iterator[Samba]:
    """One private smbd for all tests of the session."""
    if missing_parts():
        missing_part("Samba")
    top = Path(tempfile.mkdtemp(prefix="continuity-smbd-", dir="/tmp"))
    server = Samba(top)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(top, ignore_errors=True)
