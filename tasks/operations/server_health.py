"""What upkeep sees on the server: workers, and runs that failed, are late or give no sign of life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from tasks.backup.api import BackupSettings
from tasks.core import clock
from tasks.core.journal import store
from tasks.core.settings import Settings
from tasks.operations.run_interface import post_to_server
from tasks.operations.settings import OperationsSettings
from tasks.operations.upkeep import UpkeepProblem, UpkeepReport, bytes_on_disk

POOL = "continuity"
_NO_HEARTBEAT = "without a sign of life"
"""State of a run that the server still calls running."""


def inspect_server(settings: Settings, report: UpkeepReport) -> None:
    """Workers on line, runs that ended badly with nothing better since, and the database's size."""
    report.server_bytes = server_bytes(settings)
    online = {"workers": {"status": {"any_": ["ONLINE"]}}}
    report.workers = len(post_to_server(f"/work_pools/{POOL}/workers/filter", online))
    deployments = post_to_server("/deployments/filter", {"limit": 200})
    names = {deployment["id"]: deployment["name"] for deployment in deployments}
    pools = {deployment["name"]: deployment["work_pool_name"] for deployment in deployments}
    for name, run in _failing_runs(names).items():
        next_ = f"look at the run {run['name']} in the UI"
        report.faults.append(
            UpkeepProblem("run-failed", name, next_, run=run["name"], name=name, state=run["state"]["name"])
        )
    for name, run in _unresponsive_runs(names, settings).items():
        next_ = "cancel it in the UI and run it again"
        report.faults.append(UpkeepProblem("run-failed", name, next_, run=run["name"], name=name, state=_NO_HEARTBEAT))
    for name in _late(names, settings):
        # the plain worker takes nothing from another pool
        pool = pools.get(name) or POOL
        pool_option = f" --pool {pool}" if pool != POOL else ""
        report.faults.append(UpkeepProblem("run-late", name, f"continuity up --part worker{pool_option}", name=name))
    report.faults.extend(paused_schedules(deployments, settings))


def paused_schedules(deployments: list[dict[str, Any]], settings: Settings) -> list[UpkeepProblem]:
    """Watched deployments whose schedule somebody paused, and may have forgotten: what never falls
    due is never late. Backups have none that runs until there is a store."""
    return [
        UpkeepProblem(
            "schedule-paused",
            deployment["name"],
            "switch it on again on the deployment's page in the UI; a new start of `up` does so too",
            name=deployment["name"],
        )
        for deployment in deployments
        if "watched" in deployment["tags"]
        and (settings(BackupSettings).store or "backup" not in deployment["tags"])
        and deployment["schedules"]
        and (deployment["paused"] or not all(schedule["active"] for schedule in deployment["schedules"]))
    ]


def server_bytes(settings: Settings) -> int:
    """Size of the server's database; 0 where it cannot be seen from this machine."""
    url = settings(OperationsSettings).database.get_secret_value()
    if not url:
        return bytes_on_disk(settings.home / "street" / "prefect" / "prefect.db")
    engine = store.engine(url)
    try:
        with engine.connect() as connection:
            query = sa.text("SELECT pg_database_size(current_database())")
            return int(connection.execute(query).scalar_one())
    except SQLAlchemyError:
        return 0
    finally:
        engine.dispose()


def _unresponsive_runs(names: dict[str, str], settings: Settings) -> dict[str, dict[str, Any]]:
    """Watched runs that should be under way and gave no sign of life for three times as long as they
    may: the server marks those crashed, unless it lost the event by which it would have."""
    since = (clock.now() - timedelta(seconds=3 * settings(OperationsSettings).dead_seconds)).isoformat()
    query = {"tags": {"all_": ["watched"]}, "state": {"type": {"any_": ["RUNNING"]}}, "start_time": {"before_": since}}
    return {
        names[run["deployment_id"]]: run
        for run in post_to_server("/flow_runs/filter", {"flow_runs": query, "limit": 200})
        if run["deployment_id"] in names and not _alive(run["id"], since)
    }


def _alive(run: str, since: str) -> bool:
    """Whether a run gave a sign of life since then."""
    query = {
        "event": {"name": ["prefect.flow-run.heartbeat"]},
        "resource": {"id": [f"prefect.flow-run.{run}"]},
        "occurred": {"since": since},
    }
    return bool(post_to_server("/events/filter", {"filter": query, "limit": 1})["events"])


def _late(names: dict[str, str], settings: Settings) -> list[str]:
    """Watched deployments of which a run is late, and twice over: this worker may have been away,
    and takes it up now."""
    before = datetime.now(UTC) - timedelta(seconds=2 * settings(OperationsSettings).late_seconds)
    query = {
        "flow_runs": {
            "tags": {"all_": ["watched"]},
            "state": {"name": {"any_": ["Late"]}},
            "expected_start_time": {"before_": before.isoformat()},
        },
        "limit": 200,
    }
    runs = post_to_server("/flow_runs/filter", query)
    return sorted({names[run["deployment_id"]] for run in runs if run["deployment_id"] in names})


def _failing_runs(names: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Watched deployments whose newest run of the last week that ended or is due ended badly."""
    failed = {"FAILED", "CRASHED"}
    since = (datetime.now(UTC) - timedelta(days=7)).isoformat()
    query = {
        "flow_runs": {
            "tags": {"all_": ["watched"]},
            "state": {"type": {"any_": [*failed, "COMPLETED"]}},
            "end_time": {"after_": since},
        },
        "sort": "END_TIME_DESC",
        "limit": 200,
    }
    newest: dict[str, dict[str, Any]] = {}
    for run in post_to_server("/flow_runs/filter", query):
        newest.setdefault(run["deployment_id"], run)
    return {names.get(id_, "a flow"): run for id_, run in newest.items() if run["state"]["type"] in failed and id_}
