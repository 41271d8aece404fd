"""Deployments are data: each names a flow that exists, with parameters that it takes."""

from __future__ import annotations

import importlib
import inspect
from importlib.resources import files
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger


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
    assert one["tags"] and one["concurrency_limit"]["limit"] == 1
