"""The operations' steps as Prefect tasks, and what a flow needs to wait for a person. Truth is in the
journal: all of it is safe to run again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from prefect import Task, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRunInput
from prefect.context import FlowRunContext
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.input.actions import delete_flow_run_input, filter_flow_run_input
from pydantic import Field

from tasks.operations import answer, once, relay, upkeep
from tasks.operations.alerts import Alarm, lines
from tasks.operations.upkeep import Fault, Look
from tasks.shared import approval, clock, opening
from tasks.shared.errors import MissingPart
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings, load

POOL = "continuity"


class Approval(RunInput):
    """The form. Person and code may stay empty: then the run only looks again whether it was
    approved. `plan` comes filled in, and tells which plan the person had before her."""

    plan: str = Field(default="", max_length=64, title="Plan (leave it as it is)")
    person: str = Field(default="", max_length=40, title="Your id or licence number")
    code: str = Field(default="", pattern=r"^([0-9]{6})?$", title="One-time code, six digits")


def heavy(step: Task[..., Any], home: str, *given: Any) -> Any:
    """Run a step where `[operations] dask` says: in this process, on a Dask cluster of this machine
    (`local`), or on that of a scheduler, whose workers see the same home, book and content."""
    where = load(Path(home)).operations.dask
    if not where:
        return step(home, *given)
    parameters = signature(step.fn).bind(home, *given).arguments
    with _cluster(where) as runner:
        return runner.submit(step, parameters=dict(parameters)).result()


def _cluster(where: str) -> Any:
    try:
        # by name: an extra that is mostly not installed
        runner = import_module("prefect_dask").DaskTaskRunner
    except ImportError as none:
        raise MissingPart("[operations] dask is set; install the extra `dask`") from none
    if where != "local":
        return runner(address=where)
    # no page of its own: that would listen on a port that nobody asked for
    return runner(
        cluster_kwargs={"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    )


def _open(home: str) -> tuple[Settings, Journal]:
    settings = load(Path(home))
    return settings, opening.journal(settings)


@task(name="take the approval that was given")
def take_answer(home: str) -> str:
    """Carry the answers given in this run's form to the approval. Returns why the last one was
    refused; empty if there was none, or it was taken."""
    settings, journal = _open(home)
    refused = ""
    for given in cast("list[FlowRunInput]", filter_flow_run_input("suspended-", limit=200)):
        _, plan, turn, last = (*given.key.split("-"), "", "", "")[:4]
        if last != "response":
            continue
        said = Approval(**given.decoded_value)
        # first, so that an answer counts once even if this process dies now
        delete_flow_run_input(given.key)
        if not (said.person or said.code):
            continue
        at = given.created or clock.now()
        refused = answer.give(journal, settings, plan, said.plan, said.person, said.code, at)
        get_run_logger().info("answer %s to plan %s: %s", turn, plan[:12], refused or "approved")
    journal.close()
    return refused


def wait_for_approval(home: str, plan: str, refused: str = "") -> None:
    """Suspend the run until somebody answers; it then begins again at its top. Returns at once where
    a run cannot wait: without a deployment, or because another run waits for the same plan. A run of
    the same deployment that waits for an earlier plan is woken, and will see that it is done."""
    run = _own_run()
    if run is None:
        return
    others = [one for one in _suspended() if one["deployment_id"] == str(run.deployment_id)]
    if any(_plan_of(one) == plan for one in others):
        return
    for one in others:
        _ask(f"/flow_runs/{one['id']}/resume", {"run_input": {}})
    settings, journal = _open(home)
    asked = approval.find(journal, plan)
    journal.close()
    # a preset field loses its checks; `give` holds this one against the plan that waits
    form = Approval.with_initial_data(
        description=answer.question(asked, settings.approval.persons, refused), plan=plan[:12]
    )
    # a key of its own each time: with one that it knows, the server would not let the run wait again
    suspend_flow_run(wait_for_input=form, key=f"{plan}-{uuid4().hex[:12]}", timeout=_WAIT)


_WAIT = 30 * 86_400
"""Seconds that a run waits for a person; after that it fails, which is told."""


def _own_run() -> Any:
    """The run of this flow if a deployment started it; None within another run or without one."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None or run.deployment_id is None or run.parent_task_run_id:
        return None
    with get_client(sync_client=True) as client:
        return client.read_flow_run(run.id)


