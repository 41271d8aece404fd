from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from tasks.backup.configuration import configured_sources, snapshot_options
from tasks.backup.settings import BackupSettings
from tasks.core.settings import Settings
from tasks.operations import server_access
from tasks.operations.runtime.server_environment import RuntimeFolder
from tasks.operations.settings import OperationsSettings
from tasks.workspace import Workspace


def environment(house: Settings, *, serves: bool = True, **operations: object) -> dict[str, str]:
    wanted = OperationsSettings(**operations)  # type: ignore[arg-type]
    runtime = RuntimeFolder(house.model_copy(update={"operations": wanted}), "127.0.0.1", 4201, serves)
    runtime.make()
    return runtime.environment()


def test_nobody_outside_is_asked(house: Settings) -> None:
    found = environment(house)
    assert found["DO_NOT_TRACK"] == "1"
    assert found["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert found["PREFECT_SERVER_UI_V2_ENABLED"] == "false"
    assert found["PREFECT_API_URL"] == "http://127.0.0.1:4201/api"
    assert found["PREFECT_SERVER_UI_API_URL"] == "/api"


def test_prefects_settings_of_somebody_else_do_not_reach_it(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_KEY", "somebody's")
    monkeypatch.setenv("PREFECT_API_URL", "https://somewhere.example/api")
    found = environment(house)
    assert "PREFECT_API_KEY" not in found and "somewhere" not in found["PREFECT_API_URL"]
    assert Path(found["PREFECT_HOME"]).is_relative_to(house.home)


def test_the_key_of_the_blocks_lies_apart_from_their_database(house: Settings) -> None:
    first = environment(house)["PREFECT_SERVER_ENCRYPTION_KEY"]
    assert environment(house)["PREFECT_SERVER_ENCRYPTION_KEY"] == first
    key = house.home / "keys" / "prefect-encryption-key"
    assert key.read_text() == first and key.stat().st_mode & 0o077 == 0


def test_several_machines(house: Settings, tmp_path: Path) -> None:
    path = tmp_path / "auth"
    path.write_text("ops:secret\n")
    wanted = {
        "address": "https://ops.harbor.example/api",
        "ca_file": tmp_path / "ca.pem",
        "database": SecretStr("postgresql://u:p@db/prefect"),
        "auth_file": path,
        "keep_days": 10,
    }
    found = environment(house, serves=False, **wanted)
    assert found["PREFECT_API_URL"] == "https://ops.harbor.example/api"
    assert found["PREFECT_API_SSL_CERT_FILE"] == str(tmp_path / "ca.pem")
    served = environment(house, **wanted)
    # its own clients need no proxy; letters link to where people reach it
    assert served["PREFECT_API_URL"] == "http://127.0.0.1:4201/api"
    assert served["PREFECT_UI_URL"] == found["PREFECT_UI_URL"]
    assert found["PREFECT_UI_URL"] == "https://ops.harbor.example"
    url = found["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    assert url == "postgresql+asyncpg://u:p@db/prefect"
    assert found["PREFECT_API_AUTH_STRING"] == found["PREFECT_SERVER_API_AUTH_STRING"] == "ops:secret"
    assert found["PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD"] == "864000"
    # with a file of the broker's own there is no second password
    assert not server_access.password_file(house.home).exists()
    origins = served["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"]
    assert origins == "http://127.0.0.1:4201,https://ops.harbor.example"


def test_the_server_of_a_laptop_has_a_password_of_its_own(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "somebody:else")
    first = environment(house)
    path = house.home / "street" / "password"
    line = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600 and len(line.partition(":")[2]) >= 43
    assert first["PREFECT_API_AUTH_STRING"] == first["PREFECT_SERVER_API_AUTH_STRING"] == line
    path.chmod(0o644)
    assert environment(house)["PREFECT_API_AUTH_STRING"] == line
    assert path.stat().st_mode & 0o777 == 0o600
    path.unlink()
    assert environment(house)["PREFECT_API_AUTH_STRING"] != line


def test_a_worker_elsewhere_makes_no_password(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PREFECT_API_AUTH_STRING" not in environment(house, serves=False)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "ops:secret")
    assert environment(house, serves=False)["PREFECT_API_AUTH_STRING"] == "ops:secret"


def test_the_backup_does_not_read_the_password(house: Settings, tmp_path: Path) -> None:
    environment(house)
    stored = house.model_copy(update={"backup": BackupSettings(store=str(tmp_path / "store"))})
    workspace = Workspace(stored)
    left_out = snapshot_options(workspace).leave_out
    path = server_access.password_file(house.home)
    below = [Path(source.location) for source in configured_sources(workspace) if path.is_relative_to(source.location)]
    assert below == [house.home] and any(path.is_relative_to(folder) for folder in left_out)


def test_prefect_takes_every_one_of_them(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that Prefect does not know would be ignored in silence."""
    from prefect.settings import Settings as PrefectSettings

    found = environment(house)
    for name, value in found.items():
        if name.startswith("PREFECT_"):
            monkeypatch.setenv(name, value)
    taken = PrefectSettings()
    assert taken.server.ui.v2_enabled is False and taken.server.ui.api_url == "/api"
    assert taken.server.analytics_enabled is False
    assert taken.server.services.db_vacuum.enabled == {"events", "flow_runs"}
    assert taken.server.services.db_vacuum.retention_period.days == 60
    assert taken.server.events.retention_period.days == 60
    assert taken.flows.heartbeat_frequency == 30
    assert str(taken.server.ui.static_directory).endswith("/street/prefect/ui")
    assert taken.server.services.late_runs.after_seconds.total_seconds() == 120
    assert taken.server.deployments.concurrency_slot_wait_seconds == 5
    assert taken.ui_url == "http://127.0.0.1:4201"
    assert taken.server.ui.show_promotional_content is False
    assert taken.server.api.csrf_protection_enabled and taken.client.csrf_support_enabled
    assert taken.server.api.cors_allowed_origins == "http://127.0.0.1:4201"
    line = server_access.password_file(house.home).read_text()
    assert taken.server.api.auth_string and taken.api.auth_string
    assert taken.server.api.auth_string.get_secret_value() == line
    assert taken.api.auth_string.get_secret_value() == line


def test_why_a_server_is_not_well_is_said(tmp_path: Path) -> None:
    from tasks.operations.runtime.startup_checks import server_unanswered

    refused = server_unanswered("http://127.0.0.1:1/api")
    assert refused and refused.code == "server-call-failed"
    (tmp_path / "ca.pem").write_text("no certificate")
    assert server_unanswered("https://127.0.0.1:1/api", tmp_path / "ca.pem")
