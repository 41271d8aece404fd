"""Carries what stands in `prefect.yaml` and `automations.yaml` to the server: pools, deployments with
their schedules and triggers, and alerts. Run twice, everything still stands once."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from tasks.backup.api import BackupSettings
from tasks.core.errors import Refused
from tasks.core.settings import SETTINGS_FILE, Settings
from tasks.operations.settings import OperationsSettings

Document = list[dict[str, Any]]
MARK = "continuity: "
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


def entrypoint_flow(one: dict[str, Any]) -> Any:
    """The flow that a deployment's entrypoint names."""
    path, name = one["entrypoint"].split(":")
    return getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)


def import_flows() -> None:
    """Import every flow, and with it Prefect."""
    for one in read_document("prefect.yaml", "deployments"):
        entrypoint_flow(one)


def work_pools() -> list[str]:
    """Names of the work pools that deployments go to."""
    return sorted({one["work_pool"]["name"] for one in read_document("prefect.yaml", "deployments")})


def is_active(one: dict[str, Any], settings: Settings) -> bool:
    """Whether its schedule runs: backups wait until there is a store."""
    return "backup" not in one["tags"] or bool(settings(BackupSettings).store)


def scheduled_deployments(settings: Settings) -> set[str]:
    """Names of the deployments that run by a schedule here."""
    wanted = read_document("prefect.yaml", "deployments")
    return {one["name"] for one in wanted if one.get("schedules") and is_active(one, settings)}


def fill_placeholders(value: Any, words: dict[str, str]) -> Any:
    """A value with `{{ $NAME }}` replaced, at any depth."""
    if isinstance(value, str):
        return re.sub(r"{{ \$(\w+) }}", lambda found: words[found[1]], value)
    if isinstance(value, dict):
        return {key: fill_placeholders(inner, words) for key, inner in value.items()}
    return value


def make_deployment(one: dict[str, Any], settings: Settings) -> Any:
    """The deployment as Prefect takes it, started by the name of its module: it needs no folder."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.deployments.runner import RunnerDeployment
    from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger
    from prefect.types.entrypoint import EntrypointType

    words = {"CONTINUITY_HOME": str(settings.home)}
    return RunnerDeployment.from_flow(
        entrypoint_flow(one),
        name=one["name"],
        description=one["description"],
        tags=one["tags"],
        parameters=fill_placeholders(one["parameters"], words),
        schedules=[_schedule(each, is_active(one, settings)) for each in one.get("schedules", [])],
        triggers=[DeploymentEventTrigger.model_validate(each) for each in one.get("triggers", [])],
        concurrency_limit=ConcurrencyLimitConfig(**one["concurrency_limit"]),
        work_pool_name=one["work_pool"]["name"],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def _schedule(one: dict[str, Any], runs: bool) -> Any:
    from prefect.schedules import Cron, Interval

    options = {"timezone": one["timezone"], "active": runs}
    options["parameters"] = one.get("parameters", {})
    if "cron" in one:
        return Cron(one["cron"], **options)
    # an anchor that stays the same, or each start would move all runs
    anchor = datetime(2026, 1, 1, tzinfo=ZoneInfo(one["timezone"]))
    return Interval(one["interval"], anchor_date=anchor, **options)


async def register_deployments(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Carry everything; returns the deployments' ids by `flow/name`."""
    from prefect.client.orchestration import get_client

    ids: dict[str, Any] = {}
    wanted = read_document("prefect.yaml", "deployments")
    async with get_client() as client:
        there = [one.parameters.get("home") for one in await client.read_deployments(limit=200)]
        _refuse_another(settings.home, {Path(one) for one in there if one})
        for name in work_pools():
            await ensure_pool(client, name)
    for one in wanted:
        made = make_deployment(one, settings)
        ids[made.full_name] = await made.apply()
    told = await _automations(settings, ids)
    say(f"{len(ids)} deployments and {told} alerts stand on the server")
    return ids


def _refuse_another(home: Path, there: set[Path]) -> None:
    """Two homes on one database of the server's would take each other's schedules away, in silence.
    A home that was moved left no settings where it was. Raises Refused."""
    for other in sorted(there):
        if (other / SETTINGS_FILE).is_file() and not other.samefile(home):
            raise Refused("server-database-in-use", other=other, home=home, settings_file=SETTINGS_FILE)


async def ensure_pool(client: Any, name: str) -> None:
    """The pool with our template; a pool that is there already, of an earlier start or made by a
    worker that came first, gets it too."""
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectNotFound

    try:
        pool = await client.read_work_pool(name)
    except ObjectNotFound:
        wanted = WorkPoolCreate(name=name, type="process", base_job_template=TEMPLATE)
        await client.create_work_pool(wanted)
        return
    if pool.base_job_template != TEMPLATE:
        await client.update_work_pool(name, WorkPoolUpdate(base_job_template=TEMPLATE))


async def _automations(settings: Settings, ids: dict[str, Any]) -> int:
    from prefect.client.orchestration import get_client
    from prefect.events.schemas.automations import AutomationCore
    from prefect.settings import PREFECT_UI_URL

    page = str(PREFECT_UI_URL.value() or "")
    wanted = {one["name"]: one for one in make_automations(settings, ids, page)}
    async with get_client() as client:
        there = {one.name: one for one in await client.read_automations() if _ours(one.name)}
        for name, one in wanted.items():
            made = AutomationCore.model_validate(one)
            if found := there.pop(name, None):
                await client.update_automation(found.id, made)
            else:
                await client.create_automation(made)
        for gone in there.values():
            await client.delete_automation(gone.id)
    return len(wanted)


def _ours(name: str) -> bool:
    return name.startswith(MARK)


def make_automations(settings: Settings, ids: dict[str, Any], page: str) -> Document:
    """The alerts with their seconds from the settings, their deployments by id, and links to the UI
    at the address `page`."""
    seconds = {
        "{approval}": settings(OperationsSettings).approval_hours * 3600,
        "{objective}": settings(BackupSettings).home_objective_hours * 3600,
        "{dead}": settings(OperationsSettings).dead_seconds,
    }
    found = read_document("automations.yaml", "automations")
    for one in found:
        one["enabled"] = one.pop("when", "") != "backup" or bool(settings(BackupSettings).store)
        within = one["trigger"]["within"]
        one["trigger"]["within"] = seconds.get(within, within)
        for action in one["actions"]:
            if name := action.pop("deployment", ""):
                action |= {"source": "selected", "deployment_id": str(ids[name])}
                told = {k: v.replace("{page}", page) for k, v in action["parameters"].items()}
                action["parameters"] = told | {"home": str(settings.home), "actor": "operations"}
    return found


async def next_runs() -> list[tuple[datetime, str]]:
    """What the server has scheduled, soonest first: when each deployment runs next, and its name."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    only = FlowRunFilter.model_validate({"state": {"type": {"any_": ["SCHEDULED"]}}})
    async with get_client() as client:
        runs = await client.read_flow_runs(flow_run_filter=only, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=200)
        names = {str(one.id): one.name for one in await client.read_deployments(limit=200)}
    first: dict[str, datetime] = {}
    for run in runs:
        if run.expected_start_time and run.auto_scheduled:
            first.setdefault(names.get(str(run.deployment_id), run.name), run.expected_start_time)
    return sorted((when.astimezone(UTC), name) for name, when in first.items())