def _suspended() -> list[dict[str, Any]]:
    wanted = {"flow_runs": {"state": {"name": {"any_": ["Suspended"]}}}, "limit": 200}
    return _ask("/flow_runs/filter", wanted)


def _plan_of(run: dict[str, Any]) -> str:
    details = (run.get("state") or {}).get("state_details") or {}
    return str(details.get("pause_key") or "").partition("-")[0]


def _ask(path: str, body: Any) -> Any:
    """POST to the server; its answer. Raises what Prefect's client raises."""
    with get_client(sync_client=True) as client:
        answered = client.request("POST", cast("Any", path), json=body)
        return answered.json() if answered.content else None


@task(name="begin once")
def begin(home: str, work: str, about: str, because: str, actor: str) -> str:
    """Take the work on an event for this run. Returns the run that was quicker; empty if none was,
    or if no event (`because`) asks."""
    if not because:
        return ""
    context = FlowRunContext.get()
    own = str(context.flow_run.id) if context and context.flow_run else because
    settings, journal = _open(home)
    del settings
    has = once.begin(journal, work, about, own, actor)
    journal.close()
    return "" if has == own else has


@task(name="raise an alert", retries=2, retry_delay_seconds=5)
def raise_alert(
    home: str, actor: str, about: str, what: str, next_: str, escalate: bool
) -> dict[str, Any]:
    """Write the alert down and send the letters that wait."""
    settings, journal = _open(home)
    alarm = Alarm(journal, opening.content(settings), settings, actor)
    new = alarm.raise_(about, what, next_, escalate=escalate)
    done = alarm.deliver()
    journal.close()
    get_run_logger().info("%s: %s", about, "told" if new else "is known already")
    return {"new": new, "sent": done.sent, "waiting": done.waiting, "reason": done.reason}


@task(name="carry the news", retries=2, retry_delay_seconds=5)
def carry_news(home: str) -> int:
    """Tell the server what the book says since it was told last."""
    settings, journal = _open(home)
    count = relay_from(journal, settings.home / "street" / "relay.json")
    journal.close()
    get_run_logger().info("%d told", count)
    return count


def relay_from(journal: Journal, path: Path) -> int:
    """Send what is due to the server named in Prefect's settings; the position is kept when the
    server has taken it. Returns how many were told."""
    position, told = relay.Position.read(path), 0
    while True:
        news, after = relay.due(journal, position)
        if after is None or after == position:
            return told
        if news:
            _ask("/events", [_as_event(one) for one in news])
        after.keep(path)
        position, told = after, told + len(news)


def _as_event(one: relay.News) -> dict[str, Any]:
    return {"id": str(one.id), "event": one.event, "occurred": one.occurred,
            "resource": one.resource, "payload": one.payload}  # fmt: skip


@task(name="look after the house")
def look_after(home: str, actor: str, full: bool) -> dict[str, Any]:
    """Look at book and server, raise and close alerts, send letters, write it down."""
    settings, journal = _open(home)
    content = opening.content(settings)
    found = upkeep.look(journal, content, settings, full=full)
    _look_at_server(settings, found)
    alarm = Alarm(journal, content, settings, actor)
    raised = upkeep.settle(alarm, journal, found)
    done = alarm.deliver()
    found.letters = len(done.waiting)
    upkeep.note(journal, found, actor)
    woken = wake(journal, settings)
    create_markdown_artifact(_page(journal, found), key="upkeep", description="The house")
    journal.close()
    for fault in found.faults:
        get_run_logger().warning("%s: %s", fault.about, fault.what)
    return {"faults": [one.what for one in found.faults], "raised": raised, "woken": woken}


