"""Carries what stands in `prefect.yaml` and `automations.yaml` to the server: pools, deployments with
their schedules and triggers, and alerts. Run twice, everything still stands once."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import yaml

from tasks.backup.api import BackupSettings
from tasks.core.errors import Refused
from tasks.core.settings import SETTINGS_FILE, Settings
from tasks.operations.settings import OperationsSettings

Document = list[dict[str, Any]]
AUTOMATION_PREFIX = "continuity: "
"""Automations whose names begin so are ours: one that is no longer in the file is removed."""

TEMPLATE: dict[str, Any] = {
    "job_configuration": {"stream_output": True},
    "variables": {"type": "object", "properties": {}, "additionalProperties": False},
}
"""What the worker starts a run with. Prefect's own template lets each run name its `command`, `env` and
`working_dir`: whoever may start a run could start any program as the worker. Here a run can name
nothing. There is no `env` in the configuration either: a worker merges a run's `env` into one that is
there, whatever the variables allow (`BaseJobConfiguration.from_template_and_values`)."""


def read_document(name: str, key: str) -> Document:
    """The list under `key` in a file of this folder."""
    text = files("deployments").joinpath(name).read_text(encoding="utf-8")
    return yaml.safe_load(text)[key]


def entrypoint_flow(deployment: dict[str, Any]) -> Any:
    """The flow that a deployment's entrypoint names."""
    path, name = deployment["entrypoint"].split(":")
    return getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)


def import_flows() -> None:
    """Import every flow, and with it Prefect."""
    for deployment in read_document("prefect.yaml", "deployments"):
        entrypoint_flow(deployment)


def work_pools() -> list[str]:
    """Names of the work pools that deployments go to."""
    return sorted({deployment["work_pool"]["name"] for deployment in read_document("prefect.yaml", "deployments")})


def is_active(deployment: dict[str, Any], settings: Settings) -> bool:
    """Whether its schedule runs: backups wait until there is a store."""
    return "backup" not in deployment["tags"] or bool(settings(BackupSettings).store)


def scheduled_deployments(settings: Settings) -> set[str]:
    """Names of the deployments that run by a schedule here."""
    deployments = read_document("prefect.yaml", "deployments")
    return {
        deployment["name"]
        for deployment in deployments
        if deployment.get("schedules") and is_active(deployment, settings)
    }


def fill_placeholders(value: Any, variables: dict[str, str]) -> Any:
    """A value with `{{ $NAME }}` replaced, at any depth."""
    if isinstance(value, str):
        return re.sub(r"{{ \$(\w+) }}", lambda match: variables[match[1]], value)
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        return {key: fill_placeholders(inner, variables) for key, inner in entries.items()}
    return value


def make_deployment(entry: dict[str, Any], settings: Settings) -> Any:
    """The deployment as Prefect takes it, started by the name of its module: it needs no folder."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.deployments.runner import RunnerDeployment
    from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger
    from prefect.types.entrypoint import EntrypointType

    variables = {"CONTINUITY_HOME": str(settings.home)}
    return RunnerDeployment.from_flow(
        entrypoint_flow(entry),
        name=entry["name"],
        description=entry["description"],
        tags=entry["tags"],
        parameters=fill_placeholders(entry["parameters"], variables),
        schedules=[_schedule(option, is_active(entry, settings)) for option in entry.get("schedules", [])],
        triggers=[DeploymentEventTrigger.model_validate(option) for option in entry.get("triggers", [])],
        concurrency_limit=ConcurrencyLimitConfig(**entry["concurrency_limit"]),
        work_pool_name=entry["work_pool"]["name"],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def _schedule(schedule: dict[str, Any], active: bool) -> Any:
    from prefect.schedules import Cron, Interval

    options: dict[str, Any] = {"timezone": schedule["timezone"], "active": active}
    options["parameters"] = schedule.get("parameters", {})
    if "cron" in schedule:
        return Cron(schedule["cron"], **options)
    # an anchor that stays the same, or each start would move all runs
    anchor = datetime(2026, 1, 1, tzinfo=ZoneInfo(schedule["timezone"]))
    return Interval(schedule["interval"], anchor_date=anchor, **options)


async def register_deployments(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Carry everything; returns the deployments' ids by `flow/name`."""
    from prefect.client.orchestration import get_client

    ids: dict[str, Any] = {}
    entries = read_document("prefect.yaml", "deployments")
    async with get_client() as client:
        homes = [entry.parameters.get("home") for entry in await client.read_deployments(limit=200)]
        _refuse_another(settings.home, {Path(entry) for entry in homes if entry})
        for name in work_pools():
            await ensure_pool(client, name)
    for entry in entries:
        deployment = make_deployment(entry, settings)
        ids[deployment.full_name] = await deployment.apply()
    alerts = await _automations(settings, ids)
    say(f"{len(ids)} deployments and {alerts} alerts stand on the server")
    return ids


