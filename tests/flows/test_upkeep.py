"""The upkeep flow against a real server: runs that failed are told and closed, a reconciliation goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.core import clock
from tasks.core.errors import Refused
from tasks.operations.alert_records import open_alerts
from tasks.operations.event_relay import begin_run
from tasks.operations.settings import OperationsSettings
from tasks.security.events import PrivatePurged
from tasks.security.private_data import Vault
from tests.errors import refused
from tests.reconciliation.broker_office import Office

pytestmark = pytest.mark.usefixtures("prefect_server")

MISSING = ("worker-missing", "")


@pytest.fixture(autouse=True)
def pool() -> None:
    """As `continuity up` makes it."""
    from tasks.operations.runtime.deployment_registration import ensure_pool

    async def make() -> None:
        from prefect.client.orchestration import get_client

        async with get_client() as client:
            await ensure_pool(client, "continuity")
            await ensure_pool(client, "restore-drill")

    asyncio.run(make())


async def ended(name: str, state: Any, tags: list[str]) -> None:
    """A run of a deployment that ended so, just now."""
    from prefect.client.orchestration import get_client

    from flows.alert import alert

    async with get_client() as client:
        flow = await client.create_flow(alert)
        made = await client.create_deployment(flow_id=flow, name=name, tags=tags)
        run = await client.create_flow_run_from_deployment(made, tags=tags)
        from prefect.states import Running

        await client.set_flow_run_state(run.id, Running(), force=True)
        await client.set_flow_run_state(run.id, state, force=True)


def run(office: Office) -> Any:
    from flows.upkeep import upkeep

    return upkeep(str(office.settings.home), "operations", return_state=True)


def test_a_failed_run_is_told_until_one_goes_well(office: Office) -> None:
    from prefect.states import Completed, Failed

    name = f"backup-{datetime.now(UTC).timestamp():.0f}"
    asyncio.run(ended(name, Failed(), ["watched"]))
    first = run(office)
    assert first.name == "Faults"
    assert ("run-failed", name) in open_alerts(office.journal)
    again = run(office)
    assert again.result()["raised"] == []
    asyncio.run(ended(name, Completed(), ["watched"]))
    run(office)
    assert ("run-failed", name) not in open_alerts(office.journal)


def test_what_is_not_watched_is_not_told(office: Office) -> None:
    from prefect.states import Failed

    asyncio.run(ended("unwatched", Failed(), []))
    run(office)
    assert ("run-failed", "unwatched") not in open_alerts(office.journal)


def test_a_reconciliation_under_way_goes_on_once(office: Office) -> None:
    from prefect.client.orchestration import get_client

    from flows.reconciliation import reconciliation

    async def deploy() -> None:
        async with get_client() as client:
            flow = await client.create_flow(reconciliation)
            await client.create_deployment(flow_id=flow, name="reconciliation", parameters={"actor": "reconciliation"})

    from tasks.operations.run_interface import post_to_server

    asyncio.run(deploy())
    clear = {"deployments": {"name": {"any_": ["reconciliation"]}}, "limit": 200}
    for one in post_to_server("/flow_runs/filter", clear):
        post_to_server(f"/flow_runs/{one['id']}/set_state", {"state": {"type": "CANCELLED"}, "force": True})
    assert run(office).result()["reconciliation"] == ""
    begin_run(office.journal, "reconciliation", "2026-01", "run-1", "r")
    assert run(office).result()["reconciliation"] == "2026-01"
    assert run(office).result()["reconciliation"] == ""  # one is due already


def test_news_reach_the_server_once(office: Office) -> None:
    from tasks.operations.event_relay import RelayPosition

    run(office)
    path = office.settings.home / "street" / "relay.json"
    position = RelayPosition.read(path)
    assert position is not None and position.seq > 0
    assert run(office).result()["told"] == 0


def test_private_values_whose_day_has_come_are_purged(office: Office) -> None:
    vault = Vault(office.settings.home)
    past = clock.now().date() - timedelta(days=1)
    (due,) = vault.seal([("ABC-1", "entries.driver_birth_date", "1979-03-18")], past)
    (kept,) = vault.seal([("ABC-1", "entries.vehicle_plate", "TX 1")], None)
    run(office)
    assert vault.open(kept) == "TX 1"
    with refused("private-value-missing", Refused):
        vault.open(due)
    (event,) = office.journal.events(kind=PrivatePurged.kind)
    run(office)
    assert list(office.journal.events(kind=PrivatePurged.kind)) == [event]


async def late(name: str, minutes: int, pool: str = "continuity") -> Any:
    """A run of the house's pool that was due so long ago and that no worker took up."""
    from prefect.client.orchestration import get_client
    from prefect.states import Scheduled

    from flows.alert import alert

    due = datetime.now(UTC) - timedelta(minutes=minutes)
    async with get_client() as client:
        flow = await client.create_flow(alert)
        made = await client.create_deployment(flow_id=flow, name=name, tags=["watched"], work_pool_name=pool)
        run = await client.create_flow_run_from_deployment(made, tags=["watched"], state=Scheduled(scheduled_time=due))
        await client.set_flow_run_state(run.id, Scheduled(name="Late", scheduled_time=due), force=True)
    return run


def test_a_run_that_is_late_is_told_until_it_is_taken_up(office: Office) -> None:
    from tasks.operations.run_interface import post_to_server

    waits = asyncio.run(late("kit", 30))
    asyncio.run(late("duties", 1))  # a worker may still take it up
    run(office)
    told = [subject for code, subject in open_alerts(office.journal) if code == "run-late"]
    assert told == ["kit"]
    post_to_server(f"/flow_runs/{waits.id}/set_state", {"state": {"type": "COMPLETED"}, "force": True})
    run(office)
    assert ("run-late", "kit") not in open_alerts(office.journal)


