"""The operations' steps as Prefect tasks. Truth is in the journal: all of it is safe to run again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from prefect import Task, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.context import FlowRunContext

from tasks.core.errors import MissingPart
from tasks.core.journal.journal import Journal
from tasks.core.steps import task
from tasks.operations import event_relay
from tasks.operations.alert_records import AlertManager, lines
from tasks.operations.event_relay import RelayPosition, begin_run, due_news
from tasks.operations.run_interface import post_to_server, resume_runs
from tasks.operations.server_health import inspect_server
from tasks.operations.settings import OperationsSettings
from tasks.operations.upkeep import UpkeepReport, inspect_home, record_upkeep, settle_alerts
from tasks.security.api import purge_private_values
from tasks.workspace import Workspace


def run_heavy_step(step: Task[..., Any], home: str, *arguments: Any) -> Any:
    """Run a step where `[operations] dask` says: in this process, on a Dask cluster of this machine
    (`local`), or on that of a scheduler, whose workers see the same home, journal and content."""
    scheduler = Workspace.open(Path(home)).settings(OperationsSettings).dask
    if not scheduler:
        return step(home, *arguments)
    parameters = signature(step.fn).bind(home, *arguments).arguments
    with _cluster(scheduler) as runner:
        return runner.submit(step, parameters=dict(parameters)).result()


def _cluster(scheduler: str) -> Any:
    try:
        # by name: an extra that is mostly not installed
        runner = import_module("prefect_dask").DaskTaskRunner
    except ImportError as error:
        raise MissingPart("dask-not-installed") from error
    if scheduler != "local":
        return runner(address=scheduler)
    # no page of its own: that would listen on a port that nobody asked for
    return runner(cluster_kwargs={"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None})


@task(name="begin once")
def begin_once(home: str, work: str, about: str, because: str, actor: str) -> str:
    """Take the work on an event for this run. Returns the run that was quicker; empty if none was,
    or if no event (`because`) asks."""
    if not because:
        return ""
    context = FlowRunContext.get()
    run = str(context.flow_run.id) if context and context.flow_run else because
    holder = begin_run(Workspace.open(Path(home)).journal, work, about, run, actor)
    return "" if holder == run else holder


@task(name="raise an alert", retries=2, retry_delay_seconds=5)
def raise_alert(
    home: str, actor: str, code: str, subject: str, what: str, next_: str, escalate: bool
) -> dict[str, Any]:
    """Write the alert down and send the letters that wait."""
    manager = _alert_manager(Workspace.open(Path(home)), actor)
    new = manager.raise_(code, subject, what, next_, escalate=escalate)
    delivery = manager.deliver()
    get_run_logger().info("%s %s: %s", code, subject, "sent" if new else "is open already")
    return {
        "new": new,
        "sent": delivery.sent,
        "waiting": delivery.waiting,
        "reason": delivery.reason,
        "codes": delivery.codes,
    }


@task(name="close an alert", retries=2, retry_delay_seconds=5)
def close_alert(home: str, actor: str, code: str, subject: str, mended: str) -> bool:
    """False if no alert of this code and subject is open."""
    return _alert_manager(Workspace.open(Path(home)), actor).close(code, subject, mended)


def _alert_manager(workspace: Workspace, actor: str) -> AlertManager:
    return AlertManager(workspace.journal, workspace.content, workspace.settings, actor)


@task(name="carry the news", retries=2, retry_delay_seconds=5)
def carry_news(home: str) -> int:
    """Send the server what the journal holds since the last time."""
    workspace = Workspace.open(Path(home))
    count = relay_from(workspace.journal, workspace.home / "street" / "relay.json")
    get_run_logger().info("%d told", count)
    return count


def relay_from(journal: Journal, path: Path) -> int:
    """Send what is due to the server named in Prefect's settings; the position is kept when the
    server has taken it. Returns how many were sent."""
    position, count = RelayPosition.read(path), 0
    while True:
        news, next_position = due_news(journal, position)
        if next_position is None or next_position == position:
            return count
        if news:
            post_to_server("/events", [_as_event(item_) for item_ in news])
        next_position.keep(path)
        position, count = next_position, count + len(news)


def _as_event(news: event_relay.News) -> dict[str, Any]:
    return {
        "id": str(news.id),
        "event": news.event,
        "occurred": news.occurred,
        "resource": news.resource,
        "payload": news.payload,
    }


@task(name="look after the house")
def run_upkeep(home: str, actor: str, full: bool) -> dict[str, Any]:
    """Look at journal and server, raise and close alerts, send letters, write it down."""
    workspace = Workspace.open(Path(home))
    journal, settings = workspace.journal, workspace.settings
    report = inspect_home(journal, workspace.content, settings, full=full)
    inspect_server(settings, report)
    manager = _alert_manager(workspace, actor)
    raised = settle_alerts(manager, journal, report)
    delivery = manager.deliver()
    report.letters = len(delivery.waiting)
    purge_private_values(journal, workspace.vault, actor)
    record_upkeep(journal, report, actor)
    resumed = resume_runs(journal, settings)
    create_markdown_artifact(_page(journal, report), key="upkeep", description=_PAGE_DESCRIPTION)
    for fault in report.faults:
        get_run_logger().warning("%s %s: %s", fault.code, fault.subject, fault.text)
    faults = [fault.as_dict() for fault in report.faults]
    return {"faults": faults, "raised": raised, "woken": resumed}


@task(name="go on with the reconciliation")
def continue_reconciliation(home: str) -> str:
    """Start a cycle of the reconciliation that is under way, unless one is due or runs. While one
    waits for a person the others go on reading answers, only less often. Returns its incident."""
    workspace = Workspace.open(Path(home))
    incident = event_relay.open_incident(workspace.journal)
    query = {"deployments": {"name": {"any_": ["reconciliation"]}}}
    deployments: list[dict[str, Any]] = []
    if incident:
        deployments = post_to_server("/deployments/filter", {**query, "limit": 1})
    if not deployments or _busy(query):
        return ""
    parameters = {**deployments[0]["parameters"], "home": str(workspace.home), "incident": incident}
    run = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
    post_to_server(f"/deployments/{deployments[0]['id']}/create_flow_run", run)
    get_run_logger().info("reconciliation of %s goes on", incident)
    return incident


def _busy(query: dict[str, Any]) -> bool:
    """Whether a run is due or under way, or waits for a person and others looked not long ago."""
    moving = {"state": {"type": {"any_": ["RUNNING", "PENDING", "SCHEDULED"]}}}
    if post_to_server("/flow_runs/filter", {**query, "flow_runs": moving, "limit": 1}):
        return True
    waits = {"state": {"type": {"any_": ["PAUSED"]}}}
    lately = {"start_time": {"after_": (datetime.now(UTC) - _LONGEST_PAUSE).isoformat()}}
    return bool(
        post_to_server("/flow_runs/filter", {**query, "flow_runs": waits, "limit": 1})
        and post_to_server("/flow_runs/filter", {**query, "flow_runs": lately, "limit": 1})
    )


_LONGEST_PAUSE = timedelta(minutes=30)
_PAGE_DESCRIPTION = "What needs a person, and how the house stands"


def _page(journal: Journal, report: UpkeepReport) -> str:
    # no code marks around what is next: it holds links
    rows = [f"- **{line.what}**: {line.fact}. Next: {line.next}" for line in lines(journal)]
    server = f"{report.server_bytes / 1e6:.1f}" if report.server_bytes else "not seen from here"
    return "\n".join(
        [
            *(rows or ["Nothing needs a person here."]),
            "",
            "| | |",
            "|---|---|",
            f"| book verified to event | {report.head} |",
            f"| plans that wait | {report.plans} |",
            f"| letters that wait | {report.letters} |",
            f"| workers on line | {report.workers} |",
            f"| book, MB | {report.book_bytes / 1e6:.1f} |",
            f"| server's database, MB | {server} |",
        ]
    )