def _refuse_another(home: Path, homes: set[Path]) -> None:
    """Two homes on one database of the server's would take each other's schedules away, in silence.
    A home that was moved left no settings where it was. Raises Refused."""
    for other_home in sorted(homes):
        if (other_home / SETTINGS_FILE).is_file() and not other_home.samefile(home):
            raise Refused("server-database-in-use", other=other_home, home=home, settings_file=SETTINGS_FILE)


async def ensure_pool(client: Any, name: str) -> None:
    """The pool with our template; a pool that is there already, of an earlier start or made by a
    worker that came first, gets it too."""
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectNotFound

    try:
        pool = await client.read_work_pool(name)
    except ObjectNotFound:
        creation = WorkPoolCreate(name=name, type="process", base_job_template=TEMPLATE)
        await client.create_work_pool(creation)
        return
    if pool.base_job_template != TEMPLATE:
        await client.update_work_pool(name, WorkPoolUpdate(base_job_template=TEMPLATE))


async def _automations(settings: Settings, ids: dict[str, Any]) -> int:
    from prefect.client.orchestration import get_client
    from prefect.events.schemas.automations import AutomationCore
    from prefect.settings import PREFECT_UI_URL

    page = str(PREFECT_UI_URL.value() or "")
    automations = {automation["name"]: automation for automation in make_automations(settings, ids, page)}
    async with get_client() as client:
        registered = {
            automation.name: automation for automation in await client.read_automations() if _ours(automation.name)
        }
        for name, automation in automations.items():
            core = AutomationCore.model_validate(automation)
            if existing := registered.pop(name, None):
                await client.update_automation(existing.id, core)
            else:
                await client.create_automation(core)
        for obsolete in registered.values():
            await client.delete_automation(obsolete.id)
    return len(automations)


def _ours(name: str) -> bool:
    return name.startswith(AUTOMATION_PREFIX)


def make_automations(settings: Settings, ids: dict[str, Any], page: str) -> Document:
    """The alerts with their seconds from the settings, their deployments by id, and links to the UI
    at the address `page`."""
    seconds = {
        "{approval}": settings(OperationsSettings).approval_hours * 3600,
        "{objective}": settings(BackupSettings).home_objective_hours * 3600,
        "{dead}": settings(OperationsSettings).dead_seconds,
    }
    automations = read_document("automations.yaml", "automations")
    for automation in automations:
        automation["enabled"] = automation.pop("when", "") != "backup" or bool(settings(BackupSettings).store)
        within = automation["trigger"]["within"]
        automation["trigger"]["within"] = seconds.get(within, within)
        for action in automation["actions"]:
            if name := action.pop("deployment", ""):
                action |= {"source": "selected", "deployment_id": str(ids[name])}
                parameters = {name_: value.replace("{page}", page) for name_, value in action["parameters"].items()}
                action["parameters"] = parameters | {"home": str(settings.home), "actor": "operations"}
    return automations


async def next_runs() -> list[tuple[datetime, str]]:
    """What the server has scheduled, soonest first: when each deployment runs next, and its name."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    only = FlowRunFilter.model_validate({"state": {"type": {"any_": ["SCHEDULED"]}}})
    async with get_client() as client:
        runs = await client.read_flow_runs(flow_run_filter=only, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=200)
        names = {str(deployment.id): deployment.name for deployment in await client.read_deployments(limit=200)}
    first: dict[str, datetime] = {}
    for run in runs:
        if run.expected_start_time and run.auto_scheduled:
            first.setdefault(names.get(str(run.deployment_id), run.name), run.expected_start_time)
    return sorted((when.astimezone(UTC), name) for name, when in first.items())