def _look_at_server(settings: Settings, found: Look) -> None:
    """Workers on line, runs that ended badly with nothing better since, and the size of SQLite."""
    found.server_bytes = upkeep.size(settings.home / "street" / "prefect" / "prefect.db")
    online = {"workers": {"status": {"any_": ["ONLINE"]}}}
    found.workers = len(_ask(f"/work_pools/{POOL}/workers/filter", online))
    for name, run in _unmended().items():
        what = f"{run['name']} of {name} ended {run['state']['name']}"
        found.faults.append(Fault(f"run {name}", what, f"look at the run {run['name']} in the UI"))


def _unmended() -> dict[str, dict[str, Any]]:
    """Watched deployments whose newest run of the last week that ended or is due ended badly."""
    bad = {"FAILED", "CRASHED"}
    since = (datetime.now(UTC) - timedelta(days=7)).isoformat()
    wanted = {
        "flow_runs": {
            "tags": {"all_": ["watched"]},
            "state": {"type": {"any_": [*bad, "COMPLETED"]}},
            "end_time": {"after_": since},
        },
        "sort": "END_TIME_DESC",
        "limit": 200,
    }
    newest: dict[str, dict[str, Any]] = {}
    for run in _ask("/flow_runs/filter", wanted):
        newest.setdefault(run["deployment_id"], run)
    names = {one["id"]: one["name"] for one in _ask("/deployments/filter", {"limit": 200})}
    return {
        names.get(id_, "a flow"): run
        for id_, run in newest.items()
        if run["state"]["type"] in bad and id_
    }


def wake(journal: Journal, settings: Settings) -> list[str]:
    """Resume the runs that wait for a plan which is approved or replaced by now; returns their names."""
    waiting = {one.plan for one in approval.current(journal, settings.approval.persons)}
    woken = []
    for run in _suspended():
        if (plan := _plan_of(run)) and plan not in waiting:
            _ask(f"/flow_runs/{run['id']}/resume", {"run_input": {}})
            woken.append(run["name"])
    return woken


@task(name="go on with the reconciliation")
def go_on(home: str) -> str:
    """Start a turn of the reconciliation that is under way, unless one is due or runs. While one
    waits for a person the others go on reading answers, only less often. Returns its incident."""
    settings, journal = _open(home)
    incident = once.open_incident(journal)
    journal.close()
    named = {"deployments": {"name": {"any_": ["reconciliation"]}}}
    found = _ask("/deployments/filter", {**named, "limit": 1}) if incident else []
    if not found or _busy(named):
        return ""
    given = {**found[0]["parameters"], "home": str(settings.home), "incident": incident}
    wanted = {"parameters": given, "state": {"type": "SCHEDULED"}}
    _ask(f"/deployments/{found[0]['id']}/create_flow_run", wanted)
    get_run_logger().info("reconciliation of %s goes on", incident)
    return incident


def _busy(named: dict[str, Any]) -> bool:
    """Whether a run is due or under way, or waits for a person and others looked not long ago."""
    moving = {"state": {"type": {"any_": ["RUNNING", "PENDING", "SCHEDULED"]}}}
    if _ask("/flow_runs/filter", {**named, "flow_runs": moving, "limit": 1}):
        return True
    waits = {"state": {"type": {"any_": ["PAUSED"]}}}
    lately = {"start_time": {"after_": (datetime.now(UTC) - _SELDOM).isoformat()}}
    return bool(
        _ask("/flow_runs/filter", {**named, "flow_runs": waits, "limit": 1})
        and _ask("/flow_runs/filter", {**named, "flow_runs": lately, "limit": 1})
    )


_SELDOM = timedelta(minutes=30)


def _page(journal: Journal, found: Look) -> str:
    rows = [f"- **{one.about}**: {one.fact}. Next: `{one.next}`" for one in lines(journal)]
    return "\n".join(
        [
            *(rows or ["Nothing needs a person here."]),
            "",
            "| | |",
            "|---|---|",
            f"| book verified to event | {found.head} |",
            f"| plans that wait | {found.plans} |",
            f"| letters that wait | {found.letters} |",
            f"| workers on line | {found.workers} |",
            f"| book, MB | {found.book_bytes / 1e6:.1f} |",
            f"| server's database, MB | {found.server_bytes / 1e6:.1f} |",
        ]
    )
