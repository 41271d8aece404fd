"""Waiting for a licence holder: the form of a run that is suspended, what is answered in it, and how a
run goes on. The approval itself is the book's; the server only knows that a run waits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRunInput
from prefect.context import FlowRunContext
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.input.actions import delete_flow_run_input, filter_flow_run_input
from pydantic import Field

from tasks import approved_acts
from tasks.operations.waiting import answer
from tasks.shared import approval, clock
from tasks.shared.journal import Journal
from tasks.shared.settings import Settings
from tasks.shared.steps import task
from tasks.workspace import Workspace


class Approval(RunInput):
    """The form. Person and code may stay empty: then the run only looks again whether it was
    approved. `plan` comes filled in, and tells which plan the person had before her."""

    plan: str = Field(default="", max_length=64, title="Plan (leave it as it is)")
    person: str = Field(default="", max_length=40, title="Your id or licence number")
    code: str = Field(default="", pattern=r"^([0-9]{6})?$", title="One-time code, six digits")


@task(name="take the approval that was given")
def take_answer(home: str) -> str:
    """Carry the answers given in this run's form to the approval. Returns why the last one was
    refused; empty if there was none, or it was taken."""
    workspace = Workspace.open(Path(home))
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
        refused = answer.give(
            workspace.journal, workspace.settings, plan, said.plan, said.person, said.code, at
        )
        get_run_logger().info("answer %s to plan %s: %s", turn, plan[:12], refused or "approved")
    return refused


def wait_for_approval(
    home: str, plan: str, refused: str = "", shown: Sequence[str] = (), table: str = ""
) -> None:
    """Suspend the run until somebody answers; it then begins again at its top. Returns at once where
    a run cannot wait: without a deployment, or because another run waits for the same plan. A run of
    the same deployment that waits for an earlier plan is woken, and will see that it is done.
    `refused`: why the last answer was not taken; `shown`: what an approver must see of the plan;
    `table`: everything that it would let go, in Markdown."""
    run = _own_run()
    if run is None:
        return
    others = [one for one in suspended() if one["deployment_id"] == str(run.deployment_id)]
    if any(plan_of(one) == plan for one in others):
        return
    for one in others:
        ask(f"/flow_runs/{one['id']}/resume", {"run_input": {}})
    workspace = Workspace.open(Path(home))
    asked = approval.find(workspace.journal, plan)
    title = approved_acts.title(workspace, asked)
    # a preset field loses its checks; `give` holds this one against the plan that waits
    form = Approval.with_initial_data(
        description=answer.question(
            title, asked, workspace.settings.approval.persons, refused, shown, table
        ),
        plan=plan[:12],
    )
    # a key of its own each time: with one that it knows, the server would not let the run wait again
    suspend_flow_run(wait_for_input=form, key=f"{plan}-{uuid4().hex[:12]}", timeout=_WAIT)


_WAIT = 30 * 86_400
"""Seconds that a run waits for a person; after that it fails, which is told."""


def _own_run() -> Any:
    """The run of this flow if a deployment started it; None within another run or without one."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run if run and run.deployment_id and not run.parent_task_run_id else None


def suspended() -> list[dict[str, Any]]:
    """The runs that wait for a person, as the server tells them."""
    wanted = {"flow_runs": {"state": {"name": {"any_": ["Suspended"]}}}, "limit": 200}
    return ask("/flow_runs/filter", wanted)


def plan_of(run: dict[str, Any]) -> str:
    """The plan that a suspended run waits for; empty if it waits for something else."""
    details = (run.get("state") or {}).get("state_details") or {}
    return str(details.get("pause_key") or "").partition("-")[0]


def ask(path: str, body: Any) -> Any:
    """POST to the server; its answer. Raises what Prefect's client raises."""
    with get_client(sync_client=True) as client:
        answered = client.request("POST", cast("Any", path), json=body)
        return answered.json() if answered.content else None


def wake(journal: Journal, settings: Settings) -> list[str]:
    """Resume the runs that wait for a plan which is approved or replaced by now; returns their names."""
    waiting = {one.plan for one in approval.current(journal, settings.approval.persons)}
    woken = []
    for run in suspended():
        if (plan := plan_of(run)) and plan not in waiting:
            ask(f"/flow_runs/{run['id']}/resume", {"run_input": {}})
            woken.append(run["name"])
    return woken
