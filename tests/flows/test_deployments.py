"""Deployments are data: each names a flow that exists, with parameters that it takes."""

from __future__ import annotations

import importlib
import inspect
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger

from tasks.core.errors import BadInput, Refused
from tasks.core.settings import Settings, load_settings
from tasks.opening import make_home
from tasks.operations.run_interface import failure_instructions, report_failure
from tests.conftest import SETTINGS
from tests.errors import refused


def _deployments() -> list[dict[str, Any]]:
    return yaml.safe_load(files("deployments").joinpath("prefect.yaml").read_text())["deployments"]


def _flow(one: dict[str, Any]) -> Flow[Any, Any]:
    path, name = one["entrypoint"].split(":")
    return getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)


@pytest.mark.parametrize("one", _deployments(), ids=lambda one: one["name"])
def test_parameters_fit(one: dict[str, Any]) -> None:
    taken = inspect.signature(_flow(one).fn).parameters
    given = set(one["parameters"])
    triggers = [DeploymentEventTrigger.model_validate(each) for each in one.get("triggers", [])]
    for trigger in triggers:
        given |= set(trigger.parameters or {})
    assert given <= set(taken)
    owed = {name for name, p in taken.items() if p.default is inspect.Parameter.empty}
    assert owed <= given


@pytest.mark.parametrize("one", _deployments(), ids=lambda one: one["name"])
def test_each_is_its_own_run_book(one: dict[str, Any]) -> None:
    for part in ("What it does", "When it runs", "When it is red"):
        assert part in one["description"]
    assert "**When it is late**" in one["description"] or not one.get("schedules")
    # what a failed run itself says
    assert len(failure_instructions(one["description"])) > 30 and "run-book" not in failure_instructions(
        one["description"]
    )
    assert _flow(one).on_failure_hooks == [report_failure]
    assert one["tags"] and one["concurrency_limit"]["limit"] == 1


@pytest.mark.parametrize("one", _deployments(), ids=lambda one: one["name"])
def test_schedules_have_a_zone_and_keep_clear_of_daylight_saving(one: dict[str, Any]) -> None:
    taken = inspect.signature(_flow(one).fn).parameters
    for each in one.get("schedules", []):
        assert each["timezone"] == "America/New_York"
        assert set(each.get("parameters", {})) <= set(taken)
        if "cron" in each:
            assert int(each["cron"].split()[1]) not in (1, 2, 3), "skipped or repeated twice a year"


def test_they_stand_in_order_and_every_flow_has_one() -> None:
    names = [one["name"] for one in _deployments()]
    assert names == sorted(names)
    modules = {one["entrypoint"].partition(":")[0] for one in _deployments()}
    folder = Path(__file__).parents[2] / "flows"
    assert modules == {f"flows/{path.name}" for path in folder.glob("*.py")} - {"flows/__init__.py"}


@pytest.mark.parametrize("one", _deployments(), ids=lambda one: one["name"])
def test_pools_are_those_that_up_starts_workers_for(one: dict[str, Any]) -> None:
    assert one["work_pool"]["name"] in ("continuity", "restore-drill")


@pytest.mark.usefixtures("prefect_server")
def test_carried_twice_everything_stands_once(house: Settings, tmp_path: Path) -> None:
    import asyncio

    from prefect.client.orchestration import get_client

    from tasks.operations.runtime.deployment_registration import AUTOMATION_PREFIX, register_deployments

    async def stands() -> tuple[list[str], list[str], int]:
        async with get_client() as client:
            made = await client.read_deployments(limit=200)
            alerts = await client.read_automations()
        ours = [one.name for one in alerts if one.name.startswith(AUTOMATION_PREFIX)]
        return sorted(str(d.id) for d in made), sorted(ours), len(alerts)

    ids = asyncio.run(register_deployments(house, lambda _: None))
    first = asyncio.run(stands())
    assert asyncio.run(register_deployments(house, lambda _: None)) == ids
    assert asyncio.run(stands()) == first
    assert len(ids) == len(_deployments()) and len(first[1]) == 5
    second = make_home(tmp_path / "second", SETTINGS, "tests")
    with refused("server-database-in-use", Refused):
        asyncio.run(register_deployments(second, lambda _: None))
    moved = house.home.rename(tmp_path / "moved")
    assert asyncio.run(register_deployments(load_settings(moved), lambda _: None)) == ids


@pytest.mark.usefixtures("prefect_server")
def test_a_pool_of_an_earlier_start_gets_our_template() -> None:
    """And what a worker makes of our template is the same whatever a run names."""
    import asyncio

    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

    from tasks.operations.runtime.deployment_registration import ensure_pool

    theirs = ProcessWorker.get_default_base_job_template()
    assert {"command", "env", "working_dir"} <= set(theirs["variables"]["properties"])

    async def earlier_start() -> None:
        async with get_client() as client:
            wanted = WorkPoolCreate(name="earlier", type="process", base_job_template=theirs)
            await client.create_work_pool(wanted)

    async def close() -> None:
        async with get_client() as client:
            await ensure_pool(client, "earlier")

    async def configuration(**values: object) -> ProcessJobConfiguration:
        async with get_client() as client:
            pool = await client.read_work_pool("earlier")
            return await ProcessJobConfiguration.from_template_and_values(pool.base_job_template, values, client=client)

    attack: dict[str, object] = {
        "command": "/bin/evil",
        "env": {"PYTHONPATH": "/evil"},
        "env.LD_PRELOAD": "/evil.so",
        "working_dir": "/",
        "name": "evil",
    }
    asyncio.run(earlier_start())
    assert asyncio.run(configuration(**attack)).command == "/bin/evil"
    asyncio.run(close())
    plain = asyncio.run(configuration())
    assert asyncio.run(configuration(**attack)) == plain
    assert (plain.command, plain.env, plain.working_dir) == (None, {}, None)


@pytest.mark.parametrize(
    ("name", "parameter", "wrong"),
    [
        ("upkeep", "home", ""),
        ("backup", "actor", ""),
        ("reconciliation", "incident", ""),
        ("reconciliation", "incident", "Ärger 1"),
        ("alert", "code", " "),
        ("alert", "what", "the driver\n078-05-1120 called"),
        ("incident", "note", "records of 078-05-1120 are gone"),
    ],
)
def test_what_no_run_can_take_is_refused_in_the_form(name: str, parameter: str, wrong: str) -> None:
    """It was a run that published half of its artifacts, or an alert without a name that nothing closes."""
    from prefect.utilities.schema_tools.validation import ValidationError, validate

    (one,) = [each for each in _deployments() if each["name"] == name]
    schema = _flow(one).parameters.model_dump()
    validate(one["parameters"], schema, raise_on_error=True)
    with pytest.raises(ValidationError, match=parameter):
        validate({**one["parameters"], parameter: wrong}, schema, raise_on_error=True)


def test_words_with_a_social_security_number_start_no_run(home: Path) -> None:
    """Whoever starts it past the form, too."""
    from prefect.exceptions import ParameterTypeError

    alert = _flow({"entrypoint": "flows/alert.py:alert"})
    good = {"home": str(home), "actor": "it", "what": "call 956-555-0142", "mended": "2026-11-24"}
    alert.validate_parameters(good)
    with pytest.raises((ParameterTypeError, BadInput)) as told:
        alert.validate_parameters({**good, "next": "ask 078-05-1120"})
    assert "078-05-1120" not in str(told.value)
