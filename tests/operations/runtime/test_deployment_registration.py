"""The two files against Prefect's own shapes."""

from __future__ import annotations

import pytest
from prefect.events.schemas.automations import AutomationCore

from tasks.backup.settings import BackupSettings
from tasks.core.settings import Settings
from tasks.operations.runtime import deployment_registration
from tasks.operations.runtime.deployment_registration import (
    entrypoint_flow,
    fill_placeholders,
    make_automations,
    read_document,
    scheduled_deployments,
)

PAGE = "http://127.0.0.1:4200"
IDS = {f"{entrypoint_flow(one).name}/{one['name']}": "11111111-1111-1111-1111-111111111111"
       for one in read_document("prefect.yaml", "deployments")}  # fmt: skip


def test_words_are_filled_in_at_any_depth() -> None:
    given = {"a": "{{ $CONTINUITY_HOME }}/drills", "b": {"c": "{{ event.id }}"}, "d": 3}
    done = fill_placeholders(given, {"CONTINUITY_HOME": "/h"})
    assert done == {"a": "/h/drills", "b": {"c": "{{ event.id }}"}, "d": 3}


def test_every_alert_is_what_prefect_takes(house: Settings) -> None:
    found = [AutomationCore.model_validate(one) for one in make_automations(house, IDS, PAGE)]
    assert len(found) == 5 and all(one.name.startswith(deployment_registration.AUTOMATION_PREFIX) for one in found)
    assert all(one.description for one in found)
    (failed,) = (one for one in found if "failed" in one.name)
    said = failed.actions[0].parameters["next"]  # type: ignore[union-attr]
    assert said.startswith(f"its log says why: {PAGE}/runs/flow-run/{{{{ flow_run.id }}}};")
    # this server knows filters in notifications only
    assert not any("|" in str(one.actions) for one in found)


def test_seconds_come_from_the_settings(house: Settings) -> None:
    wanted = {one["name"]: one for one in make_automations(house, IDS, PAGE)}
    within = {name: one["trigger"]["within"] for name, one in wanted.items()}
    assert within["continuity: approval waits too long"] == 4 * 3600
    assert within["continuity: run gives no sign of life"] == 120
    assert not wanted["continuity: backup not proved in time"]["enabled"]
    stored = house.model_copy(update={"backup": BackupSettings(store="/s", home_objective_hours=10)})
    proved = next(one for one in make_automations(stored, IDS, PAGE) if "proved" in one["name"])
    assert proved["enabled"] and proved["trigger"]["within"] == 36_000


def test_an_alert_about_an_alert_would_never_end() -> None:
    (alert,) = (one for one in read_document("prefect.yaml", "deployments") if one["name"] == "alert")
    assert "watched" not in alert["tags"]
    others = [one for one in read_document("prefect.yaml", "deployments") if one["name"] != "alert"]
    assert all("watched" in one["tags"] for one in others)


@pytest.mark.parametrize("store", ["", "/s"])
def test_backups_are_scheduled_once_there_is_a_store(house: Settings, store: str) -> None:
    settings = house.model_copy(update={"backup": BackupSettings(store=store)})
    runs = scheduled_deployments(settings)
    assert ({"backup", "backup-doctor", "restore-drill"} <= runs) == bool(store)
    assert {"upkeep", "duties", "screening"} <= runs
