from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

# Prefect reads these when its server starts: without them a flow of five tasks takes a second.
_OFF = ("EVENT_PERSISTER", "TASK_RUN_RECORDER", "TRIGGERS", "SCHEDULER", "LATE_RUNS", "FOREMAN")


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """A real Prefect server of the tests' own, lean."""
    for service in _OFF:
        os.environ[f"PREFECT_SERVER_SERVICES_{service}_ENABLED"] = "false"
    os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with (
        prefect_test_harness(server_startup_timeout=120),
        temporary_settings(updates={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None, PREFECT_LOGGING_TO_API_ENABLED: False}),
    ):
        yield


@pytest.fixture
def office(journal, house):
    from tests.reconciliation.broker_office import open_office

    return open_office(journal, house)


@pytest.fixture
def excerpts_are_whole(monkeypatch):
    """The excerpts' own floors in place of the real ones."""
    from tasks.screening.lists import catalog
    from tasks.screening.lists.catalog import parse_floors
    from tests.screening.conftest import LISTS

    own = parse_floors((LISTS / "floors.csv").read_text(encoding="utf-8"))
    monkeypatch.setattr(catalog, "floors", lambda: own)


@pytest.fixture
def january(tmp_path):
    """A folder with the SDN list of January 2024, free to be damaged."""
    import shutil

    from tests.screening.conftest import LISTS

    return shutil.copytree(LISTS / "ofac_2024-01-08", tmp_path / "ofac_2024-01-08")