def test_that_no_worker_takes_anything_up_is_told_without_one(office: Office) -> None:
    """By `up` itself, once; and taken back by the first upkeep that a worker runs."""
    from tasks.operations.runtime.periodic_jobs import UndoneRunWatch
    from tasks.operations.runtime.server_environment import RuntimeFolder

    seconds = iter([0.0, 1.0, 3600.0, 3600.0, 7200.0, 7200.0])
    watch = UndoneRunWatch(RuntimeFolder(office.settings, "127.0.0.1", 4200), lambda: next(seconds))
    oldest = asyncio.run(late("screening", 90))
    asyncio.run(late("backup", 80))
    watch.run_once()
    assert MISSING not in open_alerts(office.journal), "a worker that begins takes up what is due"
    watch.run_once()
    told = open_alerts(office.journal)[MISSING]
    since = oldest.expected_start_time.strftime("%Y-%m-%d %H:%M")
    assert "2" in told.what and since in told.what
    watch.run_once()
    assert len(list(office.journal.events(kind="alert.raised"))) == 1
    run(office)
    assert MISSING not in open_alerts(office.journal)


def test_a_run_that_the_server_takes_for_alive_for_ever_is_told(office: Office) -> None:
    """Where the event was lost by which it would be marked crashed."""
    from prefect.states import Completed, Running

    asyncio.run(ended("duties", Running(), ["watched"]))
    run(office)
    assert ("run-failed", "duties") not in open_alerts(office.journal)
    with clock.held(clock.now() + timedelta(minutes=10)):
        run(office)
    assert ("run-failed", "duties") in open_alerts(office.journal)
    asyncio.run(ended("duties", Completed(), ["watched"]))


async def scheduled(name: str, tags: list[str], *, on: bool) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    from flows.alert import alert

    schedule = DeploymentScheduleCreate(schedule=CronSchedule(cron="0 7 * * *"), active=on)
    async with get_client() as client:
        flow = await client.create_flow(alert)
        await client.create_deployment(flow_id=flow, name=name, tags=tags, schedules=[schedule])


def test_a_schedule_that_somebody_paused_is_told_until_it_is_on(office: Office) -> None:
    """What never falls due is never late. Backups without a store are off because nobody set one."""
    asyncio.run(scheduled("duties", ["watched"], on=False))
    asyncio.run(scheduled("backup", ["watched", "backup"], on=False))
    run(office)
    told = {subject for code, subject in open_alerts(office.journal) if code == "schedule-paused"}
    assert told == {"duties"}
    asyncio.run(scheduled("duties", ["watched"], on=True))
    run(office)
    assert ("schedule-paused", "duties") not in open_alerts(office.journal)


def test_up_itself_tells_that_upkeep_is_paused(office: Office) -> None:
    from tasks.operations.runtime.periodic_jobs import UndoneRunWatch
    from tasks.operations.runtime.server_environment import RuntimeFolder

    asyncio.run(scheduled("upkeep", ["watched"], on=False))
    UndoneRunWatch(RuntimeFolder(office.settings, "127.0.0.1", 4200), iter([0.0, 1e6, 1e6]).__next__).run_once()
    assert ("schedule-paused", "upkeep") in open_alerts(office.journal)
    asyncio.run(scheduled("upkeep", ["watched"], on=True))


def test_an_alert_raised_by_hand_says_how_it_is_closed(office: Office) -> None:
    from flows.alert import alert

    home = str(office.settings.home)
    alert(home, "operations", code="printer", what="it does not print")
    run(office)
    assert "printer" in open_alerts(office.journal)["printer", ""].next
    missed: Any = alert(home, "operations", code="print", mended="new toner", return_state=True)
    assert missed.name == "NothingClosed" and ("printer", "") in open_alerts(office.journal)
    alert(home, "operations", code="printer", mended="new toner")
    assert ("printer", "") not in open_alerts(office.journal)


def test_what_is_late_in_a_pool_of_its_own_is_told_with_that_pool(office: Office) -> None:
    from tasks.operations.run_interface import post_to_server

    waits = asyncio.run(late("restore-drill", 30, "restore-drill"))
    run(office)
    told = open_alerts(office.journal)["run-late", "restore-drill"]
    assert told.next == "continuity up --part worker --pool restore-drill"
    post_to_server(f"/flow_runs/{waits.id}/set_state", {"state": {"type": "COMPLETED"}, "force": True})


def test_a_run_whose_worker_died_before_it_began_gives_its_place_back(office: Office) -> None:
    """Every later run of its deployment was turned away for ever, upkeep too, and nobody told."""
    from tasks.operations.run_interface import post_to_server
    from tasks.operations.runtime.periodic_jobs import UndoneRunWatch
    from tasks.operations.runtime.server_environment import RuntimeFolder

    waits = asyncio.run(late("kit", 1))
    post_to_server(f"/flow_runs/{waits.id}/set_state", {"state": {"type": "PENDING"}, "force": True})

    def after(seconds: int) -> str:
        settings = office.settings
        wanted = settings(OperationsSettings).model_copy(update={"dead_seconds": seconds})
        runtime = RuntimeFolder(settings.model_copy(update={"operations": wanted}), "127.0.0.1", 4200)
        UndoneRunWatch(runtime, iter([0.0, 1e6, 1e6]).__next__).run_once()
        (found,) = post_to_server("/flow_runs/filter", {"flow_runs": {"id": {"any_": [str(waits.id)]}}})
        return found["state"]["type"]

    assert after(120) == "PENDING"  # a worker may be about to begin it
    assert after(0) == "CRASHED"
