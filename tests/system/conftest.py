from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import SETTINGS as HOUSE, missing_part
from tests.reconciliation.broker_office import make_office
from tests.system.browser import ARGUMENTS, PROGRAM, Browser
from tests.system.running_system import RunningSystem

# [ace] stays the last table: the office puts its folders there
SETTINGS = "[operations]\nrelay_seconds = 1\n" + HOUSE


@pytest.fixture(scope="session")
def drilled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that `continuity drill` leaves, and what it said. Run once a session."""
    out = tmp_path_factory.mktemp("drill") / "D"
    done = subprocess.run(
        [sys.executable, "-m", "tasks.cli.main", "--home", str(out.parent / "home"), "drill", "--out", str(out)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out, done.stdout + done.stderr


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """A running system over an office with five recorded entries; once a module."""
    yield from running(tmp_path_factory.mktemp("street"), SETTINGS)


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningSystem]:
    """A running system of the test's own; with the parameter `postgres` its book and its server's
    database lie there."""
    text = SETTINGS
    if getattr(request, "param", "sqlite") == "postgres":
        server = request.getfixturevalue("postgres")
        book, events = database(server, "book"), database(server, "prefect")
        more = f"[journal]\nurl = {json.dumps(book)}\n"
        text = f"{more}[operations]\nruns_at_once = 12\ndatabase = {json.dumps(events)}\n{HOUSE}"
    yield from running(tmp_path, text)


def database(server: str, name: str) -> str:
    """A fresh database on the PostgreSQL server; its URL."""
    made = f"{name}_{time.time_ns()}"
    admin = sa.create_engine(server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {made}")
    admin.dispose()
    return f"{server.rsplit('/', 1)[0]}/{made}"


def running(folder: Path, text: str) -> Iterator[RunningSystem]:
    office = make_office(folder / "home", text)
    office.record(1, 5, folder)
    made = RunningSystem(office, folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        office.journal.close()


@pytest.fixture
def browser() -> Iterator[Browser]:
    if not PROGRAM.is_file():
        missing_part("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=str(PROGRAM), headless=True, args=list(ARGUMENTS))
        yield Browser(chromium)
        chromium.close()
